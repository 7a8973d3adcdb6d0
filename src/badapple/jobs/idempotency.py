"""Requests that may come again: each is done once, however often and from wherever it is sent.

A request claims its key before it does anything, and the claim holds the id that its job will have. A process that dies
leaves a claim that nobody renews; the next request of the same key takes it over, and sees by the id whether the job
was made. A process that was only slow finds its claim gone, in the very transaction that would have made the job.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import logging
import re
import uuid
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from badapple.database import Idempotency, Job
from badapple.database.rows import ensure
from badapple.database.tables import Utc, now
from badapple.database.transactions import again, once
from badapple.errors import IdempotencyError, InputError
from badapple.process import in_thread

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from datetime import datetime

    from sqlalchemy import Engine

__all__ = ["KEEP_DAYS", "LEASE", "Answer", "Claim", "answered_once", "fenced", "fingerprint", "sweep"]

KEEP_DAYS = 7  #: for which an answer is kept
LEASE = 30.0  #: seconds after which a claim that nobody renews is taken over
_KEY = re.compile(r"[!-~]{1,255}")
_log = logging.getLogger("badapple.jobs")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a request is answered with.

    Attributes:
        status: of the HTTP reply, 2xx.
        body: JSON.
        headers: those that belong to it, like `Location`.
        replayed: it is the answer of an earlier request with the same key.
    """

    status: int
    body: dict[str, Any]
    headers: Mapping[str, str] = field(default_factory=dict)
    replayed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """The right to do what a key stands for; `jobs.submit(..., claim=claim)` makes its job.

    Attributes:
        owner: whose key it is.
        key: as the caller sent it.
        token: of this very request; whoever took the claim over has another.
        job_id: the id that the job has to have, whichever process makes it; an upload for it may have the same.
        made: whether there is that job already: a process made it and died before it answered. Only the answer is
            missing then.
    """

    owner: str
    key: str
    token: str
    job_id: str
    made: bool


def fingerprint(asked: Mapping[str, Any]) -> str:
    """Return the SHA-256, hex, of what was asked, as JSON values; two requests are the same where it is the same."""
    text = json.dumps(asked, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()


async def answered_once(
    engine: Engine,
    owner: str,
    key: str,
    asked: str,
    work: Callable[[Claim], Awaitable[Answer]],
    *,
    lease: float = LEASE,
) -> Answer:
    """Return the answer to a request, doing its work only if no request of the same key has done it.

    Where the work raises and no job was made, nothing is kept: the same key may be used for a better request.

    Args:
        engine: the database.
        owner: whose key it is.
        key: 1 to 255 visible ASCII characters.
        asked: `fingerprint` of the request.
        work: does it, with a claim that it hands on to `jobs.submit`; where `claim.made`, it only looks at the job.
        lease: seconds after which the claim of a dead process is taken over.

    Raises:
        InputError: the key cannot be used.
        IdempotencyError: another request was sent under this key (`mismatch`), or the same is being worked on.
    """
    if not _KEY.fullmatch(key):
        raise InputError("the idempotency key cannot be used", hint="1 to 255 visible ASCII characters")
    claim = await in_thread(_claim, engine, owner, key, asked, lease)
    if isinstance(claim, Answer):
        return claim
    renewing = asyncio.ensure_future(_renew(engine, claim, lease))
    try:
        answer = await work(claim)
        await in_thread(again, engine, lambda session: _store(session, claim, answer))
    except BaseException:
        with contextlib.suppress(SQLAlchemyError):  # its lease ends by itself
            await in_thread(once, engine, lambda session: _release(session, claim))
        raise
    finally:
        renewing.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await renewing
    return answer


def fenced(session: Session, claim: Claim) -> None:
    """Make sure, within the transaction that makes the job, that nobody took the claim over.

    Raises:
        IdempotencyError: somebody did.
    """
    row = session.get(Idempotency, (claim.owner, claim.key), with_for_update=True)
    if row is None or row.claim != claim.token:
        raise _busy()


def sweep(engine: Engine) -> int:
    """Forget answers whose time is over; return how many."""

    def work(session: Session) -> int:
        over = delete(Idempotency).where(Idempotency.expires_at < now()).returning(Idempotency.key)
        return len(session.scalars(over.execution_options(synchronize_session=False)).all())

    return again(engine, work)


def _claim(engine: Engine, owner: str, key: str, asked: str, lease: float) -> Answer | Claim:
    """Return the answer where there is one, else the claim of this request.

    Raises:
        IdempotencyError: as `answered_once`.
    """
    with Session(engine) as session:  # of a thousand requests one writes, and the others only look
        row, moment = session.get(Idempotency, (owner, key)), _moment(session)
        found = None if row is None or row.expires_at < moment else _judged(row, asked, moment, lease)
    return found or once(engine, lambda session: _take(session, owner, key, asked, lease))


def _judged(row: Idempotency, asked: str, moment: datetime, lease: float) -> Answer | None:
    if row.fingerprint != asked:
        raise IdempotencyError(
            "this idempotency key was used for another request",
            mismatch=True,
            hint="send a new key with each new request, and the same one only with the very same",
        )
    if row.status is not None:
        return Answer(status=row.status, body=row.body or {}, headers=row.headers or {}, replayed=True)
    if row.claim is not None and row.claimed_at is not None and row.claimed_at + timedelta(seconds=lease) > moment:
        raise _busy()
    return None


def _take(session: Session, owner: str, key: str, asked: str, lease: float) -> Answer | Claim:
    moment, token = _moment(session), uuid.uuid4().hex
    lasts = moment + timedelta(days=KEEP_DAYS)
    fresh = {"fingerprint": asked, "job_id": uuid.uuid4().hex, "expires_at": lasts, "created_at": moment}
    row = None
    while row is None:  # whoever failed with the same key may take its row away between the two statements
        ensure(session, Idempotency, owner=owner, key=key, headers={}, **fresh)
        row = session.get(Idempotency, (owner, key), with_for_update=True, populate_existing=True)
    if row.expires_at < moment:
        for name, value in fresh.items():
            setattr(row, name, value)
        row.claim = row.claimed_at = row.status = row.body = None
        row.headers = {}
    answer = _judged(row, asked, moment, lease)
    if answer is not None:
        return answer
    row.claim, row.claimed_at = token, moment
    session.flush()
    job_id = row.job_id or ""
    return Claim(owner=owner, key=key, token=token, job_id=job_id, made=_made(session, owner, job_id))


def _made(session: Session, owner: str, job_id: str) -> bool:
    return session.scalar(select(Job.id).where(Job.id == job_id, Job.owner == owner)) is not None


def _store(session: Session, claim: Claim, answer: Answer) -> None:
    session.execute(
        update(Idempotency)
        .where(*_its_row(claim))
        .values(status=answer.status, body=answer.body, headers=dict(answer.headers), claim=None, claimed_at=None)
        .execution_options(synchronize_session=False)
    )


def _release(session: Session, claim: Claim) -> None:
    """Give a claim back: nothing is left of it, but for the id of what was made before something failed."""
    row = session.get(Idempotency, (claim.owner, claim.key), with_for_update=True)
    if row is None or row.claim != claim.token:
        return
    if _made(session, claim.owner, claim.job_id):
        row.claim = row.claimed_at = None
    else:
        session.delete(row)
    session.flush()


async def _renew(engine: Engine, claim: Claim, lease: float) -> None:
    """Show that the work goes on, for as long as it does."""

    def renew(session: Session) -> None:
        mine = update(Idempotency).where(*_its_row(claim)).values(claimed_at=_moment(session))
        session.execute(mine.execution_options(synchronize_session=False))

    while True:
        await asyncio.sleep(lease / 4)
        try:
            await in_thread(again, engine, renew)
        except SQLAlchemyError as error:
            _log.warning("claim_not_renewed", extra={"error": type(error).__name__})


def _its_row(claim: Claim) -> tuple[Any, ...]:
    return Idempotency.owner == claim.owner, Idempotency.key == claim.key, Idempotency.claim == claim.token


def _moment(session: Session) -> datetime:
    """Return the present moment by one clock: of the database where there is a server, else of this machine."""
    if session.get_bind().dialect.name == "postgresql":
        found: datetime = session.execute(select(func.clock_timestamp(type_=Utc()))).scalar_one()
        return found
    return now()


def _busy() -> IdempotencyError:
    return IdempotencyError(
        "a request with this idempotency key is being worked on",
        mismatch=False,
        hint="wait a moment, then send it again",
    )
