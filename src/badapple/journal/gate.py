"""The gate that every paid sending goes through: written down before, shut where nothing may be sent any more."""

from __future__ import annotations

import asyncio
import contextlib
from contextvars import ContextVar
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

_PAUSE = 0.1
__all__ = ["Gate", "Note", "current", "standing"]


class Note(Protocol):
    """Writes down that an order is sent now."""

    async def __call__(self, *, first: bool) -> None:
        """Write it down; `first` is False where this sending was tried before and surely bought nothing."""
        ...


class Gate:
    """One order's way out.

    Args:
        shut: tells whether nothing may be sent any more.
        not_now: tells whether this process may send nothing at the moment, e.g. because others may think it dead.

    Attributes:
        waiting: the order is being prepared or stands in line: it surely was not sent, or bought nothing.
        passed: it was let out since `begin`.
    """

    def __init__(self, shut: Callable[[], bool], not_now: Callable[[], bool] = lambda: False) -> None:
        self._shut = shut
        self._not_now = not_now
        self._note: Note | None = None
        self.waiting = self.passed = False

    def begin(self, note: Note) -> None:
        """Begin a sending, each try of which is written down by `note`."""
        self._note = note
        self.waiting, self.passed = True, False

    def wait(self) -> None:
        """Say that the order stands in line again because it bought nothing."""
        self.waiting = True

    @contextlib.asynccontextmanager
    async def passing(self) -> AsyncIterator[None]:
        """Enclose the sending.

        Raises:
            asyncio.CancelledError: nothing may be sent any more.
        """
        while self._not_now() and not self._shut():  # noqa: ASYNC110 - a clock and a database decide, not a task
            await asyncio.sleep(_PAUSE)
        if self._shut():
            raise asyncio.CancelledError
        if self._note is not None:
            await self._note(first=not self.passed)
        self.passed, self.waiting = True, False
        yield


_current: ContextVar[Gate | None] = ContextVar("badapple_gate", default=None)


def current() -> Gate:
    """Return the gate of the order that is being placed; one that is always open where there is none."""
    return _current.get() or Gate(lambda: False)


@contextlib.contextmanager
def standing(gate: Gate) -> Iterator[Gate]:
    """Make this the gate of everything that is sent inside the block."""
    token = _current.set(gate)
    try:
        yield gate
    finally:
        _current.reset(token)
