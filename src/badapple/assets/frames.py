"""Keeps prepared scenes for the two or three segments that draw from each."""

from __future__ import annotations

import asyncio
import json
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from badapple.ports import Frames

__all__ = ["FrameShelf"]


class FrameShelf:
    """The scenes prepared last; a scene is prepared once, however many ask for it at the same time.

    Args:
        size: scenes kept; each holds some tens of megabytes.
    """

    def __init__(self, size: int = 3) -> None:
        self._size = size
        self._scenes: OrderedDict[str, asyncio.Future[Frames]] = OrderedDict()

    async def get(self, what: dict[str, Any], prepare: Callable[[], Awaitable[Frames]]) -> Frames:
        """Return the scene that `what` describes completely, prepared now or before."""
        name = json.dumps(what, sort_keys=True)
        found = self._scenes.get(name)
        if found is None:
            found = self._scenes[name] = asyncio.ensure_future(prepare())
            while len(self._scenes) > self._size:
                self._scenes.popitem(last=False)
        self._scenes.move_to_end(name)
        try:
            return await asyncio.shield(found)
        except BaseException:
            if found.done() and self._scenes.get(name) is found:
                del self._scenes[name]
            raise
