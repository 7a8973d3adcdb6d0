"""What is forgotten: ended jobs with all that was written of them, and parts that nobody needs any more.

What vendors charged stays for the accounts, without a word of what it was for. What is paid for and not finished is
never touched, and no file that another job needs. Files go before rows, so that a purge that was cut short is finished
by the next one.
"""

from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import Text, cast, delete, func, not_, or_, select, tuple_, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from badapple.database import (
    BrandRow,
    Call,
    Delivery,
    Event,
    Idempotency,
    Job,
    Part,
    Receipt,
    Stage,
    Upload,
    once,
    open_database,
    writing,
)
from badapple.database.tables import now
from badapple.errors import ConflictError
from badapple.jobs import idempotency, looks, shelf, uploads
from badapple.jobs.leftovers import Leftovers, blobs_of, mentions, parts_of, plain
from badapple.jobs.strays import remove_strays
from badapple.jobs.views import of
from badapple.journal.rows import OPEN
from badapple.models import CallState, JobStatus
from badapple.storage import shared

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement, Engine

    from badapple.cache import Blob
    from badapple.config import Settings

__all__ = ["Purged", "purge"]

_ENDED = (JobStatus.COMPLETED.value, JobStatus.FAILED.value, JobStatus.CANCELLED.value)
_UNSETTLED = (*OPEN, CallState.UNKNOWN.value)
_PURGED = "purged-"  #: how the key of a call begins that says no more what it was for
_SOME = 300  #: rows of one statement
_FEW = 20  #: products whose names the database looks for; with more, all facts are read
#: A word that JSON has letter for letter: ASCII, and nothing that another letter becomes where case is folded.
_SAME = re.compile(r"(?!.*(?:ss|st|f[fil]))[a-z0-9_]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Purged:
    """What was forgotten, or would be.

    Attributes:
        jobs: ended jobs.
        events: their progress messages.
        files: files here and in the storage.
        bytes: their size; of folders in the storage it is not known.
        kept: jobs whose time has come, and that have paid calls which are not settled.
    """

    jobs: int
    events: int
    files: int
    bytes: int
    kept: tuple[str, ...] = ()


@dataclass(slots=True, kw_only=True)
class _Plan:
    """What goes, and what stays because others need it."""

    made_at: datetime = field(default_factory=now)
    jobs: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    names: set[str] = field(default_factory=set)  #: products that no other job is about
    receipts: dict[str, int] = field(default_factory=dict)  #: key -> how often its making had begun
    calls: list[str] = field(default_factory=list)
    blobs: set[Blob] = field(default_factory=set)  #: of parts
    files: set[Blob] = field(default_factory=set)  #: of orders, which a new order or an upload may need at any moment


def purge(
    settings: Settings,
    *,
    older_than_days: float | None = None,
    job: str | None = None,
    owner: str | None = None,
    everything: bool = False,
    strays: bool = False,
    dry_run: bool = False,
) -> Purged:
    """Forget ended jobs.

    It blocks for as long as files take to be removed, so an event loop calls it in a thread. Caches of other machines
    forget by themselves.

    Args:
        settings: where things lie.
        older_than_days: days since a job ended; None means `settings.keep_days`.
        job: this job alone, whenever it ended.
        owner: only this owner's jobs; None takes everybody's.
        everything: remove paid calls too, which then are missing from the accounts.
        strays: remove files of the shared storage too that no row names, see `strays.remove_strays`.
        dry_run: only say what would be forgotten.

    Raises:
        InputError: there is no such job of this owner, or it has not ended.
        StorageError: the storage cannot be reached; run it again.
    """
    engine = open_database(settings.database_url)
    since = now() - timedelta(days=settings.keep_days if older_than_days is None else older_than_days)
    with Session(engine) as session:
        due = _due(session, job, owner) if job is not None else _older(session, since, owner)
        plan = _plan(session, due, orphans=None if job is not None else since)
        events = session.scalar(select(func.count()).select_from(Event).where(Event.job_id.in_(plan.jobs))) or 0
    left = Leftovers(settings, shared(settings), dry_run=dry_run)
    left.remove_mentions(plan.names)
    for blob in sorted(plan.blobs - plan.files, key=lambda blob: blob.sha256):
        left.remove_blob(blob)
    for blob in sorted(plan.blobs & plan.files, key=lambda blob: blob.sha256):
        _remove_file(engine, blob, left, plan)
    for job_id in plan.jobs:
        left.remove_job(job_id)
    if not dry_run:
        if plan.jobs or plan.calls or plan.receipts:
            _remove_rows(engine, plan, everything=everything)
            _compact(engine, whole=job is None)
        if job is None:
            uploads.sweep(settings)
            idempotency.sweep(engine)
            shelf.tidy(engine, settings)
    if strays and (storage := shared(settings)) is not None:
        left.files += remove_strays(engine, storage, dry_run=dry_run)
    return Purged(jobs=len(plan.jobs), events=events, files=left.files, bytes=left.bytes, kept=tuple(plan.kept))


def _due(session: Session, job_id: str, owner: str | None) -> list[Job]:
    row = of(session, job_id, owner=owner)
    if row.status not in _ENDED:
        raise ConflictError(
            f"the job {job_id!r} is {row.status}", hint=f"`badapple jobs cancel {job_id}` ends it first"
        )
    return [row]


def _older(session: Session, since: datetime, owner: str | None) -> list[Job]:
    wanted = select(Job).where(Job.status.in_(_ENDED), func.coalesce(Job.ended_at, Job.updated_at) < since)
    return list(session.scalars(wanted.where(Job.owner == owner) if owner is not None else wanted))


def _plan(session: Session, due: Sequence[Job], *, orphans: datetime | None) -> _Plan:
    """Decide what goes.

    Args:
        session: reads only.
        due: jobs whose time has come.
        orphans: calls of jobs that are gone, and looks at photos that are, go too where they are older than this
            moment; None leaves them.
    """
    plan = _Plan()
    ids = [row.id for row in due]
    unsettled = {
        job_id
        for some in _chunks(ids)
        for job_id in session.scalars(select(Call.job).where(Call.job.in_(some), Call.state.in_(_UNSETTLED)))
    }
    plan.kept = [job_id for job_id in ids if job_id in unsettled]
    going = {row.id: row for row in due if row.id not in unsettled}
    plan.jobs = list(going)
    staying = [row for row in session.scalars(select(Job)) if row.id not in going]
    named = {plain(row.product_name) for row in staying}
    unfinished = {(row.owner, plain(row.product_name)) for row in staying if row.status != JobStatus.COMPLETED.value}
    plan.names = {plain(row.product_name) for row in going.values()} - named
    # An unfinished job about the same product may need what the others bought: their calls stay for now.
    free = [row.id for row in going.values() if (row.owner, plain(row.product_name)) not in unfinished]
    calls = [
        row for some in _chunks(free) for row in session.scalars(select(Call).where(Call.job.in_(some)))
    ] + _orphans(session, orphans)
    plan.calls = [row.id for row in calls]
    wanted = {key for row in going.values() for key in parts_of(row)}
    needed = {key for row in staying for key in parts_of(row)}
    # A job that runs, or that was ended in the middle, has its list of parts in no row but theirs.
    for job_id, key in session.execute(select(Part.job_id, Part.key).execution_options(yield_per=500)):
        (wanted if job_id in going else needed).add(key)
    plan.files = {blob for row in going.values() for blob in blobs_of((row.request or {}).get("files"))}
    others = {blob for row in staying for blob in blobs_of((row.request or {}).get("files"))}
    others |= {shelf.blob_of(row) for row in session.scalars(select(Upload))}
    wanted |= looks.keys_of(session, plan.files - others)  # no job lists what it was given among its parts
    wanted |= looks.left_behind(session, orphans, others) if orphans is not None else set()
    files = [blobs_of(row.files) for row in calls] + [plan.files]
    files += _take_receipts(session, plan, wanted - needed, needed)
    plan.blobs = {blob for some in files for blob in some}
    if plan.blobs:
        plan.blobs -= _still_needed(session, plan, staying)
    return plan


def _orphans(session: Session, since: datetime | None) -> list[Call]:
    if since is None:
        return []
    ended = (Call.created_at < since, Call.state.not_in(_UNSETTLED), not_(Call.key.startswith(_PURGED)))
    return list(session.scalars(select(Call).where(*ended, Call.job.not_in(select(Job.id)))))


def _take_receipts(session: Session, plan: _Plan, going: set[str], needed: set[str]) -> list[set[Blob]]:
    """Plan the receipts that jobs used, and those that speak of their products; return their files."""
    found = []
    wanted = select(Receipt.key, Receipt.begun, Receipt.files)
    for some in _chunks(sorted(going)):
        for row in session.execute(wanted.where(Receipt.key.in_(some))):
            plan.receipts[row.key] = row.begun
            found.append(blobs_of(row.files))
    if plan.names:
        told = wanted.add_columns(Receipt.facts).where(*_telling(plan.names)).execution_options(yield_per=500)
        for row in session.execute(told):
            if row.key not in needed and row.key not in going and mentions(row.facts, plan.names):
                plan.receipts[row.key] = row.begun
                found.append(blobs_of(row.files))
    return found


def _telling(names: set[str]) -> list[ColumnElement[bool]]:
    """Return a condition that facts of receipts fulfil where they speak of a product, and few others do; or none."""
    words = [max(filter(_SAME.fullmatch, name.split()), key=len, default="") for name in names]
    if len(words) > _FEW or not all(words):
        return []
    facts = cast(Receipt.facts, Text)
    return [or_(*(facts.icontains(word, autoescape=True) for word in words))]


def _still_needed(session: Session, plan: _Plan, staying: Iterable[Job]) -> set[Blob]:
    receipts, calls = plan.receipts, set(plan.calls)
    needed = {blob for row in staying for blob in blobs_of((row.request or {}).get("files"))}
    needed |= {shelf.blob_of(row) for row in session.scalars(select(Upload))}
    needed |= {blob for row in session.scalars(select(BrandRow)) if (blob := shelf.logo_of(row)) is not None}
    for key, files in session.execute(select(Receipt.key, Receipt.files).execution_options(yield_per=500)):
        needed |= blobs_of(files) if key not in receipts else set()
    for call, files in session.execute(select(Call.id, Call.files).execution_options(yield_per=500)):
        needed |= blobs_of(files) if call not in calls else set()
    return needed


def _remove_file(engine: Engine, blob: Blob, left: Leftovers, plan: _Plan) -> None:
    """Remove a file of an order, unless somebody has begun to need it since the plan was made."""

    def work(session: Session) -> None:
        shelf.hold(session, [blob])
        if not shelf.needed(session, blob, but=plan.jobs, since=plan.made_at):
            left.remove_blob(blob)

    once(engine, work)


def _remove_rows(engine: Engine, plan: _Plan, *, everything: bool) -> None:
    for some in _chunks(list(plan.receipts)):
        with _erasing(engine) as session:
            # One whose making has begun since then is of a job that did not run yet, and that will want to finish it.
            as_planned = tuple_(Receipt.key, Receipt.begun).in_([(key, plan.receipts[key]) for key in some])
            session.execute(delete(Receipt).where(as_planned))
    silent: dict[str, Any] = {"request": {}, "facts": {}, "files": {}, "error": None, "key": _PURGED + Call.id}
    for some in _chunks(plan.calls):
        with _erasing(engine) as session:
            if everything:
                session.execute(delete(Call).where(Call.id.in_(some)))
            else:
                session.execute(update(Call).where(Call.id.in_(some)).values(silent))
    for some in _chunks(plan.jobs):
        with _erasing(engine) as session:
            gone = list(
                session.scalars(select(Job.id).where(Job.id.in_(some), Job.status.in_(_ENDED)).with_for_update())
            )
            for table in (Event, Stage, Part, Delivery):
                session.execute(delete(table).where(table.job_id.in_(gone)))
            session.execute(delete(Idempotency).where(Idempotency.job_id.in_(gone)))
            session.execute(delete(Job).where(Job.id.in_(gone)))


@contextlib.contextmanager
def _erasing(engine: Engine) -> Iterator[Session]:
    """Yield a transaction that overwrites what it deletes."""
    with writing(engine) as session:
        if engine.dialect.name == "sqlite":
            session.connection().exec_driver_sql("PRAGMA secure_delete=ON")
        yield session


def _compact(engine: Engine, *, whole: bool) -> None:
    """Leave nothing of deleted rows in the log of a SQLite file, and give its room back where the `whole` was swept.

    In the file itself they are overwritten already; where others write just now, the next purge does the rest.
    """
    if engine.dialect.name != "sqlite":
        return
    with contextlib.suppress(SQLAlchemyError), engine.connect() as connection:
        alone = connection.execution_options(isolation_level="AUTOCOMMIT")
        if whole:
            alone.exec_driver_sql("VACUUM")
        alone.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")


def _chunks(ids: Sequence[str]) -> Iterable[Sequence[str]]:
    return (ids[start : start + _SOME] for start in range(0, len(ids), _SOME))
