"""Reads a run of frames, in one go where the frames can be had so."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from badapple.ports import Frames

__all__ = ["Readable", "reading"]


@runtime_checkable
class Readable(Protocol):
    """Frames that come cheapest in their order, from something that must be closed afterwards."""

    def reading(self, first: int, count: int) -> AbstractContextManager[Frames]:
        """Open the frames from `first` to `first + count - 1`; inside, they keep their numbers."""
        ...


@contextlib.contextmanager
def reading(frames: Frames, first: int, count: int) -> Iterator[Frames]:
    """Open a run of frames that will be drawn in order; frames that are drawn on demand are returned as they are."""
    if isinstance(frames, Readable):
        with frames.reading(first, count) as run:
            yield run
    else:
        yield frames
