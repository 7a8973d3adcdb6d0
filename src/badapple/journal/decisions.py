"""What people decide of paid calls: what may have been charged, what is cancelled, what is on its way."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import select

from badapple.costs.budget import settle
from badapple.database import Call, again, once
from badapple.database.tables import now
from badapple.errors import InputError
from badapple.journal import words
from badapple.journal.rows import OPEN, hand_over, stop
from badapple.models import CallState

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from datetime import datetime

    from sqlalchemy import Engine
    from sqlalchemy.orm import Session

    from badapple.journal.claims import Claims

    Canceller = Callable[[str], Awaitable[None]]

__all__ = ["accept", "cancel_job", "drop_unsent", "expires", "find", "retry"]


def expires(engine: Engine, job: str, *, lasting: float = 3600.0) -> datetime | None:
    """Return the moment until which what a job has at vendors can surely be fetched, or None where it has nothing."""
    at_vendors = select(Call).where(Call.job == job, Call.state == CallState.SUBMITTED.value)

    def work(session: Session) -> list[datetime]:
        return [
            (row.submitted_at or row.created_at) + timedelta(seconds=lasting) for row in session.scalars(at_vendors)
        ]

    return min(again(engine, work), default=None)


def find(session: Session, start: str) -> Call:
    """Return the call whose id starts so.

    Raises:
        InputError: there is none, or several.
    """
    rows = session.scalars(
        select(Call).where(Call.id.startswith(start, autoescape=True)).limit(2).with_for_update()
    ).all()
    if len(start) < 4 or len(rows) != 1:
        raise InputError(
            f"{'no' if not rows else 'more than one'} call starts with {start!r}", hint="`badapple calls` lists them"
        )
    return rows[0]


def accept(engine: Engine, start: str, *, charged: bool = True) -> Call:
    """Book a call that may have been charged and leave its part out: it is never sent again by itself.

    Raises:
        InputError: there is no such call, or nobody has to decide about it.
    """
    return _decide(engine, start, reason=words.ACCEPTED, charged=charged)


def retry(engine: Engine, start: str, *, charged: bool = True) -> Call:
    """Book a call that may have been charged, or that was and brought nothing here, and let the next run buy it again.

    Raises:
        InputError: there is no such call, or nobody has to decide about it.
    """
    return _decide(engine, start, reason=words.AGAIN, charged=charged)


async def cancel_job(
    engine: Engine, claims: Claims, job: str, cancellers: Mapping[str, Canceller]
) -> tuple[list[Call], int]:
    """Cancel what a job has at vendors; what another job waits for is handed over to it.

    Args:
        engine: the database.
        claims: tells who still waits.
        job: whose calls.
        cancellers: vendor -> tells it to stop a call with this id of the vendor's own.

    Returns:
        The calls that ended, as they are now, and how many of them a vendor was told to stop.
    """
    mine = select(Call).where(Call.job == job, Call.state.in_(OPEN))
    waiting = again(engine, lambda session: {row.id: row.heir_holder for row in session.scalars(mine)})
    heirs = {call: claims.alive(heir) for call, heir in waiting.items()}

    def work(session: Session) -> list[Call]:
        cancelled = []
        for row in session.scalars(mine.with_for_update()):
            if heirs.get(row.id) and hand_over(row):
                continue
            stop(session, row)
            cancelled.append(row)
        session.flush()
        session.expunge_all()
        return cancelled

    cancelled = once(engine, work)
    told = [row for row in cancelled if row.vendor_id is not None and row.vendor in cancellers]
    for row in told:
        await cancellers[row.vendor](row.vendor_id or "")
    return cancelled, len(told)


def drop_unsent(engine: Engine, claims: Claims, job: str) -> int:
    """End what a job that is over was about to buy, and free what was reserved for it; return how many calls that were.

    What was sent, or may have been, stays: whoever tries the job again asks the vendor for it.
    """
    mine = select(Call).where(Call.job == job, Call.state == CallState.INTENT.value, Call.sends == 0)
    holders = again(engine, lambda session: {row.id: row.holder for row in session.scalars(mine)})
    dead = {call for call, holder in holders.items() if not claims.alive(holder)}

    def work(session: Session) -> int:
        rows = [row for row in session.scalars(mine.with_for_update()) if row.id in dead]
        for row in rows:
            stop(session, row)
        return len(rows)

    return once(engine, work) if dead else 0


def _decide(engine: Engine, start: str, *, reason: str, charged: bool) -> Call:
    def work(session: Session) -> Call:
        row = find(session, start)
        hidden = row.state == CallState.COLLECTED and row.reason == words.UNSHARED
        if row.state not in {CallState.UNKNOWN.value, CallState.FAILED.value} and not hidden:
            raise InputError(f"the call {row.id[:8]} is {row.state}: there is nothing to decide")
        if row.state == CallState.UNKNOWN:
            cost = row.possibly_charged or row.reserved
            settled = cost if charged else 0
            settle(session, row.scopes, reserved=row.reserved, settled=settled)
            row.reserved, row.settled, row.possibly_charged = 0, settled, 0
            row.error = "it may have been charged"
        row.state, row.reason, row.ended_at = CallState.FAILED.value, reason, now()
        session.flush()
        session.expunge_all()
        return row

    return once(engine, work)
