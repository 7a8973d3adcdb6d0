"""Variants that belong together, and which of them won."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.orm import Session

from badapple.database import Job, open_database
from badapple.database.transactions import once
from badapple.errors import ConflictError, NotFoundError
from badapple.jobs.pages import MOST
from badapple.jobs.views import unknown, views_of
from badapple.jobs.wording import storable
from badapple.models import JobStatus

if TYPE_CHECKING:
    from collections.abc import Sequence

    from badapple.config import Settings
    from badapple.jobs.views import JobView

__all__ = ["GroupView", "choose_winner", "get"]

_WINNER = "winner"  #: in a job's `options`: it goes with the job, and one that is deleted has won nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupView:
    """Variants as they are now.

    Attributes:
        id: shared by them.
        jobs: the variants and edits of them, the oldest first; of very many, the oldest `pages.MOST`.
        winner: the job that was chosen, or None.
    """

    id: str
    jobs: tuple[JobView, ...]
    winner: str | None

    @property
    def finished(self) -> tuple[JobView, ...]:
        """Those that have a video."""
        return tuple(job for job in self.jobs if job.status == JobStatus.COMPLETED.value and job.video_url)

    @property
    def cost(self) -> int:
        """Micro-dollars that they cost so far."""
        return sum(job.cost for job in self.jobs)


def get(group_id: str, settings: Settings, *, owner: str) -> GroupView:
    """Return a group.

    Args:
        group_id: shared by its jobs.
        settings: where the database is.
        owner: whose.

    Raises:
        NotFoundError: the owner has no job of this group.
    """
    with Session(open_database(settings.database_url)) as session:
        rows = _rows(session, group_id, owner)
        return GroupView(id=group_id, jobs=views_of(session, rows), winner=_winner(rows))


def choose_winner(group_id: str, job_id: str | None, settings: Settings, *, owner: str) -> GroupView:
    """Say which variant won; it takes the place of one that was chosen before.

    Args:
        group_id: shared by the variants.
        job_id: one of them that has a video; None takes the choice back.
        settings: where the database is.
        owner: whose.

    Raises:
        NotFoundError: the owner has no job of this group, or no such job in it.
        ConflictError: the job has no video.
    """

    def choose(session: Session) -> None:
        rows = _rows(session, group_id, owner, lock=True)
        chosen = next((row for row in rows if row.id == job_id), None)
        if job_id is not None and chosen is None:
            raise unknown(job_id)
        if chosen is not None and (chosen.status != JobStatus.COMPLETED.value or not chosen.video_url):
            raise ConflictError(f"the job {job_id!r} is {chosen.status} and has no video", hint="wait until it has one")
        for row in rows:
            won, options = row is chosen, row.options or {}
            if won != bool(options.get(_WINNER)):  # else its row stays as it is
                others = {name: value for name, value in options.items() if name != _WINNER}
                row.options = {**others, _WINNER: True} if won else others
        session.flush()

    once(open_database(settings.database_url), choose)
    return get(group_id, settings, owner=owner)


def _rows(session: Session, group_id: str, owner: str, *, lock: bool = False) -> Sequence[Job]:
    wanted = select(Job).where(Job.owner == owner, Job.group_id == group_id).order_by(Job.created_at, Job.id)
    if lock:  # in one order: two that choose at once never wait for each other
        wanted = wanted.with_for_update()
    rows = session.scalars(wanted.limit(MOST)).all() if storable(group_id) else ()
    if not rows:
        raise NotFoundError(f"there is no group {group_id[:80]!r}", hint="`POST /variants` makes one")
    return rows


def _winner(rows: Sequence[Job]) -> str | None:
    return next((row.id for row in rows if (row.options or {}).get(_WINNER)), None)
