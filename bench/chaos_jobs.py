"""Runs many jobs on four workers while things break, and judges the history by eight promises.

    .venv/bin/python -m bench.chaos_jobs [--scenario kill] [--jobs 1000] [--seed 1] [--workers 4] [--keep]

Each worker is a machine of its own: its folders are its own, and it shares with the others what real machines share: a
Postgres, a Redis, a storage folder, and the vendors. Vendors are simulated and keep ledgers; what costs a processor is
left out, see `badapple.testing.instant`. Each job buys a script, five voice lines and a clip. `bench/chaos/history.py`
says what is promised, `bench/chaos/nemeses.py` what goes wrong; what a scenario does follows from its seed.
"""

from __future__ import annotations

import argparse
import contextlib
import random
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bench.chaos import record
from bench.chaos.fleet import Fleet
from bench.chaos.history import INVARIANTS, check_history
from bench.chaos.nemeses import SCENARIOS, Field, SkipError
from bench.chaos.servers import Servers
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from badapple import jobs
from badapple.config import read_settings
from badapple.database import Job, open_database
from badapple.database.connection import make_engine
from badapple.database.schema import migrate
from badapple.engine import upgrade_engine
from badapple.jobs.orders import JobOrder
from badapple.media import ffmpeg as tools
from badapple.models import MakeOptions, Makers

if TYPE_CHECKING:
    from bench.chaos.history import Verdict
    from bench.chaos.nemeses import Scenario
    from sqlalchemy import Engine

    from badapple.config import Settings

__all__ = ["Result", "order", "prepared", "wait_for"]

OWNERS = 4
ENDED = ("completed", "failed", "cancelled")
LATENCY = {"messages": 0.05, "tts": 0.05, "minimax/hailuo-2.3-fast": 0.5}


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One scenario, played."""

    name: str
    jobs: int
    seconds: float
    kills: int
    recovered: int
    aside: int  #: jobs that were set aside because worker after worker died over them; tried again when all was quiet
    deaths: list[str]
    unmade: Counter[str]  #: jobs without a video, by their last words: nobody cancelled any, and no vendor failed
    verdict: Verdict

    def row(self) -> str:
        """Return the line of the table."""
        broken = self.verdict.broken
        marks = "  ".join(f"{name} {len(broken[name]) or 'ok':>3}" for name in INVARIANTS)
        told = (self.kills, len(self.deaths), self.recovered, self.aside, self.unmade.total())
        numbers = f"{self.jobs:6} {self.seconds:8.1f} " + " ".join(
            f"{number:{width}}" for number, width in zip(told, (6, 6, 9, 6, 6), strict=True)
        )
        return f"{self.name:10}{numbers} {self.verdict.repeats:8} {self.verdict.charges:8}  {marks}"


HEAD = "scenario    jobs  seconds  kills deaths recovered  aside unmade  repeats  charges"


def order(number: int) -> JobOrder:
    """Return the order of a job that shares nothing with any other."""
    makers = Makers(provider="cloud", cta_by="offline", max_cost=2_000_000)
    options = MakeOptions(makers=makers, seed=number)
    return JobOrder(
        product_name=f"Item {number:05}", style="minimal", cta_text=f"Get {number:05}", options=options, agreed=True
    )


def prepared(servers: Servers) -> tuple[Settings, Engine]:
    """Make the tables and return how the bench itself reaches them."""
    env = servers.environment("bench", lease=15.0)
    mark = "&" if "?" in env["BADAPPLE_DATABASE_URL"] else "?"
    env["BADAPPLE_DATABASE_URL"] += f"{mark}application_name=bench"
    settings = read_settings(env)
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    upgrade_engine(settings.database_url)
    fresh = make_engine(settings.database_url)
    migrate(fresh)
    fresh.dispose()
    engine = open_database(settings.database_url)
    return settings, engine


def wait_for(engine: Engine, count: int, *, fleet: Fleet, seconds: float, told: bool = True) -> Counter[str]:
    """Wait until so many jobs have ended; return how many have which status."""
    until, shown, found = time.monotonic() + seconds, time.monotonic(), Counter[str]()
    while time.monotonic() < until:
        with contextlib.suppress(SQLAlchemyError), Session(engine) as session:  # the database may be away
            rows = session.execute(select(Job.status, func.count()).group_by(Job.status))
            found = Counter(status for status, number in rows for _ in range(number))
        if sum(found[status] for status in ENDED) >= count:
            break
        fleet.revive()
        if told and time.monotonic() - shown > 15:
            shown = time.monotonic()
            print(f"  {dict(found)}, {fleet.kills} kills, {len(fleet.deaths)} deaths", flush=True)
        time.sleep(0.25)
    return found


def warm(modules: Path, root: Path) -> None:
    """Run one job to learn what workers load, so that later ones are forked with all of it."""
    with Servers() as servers:
        settings, engine = prepared(servers)
        jobs.submit(order(0), settings)
        with Fleet(root / "warm", modules, {"m1": servers.environment("m1", lease=15.0)}) as fleet:
            fleet.start("m1", modules=str(modules))
            found = wait_for(engine, 1, fleet=fleet, seconds=90, told=False)
            if found["completed"] != 1:
                sys.exit(f"not even one job was made: {dict(found)}\n{fleet.log('m1').read_text()[-3000:]}")
            time.sleep(1)  # it writes down what it has loaded
            fleet.end("m1")
        engine.dispose()
    assert modules.is_file()


def play(name: str, scenario: Scenario, *, args: argparse.Namespace, root: Path) -> Result:
    """Play one scenario to its end and judge it."""
    with Servers(latency=LATENCY) as servers:
        settings, engine = prepared(servers)
        record.install(engine)
        machines = [f"m{number}" for number in range(1, args.workers + 1)]
        environments = {machine: servers.environment(machine, lease=scenario.lease) for machine in machines}
        fleet = Fleet(root / name, root / "modules.json", environments, concurrency=args.concurrency)
        field = Field(
            chance=random.Random(args.seed), over=threading.Event(), fleet=fleet, servers=servers, lease=scenario.lease,
            told=lambda line: print(f"  {line}", flush=True),
        )  # fmt: skip
        try:
            if scenario.prepare is not None:
                scenario.prepare(field)
            accepted = [jobs.submit(order(n), settings, owner=f"shop-{n % OWNERS}") for n in range(1, args.jobs + 1)]
            with fleet:
                seconds = _through(field, scenario, engine, args=args)
                retried = _again(field, settings, engine, args=args)
                begun = record.runs(engine)
                kills, deaths = fleet.kills, list(fleet.deaths)
                _sweep(fleet)
            history = record.read(
                engine, servers.sims, accepted, machines=[servers.root / machine for machine in machines],
                storage=servers.root / "storage", ffmpeg=tools.locate(), retried=retried,
            )  # fmt: skip
        finally:
            if scenario.tidy is not None:
                scenario.tidy(field)
            engine.dispose()
        made = {job.id for job in history.jobs if job.status == "completed"}
        last = {event.job: f"{event.stage}: {event.message[:160]}" for event in history.events}
        return Result(
            name=name, jobs=len(accepted), seconds=seconds, kills=kills, aside=len(retried),
            recovered=begun - len(accepted), deaths=deaths,
            unmade=Counter(last.get(job, "no word") for job in accepted if job not in made),
            verdict=check_history(history),
        )  # fmt: skip


def _through(field: Field, scenario: Scenario, engine: Engine, *, args: argparse.Namespace) -> float:
    """Let workers and nemesis loose on the jobs; return the seconds until the last has ended."""
    field.fleet.start_all()
    begun = time.monotonic()
    failed: list[Exception] = []

    def act() -> None:
        try:
            scenario.act(field)
        except Exception as error:  # noqa: BLE001 - a scenario that did not play proves nothing
            failed.append(error)

    nemesis = threading.Thread(target=act, name="nemesis")
    nemesis.start()
    try:
        wait_for(engine, args.jobs, fleet=field.fleet, seconds=args.patience)
        return time.monotonic() - begun
    finally:
        field.over.set()
        nemesis.join(60)
        field.servers.proxy.set("pass")
        if failed:
            raise failed[0]


def _again(field: Field, settings: Settings, engine: Engine, *, args: argparse.Namespace) -> list[str]:
    """Try the jobs again that were set aside, as a person would when the storm is over; return them.

    Random kills cannot be told from a job that kills; that is what trying again is for. Nothing may be bought twice.
    """
    with Session(engine) as session:
        aside = session.scalars(
            select(Job.id).where(Job.status == "failed", Job.error_message.contains("crashed"))
        ).all()
    for job in aside:
        jobs.retry(job, settings)
    if aside:
        print(f"  {len(aside)} jobs that were set aside are tried again", flush=True)
        wait_for(engine, args.jobs, fleet=field.fleet, seconds=args.patience)
    return list(aside)


def _sweep(fleet: Fleet) -> None:
    """End all workers as a deploy does; a last one on each machine removes what the dead have left there."""
    for again in (False, True):
        for machine in fleet.machines:
            if again:
                fleet.start(machine)
        if again:
            time.sleep(5)
        for machine in fleet.machines:
            try:
                fleet.end(machine)
            except TimeoutError as error:
                print(f"  {error} 30 s after SIGTERM", flush=True)
                fleet.kill(machine, counted=False)


def main() -> None:
    """Play the scenarios, print the table; exit with 1 where a promise was broken."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "--scenario", action="append", choices=list(SCENARIOS), help="several may be given; all by default"
    )
    parser.add_argument("--jobs", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--concurrency", type=int, default=None, help="jobs at once in one worker")
    parser.add_argument("--patience", type=float, default=3600.0, help="seconds after which a scenario is given up")
    parser.add_argument("--logs", type=Path, help="folder that keeps the workers' logs")
    args = parser.parse_args()
    names = args.scenario or list(SCENARIOS)
    print(f"seed {args.seed}, {args.jobs} jobs, {args.workers} workers: {', '.join(names)}", flush=True)
    results: list[Result] = []
    with contextlib.ExitStack() as stack:
        root = args.logs or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="badapple-chaos-")))
        root.mkdir(parents=True, exist_ok=True)
        warm(root / "modules.json", root)
        for name in names:
            print(f"{name}: {SCENARIOS[name].about}", flush=True)
            try:
                results.append(play(name, SCENARIOS[name], args=args, root=root))
            except SkipError as why:
                print(f"  skipped: {why}", flush=True)
                continue
            print(f"{HEAD}\n{results[-1].row()}", flush=True)
    sys.exit(_told(results))


def _told(results: list[Result]) -> int:
    """Print the table of all scenarios and what was broken; return the exit code."""
    print(f"\n{HEAD}")
    base = next((result.seconds / result.jobs for result in results if result.name == "calm"), None)
    bad = False
    for result in results:
        print(result.row())
        for line in result.verdict.lines():
            print(f"    {line}")
        for words, times in result.unmade.most_common(5):
            print(f"    {times} without a video: {words}")
        for death in Counter(result.deaths).most_common(5):
            print(f"    a worker ended by itself, {death[1]} times: {death[0]}")
        most, share = SCENARIOS[result.name].most, result.seconds / result.jobs / base if base else None
        slow = most is not None and share is not None and share > most
        if slow:
            print(f"    it took {share:.2f} times the undisturbed time; {most:g} is the most")
        bad = bad or slow or bool(result.unmade) or not result.verdict.holds
    return int(bad)


if __name__ == "__main__":
    main()
