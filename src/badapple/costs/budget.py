"""Caps on spending that hold across threads, processes and machines.

What a purchase can cost at most is held against every cap before anything is sent. It all happens inside a transaction
of the caller's, so that a reservation and what it is for are committed together.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select, update

from badapple.costs.money import dollars
from badapple.database.money import Budget
from badapple.database.rows import ensure
from badapple.errors import BudgetError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date

    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import Session

__all__ = ["day_scope", "held", "job_scope", "release", "reserve", "settle", "shared_scope"]


def job_scope(job: str) -> str:
    """Return the scope of what one job spends."""
    return f"job:{job}"


def day_scope(day: date, owner: str) -> str:
    """Return the scope of what one owner spends in a day (UTC)."""
    return f"day:{day.isoformat()}:{owner}"


def shared_scope(name: str, owner: str) -> str:
    """Return the scope of what jobs of one owner spend that have a cap together."""
    return f"group:{name}:{owner}"


def reserve(session: Session, scopes: Mapping[str, int | None], amount: int) -> None:
    """Hold an amount of micro-dollars against every scope, or against none.

    Args:
        session: in a transaction, which the caller commits.
        scopes: scope -> micro-dollars that may be held there at most, or None where there is no cap.
        amount: micro-dollars.

    Raises:
        BudgetError: a cap would be passed; nothing is held.
    """
    if amount < 0:
        raise ValueError(f"cannot reserve {amount} micro-dollars")
    done: list[str] = []
    for scope in sorted(scopes):  # always in one order: two transactions never wait for each other's rows
        cap = scopes[scope]
        fits = () if cap is None else (Budget.held + amount <= cap,)
        ensure(session, Budget, scope=scope, held=0)
        if not _add(session, scope, amount, *fits):
            for earlier in done:
                _add(session, earlier, -amount)
            raise _over(scope, cap or 0, held(session, scope), amount)
        done.append(scope)


def settle(session: Session, scopes: Iterable[str], *, reserved: int, settled: int) -> None:
    """Turn what was reserved into what was charged, in micro-dollars; it may be more than a cap."""
    for scope in sorted(scopes):
        _add(session, scope, settled - reserved)


def release(session: Session, scopes: Iterable[str], *, reserved: int) -> None:
    """Give back what was reserved, in micro-dollars."""
    settle(session, scopes, reserved=reserved, settled=0)


def held(session: Session, scope: str) -> int:
    """Return the micro-dollars that are spent or reserved within a scope."""
    return session.scalar(select(Budget.held).where(Budget.scope == scope)) or 0


def _add(session: Session, scope: str, amount: int, *where: ColumnElement[bool]) -> bool:
    changed = session.execute(
        update(Budget)
        .where(Budget.scope == scope, *where)
        .values(held=Budget.held + amount)
        .returning(Budget.scope)
        .execution_options(synchronize_session=False)
    )
    return changed.first() is not None


def _over(scope: str, cap: int, already: int, amount: int) -> BudgetError:
    known = {
        "job": ("this job", "--max-cost"), "day": ("today", "BADAPPLE_MAX_COST_DAY"),
        "group": ("these variants", "max_cost_usd"),
    }  # fmt: skip
    where, raise_it = known.get(scope.partition(":")[0], (scope, "--max-cost"))
    return BudgetError(
        f"this purchase may cost {dollars(amount)}, but of the cap of {dollars(cap)} for {where} {dollars(already)} is "
        "spent or reserved; nothing was sent",
        cap=cap,
        held=already,
        wanted=amount,
        hint=f"raise the cap with {raise_it}, or wait until reservations of other parts are settled",
    )
