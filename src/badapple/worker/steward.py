"""The steward: hands jobs to the engine, and takes care of those whose worker died."""

from __future__ import annotations

import contextlib
import logging
import shutil
import threading
import time
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import case, func, or_, select, update
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import SQLAlchemyError

from badapple.assets.queued import STORIES, Attempt
from badapple.database import Call, Job, Part, Receipt, again, once
from badapple.database.tables import now
from badapple.database.transactions import Mark
from badapple.errors import PoisonJobError
from badapple.journal import decisions
from badapple.models import CallState, JobStatus
from badapple.models import failure as failures
from badapple.pipeline.endings import end_job
from badapple.telemetry import metrics

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from sqlalchemy import ColumnElement, Update
    from sqlalchemy import Engine as Database
    from sqlalchemy.orm import Session

    from badapple.database.holders import Holder, Watcher
    from badapple.engine import Engine, State
    from badapple.journal import Claims

__all__ = ["ALONE_AFTER", "POISON_AFTER", "STORY", "Steward", "place_in_queue"]

STORY = "story"
ALONE_AFTER = 2  #: crashes with nothing new between them after which it runs alone, to see whose fault they are
POISON_AFTER = 3  #: crashes with nothing new between them, the last one alone
_TICK, _IDLE = 0.5, 1.0  #: seconds between two rounds, with and without work here
_HUNG = 120.0  #: seconds without a round after which the process is of no use; a database may be away for a while
_BATCH = 200
#: Priority of a job -> where its class begins in the engine's order.
_CLASSES = {1: 0, 0: 700_000_000, -1: 1_400_000_000}
_TIDY = 60.0  #: seconds between two rounds of tidying up
_CLOSED = (JobStatus.COMPLETED.value, JobStatus.FAILED.value, JobStatus.CANCELLED.value)
_log = logging.getLogger("badapple.worker")


def place_in_queue(priority: int, turn: int) -> int:
    """Return the engine's number for a job, lower first: by priority, then by turn."""
    return _CLASSES[max(-1, min(1, priority))] + 1 + min(turn, 699_999_998)


class Steward:
    """Runs in a thread of its own in every worker; what several of them do at once is done once.

    Args:
        database: of the jobs.
        engine: of this process.
        holder: this process' sign of life.
        watcher: tells who is alive.
        claims: tells which calls somebody works on.
        lease: seconds without a sign of life after which a worker is dead.
        folder: holds the temporary folders of jobs on this machine.
    """

    def __init__(
        self,
        database: Database,
        engine: Engine,
        *,
        holder: Holder,
        watcher: Watcher,
        claims: Claims,
        lease: float,
        folder: Path,
    ) -> None:
        self._claims = claims
        self._folder = folder
        self._database = database
        self._engine = engine
        self._holder = holder
        self._watcher = watcher
        self._lease = lease
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._rounds, name="badapple-steward", daemon=True)
        self._heart = threading.Thread(target=self._beats, name="badapple-heart", daemon=True)
        self._turned = time.monotonic()
        self._missing: set[str] = set()
        self._due = dict.fromkeys(("reap", "tidy"), 0.0)

    def start(self) -> None:
        """Begin the rounds."""
        self._heart.start()
        self._thread.start()

    def stop(self) -> None:
        """End the rounds; waits for the one under way."""
        self._stop.set()
        for thread in (self._thread, self._heart):
            if thread.is_alive():
                thread.join(5)

    @property
    def turning(self) -> bool:
        """Whether the rounds go on."""
        return self._thread.is_alive() and time.monotonic() - self._turned < _HUNG

    def _beats(self) -> None:
        """Show that this process lives; nothing else is done here, so that nothing else can keep it from it."""
        while not self._stop.wait(self._lease / 5):
            with contextlib.suppress(Exception):  # the next beat tells; until then nothing is sent
                self._holder.beat()

    def _rounds(self) -> None:
        away = False
        while not self._stop.wait(_TICK if self._engine.busy else _IDLE):
            self._turned = time.monotonic()
            try:
                self.round()
                if away:
                    _log.info("steward_back")
                away = False
            except Exception as error:  # noqa: BLE001 - a database that is away comes back; the next round does all
                if not away:
                    _log.warning("steward_waits", extra={"reason": str(error)}, exc_info=not _is_database(error))
                away = True

    def round(self) -> None:
        """Do once what is due."""
        if self._is_due("reap", min(2.0, self._lease / 8)):
            self.reap()
        self.dispatch()
        if self._is_due("tidy", _TIDY):
            self._watcher.sweep()
            self._tidy()
            self._remove_folders()

    def _is_due(self, what: str, every: float) -> bool:
        moment = time.monotonic()
        if moment < self._due[what]:
            return False
        self._due[what] = moment + every
        return True

    def dispatch(self) -> None:
        """Hand pending jobs to the engine, and take cancelled ones from it."""
        under_way = (JobStatus.PENDING.value, JobStatus.PROCESSING.value)
        waiting = Job.status.in_(under_way) & (Job.dispatched != Job.attempt) & Job.awaiting.is_(None)
        ended = (Job.status == JobStatus.CANCELLED.value) & (Job.dispatched > 0)
        columns = (Job.id, Job.status, Job.attempt, Job.dispatched, Job.priority, Job.turn)
        query = (
            select(*columns)
            .where(Job.engine.is_(True), or_(waiting, ended))
            .order_by(Job.priority.desc(), Job.turn, Job.created_at)
            .limit(_BATCH)
        )
        for row in again(self._database, lambda session: session.execute(query).all()):
            if row.status == JobStatus.CANCELLED.value:
                self._take_back(Attempt(job=row.id, number=row.dispatched))
                self._note(row.id, row.attempt, dispatched=-row.dispatched)
                continue
            attempt, place = Attempt(job=row.id, number=row.attempt), place_in_queue(row.priority, row.turn)
            body = {"v": 1, "job": row.id, "attempt": row.attempt, "priority": place}
            self._engine.enqueue(STORY, body, id=attempt.id, queue=STORIES, priority=place)
            self._note(row.id, row.attempt, dispatched=row.attempt)

    def _note(self, job: str, attempt: int, *, dispatched: int) -> None:
        change = update(Job).where(Job.id == job, Job.attempt == attempt).values(dispatched=dispatched)
        again(self._database, lambda session: _changed(session, change))

    def _take_back(self, attempt: Attempt) -> None:
        """End an attempt's workflows; never those of another attempt, which may have begun meanwhile."""
        self._engine.cancel([attempt.id, *(state.id for state in self._engine.below(attempt.parts))])

    def reap(self) -> None:
        """Put the work of dead workers back into the queues."""
        pending = self._engine.pending()
        dead = [executor for executor in pending if executor != self._holder.id and not self._watcher.alive(executor)]
        for executor in dead:  # one after the other: this worker may die before it is through with a long list
            self._bury(executor)
        self._find_dropped(pending.get(self._holder.id, []))

    def _bury(self, executor: str) -> None:
        """Count a death against the jobs that the worker may have died over, and put back what it ran."""
        jobs = {state.body["job"] for state in self._engine.run_by(executor) if "job" in state.body}
        counted = once(self._database, lambda session: self._count(session, executor, sorted(jobs)))
        if counted is not None:
            _log.warning("dead_worker_found", extra={"worker": executor, "jobs": sorted(jobs)})
        for job, crashes, attempt in counted or ():
            metrics.job_recovered()
            if crashes >= POISON_AFTER:
                self._set_aside(Attempt(job=job, number=attempt), crashes)
            elif crashes == ALONE_AFTER:
                # Whoever tells its story now may be well: it begins again, alone, and none of its parts elsewhere.
                self._begin_again(job, attempt)
                self._take_back(Attempt(job=job, number=attempt))
        self._engine.recover([executor])

    def _find_dropped(self, mine: Sequence[State]) -> None:
        """Put back what this process runs by the database and does not run: an outcome that could not be written.

        Twice in a row, because a workflow is taken from its queue a moment before it runs.
        """
        missing = {state.id for state in mine} - set(self._engine.running)
        dropped = missing & self._missing
        self._missing = missing - dropped
        if dropped:
            _log.warning("dropped_work_put_back", extra={"workflows": sorted(dropped)})
            self._engine.put_back(dropped)

    def _count(self, session: Session, executor: str, jobs: Sequence[str]) -> list[tuple[str, int, int]] | None:
        """Count a death; returns each job's crashes with nothing new between them, and its attempt.

        Several workers find the same death: it is counted by the first alone, and None is returned to the others.
        """
        if session.get_bind().dialect.name == "postgresql":  # on SQLite there is one worker
            mark = postgresql.insert(Mark).values(id=executor).on_conflict_do_nothing().returning(Mark.id)
            if session.execute(mark).first() is None:
                return None
        lone = session.scalars(select(Job.id).where(Job.alone_with == executor)).all()
        rows = [(job, self._count_one(session, executor, job, lone=bool(lone))) for job in lone or jobs]
        return [(job, *row) for job, row in rows if row is not None]

    def _count_one(self, session: Session, executor: str, job: str, *, lone: bool) -> tuple[int, int] | None:
        """Return how many crashes there were with nothing new between them, and the attempt; None if counted before."""
        far = _far(job)
        got_on = far > Job.crash_mark
        mark = case((got_on, far), else_=Job.crash_mark)  # what was lost and is made up for is nothing new
        # Only a crash that it was alone in shows that it is the job's own fault.
        most = POISON_AFTER if lone else POISON_AFTER - 1
        more = case((got_on, 1), (Job.crashes >= most, most), else_=Job.crashes + 1)
        change = (
            update(Job)
            .where(Job.id == job, Job.status == JobStatus.PROCESSING.value)
            .where(or_(Job.crashed_with.is_(None), Job.crashed_with != executor))
            .values(crashes=more, crash_mark=mark, crashed_with=executor, alone_with=None)
            .returning(Job.crashes, Job.attempt)
            .execution_options(synchronize_session=False)
        )
        row = session.execute(change).first()
        return None if row is None else (row.crashes, row.attempt)

    def _set_aside(self, attempt: Attempt, crashes: int) -> None:
        cause = PoisonJobError(
            f"the job crashed its worker {crashes} times, the last time running alone",
            hint="look at the photo and the logs; `badapple jobs retry` tries it again",
        )
        message = str(cause)
        facts = {
            "stage": None, "retryable": False, "charged": 0, "possibly_charged": 0, "hint": cause.hint,
            "cause": failures.dump(cause),
        }  # fmt: skip
        if end_job(self._database, attempt.job, JobStatus.FAILED, message, error=message, failure=facts):
            metrics.poison_job()
            _log.error("poison_job", extra={"job_id": attempt.job, "crashes": crashes})
        self._take_back(attempt)
        decisions.drop_unsent(self._database, self._claims, attempt.job)

    def _remove_folders(self) -> None:
        """Remove the temporary folders that dead workers left on this machine, of jobs that have ended."""
        folders = {path.name: path for path in self._folder.glob("*") if path.is_dir()}
        if not folders:
            return
        since = now() - timedelta(days=7)
        ended = select(Job.id).where(Job.status.in_(_CLOSED), Job.updated_at > since)
        for job in again(self._database, lambda session: session.scalars(ended).all()):
            path = folders.get(Attempt.name(job))
            if path is not None:
                shutil.rmtree(path, ignore_errors=True)

    def _tidy(self) -> None:
        """Forget the workflows of jobs that have ended, and find jobs that nobody works on."""
        going = (JobStatus.PENDING.value, JobStatus.PROCESSING.value)
        ended = select(Job.id, Job.attempt).where(Job.status.in_(_CLOSED), Job.dispatched != 0).limit(_BATCH)
        under_way = (
            select(Job.id, Job.attempt)
            .where(Job.status.in_(going), Job.engine.is_(True), Job.dispatched == Job.attempt, Job.awaiting.is_(None))
            # Those that are processed first: any number of those that wait has been silent for longer.
            .order_by(Job.status.desc(), Job.updated_at)
            .limit(_BATCH)
        )
        for row in again(self._database, lambda session: session.execute(ended).all()):
            self._end_all(row.id, row.attempt)
            decisions.drop_unsent(self._database, self._claims, row.id)
            self._note(row.id, row.attempt, dispatched=0)
        self._forget_orphans()
        rows = again(self._database, lambda session: session.execute(under_way).all())
        ids = {Attempt(job=row.id, number=row.attempt).id: row for row in rows}
        states = self._engine.states(list(ids))
        for name, row in ids.items():
            if name not in states or states[name].ended:
                self._begin_again(row.id, row.attempt)

    def _end_all(self, job: str, last: int) -> None:
        """End what a job that is over still has in the queues, and forget all of it."""
        start = f"{Attempt.name(job)}:"
        still = [state.id for state in self._engine.below(start) if int(state.id.split(":")[1]) <= last]
        self._engine.cancel(still)
        self._engine.purge(start)

    def _forget_orphans(self) -> None:
        """Remove the workflows of jobs that were purged: their bodies tell of the product."""
        jobs = {str(state.body.get("job", "")) for state in self._engine.ended(_BATCH)}
        query = select(Job.id).where(Job.id.in_(jobs))
        known = again(self._database, lambda session: set(session.scalars(query)))
        for job in jobs - known:
            self._engine.purge(f"{Attempt.name(job)}:")

    def _begin_again(self, job: str, attempt: int) -> None:
        """Let a job be dispatched once more, from the top: its workflow ended, or shall end, without its row."""
        open_ones = (JobStatus.PENDING.value, JobStatus.PROCESSING.value)
        change = (
            update(Job)
            .where(Job.id == job, Job.attempt == attempt, Job.status.in_(open_ones), Job.awaiting.is_(None))
            .values(attempt=attempt + 1, status=JobStatus.PENDING.value, run=None, alone_with=None)
            .returning(Job.id)
            .execution_options(synchronize_session=False)
        )
        if again(self._database, lambda session: session.execute(change).first()) is not None:
            _log.warning("job_begins_again", extra={"job_id": job, "attempt": attempt + 1})


def _far(job: str) -> ColumnElement[int]:
    """Return how far a job is, whichever process brought it there: it grows with all that need not be done again.

    Parts count once they are made, told by the story or not, and however often they are told; a call counts once the
    vendor has it, and again once its goods are here. What was told counts too where a part's row is gone.
    """
    finished = (Part.job_id == job, Receipt.key == Part.key, Receipt.made > 0)
    parts = select(func.count()).select_from(Part, Receipt).where(*finished).scalar_subquery()
    steps = case((Call.state == CallState.COLLECTED.value, 2), (Call.submitted_at.is_not(None), 1), else_=0)
    calls = select(func.coalesce(func.sum(steps), 0)).where(Call.job == job).scalar_subquery()
    return case((parts > Job.made, parts), else_=Job.made) + calls


def _changed(session: Session, change: Update) -> None:
    session.execute(change.execution_options(synchronize_session=False))


def _is_database(error: Exception) -> bool:
    return isinstance(error, SQLAlchemyError)
