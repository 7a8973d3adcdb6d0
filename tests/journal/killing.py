"""Buys, is killed at every step it passes, and buys again: prints what the vendor's ledger and our books say.

Every trial runs in a fork of this one process, so that nothing has to be imported twice.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import sys
import tempfile
import traceback
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from badapple.cache import Cache
from badapple.database import Call, open_database
from badapple.database.holders import Holder, Watcher
from badapple.errors import OutcomeUnknownError
from badapple.journal import Books, Claims, JournalTill
from badapple.models import Dedupe
from badapple.testing.vendor import FileCall, FileVendor

SCENARIOS: dict[str, dict[str, object]] = {
    "clip": {"dedupe": Dedupe.LOOKUP},
    "clip whose reply is lost": {"dedupe": Dedupe.LOOKUP, "lost": 1},
    "clip that shows late": {"dedupe": Dedupe.LOOKUP, "lost": 1, "lag": 1},
    "voice": {"dedupe": Dedupe.LOOKUP, "at_once": True, "price": 10_000},
    "script": {"dedupe": Dedupe.NONE, "at_once": True, "price": 700},
    "dear script": {"dedupe": Dedupe.NONE, "at_once": True, "price": 50_000},
}


async def buy(folder: Path, what: str, deadly: int, *, first: bool) -> None:
    """Buy once; the `deadly`-th step that is passed is the last of this process."""
    plan = dict(SCENARIOS[what])
    vendor = FileVendor(ledger=folder / "ledger.jsonl")
    lost, vendor.lag = plan.pop("lost", 0), plan.pop("lag", 0)  # type: ignore[assignment]
    vendor.lost = lost if first else 0  # type: ignore[assignment]
    steps = 0

    def step(name: str) -> None:
        nonlocal steps
        steps += 1
        with (folder / "steps.txt").open("a") as file:
            file.write(name + "\n")
        if steps == deadly:
            os.kill(os.getpid(), signal.SIGKILL)

    engine, cache = open_database(f"sqlite:///{folder / 'books.db'}"), Cache(folder / "cache")
    claims = Claims(Holder(engine, folder), Watcher(engine, folder).alive)
    books = Books(engine, cache, claims, job="first" if first else "second", owner="local", caps={"job:x": None})
    till = JournalTill(books, cache, threaded=False, point=step, poll=0.01)
    await till.once(FileCall(vendor, what, **plan))  # type: ignore[arg-type]


def fork(folder: Path, what: str, deadly: int, *, first: bool) -> str:
    """Run one attempt in a fork; return how it ended: `bought`, `unknown`, `killed`."""
    child = os.fork()
    if child == 0:
        try:
            asyncio.run(buy(folder, what, deadly, first=first))
        except OutcomeUnknownError:
            os._exit(7)
        except BaseException:  # noqa: BLE001 - a fork must never go back into this script's own loop
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    return {0: "bought", 7 << 8: "unknown", signal.SIGKILL: "killed"}.get(status, f"status {status}")


def trial(what: str, deadly: int, empty: Path) -> dict[str, object]:
    """Kill at one step, go on, and return what is left."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copy(empty, folder / "books.db")
        ended = fork(folder, what, deadly, first=True)
        passed = (folder / "steps.txt").read_text().splitlines()
        after = fork(folder, what, 0, first=False)
        engine = open_database(f"sqlite:///{folder / 'books.db'}")
        with Session(engine) as session:
            rows = [
                (row.state, row.settled, row.possibly_charged, row.reserved) for row in session.scalars(select(Call))
            ]
        engine.dispose()
        left = [path.name for path in (folder / "cache" / "tmp").glob("*")] if ended != "killed" else []
        return {
            "what": what, "step": passed[-1], "ended": ended, "after": after, "rows": rows,
            "charges": len(FileVendor(ledger=folder / "ledger.jsonl").charges()), "left": left,
        }  # fmt: skip


def main() -> None:
    """Try every step of every scenario, until one is bought without having been killed."""
    with tempfile.TemporaryDirectory() as name:
        empty = Path(name) / "empty.db"
        engine = open_database(f"sqlite:///{empty}")  # made once: it takes longer than a trial
        engine.dispose()
        for what in SCENARIOS:
            for deadly in range(1, 30):
                result = trial(what, deadly, empty)
                sys.stdout.write(json.dumps(result) + "\n")
                if result["ended"] != "killed":
                    break


if __name__ == "__main__":
    main()
