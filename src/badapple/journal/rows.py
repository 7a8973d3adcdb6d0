"""Rows of paid calls, and what follows from the state they are in."""

from __future__ import annotations

import hashlib
import json
import secrets
import time
from typing import TYPE_CHECKING

from sqlalchemy import select

from badapple.costs.budget import settle
from badapple.database import Call
from badapple.database.holders import boot
from badapple.database.tables import now
from badapple.errors import PermanentProviderError, StorageError, TransientProviderError
from badapple.journal import words
from badapple.journal.claims import Claim
from badapple.models import CallState, Ticket

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from badapple.models import Order

__all__ = [
    "OPEN",
    "PETTY",
    "age_of",
    "claim_of",
    "hand_over",
    "intent",
    "latest",
    "moment",
    "refuse_dear",
    "refuse_hidden",
    "stands_elsewhere",
    "stop",
    "waits_for_a_person",
    "worked_on",
]

OPEN = (CallState.INTENT.value, CallState.SUBMITTED.value)  #: states of calls that have not ended
PETTY = 20_000  #: micro-dollars; up to this a call is repeated where nobody can tell whether it was charged


def intent(order: Order, *, attempt: int, owner: str, job: str, holder: str, scopes: list[str]) -> Call:
    """Return the row of a call that is about to be made."""
    body = json.dumps(order.request, sort_keys=True, ensure_ascii=False)
    here, uptime = moment()
    return Call(
        id=secrets.token_hex(16), key=order.key, attempt=attempt, owner=owner, vendor=order.vendor, model=order.model,
        label=order.label, dedupe=order.dedupe.value, state=CallState.INTENT.value, job=job, holder=holder,
        request_hash=hashlib.sha256(body.encode()).hexdigest(), request=dict(order.request), sends=0,
        reserved=order.reserve, settled=0, possibly_charged=0, scopes=scopes, boot=here, uptime=uptime,
        created_at=now(),
    )  # fmt: skip


def latest(session: Session, key: str, *, lock: bool = False) -> Call | None:
    """Return the last attempt at a key, or None; `lock` keeps others from changing it until the transaction ends."""
    wanted = select(Call).where(Call.key == key).order_by(Call.attempt.desc()).limit(1)
    return session.scalars(wanted.with_for_update() if lock else wanted).first()


def worked_on(session: Session, key: str) -> tuple[str, str | None] | None:
    """Return which call is the last attempt at a key and who works on it, or None."""
    row = latest(session, key)
    return None if row is None else (row.id, row.holder)


def hand_over(row: Call) -> bool:
    """Give an open call to the job that waits for it; False where none does."""
    if row.heir is None:
        return False
    row.job, row.heir, row.heir_holder, row.holder = row.heir, None, None, None
    return True


def stop(session: Session, row: Call) -> None:
    """End an open call whose job was cancelled, or stopped before it was sent."""
    # A prediction that ran may be billed for the time it took: no vendor says so beforehand.
    row.possibly_charged += row.reserved if row.state == CallState.SUBMITTED or row.sends else 0
    settle(session, row.scopes, reserved=row.reserved, settled=0)
    row.state, row.reason, row.error = CallState.FAILED.value, "cancelled", "it was cancelled"
    row.reserved, row.holder, row.ended_at = 0, None, now()


def waits_for_a_person(row: Call) -> bool:
    """Say whether a call is not sent again before a person decides: it may have been charged, or was for nothing."""
    if row.state == CallState.FAILED:
        return row.settled > PETTY and row.reason not in {words.AGAIN, words.ACCEPTED}
    return row.state == CallState.UNKNOWN


def refuse_dear(row: Call) -> None:
    """Refuse to buy again what was charged and brought nothing, unless it was petty or a person said so."""
    if waits_for_a_person(row) or row.reason == words.ACCEPTED:
        raise PermanentProviderError(
            words.paid_for_nothing(row), provider=row.vendor, reason="lost", charged=row.settled, hint=words.retry(row)
        )


def refuse_hidden(row: Call, *, alive: bool) -> None:
    """Refuse to buy again what is paid for and lies on another machine, unless it was petty and that is dead.

    Args:
        row: the call.
        alive: the process that has to share the goods lives.

    Raises:
        StorageError: they are about to be shared.
        TransientProviderError: nobody shares them now; a person may buy them again.
    """
    if alive:
        raise StorageError(words.unshared(row), hint="it goes on by itself as soon as they are shared")
    if row.settled > PETTY:
        raise TransientProviderError(
            words.unshared(row), provider=row.vendor, reason="lost", charged=row.settled,
            hint=f"run a worker or the same command there, then here again; or {words.retry(row)}",
        )  # fmt: skip


def moment() -> tuple[str, float]:
    """Return this boot of this machine and the seconds since: a clock that nobody sets."""
    this = boot()
    return (this, time.clock_gettime(time.CLOCK_BOOTTIME)) if this else ("", 0.0)


def age_of(row: Call) -> float | None:
    """Return the seconds since a row's intent: by the machine's uptime, else by the clock where that makes sense."""
    here, uptime = moment()
    if here and here == row.boot:
        return uptime - row.uptime
    seconds = (now() - row.created_at).total_seconds()
    return seconds if seconds >= 0 else None


def claim_of(row: Call, *, recovered: bool) -> Claim:
    """Return a row as the call that its holder works on."""
    assert row.holder is not None  # noqa: S101 - set by every caller
    ticket = Ticket(op_id=row.id, intent_at=row.created_at, taken=frozenset(), seed=int(row.id[:8], 16) & 0x7FFF_FFFF)
    return Claim(
        id=row.id, claim=row.holder, vendor_id=row.vendor_id, recovered=recovered, sends=row.sends, age=age_of(row),
        ticket=ticket,
    )  # fmt: skip


def stands_elsewhere(session: Session, row: Call, vendor_id: str) -> bool:
    """Say whether another receipt has an id of the same vendor."""
    same = (Call.vendor == row.vendor, Call.vendor_id == vendor_id, Call.id != row.id)
    return session.scalar(select(Call.id).where(*same)) is not None
