"""The end of a job by somebody else than the run that works on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import update

from badapple.database import Event, Job
from badapple.database.tables import now
from badapple.database.transactions import once
from badapple.models import JobStatus, stamp

if TYPE_CHECKING:
    from sqlalchemy import Engine
    from sqlalchemy.orm import Session

__all__ = ["end_job"]

_WORDS = {JobStatus.FAILED: "error", JobStatus.CANCELLED: "cancelled"}
_OPEN = (JobStatus.PENDING.value, JobStatus.PROCESSING.value)


def end_job(
    engine: Engine,
    job_id: str,
    status: JobStatus,
    message: str,
    *,
    attempt: int | None = None,
    error: str | None = None,
    failure: dict[str, Any] | None = None,
) -> bool:
    """End a job that has not ended, with its one last event; whatever run works on it writes nothing more.

    Args:
        engine: the database.
        job_id: the job.
        status: `failed` or `cancelled`.
        message: a sentence for people.
        attempt: ends only this attempt; None ends whichever is under way.
        error: what `error_message` says.
        failure: the same as facts.

    Returns:
        Whether it had not ended.
    """

    def end(session: Session) -> bool:
        mine = update(Job).where(Job.id == job_id, Job.status.in_(_OPEN))
        if attempt is not None:
            mine = mine.where(Job.attempt == attempt)
        row = session.execute(
            mine.values(
                status=status.value, error_message=error, failure=failure, run=None, seq=Job.seq + 1, ended_at=now(),
                updated_at=now(), alone_with=None, awaiting=None,
            ).returning(Job.seq, Job.progress).execution_options(synchronize_session=False)
        ).first()  # fmt: skip
        if row is not None:
            session.add(
                Event(
                    job_id=job_id, seq=row.seq, stage=_WORDS[status], progress=row.progress, message=message,
                    timestamp=stamp(),
                )
            )  # fmt: skip
        return row is not None

    return once(engine, end)
