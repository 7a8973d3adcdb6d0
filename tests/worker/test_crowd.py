"""A job that may have killed workers runs alone."""

from __future__ import annotations

import asyncio

import pytest

from badapple.worker.crowd import Crowd


class Stage:
    """Stories and parts on tasks of their own, entered and left on command."""

    def __init__(self) -> None:
        self.crowd = Crowd()
        self.inside: set[str] = set()
        self._go: dict[str, asyncio.Event] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}

    async def enter(self, name: str, *, alone: bool = False) -> None:
        self._go[name] = asyncio.Event()
        self._tasks[name] = asyncio.create_task(self._run(name, alone=alone))
        for _ in range(5):
            await asyncio.sleep(0)

    async def _run(self, name: str, *, alone: bool) -> None:
        async with self.crowd.part() if name.startswith("part") else self.crowd.story(alone=alone):
            self.inside.add(name)
            try:
                await self._go[name].wait()
            finally:
                self.inside.discard(name)

    async def leave(self, name: str) -> None:
        self._go[name].set()
        await self._tasks[name]
        for _ in range(5):
            await asyncio.sleep(0)

    async def cancel(self, name: str) -> None:
        self._tasks[name].cancel()
        with pytest.raises(asyncio.CancelledError):
            await self._tasks[name]
        for _ in range(5):
            await asyncio.sleep(0)


async def test_a_lone_story_waits_for_stories_whose_parts_go_on_and_then_for_parts() -> None:
    stage = Stage()
    await stage.enter("story")
    await stage.enter("suspect", alone=True)
    await stage.enter("part of story")
    await stage.enter("later story")
    assert stage.inside == {"story", "part of story"}
    await stage.leave("story")
    assert stage.inside == {"part of story"}
    await stage.enter("part of another worker's story")
    assert stage.inside == {"part of story"}  # nothing new begins beside it
    await stage.leave("part of story")
    assert stage.inside == {"suspect"}
    await stage.leave("suspect")
    assert stage.inside == {"later story", "part of another worker's story"}


async def test_two_lone_stories_run_one_after_the_other() -> None:
    stage = Stage()
    await stage.enter("first", alone=True)
    await stage.enter("second", alone=True)
    assert stage.inside == {"first"}
    await stage.leave("first")
    assert stage.inside == {"second"}


async def test_a_lone_story_that_is_cancelled_keeps_nobody_out() -> None:
    stage = Stage()
    await stage.enter("part")
    await stage.enter("suspect", alone=True)
    await stage.enter("story")
    assert stage.inside == {"part"}
    await stage.cancel("suspect")
    assert stage.inside == {"part", "story"}
    await stage.enter("suspect again", alone=True)
    await stage.cancel("suspect again")
    await stage.enter("part 2")
    assert stage.inside == {"part", "story", "part 2"}
