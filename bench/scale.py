"""Measures what the engine adds to a job, and how workers grow with jobs.

    .venv/bin/python -m bench.scale [--jobs 1 100 1000] [--workers 1 2 4] [--waiting 10 100 1000] [--json FILE]

Jobs are made offline with instant recipes (see `badapple.testing.instant`), so that what is left is the story's own
bookkeeping and the engine. The same jobs without an engine are the measure: what a worker needs more is the engine's.
Waiting jobs wait for clips that do not come: sixteen of them in the worker, the others in the queue.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Self

from bench.chaos.fleet import ROOT, Fleet
from bench.chaos.servers import Servers
from bench.chaos_jobs import order, prepared, wait_for, warm
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from badapple import jobs
from badapple.config import read_settings
from badapple.database import Job, open_database
from badapple.models import Makers

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from badapple.config import Settings
    from badapple.jobs.orders import JobOrder

_TICK = os.sysconf("SC_CLK_TCK")
_AT_ONCE = 16  #: stories that a worker tells at once
_PLAIN = 30  #: jobs without an engine that are averaged


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Some jobs on some workers; processor times are milliseconds a job."""

    database: str
    workers: int
    jobs: int
    seconds: float
    per_second: float
    worker_ms: float
    engine_ms: float
    database_ms: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """A worker with so many jobs that wait."""

    database: str
    waiting: int
    megabytes: float
    threads: int
    processor: float  #: share of one core, over the time it was watched


class Place:
    """A database and the machines that work on it."""

    def __init__(self, database: str, *, root: Path, workers: int = 1, latency: dict[str, float] | None = None) -> None:
        self.database = database
        self._root = root
        self._workers = workers
        self._latency = latency
        self._open = ExitStack()

    def __enter__(self) -> Self:
        self.servers = self._open.enter_context(Servers(latency=self._latency))
        machines = [f"m{number}" for number in range(1, self._workers + 1)]
        environments = {machine: self.servers.environment(machine, lease=15.0) for machine in machines}
        self.settings: Settings
        self.engine: Engine
        if self.database == "sqlite":
            for env in environments.values():
                del env["BADAPPLE_DATABASE_URL"]
            self.settings = read_settings(environments["m1"])
            self.engine = open_database(self.settings.database_url)
        else:
            self.settings, self.engine = prepared(self.servers)
        self._open.callback(self.engine.dispose)
        logs = Path(tempfile.mkdtemp(dir=self._root))
        self.fleet = Fleet(logs, self._root / "modules.json", environments)
        self._open.enter_context(self.fleet)
        return self

    def __exit__(self, *_error: object) -> None:
        self._open.close()

    def used(self) -> float:
        """Return the processor seconds that all workers used so far, their children's included."""
        return sum(_seconds(self.fleet.pid(machine)) for machine in self.fleet.machines)


def offline(number: int) -> JobOrder:
    """Return the order of a job that buys nothing."""
    made = order(number)
    return replace(made, options=replace(made.options, makers=Makers(provider="offline")))


def measure(database: str, *, count: int, workers: int, root: Path, plain: float) -> Run:
    """Run jobs to their end."""
    with Place(database, root=root, workers=workers) as place:
        place.fleet.start_all()
        first = 2 * workers  # what is loaded late is loaded now
        for number in range(first):
            jobs.submit(offline(10**6 + number), place.settings)
        wait_for(place.engine, first, fleet=place.fleet, seconds=300)
        time.sleep(2)
        used, served, begun = place.used(), place.servers.postgres.processes(), time.monotonic()
        for number in range(count):
            jobs.submit(offline(number), place.settings)
        ended = wait_for(place.engine, first + count, fleet=place.fleet, seconds=1800)
        seconds = time.monotonic() - begun
        spent, served = place.used() - used, place.servers.postgres.processes() - served
        if ended["completed"] != first + count or place.fleet.deaths:
            sys.exit(f"{database}: {dict(ended)}, {place.fleet.deaths}")
        each = 1000 * spent / count
        return Run(
            database=database, workers=workers, jobs=count, seconds=round(seconds, 2),
            per_second=round(count / seconds, 2), worker_ms=round(each, 1), engine_ms=round(each - plain, 1),
            database_ms=round(1000 * served / count, 1) if database == "postgres" else None,
        )  # fmt: skip


def without_engine(database: str, *, root: Path) -> float:
    """Return the milliseconds of processor time of such a job in a plain process."""
    with Place(database, root=root) as place:
        env = place.servers.environment("m1", lease=15.0) | {"PYTHONPATH": f"{ROOT}:{ROOT / 'src'}"}
        if database == "sqlite":
            del env["BADAPPLE_DATABASE_URL"]
        words = [sys.executable, "-m", "bench.scale", "--plain", str(_PLAIN)]
        said = subprocess.run(words, env=env, cwd=ROOT, check=True, capture_output=True, text=True)
        return float(said.stdout.strip().splitlines()[-1])


async def plain_jobs(count: int) -> float:
    """Make jobs one after the other in this process; return milliseconds of processor time for each."""
    from badapple.config import get_settings  # noqa: PLC0415 - only in a process of its own
    from badapple.pipeline.orchestrator import create_pipeline_orchestrator  # noqa: PLC0415
    from badapple.pipeline.workshop import House, equip  # noqa: PLC0415
    from badapple.testing.instant import instant_recipes  # noqa: PLC0415

    settings = get_settings()
    house = House(engine=open_database(settings.database_url), recipes=instant_recipes)
    begun = 0.0
    for number in range(count + 2):
        if number == 2:  # what is loaded late is loaded now
            begun = _seconds(os.getpid())
        made = offline(number)
        shop = equip(f"plain {number}", made.options, settings, house=house)
        job = create_pipeline_orchestrator(f"plain {number}", options=made.options, settings=settings, workshop=shop)
        await job.execute_pipeline(made.product_name, made.style, made.cta_text)
    return 1000 * (_seconds(os.getpid()) - begun) / count


def load(database: str, *, count: int, root: Path, seconds: float = 20) -> Load:
    """Let jobs wait for clips and for each other, and look at their worker; no job at all is an idle worker."""
    with Place(database, root=root, latency={"minimax/hailuo-2.3-fast": 3600.0}) as place:
        for number in range(count):
            jobs.submit(order(number), place.settings)
        place.fleet.start("m1")
        pid, until = place.fleet.pid("m1"), time.monotonic() + 90
        while count and time.monotonic() < until and _begun(place.engine) < min(count, _AT_ONCE):
            time.sleep(0.5)
        print(f"  {_begun(place.engine)} of {count} jobs have begun", flush=True)
        time.sleep(10 if count else 5)
        used, begun = _seconds(pid), time.monotonic()
        time.sleep(seconds)
        share = (_seconds(pid) - used) / (time.monotonic() - begun)
        status = dict(
            line.split(":\t", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines() if ":\t" in line
        )
        return Load(
            database=database, waiting=count, megabytes=round(int(status["VmRSS"].split()[0]) / 1024, 1),
            threads=int(status["Threads"]), processor=round(share, 4),
        )  # fmt: skip


def _begun(engine: Engine) -> int:
    with Session(engine) as session:
        return session.scalar(select(func.count()).where(Job.status == "processing")) or 0


def _seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / _TICK  # its own, and its children's


def main() -> None:
    """Measure all, print tables and JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--jobs", type=int, nargs="*", default=[1, 100, 1000])
    parser.add_argument("--workers", type=int, nargs="*", default=[1, 2, 4])
    parser.add_argument("--shared", type=int, default=200, help="jobs that several workers share")
    parser.add_argument("--waiting", type=int, nargs="*", default=[10, 100, 1000])
    parser.add_argument("--idle", type=float, default=30.0, help="seconds for which an idle worker is watched")
    parser.add_argument("--database", choices=["sqlite", "postgres"], action="append")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--plain", type=int, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.plain:
        print(asyncio.run(plain_jobs(args.plain)))
        return
    databases = args.database or ["sqlite", "postgres"]
    runs: list[Run] = []
    loads: list[Load] = []
    with tempfile.TemporaryDirectory(prefix="badapple-scale-") as name:
        root = Path(name)
        warm(root / "modules.json", root)
        for database in databases:
            plain = without_engine(database, root=root)
            print(f"{database}: a job without an engine takes {plain:.0f} ms of a processor", flush=True)
            crowds = [(count, 1) for count in args.jobs]
            crowds += [(args.shared, workers) for workers in args.workers] if database == "postgres" else []
            for count, workers in crowds:
                runs.append(measure(database, count=count, workers=workers, root=root, plain=plain))
                print(f"  {runs[-1]}", flush=True)
            loads.append(load(database, count=0, root=root, seconds=args.idle))
            print(f"  {loads[-1]}", flush=True)
            for count in args.waiting:
                loads.append(load(database, count=count, root=root))
                print(f"  {loads[-1]}", flush=True)
    _told(runs, loads)
    if args.json:
        body = {"runs": [asdict(run) for run in runs], "loads": [asdict(one) for one in loads]}
        args.json.write_text(json.dumps(body, indent=2) + "\n", encoding="utf-8")


def _told(runs: list[Run], loads: list[Load]) -> None:
    print("\n| database | workers | jobs | seconds | jobs/s | worker ms/job | engine ms/job | database ms/job |")
    print("|---|---|---|---|---|---|---|---|")
    for run in runs:
        print("|", " | ".join("" if value is None else str(value) for value in asdict(run).values()), "|")
    print("\n| database | waiting jobs | MB | threads | share of a core |\n|---|---|---|---|---|")
    for one in loads:
        print("|", " | ".join(map(str, asdict(one).values())), "|")


if __name__ == "__main__":
    main()
