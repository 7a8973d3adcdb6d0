"""Jobs as people and programs see them."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from badapple.database import Job, Stage, open_database
from badapple.errors import InputError, NotFoundError
from badapple.jobs.queue import PRIORITIES
from badapple.jobs.wording import storable
from badapple.models import JobStatus, StageName

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from badapple.config import Settings

__all__ = ["JobView", "StageView", "get", "listing", "of", "unknown", "views_of"]

_PRIORITY = {number: name for name, number in PRIORITIES.items()}
_ORDER = {name.value: place for place, name in enumerate(StageName)}


@dataclass(frozen=True, slots=True, kw_only=True)
class StageView:
    """One of the five stages of a job.

    Attributes:
        name: `script_gen`, `voice_gen`, `video_gen`, `cta_gen` or `compositing`.
        status: `pending`, `processing`, `completed` or `failed`.
        progress: percent of the stage.
        started_at: when it began, or None.
        completed_at: when it ended, or None.
        error_message: why it failed, or None.
    """

    name: str
    status: str
    progress: int
    started_at: datetime | None
    completed_at: datetime | None
    error_message: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class JobView:
    """A job as it is now.

    Attributes:
        id: the job.
        owner: whose it is.
        status: `pending`, `processing`, `completed`, `failed` or `cancelled`.
        product_name: the product.
        style: name of its style.
        cta_text: the call to action that was asked for.
        progress: percent, of this attempt.
        stages: the five stages in their order; empty before the job begins where a caller made its row by hand.
        cost: micro-dollars.
        video_url: where the video is, or None.
        error_message: why it failed, or None.
        failure: the same as facts, or None.
        attempt: 1, 2, 3 ...
        priority: `low`, `normal` or `high`.
        position: jobs that go first, where it waits in the queue; else None.
        crashes: workers that died over this attempt.
        engine: whether workers make it; else whoever ran `badapple make`.
        created_at: when it was accepted.
        started_at: when this attempt began, or None.
        ended_at: when it ended, or None.
        parent_id: the job that this one is an edit of, or None.
        group_id: shared by variants, or None.
        awaiting: `approval` where it waits for a person's word, else None.
    """

    id: str
    owner: str
    status: str
    product_name: str
    style: str
    cta_text: str
    progress: int
    stages: tuple[StageView, ...]
    cost: int
    video_url: str | None
    error_message: str | None
    failure: dict[str, Any] | None
    attempt: int
    priority: str
    position: int | None
    crashes: int
    engine: bool
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    parent_id: str | None
    group_id: str | None
    awaiting: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON: moments in ISO 8601, the cost in dollars."""
        body = asdict(self)
        body["cost_usd"] = body.pop("cost") / 1e6
        for table in (body, *body["stages"]):
            for name in [name for name in table if name.endswith("_at")]:
                table[name] = table[name].isoformat() if table[name] is not None else None
        body["stages"] = list(body["stages"])
        return body


def get(job_id: str, settings: Settings, *, owner: str | None = None) -> JobView:
    """Return a job.

    Args:
        job_id: the job.
        settings: where the database is.
        owner: whose it must be; None looks at everybody's.

    Raises:
        InputError: there is no such job of this owner.
    """
    with Session(open_database(settings.database_url)) as session:
        return views_of(session, [of(session, job_id, owner=owner)])[0]


def listing(
    settings: Settings,
    *,
    status: str | None = None,
    limit: int = 20,
    before: str | None = None,
    owner: str | None = None,
) -> tuple[JobView, ...]:
    """Return jobs, the newest first.

    Args:
        settings: where the database is.
        status: only those of this status; None lists all.
        limit: at most so many.
        before: a job's id; only those that are listed after it, for the next page.
        owner: only this owner's; None lists everybody's.

    Raises:
        InputError: the status is none, or `before` is no job.
    """
    if status is not None and status not in set(JobStatus):
        raise InputError(f"the status {status!r} is not known", hint=f"it is one of {', '.join(JobStatus)}")
    with Session(open_database(settings.database_url)) as session:
        wanted = select(Job).order_by(Job.created_at.desc(), Job.id.desc()).limit(limit)
        if status is not None:
            wanted = wanted.where(Job.status == status)
        if owner is not None:
            wanted = wanted.where(Job.owner == owner)
        if before is not None:
            last = of(session, before, owner=owner)
            same_moment = and_(Job.created_at == last.created_at, Job.id < last.id)
            wanted = wanted.where(or_(Job.created_at < last.created_at, same_moment))
        return views_of(session, session.scalars(wanted).all())


def of(session: Session, job_id: str, *, owner: str | None = None, lock: bool = False) -> Job:
    """Return a job's row; `lock` keeps others from changing it until the transaction ends.

    Raises:
        InputError: there is no such job of this owner.
    """
    row = session.get(Job, job_id, with_for_update=lock or None) if storable(job_id) else None
    if row is None or (owner is not None and row.owner != owner):
        raise unknown(job_id)
    return row


def unknown(job_id: str) -> NotFoundError:
    """Return the error of a job that does not exist, or that belongs to somebody else."""
    return NotFoundError(f"there is no job {job_id!r}", hint="`badapple jobs ls` lists them")


def views_of(session: Session, rows: Iterable[Job]) -> tuple[JobView, ...]:
    """Return the views of rows, in their order."""
    rows = list(rows)
    ids = [row.id for row in rows]
    stages: dict[str, list[StageView]] = {job_id: [] for job_id in ids}
    for stage in session.scalars(select(Stage).where(Stage.job_id.in_(ids))):
        stages[stage.job_id].append(
            StageView(
                name=stage.stage_name, status=stage.status, progress=stage.progress, started_at=stage.started_at,
                completed_at=stage.completed_at, error_message=stage.error_message,
            )
        )  # fmt: skip
    waiting = [row.id for row in rows if row.status == JobStatus.PENDING.value and row.engine and not row.awaiting]
    places = _places(session, waiting) if waiting else {}
    return tuple(_view(row, stages[row.id], places.get(row.id)) for row in rows)


def _places(session: Session, ids: list[str]) -> dict[str, int]:
    """Return job -> how many pending jobs go first."""
    order = (Job.priority.desc(), Job.turn, Job.created_at, Job.id)
    place = (func.row_number().over(order_by=order) - 1).label("place")
    in_line = (Job.status == JobStatus.PENDING.value, Job.engine.is_(True), Job.awaiting.is_(None))
    queue = select(Job.id, place).where(*in_line).subquery()
    return {row.id: row.place for row in session.execute(select(queue).where(queue.c.id.in_(ids)))}


def _view(row: Job, stages: list[StageView], place: int | None) -> JobView:
    return JobView(
        id=row.id, owner=row.owner, status=row.status, product_name=row.product_name, style=row.style,
        cta_text=row.cta_text, progress=row.progress,
        stages=tuple(sorted(stages, key=lambda stage: _ORDER.get(stage.name, len(_ORDER)))), cost=row.cost,
        video_url=row.video_url, error_message=row.error_message, failure=row.failure, attempt=row.attempt,
        priority=_PRIORITY.get(row.priority, str(row.priority)), position=place, crashes=row.crashes, engine=row.engine,
        created_at=row.created_at, started_at=row.started_at, ended_at=row.ended_at, parent_id=row.parent_id,
        group_id=row.group_id, awaiting=row.awaiting,
    )  # fmt: skip
