"""Room for parts in the process that tells their story."""

from __future__ import annotations

import asyncio
import contextlib
import heapq
import itertools
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

__all__ = ["Room"]

_LONG = 2.0  #: seconds from which on a part is worth being handed to another machine
_SOON, _LATER = 0.5, 10.0  #: seconds that a part waits for its place, where parts take long and where they do not
_SHARE = 0.2  #: of the last part, in the time that parts usually take


class Room:
    """Places for parts beside the stories that want them; to be used from one event loop.

    Handing a part to a queue costs more than many a part: rows, and somebody who looks for them. So a part is made
    where its story is told, as long as there is a place. One that waits too long goes into the queue, for everybody.

    Args:
        places: parts at once; 0 leaves every part to the queues.
        lone: whether no other process could take a part; then each waits for its place as long as it takes.
        closed: says that nothing may begin here any more.
    """

    def __init__(self, places: int, *, lone: bool = False, closed: Callable[[], bool] = lambda: False) -> None:
        self._places = places
        self._lone = lone
        self._closed = closed
        self._taken = 0
        self._usual = _LONG / 2  # seconds
        self._numbers = itertools.count()
        self._waiting: list[tuple[int, int, asyncio.Future[None]]] = []

    @property
    def taken(self) -> int:
        """How many parts are made here now."""
        return self._taken

    @property
    def full(self) -> bool:
        """Whether whoever comes now would have to wait for a place."""
        return 0 < self._places <= self._taken

    @property
    def leaves(self) -> int:
        """How many parts of the queue may be taken beside those that are made here.

        Twice as many as there are places, as some wait for their slots; where all places are taken only one, so that
        what has waited too long here is not taken back at once, and is yet made where nobody else takes it.
        """
        return max(1, 2 * (self._places - self._taken)) if self._places else sys.maxsize

    @contextlib.asynccontextmanager
    async def place(self, priority: int) -> AsyncIterator[bool]:
        """Hold a place, lower priorities first; False where there is none."""
        if not await self._enter(priority):
            yield False
            return
        try:
            yield True
        finally:
            self._leave()

    def took(self, seconds: float) -> None:
        """Learn how long a part took that was made here: it says how long others wait."""
        self._usual += _SHARE * (seconds - self._usual)

    async def _enter(self, priority: int) -> bool:
        if not self._places or self._closed():
            return False
        if self._taken < self._places:
            self._taken += 1
            return True
        mine = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (priority, next(self._numbers), mine))
        patience = None if self._lone else _SOON if self._usual >= _LONG else _LATER
        try:
            await asyncio.wait((mine,), timeout=patience)
        except asyncio.CancelledError:
            if mine.done():
                self._leave()
            mine.cancel()
            raise
        if not mine.done():
            mine.cancel()  # whoever leaves passes it over
            return False
        if self._closed():
            self._leave()
            return False
        return True

    def _leave(self) -> None:
        """Give a place to whoever waits for it first, or back."""
        while self._waiting:
            *_, first = heapq.heappop(self._waiting)
            if not first.done():
                first.set_result(None)
                return
        self._taken -= 1
