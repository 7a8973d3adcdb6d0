"""The simulators' clock: real time that can run faster and be moved forward."""

from __future__ import annotations

import asyncio
import threading
import time
from datetime import UTC, datetime

__all__ = ["Clock", "stamp"]

_POLL = 0.02


class Clock:
    """Tells the simulators what time it is.

    Args:
        speed: seconds that pass here in one real second.
        now: seconds since 1970 at which it starts; real time by default.
    """

    def __init__(self, *, speed: float = 1.0, now: float | None = None) -> None:
        self.speed = speed
        self._began = time.monotonic()
        self._start = time.time() if now is None else now
        self._added = 0.0
        self._lock = threading.Lock()

    def now(self) -> float:
        """Return the seconds since 1970 by this clock."""
        with self._lock:
            return self._start + (time.monotonic() - self._began) * self.speed + self._added

    def advance(self, *, seconds: float) -> None:
        """Move the clock forward; whoever sleeps by it sees the new time within 20 ms."""
        with self._lock:
            self._added += seconds

    async def sleep(self, seconds: float) -> None:
        """Sleep until this clock has moved by so many seconds."""
        await self.sleep_until(self.now() + seconds)

    async def sleep_until(self, end: float) -> None:
        """Sleep until this clock shows a time, seconds since 1970."""
        while (rest := end - self.now()) > 0:  # noqa: ASYNC110 - another thread may move the clock
            await asyncio.sleep(min(_POLL, rest / self.speed))


def stamp(seconds: float) -> str:
    """Write a time as vendors do: `2026-11-23T10:00:00.123456Z`."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
