"""The routes of keys, sessions, tickets and the audit log, and signing in with a browser."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path

import httpx
import pytest
from tests.api.visiting import ROOT, V1, Place, place

from badapple.access import audit, credentials, sessions
from badapple.database.tables import now


@pytest.fixture
async def there(tmp_path: Path) -> AsyncIterator[Place]:
    async with place(tmp_path) as opened:
        yield opened


def wrong(answer: httpx.Response) -> tuple[int, str]:
    assert answer.headers["content-type"] == "application/problem+json"
    return answer.status_code, answer.json()["code"]


class TestKeys:
    async def test_a_key_is_made_shown_once_used_and_revoked(self, there: Place) -> None:
        admin = there.key()
        made = await there.ask(
            "POST", f"{V1}/keys", key=admin, json={"name": " shop ", "scopes": ["jobs:read"], "expires_in_days": 2}
        )
        assert made.status_code == 201
        key = made.json()
        assert (key["name"], key["scopes"], key["key"][-4:]) == ("shop", ["jobs:read"], key["last4"])
        assert timedelta(days=1) < datetime.fromisoformat(key["expires_at"]) - now() < timedelta(days=2, seconds=1)
        assert (await there.ask("GET", f"{V1}/session", key=key["key"])).json()["scopes"] == ["jobs:read"]
        listed = await there.ask("GET", f"{V1}/keys", key=admin)
        assert [item["id"] for item in listed.json()["items"]][:1] == [key["id"]]
        async with asyncio.timeout(10):  # it is written down after the answer
            while (await there.ask("GET", f"{V1}/keys", key=admin)).json()["items"][0]["used_at"] is None:
                await asyncio.sleep(0.05)
        assert key["key"][-43:] not in listed.text
        gone = await there.ask("DELETE", f"{V1}/keys/{key['id']}", key=admin)
        assert (gone.status_code, gone.content) == (204, b"")
        assert wrong(await there.ask("GET", f"{V1}/session", key=key["key"])) == (401, "unauthenticated")
        assert wrong(await there.ask("DELETE", f"{V1}/keys/{key['id']}", key=admin)) == (404, "not_found")

    @pytest.mark.parametrize(
        "body",
        [
            {}, {"name": ""}, {"name": "  "}, {"name": "x" * 101}, {"name": "a\u001bb"}, {"name": "x", "scopes": []},
            {"name": "x", "scopes": ["root"]}, {"name": "x", "expires_in_days": 0}, {"name": "x", "owner": "bob"},
            {"name": "x", "expires_in_days": 10**6}, [], "x", None,
        ],
    )  # fmt: skip
    async def test_what_makes_no_sense_is_refused(self, there: Place, body: object) -> None:
        answer = await there.ask("POST", f"{V1}/keys", key=there.key(), json=body)
        assert wrong(answer) == (422, "invalid_request")
        assert len(credentials.listing(there.engine, owner="ann")) == 1

    async def test_there_is_an_end_to_how_many(self, there: Place) -> None:
        admin = there.key()
        for _ in range(99):
            there.key(scopes=["jobs:read"])
        answer = await there.ask("POST", f"{V1}/keys", key=admin, json={"name": "x"})
        assert wrong(answer) == (429, "too_many")

    async def test_where_nobody_signs_in_keys_are_made_for_later(self, tmp_path: Path) -> None:
        async with place(tmp_path, listening_host="127.0.0.1") as here:
            made = await here.ask("POST", f"{V1}/keys", json={"name": "later"})
            assert credentials.authenticate(here.engine, made.json()["key"]).owner == "local"


class TestSessions:
    async def test_a_key_becomes_a_cookie_that_does_what_the_key_does(self, there: Place) -> None:
        async with there.visitor() as browser:
            key = there.key(scopes=["jobs:read"])
            made = await browser.post(f"{V1}/session", headers={"x-api-key": key})
            assert made.status_code == 201
            assert key not in str(made.headers)
            who = (await browser.get(f"{V1}/session")).json()
            assert (who["owner"], who["kind"], who["scopes"]) == ("ann", "session", ["jobs:read"])
            assert who["sign_in_required"] is True
            assert who["limits"]["requests_per_minute"] == 600
            assert wrong(await browser.get(f"{V1}/keys")) == (403, "forbidden")
            assert wrong(await browser.post(f"{V1}/session")) == (403, "forbidden")
            out = await browser.delete(f"{V1}/session")
            assert (out.status_code, "badapple_session" in browser.cookies) == (204, False)
            assert "Max-Age=0" in out.headers["set-cookie"]

    async def test_signing_out_ends_the_session_itself(self, there: Place) -> None:
        async with there.visitor() as browser:
            await browser.post(f"{V1}/session", headers={"x-api-key": there.key()})
            text = browser.cookies["badapple_session"]
            await browser.delete(f"{V1}/session")
        stolen = {"cookie": f"badapple_session={text}"}
        assert wrong(await there.ask("GET", f"{V1}/session", headers=stolen)) == (401, "unauthenticated")

    async def test_revoking_the_key_signs_out(self, there: Place) -> None:
        async with there.visitor() as browser:
            key = there.key()
            await browser.post(f"{V1}/session", headers={"x-api-key": key})
            await there.ask("DELETE", f"{V1}/keys/{key.split('_')[2]}", key=key)
            assert wrong(await browser.get(f"{V1}/session")) == (401, "unauthenticated")

    async def test_where_nobody_signs_in_there_is_no_session(self, tmp_path: Path) -> None:
        async with place(tmp_path, listening_host="127.0.0.1") as here:
            who = (await here.ask("GET", f"{V1}/session")).json()
            assert (who["owner"], who["kind"], who["sign_in_required"]) == ("local", "local", False)
            assert wrong(await here.ask("POST", f"{V1}/session")) == (409, "conflict")
            for method in ("GET", "POST"):
                answer = await here.ask(method, f"{V1}/sign-in")
                assert (answer.status_code, answer.headers["location"]) == (303, "/")
                assert "set-cookie" not in answer.headers


class TestSigningIn:
    """The one-time address that a server prints."""

    def address(self, there: Place) -> str:
        text = there.app.state.doors.gate.first_address(ROOT)
        assert text is not None
        return str(text)

    async def test_a_browser_opens_the_address_presses_the_button_and_is_in(self, there: Place) -> None:
        address = self.address(there)
        assert re.fullmatch(rf"{ROOT}{V1}/sign-in\?token=ba_invite_[0-9a-f]{{16}}_[A-Za-z0-9_-]{{43}}", address)
        async with there.visitor() as browser:
            page = await browser.get(address)
            assert page.status_code == 200
            assert "script" not in page.text
            assert page.headers["referrer-policy"] == "strict-origin"
            assert page.headers["cache-control"] == "no-store"
            action = re.search(r'action="([^"]+)"', page.text)
            token = re.search(r'name="token" value="([^"]+)"', page.text)
            assert action is not None
            assert token is not None
            inside = await browser.post(action[1], data={"token": token[1]}, headers={"origin": ROOT})
            assert (inside.status_code, inside.headers["location"]) == (303, "/")
            assert token[1] not in str(inside.headers)
            who = (await browser.get(f"{V1}/session")).json()
            assert (who["owner"], who["scopes"]) == ("local", ["jobs:read", "jobs:write", "admin"])
        assert there.app.state.doors.gate.first_address(ROOT) is None
        (row,) = audit.listing(there.engine, owner="local")
        assert (row.action, row.outcome, row.actor) == ("session.create", "ok", who["actor"])

    async def test_whoever_only_looks_at_the_address_does_not_use_it_up(self, there: Place) -> None:
        address = self.address(there)
        for method in ("GET", "GET", "OPTIONS"):
            await there.ask(method, address)
        token = address.partition("token=")[2]
        assert (await there.ask("POST", f"{V1}/sign-in", data={"token": token})).status_code == 303
        again = await there.ask("POST", f"{V1}/sign-in", data={"token": token})
        assert again.status_code == 401
        assert "set-cookie" not in again.headers
        assert "badapple keys invite" in again.text

    async def test_a_page_of_others_cannot_sign_a_browser_in(self, there: Place) -> None:
        token = self.address(there).partition("token=")[2]
        answer = await there.ask(
            "POST", f"{V1}/sign-in", data={"token": token}, headers={"origin": "https://evil.example"}
        )
        assert wrong(answer) == (403, "forbidden")

    async def test_a_key_signs_in_too(self, there: Place) -> None:
        async with there.visitor() as browser:
            page = await browser.get(f"{V1}/sign-in")
            assert 'type="password"' in page.text
            answer = await browser.post(f"{V1}/sign-in", data={"key": f" {there.key('bob')} "})
            assert answer.status_code == 303
            assert (await browser.get(f"{V1}/session")).json()["owner"] == "bob"

    async def test_guessing_is_slowed_down(self, there: Place) -> None:
        answers = [await there.ask("POST", f"{V1}/sign-in", data={"key": "guess"}) for _ in range(21)]
        assert [answer.status_code for answer in answers] == [401] * 20 + [429]

    async def test_what_is_in_the_address_does_not_become_part_of_the_page(self, there: Place) -> None:
        page = await there.ask("GET", f"{V1}/sign-in", params={"token": '"><b>x</b>'})
        assert "<b>" not in page.text
        assert wrong(await there.ask("GET", f"{V1}/sign-in", params={"token": "x" * 101})) == (422, "invalid_request")


class TestTickets:
    async def test_a_ticket_is_made_for_whoever_may_read(self, there: Place) -> None:
        made = await there.ask("POST", f"{V1}/tickets", key=there.key(scopes=["jobs:read"]), json={"job_id": "j1"})
        body = made.json()
        assert made.status_code == 201
        assert timedelta(seconds=50) < datetime.fromisoformat(body["expires_at"]) - now() <= timedelta(seconds=60)
        assert sessions.use(there.engine, body["ticket"], job="j1").owner == "ann"

    async def test_none_for_what_is_no_job(self, there: Place) -> None:
        for body in ({"job_id": ""}, {"job_id": 1}, {"job": "j1"}, None):
            assert (await there.ask("POST", f"{V1}/tickets", key=there.key(), json=body)).status_code == 422


class TestAudit:
    async def test_owners_page_through_what_was_done_with_their_keys(self, there: Place) -> None:
        key = there.key()
        for number in range(5):
            await there.ask("POST", f"{V1}/keys", key=key, json={"name": f"k{number}"})
        await there.ask("POST", f"{V1}/keys", key=there.key("bob"), json={"name": "his"})
        first = (await there.ask("GET", f"{V1}/audit?limit=3", key=key)).json()
        rest = (await there.ask("GET", f"{V1}/audit?limit=3&cursor={first['next_cursor']}", key=key)).json()
        ids = [row["id"] for row in (*first["items"], *rest["items"])]
        assert (len(ids), rest["next_cursor"]) == (5, None)
        assert ids == sorted(ids, reverse=True)
        assert {row["action"] for row in first["items"]} == {"key.create"}
        assert (await there.ask("GET", f"{V1}/audit?action=job.cancel", key=key)).json()["items"] == []

    async def test_a_cursor_of_another_list_is_refused(self, there: Place) -> None:
        key, bob = there.key(), there.key("bob")
        for _ in range(2):
            await there.ask("POST", f"{V1}/keys", key=key, json={"name": "x"})
        cursor = (await there.ask("GET", f"{V1}/audit?limit=1", key=key)).json()["next_cursor"]
        for whose, query in (
            (bob, f"cursor={cursor}"), (key, f"cursor={cursor}&action=key.create"), (key, "cursor=x"),
            (key, f"cursor={cursor[:-1]}"), (key, "cursor=%C2%A4_%04"), (key, "cursor="),
        ):  # fmt: skip
            answer = await there.ask("GET", f"{V1}/audit?{query}", key=whose)
            assert wrong(answer) == (400, "invalid_cursor"), query
