"""The engine of this process: one DBOS instance with queues of our own measure."""

from __future__ import annotations

import functools
import logging
import os
import random
import sqlite3
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy.engine import make_url

from badapple.engine.quiet import Quieter
from badapple.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence

    from dbos import DBOSClient

    Work = Callable[[str, dict[str, Any]], Awaitable[dict[str, Any]]]

__all__ = ["VERSION", "Engine", "Here", "State", "engine_url", "upgrade_engine"]

#: Of the shape of workflows. Workers take only work of their own version: it changes with a drain, not with a release.
VERSION = "wf-1"
_SCHEMA = "badapple_engine"
_INTERNAL = "_dbos_internal_queue"  #: for what never had a queue; everything here has one
_APP = "badapple"
_THREADS = 12  #: DBOS' own default is unbounded: thousands of threads with a thousand jobs
#: Seconds between two looks into a queue that had something, in a busy process, in an idle one; own work rings a bell.
_BUSY, _CALM, _IDLE = 0.1, 0.8, 1.0
_SLOWER = 1.6  #: times as long until the next look, while there is nothing
_NOW = 0.005  #: seconds that DBOS itself waits before a look
_STAYS_BUSY = 3.0  #: seconds for which it is looked into often after something was there
_LISTENS = 0.5  #: seconds between looks for messages, which nobody sends; on SQLite the end of a process waits for one
_OPEN = ("ENQUEUED", "PENDING", "DELAYED")
_ENDED = ("SUCCESS", "ERROR", "CANCELLED")
ANY = (*_OPEN, *_ENDED)  #: every status there is


@dataclass(frozen=True, slots=True, kw_only=True)
class Here:
    """How much of one queue is run.

    Attributes:
        at_once: workflows in this process; 0 where it does not listen.
        everywhere: workflows in all processes together, or None.
        slow_start: seconds after which one more is taken, from one on, later twice as many each four times as long; 0
            takes all at once. Each `Engine.earn` adds one. A process that keeps dying then finishes some.
        at_most: asked on each look: how many may be run here just now; None sets no bound but `at_once`.
    """

    at_once: int
    everywhere: int | None = None
    slow_start: float = 0.0
    at_most: Callable[[], int] | None = None

    def now(self, age: float, earned: int = 0) -> int:
        """Return how many are run at once in a process that is `age` seconds old and has got on so many times."""
        most = self.at_once if self.at_most is None else min(self.at_once, self.at_most())
        if not self.slow_start:
            return most
        steps = min(age / self.slow_start, 100.0)
        return min(most, 1 + earned + int(max(steps, 2 ** (steps / 4) - 1)))


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """Where a workflow is.

    Attributes:
        id: of the workflow.
        status: `ENQUEUED`, `PENDING` while it runs, `SUCCESS`, `ERROR`, `CANCELLED`, ...
        output: what its function returned, where it has.
        executor: who ran it last.
        body: what its function gets, where it was asked for.
    """

    id: str
    status: str
    output: dict[str, Any] | None = None
    executor: str | None = None
    body: Mapping[str, Any] = field(default_factory=dict)

    @property
    def ended(self) -> bool:
        """Whether it will not change any more by itself."""
        return self.status not in _OPEN


class Engine:
    """Runs workflows in this process; there is one of it in a process.

    Args:
        url: of the engine's own tables; see `engine_url`.
        executor: names this process, as its sign of life does.
        queues: queue -> how much of it is run here.
        threads: threads for all workflows together.
    """

    def __init__(self, url: str, *, executor: str, queues: Mapping[str, Here], threads: int = _THREADS) -> None:
        try:
            import dbos  # noqa: PLC0415 - an extra, and heavy
        except ImportError as error:
            raise ConfigError(
                "serving jobs needs the engine, which is not installed", hint="pip install 'badapple[serve]'"
            ) from error
        self._dbos = dbos
        self._executor = executor
        self._queues = dict(queues)
        self._bells = {name: threading.Event() for name in queues}
        self._closing = False
        self._earned = dict.fromkeys(queues, 0)
        self._held: set[str] = set()
        self._began = time.monotonic()
        self._seen_busy = 0.0
        self._known: dict[str, Any] = {}
        self._intervals: dict[str, float] = {}
        self._last_running: dict[str, int] = {}
        self._client: DBOSClient | None = None
        sqlite = url.startswith("sqlite")
        if sqlite:
            _make_file(url)
        dbos.DBOS(
            config={
                "name": _APP, "system_database_url": url, "dbos_system_schema": _SCHEMA, "executor_id": executor,
                "application_version": VERSION, "max_executor_threads": threads, "run_migrations": sqlite,
                "sys_db_pool_size": 8, "sys_db_polling_concurrency": 4, "log_level": "WARNING",
                "notification_listener_polling_interval_sec": _LISTENS, "scheduler_polling_interval_sec": 3600.0,
            }
        )  # fmt: skip
        logging.getLogger("dbos").addFilter(Quieter())

    def register(self, name: str, work: Work) -> None:
        """Make a function known; before `launch`.

        Args:
            name: what `enqueue` calls it; never changes as long as one may be under way.
            work: gets the workflow's id and body and returns its outcome, all JSON. It is cancelled when its workflow
                is, and run again from its start when its process dies.
        """
        step = self._dbos.DBOS.step(name=f"{name}_step", preemptible=True)(functools.partial(_called, work))

        async def workflow(body: dict[str, Any]) -> dict[str, Any]:
            return await step(self._dbos.DBOS.workflow_id or "", body)

        workflow.__qualname__ = workflow.__name__ = name
        # How often it is taken up again is for whoever recovers to say: see `recover`.
        self._dbos.DBOS.workflow(name=name, max_recovery_attempts=None)(workflow)

    def launch(self) -> None:
        """Begin to take work; to be called outside any event loop.

        Raises:
            ConfigError: the engine's tables are missing or behind.
        """
        DBOS = self._dbos.DBOS  # noqa: N806 - it is a class
        listening = [name for name, here in self._queues.items() if here.at_once]
        DBOS.listen_queues(listening)
        try:
            DBOS.launch()
        except Exception as error:
            DBOS.destroy()
            raise ConfigError(f"the engine cannot start: {error}", hint="run `badapple db upgrade` first") from error
        database = self._database
        # In DBOS a queue has one limit for all processes; ours differ by machine, and look less often when idle.
        database.get_queue = functools.partial(self._tuned, database.get_queue)
        # It asks, on every look into every queue, whether work without a version may be taken; here all work has one.
        database._is_latest_version = _no_matter  # noqa: SLF001 - as above
        for name, here in self._queues.items():
            DBOS.register_queue(
                name, global_concurrency=here.everywhere, polling_interval_sec=_BUSY, on_conflict="always_update"
            )
        self._client = self._dbos.DBOSClient(
            system_database_engine=database.engine, dbos_system_schema=_SCHEMA, application_name=_APP
        )

    @property
    def _database(self) -> Any:
        from dbos._dbos import _get_dbos_instance  # noqa: PLC0415 - private; see tests/engine/test_contract.py

        return _get_dbos_instance()._sys_db  # noqa: SLF001 - as above

    @property
    def running(self) -> tuple[str, ...]:
        """Workflows that run in this process now."""
        return tuple(self._active.activeList())

    @property
    def _active(self) -> Any:
        from dbos._dbos import _get_dbos_instance  # noqa: PLC0415 - as above

        return _get_dbos_instance()._active_workflows_set  # noqa: SLF001 - as above

    def _tuned(self, original: Callable[..., Any], name: str, **words: Any) -> Any:
        if name not in self._queues:
            return original(name, **words)
        queue = self._known.get(name) or original(name, **words)
        if queue is None:
            return None
        self._known[name] = queue  # its row says what every worker says: it is read once, not ten times a second
        if threading.current_thread().name == f"queue-worker-{name}":
            self._wait(name)
        age = time.monotonic() - self._began
        queue._worker_concurrency = 0 if name in self._held else self._queues[name].now(age, self._earned[name])  # noqa: SLF001 - as above
        queue._polling_interval_sec = _NOW  # noqa: SLF001 - as above
        return queue

    def _wait(self, name: str) -> None:
        """Wait until it is time to look into a queue: DBOS' own wait knows no bell."""
        if not self._closing:
            self._bells[name].wait(self._interval(name) * random.uniform(0.95, 1.05))
        self._bells[name].clear()

    def _interval(self, name: str) -> float:
        """Return the seconds until the next look into a queue: soon where the last one found something, else later."""
        running = self._active.count_for_queue(name)
        age = time.monotonic() - self._began
        full = running >= self._queues[name].now(age, self._earned[name])  # such a look costs nothing
        if full or running > self._last_running.get(name, 0):
            self._intervals[name] = _BUSY
        else:
            self._intervals[name] = min(self._intervals.get(name, _BUSY) * _SLOWER, _CALM if self.busy else _IDLE)
        self._last_running[name] = running
        return self._intervals[name]

    @property
    def busy(self) -> bool:
        """Whether there was something to do here in the last seconds."""
        if self.running:
            self._seen_busy = time.monotonic()
        return time.monotonic() - self._seen_busy < _STAYS_BUSY

    def enqueue(self, name: str, body: Mapping[str, Any], *, id: str, queue: str, priority: int = 1) -> None:  # noqa: A002 - what it is called
        """Put a workflow into a queue, unless one with this id is there already; lower priorities (1 up) go first."""
        self._seen_busy = time.monotonic()
        self._ask.enqueue(
            {
                "workflow_name": name, "queue_name": queue, "workflow_id": id, "app_version": VERSION,
                "priority": priority, "serialization_type": self._dbos.WorkflowSerializationFormat.PORTABLE,
            },
            dict(body),
        )  # fmt: skip
        if queue in self._bells:
            self._intervals[queue] = _BUSY
            self._bells[queue].set()

    def states(self, ids: Sequence[str]) -> dict[str, State]:
        """Return where workflows are; one that is not known is missing."""
        if not ids:
            return {}
        rows = self._ask.list_workflows(workflow_ids=list(ids), load_input=False)
        return {row.workflow_id: _state(row) for row in rows}

    def below(self, prefix: str, *, status: Iterable[str] = _OPEN) -> list[State]:
        """Return the workflows whose ids begin so."""
        rows = self._ask.list_workflows(
            workflow_id_prefix=prefix, status=list(status), load_input=False, load_output=False
        )
        return [_state(row) for row in rows]

    def pending(self) -> dict[str, list[State]]:
        """Return who runs what: executor -> workflows."""
        found: dict[str, list[State]] = {}
        for row in self._ask.list_workflows(status="PENDING", load_input=False, load_output=False):
            found.setdefault(row.executor_id or "", []).append(_state(row))
        return found

    def run_by(self, executor: str) -> list[State]:
        """Return what one process runs by the database, with the bodies."""
        return [_state(row) for row in self._ask.list_workflows(status="PENDING", executor_id=executor)]

    def cancel(self, ids: Sequence[str]) -> None:
        """End workflows; functions that run are cancelled within about a second."""
        if ids:
            self._ask.cancel_workflows(list(ids))

    def recover(self, executors: Sequence[str]) -> None:
        """Put what these executors ran back into its queues; may be done twice, by several processes."""
        if executors:
            self._dbos.DBOS._recover_pending_workflows(list(executors))  # noqa: SLF001 - the only way without a control plane

    def ended(self, limit: int) -> list[State]:
        """Return workflows that have ended and are not purged yet, with their bodies, the oldest first."""
        rows = self._ask.list_workflows(status=list(_ENDED), load_output=False, limit=limit)
        return [_state(row) for row in rows]

    def put_back(self, ids: Iterable[str]) -> None:
        """Put workflows that this process runs by the database, and does not run, back into their queues."""
        for name in ids:
            self._database.reenqueue_for_recovery(name, [self._executor], _INTERNAL)

    def purge(self, prefix: str) -> None:
        """Forget the ended workflows whose ids begin so."""
        ended = [row.id for row in self.below(prefix, status=_ENDED)]
        if ended:
            self._ask.delete_workflows(ended)

    def depths(self) -> dict[str, tuple[int, float]]:
        """Return queue -> (workflows that wait, seconds that the oldest of them has waited)."""
        found: dict[str, tuple[int, float]] = {}
        now = time.time()
        for row in self._ask.list_workflows(status="ENQUEUED", load_input=False, load_output=False, limit=20_000):
            count, oldest = found.get(row.queue_name or "", (0, 0.0))
            waited = max(0.0, now - (row.created_at or 0) / 1000)
            found[row.queue_name or ""] = (count + 1, max(oldest, waited))
        return found

    def earn(self, queue: str) -> None:
        """Take one more from a queue that began slowly: what was taken before has got on."""
        self._earned[queue] += 1
        self._bells[queue].set()

    def hold(self, *queues: str) -> None:
        """Take nothing new from these queues, or from any; what runs goes on."""
        self._held |= set(queues or self._queues)

    def release(self) -> None:
        """Take new work again, from every queue."""
        self._held.clear()

    def hand_back(self) -> None:
        """Put what runs here back into its queues, for other processes to take up: this one is about to end."""
        self.recover([self._executor])

    def close(self) -> None:
        """End the engine of this process; what runs is left as it is."""
        self._client = None
        self._closing = True
        for bell in self._bells.values():
            bell.set()
        self._dbos.DBOS.destroy()

    @property
    def _ask(self) -> DBOSClient:
        if self._client is None:
            raise RuntimeError("the engine is not launched")
        return self._client


async def _called(work: Work, name: str, body: dict[str, Any]) -> dict[str, Any]:
    return await work(name, body)


def _no_matter(*_: object) -> bool:
    return False


def _state(row: Any) -> State:
    output = row.output if isinstance(row.output, dict) else None
    given = row.input["args"] if row.input else ()
    body = given[0] if given and isinstance(given[0], dict) else {}
    return State(id=row.workflow_id, status=str(row.status), output=output, executor=row.executor_id, body=body)


def engine_url(database_url: str, folder: Path) -> str:
    """Return where the engine's tables are: the same Postgres in a schema of its own, or a second SQLite file.

    Args:
        database_url: of badapple's own tables.
        folder: the data folder.
    """
    url = make_url(database_url)
    if url.get_backend_name() != "sqlite":
        return url.set(drivername="postgresql").render_as_string(hide_password=False)
    beside = Path(url.database).parent if url.database and url.database != ":memory:" else folder
    return f"sqlite:///{beside / 'engine.db'}"


def upgrade_engine(database_url: str) -> None:
    """Make or migrate the engine's tables in a Postgres; does nothing where they are up to date.

    Raises:
        ConfigError: the engine is not installed.
    """
    if make_url(database_url).get_backend_name() == "sqlite":
        return  # launching does it
    try:
        from dbos import DBOS  # noqa: PLC0415 - an extra, and heavy
    except ImportError as error:
        raise ConfigError("the engine is not installed", hint="pip install 'badapple[serve]'") from error
    DBOS.migrate(engine_url(database_url, Path()), schema=_SCHEMA)


def _make_file(url: str) -> None:
    """Make the SQLite file with a write-ahead log; DBOS itself never switches it on."""
    path = make_url(url).database
    if path:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(path)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.close()
        os.chmod(path, 0o600)  # noqa: PTH101 - bodies may name what a shop has not shown yet
