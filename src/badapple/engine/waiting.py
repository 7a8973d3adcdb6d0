"""Waits for workflows: one look at the database for everybody who waits in this process."""

from __future__ import annotations

import asyncio
import contextvars
import logging
from typing import TYPE_CHECKING

from badapple.engine.engine import State
from badapple.process import in_thread

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from badapple.engine.engine import Engine

__all__ = ["Waiter"]

_MISSED = 5  #: looks in a row without a trace of a workflow after which it is gone
_log = logging.getLogger("badapple.engine")


class _Wanted:
    """One workflow that somebody waits for."""

    def __init__(self) -> None:
        self.changed = asyncio.Event()
        self.state: State | None = None
        self.waiting = 0
        self.missed = 0


class Waiter:
    """Tells where workflows are, to any number of tasks of one event loop.

    Args:
        engine: whose workflows.
        often: seconds between two looks while somebody waits.
    """

    def __init__(self, engine: Engine, *, often: float = 0.2) -> None:
        self._engine = engine
        self._often = often
        self._wanted: dict[str, _Wanted] = {}
        self._looking: asyncio.Task[None] | None = None
        self._nudge = asyncio.Event()

    async def wait(self, id: str, *, on_begin: Callable[[], Awaitable[None]] | None = None) -> State:  # noqa: A002 - what it is called
        """Return the state of a workflow that has ended; `GONE` where somebody removed it.

        Args:
            id: of the workflow.
            on_begin: awaited once when somebody has begun to run it.
        """
        wanted = self._wanted.setdefault(id, _Wanted())
        wanted.waiting += 1
        if self._looking is None or self._looking.done():
            # In a context of its own: it works for all who wait, and is no part of the job that waits first.
            self._looking = asyncio.get_running_loop().create_task(self._look(), context=contextvars.Context())
        try:
            while True:
                wanted.changed.clear()  # before the look: what changes during `begun` must not be missed
                state = wanted.state
                if state is not None and on_begin is not None and (state.status == "PENDING" or state.ended):
                    begun, on_begin = on_begin, None
                    await begun()
                if state is not None and state.ended:
                    return state
                await wanted.changed.wait()
        finally:
            wanted.waiting -= 1
            if not wanted.waiting:
                self._wanted.pop(id, None)

    def nudge(self) -> None:
        """Look at once: a workflow has ended in this process."""
        self._nudge.set()

    async def _look(self) -> None:
        while self._wanted:
            names = tuple(self._wanted)
            try:
                self._take(names, await in_thread(self._engine.states, names))
            except Exception as error:  # noqa: BLE001 - a database that is away comes back; who waits goes on waiting
                _log.warning("engine_look_failed", extra={"reason": str(error)})
            await asyncio.sleep(0)
            self._nudge.clear()
            try:
                await asyncio.wait_for(self._nudge.wait(), self._often)
            except TimeoutError:
                continue

    def _take(self, names: Sequence[str], states: Mapping[str, State]) -> None:
        """Take in where the workflows with these names are, and wake those who wait for news."""
        for name in names:
            wanted = self._wanted.get(name)
            if wanted is None:
                continue
            wanted.missed = 0 if name in states else wanted.missed + 1
            state = states.get(name) or (State(id=name, status="GONE") if wanted.missed >= _MISSED else None)
            if state is not None and (wanted.state is None or wanted.state.status != state.status):
                wanted.state = state
                wanted.changed.set()
