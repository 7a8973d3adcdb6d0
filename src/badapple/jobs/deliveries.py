"""Deliveries: what webhooks are told, made from the rows of jobs; and what became of each."""

from __future__ import annotations

import secrets
import uuid
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from sqlalchemy import delete, or_, select, tuple_, update
from sqlalchemy.orm import Session

from badapple.database import Delivery, Event, Job, Webhook, open_database
from badapple.database.tables import now
from badapple.database.transactions import once
from badapple.errors import ConflictError, NotFoundError
from badapple.jobs import links
from badapple.jobs.webhooks import EVENTS, TEST, of
from badapple.models import JobStatus, stamp

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Engine

    from badapple.access.signing import Signer
    from badapple.config import Settings

__all__ = ["DeliveryView", "announce", "forget", "listing", "resend", "test", "unannounced", "wanted"]

_LAST = {"completed": "job.completed", "error": "job.failed", "cancelled": "job.cancelled"}  #: stage -> what is told
_AWAITING = EVENTS[3]
_STATUS = {"job.completed": "completed", "job.failed": "failed", "job.cancelled": "cancelled", _AWAITING: "pending"}
_RECENT = timedelta(minutes=10)
_KEPT = timedelta(days=30)
_LINKED = timedelta(days=7)  #: longer than a message is tried
_SOME = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryView:
    """One message to one webhook.

    Attributes:
        id: the `webhook-id` that receivers see.
        webhook_id: whom it goes to.
        type: `job.completed` ...
        job_id: the job it tells of; empty for a test.
        state: `pending`, `delivered` or `failed`.
        attempts: how often it was sent.
        next_at: when it is sent next, where it is pending.
        log: the last tries: `at`, `status` or None, `ms`, `error`, `reply` (its first 200 bytes).
        created_at: when it was made.
        ended_at: when it was taken or given up, or None.
    """

    id: str
    webhook_id: str
    type: str
    job_id: str
    state: str
    attempts: int
    next_at: datetime | None
    log: tuple[dict[str, Any], ...]
    created_at: datetime
    ended_at: datetime | None

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON, moments in ISO 8601."""
        body = {**asdict(self), "log": list(self.log)}
        for name in ("next_at", "created_at", "ended_at"):
            body[name] = body[name].isoformat() if body[name] is not None else None
        return body


def wanted(engine: Engine) -> bool:
    """Say whether anybody wants to be told of anything."""
    with Session(engine) as session:
        return session.scalar(select(Webhook.id).where(Webhook.enabled).limit(1)) is not None


def unannounced(engine: Engine, *, everything: bool = False) -> list[str]:
    """Return jobs that something happened to which webhooks were not told yet.

    Args:
        engine: the database.
        everything: look at all jobs of whoever has webhooks, not only at those that ended lately or wait.
    """
    with Session(engine) as session:
        owners = list(session.scalars(select(Webhook.owner).where(Webhook.enabled).distinct()))
        if not owners:
            return []
        jobs = select(Job.id).where(Job.owner.in_(owners), Job.announced < Job.seq)
        if everything:
            told = select(Event.job_id).where(
                Event.job_id == Job.id, Event.seq > Job.announced, Event.stage.in_(tuple(_LAST))
            )
            waits = Job.awaiting.is_not(None)
            return list(session.scalars(jobs.where(or_(told.exists(), waits))))
        ended = jobs.where(Job.ended_at >= now() - _RECENT)
        waiting = jobs.where(Job.status == JobStatus.PENDING.value, Job.awaiting.is_not(None))
        return list(dict.fromkeys([*session.scalars(ended.limit(_SOME)), *session.scalars(waiting.limit(_SOME))]))


def announce(engine: Engine, job_id: str, *, public_url: str | None = None, signer: Signer | None = None) -> int:
    """Make the deliveries of what happened to a job; return how many. None is lost, none is made twice.

    What was told is noted in the same transaction, so it does no harm to call it anywhere, any number of times.

    Args:
        engine: the database.
        job_id: the job.
        public_url: how receivers reach this server, or None where they do not.
        signer: signs the link to the video; None gives none.
    """
    return once(engine, lambda session: _announce(session, job_id, public_url, signer))


def listing(
    webhook_id: str,
    settings: Settings,
    *,
    owner: str | None,
    state: str | None = None,
    limit: int = 50,
    after: tuple[datetime, str] | None = None,
) -> tuple[DeliveryView, ...]:
    """Return deliveries to a webhook, the newest first.

    Args:
        webhook_id: the webhook.
        settings: where the database is.
        owner: whose it must be; None takes anybody's.
        state: only those; None lists all.
        limit: at most so many.
        after: moment and id of the last one seen; only those that come after it.

    Raises:
        NotFoundError: there is no such webhook of this owner.
    """
    with Session(open_database(settings.database_url)) as session:
        of(session, webhook_id, owner=owner)
        rows = select(Delivery).where(Delivery.webhook_id == webhook_id)
        if state is not None:
            rows = rows.where(Delivery.state == state)
        if after is not None:
            rows = rows.where(tuple_(Delivery.created_at, Delivery.id) < after)
        rows = rows.order_by(Delivery.created_at.desc(), Delivery.id.desc()).limit(limit)
        return tuple(_view(row) for row in session.scalars(rows))


def resend(webhook_id: str, delivery_id: str, settings: Settings, *, owner: str | None) -> DeliveryView:
    """Send a delivery again, now, whatever became of it; its id stays, so that a receiver that has it knows.

    Raises:
        NotFoundError: there is no such webhook of this owner, or no such delivery to it.
        ConflictError: the webhook is switched off, or it is being sent in this moment.
    """

    def write(session: Session) -> DeliveryView:
        _enabled(of(session, webhook_id, owner=owner))
        row = session.get(Delivery, delivery_id, with_for_update=True)
        if row is None or row.webhook_id != webhook_id:
            raise NotFoundError(f"there is no delivery {delivery_id[:40]!r} of this webhook")
        if row.state == "pending" and row.holder is not None and row.next_at > now():
            raise ConflictError("it is being sent in this moment", hint="look again in a few seconds")
        row.state, row.attempts, row.holder, row.ended_at, row.next_at = "pending", 0, None, None, now()
        session.flush()
        return _view(row)

    return once(open_database(settings.database_url), write)


def test(webhook_id: str, settings: Settings, *, owner: str | None) -> DeliveryView:
    """Send a message that tells of nothing, to see whether it comes.

    Raises:
        NotFoundError: there is no such webhook of this owner.
        ConflictError: the webhook is switched off.
    """

    def write(session: Session) -> DeliveryView:
        hook = _enabled(of(session, webhook_id, owner=owner))
        payload = {"type": TEST, "timestamp": stamp(), "data": {"webhook_id": hook.id}}
        row = _delivery(hook, TEST, payload, seq=1 + secrets.randbelow(2**31 - 1))
        session.add(row)
        session.flush()
        return _view(row)

    return once(open_database(settings.database_url), write)


def forget(engine: Engine) -> None:
    """Remove deliveries that ended more than 30 days ago."""
    gone = delete(Delivery).where(Delivery.state != "pending", Delivery.ended_at < now() - _KEPT)
    once(engine, lambda session: session.execute(gone.execution_options(synchronize_session=False)))


def _announce(session: Session, job_id: str, public_url: str | None, signer: Signer | None) -> int:
    job = session.get(Job, job_id, with_for_update=True)
    if job is None or job.announced >= job.seq:
        return 0
    last = select(Event).where(
        Event.job_id == job_id, Event.seq > job.announced, Event.seq <= job.seq, Event.stage.in_(tuple(_LAST))
    )
    told = [(event, _LAST[event.stage]) for event in session.scalars(last.order_by(Event.seq))]
    if job.awaiting is not None and (event := session.get(Event, (job_id, job.seq))) is not None:
        told.append((event, _AWAITING))
    hooks = list(session.scalars(select(Webhook).where(Webhook.owner == job.owner, Webhook.enabled)))
    asked = _asked_already(session, job)
    rows = [
        _delivery(hook, kind, _payload(job, event, kind, public_url, signer), job_id=job_id, seq=event.seq)
        for event, kind in told
        for hook in hooks
        if (not hook.events or kind in hook.events) and not (kind == _AWAITING and hook.id in asked)
    ]
    session.add_all(rows)
    session.flush()
    if told:  # the job's own moment of change stays: nothing of it was changed that anybody sees
        noted = update(Job).where(Job.id == job_id).values(announced=told[-1][0].seq, updated_at=Job.updated_at)
        session.execute(noted.execution_options(synchronize_session=False))
    return len(rows)


def _asked_already(session: Session, job: Job) -> set[str]:
    """Return the webhooks that were told that this attempt waits: whatever is written meanwhile, it still does."""
    if job.awaiting is None:
        return set()
    told = select(Delivery).where(Delivery.job_id == job.id, Delivery.type == _AWAITING)
    return {row.webhook_id for row in session.scalars(told) if row.payload["data"]["attempt"] == job.attempt}


def _payload(job: Job, event: Event, kind: str, public_url: str | None, signer: Signer | None) -> dict[str, Any]:
    data: dict[str, Any] = {
        "job_id": job.id, "status": _STATUS[kind], "product_name": job.product_name, "style": job.style,
        "cta_text": job.cta_text, "progress": event.progress, "message": event.message, "attempt": job.attempt,
        "cost_usd": job.cost / 1e6, "parent_id": job.parent_id, "group_id": job.group_id,
    }  # fmt: skip
    if kind == "job.failed":
        failure = job.failure or {}
        data["error_message"] = job.error_message or event.message
        data["retryable"] = bool(failure.get("retryable"))
    if public_url is not None:
        data["status_url"] = f"{public_url}/api/v1/jobs/{quote(job.id, safe='')}"
        if kind == "job.completed" and job.video_url is not None and signer is not None:
            # The same link that `POST /jobs/ID/links` makes: it needs no key, so that a receiver needs none.
            data["video_url"] = public_url + links.file_path(signer, job, "video", now() + _LINKED)
    return {"type": kind, "timestamp": event.timestamp, "data": data}


def _delivery(hook: Webhook, kind: str, payload: dict[str, Any], *, seq: int, job_id: str = "") -> Delivery:
    moment = now()
    return Delivery(
        id=f"msg_{uuid.uuid4().hex}", webhook_id=hook.id, owner=hook.owner, job_id=job_id, seq=seq, type=kind,
        payload=payload, state="pending", attempts=0, next_at=moment, log=[], created_at=moment,
    )  # fmt: skip


def _enabled(hook: Webhook) -> Webhook:
    if not hook.enabled:
        raise ConflictError(
            f"the webhook is switched off{f': {hook.disabled_because}' if hook.disabled_because else ''}",
            hint="switch it on first",
        )
    return hook


def _view(row: Delivery) -> DeliveryView:
    return DeliveryView(
        id=row.id, webhook_id=row.webhook_id, type=row.type, job_id=row.job_id, state=row.state, attempts=row.attempts,
        next_at=row.next_at if row.state == "pending" else None, log=tuple(row.log), created_at=row.created_at,
        ended_at=row.ended_at,
    )  # fmt: skip
