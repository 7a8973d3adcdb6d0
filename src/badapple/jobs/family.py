"""All versions of one ad: the job that it began with, edits of it, and edits of those."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from badapple.database import Job, open_database
from badapple.jobs import orders
from badapple.jobs.views import of
from badapple.models import JobStatus

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sqlalchemy import Select

    from badapple.config import Settings

__all__ = ["MOST", "Member", "last_take", "members", "versions"]

MOST = 500  #: versions that are listed: the newest


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One version of an ad.

    Attributes:
        id: the job.
        parent_id: the job that it is an edit of, or None.
        number: 1, 2, 3 ... by age, among those that there are now.
        change: what is different in it, for people; empty for the first.
        status: as of a job.
        created_at: when it was accepted.
        cost: micro-dollars.
        finished: whether it has a video.
        current: whether it is the newest that has one.
    """

    id: str
    parent_id: str | None
    number: int
    change: str
    status: str
    created_at: datetime
    cost: int
    finished: bool
    current: bool


def versions(job_id: str, settings: Settings, *, owner: str | None = None) -> tuple[Member, ...]:
    """Return all versions of the ad that a job is one of, the oldest first; of very many, the newest `MOST`.

    Args:
        job_id: any of them.
        settings: where the database is.
        owner: whose it must be; None takes anybody's.

    Raises:
        NotFoundError: there is no such job of this owner.
    """
    with Session(open_database(settings.database_url)) as session:
        return members(session, of(session, job_id, owner=owner))


def members(session: Session, row: Job) -> tuple[Member, ...]:
    """Return the versions of the ad that a row is one of, as `versions`."""
    columns = (Job.id, Job.parent_id, Job.options, Job.status, Job.created_at, Job.cost, Job.video_url)
    found = session.execute(select(*columns).where(Job.id.in_(_ids(session, row))).order_by(Job.created_at, Job.id))
    rows = found.all()
    done = {one.id: None for one in rows if one.status == JobStatus.COMPLETED.value and one.video_url}
    newest = next(reversed(done), None)
    return tuple(
        Member(
            id=one.id, parent_id=one.parent_id, number=number, change=str((one.options or {}).get("change", "")),
            status=one.status, created_at=one.created_at, cost=one.cost, finished=one.id in done,
            current=one.id == newest,
        )
        for number, one in enumerate(rows, start=1)
    )[-MOST:]  # fmt: skip


def last_take(session: Session, row: Job, scene: int) -> int:
    """Return the highest take of a scene that any version of the ad has."""
    rows = session.scalars(select(Job).where(Job.id.in_(_ids(session, row))))
    return max(orders.of_row(one).options.takes[scene - 1] for one in rows)


def _ids(session: Session, row: Job) -> Select[tuple[str]]:
    """Select the ids of all versions; they go by family: an owner may have many jobs."""
    line = select(Job.id, Job.parent_id).where(Job.id == row.id).cte("line", recursive=True)
    # UNION, not UNION ALL: rows that were made to name each other end it too.
    line = line.union(
        select(Job.id, Job.parent_id).join(line, Job.id == line.c.parent_id).where(Job.owner == row.owner)
    )
    first = _first(row.id, {one.id: one.parent_id for one in session.execute(select(line.c.id, line.c.parent_id))})
    # A first job that was deleted leaves edits that still name it.
    begins = or_(Job.id.in_((first, row.id)), Job.parent_id == first)
    family = select(Job.id).where(Job.owner == row.owner, begins).cte("family", recursive=True)
    edits = select(Job.id).join(family, Job.parent_id == family.c.id).where(Job.owner == row.owner)
    return select(family.union(edits).c.id)


def _first(job_id: str, parents: Mapping[str, str | None]) -> str:
    """Return the id of the job that all versions came from, whether it is still there or not."""
    first, seen = job_id, {job_id}
    while (parent := parents.get(first)) is not None and parent not in seen:
        first = parent
        seen.add(parent)
    return first
