"""The end of a job by a person's word."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy.orm import Session

from badapple.costs import report
from badapple.database import Job, open_database
from badapple.errors import InputError
from badapple.journal import decisions, words
from badapple.models import JobStatus
from badapple.process import in_thread
from badapple.providers import connections
from badapple.providers.hosted import cancellers
from badapple.providers.purchasing import stake

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from badapple.config import Settings

__all__ = ["Ended", "cancel_job"]


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


async def cancel_job(job: str, settings: Settings) -> Ended:
    """Cancel a job: nothing more is sent for it, and vendors are told to stop what they have of it.

    A process that works on the job notices within seconds. What another job waits for goes on, at that job's cost.

    Raises:
        InputError: there is no such job, or it has ended well.
    """
    engine = open_database(settings.database_url)
    await in_thread(_mark, engine, job)
    claims = stake(engine, settings.data_dir).claims
    async with connections.kept():
        _, stopped = await decisions.cancel_job(engine, claims, job, cancellers(settings))
    with Session(engine) as session:
        spent = report.total(report.per_job(session, job))
    return Ended(stopped=stopped, charged=spent.charged, possibly_charged=spent.possibly_charged)


def _mark(engine: Engine, job: str) -> None:
    with Session(engine) as session, session.begin():
        row = session.get(Job, job)
        if row is None:
            raise InputError(f"there is no job {job!r}", hint="`badapple jobs ls` lists them")
        if row.status == JobStatus.COMPLETED:
            raise InputError(f"the job {job!r} is completed: there is nothing to cancel")
        row.status, row.error_message = JobStatus.CANCELLED.value, words.BY_A_PERSON
