"""Whether a job is still as somebody saw it, without reading all of it."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from badapple.database import Job, Part, open_database
from badapple.jobs.views import unknown
from badapple.jobs.wording import storable
from badapple.models import JobStatus

if TYPE_CHECKING:
    from badapple.config import Settings

__all__ = ["version"]


def version(job_id: str, settings: Settings, *, owner: str | None = None) -> str:
    """Return a text that changes with every change of a job: of its row, events, parts, place or family.

    Args:
        job_id: the job.
        settings: where the database is.
        owner: whose it must be; None takes anybody's.

    Raises:
        NotFoundError: there is no such job of this owner.
    """
    if not storable(job_id):
        raise unknown(job_id)
    with Session(open_database(settings.database_url)) as session:
        columns = (
            Job.owner,
            Job.status,
            Job.seq,
            Job.attempt,
            Job.awaiting,
            Job.updated_at,
            Job.priority,
            Job.turn,
            Job.cost,
            Job.parent_id,
        )
        row = session.execute(select(*columns).where(Job.id == job_id)).one_or_none()
        if row is None or (owner is not None and row.owner != owner):
            raise unknown(job_id)
        parts = session.execute(
            select(func.count(), func.max(Part.updated_at), func.sum(Part.cost)).where(Part.job_id == job_id)
        ).one()
        family = session.execute(
            select(func.count(), func.max(Job.updated_at)).where(
                or_(Job.parent_id == job_id, Job.id == (row.parent_id or ""))  # by index: an owner may have many jobs
            )
        ).one()
        ahead = 0
        if row.status == JobStatus.PENDING.value:  # its place in the queue changes with others
            first = or_(Job.priority > row.priority, and_(Job.priority == row.priority, Job.turn <= row.turn))
            in_line = (Job.status == JobStatus.PENDING.value, Job.engine.is_(True), Job.awaiting.is_(None))
            ahead = session.scalar(select(func.count()).select_from(Job).where(*in_line, first)) or 0
    seen = "|".join(str(value) for value in (*row, *parts, *family, ahead))
    return hashlib.sha256(seen.encode()).hexdigest()[:24]
