"""Webhooks: addresses of others that want to be told what became of jobs, and how they know that it is us.

Messages follow the Standard Webhooks specification (standardwebhooks.com): headers `webhook-id`, `webhook-timestamp`
and `webhook-signature`, secrets that begin with `whsec_`. A secret is not kept: it is made from the server's own secret
whenever it is needed.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import uuid
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from badapple.access.signing import signer_of
from badapple.database import Job, Webhook, open_database
from badapple.database.tables import now
from badapple.database.transactions import once
from badapple.errors import InputError, LimitExceededError, NotFoundError
from badapple.fetching import Rules, parse
from badapple.secrets import remember

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from badapple.access.signing import Signer
    from badapple.config import Doors, Settings

__all__ = [
    "EVENTS",
    "MOST",
    "TEST",
    "WebhookView",
    "change",
    "create",
    "delete",
    "get",
    "listing",
    "of",
    "rotate",
    "rules",
    "secret",
    "sign",
]

EVENTS = ("job.completed", "job.failed", "job.cancelled", "job.awaiting_approval")
TEST = "webhook.test"  #: sent on request only
MOST = 10  #: webhooks of one owner
_LONGEST = 2000  #: characters of an address
_PORTS = (443, 8443)
_BOTH = timedelta(hours=24)  #: after a change of the secret both sign
_PATIENCE = 15.0  #: seconds that a receiver may take
_REPLY = 200  #: bytes of an answer that are looked at


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookView:
    """An address that wants to be told.

    Attributes:
        id: names it.
        owner: whose jobs are told of.
        url: where messages go.
        events: what is told, of `EVENTS`; empty tells all.
        enabled: whether anything is sent.
        disabled_because: why nothing is sent, where it was not its owner who said so.
        created_at: when it was made.
        updated_at: when it was changed last.
    """

    id: str
    owner: str
    url: str
    events: tuple[str, ...]
    enabled: bool
    disabled_because: str | None
    created_at: datetime
    updated_at: datetime

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON, moments in ISO 8601."""
        moments = {"created_at": self.created_at.isoformat(), "updated_at": self.updated_at.isoformat()}
        return {**asdict(self), "events": list(self.events), **moments}


def create(settings: Settings, url: str, *, owner: str, events: Sequence[str] = ()) -> tuple[WebhookView, str]:
    """Make a webhook; return it, and the secret that its messages are signed with. Nothing of the past is told.

    Args:
        settings: where the database is, and which private hosts may be told.
        url: where messages go.
        owner: whose jobs are told of.
        events: what is told, of `EVENTS`; empty tells all.

    Raises:
        FetchError: nothing is sent to such an address.
        InputError: there is no such event.
        LimitExceededError: the owner has as many as one may have.
    """
    _check(settings, url, events)

    def insert(session: Session) -> WebhookView:
        _hold(session, owner)
        if (session.scalar(select(func.count()).select_from(Webhook).where(Webhook.owner == owner)) or 0) >= MOST:
            raise LimitExceededError(
                f"there are {MOST} webhooks already", code="too_many_webhooks", hint="remove one that is not needed"
            )
        _forget_the_past(session, owner)
        moment = now()
        row = Webhook(
            id=f"wh_{uuid.uuid4().hex[:24]}", owner=owner, url=url, events=_ordered(events), turn=1, enabled=True,
            created_at=moment, updated_at=moment,
        )  # fmt: skip
        session.add(row)
        session.flush()
        return _view(row)

    view = once(open_database(settings.database_url), insert)
    return view, secret(signer_of(settings), view.id, 1)


def listing(settings: Settings, *, owner: str | None) -> tuple[WebhookView, ...]:
    """Return an owner's webhooks, the oldest first; None lists everybody's."""
    wanted = select(Webhook).order_by(Webhook.created_at, Webhook.id)
    if owner is not None:
        wanted = wanted.where(Webhook.owner == owner)
    with Session(open_database(settings.database_url)) as session:
        return tuple(_view(row) for row in session.scalars(wanted))


def get(webhook_id: str, settings: Settings, *, owner: str | None) -> WebhookView:
    """Return a webhook.

    Raises:
        NotFoundError: there is no such webhook of this owner.
    """
    with Session(open_database(settings.database_url)) as session:
        return _view(of(session, webhook_id, owner=owner))


def change(
    webhook_id: str,
    settings: Settings,
    *,
    owner: str | None,
    url: str | None = None,
    events: Sequence[str] | None = None,
    enabled: bool | None = None,
) -> WebhookView:
    """Change a webhook; None leaves as it is. What happens while it is switched off is not told.

    Raises:
        NotFoundError: there is no such webhook of this owner.
        FetchError: nothing is sent to such an address.
        InputError: there is no such event.
    """
    if url is not None or events:
        _check(settings, url, events or ())

    def write(session: Session) -> WebhookView:
        row = of(session, webhook_id, owner=owner, lock=True)
        if url is not None:
            row.url = url
        if events is not None:
            row.events = _ordered(events)
        if enabled is not None:
            if enabled and not row.enabled:
                _forget_the_past(session, row.owner)
            row.enabled, row.disabled_because = enabled, None
        session.flush()
        return _view(row)

    return once(open_database(settings.database_url), write)


def delete(webhook_id: str, settings: Settings, *, owner: str | None) -> None:
    """Remove a webhook, with what was and would have been sent to it.

    Raises:
        NotFoundError: there is no such webhook of this owner.
    """

    def remove(session: Session) -> None:
        session.delete(of(session, webhook_id, owner=owner, lock=True))

    once(open_database(settings.database_url), remove)


def rotate(webhook_id: str, settings: Settings, *, owner: str | None) -> str:
    """Give a webhook another secret and return it; for 24 hours the old one signs too.

    Raises:
        NotFoundError: there is no such webhook of this owner.
    """

    def turn(session: Session) -> int:
        row = of(session, webhook_id, owner=owner, lock=True)
        row.turn, row.updated_at = row.turn + 1, now()
        return row.turn

    return secret(signer_of(settings), webhook_id, once(open_database(settings.database_url), turn))


def secret(signer: Signer, webhook_id: str, turn: int) -> str:
    """Return what a webhook's messages are signed with."""
    text = "whsec_" + base64.b64encode(signer.derive(f"webhook/{webhook_id}/{turn}")).decode()
    remember(text)
    return text


def sign(row: Webhook, signer: Signer, *, delivery_id: str, moment: datetime, body: bytes) -> dict[str, str]:
    """Return the headers that tell a receiver that a message is from us, and which.

    Args:
        row: the webhook.
        signer: the server's.
        delivery_id: names the message; receivers know by it what they have already.
        moment: of this try.
        body: what is sent, exactly.
    """
    turns = [row.turn]
    # The old secret may sign for longer where something else was changed since: that tells nobody anything.
    if row.turn > 1 and moment - row.updated_at < _BOTH:
        turns.append(row.turn - 1)
    seconds = str(int(moment.timestamp()))
    signed = f"{delivery_id}.{seconds}.".encode() + body
    macs = [hmac.digest(signer.derive(f"webhook/{row.id}/{turn}"), signed, hashlib.sha256) for turn in turns]
    return {
        "webhook-id": delivery_id,
        "webhook-timestamp": seconds,
        "webhook-signature": " ".join(f"v1,{base64.b64encode(mac).decode()}" for mac in macs),
    }


def rules(doors: Doors) -> Rules:
    """Return where messages may go, and how long a receiver may take."""
    return Rules(
        most=_REPLY, private_hosts=doors.private_hosts, ports=_PORTS, redirects=0, seconds=_PATIENCE, read=_PATIENCE
    )


def of(session: Session, webhook_id: str, *, owner: str | None, lock: bool = False) -> Webhook:
    """Return a webhook's row; `lock` keeps others from changing it until the transaction ends.

    Raises:
        NotFoundError: there is no such webhook of this owner.
    """
    row = session.get(Webhook, webhook_id, with_for_update=lock or None)
    if row is None or (owner is not None and row.owner != owner):
        raise NotFoundError(f"there is no webhook {webhook_id[:40]!r}", hint="`badapple webhooks ls` lists them")
    return row


def _check(settings: Settings, url: str | None, events: Sequence[str]) -> None:
    if url is not None:
        if len(url) > _LONGEST:
            raise InputError(f"the address has more than {_LONGEST} characters")
        parse(url, rules(settings.doors))
    for event in events:
        if event not in EVENTS:
            raise InputError(f"there is no event {event[:40]!r}", hint=f"the events are {', '.join(EVENTS)}")


def _ordered(events: Sequence[str]) -> list[str]:
    return [event for event in EVENTS if event in events]


def _hold(session: Session, owner: str) -> None:
    """Let nobody else add a webhook of this owner until the transaction ends."""
    if session.get_bind().dialect.name == "postgresql":  # a transaction that writes is alone on SQLite
        session.execute(select(func.pg_advisory_xact_lock(func.hashtext(f"badapple webhooks {owner}"))))


def _forget_the_past(session: Session, owner: str) -> None:
    """Take all that happened to an owner's jobs as told, if nobody wanted to be told of it."""
    if session.scalar(select(Webhook.id).where(Webhook.owner == owner, Webhook.enabled).limit(1)) is None:
        told = update(Job).where(Job.owner == owner, Job.announced < Job.seq)
        values = {"announced": Job.seq, "updated_at": Job.updated_at}
        session.execute(told.values(values).execution_options(synchronize_session=False))


def _view(row: Webhook) -> WebhookView:
    return WebhookView(
        id=row.id, owner=row.owner, url=row.url, events=tuple(row.events), enabled=row.enabled,
        disabled_because=row.disabled_because, created_at=row.created_at, updated_at=row.updated_at,
    )  # fmt: skip
