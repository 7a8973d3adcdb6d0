"""Waits for workflows: one look at the database for everybody who waits in this process."""

from __future__ import annotations

import asyncio
import contextvars
import logging
from typing import TYPE_CHECKING, Any

from badapple.engine.engine import State
from badapple.process import in_thread

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from badapple.engine.engine import Engine

__all__ = ["Waiter"]

_SLOWER = 1.3  #: times as long until the next look, while nothing changes
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

    What this process runs it says itself, by `begun` and `made`; the database is asked about the others.

    Args:
        engine: whose workflows.
        often: seconds between two looks where something changes.
        seldom: seconds between two looks where nothing does.
    """

    def __init__(self, engine: Engine, *, often: float = 0.2, seldom: float = 0.6) -> None:
        self._engine = engine
        self._often = often
        self._seldom = max(often, seldom)
        self._pause = often
        self._here: set[str] = set()
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
        if wanted.state is None and id in self._here:
            wanted.state = State(id=id, status="PENDING")
        self._pause = self._often
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

    def begun(self, id: str) -> None:  # noqa: A002 - what it is called
        """Say that this process runs a workflow: until it says more, nobody needs to look."""
        self._here.add(id)
        if id in self._wanted:
            self._set(State(id=id, status="PENDING"))

    def made(self, id: str, output: dict[str, Any]) -> None:  # noqa: A002 - as above
        """Say what a workflow of this process returns; its row will say so soon."""
        self._here.discard(id)
        if id in self._wanted:
            self._set(State(id=id, status="SUCCESS", output=output))

    def left(self, id: str) -> None:  # noqa: A002 - as above
        """Say that this process runs a workflow no more; where it did not say how it ended, the database knows."""
        self._here.discard(id)
        wanted = self._wanted.get(id)
        if wanted is not None and not (wanted.state and wanted.state.ended):
            self._pause = self._often
            self._nudge.set()

    async def _look(self) -> None:
        while self._wanted:
            self._nudge.clear()
            names = tuple(self._wanted.keys() - self._here)
            try:
                self._take(names, await in_thread(self._engine.states, names) if names else {})
            except Exception as error:  # noqa: BLE001 - a database that is away comes back; who waits goes on waiting
                _log.warning("engine_look_failed", extra={"reason": str(error)})
            pause, self._pause = self._pause, min(self._pause * _SLOWER, self._seldom)
            try:
                await asyncio.wait_for(self._nudge.wait(), pause)
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
            if state is not None:
                self._set(state)

    def _set(self, state: State) -> None:
        wanted = self._wanted[state.id]
        if wanted.state is None or (wanted.state.status != state.status and not wanted.state.ended):
            wanted.state = state
            wanted.changed.set()
            self._pause = self._often
