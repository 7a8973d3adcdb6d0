"""Doorbells: they say that there may be news of some job, and no more; the rows say what."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from typing import TYPE_CHECKING, Protocol, Self

from badapple.pipeline.progress import CHANNEL

if TYPE_CHECKING:
    from redis.asyncio.client import PubSub

__all__ = ["Doorbell", "LocalDoorbell", "RedisDoorbell"]

_FIRST, _MOST = 0.5, 5.0  #: seconds between two tries to reach Redis
_SILENCE = 10.0  #: seconds without a message after which Redis is asked whether it is there
_log = logging.getLogger("badapple.jobs")


class Doorbell(Protocol):
    """Rings when there may be news of some job."""

    async def rung(self) -> None:
        """Return at the next ring; never raises."""
        ...


class LocalDoorbell:
    """A doorbell within this process; any thread may ring it.

    It stands where a client of Redis may, too: whatever is published on it rings.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: dict[asyncio.Event, asyncio.AbstractEventLoop] = {}

    def ring(self) -> None:
        """Wake everybody who waits."""
        with self._lock:
            waiting, self._waiting = self._waiting, {}
        for event, loop in waiting.items():
            with contextlib.suppress(RuntimeError):  # its loop is closed
                loop.call_soon_threadsafe(event.set)

    def publish(self, _channel: str, _message: str) -> None:
        """Ring, whatever the message says."""
        self.ring()

    async def rung(self) -> None:
        """Return at the next ring."""
        event = asyncio.Event()
        with self._lock:
            self._waiting[event] = asyncio.get_running_loop()
        try:
            await event.wait()
        finally:
            with self._lock:
                self._waiting.pop(event, None)


class RedisDoorbell:
    """A doorbell that whoever publishes progress on Redis rings; for one event loop.

    Where Redis is away it does not ring, tries to reach it again after 0.5 to 5 s, and rings once when it is back.

    Args:
        url: of Redis.
        channel: what it listens to.
    """

    def __init__(self, url: str, *, channel: str = CHANNEL) -> None:
        self._url = url
        self._channel = channel
        self._rings = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self.listening = False  #: whether it is connected now

    async def __aenter__(self) -> Self:
        self._start()
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self.close()

    async def rung(self) -> None:
        """Return at the next ring."""
        self._start()
        await self._rings.wait()

    async def close(self) -> None:
        """Stop listening; may be done twice."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    def _start(self) -> None:
        if self._task is None or self._task.done():
            self._task = asyncio.ensure_future(self._stay())

    def _ring(self) -> None:
        rings, self._rings = self._rings, asyncio.Event()
        rings.set()

    async def _stay(self) -> None:
        """Listen for ever, through every outage."""
        patience, away = _FIRST, False
        while True:
            try:
                await self._listen()
            except Exception as error:  # noqa: BLE001 - whatever it is, followers look at the rows without us
                if self.listening or not away:
                    _log.warning("doorbell_lost", extra={"error": type(error).__name__})
                patience = _FIRST if self.listening else min(_MOST, patience * 2)
                away = True
            self.listening = False
            await asyncio.sleep(patience)

    async def _listen(self) -> None:
        """Listen until the connection breaks."""
        from redis.asyncio import Redis  # noqa: PLC0415 - only where Redis is used

        async with (
            Redis.from_url(self._url, socket_connect_timeout=2) as client,
            client.pubsub() as pubsub,
        ):
            await asyncio.wait_for(pubsub.subscribe(self._channel), 4)
            self.listening = True
            self._ring()  # what happened before is not told again
            await self._hear(pubsub)

    async def _hear(self, pubsub: PubSub) -> None:
        asked = False
        while True:
            heard = await pubsub.get_message(timeout=_SILENCE)
            if heard is not None:
                asked = False
                if heard["type"] == "message":
                    self._ring()
            elif asked:
                raise ConnectionError("Redis does not answer")
            else:
                await asyncio.wait_for(pubsub.ping(), 4)
                asked = True
