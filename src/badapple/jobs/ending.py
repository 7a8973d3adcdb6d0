"""The end of a job by a person's word."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import update

from badapple.costs import report
from badapple.costs.money import dollars
from badapple.database import Job, Stage, open_database
from badapple.database.tables import now
from badapple.database.transactions import again, once
from badapple.errors import ConflictError
from badapple.jobs.telling import ring, tell
from badapple.jobs.views import of
from badapple.journal import decisions, words
from badapple.models import JobStatus, StageStatus
from badapple.process import in_thread
from badapple.providers import connections
from badapple.providers.hosted import cancellers
from badapple.providers.purchasing import stake

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from badapple.config import Settings
    from badapple.costs.report import Spent
    from badapple.models import ProgressEvent

__all__ = ["Ended", "cancel"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """What a cancelled job leaves.

    Attributes:
        stopped: orders that vendors were told to stop.
        charged: micro-dollars it cost.
        possibly_charged: micro-dollars that vendors may still charge.
    """

    stopped: int
    charged: int
    possibly_charged: int


async def cancel(job_id: str, settings: Settings, *, owner: str | None = None) -> Ended:
    """Cancel a job: nothing more is sent for it, and vendors are told to stop what they have of it.

    A process that works on the job notices within seconds. What another job waits for goes on, at that job's cost.
    Cancelling again tells the vendors again, and nobody else.

    Args:
        job_id: the job.
        settings: where the database is, and how vendors are reached.
        owner: whose it must be; None takes anybody's.

    Raises:
        NotFoundError: there is no such job of this owner.
        ConflictError: it has ended by itself.
    """
    engine = open_database(settings.database_url)
    event = await in_thread(once, engine, lambda session: _mark(session, job_id, owner))
    if event is not None:
        await in_thread(ring, event, settings)
    claims = (await in_thread(stake, engine, settings.data_dir)).claims
    async with connections.kept():
        _, stopped = await decisions.cancel_job(engine, claims, job_id, cancellers(settings))
    spent = await in_thread(again, engine, lambda session: _book(session, job_id))
    return Ended(stopped=stopped, charged=spent.charged, possibly_charged=spent.possibly_charged)


def _mark(session: Session, job_id: str, owner: str | None) -> ProgressEvent | None:
    """End the job's rows; return its last event, or None where it had one already."""
    row = of(session, job_id, owner=owner, lock=True)
    if row.status in {JobStatus.COMPLETED.value, JobStatus.FAILED.value}:
        raise ConflictError(f"the job {job_id!r} is {row.status}: there is nothing to cancel")
    under_way = row.status != JobStatus.CANCELLED.value
    row.status, row.error_message, row.failure = JobStatus.CANCELLED.value, words.BY_A_PERSON, None
    row.run, row.alone_with, row.awaiting = None, None, None  # whoever writes under the run of before writes no more
    if not under_way:
        return None
    row.ended_at = now()
    session.flush()
    spent = report.total(report.per_job(session, job_id))
    stopped = {"status": StageStatus.PENDING.value, "progress": 0, "started_at": None, "completed_at": None}
    half_done = (Stage.job_id == job_id, Stage.status == StageStatus.PROCESSING.value)
    session.execute(update(Stage).where(*half_done).values(stopped).execution_options(synchronize_session=False))
    return tell(session, job_id, stage="cancelled", message=_farewell(spent))


def _farewell(spent: Spent) -> str:
    perhaps = spent.under_way + spent.possibly_charged
    more = f", up to {dollars(perhaps)} more may be charged" if perhaps else ""
    return f"Cancelled; {dollars(spent.charged)} was spent{more}"


def _book(session: Session, job_id: str) -> Spent:
    spent = report.total(report.per_job(session, job_id))
    session.execute(update(Job).where(Job.id == job_id).values(cost=spent.charged))
    return spent
