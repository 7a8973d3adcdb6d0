"""What goes wrong while jobs run. Each is a function that runs until it is told to stop, by chance of a seed."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import redis
from sqlalchemy import create_engine, text

if TYPE_CHECKING:
    import random
    import threading
    from collections.abc import Callable

    from bench.chaos.fleet import Fleet
    from bench.chaos.servers import Servers

__all__ = ["SCENARIOS", "Field", "Scenario", "SkipError"]


class SkipError(Exception):
    """A scenario cannot be played on this machine; says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """Where a nemesis acts.

    Attributes:
        chance: the only source of chance, so that a seed replays it.
        over: set when it must stop.
        fleet: the workers.
        servers: what they share.
        lease: seconds.
        told: takes a line for the log.
    """

    chance: random.Random
    over: threading.Event
    fleet: Fleet
    servers: Servers
    lease: float
    told: Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """A nemesis with what it needs.

    Attributes:
        act: the nemesis.
        lease: seconds that workers are given.
        prepare: called before workers start, with the field; may raise SkipError.
        tidy: called when all is over.
        most: how many times the undisturbed time it may take, or None.
        about: for people.
    """

    act: Callable[[Field], None]
    about: str
    lease: float = 2.0
    prepare: Callable[[Field], None] | None = None
    tidy: Callable[[Field], None] | None = None
    most: float | None = None


def calm(field: Field) -> None:
    """Do nothing."""
    field.over.wait()


def kill(field: Field) -> None:
    """Kill some worker each 0.2 to 2 s; another takes its place at once."""
    while not field.over.wait(field.chance.uniform(0.2, 2.0)):
        field.fleet.replace(field.chance.choice(field.fleet.machines))


def lose(field: Field) -> None:
    """Kill some worker each 3 to 10 s; its machine comes back after more than a lease."""
    while not field.over.wait(field.chance.uniform(3.0, 10.0)):
        machine = field.chance.choice(field.fleet.machines)
        with field.fleet.away(machine):
            field.over.wait(field.lease * 1.5)


def postgres(field: Field) -> None:
    """Crash the database each 5 to 40 s."""
    while not field.over.wait(field.chance.uniform(5.0, 40.0)):
        field.told("Postgres crashes")
        field.servers.postgres.restart()


def bus(field: Field) -> None:
    """Take Redis away for 60 s, swallow what is sent to it for 60 s, empty it."""
    proxy = field.servers.proxy
    while not field.over.wait(field.chance.uniform(2.0, 6.0)):
        for mode in ("down", "blackhole"):
            field.told(f"Redis: {mode}")
            proxy.set(mode)
            field.over.wait(60)
            proxy.set("pass")
            if field.over.wait(field.chance.uniform(2.0, 5.0)):
                return
        field.told("Redis: emptied")
        redis.Redis(port=field.servers.redis_port).flushall()


def pause(field: Field) -> None:
    """Stop some worker for longer than its lease, then let it go on: it must find that it has lost its jobs."""
    while not field.over.wait(field.chance.uniform(1.0, 4.0)):
        machine = field.chance.choice(field.fleet.machines)
        field.fleet.signal(machine, signal.SIGSTOP)
        try:
            field.over.wait(field.lease * field.chance.uniform(1.5, 3.0))
        finally:
            field.fleet.signal(machine, signal.SIGCONT)


def small_disk(field: Field) -> None:
    """Give the first machine a disk of 48 MB."""
    if os.geteuid() != 0 or shutil.which("mount") is None:
        raise SkipError("a small disk needs root and mount")
    place = _disk(field)
    place.mkdir(parents=True, exist_ok=True)
    try:
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=48m", "tmpfs", str(place)], check=True, capture_output=True)
    except subprocess.CalledProcessError as error:
        raise SkipError(f"a small disk cannot be mounted here: {error.stderr.decode().strip()}") from error


def full_disk(field: Field) -> None:
    """Fill the first machine's disk for some seconds, again and again."""
    while not field.over.wait(field.chance.uniform(1.0, 4.0)):
        filler = _disk(field) / "filler"
        field.told("the disk of the first machine is full")
        with contextlib.suppress(OSError), filler.open("wb") as file:
            while True:
                file.write(bytes(65536))
        field.over.wait(field.chance.uniform(3.0, 8.0))
        filler.unlink(missing_ok=True)


def unmount(field: Field) -> None:
    """Take the small disk away."""
    subprocess.run(["umount", "-l", str(_disk(field))], check=False, capture_output=True)


def _disk(field: Field) -> Path:
    return field.servers.root / field.fleet.machines[0] / "cache"


def twice(field: Field) -> None:
    """Deliver work twice: running workflows of living workers go back into their queues, jobs are dispatched anew."""
    engine = create_engine(field.servers.postgres.url)
    again = text(
        "UPDATE badapple_engine.workflow_status SET status = 'ENQUEUED', started_at_epoch_ms = NULL "
        "WHERE status = 'PENDING' AND queue_name IS NOT NULL AND random() < :share"
    )
    anew = text(
        "UPDATE badapple.jobs SET dispatched = 0 WHERE status IN ('pending', 'processing') AND random() < :share"
    )
    while not field.over.wait(field.chance.uniform(0.5, 2.0)):
        with engine.begin() as connection:
            put = connection.execute(again, {"share": 0.05}).rowcount
            told = connection.execute(anew, {"share": 0.2}).rowcount
        field.told(f"{put} running workflows are in their queues again, {told} jobs are dispatched anew")
    engine.dispose()


def clock(field: Field) -> None:
    """Do nothing more: `bend` set the clocks."""
    field.over.wait()


def bend(field: Field) -> None:
    """Let the clocks of three machines be wrong: an hour ahead, an hour behind, ninety days ahead."""
    if shutil.which("faketime") is None:
        raise SkipError("moved clocks need faketime: apt install faketime")
    library = next(iter(_libraries()), None)
    if library is None:
        raise SkipError("the library of faketime is not where it should be")
    for machine, offset in zip(field.fleet.machines, ("+1h", "-1h", "+90d"), strict=False):
        field.fleet.preload(machine, {"LD_PRELOAD": library, "FAKETIME": offset, "FAKETIME_DONT_FAKE_MONOTONIC": "1"})


def _libraries() -> list[str]:
    return [str(path) for path in Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1")]


SCENARIOS = {
    "calm": Scenario(act=calm, about="nothing happens"),
    "kill": Scenario(act=kill, about="SIGKILL of one of four workers each 0.2 to 2 s"),
    "lose": Scenario(act=lose, about="a machine is lost each 3 to 10 s, for longer than its lease of 2 s", most=2.0),
    "postgres": Scenario(act=postgres, about="Postgres crashes each 5 to 40 s", lease=15.0),
    "redis": Scenario(act=bus, about="Redis down 60 s, swallowing 60 s, emptied", lease=15.0, most=1.2),
    "pause": Scenario(act=pause, about="a worker stands still for longer than its lease, then goes on"),
    "disk": Scenario(act=full_disk, about="the disk of one machine is full", prepare=small_disk, tidy=unmount),
    "twice": Scenario(act=twice, about="work is delivered twice", lease=15.0),
    "clock": Scenario(act=clock, about="the clocks of three machines are wrong by hours and days", prepare=bend),
}
