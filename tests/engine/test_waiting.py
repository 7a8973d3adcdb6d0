"""Who waits for a workflow is told when it is gone, and looks at nothing in the name of another job."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextvars import ContextVar

from badapple.engine import State, Waiter

_job: ContextVar[str] = ContextVar("job", default="")


class Table:
    """Workflows by id; notes on whose behalf it was looked at."""

    def __init__(self, **rows: str) -> None:
        self.rows = rows
        self.away = 0
        self.seen: set[str] = set()

    def states(self, ids: Sequence[str]) -> dict[str, State]:
        self.seen.add(_job.get())
        if self.away:
            self.away -= 1
            raise ConnectionError("the database is away")
        return {name: State(id=name, status=self.rows[name]) for name in ids if name in self.rows}


async def test_a_workflow_that_was_removed_is_told_gone_and_a_database_that_is_away_is_no_sign_of_it() -> None:
    table = Table(a="PENDING")
    waiter = Waiter(table, often=0.01)  # type: ignore[arg-type]  # it is asked for states only
    begun = asyncio.Event()

    async def begin() -> None:
        begun.set()

    waiting = asyncio.create_task(waiter.wait("a", on_begin=begin))
    await asyncio.wait_for(begun.wait(), 5)
    table.away = 20
    while table.away:
        await asyncio.sleep(0.01)
    assert not waiting.done()
    del table.rows["a"]
    state = await asyncio.wait_for(waiting, 5)
    assert (state.status, state.ended) == ("GONE", True)


async def test_looks_belong_to_no_job() -> None:
    table = Table(a="SUCCESS")
    _job.set("first")
    waiter = Waiter(table, often=0.01)  # type: ignore[arg-type]  # as above
    assert (await asyncio.wait_for(waiter.wait("a"), 5)).status == "SUCCESS"
    assert table.seen == {""}


async def test_what_this_process_runs_is_not_looked_for_and_told_at_once() -> None:
    table = Table(a="ENQUEUED")
    waiter = Waiter(table, often=0.01)  # type: ignore[arg-type]  # as above
    begun = asyncio.Event()

    async def begin() -> None:
        begun.set()

    waiting = asyncio.create_task(waiter.wait("a", on_begin=begin))
    await asyncio.sleep(0.05)
    waiter.begun("a")
    await asyncio.wait_for(begun.wait(), 5)
    await asyncio.sleep(0.05)
    table.seen.clear()
    await asyncio.sleep(0.1)
    assert not table.seen
    waiter.made("a", {"key": "k"})
    waiter.left("a")
    state = await asyncio.wait_for(waiting, 5)
    assert (state.status, state.output) == ("SUCCESS", {"key": "k"})


async def test_what_ended_here_without_a_word_is_looked_for() -> None:
    table = Table(a="CANCELLED")
    waiter = Waiter(table, often=0.01)  # type: ignore[arg-type]  # as above
    waiter.begun("a")
    waiting = asyncio.create_task(waiter.wait("a"))
    await asyncio.sleep(0.1)
    assert not waiting.done()
    waiter.left("a")
    assert (await asyncio.wait_for(waiting, 5)).status == "CANCELLED"
