"""Makes films at once, each in a process of its own that dies where it is told to.

Reads one JSON object a line, {"env": {...}, "job": "...", "when": "never|papers|between|linked|deleted"}, and answers
each with a line: how that process ended. Starting a process takes seconds of imports; they are forked off instead.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import traceback
from pathlib import Path
from typing import Any

from badapple import config, jobs
from badapple.database import open_database
from badapple.models import DRAFT, MakeOptions
from badapple.pipeline.orchestrator import create_pipeline_orchestrator
from badapple.pipeline.workshop import House, equip
from badapple.storage import shared
from badapple.testing.instant import instant_recipes


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class Dying:
    """A storage; this process dies at some object that was stored."""

    def __init__(self, storage: Any, when: str, settings: config.Settings, job: str) -> None:
        self._storage, self._when, self._settings, self._job = storage, when, settings, job

    def __getattr__(self, name: str) -> Any:
        return getattr(self._storage, name)

    def put(self, file: Path, key: str) -> str:
        if self._when == "deleted" and film(key):
            self._forget()
        url: str = self._storage.put(file, key)
        if (self._when == "papers" and key.endswith(".srt")) or (self._when == "between" and film(key)):
            die()
        return url

    def _forget(self) -> None:
        """Cancel and delete the job, as others may at any moment."""
        asyncio.run(jobs.cancel(self._job, self._settings))
        jobs.purge(self._settings, job=self._job)


def film(key: str) -> bool:
    return key.startswith("videos/") and key.endswith(".mp4")


async def main(job: str, when: str) -> None:
    settings, options = config.read_settings(dict(os.environ)), MakeOptions(canvas=DRAFT)
    engine = open_database(settings.database_url)
    storage: Any = Dying(shared(settings), when, settings, job)
    house = House(engine=engine, storage=storage, recipes=instant_recipes)
    workshop = equip(job, options, settings, house=house)
    told = (lambda event: die() if event.stage == "completed" else None) if when == "linked" else None
    making = create_pipeline_orchestrator(job, settings=settings, options=options, workshop=workshop, on_progress=told)
    await making.execute_pipeline("Solenne", "minimal", "Shop Now")


def child(order: dict[str, Any]) -> None:
    os.environ.update(order["env"])
    try:
        asyncio.run(main(order["job"], order["when"]))
    except BaseException:  # noqa: BLE001 - it ends here, whatever it is
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


if __name__ == "__main__":
    for line in sys.stdin:
        if (pid := os.fork()) == 0:
            child(json.loads(line))
        sys.stdout.write(f"{os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])}\n")
        sys.stdout.flush()
