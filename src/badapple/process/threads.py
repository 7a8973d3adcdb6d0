"""Blocking work in threads that can be stopped."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, ParamSpec, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Aside", "P", "Stopped", "T", "check_stop", "in_thread"]

P = ParamSpec("P")
T = TypeVar("T")

_stop: ContextVar[threading.Event | None] = ContextVar("badapple_stop", default=None)


class Stopped(BaseException):
    """The work in this thread was cancelled; a BaseException, so that no handler of errors swallows it."""


def check_stop() -> None:
    """Raise Stopped if the work in this thread was cancelled; long loops call it once a round."""
    event = _stop.get()
    if event is not None and event.is_set():
        raise Stopped


async def in_thread(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run blocking work in a thread; on cancellation stop it and wait until it has ended."""
    event = threading.Event()

    def call() -> T:
        _stop.set(event)
        return work(*args, **kwargs)

    task = asyncio.ensure_future(asyncio.to_thread(call))
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        event.set()
        while not task.done():
            with contextlib.suppress(BaseException):
                await asyncio.shield(task)
        if not task.cancelled():
            task.exception()  # marks it as seen
        raise


@dataclass(frozen=True, slots=True)
class Aside:
    """Does blocking work off the event loop; or at once, for a database that lives in one thread."""

    threaded: bool

    async def __call__(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Return what the work returns."""
        return await in_thread(work, *args, **kwargs) if self.threaded else work(*args, **kwargs)
