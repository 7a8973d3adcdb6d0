"""The tables around money: who is alive, what is held against caps, how fast vendors may be called."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003 - SQLAlchemy reads it at run time
from typing import Any

from sqlalchemy import JSON, BigInteger, DateTime, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from badapple.database.tables import Base, now

__all__ = ["Budget", "Limit", "Slot", "Stake"]


class Stake(Base):
    """One process that is alive, or was; see `badapple.database.holders`."""

    __tablename__ = "holders"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    host: Mapped[str] = mapped_column(String(32))  #: whoever has the same can ask its file lock
    beat: Mapped[int] = mapped_column(BigInteger, default=0)  #: others see by its changing that the process lives
    seen_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=now)  #: for people; nothing reads it
    role: Mapped[str] = mapped_column(String(16), default="")  #: `worker` where it takes jobs from the queue
    about: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)  #: for people: machine, process, queues


class Budget(Base):
    """What is spent or reserved within one scope; see `badapple.costs.budget`."""

    __tablename__ = "budgets"

    scope: Mapped[str] = mapped_column(String(320), primary_key=True)
    held: Mapped[int] = mapped_column(BigInteger, default=0)  #: micro-dollars


class Limit(Base):
    """How a vendor may be called now; see `badapple.limits`. Moments are microseconds since 1970."""

    __tablename__ = "limits"

    vendor: Mapped[str] = mapped_column(String(32), primary_key=True)
    key: Mapped[str] = mapped_column(String(64), primary_key=True, default="")  #: which of several accounts
    concurrency: Mapped[int | None] = mapped_column(default=None)  #: calls at once, where the vendor taught it
    per_minute: Mapped[int | None] = mapped_column(default=None)  #: calls in a minute, where the vendor taught it
    burst: Mapped[int | None] = mapped_column(default=None)  #: calls that may follow each other at once
    next_at: Mapped[int] = mapped_column(BigInteger, default=0)  #: when the next call is due by the rate
    paused_until: Mapped[int] = mapped_column(BigInteger, default=0)  #: nobody calls before
    paused_for: Mapped[int] = mapped_column(BigInteger, default=0)  #: microseconds, by which a moved clock is seen
    learned_at: Mapped[int] = mapped_column(BigInteger, default=0)  #: since when it grows back


class Slot(Base):
    """One call to a vendor that is under way."""

    __tablename__ = "slots"
    __table_args__ = (Index("ix_slots_vendor", "vendor", "key"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    vendor: Mapped[str] = mapped_column(String(32))
    key: Mapped[str] = mapped_column(String(64), default="")
    holder: Mapped[str] = mapped_column(String(32))  #: of `Stake`
