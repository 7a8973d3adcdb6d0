"""How jobs come into the queue, and whose turn it is.

A job is a row; workers look for rows that are pending. Turns are those of start-time fair queueing: an owner's jobs
stand behind each other, and a new owner begins where the queue is now. So whoever submits a thousand jobs makes nobody
else wait for a thousand.
"""

from __future__ import annotations

import contextlib
import functools
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError, SQLAlchemyError
from sqlalchemy.orm import Session

from badapple import styles
from badapple.database import Job, Stage, open_database
from badapple.database.tables import now
from badapple.database.transactions import once
from badapple.errors import BadappleError, ConflictError, InputError
from badapple.jobs import caps, idempotency, keeping, orders, shelf, wording
from badapple.models import Brief, JobStatus, StageName

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from sqlalchemy import Engine

    from badapple.cache import Blob
    from badapple.config import Settings
    from badapple.jobs.idempotency import Claim
    from badapple.jobs.orders import JobOrder

__all__ = ["LOCAL", "PRIORITIES", "Child", "Priority", "check", "next_turn", "submit", "submit_all"]

Priority = Literal["low", "normal", "high"]
PRIORITIES: dict[str, int] = {"low": -1, "normal": 0, "high": 1}
LOCAL = "local"  #: the owner where there is only one
_ID_LIMIT = 255
_WAITING = (JobStatus.PENDING.value, JobStatus.PROCESSING.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Child:
    """What a job takes from the one that it is an edit of.

    Attributes:
        parent: the other job.
        group: shared by variants, or None.
        script: what it will say, as the public JSON, or None where that is not known before it begins.
        change: what is different in it, for people.
    """

    parent: str
    group: str | None = None
    script: Mapping[str, Any] | None = None
    change: str = ""

    @property
    def facts(self) -> dict[str, Any]:
        """Columns of the new row."""
        shown = {"script": dict(self.script) if self.script is not None else None, "change": self.change or None}
        known = {name: value for name, value in shown.items() if value is not None}
        return {"parent_id": self.parent, "group_id": self.group, "options": known}


def submit(
    order: JobOrder,
    settings: Settings,
    *,
    owner: str = LOCAL,
    priority: Priority = "normal",
    job_id: str | None = None,
    child_of: Child | None = None,
    at_most: int = 0,
    claim: Claim | None = None,
    group_id: str | None = None,
) -> str:
    """Put a job into the queue and return its id; some worker makes it.

    It looks at the photo in a child process and copies files, so an event loop calls it in a thread.

    Args:
        order: what is wanted; its files are taken in, so that they may be removed afterwards. Of a photo only its
            pixels are kept.
        settings: database, storage, styles and what each owner may ask for.
        owner: whose job it is.
        priority: jobs of a higher one go first.
        job_id: 1 to 255 printable characters; None makes one. A row of this id that the caller inserted and that says
            `pending` is taken.
        child_of: the job that it is an edit of, or None.
        at_most: micro-dollars that it will reserve at most, as `badapple.jobs.pricing` says.
        claim: what `idempotency.answered_once` gave; the job gets its id, and is made only while it holds.
        group_id: shared by variants, where it is no edit of another job.

    Raises:
        InputError: a word, a file or the id cannot be used; nothing was queued.
        UnknownStyleError: there is no such style.
        LimitExceededError: too many of the owner's jobs wait or run (`too_many_jobs`), or it costs more than is left
            of the owner's cap for today (`daily_cap`).
        IdempotencyError: somebody else took the claim over.
        StorageError: the storage that workers share cannot be written.
        DiskError: the data folder cannot be written.
    """
    name = claim.job_id if claim is not None else _checked_id(job_id) if job_id is not None else uuid.uuid4().hex
    shared = {"group_id": group_id, **(child_of.facts if child_of is not None else {})}
    _submit({name: order}, settings, owner=owner, priority=priority, shared=shared, at_most=at_most, claim=claim)
    return name


def submit_all(
    wanted: Sequence[JobOrder],
    settings: Settings,
    *,
    group_id: str,
    owner: str = LOCAL,
    priority: Priority = "normal",
    at_most: int = 0,
    claim: Claim | None = None,
) -> tuple[str, ...]:
    """Put variants of one ad into the queue, all of them or none, and return their ids in the order given.

    Args:
        wanted: the orders, at least one; all with the same photo and music.
        settings: as for `submit`.
        group_id: shared by them.
        owner: whose jobs they are.
        priority: as for `submit`.
        at_most: micro-dollars that they will reserve at most, all together.
        claim: as for `submit`: the first job gets its id, and the ids of the others follow from that.

    Raises:
        BadappleError: as `submit`; nothing was queued.
    """
    first = claim.job_id if claim is not None else uuid.uuid4().hex
    names = [first, *(uuid.uuid5(uuid.NAMESPACE_OID, f"{first} {number}").hex for number in range(1, len(wanted)))]
    _submit(
        dict(zip(names, wanted, strict=True)), settings, owner=owner, priority=priority, at_most=at_most, claim=claim,
        shared={"group_id": group_id},
    )  # fmt: skip
    return tuple(names)


def _submit(
    wanted: Mapping[str, JobOrder],
    settings: Settings,
    *,
    owner: str,
    priority: Priority,
    shared: Mapping[str, Any],
    at_most: int,
    claim: Claim | None,
) -> None:
    """Queue jobs by their ids, in one transaction; the files of the first are those of all."""
    if priority not in PRIORITIES:
        raise InputError(f"the priority {priority!r} is not known", hint=f"it is one of {', '.join(PRIORITIES)}")
    wanted = {name: check(order, settings) for name, order in wanted.items()}
    owner, engine = wording.owner_name(owner), open_database(settings.database_url)
    with Session(engine) as session:  # whoever may have no more shall not keep us busy with photos
        _refuse_too_much(session, owner, at_most, settings, more=len(wanted))

    def enter(session: Session, kept: JobOrder) -> None:
        if claim is not None:
            idempotency.fenced(session, claim)
        _hold_turns(session, owner)
        _refuse_too_much(session, owner, at_most, settings, more=len(wanted))
        _require(session, kept, settings)
        for name, order in wanted.items():
            facts = {
                "product_name": order.product_name, "style": order.style, "cta_text": order.cta_text, "owner": owner,
                "priority": PRIORITIES[priority], **shared, "request": orders.to_json(order.kept(kept.files)),
            }  # fmt: skip
            _enter(session, name, facts)

    first = next(iter(wanted))
    try:
        _keep_and(engine, settings, wanted[first], enter)
    except IntegrityError as error:  # another process took the id in this very moment
        raise _in_use(first) from error


def check(order: JobOrder, settings: Settings) -> JobOrder:
    """Return the order with its words in order, or refuse one that could only fail; files are not looked at.

    Raises:
        InputError: the name, the call to action, a fact, the pronunciation or the language cannot be used, or one says
            a word that the brand forbids.
        UnknownStyleError: there is no such style.
    """
    from badapple.pipeline.script_generator import check_words  # noqa: PLC0415 - heavy: whoever only asks does without

    order = wording.checked(order)
    check_words(
        Brief(
            product_name=order.product_name, style=order.style, cta_text=order.cta_text, facts=order.options.facts,
            forbidden=order.options.brand.forbidden if order.options.brand is not None else (),
        )
    )  # fmt: skip
    styles.load(order.style, settings.style_dirs)
    return order


def next_turn(session: Session, owner: str, priority: int) -> int:
    """Return the turn of an owner's next job: behind the owner's own, and not before where the queue is now.

    Each priority has turns of its own: one job that goes before all others says nothing of where those are. Until the
    transaction ends, nobody else can give the same turn to another job of this owner.
    """
    _hold_turns(session, owner)
    alike = Job.engine.is_(True) & (Job.priority == priority)
    running = session.scalar(select(func.max(Job.turn)).where(Job.status == JobStatus.PROCESSING.value, alike))
    if running is None:  # nobody works now: the queue is where its first job is
        in_line = (Job.status == JobStatus.PENDING.value, Job.awaiting.is_(None), alike)
        first = session.scalar(select(func.min(Job.turn)).where(*in_line))
        running = (first or 1) - 1
    own = session.scalar(select(func.max(Job.turn)).where(Job.owner == owner, Job.status.in_(_WAITING), alike))
    return max(running, own or 0) + 1


def _hold_turns(session: Session, owner: str) -> None:
    """Let no other job of this owner in until the transaction ends."""
    if session.get_bind().dialect.name == "postgresql":  # a transaction that writes is alone on SQLite
        session.execute(select(func.pg_advisory_xact_lock(func.hashtext(f"badapple turn {owner}"))))


def _refuse_too_much(session: Session, owner: str, at_most: int, settings: Settings, *, more: int) -> None:
    caps.check_count(session, owner, settings, more=more)
    caps.check_spend(session, owner, at_most, settings)


def _keep_and(
    engine: Engine, settings: Settings, order: JobOrder, enter: Callable[..., None]
) -> None:  # fmt: skip
    """Take the files of an order in, and then do the transaction that needs them, or forget them."""
    for last in (False, False, True):
        kept = keeping.keep(order, settings)
        try:
            once(engine, functools.partial(enter, kept=kept))
        except _GoneError:  # somebody who did not need the same file any more removed it in this very moment
            if last or not order.paths:
                raise
        except BaseException:
            _forget(engine, settings, set(kept.files.values()) - set(order.files.values()))
            raise
        else:
            return


class _GoneError(InputError):
    """A file of an order is not there."""


def _require(session: Session, order: JobOrder, settings: Settings) -> None:
    """Make sure that the order's files are there, and stay."""
    shelf.hold(session, order.files.values())
    for name, blob in order.files.items():
        if not shelf.lies(blob, settings):
            raise _GoneError(f"the {name} of this order is gone", hint="hand it in again")


def _forget(engine: Engine, settings: Settings, blobs: Iterable[Blob]) -> None:
    """Remove what was taken in for a job that was not made."""
    for blob in blobs:
        with contextlib.suppress(BadappleError, SQLAlchemyError, OSError):  # a purge finds what is left
            shelf.drop(engine, settings, blob)


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
