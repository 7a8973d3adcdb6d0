"""The rows of a job and its stages, and how parts that run together end together."""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import case, select, update
from sqlalchemy.orm import Session

from badapple.database import Event, Job, Stage
from badapple.database.tables import now
from badapple.database.transactions import once
from badapple.errors import JobAwaitsError, JobTakenOverError
from badapple.models import JobStatus, ProgressEvent, StageName, StageStatus
from badapple.pipeline import part_rows

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterable, Sequence

    from sqlalchemy import Engine

    from badapple.models import Brief
    from badapple.pipeline.part_rows import PartNews

T = TypeVar("T")

__all__ = ["Begun", "JobRows", "finish_together"]

_TOLD = frozenset({"script", "change"})  #: what an edit says of itself before it begins


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """Where a run takes a job up.

    Attributes:
        percent: of the whole job, as watchers saw it last in this attempt.
        worked: seconds that earlier runs of this attempt worked.
        again: whether there were earlier runs of this attempt.
    """

    percent: int = 0
    worked: float = 0.0
    again: bool = False


class JobRows:
    """Writes one job's rows, each change in a short transaction of its own.

    Only the run that began last may write: every change names its run, and changes nothing where another has begun
    since, or where a person ended the job.

    Args:
        engine: the database.
        job_id: the job.
        run: names this run; None for one of its own.
    """

    def __init__(self, engine: Engine, job_id: str, *, run: str | None = None) -> None:
        self._engine = engine
        self._job_id = job_id
        self._run = run or uuid.uuid4().hex
        self._attempt = 0

    def begin(
        self,
        brief: Brief,
        options: dict[str, Any],
        *,
        attempt: int | None = None,
        request: dict[str, Any] | None = None,
    ) -> Begun:
        """Make or take the job's row, with five stages that are all pending.

        Args:
            brief: what the user asked for.
            options: facts by which jobs are compared, see `typical_seconds`.
            attempt: the attempt that this run belongs to; None begins a new one.
            request: the whole order, to be kept where the row has none.

        Raises:
            JobTakenOverError: the attempt is over, or a person ended the job.
            JobAwaitsError: it waits for a person's word.
        """

        def begin(session: Session) -> Begun:
            job = session.get(Job, self._job_id, with_for_update=True)
            if job is None:
                job = Job(id=self._job_id, product_name=brief.product_name, style=brief.style, cta_text=brief.cta_text)
                session.add(job)
            begun = self._enter(job, attempt)
            job.product_name, job.style, job.cta_text = brief.product_name, brief.style, brief.cta_text
            job.status, job.error_message, job.video_url = JobStatus.PROCESSING.value, None, None
            job.failure, job.ended_at, job.closing, job.run = None, None, False, self._run
            told = {name: value for name, value in (job.options or {}).items() if name in _TOLD}
            job.options, job.started_at = {**told, **options}, job.started_at or now()
            job.request, job.awaiting, self._attempt = job.request or request or {}, None, job.attempt
            session.flush()
            self._reset_stages(session)
            part_rows.forget_unfinished(session, self._job_id, job.attempt)
            return begun

        return once(self._engine, begin)

    def _enter(self, job: Job, attempt: int | None) -> Begun:
        if attempt is None:
            job.attempt, job.progress, job.worked, job.made, job.started_at = (job.attempt or 0) + 1, 0, 0.0, 0, None
            return Begun()
        open_ones = (JobStatus.PENDING.value, JobStatus.PROCESSING.value)
        if job.attempt != attempt or job.status not in open_ones:
            raise JobTakenOverError(f"attempt {attempt} of the job {self._job_id} is over")
        if job.awaiting is not None:
            raise JobAwaitsError(self._job_id, job.awaiting)
        again = job.status == JobStatus.PROCESSING.value
        return Begun(percent=job.progress or 0, worked=job.worked or 0.0, again=again)

    def _reset_stages(self, session: Session) -> None:
        rows = {row.stage_name: row for row in session.scalars(select(Stage).where(Stage.job_id == self._job_id))}
        for name in StageName:
            row = rows.get(name.value)
            if row is None:
                session.add(Stage(job_id=self._job_id, stage_name=name.value))
            else:
                row.status, row.progress = StageStatus.PENDING.value, 0
                row.started_at = row.completed_at = row.error_message = None

    def end(
        self,
        event: ProgressEvent,
        status: JobStatus,
        *,
        video_url: str | None = None,
        error: str | None = None,
        failure: dict[str, Any] | None = None,
        cost: int = 0,
        facts: dict[str, Any] | None = None,
    ) -> int:
        """Write how the job ended, with its last event, and return that event's `seq`; the run writes nothing more.

        Args:
            event: the last one.
            status: how it ended.
            video_url: where the video is.
            error: what went wrong, for people.
            failure: the same as facts.
            cost: micro-dollars charged.
            facts: what else to keep with its options.

        Raises:
            JobTakenOverError: another run has begun, or a person ended the job.
        """

        def end(session: Session) -> int:
            seq = self._hold(
                session, status=status.value, video_url=video_url, error_message=error, failure=failure, cost=cost,
                ended_at=now(), alone_with=None, run=None, seq=Job.seq + 1, progress=event.progress,
            )  # fmt: skip
            job = session.get_one(Job, self._job_id)
            job.options = {**job.options, **(facts or {})}
            self._add(session, event, seq)
            return seq

        return once(self._engine, end)

    def wait(self, event: ProgressEvent, *, cost: int = 0, facts: dict[str, Any] | None = None) -> int:
        """Write that the job waits for a person's approval, and return the event's `seq`; the run writes nothing more.

        Args:
            event: tells people.
            cost: micro-dollars charged so far.
            facts: what else to keep with its options.

        Raises:
            JobTakenOverError: another run has begun, or a person ended the job.
        """

        def wait(session: Session) -> int:
            seq = self._hold(
                session, status=JobStatus.PENDING.value, awaiting="approval", cost=cost, alone_with=None, run=None,
                seq=Job.seq + 1, progress=event.progress,
            )  # fmt: skip
            job = session.get_one(Job, self._job_id)
            job.options = {**job.options, **(facts or {})}
            self._add(session, event, seq)
            return seq

        return once(self._engine, wait)

    def stage(
        self,
        name: StageName,
        status: StageStatus,
        *,
        progress: int,
        error: str | None = None,
        parts: Sequence[PartNews] = (),
    ) -> None:
        """Write where a stage is, and what happened to parts of it.

        Raises:
            JobTakenOverError: another run has begun, or a person ended the job.
        """

        def write(session: Session) -> None:
            self._hold(session)
            row = session.scalars(
                select(Stage).where(Stage.job_id == self._job_id, Stage.stage_name == name.value)
            ).one()
            row.status, row.progress, row.error_message = status.value, progress, error
            if status is StageStatus.PENDING:
                row.started_at = row.completed_at = None
            elif status is StageStatus.PROCESSING:
                row.started_at = row.started_at or now()
            else:
                row.completed_at = now()
            part_rows.write(session, self._job_id, self._attempt, parts)

        once(self._engine, write)

    def event(self, event: ProgressEvent, *, made: int = 0, worked: float = 0.0, parts: Sequence[PartNews] = ()) -> int:
        """Write an event and return its `seq`, drawn in the same transaction.

        Args:
            event: as watchers shall see it.
            made: parts finished in this attempt.
            worked: seconds of work in this attempt.
            parts: what happened to parts, written with it.

        Raises:
            JobTakenOverError: another run has begun, or a person ended the job.
        """

        def write(session: Session) -> int:
            most = case((Job.made > made, Job.made), else_=made)
            seq = self._hold(session, seq=Job.seq + 1, progress=event.progress, worked=worked, made=most)
            self._add(session, event, seq)
            part_rows.write(session, self._job_id, self._attempt, parts)
            return seq

        return once(self._engine, write)

    def _add(self, session: Session, event: ProgressEvent, seq: int) -> None:
        session.add(
            Event(
                job_id=self._job_id, seq=seq, stage=event.stage, progress=event.progress, message=event.message,
                timestamp=event.timestamp,
            )
        )  # fmt: skip

    def close(self) -> None:
        """Let nothing more be bought for the job: a part of it failed for good.

        Raises:
            JobTakenOverError: another run has begun, or a person ended the job.
        """

        def write(session: Session) -> None:
            self._hold(session, closing=True)

        once(self._engine, write)

    def exist(self) -> bool:
        """Say whether the job's row is still there."""
        with Session(self._engine) as session:
            return session.scalar(select(Job.id).where(Job.id == self._job_id)) is not None

    def cancelled(self) -> bool:
        """Say whether a person cancelled the job."""
        with Session(self._engine) as session:
            return session.scalar(select(Job.status).where(Job.id == self._job_id)) == JobStatus.CANCELLED.value

    def _hold(self, session: Session, **values: Any) -> int:
        """Change the job's row, which also keeps others from it until the transaction ends; returns its last `seq`."""
        mine = update(Job).where(Job.id == self._job_id, Job.run == self._run)
        seq = session.scalar(
            mine.values(updated_at=now(), **values).returning(Job.seq).execution_options(synchronize_session=False)
        )
        if seq is None:
            raise JobTakenOverError(f"another process works on the job {self._job_id} now")
        return seq

    def typical_seconds(self, options: dict[str, Any]) -> float | None:
        """Return how long the last finished job with the same options took that made its parts, or None.

        Edits do not count: they make few parts.
        """
        whole = (Job.status == JobStatus.COMPLETED.value, Job.parent_id.is_(None))
        with Session(self._engine) as session:
            jobs = session.scalars(select(Job).where(*whole).order_by(Job.updated_at.desc()).limit(50))
            for job in jobs:
                alike = all(job.options.get(name, False) == value for name, value in options.items())
                if alike and (job.options.get("made") or 0) > 5:
                    return job.options.get("seconds")
        return None


async def finish_together(parts: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    """Run parts at once and return their results in order.

    When one fails for good, the others are stopped and waited for, and the first error is raised.
    """
    tasks = [asyncio.ensure_future(part) for part in parts]
    try:
        left = set(tasks)
        while left:
            # Not FIRST_EXCEPTION: that waits on when a part was cancelled, and others may wait for that part.
            done, left = await asyncio.wait(left, return_when=asyncio.FIRST_COMPLETED)
            for task in tasks:
                if task in done:
                    task.result()
        return [task.result() for task in tasks]
    finally:
        for task in tasks:
            task.cancel()
        for task in tasks:
            with contextlib.suppress(asyncio.CancelledError, Exception):
                await task
