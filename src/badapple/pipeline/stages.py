"""The rows of a job and its stages, and how parts that run together end together."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from badapple.database import Event, Job, Stage
from badapple.database.tables import now
from badapple.models import JobStatus, ProgressEvent, StageName, StageStatus

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterable

    from sqlalchemy import Engine

    from badapple.models import Brief

T = TypeVar("T")

__all__ = ["JobRows", "finish_together"]


class JobRows:
    """Writes one job's rows, each change in a short transaction of its own."""

    def __init__(self, engine: Engine, job_id: str) -> None:
        self._engine = engine
        self._job_id = job_id

    def begin(self, brief: Brief, options: dict[str, Any]) -> None:
        """Make or take the job's row, with five stages that are all pending."""
        with Session(self._engine) as session, session.begin():
            job = session.get(Job, self._job_id)
            if job is None:
                job = Job(id=self._job_id, product_name=brief.product_name, style=brief.style, cta_text=brief.cta_text)
                session.add(job)
            job.product_name, job.style, job.cta_text = brief.product_name, brief.style, brief.cta_text
            job.status, job.error_message, job.video_url = JobStatus.PROCESSING.value, None, None
            job.options, job.attempt = options, (job.attempt or 0) + 1
            session.flush()
            rows = {row.stage_name: row for row in session.scalars(select(Stage).where(Stage.job_id == self._job_id))}
            for name in StageName:
                row = rows.get(name.value)
                if row is None:
                    session.add(Stage(job_id=self._job_id, stage_name=name.value))
                else:
                    row.status, row.progress = StageStatus.PENDING.value, 0
                    row.started_at = row.completed_at = row.error_message = None

    def end(self, status: JobStatus, *, video_url: str | None = None, error: str | None = None, cost: int = 0) -> None:
        """Write how the job ended."""
        with Session(self._engine) as session, session.begin():
            job = session.get_one(Job, self._job_id)
            job.status, job.video_url, job.error_message, job.cost = status.value, video_url, error, cost

    def stage(self, name: StageName, status: StageStatus, *, progress: int, error: str | None = None) -> None:
        """Write where a stage is."""
        with Session(self._engine) as session, session.begin():
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

    def event(self, event: ProgressEvent) -> int:
        """Write an event and return its `seq`, drawn in the same transaction."""
        with Session(self._engine) as session, session.begin():
            last = session.scalar(select(func.max(Event.seq)).where(Event.job_id == self._job_id)) or 0
            session.add(
                Event(
                    job_id=self._job_id,
                    seq=last + 1,
                    stage=event.stage,
                    progress=event.progress,
                    message=event.message,
                    timestamp=event.timestamp,
                )
            )
        return last + 1

    def typical_seconds(self, options: dict[str, Any]) -> float | None:
        """Return how long the last finished job with the same options took that made its parts, or None."""
        with Session(self._engine) as session:
            jobs = session.scalars(
                select(Job).where(Job.status == JobStatus.COMPLETED.value).order_by(Job.updated_at.desc()).limit(50)
            )
            for job in jobs:
                alike = all(job.options.get(name, False) == value for name, value in options.items())
                if alike and (job.options.get("made") or 0) > 5:
                    return job.options.get("seconds")
        return None

    def remember(self, **facts: object) -> None:
        """Add facts to the job's options."""
        with Session(self._engine) as session, session.begin():
            job = session.get_one(Job, self._job_id)
            job.options = {**job.options, **facts}


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
