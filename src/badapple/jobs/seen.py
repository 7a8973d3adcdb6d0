"""Small pictures that were drawn not long ago."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

__all__ = ["Seen", "Sight"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """A picture that can be drawn.

    Attributes:
        name: of all that it depends on, hex: the same name is the same picture.
        media_type: of its bytes.
        draw: returns them.
    """

    name: str
    media_type: str
    draw: Callable[[], Awaitable[bytes]]

    @property
    def etag(self) -> str:
        """Its name as HTTP has it."""
        return f'"{self.name}"'


class Seen:
    """The pictures that were asked for last; one is drawn once, however many ask for it at the same time.

    To be used from one event loop.

    Args:
        most: bytes that are kept.
    """

    def __init__(self, most: int = 32 << 20) -> None:
        self._most = most
        self._size = 0
        self._kept: OrderedDict[str, bytes] = OrderedDict()
        self._drawn: dict[str, asyncio.Task[bytes]] = {}

    async def get(self, sight: Sight) -> bytes:
        """Return a picture.

        Raises:
            BadappleError: as the drawing raises.
        """
        found = self._kept.get(sight.name)
        if found is not None:
            self._kept.move_to_end(sight.name)
            return found
        drawing = self._drawn.get(sight.name)
        if drawing is None:
            drawing = self._drawn[sight.name] = asyncio.ensure_future(self._draw(sight))
        return await asyncio.shield(drawing)  # others wait for it too: whoever leaves does not end it

    async def _draw(self, sight: Sight) -> bytes:
        try:
            data = await sight.draw()
        finally:
            del self._drawn[sight.name]
        self._kept[sight.name] = data
        self._size += len(data)
        while self._size > self._most and self._kept:
            _, old = self._kept.popitem(last=False)
            self._size -= len(old)
        return data
