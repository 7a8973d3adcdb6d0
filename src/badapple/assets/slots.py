"""Places for what needs a processor and memory: as many at once as this process can bear."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections import deque
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

__all__ = ["NEED", "Slots", "process_slots"]

#: Bytes that one part needs at most. Peak resident memory, measured at 1080x1920: the encoder of a scene 207-286 MB, a
#: clip's decoder beside it 72-92 MB, drawing some 20 MB; a seam 79 MB and two decoders; the sound 32 MB, joining the
#: film 47 MB, its poster 101 MB, its checks (`qa`) 69 MB. The process itself has 650-850 MB, once for all its parts.
NEED = 400 << 20


class Slots:
    """Places that many jobs of one process share; may be used from several event loops, in several threads.

    Who waits gets a place in the order of coming. Who wants to be alone goes before those who wait for an ordinary
    place, and nobody begins while one waits to be alone; nobody starves of that, because only a part that had its
    ordinary place asks to be alone, and only once.

    What a holder runs inside its block, asking for a place again, runs on the place that it holds.

    Args:
        count: places, at least 1.
    """

    def __init__(self, count: int) -> None:
        self.count = max(1, count)
        self._lock = threading.Lock()
        self._taken = 0
        self._closed = False  # somebody is alone
        self._waiting: deque[_Waiter] = deque()
        self._lonely: deque[_Waiter] = deque()

    @property
    def held(self) -> bool:
        """Whether the caller runs on a place already."""
        place = _place.get()
        return place is not None and place.slots is self and place.open

    @contextlib.asynccontextmanager
    async def one(self) -> AsyncIterator[None]:
        """Hold a place, waiting for it."""
        if self.held:
            yield
            return
        async with self._place(alone=False):
            yield

    @contextlib.asynccontextmanager
    async def alone(self) -> AsyncIterator[None]:
        """Hold all places, waiting until everybody else has left.

        Raises:
            RuntimeError: the caller holds a place, so that it would wait for itself.
        """
        if self.held:
            raise RuntimeError("whoever holds a place cannot wait to be alone")
        async with self._place(alone=True):
            yield

    @contextlib.asynccontextmanager
    async def _place(self, *, alone: bool) -> AsyncIterator[None]:
        await self._enter(alone=alone)
        before, place = _place.get(), _Place(self)
        _place.set(place)
        try:
            yield
        finally:
            place.open = False  # what was started inside and runs on has no place any more
            _place.set(before)
            self._leave()

    async def _enter(self, *, alone: bool) -> None:
        loop = asyncio.get_running_loop()
        waiter = _Waiter(loop, loop.create_future(), alone=alone)
        with self._lock:
            (self._lonely if alone else self._waiting).append(waiter)
            self._admit()
        try:
            await waiter.admitted
        except BaseException:
            with self._lock:
                if waiter.inside:
                    self._free()
                else:
                    (self._lonely if alone else self._waiting).remove(waiter)
                self._admit()
            raise

    def _leave(self) -> None:
        with self._lock:
            self._free()
            self._admit()

    def _free(self) -> None:
        self._taken -= 1
        self._closed = False

    def _admit(self) -> None:
        """Let in who may come in now; called under the lock."""
        while not self._closed and (queue := self._lonely or self._waiting):
            if self._taken >= (1 if queue is self._lonely else self.count):
                return
            waiter = queue.popleft()
            if waiter.let_in():
                self._taken += 1
                self._closed = waiter.alone


@dataclass(slots=True, eq=False)
class _Place:
    """A place that is held."""

    slots: Slots
    open: bool = True


@dataclass(slots=True, eq=False)
class _Waiter:
    """Somebody who waits for a place."""

    loop: asyncio.AbstractEventLoop
    admitted: asyncio.Future[None]
    alone: bool
    inside: bool = False

    def let_in(self) -> bool:
        """Wake the waiter; False where its event loop is closed, so that nobody comes."""
        try:
            self.loop.call_soon_threadsafe(self._wake)
        except RuntimeError:
            return False
        self.inside = True
        return True

    def _wake(self) -> None:
        if not self.admitted.done():
            self.admitted.set_result(None)


_place: ContextVar[_Place | None] = ContextVar("badapple_place", default=None)


@lru_cache(maxsize=8)
def process_slots(workers: int, max_memory: int | None = None) -> Slots:
    """Return the places of this process, the same for every job in it.

    Args:
        workers: how many parts may be made at once.
        max_memory: bytes that all of them may use together, or None.
    """
    return Slots(workers if max_memory is None else min(workers, max_memory // NEED))
