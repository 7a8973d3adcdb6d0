"""Who may run beside whom in one process: a job that may have killed workers runs alone."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

__all__ = ["Crowd"]


class Crowd:
    """Lets stories and parts in; to be used from one event loop.

    A lone story waits for the stories that run here, whose parts go on meanwhile; then for the parts of other workers'
    stories. While it runs nothing else begins. It makes its parts by itself: it waits for nobody, and nobody that it
    has waited for waits for it.
    """

    def __init__(self) -> None:
        self._changed = asyncio.Event()
        self._stories = self._parts = self._wanting = 0
        self._alone = False

    @property
    def alone(self) -> bool:
        """Whether a story has, or is about to have, the process for itself."""
        return self._alone

    @contextlib.asynccontextmanager
    async def story(self, *, alone: bool = False, on_alone: Callable[[], None] = lambda: None) -> AsyncIterator[None]:
        """Enclose a story; `on_alone` is called once nothing else may begin, while parts may still run."""
        if alone:
            async with self._lone(on_alone):
                yield
            return
        await self._until(lambda: not self._wanting and not self._alone)
        self._stories += 1
        try:
            yield
        finally:
            self._stories -= 1
            self._tell()

    @contextlib.asynccontextmanager
    async def part(self) -> AsyncIterator[None]:
        """Enclose the making of a part."""
        await self._until(lambda: not self._alone)
        self._parts += 1
        try:
            yield
        finally:
            self._parts -= 1
            self._tell()

    @contextlib.asynccontextmanager
    async def _lone(self, on_alone: Callable[[], None]) -> AsyncIterator[None]:
        self._wanting += 1
        try:
            await self._until(lambda: not self._stories and not self._alone)
            self._alone = True
        finally:
            self._wanting -= 1
            self._tell()
        try:
            on_alone()
            await self._until(lambda: not self._parts)
            yield
        finally:
            self._alone = False
            self._tell()

    async def _until(self, true: Callable[[], bool]) -> None:
        while not true():
            await self._changed.wait()

    def _tell(self) -> None:
        """Wake everybody who waits; awaits nothing, so that no cancellation comes between a change and its telling."""
        before, self._changed = self._changed, asyncio.Event()
        before.set()
