"""Parts that are made beside their story, or handed to the queue."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from badapple.assets import LocalRunner, Made, Recipe
from badapple.assets.queued import Attempt, QueuedRunner
from badapple.assets.room import Room
from badapple.cache import Cache
from badapple.database import open_database
from badapple.journal import Journal
from badapple.models import Asset, AssetRequest


class Empty:
    """An engine whose queues are empty, and into which nothing is put."""

    def below(self, _prefix: str) -> list[Any]:
        return []


async def nothing() -> None:
    pass


async def write(request: AssetRequest, _inputs: Mapping[str, Asset], folder: Path) -> Made:
    (folder / "t.txt").write_text(request.params["text"])
    return Made(files={"text": folder / "t.txt"})


async def test_what_is_finished_waits_for_no_place(tmp_path: Path) -> None:
    database = open_database(f"sqlite:///{tmp_path / 'j.db'}")
    cache, book = Cache(tmp_path / "cache"), {"leaf": Recipe(make=write)}
    local = LocalRunner(Journal(database, cache), cache, recipes=book)
    room = Room(1, lone=True)
    engine: Any = Empty()
    nobody: Any = None
    runner = QueuedRunner(
        Attempt(job="j", number=1), local, recipes=book, room=room, engine=engine, waiter=nobody, settled=nothing,
    )  # fmt: skip
    request = AssetRequest(kind="leaf", params={"text": "a"})
    made = await runner.run(request)
    assert not made.reused
    usual = room._usual
    assert (await runner.run(request)).reused
    assert room._usual == usual  # what is found says nothing of how long parts take
    async with room.place(1) as here:  # another story's long part
        assert here
        assert room.full
        found = await asyncio.wait_for(runner.run(request), 5)
        assert found.reused
        assert found.digest == made.digest
    database.dispose()
