"""The gate that every paid sending goes through: shut where nothing may be sent any more."""

from __future__ import annotations

import asyncio
import contextlib
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["Gate", "current"]


class Gate:
    """One order's way out.

    Attributes:
        waiting: the order stands in line for the vendor; it surely was not sent yet.
        sending: the vendor is being asked right now.
    """

    def __init__(self, shut: Callable[[], bool]) -> None:
        self._shut = shut
        self.waiting = False
        self.sending = False

    def wait(self) -> None:
        """Say that the order stands in line and is not sent before `passing`."""
        self.waiting = True

    @contextlib.contextmanager
    def passing(self) -> Iterator[None]:
        """Enclose the sending.

        Raises:
            asyncio.CancelledError: nothing may be sent any more.
        """
        if self._shut():
            raise asyncio.CancelledError
        self.waiting, self.sending = False, True
        try:
            yield
        finally:
            self.sending = False


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
