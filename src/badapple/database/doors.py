"""The tables of the doors: who may come in, what was handed in, whom to tell, what was done; and the parts of jobs."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003 - SQLAlchemy reads the annotations
from typing import Any

from sqlalchemy import JSON, BigInteger, Boolean, ForeignKey, Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from badapple.database.tables import Base, Utc, now

__all__ = ["AuditRow", "BrandRow", "Credential", "Delivery", "Idempotency", "Part", "Upload", "Webhook"]


class Part(Base):
    """Where one part of a job's newest attempt is."""

    __tablename__ = "parts"

    job_id: Mapped[str] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True)
    label: Mapped[str] = mapped_column(String(64), primary_key=True)  #: `voice 1`, `footage 2`, `script` ...
    stage: Mapped[str] = mapped_column(String(32))
    kind: Mapped[str] = mapped_column(String(32))
    key: Mapped[str] = mapped_column(String(64))  #: of its receipt
    state: Mapped[str] = mapped_column(String(16))  #: started | done | reused | failed
    maker: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    cost: Mapped[int] = mapped_column(BigInteger, default=0)  #: micro-dollars paid now
    seconds: Mapped[float] = mapped_column(default=0.0)
    attempt: Mapped[int] = mapped_column(default=1)
    updated_at: Mapped[datetime] = mapped_column(Utc, default=now, onupdate=now)


class Credential(Base):
    """Something that lets its bearer in: only its hash is kept."""

    __tablename__ = "credentials"
    __table_args__ = (Index("ix_credentials_owner", "owner", "kind"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))  #: key | session | invite | ticket
    owner: Mapped[str] = mapped_column(String(64))
    name: Mapped[str] = mapped_column(String(100), default="")
    hash: Mapped[str] = mapped_column(String(64), unique=True)  #: SHA-256 of the secret, hex
    last4: Mapped[str] = mapped_column(String(4), default="")
    scopes: Mapped[list[str]] = mapped_column(JSON, default=list)
    facts: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)  #: the job of a ticket, the key behind a session
    created_at: Mapped[datetime] = mapped_column(Utc, default=now)
    expires_at: Mapped[datetime | None] = mapped_column(Utc, default=None)
    used_at: Mapped[datetime | None] = mapped_column(Utc, default=None)
    revoked_at: Mapped[datetime | None] = mapped_column(Utc, default=None)


class Upload(Base):
    """A photo that was handed in before the job that shall use it."""

    __tablename__ = "uploads"
    __table_args__ = (Index("ix_uploads_owner", "owner", "created_at"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    owner: Mapped[str] = mapped_column(String(64))
    sha256: Mapped[str] = mapped_column(String(64))
    size: Mapped[int] = mapped_column(BigInteger)
    suffix: Mapped[str] = mapped_column(String(8), default="")
    name: Mapped[str] = mapped_column(String(255), default="")  #: as the caller called it, for showing only
    width: Mapped[int] = mapped_column(default=0)  #: px
    height: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(Utc, default=now)
    expires_at: Mapped[datetime] = mapped_column(Utc)


class BrandRow(Base):
    """The brand kit of one owner."""

    __tablename__ = "brands"
    __table_args__ = (Index("ix_brands_logo", "logo_sha256"),)

    owner: Mapped[str] = mapped_column(String(64), primary_key=True)
    kit: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)  #: a `models.Brand` as JSON
    logo_sha256: Mapped[str | None] = mapped_column(String(64), default=None)
    logo_size: Mapped[int] = mapped_column(BigInteger, default=0)  #: bytes
    updated_at: Mapped[datetime] = mapped_column(Utc, default=now, onupdate=now)


class Idempotency(Base):
    """The answer to a request that may come again under the same key."""

    __tablename__ = "idempotency"
    __table_args__ = (Index("ix_idempotency_expires", "expires_at"),)

    owner: Mapped[str] = mapped_column(String(64), primary_key=True)
    key: Mapped[str] = mapped_column(String(255), primary_key=True)
    fingerprint: Mapped[str] = mapped_column(String(64))  #: SHA-256 of what was asked
    claim: Mapped[str | None] = mapped_column(String(32), default=None)  #: of the request at work on it
    claimed_at: Mapped[datetime | None] = mapped_column(Utc, default=None)
    job_id: Mapped[str | None] = mapped_column(String(255), default=None)
    status: Mapped[int | None] = mapped_column(Integer, default=None)  #: of the reply; None until there is one
    body: Mapped[dict[str, Any] | None] = mapped_column(JSON, default=None)
    headers: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    created_at: Mapped[datetime] = mapped_column(Utc, default=now)
    expires_at: Mapped[datetime] = mapped_column(Utc)


class Webhook(Base):
    """An address that wants to be told."""

    __tablename__ = "webhooks"
    __table_args__ = (Index("ix_webhooks_owner", "owner"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    owner: Mapped[str] = mapped_column(String(64))
    url: Mapped[str] = mapped_column(Text)
    events: Mapped[list[str]] = mapped_column(JSON, default=list)  #: empty means all
    turn: Mapped[int] = mapped_column(default=1)  #: raised whenever its secret is changed; part of what it is made from
    enabled: Mapped[bool] = mapped_column(Boolean, default=True)
    disabled_because: Mapped[str | None] = mapped_column(Text, default=None)
    created_at: Mapped[datetime] = mapped_column(Utc, default=now)
    updated_at: Mapped[datetime] = mapped_column(Utc, default=now, onupdate=now)


class Delivery(Base):
    """One message to one address, until it is taken or given up."""

    __tablename__ = "deliveries"
    __table_args__ = (
        UniqueConstraint("webhook_id", "job_id", "seq", name="uq_deliveries_event"),
        Index("ix_deliveries_due", "state", "next_at"),
    )

    id: Mapped[str] = mapped_column(String(40), primary_key=True)  #: the `webhook-id` that receivers de-duplicate by
    webhook_id: Mapped[str] = mapped_column(ForeignKey("webhooks.id", ondelete="CASCADE"))
    owner: Mapped[str] = mapped_column(String(64))
    job_id: Mapped[str] = mapped_column(String(255), default="")
    seq: Mapped[int] = mapped_column(default=0)  #: of the event it tells of
    type: Mapped[str] = mapped_column(String(32))
    payload: Mapped[dict[str, Any]] = mapped_column(JSON)
    state: Mapped[str] = mapped_column(String(16), default="pending")  #: pending | delivered | failed
    attempts: Mapped[int] = mapped_column(default=0)
    holder: Mapped[str | None] = mapped_column(String(80), default=None)  #: who sends it now
    next_at: Mapped[datetime] = mapped_column(Utc, default=now)  #: not before; while it is sent: free again after
    log: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)  #: the last tries: when, status, error
    created_at: Mapped[datetime] = mapped_column(Utc, default=now)
    ended_at: Mapped[datetime | None] = mapped_column(Utc, default=None)


class AuditRow(Base):
    """Something that somebody did, or tried to."""

    __tablename__ = "audit"
    __table_args__ = (Index("ix_audit_owner", "owner", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    at: Mapped[datetime] = mapped_column(Utc, default=now)
    owner: Mapped[str] = mapped_column(String(64))
    actor: Mapped[str] = mapped_column(String(64))  #: id of a credential, or `local`
    action: Mapped[str] = mapped_column(String(48))  #: `job.create`, `key.revoke` ...
    target: Mapped[str] = mapped_column(String(255), default="")
    outcome: Mapped[str] = mapped_column(String(16), default="ok")  #: ok | refused | failed
    address: Mapped[str] = mapped_column(String(64), default="")  #: of the client
    facts: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
