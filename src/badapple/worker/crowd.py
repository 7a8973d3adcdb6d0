"""Who may run beside whom in one process: a job that may have killed workers runs alone."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

__all__ = ["Crowd"]


class Crowd:
    """Lets stories and parts in; to be used from one event loop.

    A lone story waits for the stories that run here, whose parts go on meanwhile; then for the parts of other workers'
    stories. While it runs nothing else begins. It makes its parts by itself: it waits for nobody, and nobody that it
    has waited for waits for it.
    """

    def __init__(self) -> None:
        self._changed = asyncio.Condition()
        self._stories = self._parts = self._wanting = 0
        self._alone = False

    @contextlib.asynccontextmanager
    async def story(self, *, alone: bool = False) -> AsyncIterator[None]:
        """Enclose a story."""
        async with contextlib.AsyncExitStack() as stack:
            if alone:
                await stack.enter_async_context(self._lone())
            else:
                async with self._changed:
                    await self._changed.wait_for(lambda: not self._wanting and not self._alone)
                    self._stories += 1
                stack.push_async_callback(self._leave, "_stories")
            yield

    @contextlib.asynccontextmanager
    async def part(self) -> AsyncIterator[None]:
        """Enclose the making of a part."""
        async with self._changed:
            await self._changed.wait_for(lambda: not self._alone)
            self._parts += 1
        try:
            yield
        finally:
            await self._leave("_parts")

    @contextlib.asynccontextmanager
    async def _lone(self) -> AsyncIterator[None]:
        async with self._changed:
            self._wanting += 1
            try:
                await self._changed.wait_for(lambda: not self._stories and not self._alone)
                self._alone = True
            finally:
                self._wanting -= 1
                self._changed.notify_all()
        try:
            async with self._changed:
                await self._changed.wait_for(lambda: not self._parts)
            yield
        finally:
            async with self._changed:
                self._alone = False
                self._changed.notify_all()

    async def _leave(self, what: str) -> None:
        async with self._changed:
            setattr(self, what, getattr(self, what) - 1)
            self._changed.notify_all()
