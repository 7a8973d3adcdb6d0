"""The API in a process of its own, with jobs whose events are written when it is told so.

    python -m bench.live_server FOLDER JOBS

Says its port; then does what each line of its input says, and answers with its bytes, its live connections and its
seconds of processor: `write TIMES PAUSE SIZE` writes so many events of each job,
`dead TIMES SIZE` the same of the job `dead`, `memory` writes nothing, `end` ends all jobs.
"""

from __future__ import annotations

import asyncio
import os
import resource
import sys
import time
from pathlib import Path

from sqlalchemy import Engine, insert, select, update

from badapple.api.app import create_app
from badapple.api.live import Live
from badapple.api.serving import serving
from badapple.config import read_settings
from badapple.database import Event, Job
from badapple.database.tables import now
from badapple.database.transactions import once
from badapple.jobs import LocalDoorbell


def names(count: int) -> list[str]:
    """Return the jobs that there are."""
    return [f"job{number}" for number in range(count)]


def insert_jobs(engine: Engine, jobs: list[str]) -> None:
    """Insert jobs that are under way."""
    rows = [{"id": job, "product_name": "Watch", "style": "minimal", "status": "processing"} for job in jobs]
    once(engine, lambda session: session.execute(insert(Job), rows))


def tell(engine: Engine, jobs: list[str], *, size: int = 60, end: bool = False) -> None:
    """Write one event of each job, all in one transaction; the message begins with the moment of its commit."""

    def write(session: object) -> None:
        from sqlalchemy.orm import Session  # noqa: PLC0415

        assert isinstance(session, Session)
        values = {"seq": Job.seq + 1, **({"status": "completed", "ended_at": now()} if end else {})}
        session.execute(update(Job).where(Job.id.in_(jobs)).values(values).execution_options(synchronize_session=False))
        seqs = session.execute(select(Job.id, Job.seq).where(Job.id.in_(jobs)))
        text = f"{time.time():.6f} ".ljust(size, "x")
        facts = {"stage": "completed" if end else "video_gen", "progress": 40, "message": text, "timestamp": "2026"}
        session.execute(insert(Event), [{"job_id": job, "seq": seq, **facts} for job, seq in seqs])

    once(engine, write)


def rss() -> int:
    """Return the bytes of memory that this process holds."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


async def main(folder: Path, count: int) -> None:
    """Serve until the input ends."""
    settings = read_settings({"BADAPPLE_DATA_DIR": str(folder), "BADAPPLE_RATE": "10000000"})
    app = create_app(settings)
    bell = app.state.doors.bell = LocalDoorbell()
    app.state.live = Live(app.state.doors, patience=float(os.environ.get("PATIENCE", "60")))
    engine, jobs = app.state.doors.engine, names(count)
    insert_jobs(engine, [*jobs, "dead"])
    async with serving(app) as port:
        say(str(port))
        while words := (await asyncio.to_thread(sys.stdin.readline)).split():
            match words:
                case ["write", times, pause, size]:
                    for _ in range(int(times)):
                        await asyncio.to_thread(tell, engine, jobs, size=int(size))
                        bell.ring()
                        await asyncio.sleep(float(pause))
                case ["dead", times, size]:
                    for _ in range(int(times)):
                        await asyncio.to_thread(tell, engine, ["dead"], size=int(size))
                    bell.ring()
                case ["end"]:
                    await asyncio.to_thread(tell, engine, jobs, end=True)
                    bell.ring()
            say(f"{rss()} {len(app.state.live)} {time.process_time()}")


def say(line: str) -> None:
    """Answer."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2])))
