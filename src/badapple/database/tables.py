"""The tables: jobs, their stages and events, receipts of assets, paid calls."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, DateTime, Float, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeDecorator

from badapple.models import JobStatus, StageStatus


class Utc(TypeDecorator[datetime]):
    """A moment in UTC: SQLite drops the zone, so it is put back on reading."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, _dialect: object) -> datetime | None:
        """Return the moment in UTC."""
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, _dialect: object) -> datetime | None:
        """Return the moment with its zone."""
        return None if value is None else value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def now() -> datetime:
    """Return the present moment in UTC."""
    return datetime.now(UTC)


class Base(DeclarativeBase):
    """The declarative base of every table."""


class Job(Base):
    """One video that someone asked for."""

    __tablename__ = "jobs"
    __table_args__ = (
        Index("ix_jobs_status", "status", "turn"),
        Index("ix_jobs_owner", "owner", "created_at"),
        Index("ix_jobs_ended", "owner", "ended_at"),
        Index("ix_jobs_parent", "parent_id"),
    )

    id: Mapped[str] = mapped_column(String(255), primary_key=True)
    status: Mapped[str] = mapped_column(String(16), default=JobStatus.PENDING.value)
    product_name: Mapped[str] = mapped_column(Text)
    style: Mapped[str] = mapped_column(String(64))
    cta_text: Mapped[str] = mapped_column(Text, default="")
    video_url: Mapped[str | None] = mapped_column(Text, default=None)
    error_message: Mapped[str | None] = mapped_column(Text, default=None)
    owner: Mapped[str] = mapped_column(String(64), default="local")
    options: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    cost: Mapped[int] = mapped_column(BigInteger, default=0)  #: micro-dollars
    attempt: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(Utc, default=now)
    updated_at: Mapped[datetime] = mapped_column(Utc, default=now, onupdate=now)
    parent_id: Mapped[str | None] = mapped_column(String(255), default=None)  #: the job this one is an edit of
    group_id: Mapped[str | None] = mapped_column(String(255), default=None)  #: shared by variants
    request: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)  #: the whole order; see `badapple.jobs.orders`
    failure: Mapped[dict[str, Any] | None] = mapped_column(JSON, default=None)  #: what `error_message` says, as facts
    engine: Mapped[bool] = mapped_column(default=False)  #: workers make it; else whoever ran `make`
    dispatched: Mapped[int] = mapped_column(default=0)  #: the attempt that the engine was told to run, 0 for none
    priority: Mapped[int] = mapped_column(default=0)  #: higher goes first
    turn: Mapped[int] = mapped_column(BigInteger, default=0)  #: lower goes first among equals; fair between owners
    run: Mapped[str | None] = mapped_column(String(80), default=None)  #: who may write this job's progress now
    seq: Mapped[int] = mapped_column(default=0)  #: of its last event
    progress: Mapped[int] = mapped_column(default=0)  #: percent, of this attempt
    worked: Mapped[float] = mapped_column(Float, default=0.0)  #: seconds of work in this attempt
    made: Mapped[int] = mapped_column(default=0)  #: parts finished in this attempt
    closing: Mapped[bool] = mapped_column(default=False)  #: a part failed for good: nothing more is sent
    crashes: Mapped[int] = mapped_column(default=0)  #: workers that died over it and had got nowhere
    crash_mark: Mapped[int] = mapped_column(default=0)  #: how far it was at the last crash
    crashed_with: Mapped[str | None] = mapped_column(String(64), default=None)  #: the last worker that died over it
    alone_with: Mapped[str | None] = mapped_column(String(64), default=None)  #: the worker that runs nothing else now
    started_at: Mapped[datetime | None] = mapped_column(Utc, default=None)
    ended_at: Mapped[datetime | None] = mapped_column(Utc, default=None)
    awaiting: Mapped[str | None] = mapped_column(String(16), default=None)  #: `approval`: a person has to decide first
    announced: Mapped[int] = mapped_column(default=0)  #: `seq` of the last event that webhooks were told of


class Stage(Base):
    """One of the five stages of a job."""

    __tablename__ = "stages"
    __table_args__ = (UniqueConstraint("job_id", "stage_name", name="uq_stages_job_stage"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    job_id: Mapped[str] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"))
    stage_name: Mapped[str] = mapped_column(String(32))
    status: Mapped[str] = mapped_column(String(16), default=StageStatus.PENDING.value)
    progress: Mapped[int] = mapped_column(default=0)
    started_at: Mapped[datetime | None] = mapped_column(Utc, default=None)
    completed_at: Mapped[datetime | None] = mapped_column(Utc, default=None)
    error_message: Mapped[str | None] = mapped_column(Text, default=None)


class Event(Base):
    """One progress message; the truth that watchers replay."""

    __tablename__ = "events"

    job_id: Mapped[str] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    stage: Mapped[str] = mapped_column(String(32))
    progress: Mapped[int]
    message: Mapped[str] = mapped_column(Text)
    timestamp: Mapped[str] = mapped_column(String(32))


class Receipt(Base):
    """What the journal knows of one asset; see `badapple.journal`."""

    __tablename__ = "receipts"
    __table_args__ = (Index("ix_receipts_digest", "digest"),)

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    kind: Mapped[str] = mapped_column(String(32))
    label: Mapped[str] = mapped_column(String(64), default="")
    state: Mapped[str] = mapped_column(String(16))  #: intent | collected
    maker: Mapped[dict[str, Any]] = mapped_column(JSON)
    files: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)  #: name -> {sha256, size}
    facts: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    digest: Mapped[str | None] = mapped_column(String(64), default=None)
    cost: Mapped[int] = mapped_column(BigInteger, default=0)  #: micro-dollars
    seconds: Mapped[float] = mapped_column(default=0.0)
    begun: Mapped[int] = mapped_column(default=0)  #: how often its making was begun
    made: Mapped[int] = mapped_column(default=0)  #: how often it was made to the end
    created_at: Mapped[datetime] = mapped_column(Utc, default=now)
    updated_at: Mapped[datetime] = mapped_column(Utc, default=now, onupdate=now)


class Call(Base):
    """One attempt at a paid call; see `badapple.journal.books`."""

    __tablename__ = "calls"
    __table_args__ = (
        UniqueConstraint("key", "attempt", name="uq_calls_key_attempt"),
        UniqueConstraint("vendor", "vendor_id", name="uq_calls_vendor_id"),  # no two receipts for one purchase
        Index("ix_calls_job", "job"),
        Index("ix_calls_created", "created_at"),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True)  #: hex; the marker that vendors may echo
    key: Mapped[str] = mapped_column(String(64))
    attempt: Mapped[int]  #: 1, 2, 3 ... of this key
    owner: Mapped[str] = mapped_column(String(64))
    vendor: Mapped[str] = mapped_column(String(32))
    model: Mapped[str] = mapped_column(String(128))
    label: Mapped[str] = mapped_column(String(64), default="")
    dedupe: Mapped[str] = mapped_column(String(16))
    state: Mapped[str] = mapped_column(String(16))  #: a `models.CallState`
    job: Mapped[str] = mapped_column(String(255))  #: who pays
    holder: Mapped[str | None] = mapped_column(String(80), default=None)  #: who works on it now
    heir: Mapped[str | None] = mapped_column(
        String(255), default=None
    )  #: a job that waits for it and would take it over
    heir_holder: Mapped[str | None] = mapped_column(String(80), default=None)
    vendor_id: Mapped[str | None] = mapped_column(String(128), default=None)
    request_hash: Mapped[str] = mapped_column(String(64))
    request: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    sends: Mapped[int] = mapped_column(default=0)  #: how often it was sent, or was about to be
    reserved: Mapped[int] = mapped_column(BigInteger, default=0)  #: micro-dollars held against the caps now
    settled: Mapped[int] = mapped_column(BigInteger, default=0)  #: micro-dollars charged
    possibly_charged: Mapped[int] = mapped_column(BigInteger, default=0)  #: micro-dollars that nobody can tell of
    scopes: Mapped[list[str]] = mapped_column(JSON, default=list)  #: budgets it counts against
    files: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    facts: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    error: Mapped[str | None] = mapped_column(Text, default=None)
    reason: Mapped[str | None] = mapped_column(String(32), default=None)
    boot: Mapped[str] = mapped_column(String(64), default="")  #: the machine's boot when the intent was written
    uptime: Mapped[float] = mapped_column(Float, default=0.0)  #: seconds since that boot
    created_at: Mapped[datetime] = mapped_column(Utc, default=now)
    submitted_at: Mapped[datetime | None] = mapped_column(Utc, default=None)
    ended_at: Mapped[datetime | None] = mapped_column(Utc, default=None)
    updated_at: Mapped[datetime] = mapped_column(Utc, default=now, onupdate=now)
