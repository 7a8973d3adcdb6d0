"""A story that may have killed workers keeps others out of its worker only as long as it must."""

from __future__ import annotations

import asyncio
import contextlib
from types import SimpleNamespace
from typing import Any

from badapple.assets.queued import QUEUES, STORIES
from badapple.config import read_settings
from badapple.worker.stories import Stories


class Queues:
    """Notes which queues nothing is taken from."""

    def __init__(self) -> None:
        self.held: set[str] = set()

    def hold(self, *queues: str) -> None:
        self.held |= set(queues or QUEUES)

    def release(self) -> None:
        self.held.clear()


class Suspects:
    """Every job has killed two workers."""

    def get(self, _job: str, _attempt: int) -> tuple[Any, Any]:
        return SimpleNamespace(crashes=2), None

    def forget(self, _job: str, _attempt: int) -> None:
        pass


def worker() -> tuple[Stories, Queues]:
    queues = Queues()
    nobody: Any = None
    workshops: Any = Suspects()
    engine: Any = queues
    stories = Stories(
        read_settings({}), house=nobody, workshops=workshops, room=nobody, engine=engine, waiter=nobody,
        holder=nobody, claims=nobody,
    )  # fmt: skip
    return stories, queues


async def begin(stories: Stories, job: str) -> asyncio.Task[Any]:
    task = asyncio.create_task(stories.story(job, {"job": job, "attempt": 1}))
    async with asyncio.timeout(5):
        before = stories._lone
        while stories._lone == before:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.01)
    return task


async def cancel(task: asyncio.Task[Any]) -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    assert task.cancelled()


async def test_a_suspect_that_is_cancelled_while_it_waits_leaves_no_queue_held() -> None:
    stories, queues = worker()
    async with stories._crowd.story():
        first, second = await begin(stories, "a"), await begin(stories, "b")
        assert queues.held == {STORIES}
        await cancel(first)
        assert queues.held == {STORIES}  # the other still waits
        await cancel(second)
        assert queues.held == set()


async def test_no_part_is_taken_that_would_wait_for_a_suspect_s_end() -> None:
    stories, queues = worker()
    async with stories._crowd.part():
        first = await begin(stories, "a")  # alone, but for this part
        assert queues.held == set(QUEUES)
        await cancel(await begin(stories, "b"))
        assert queues.held == set(QUEUES)  # the first is still alone
        await cancel(first)
    assert queues.held == set()
