"""How jobs come into the queue, and whose turn it is.

A job is a row; workers look for rows that are pending. Turns are those of start-time fair queueing: an owner's jobs
stand behind each other, and a new owner begins where the queue is now. So whoever submits a thousand jobs makes nobody
else wait for a thousand.
"""

from __future__ import annotations

import unicodedata
import uuid
from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from badapple import styles
from badapple.database import Job, Stage, open_database
from badapple.database.tables import now
from badapple.database.transactions import once
from badapple.errors import ConflictError, InputError
from badapple.jobs import keeping, orders
from badapple.models import Brief, JobStatus, StageName

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from badapple.config import Settings
    from badapple.jobs.orders import JobOrder

__all__ = ["LOCAL", "PRIORITIES", "Priority", "check", "next_turn", "submit"]

Priority = Literal["low", "normal", "high"]
PRIORITIES: dict[str, int] = {"low": -1, "normal": 0, "high": 1}
LOCAL = "local"  #: the owner where there is only one
_ID_LIMIT = 255
_WAITING = (JobStatus.PENDING.value, JobStatus.PROCESSING.value)


def submit(
    order: JobOrder,
    settings: Settings,
    *,
    owner: str = LOCAL,
    priority: Priority = "normal",
    job_id: str | None = None,
) -> str:
    """Put a job into the queue and return its id; some worker makes it.

    It looks at the photo in a child process and copies files, so an event loop calls it in a thread.

    Args:
        order: what is wanted; its files are taken in, so that they may be removed afterwards.
        settings: database, storage and styles.
        owner: whose job it is.
        priority: jobs of a higher one go first.
        job_id: 1 to 255 printable characters; None makes one. A row of this id that the caller inserted and that says
            `pending` is taken.

    Raises:
        InputError: a word, a file or the id cannot be used; nothing was queued.
        UnknownStyleError: there is no such style.
        StorageError: the storage that workers share cannot be written.
        DiskError: the data folder cannot be written.
    """
    name = _checked_id(job_id) if job_id is not None else uuid.uuid4().hex
    if priority not in PRIORITIES:
        raise InputError(f"the priority {priority!r} is not known", hint=f"it is one of {', '.join(PRIORITIES)}")
    check(order, settings)
    request = orders.to_json(keeping.keep(order, settings))
    facts = {
        "product_name": order.product_name, "style": order.style, "cta_text": order.cta_text, "request": request,
        "owner": owner, "priority": PRIORITIES[priority],
    }  # fmt: skip
    try:
        once(open_database(settings.database_url), lambda session: _enter(session, name, facts))
    except IntegrityError as error:  # another process took the id in this very moment
        raise _in_use(name) from error
    return name


def check(order: JobOrder, settings: Settings) -> None:
    """Refuse an order that could only fail.

    Raises:
        InputError: the name, the call to action, a fact, the photo or the script cannot be used.
        UnknownStyleError: there is no such style.
    """
    from badapple.pipeline.script_generator import check_words  # noqa: PLC0415 - heavy: whoever only asks does without
    from badapple.product.intake import take_in  # noqa: PLC0415 - as above

    brief = Brief(
        product_name=order.product_name, style=order.style, cta_text=order.cta_text, facts=order.options.facts
    )
    words = (order.product_name, order.cta_text, *order.options.facts)
    if any(unicodedata.category(letter) == "Cs" for text in words for letter in text):
        raise InputError("the words are not valid text", hint="send them as UTF-8")
    check_words(brief)
    styles.load(order.style, settings.style_dirs)
    if order.photo is not None:
        take_in(order.photo)


def next_turn(session: Session, owner: str, priority: int) -> int:
    """Return the turn of an owner's next job: behind the owner's own, and not before where the queue is now.

    Each priority has turns of its own: one job that goes before all others says nothing of where those are. Until the
    transaction ends, nobody else can give the same turn to another job of this owner.
    """
    if session.get_bind().dialect.name == "postgresql":  # a transaction on SQLite is alone
        session.execute(select(func.pg_advisory_xact_lock(func.hashtext(f"badapple turn {owner}"))))
    alike = Job.engine.is_(True) & (Job.priority == priority)
    running = session.scalar(select(func.max(Job.turn)).where(Job.status == JobStatus.PROCESSING.value, alike))
    if running is None:  # nobody works now: the queue is where its first job is
        first = session.scalar(select(func.min(Job.turn)).where(Job.status == JobStatus.PENDING.value, alike))
        running = (first or 1) - 1
    own = session.scalar(select(func.max(Job.turn)).where(Job.owner == owner, Job.status.in_(_WAITING), alike))
    return max(running, own or 0) + 1


def _enter(session: Session, job_id: str, facts: dict[str, Any]) -> None:
    job = session.get(Job, job_id, with_for_update=True)
    if job is None:
        job = Job(id=job_id, created_at=now())
        session.add(job)
    elif job.status != JobStatus.PENDING.value or job.engine or job.request or job.owner != facts["owner"]:
        raise _in_use(job_id)
    with session.no_autoflush:
        turn = next_turn(session, facts["owner"], facts["priority"])
        there = set(session.scalars(select(Stage.stage_name).where(Stage.job_id == job_id)))
    for name, value in facts.items():
        setattr(job, name, value)
    job.status, job.engine, job.attempt, job.turn = JobStatus.PENDING.value, True, 1, turn
    session.flush()
    session.add_all(Stage(job_id=job_id, stage_name=stage.value) for stage in StageName if stage.value not in there)
    session.flush()


def _in_use(job_id: str) -> ConflictError:
    return ConflictError(f"there is a job {job_id!r} already", hint="give another id, or none")


def _checked_id(job_id: str) -> str:
    if not 1 <= len(job_id) <= _ID_LIMIT or not job_id.isprintable():
        raise InputError(f"the job id {job_id[:40]!r} cannot be used", hint="1 to 255 printable characters")
    return job_id
