"""Jobs page by page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import and_, exists, func, or_, select
from sqlalchemy.orm import Session, aliased

from badapple.database import Job, open_database
from badapple.errors import InputError
from badapple.jobs.views import views_of
from badapple.jobs.wording import storable
from badapple.models import JobStatus

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import ColumnElement

    from badapple.config import Settings
    from badapple.jobs.views import JobView

__all__ = ["MOST", "Page", "groups", "numbers", "page"]

MOST = 200  #: jobs of one page


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Some jobs, the newest first.

    Attributes:
        items: the jobs.
        next: `after` of the next page, (moment in ISO 8601, job id), or None at the end.
    """

    items: tuple[JobView, ...]
    next: tuple[str, str] | None


def page(
    settings: Settings,
    owner: str | None,
    *,
    status: str | None = None,
    q: str | None = None,
    style: str | None = None,
    group_id: str | None = None,
    parent_id: str | None = None,
    newest: bool = False,
    limit: int = 20,
    after: tuple[str, str] | None = None,
) -> Page:
    """Return a page of jobs; each page goes on where the last one ended, whatever was added or deleted since.

    Args:
        settings: where the database is.
        owner: whose; None lists everybody's.
        status: only those of this status.
        q: only those whose product's name holds this, small letters or capital.
        style: only those of this style.
        group_id: only variants of this group.
        parent_id: only edits of this job.
        newest: only the newest versions of ads: none that an edit has taken the place of, or is about to.
        limit: at most so many, 1 to 200.
        after: `next` of the page before.

    Raises:
        InputError: the status is none, the limit is out of its bounds, or `after` is not from a page.
    """
    if status is not None and status not in set(JobStatus):
        raise InputError(f"the status {status[:40]!r} is not known", hint=f"it is one of {', '.join(JobStatus)}")
    if not 1 <= limit <= MOST:
        raise InputError(f"a page of {limit} jobs cannot be had", hint=f"1 to {MOST}")
    equal = {
        Job.owner: owner, Job.status: status, Job.style: style, Job.group_id: group_id, Job.parent_id: parent_id,
    }  # fmt: skip
    if not all(storable(words) for words in (q or "", *(value or "" for value in equal.values()))):
        return Page(items=(), next=None)
    where = [column == value for column, value in equal.items() if value is not None]
    if after is not None:
        where.append(_behind(after))
    if newest:
        where.append(~_has_edit())
    wanted = select(Job).where(*where).order_by(Job.created_at.desc(), Job.id.desc()).limit(limit + 1)
    with Session(open_database(settings.database_url)) as session:
        if q:
            wanted = wanted.where(_holds(session, q))
        rows = session.scalars(wanted).all()
        last = rows[limit - 1] if len(rows) > limit else None
        return Page(
            items=views_of(session, rows[:limit]),
            next=(last.created_at.isoformat(), last.id) if last is not None else None,
        )


def numbers(settings: Settings, job_ids: Sequence[str]) -> dict[str, int]:
    """Return which version of its ad each job is: 1, or one more than the job that it is an edit of. Blocks."""
    first = select(Job.id.label("job"), Job.parent_id.label("parent")).where(Job.id.in_(job_ids))
    line = first.cte(recursive=True)
    line = line.union(select(line.c.job, Job.parent_id).join(Job, Job.id == line.c.parent))
    wanted = select(line.c.job, func.count()).group_by(line.c.job)
    with Session(open_database(settings.database_url)) as session:
        return {str(job): int(count) for job, count in session.execute(wanted)}


def groups(settings: Settings, owner: str, *, limit: int) -> tuple[str, ...]:
    """Return an owner's groups of variants, those with the newest ads first. Blocks."""
    mine = select(Job.group_id).where(Job.owner == owner, Job.group_id.is_not(None)).group_by(Job.group_id)
    wanted = mine.order_by(func.max(Job.created_at).desc(), Job.group_id).limit(limit)
    with Session(open_database(settings.database_url)) as session:
        return tuple(str(name) for name in session.scalars(wanted))


def _has_edit() -> ColumnElement[bool]:
    edit = aliased(Job)
    ended_badly = edit.status.in_((JobStatus.FAILED, JobStatus.CANCELLED))
    return exists().where(edit.parent_id == Job.id, edit.owner == Job.owner, ~ended_badly)


def _behind(after: tuple[str, str]) -> ColumnElement[bool]:
    try:
        moment, name = datetime.fromisoformat(after[0]), after[1]
    except ValueError as error:
        raise InputError("there is no such page", hint="begin at the first one") from error
    if moment.tzinfo is None or not storable(name):
        raise InputError("there is no such page", hint="begin at the first one")
    return or_(Job.created_at < moment, and_(Job.created_at == moment, Job.id < name))


def _holds(session: Session, q: str) -> ColumnElement[bool]:
    """Return whether the product's name holds a text, letters of any language small or capital."""
    if session.get_bind().dialect.name == "sqlite":  # its own `lower` knows ASCII only
        raw = session.connection().connection.driver_connection
        assert raw is not None  # noqa: S101 - it is open
        raw.create_function("badapple_folded", 1, str.casefold, deterministic=True)
        return func.badapple_folded(Job.product_name).contains(q.casefold(), autoescape=True)
    return Job.product_name.icontains(q, autoescape=True)
