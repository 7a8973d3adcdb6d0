"""Caps that owners set for themselves: they hold besides the configured ones, so that the lower of the two counts.

They say only how much at most: they are no word that anything may be bought. Each is an amount in a scope of its own
in the table of amounts by scope, so that all machines see them, and that one may be set while workers of an older
release run.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from badapple.database.money import Budget
from badapple.database.rows import ensure

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from badapple.config import Settings

__all__ = ["Allowance", "allow", "allowance", "bounded", "lower"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """What one owner allows: micro-dollars of one job and of one day (UTC); None sets no cap."""

    job: int | None = None
    day: int | None = None


def allowance(session: Session, owner: str) -> Allowance:
    """Return what an owner allows."""
    job, day = _scopes(owner)
    rows = session.execute(select(Budget.scope, Budget.held).where(Budget.scope.in_((job, day))))
    found = {row.scope: row.held for row in rows}
    return Allowance(job=found.get(job), day=found.get(day))


def allow(session: Session, owner: str, caps: Allowance) -> None:
    """Set what an owner allows, in a transaction that the caller commits; attempts that run keep the caps they have."""
    for scope, cap in zip(_scopes(owner), (caps.job, caps.day), strict=True):
        if cap is None:
            session.execute(delete(Budget).where(Budget.scope == scope))
            continue
        ensure(session, Budget, scope=scope, held=cap)
        session.execute(update(Budget).where(Budget.scope == scope).values(held=cap))


def bounded(engine: Engine, settings: Settings, owner: str) -> Settings:
    """Return the settings with the caps that hold for an owner: of each kind the lower one."""
    with Session(engine) as session:
        own = allowance(session, owner)
    return replace(
        settings, max_cost=lower(settings.max_cost, own.job), max_cost_day=lower(settings.max_cost_day, own.day)
    )


def lower(*caps: int | None) -> int | None:
    """Return the lowest of the caps that are set, or None."""
    return min((cap for cap in caps if cap is not None), default=None)


def _scopes(owner: str) -> tuple[str, str]:
    return f"allowed a job:{owner}", f"allowed a day:{owner}"
