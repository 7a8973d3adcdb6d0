"""Jobs that are tried once more: what failed is retried, what was cancelled is resumed.

Nothing is lost by it: finished parts are found again, and what is paid for is fetched, not bought.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sqlalchemy import select, update

from badapple.costs.money import dollars
from badapple.database import Call, Stage, open_database
from badapple.database.transactions import once
from badapple.errors import ConflictError, InputError, OutcomeUnknownError
from badapple.jobs import caps, orders
from badapple.jobs.queue import next_turn
from badapple.jobs.views import of, unknown
from badapple.jobs.wording import storable
from badapple.journal import decisions, words
from badapple.journal.rows import waits_for_a_person
from badapple.models import JobStatus, StageStatus

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

    from badapple.config import Settings
    from badapple.database import Job
    from badapple.jobs.orders import JobOrder

__all__ = ["Again", "resume", "retry"]

_OTHER = {JobStatus.FAILED: "badapple jobs retry", JobStatus.CANCELLED: "badapple jobs resume"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Again:
    """A job that goes on.

    Attributes:
        job_id: the job.
        queued: workers take it; else it is one of `badapple make`, and the caller has to run the order here.
        attempt: the number of the attempt that comes.
        order: what is to be made.
        goods_until: until when what is paid for can surely be fetched from vendors, or None where they have nothing.
    """

    job_id: str
    queued: bool
    attempt: int
    order: JobOrder
    goods_until: datetime | None


def retry(job_id: str, settings: Settings, *, owner: str | None = None) -> Again:
    """Queue a failed job again.

    Args:
        job_id: the job.
        settings: where the database is.
        owner: whose it must be; None takes anybody's.

    Raises:
        InputError: there is no such job of this owner, or it has not failed.
        OutcomeUnknownError: a call may have been charged, and a person has to decide about it first.
        LimitExceededError: too many of the owner's jobs wait or run (`too_many_jobs`).
    """
    return _again(job_id, settings, JobStatus.FAILED, owner=owner)


def resume(job_id: str, settings: Settings, *, owner: str | None = None) -> Again:
    """Queue a cancelled job again.

    Args:
        job_id: the job.
        settings: where the database is.
        owner: whose it must be; None takes anybody's.

    Raises:
        InputError: there is no such job of this owner, or it was not cancelled.
        OutcomeUnknownError: a call may have been charged, and a person has to decide about it first.
        LimitExceededError: too many of the owner's jobs wait or run (`too_many_jobs`).
    """
    return _again(job_id, settings, JobStatus.CANCELLED, owner=owner)


def _again(job_id: str, settings: Settings, expected: JobStatus, *, owner: str | None) -> Again:
    if not storable(job_id):
        raise unknown(job_id)
    engine = open_database(settings.database_url)
    until = decisions.expires(engine, job_id)
    again = once(engine, lambda session: _enter(session, job_id, expected, owner, settings))
    return replace(again, goods_until=until)


def _enter(session: Session, job_id: str, expected: JobStatus, owner: str | None, settings: Settings) -> Again:
    row = of(session, job_id, owner=owner, lock=True)
    if row.status != expected.value:
        hint = next((f"`{command} {job_id}` does that" for state, command in _OTHER.items() if row.status == state), "")
        raise ConflictError(f"the job {job_id!r} is {row.status}, not {expected.value}", hint=hint)
    _refuse_undecided(session, job_id)
    if not row.engine and not row.request:
        raise InputError(f"the job {job_id!r} does not say how it was made", hint="run the same `badapple make` again")
    again = Again(job_id=job_id, queued=row.engine, attempt=row.attempt + 1, order=orders.of_row(row), goods_until=None)
    if row.engine:  # else the run itself begins the attempt
        row.turn = next_turn(session, row.owner, row.priority)
        caps.check_count(session, row.owner, settings)
        _queue(session, row)
    return again


def _queue(session: Session, row: Job) -> None:
    row.status, row.attempt = JobStatus.PENDING.value, row.attempt + 1
    row.progress = row.made = row.crashes = row.crash_mark = 0
    row.worked, row.closing = 0.0, False
    row.run = row.crashed_with = row.alone_with = row.awaiting = None
    row.failure = row.error_message = row.video_url = None
    row.started_at = row.ended_at = None
    fresh = {
        "status": StageStatus.PENDING.value, "progress": 0, "started_at": None, "completed_at": None,
        "error_message": None,
    }  # fmt: skip
    left = (Stage.job_id == row.id, Stage.status != StageStatus.COMPLETED.value)
    session.execute(update(Stage).where(*left).values(fresh).execution_options(synchronize_session=False))


def _refuse_undecided(session: Session, job_id: str) -> None:
    """Stop where the next run could only fail: at calls that a person has to decide about.

    Raises:
        OutcomeUnknownError: there are some; says which, and how.
    """
    calls = [
        row
        for row in session.scalars(select(Call).where(Call.job == job_id).order_by(Call.created_at))
        if waits_for_a_person(row) and not _followed(session, row)
    ]
    if not calls:
        return
    told = "; ".join(
        f"{row.id[:8]} {row.label or row.model} of {row.vendor}, "
        f"{dollars(row.settled or row.possibly_charged or row.reserved)}"
        for row in calls
    )
    raise OutcomeUnknownError(
        f"{len(calls)} call(s) of this job may have been charged, and you have to decide first: {told}",
        provider=calls[0].vendor,
        hint=(
            f"look at your account there, then {words.retry(calls[0])}, or "
            f"`badapple calls accept {calls[0].id[:8]}` books it and leaves the part out"
        ),
    )


def _followed(session: Session, row: Call) -> bool:
    """Say whether the same thing was tried again since."""
    later = select(Call.id).where(Call.key == row.key, Call.attempt > row.attempt).limit(1)
    return session.scalar(later) is not None
