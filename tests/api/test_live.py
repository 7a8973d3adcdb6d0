"""Live progress over real sockets: what comes, when it ends, who is let in, who is cut off."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import delete
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session
from tests.api.porter import Porter, application, bearer
from tests.jobs.conftest import Hand
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from badapple.access import Principal
from badapple.access.signing import signer_of
from badapple.api.deps import House
from badapple.api.live import Live
from badapple.api.routes.live import router, sockets
from badapple.api.serving import _listener as listening
from badapple.api.serving import serving
from badapple.config import read_settings
from badapple.database import Event, Job, open_database
from badapple.jobs import LocalDoorbell


@dataclass
class Door:
    """An application that is served, and the hand that writes what it tells."""

    port: int
    hand: Hand
    house: House
    porter: Porter
    live: Live
    bell: LocalDoorbell

    def ws(self, path: str, owner: str | None = "ada", **words: Any) -> connect:
        headers = {"Authorization": f"Bearer {owner}"} if owner else {}
        headers |= words.pop("headers", {})
        return connect(f"ws://127.0.0.1:{self.port}{path}", additional_headers=headers, compression=None, **words)

    def job(self, name: str, status: str = "processing") -> str:
        return self.hand.job(name, status, owner="ada")


@pytest.fixture
async def door(tmp_path: Path) -> AsyncIterator[Door]:
    """An application on a port, with a short temper."""
    settings = read_settings({"BADAPPLE_DATA_DIR": str(tmp_path), "BADAPPLE_SOCKETS": "5"})
    engine = open_database(settings.database_url)
    porter, bell = Porter(), LocalDoorbell()
    house = House(settings=settings, engine=engine, gate=porter, bell=bell, signer=signer_of(settings))
    app = application(house, router, root=sockets)
    app.state.live = Live(house, patience=1.5, every=0.2)
    async with serving(app) as port:
        yield Door(port, Hand(engine), house, porter, app.state.live, bell)
    engine.dispose()


async def heard(ws: ClientConnection) -> tuple[list[str], int | None]:
    """Return what a socket tells until it closes, and with what it closes."""
    told = []
    async with asyncio.timeout(20):
        with contextlib.suppress(ConnectionClosed):
            while True:
                message = json.loads(await ws.recv())
                told.append(f"{message['seq']} {message['message']}")
    return told, ws.close_code


async def test_the_messages_of_the_contract_come_in_their_order(door: Door) -> None:
    door.job("job")
    door.hand.tell("job", "one", stage="script_gen", progress=7)
    async with door.ws("/ws/job/job") as ws:
        first = json.loads(await ws.recv())
        assert first == {
            "job_id": "job", "stage": "script_gen", "progress": 7, "message": "one",
            "timestamp": "2026-01-01T00:00:00.000Z", "seq": 1,
        }  # fmt: skip
        door.hand.tell("job", "two")
        door.bell.ring()
        assert json.loads(await ws.recv())["message"] == "two"
        door.hand.end("job", "completed")
        assert await heard(ws) == (["3 completed"], 1000)


@pytest.mark.parametrize("path", ["/ws/job/job", "/ws/jobs/job"])
async def test_a_finished_job_is_replayed_from_any_place(door: Door, path: str) -> None:
    door.job("job")
    door.hand.tell("job", *map(str, range(1, 200)))
    door.hand.end("job", "failed")
    for after in (0, 150, 199, 200, 900):
        async with door.ws(f"{path}?after={after}") as ws:
            told, code = await heard(ws)
            assert told == [f"{seq} {seq}" for seq in range(after + 1, 200)] + ["200 failed"] * (after < 200)
            assert code == 1000


async def test_a_job_that_has_not_begun_is_waited_for(door: Door) -> None:
    door.job("job", status="pending")
    async with door.ws("/ws/job/job") as ws:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(ws.recv(), 0.7)
        door.hand.tell("job", "one")
        door.hand.end("job", "cancelled")
        assert await heard(ws) == (["1 one", "2 cancelled"], 1000)


async def test_unknown_and_foreign_look_the_same(door: Door) -> None:
    door.hand.job("foreign", owner="bob")
    door.hand.tell("foreign", "secret")
    found = []
    for name in ("foreign", "unknown", "..%2F..%2Fetc%2Fpasswd"):
        async with door.ws(f"/ws/job/{name}") as ws:
            found.append((await heard(ws), ws.close_reason))
    assert found == [(([], 4404), "")] * 3


async def test_who_is_let_in(door: Door) -> None:
    door.job("job")
    door.hand.end("job", "completed")
    for path, owner, code in (
        ("/ws/job/job?ticket=fresh", None, 1000), ("/ws/job/job?ticket=fresh", None, 4401),
        ("/ws/job/job", None, 4401), ("/ws/job/job", "ada", 1000), ("/ws/job/job?after=-1", "ada", 4400),
    ):  # fmt: skip
        async with door.ws(path, owner) as ws:
            assert (await heard(ws))[1] == code, path
    with pytest.raises(InvalidStatus) as refused:
        await door.ws("/ws/job/job", headers={"Origin": "http://evil.example"})
    assert refused.value.response.status_code == 403


async def test_one_owner_has_so_many_sockets_and_no_more(door: Door) -> None:
    door.job("job")
    door.hand.tell("job", "one")
    async with contextlib.AsyncExitStack() as stack:
        for _ in range(5):
            await (await stack.enter_async_context(door.ws("/ws/job/job"))).recv()
        async with door.ws("/ws/job/job") as ws:
            assert (await heard(ws))[1] == 4429
        async with httpx.AsyncClient() as http:
            answer = await http.get(f"http://127.0.0.1:{door.port}/api/v1/jobs/job/events", headers=bearer())
            assert answer.status_code == 429
        async with door.ws("/ws/job/job", "bob") as ws:
            assert (await heard(ws))[1] == 4404
    await until(lambda: len(door.live) == 0)
    async with door.ws("/ws/job/job") as ws:
        await ws.recv()


async def test_what_callers_say_is_ignored_and_too_much_is_cut(door: Door) -> None:
    door.job("job")
    door.hand.tell("job", "one")
    async with door.ws("/ws/job/job") as ws:
        for _ in range(50):
            await ws.send("x" * 1024)
            await ws.send(b"\x00" * 100)
        await ws.recv()
        await ws.send("x" * 1_000_000)
        assert (await heard(ws))[1] == 1009
    async with door.ws("/ws/job/job") as ws:
        with contextlib.suppress(ConnectionClosed):
            await ws.send(["x" * 600] * 40)  # in fragments
        assert (await heard(ws))[1] == 1009


async def test_a_key_that_is_revoked_ends_what_it_opened(door: Door) -> None:
    door.job("job")
    door.hand.tell("job", "one")
    async with door.ws("/ws/job/job") as ws, stream(door, "/jobs/job/events") as lines:
        await ws.recv()
        assert await anext(lines) == "retry: 2000"
        door.porter.gone.add("ada")
        assert (await heard(ws))[1] == 4401
        assert "event: end" not in [line async for line in lines]


async def test_a_job_that_is_forgotten_ends_what_follows_it(door: Door) -> None:
    door.job("job")
    door.hand.tell("job", "one")
    async with door.ws("/ws/job/job") as ws:
        await ws.recv()
        with Session(door.house.engine) as session, session.begin():
            session.execute(delete(Event))
            session.execute(delete(Job))
        assert await heard(ws) == ([], 4404)


def flood(door: Door, job: str, count: int, size: int) -> None:
    """Write many events at once, more than any buffer on the way holds."""
    first = door.hand.row(job).seq + 1
    facts = {"stage": "video_gen", "progress": 1, "timestamp": "2026", "message": "x" * size}
    with Session(door.house.engine) as session, session.begin():
        session.add_all(Event(job_id=job, seq=seq, **facts) for seq in range(first, first + count))
    door.hand.change(job, seq=first + count - 1)
    door.bell.ring()


def raw_socket(door: Door, path: str, room: int = 2048) -> socket.socket:
    """Ask for a WebSocket, with little room for what comes."""
    one = socket.socket()
    one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, room)
    one.connect(("127.0.0.1", door.port))
    lines = [
        f"GET {path} HTTP/1.1", "Host: localhost", "Authorization: Bearer ada", "Upgrade: websocket",
        "Connection: Upgrade", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13", "", "",
    ]  # fmt: skip
    one.sendall("\r\n".join(lines).encode())
    return one


async def test_who_reads_nothing_is_cut_off_and_slows_nobody(door: Door) -> None:
    door.job("loud")
    door.job("job")
    with raw_socket(door, "/ws/job/loud"):
        async with door.ws("/ws/job/job") as ws:
            await until(lambda: len(door.live) == 2)
            for _ in range(3):
                flood(door, "loud", 400, 4000)
                door.hand.tell("job", "one")
                async with asyncio.timeout(5):
                    await ws.recv()
            await until(lambda: len(door.live) == 1)
            door.hand.end("job", "completed")
            assert await heard(ws) == (["4 completed"], 1000)


async def test_a_stream_that_nobody_reads_is_cut_off(door: Door) -> None:
    door.job("loud")
    request = "GET /api/v1/jobs/loud/events HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ada\r\n\r\n"
    with socket.socket() as one:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        one.connect(("127.0.0.1", door.port))
        one.sendall(request.encode())
        await until(lambda: len(door.live) == 1)
        flood(door, "loud", 1200, 4000)
        await until(lambda: len(door.live) == 0)


def test_the_system_ends_connections_that_take_nothing() -> None:
    """Whatever holds them: sockets, streams, downloads."""
    with listening("127.0.0.1", 0) as listener, socket.create_connection(listener.getsockname()):
        accepted, _ = listener.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 60_000


async def test_while_the_database_is_away_callers_are_told_to_come_again(door: Door) -> None:
    async def away(*_words: object, **_facts: object) -> Principal:
        raise OperationalError("SELECT", {}, ConnectionError("the server is gone"))

    door.porter.admit = away  # type: ignore[method-assign]
    async with door.ws("/ws/job/job") as ws:
        assert (await heard(ws))[1] == 1013
        assert ws.close_reason == ""


async def test_a_slow_reader_gets_everything_in_its_time(door: Door) -> None:
    """It is far behind what others share: the rows are read for it."""
    door.job("loud")
    with raw_socket(door, "/ws/job/loud", room=100_000) as one:
        await until(lambda: len(door.live) == 1)
        flood(door, "loud", 700, 4000)
        await asyncio.sleep(0.7)
        flood(door, "loud", 50, 40)
        door.hand.end("loud", "completed")
        read = await asyncio.to_thread(read_slowly, one)
    assert read == list(range(1, 752))


def read_slowly(one: socket.socket) -> list[int]:
    """Return the `seq` of all messages until the socket closes."""
    one.settimeout(10)
    buffer, found = b"", list[int]()
    while b"\r\n\r\n" not in buffer:
        buffer += one.recv(100)
    buffer = buffer.partition(b"\r\n\r\n")[2]
    while True:
        while len(buffer) < 2 or len(buffer) < (size := frame_size(buffer)):
            buffer += one.recv(100_000)
            time.sleep(0.01)
        frame, buffer = buffer[:size], buffer[size:]
        if frame[0] == 0x88:
            return found
        if frame[0] == 0x81:
            found.append(json.loads(frame[4 if frame[1] == 126 else 2 :])["seq"])


def frame_size(frame: bytes) -> int:
    if frame[1] == 126:
        return 4 + int.from_bytes(frame[2:4], "big") if len(frame) >= 4 else 1 << 30
    return 2 + frame[1]


async def until(holds: Callable[[], bool], seconds: float = 10.0) -> None:
    async with asyncio.timeout(seconds):
        while not holds():
            await asyncio.sleep(0.02)


@contextlib.asynccontextmanager
async def stream(door: Door, path: str, **headers: str) -> AsyncIterator[AsyncIterator[str]]:
    """Yield the lines of an event stream that hold something."""
    async with (
        httpx.AsyncClient(timeout=20) as http,
        http.stream("GET", f"http://127.0.0.1:{door.port}/api/v1{path}", headers=bearer() | headers) as answer,
    ):
        assert answer.status_code == 200, answer.status_code
        assert answer.headers["content-type"].startswith("text/event-stream")

        async def lines() -> AsyncIterator[str]:
            with contextlib.suppress(httpx.RemoteProtocolError):
                async for line in answer.aiter_lines():
                    if line:
                        yield line

        yield lines()


async def told(lines: AsyncIterator[str]) -> list[str]:
    """Return the ids with the messages."""
    found = []
    async for line in lines:
        name, _, rest = line.partition(": ")
        if name == "id":
            found.append(rest)
        elif name == "data" and "seq" in rest:
            found[-1] += f" {json.loads(rest)['job_id']} {json.loads(rest)['message']}"
        elif name == "event":
            found.append(rest)
    return found


async def test_an_event_stream_is_resumed_where_it_broke(door: Door) -> None:
    door.job("job")
    door.hand.tell("job", "one", "two")
    async with stream(door, "/jobs/job/events") as lines:
        assert [await anext(lines) for _ in range(2)] == ["retry: 2000", "id: 1"]
    await until(lambda: len(door.live) == 0)
    door.hand.tell("job", "three")
    async with stream(door, "/jobs/job/events?after=0", **{"Last-Event-ID": "1"}) as lines:
        door.hand.end("job", "completed")
        assert await told(lines) == ["2 job two", "3 job three", "4 job completed", "end"]
    async with httpx.AsyncClient() as http:
        for path, expected in (
            ("job/events?after=4", 204), ("job/events?after=x", 422), ("other/events", 404),
        ):  # fmt: skip
            answer = await http.get(f"http://127.0.0.1:{door.port}/api/v1/jobs/{path}", headers=bearer())
            assert answer.status_code == expected, path
        foreign = await http.get(f"http://127.0.0.1:{door.port}/api/v1/jobs/job/events", headers=bearer("bob"))
        unknown = await http.get(f"http://127.0.0.1:{door.port}/api/v1/jobs/none/events", headers=bearer("bob"))
    assert foreign.status_code == unknown.status_code == 404
    assert foreign.text.replace("'job'", "'none'") == unknown.text


async def test_many_jobs_come_on_one_stream(door: Door) -> None:
    for name in ("a", "b"):
        door.job(name)
        door.hand.tell(name, "one")
    async with stream(door, "/events?jobs=a,b,a") as lines:
        assert await anext(lines) == "retry: 2000"
        door.hand.end("b", "failed")
        door.hand.end("a", "completed")
        found = await told(lines)
    assert [one.split()[1:] for one in found if " a " in one] == [["a", "one"], ["a", "completed"]]
    assert [one.split()[1:] for one in found if " b " in one] == [["b", "one"], ["b", "failed"]]
    assert found[-2].split()[0] == "2.2"
    assert found[-1] == "end"
    async with stream(door, "/events?jobs=a,b", **{"Last-Event-ID": "1.1"}) as lines:
        assert sorted(await told(lines)) == ["2.1 a completed", "2.2 b failed", "end"]
    async with httpx.AsyncClient() as http:
        url = f"http://127.0.0.1:{door.port}/api/v1/events"
        assert (await http.get(url, params={"jobs": "a,none"}, headers=bearer())).status_code == 404
        assert (await http.get(url, params={"jobs": "a,b", "after": "2.2"}, headers=bearer())).status_code == 204
