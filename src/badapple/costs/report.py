"""What was spent, by vendor and model, and what is left of the caps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import case, func, select

from badapple.database.tables import Call
from badapple.models import CallState

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import Session

__all__ = ["Spent", "per_job", "per_vendor", "total"]

_UNDER_WAY = (CallState.INTENT.value, CallState.SUBMITTED.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """What calls cost, in micro-dollars.

    Attributes:
        vendor: who was paid; empty in a sum over several.
        model: what was bought; empty in a sum over several.
        calls: attempts, those that failed for free among them.
        charged: what vendors charged.
        under_way: what calls that have not ended can cost at most.
        possibly_charged: what calls may have cost whose outcome no vendor could tell.
    """

    vendor: str = ""
    model: str = ""
    calls: int = 0
    charged: int = 0
    under_way: int = 0
    possibly_charged: int = 0


def per_job(session: Session, job: str) -> tuple[Spent, ...]:
    """Return what one job paid, by vendor and model."""
    return _grouped(session, Call.job == job)


def per_vendor(
    session: Session, since: datetime | None = None, *, owner: str | None = None
) -> tuple[Spent, ...]:  # fmt: skip
    """Return what was paid by vendor and model, from a moment on and by one owner where they are given."""
    where = [Call.created_at >= since] if since is not None else []
    return _grouped(session, *where, *([Call.owner == owner] if owner is not None else []))


def total(rows: Iterable[Spent]) -> Spent:
    """Return the sum."""
    rows = tuple(rows)
    return Spent(
        calls=sum(row.calls for row in rows),
        charged=sum(row.charged for row in rows),
        under_way=sum(row.under_way for row in rows),
        possibly_charged=sum(row.possibly_charged for row in rows),
    )


def _grouped(session: Session, *where: ColumnElement[bool]) -> tuple[Spent, ...]:
    under_way = case((Call.state.in_(_UNDER_WAY), Call.reserved), else_=0)
    sums = [func.sum(amount) for amount in (Call.settled, under_way, Call.possibly_charged)]
    found = session.execute(
        select(Call.vendor, Call.model, func.count(), *sums)
        .where(*where)
        .group_by(Call.vendor, Call.model)
        .order_by(Call.vendor, Call.model)
    )
    # Postgres adds up big integers as decimals.
    return tuple(
        Spent(
            vendor=vendor, model=model, calls=calls, charged=int(charged), under_way=int(waiting),
            possibly_charged=int(perhaps),
        )
        for vendor, model, calls, charged, waiting, perhaps in found
    )  # fmt: skip
