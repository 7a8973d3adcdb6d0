"""A worker process: everything wired, from its first sign of life to its last."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import socket
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock, Timeout
from sqlalchemy import select
from sqlalchemy.orm import Session

from badapple import process
from badapple.assets import recipes as all_recipes
from badapple.assets.queued import FFMPEG, PART, QUEUES, STORIES
from badapple.assets.room import Room
from badapple.assets.slots import process_slots
from badapple.cache import Cache
from badapple.database import Job, open_database
from badapple.database.holders import Holder, Watcher
from badapple.engine import Engine, Here, Waiter, engine_url
from badapple.errors import ConfigError, InputError
from badapple.journal import Claims
from badapple.limits import Limiter
from badapple.limits.rules import ALLOWANCES
from badapple.pipeline.workshop import House
from badapple.providers.purchasing import Stake
from badapple.redis_client import get_redis
from badapple.storage import shared
from badapple.telemetry import logs, metrics, traces
from badapple.worker.sharing import Sharer
from badapple.worker.standing import standing
from badapple.worker.steward import STORY, Steward
from badapple.worker.stories import Stories
from badapple.worker.workshops import Workshops

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from sqlalchemy import Engine as Database
    from starlette.types import ASGIApp

    from badapple.api.running import ApiDoor
    from badapple.config import Settings
    from badapple.jobs import LocalDoorbell
    from badapple.limits.rules import Allowance
    from badapple.pipeline.workshop import Recipes

__all__ = ["GRACE", "Worker", "log_folder", "run_worker"]

GRACE = 8.0  #: seconds that a worker which is asked to end gives its parts to finish
_STORIES = 16  #: stories at once where nothing is said; one mostly waits
_SLOW_START = 3.0  #: seconds after which one more story is taken: a worker that keeps dying shall finish some
_ROOMY = 4  #: parts let in for each call that a vendor allows: they also upload, check, and wait for one another
_log = logging.getLogger("badapple.worker")


class Worker:
    """One worker process.

    Args:
        settings: where things lie.
        queues: which queues it takes from; None takes from all.
        concurrency: workflows of each queue at once; None fits the machine.
        recipes: returns how each kind of asset is made.
        allowances: vendor -> what it allows.

    Raises:
        ConfigError: the database is SQLite and has its worker already, or something is not set up.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        queues: Sequence[str] | None = None,
        concurrency: int | None = None,
        recipes: Recipes = all_recipes,
        allowances: Mapping[str, Allowance] = ALLOWANCES,
        bell: LocalDoorbell | None = None,
    ) -> None:
        self.settings = settings
        self.queues = _checked(queues)
        self._single = _only_one(settings)
        self.database: Database = open_database(settings.database_url)
        about = {"machine": socket.gethostname(), "process": os.getpid(), "queues": list(self.queues)}
        self.holder = Holder(self.database, settings.data_dir, lease=settings.lease, role="worker", about=about)
        watcher = Watcher(self.database, settings.data_dir, lease=settings.lease, trust_lock=False)
        self.watcher = watcher
        claims = Claims(self.holder, watcher.alive)
        limiter = Limiter(self.database, self.holder, watcher, allowances=allowances)
        stake = Stake(holder=self.holder, claims=claims, limiter=limiter)
        self.house = House(
            engine=self.database, storage=shared(settings), stake=stake, not_now=self._may_not_send, recipes=recipes
        )
        self.engine = Engine(
            engine_url(settings.database_url, settings.data_dir), executor=self.holder.id,
            queues=_measures(
                self.queues, settings, concurrency, allowances, at_most={FFMPEG: lambda: self.room.leaves}
            ),
        )  # fmt: skip
        self._waiter: Waiter | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self.workshops = Workshops(settings, self.house)
        self.room = Room(
            _places(self.queues, settings, concurrency), lone=self._single is not None, closed=lambda: self.draining
        )
        self.stories = Stories(
            settings, house=self.house, workshops=self.workshops, room=self.room, engine=self.engine,
            waiter=self._get_waiter, holder=self.holder, claims=claims, redis=get_redis() or bell,
            draining=lambda: self.draining,
        )  # fmt: skip
        self.engine.register(STORY, self._in_loop(self.stories.story))
        self.engine.register(PART, self._in_loop(self.stories.part))
        self.steward = Steward(
            self.database, self.engine, holder=self.holder, watcher=watcher, claims=claims, lease=settings.lease,
            folder=settings.data_dir / "tmp",
        )  # fmt: skip
        cache = Cache(settings.cache_dir, max_bytes=settings.cache_bytes, storage=self.house.storage)
        self._sharer = Sharer(self.database, cache) if cache.shares else None
        self.draining = False

    def start(self) -> None:
        """Begin to take work; to be called outside any event loop."""
        self.engine.launch()
        logs.adopt("dbos")
        self.steward.start()
        if self._sharer is not None:
            self._sharer.start()
        facts = {"worker": self.holder.id, "queues": list(self.queues), "database": self.database.dialect.name}
        _log.info("worker_started", extra=facts)

    def drain(self, grace: float = GRACE) -> None:
        """Take nothing new, let parts finish for a while, and hand the rest to other workers.

        Afterwards the process must end: what it handed back may be running elsewhere already.
        """
        self.draining = True
        self.engine.hold()
        _log.info("worker_drains", extra={"running": len(self.engine.running), "grace": grace})
        deadline = time.monotonic() + grace
        while time.monotonic() < deadline and self._makes_parts():
            time.sleep(0.1)
        self.steward.stop()
        self._pause()
        with contextlib.suppress(Exception):  # the database is away: others find out by the missing sign of life
            self.engine.hand_back()
            self.holder.close()
        process.end_children()
        _log.info("worker_ended", extra={"worker": self.holder.id})

    def _makes_parts(self) -> bool:
        return self.room.taken > 0 or any(name.count(":") > 1 for name in self.engine.running)

    def _pause(self) -> None:
        """Stop buying; what is at vendors stays there for whoever goes on."""
        loop = self._loop
        if loop is None:
            return
        tills = [workshop.purchasing.till for workshop in self.workshops.all() if workshop.purchasing is not None]

        async def pause() -> None:
            await asyncio.gather(*(till.pause() for till in tills))

        with contextlib.suppress(Exception):
            asyncio.run_coroutine_threadsafe(pause(), loop).result(2.0)

    def _may_not_send(self) -> bool:
        return self.draining or not self.holder.fresh()

    def _get_waiter(self) -> Waiter:
        if self._waiter is None:
            self._waiter = Waiter(self.engine)
        return self._waiter

    def _in_loop(self, work: Any) -> Any:
        async def called(name: str, body: dict[str, Any]) -> dict[str, Any]:
            self._loop = asyncio.get_running_loop()
            result: dict[str, Any] = await work(name, body)
            return result

        return called

    def alive(self) -> Mapping[str, bool]:
        """Return what must hold for this process to be left running."""
        return {"steward": self.steward.turning}

    async def ready(self) -> Mapping[str, bool]:
        """Return what must hold for this process to take work."""
        answers = await process.in_thread(self._answers)
        return {"database": answers, "sign_of_life": self.holder.fresh(), "taking_work": not self.draining}

    def _answers(self) -> bool:
        try:
            with Session(self.database) as session:
                session.execute(select(Job.id).limit(1)).all()
        except Exception:  # noqa: BLE001 - whatever it is, it does not answer
            return False
        return True


def run_worker(
    settings: Settings,
    *,
    queues: Sequence[str] | None = None,
    concurrency: int | None = None,
    recipes: Recipes = all_recipes,
    allowances: Mapping[str, Allowance] = ALLOWANCES,
    host: str = "127.0.0.1",
    port: int | None = None,
    door: ApiDoor | None = None,
) -> int:
    """Run a worker until SIGTERM or SIGINT; returns its exit code, or ends the process where work was handed on.

    Args:
        settings: where things lie.
        queues: which queues it takes from; None takes from all.
        concurrency: workflows of each queue at once; None fits the machine.
        recipes: returns how each kind of asset is made.
        allowances: vendor -> what it allows.
        host: where `/metrics`, `/healthz` and `/readyz` are served.
        port: of the same; 0 takes a free one, None serves nothing.
        door: serves the API there too, or None.

    Raises:
        ConfigError: the database is SQLite and has its worker already, or something is not set up.
    """
    process.settle()
    undo = logs.set_up(folder=log_folder(settings), stderr=True)
    traces.enable_traces(settings.traces_url)
    metrics.enable()
    try:
        worker = Worker(
            settings, queues=queues, concurrency=concurrency, recipes=recipes, allowances=allowances,
            bell=door.bell if door is not None else None,
        )  # fmt: skip
        metrics.watch(standing(worker.database, worker.engine, worker.watcher))
        app = door.application(alive=worker.alive, ready=worker.ready) if door is not None else None
        with _asked_to_end() as asked:
            worker.start()
            asyncio.run(_doors(worker, asked, door, app, host=host, port=port))
    except BaseException as error:
        _log.critical("worker_failed", extra={"reason": str(error) or type(error).__name__})
        undo()
        raise
    worker.drain()
    traces.disable_traces()
    undo()
    sys.stdout.flush()
    os._exit(0)  # what still runs here was handed to others


async def _doors(
    worker: Worker, asked: threading.Event, door: ApiDoor | None, app: ASGIApp | None, *, host: str, port: int | None
) -> None:
    from badapple.api.health import health_app, serving  # noqa: PLC0415 - an extra

    async with contextlib.AsyncExitStack() as stack:
        if port is not None:
            app = app or health_app(alive=worker.alive, ready=worker.ready)
            taken = await stack.enter_async_context(serving(app, host=host, port=port))
            _log.info("health_door_open", extra={"host": host, "port": taken})
            if door is not None:
                door.opened(taken)
        while not asked.is_set():  # noqa: ASYNC110 - a signal handler sets it, which may touch no event of the loop's
            await asyncio.sleep(0.1)


@contextlib.contextmanager
def _asked_to_end() -> Iterator[threading.Event]:
    """Yield the event that the first SIGTERM or SIGINT sets; the second ends the process at once."""
    asked = threading.Event()

    def ask(number: int, _frame: object) -> None:
        if asked.is_set():
            process.end_children()
            os._exit(128 + number)
        asked.set()

    before = {number: signal.signal(number, ask) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield asked
    finally:
        if not asked.is_set():
            for number, handler in before.items():
                signal.signal(number, handler)


def log_folder(settings: Settings) -> Path | None:
    """Return where a process that serves keeps its log, or None for nowhere."""
    if settings.log_dir is None:
        return Path("logs")
    return None if str(settings.log_dir) == "-" else settings.log_dir


def _checked(queues: Sequence[str] | None) -> tuple[str, ...]:
    wanted = tuple(dict.fromkeys(queues or QUEUES))
    for name in wanted:
        if name not in QUEUES:
            raise InputError(f"there is no queue {name!r}", hint=f"the queues are {', '.join(QUEUES)}")
    return wanted


def _measures(
    queues: Sequence[str],
    settings: Settings,
    concurrency: int | None,
    allowances: Mapping[str, Allowance],
    *,
    at_most: Mapping[str, Callable[[], int]],
) -> dict[str, Here]:
    """Return how much of each queue is run here, and everywhere."""
    found = {}
    # As many again wait at the machine's own slots: a queue is looked into only ten times a second.
    mine = {STORIES: _STORIES, FFMPEG: 2 * process_slots(settings.workers, settings.max_memory).count}
    for name in QUEUES:
        everywhere = _ROOMY * allowances[name].concurrency if name in allowances else None
        usual = mine.get(name, everywhere or _STORIES)
        here = (concurrency or usual) if name in queues else 0
        slow = _SLOW_START if name == STORIES else 0.0
        found[name] = Here(at_once=here, everywhere=everywhere, slow_start=slow, at_most=at_most.get(name))
    return found


def _places(queues: Sequence[str], settings: Settings, concurrency: int | None) -> int:
    """Return how many parts are made beside their stories at once."""
    if FFMPEG not in queues:
        return 0
    slots = process_slots(settings.workers, settings.max_memory).count
    return min(slots, concurrency or slots)


def _only_one(settings: Settings) -> FileLock | None:
    """Hold the lock of the one worker that a SQLite database may have.

    Raises:
        ConfigError: there is one already.
    """
    if not settings.database_url.startswith("sqlite"):
        return None
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    lock = FileLock(str(settings.data_dir / "worker.lock"))
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise ConfigError(
            f"the SQLite database in {settings.data_dir} has its worker already",
            hint="several workers need Postgres: set DATABASE_URL=postgresql://...",
        ) from None
    return lock
