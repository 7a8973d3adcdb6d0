"""What all doors keep to: kinds of answers, framing, names, fields, and what is written down."""

from __future__ import annotations

import asyncio
import json
import logging
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from tests.api.calling import AD
from tests.api.visiting import V1, Place, place
from tests.jobs.conftest import Hand
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Origin

from badapple.access import audit, credentials
from badapple.api.serving import serving
from badapple.jobs.files import FILES
from badapple.jobs.leftovers import folder_name
from badapple.telemetry import logs

QUICK = {"BADAPPLE_RATE": "1000000", "BADAPPLE_WRITE_RATE": "1000000"}
PAGES = ("/", "/docs", "/docs.css", "/openapi.json", "/problems", "/problems/not_found", f"{V1}/sign-in", "/healthz")
LISTS = ("styles", "voices", "models", "limits", "jobs", "keys", "webhooks", "audit", "session")


@pytest.fixture
async def there(tmp_path: Path) -> AsyncIterator[Place]:
    async with place(tmp_path, **QUICK) as opened:
        yield opened


def finished(there: Place, job_id: str, name: str = "Watch") -> Hand:
    """Give Ann a job that is done, with its files."""
    hand = Hand(there.engine)
    hand.job(job_id, owner="ann", product_name=name)
    hand.end(job_id, "completed")
    video = there.app.state.doors.settings.data_dir / "videos" / folder_name(job_id) / "watch.mp4"
    video.parent.mkdir(parents=True)
    for kind in FILES.values():
        video.with_name(f"watch{kind.ending}").write_text('{"n": "é"}', encoding="utf-8")
    hand.change(job_id, video_url=str(video))
    return hand


async def test_every_answer_says_of_what_kind_it_is(there: Place) -> None:
    finished(there, "a")
    key = there.key()
    paths = [*PAGES, *(f"{V1}/{name}" for name in LISTS), *(f"{V1}/jobs/a/{name}" for name in FILES)]
    paths += [f"{V1}/jobs/a", f"{V1}/jobs/a/events", f"{V1}/jobs/none", "/nowhere", "/metrics"]
    kinds = set()
    for path in paths:
        answer = await there.ask("GET", path, key=key)
        kind = answer.headers.get("content-type", "")
        if answer.content:
            kinds.add(kind)
            assert kind, path
        if kind.startswith("text/"):
            assert "charset=utf-8" in kind.lower(), (path, kind)
        if "json" in kind:
            json.loads(answer.content.decode("utf-8"))
        if kind.startswith("text/html"):
            assert answer.text.startswith("<!doctype html>"), path
        assert answer.headers["x-content-type-options"] == "nosniff", path
    assert {"text/html", "text/css", "application/json", "application/problem+json", "video/mp4", "text/vtt"} <= {
        kind.partition(";")[0] for kind in kinds
    }


async def test_nobody_is_quietly_sent_from_http_to_https(tmp_path: Path) -> None:
    async with place(tmp_path, BADAPPLE_PUBLIC_URL="https://ads.example.com", BADAPPLE_HOSTS="localhost") as there:
        key = there.key()
        for path in (*(f"{V1}/{name}" for name in LISTS), "/openapi.json", "/healthz", "/docs"):
            answer = await there.ask("GET", path, key=key)
            assert "location" not in answer.headers, path
            assert answer.status_code == 200, path
        order = await there.ask("POST", f"{V1}/videos/generate", key=key, json=AD)
        assert order.json()["websocket_url"].startswith("wss://ads.example.com/ws/job/")
        assert order.json()["events_url"].startswith("https://ads.example.com/")


@pytest.mark.parametrize("method", ["TRACE", "TRACK", "CONNECT", "PROPFIND", "DEBUG", "OPTIONS"])
async def test_a_method_that_nobody_needs_is_not_taken(there: Place, method: str) -> None:
    key = there.key()
    for path in ("/", "/docs", f"{V1}/jobs", f"{V1}/session", "/healthz"):
        answer = await there.ask(method, path, key=key, headers={"x-echo": "echo-me"})
        assert answer.status_code in {400, 403, 405}, path
        assert "echo-me" not in answer.text + str(answer.headers)


async def test_no_folder_is_listed_and_no_file_of_the_program_served(there: Place) -> None:
    finished(there, "a")
    key = there.key()
    for path in (
        "/docs/", "/.git/config", "/.env", "/pyproject.toml", "/src/badapple/__init__.py", "/data/", "/videos/",
        f"{V1}/", f"{V1}/jobs/", f"{V1}/jobs/a/", f"{V1}/jobs/a/parts", f"{V1}/jobs/a/parts/", f"{V1}/files/",
        f"{V1}/files/..", f"{V1}/jobs/a/watch.mp4", f"{V1}/jobs/a/secret.key", "/secret.key", "/badapple.db",
    ):  # fmt: skip
        answer = await there.ask("GET", path, key=key)
        assert answer.status_code == 404, path
        assert "watch" not in answer.text.replace(path, "")


#: A body in chunks, and how else its length is told: what is inside is never a request of its own.
_INNER = "GET /problems/not_found HTTP/1.1\r\nHost: localhost\r\n\r\n"
_CHUNKED = f"{len(_INNER):x}\r\n{_INNER}\r\n0\r\n\r\n"
_SMUGGLED = {
    "both lengths, chunks count": ("Transfer-Encoding: chunked\r\nContent-Length: 4\r\n", _CHUNKED),
    "the other way round": ("Content-Length: 4\r\nTransfer-Encoding: chunked\r\n", _CHUNKED),
    "two lengths": (f"Content-Length: 4\r\nContent-Length: {len(_INNER)}\r\n", _INNER),
    "a list of lengths": (f"Content-Length: 4, {len(_INNER)}\r\n", _INNER),
    "a length with a sign": ("Content-Length: +4\r\n", "null" + _INNER),
    "an encoding nobody knows": ("Transfer-Encoding: xchunked\r\n", _CHUNKED),
    "chunked twice": ("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", _CHUNKED),
    "chunked and more": ("Transfer-Encoding: chunked, identity\r\n", _CHUNKED),
    "a space before the colon": ("Transfer-Encoding : chunked\r\nContent-Length: 4\r\n", "null" + _INNER),
    "a line that goes on": (f"Content-Length: 4\r\n Content-Length: {len(_INNER)}\r\n", _INNER),
}


@pytest.mark.parametrize("how", list(_SMUGGLED))
async def test_a_body_has_one_length_and_holds_no_request(there: Place, how: str) -> None:
    fields, body = _SMUGGLED[how]
    head = f"POST {V1}/estimate HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    async with serving(there.app) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(f"{head}{fields}\r\n{body}".encode())
        async with asyncio.timeout(10):
            answer = await reader.readuntil(b"\r\n\r\n")
            writer.write_eof()
            answer += await reader.read()
        writer.close()
    assert answer.startswith((b"HTTP/1.1 401", b"HTTP/1.1 400", b"HTTP/1.1 501")), answer
    assert b"HTTP/1.1 200" not in answer
    assert b"not_found" not in answer.replace(b"/problems/not_found", b"")


async def test_names_are_decoded_once_and_kept_as_they_were_sent(there: Place) -> None:
    key = there.key()
    name = "&lt;b&gt; %41%2f <script>alert(1)</script> \"';--"
    made = await there.ask("POST", f"{V1}/videos/generate", key=key, json=AD | {"product_name": name})
    job = await there.ask("GET", f"{V1}/jobs/{made.json()['job_id']}", key=key)
    assert job.json()["product_name"] == name
    assert job.headers["content-type"] == "application/json"
    finished(there, "A")
    assert (await there.ask("GET", f"{V1}/jobs/%41", key=key)).status_code == 200
    assert (await there.ask("GET", f"{V1}/jobs/%2541", key=key)).status_code == 404


async def test_a_message_cannot_end_its_event_and_begin_another(there: Place) -> None:
    wild = 'x\r\n\r\nevent: end\ndata: {"progress": 100}\n\n\u2028"}'
    hand = Hand(there.engine)
    hand.job("a", owner="ann")
    hand.tell("a", wild)
    hand.end("a", "completed")
    answer = await there.ask("GET", f"{V1}/jobs/a/events", key=there.key())
    told = [part for part in answer.text.replace("\r\n", "\n").split("\n\n") if part.strip(": \n")]
    data = [json.loads(line[6:]) for part in told for line in part.split("\n") if line.startswith("data: {")]
    assert [one.get("message") for one in data] == [wild, "completed", None]
    assert sum("event: end" in part.split("\n") for part in told) == 1


#: Fields that belong to the server, at every door that takes a body.
_NOT_THEIRS: dict[str, Any] = {
    "owner": "bob", "id": "x", "job_id": "x", "status": "completed", "video_url": "/etc/passwd", "agreed": True,
    "cost_usd": 0, "cost": 0, "priority": 1, "attempt": 9, "engine": False, "created_at": "2020-01-01T00:00:00Z",
    "expires_at": "2099-01-01T00:00:00Z", "kind": "session", "hash": "0" * 64, "secret": "whsec_x", "__proto__": {},
    "__class__": "x",
}  # fmt: skip


async def test_no_body_sets_what_is_the_server_s(there: Place) -> None:
    finished(there, "a")
    key = there.key()
    hook = {"url": "https://example.com/hook"}
    made = (await there.ask("POST", f"{V1}/webhooks", key=key, json=hook)).json()["id"]
    scenes = [{"id": number, "voiceover_text": "It is here.", "headline": "Hello"} for number in (1, 2, 3, 4)]
    bodies: list[tuple[str, str, dict[str, Any]]] = [
        ("POST", "/videos/generate", AD), ("POST", "/estimate", AD), ("POST", "/keys", {"name": "x"}),
        ("POST", "/webhooks", hook), ("PATCH", f"/webhooks/{made}", {"enabled": True}), ("POST", "/tickets", {}),
        ("POST", "/jobs/a/links", {"file": "video"}), ("POST", "/jobs/a/edits", {"captions": False}),
        ("PUT", "/jobs/a/script", {"scenes": scenes}),
    ]  # fmt: skip
    for method, path, body in bodies:
        for name, value in _NOT_THEIRS.items():
            if (path, name) == ("/tickets", "job_id"):
                continue
            answer = await there.ask(method, f"{V1}{path}", key=key, json=body | {name: value})
            assert answer.status_code == 422, (path, name, answer.text)
            assert f"/{name}" in [one["pointer"] for one in answer.json()["errors"]], (path, name)


async def test_a_field_counts_where_it_belongs_and_nowhere_else(there: Place) -> None:
    key = there.key()
    other = {"params": {"product_name": "Q", "owner": "bob"}, "headers": {"product_name": "H", "x-owner": "bob"}}
    nameless = {name: value for name, value in AD.items() if name != "product_name"}
    refused = await there.ask("POST", f"{V1}/videos/generate", key=key, json=nameless, **other)
    assert [one["pointer"] for one in refused.json()["errors"]] == ["/product_name"]
    made = await there.ask("POST", f"{V1}/videos/generate", key=key, json=AD, **other)
    job = await there.ask("GET", f"{V1}/jobs/{made.json()['job_id']}", key=key)
    assert job.json()["product_name"] == AD["product_name"]
    assert (await there.ask("GET", f"{V1}/jobs", key=there.key("bob"))).json()["items"] == []


def lines(folder: Path, event: str) -> list[dict[str, Any]]:
    told = [json.loads(line) for line in (folder / logs.FILE).read_text(encoding="utf-8").splitlines()]
    return [line for line in told if line["event"] == event]


async def test_whoever_is_refused_is_written_down(there: Place, tmp_path: Path) -> None:
    finished(there, "a")
    hand = Hand(there.engine)
    hand.job("b", owner="bob")
    reader, key = there.key(scopes=["jobs:read"]), there.key()
    actor = credentials.authenticate(there.engine, reader).actor
    link = (await there.ask("POST", f"{V1}/jobs/a/links", key=key, json={"file": "video"})).json()["url"]
    token = link.rpartition("/")[2]
    undo = logs.set_up(folder=tmp_path / "logs", stderr=False)
    try:
        asked: list[tuple[str, str, int, dict[str, Any]]] = [
            ("GET", f"{V1}/jobs", 401, {}),
            ("GET", f"{V1}/jobs", 401, {"key": "ba_live_0123456789abcdef_" + "a" * 43}),
            ("GET", f"{V1}/keys", 403, {"key": reader}),
            ("DELETE", f"{V1}/jobs/b", 403, {"key": reader}),
            ("GET", f"{V1}/jobs/b", 404, {"key": reader}),
            ("POST", f"{V1}/estimate", 422, {"key": reader, "json": {"product_name": "x" * 999}}),
            ("GET", f"{V1}/files/{token}", 416, {"headers": {"range": "bytes=999999-"}}),
            ("GET", "/a%0ab\u202e", 404, {"key": reader}),
            ("GET", f"{V1}/jobs", 421, {"headers": {"host": "evil.example"}}),
        ]
        for method, path, status, words in asked:
            answer = await there.ask(method, path, client="10.0.0.7", **words)
            assert answer.status_code == status, (path, answer.text)
        await there.ask("GET", f"{V1}/jobs", key=reader)
    finally:
        undo()
    told = lines(tmp_path / "logs", "request_denied")
    assert [line["status"] for line in told] == [status for _, _, status, _ in asked]
    assert {line["address"] for line in told} == {"10.0.0.7"}
    assert [line["actor"] for line in told[2:6]] == [actor] * 4
    assert all(len(line["request_id"]) == 32 and line["timestamp"].endswith("Z") for line in told)
    assert len(lines(tmp_path / "logs", "caller_unknown")) == 1
    written = (tmp_path / "logs" / logs.FILE).read_text(encoding="utf-8")
    assert token not in written
    assert "\u202e" not in written


async def test_so_is_who_gets_no_socket(there: Place, tmp_path: Path) -> None:
    Hand(there.engine).job("b", owner="bob")
    bearer = {"authorization": f"Bearer {there.key()}"}
    undo = logs.set_up(folder=tmp_path / "logs", stderr=False)
    try:
        async with serving(there.app) as port:
            root = f"ws://127.0.0.1:{port}/ws/job/b"
            for headers in ({}, bearer):
                async with connect(root, additional_headers=headers) as socket:
                    with pytest.raises(ConnectionClosed):
                        await socket.recv()
            with pytest.raises(InvalidStatus):
                await connect(root, additional_headers=bearer, origin=Origin("https://evil.example"))
    finally:
        undo()
    told = lines(tmp_path / "logs", "request_denied")
    assert [(line["status"], line["method"], line["path"]) for line in told] == [
        (status, "WS", "/ws/job/b") for status in (4401, 4404, 403)
    ]


async def test_whoever_comes_in_is_written_down(there: Place, tmp_path: Path) -> None:
    key = there.key()
    undo = logs.set_up(folder=tmp_path / "logs", stderr=False)
    try:
        for _ in range(3):
            await there.ask("GET", f"{V1}/jobs", key=key)
        made = await there.ask("POST", f"{V1}/session", key=key)
        cookie = made.headers["set-cookie"].partition(";")[0]
        await there.ask("GET", f"{V1}/jobs", headers={"cookie": cookie})
        Hand(there.engine).job("a", "completed", owner="ann")
        ticket = (await there.ask("POST", f"{V1}/tickets", key=key, json={})).json()["ticket"]
        await there.ask("GET", f"{V1}/events?jobs=none&ticket={ticket}")
    finally:
        undo()
    known = lines(tmp_path / "logs", "caller_known")
    assert [line["kind"] for line in known] == ["key", "session", "ticket"]
    assert {line["owner"] for line in known} == {"ann"}
    assert ticket not in (tmp_path / "logs" / logs.FILE).read_text(encoding="utf-8")


async def test_where_nobody_can_tell_who_it_is_nobody_comes_in(there: Place, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL)
    key = there.key()
    with there.engine.begin() as connection:
        connection.execute(text("ALTER TABLE credentials RENAME TO elsewhere"))
    for method, path in (("GET", f"{V1}/jobs"), ("POST", f"{V1}/videos/generate"), ("GET", f"{V1}/jobs/a/events")):
        answer = await there.ask(method, path, key=key, json=AD if method == "POST" else None)
        assert answer.status_code >= 500, path
        assert "credentials" not in answer.text
    with there.engine.begin() as connection:
        assert connection.execute(text("SELECT count(*) FROM jobs")).scalar() == 0
        connection.execute(text("ALTER TABLE elsewhere RENAME TO credentials"))


async def test_signing_out_takes_everything_back_from_the_browser(there: Place) -> None:
    made = await there.ask("POST", f"{V1}/session", key=there.key())
    cookie = made.headers["set-cookie"]
    assert {"httponly", "samesite=strict", "path=/"} <= {part.strip().lower() for part in cookie.split(";")}
    ended = await there.ask("DELETE", f"{V1}/session", headers={"cookie": cookie.partition(";")[0]})
    assert ended.status_code == 204
    assert ended.headers["set-cookie"].startswith('badapple_session=""')
    assert "max-age=0" in ended.headers["set-cookie"].lower()
    assert '"cache"' in ended.headers["clear-site-data"]


async def test_no_page_of_ours_holds_a_script_or_keeps_anything_in_the_browser(there: Place) -> None:
    for path in PAGES:
        answer = await there.ask("GET", path)
        # Only what was built and is sent from here: nothing stands in a page.
        assert not re.search(r'<script(?! type="module" src="/studio/built/[\w.-]+"></script>)', answer.text), path
        if path != f"{V1}/sign-in":
            assert "set-cookie" not in answer.headers, path


def test_a_debugger_is_off(there: Place) -> None:
    assert there.app.debug is False


def test_nobody_else_of_the_machine_reads_the_log(tmp_path: Path) -> None:
    undo = logs.set_up(folder=tmp_path / "logs", stderr=False)
    logging.getLogger("badapple.test").info("hello")
    undo()
    assert (tmp_path / "logs" / logs.FILE).stat().st_mode & 0o027 == 0


async def tool(there: Place, name: str, key: str, **words: Any) -> str:
    """Have an agent's tool called over HTTP, and return what it says."""
    call = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": name, "arguments": words}}
    accept = {"accept": "application/json, text/event-stream"}
    answer = await there.ask("POST", "/mcp", key=key, json=call, headers=accept, client="10.0.0.9")
    assert answer.status_code == 200, answer.text
    return answer.text


async def test_what_agents_change_or_try_to_is_noted(there: Place) -> None:
    Hand(there.engine).job("b", owner="bob")
    key, reader = there.key(), there.key(scopes=["jobs:read"])
    made = await tool(there, "create_ad", key, product_name="Lamp", draft=True)
    await tool(there, "cancel_ad", key, job_id="b")
    await tool(there, "delete_ad", reader, job_id="b")
    await tool(there, "list_styles", reader)
    rows = audit.listing(there.engine, owner="ann")
    assert [(row.action, row.outcome) for row in rows] == [
        ("job.delete", "refused"), ("job.cancel", "refused"), ("job.create", "ok"),
    ]  # fmt: skip
    assert {row.address for row in rows} == {"10.0.0.9"}
    assert rows[2].target in made
    assert rows[0].actor == credentials.authenticate(there.engine, reader).actor


async def test_agents_are_told_nothing_of_the_inside(there: Place, caplog: pytest.LogCaptureFixture) -> None:
    key = there.key()
    with there.engine.begin() as connection:
        connection.execute(text("ALTER TABLE jobs RENAME TO elsewhere"))
    told = await tool(there, "get_ad", key, job_id="a")
    with there.engine.begin() as connection:
        connection.execute(text("ALTER TABLE elsewhere RENAME TO jobs"))
    assert "something broke on the server" in told
    assert "jobs" not in told.replace("badapple.jobs", "")
    assert "SELECT" not in told
    assert "tool_broke" in caplog.text
