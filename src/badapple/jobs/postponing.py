"""Receivers that do not answer: how long they are waited for, and when they are given up."""

from __future__ import annotations

import logging
from datetime import UTC, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from sqlalchemy import func, select, update

from badapple.database import Delivery, Webhook
from badapple.database.tables import now
from badapple.database.transactions import once

if TYPE_CHECKING:
    from sqlalchemy import Engine
    from sqlalchemy.orm import Session

__all__ = ["PAUSES", "asked", "hopeless", "let_go", "switch_off"]

#: Seconds between a try and the next, before chance makes them longer or shorter by a fifth; then it is given up.
PAUSES = (5.0, 300.0, 1800.0, 7200.0, 18_000.0, 36_000.0, 50_400.0, 72_000.0, 86_400.0)
_LONGEST = 86_400.0  #: seconds that a receiver may put us off
_HOPELESS = timedelta(days=5)  #: of nothing but failures, after which a webhook is switched off
_log = logging.getLogger("badapple.webhooks")


def asked(text: str) -> float | None:
    """Return the seconds that a header Retry-After asks for: a number, or a date."""
    try:
        if text.isascii() and text.isdigit():
            seconds = float(text[:9])
        else:
            when = parsedate_to_datetime(text)
            seconds = ((when if when.tzinfo else when.replace(tzinfo=UTC)) - now()).total_seconds()
    except (ValueError, TypeError):
        return None
    return min(max(0.0, seconds), _LONGEST)


def hopeless(session: Session, row: Delivery, *, status: int | None) -> str:
    """Say why nothing more shall be sent to where a delivery failed; empty where that is not so."""
    if status == 410:
        return "the receiver answered 410: it is gone"
    mine = Delivery.webhook_id == row.webhook_id
    good = session.scalar(select(func.max(Delivery.ended_at)).where(mine, Delivery.state == "delivered"))
    failing = select(func.min(Delivery.created_at)).where(mine, Delivery.state != "delivered", Delivery.attempts > 0)
    if good is not None:
        failing = failing.where(Delivery.created_at > good)
    since, hook = session.scalar(failing), session.get(Webhook, row.webhook_id)
    if since is None or hook is None:
        return ""
    since = max(since, hook.updated_at)  # whoever switched it on again, or corrected it, has five days anew
    return "nothing was taken for five days" if since < now() - _HOPELESS else ""


def switch_off(session: Session, webhook_id: str, why: str) -> None:
    """Send a webhook nothing more, and give up what waits for it."""
    hook = session.get(Webhook, webhook_id, with_for_update=True)
    if hook is None or not hook.enabled:
        return
    hook.enabled, hook.disabled_because = False, why
    left = update(Delivery).where(Delivery.webhook_id == webhook_id, Delivery.state == "pending")
    ended = {"state": "failed", "ended_at": now(), "holder": None}
    session.execute(left.values(ended).execution_options(synchronize_session=False))
    _log.warning("webhook_switched_off", extra={"webhook": webhook_id, "reason": why})


def let_go(engine: Engine, me: str) -> None:
    """Free what a process has claimed and will not finish."""
    mine = update(Delivery).where(Delivery.holder == me, Delivery.state == "pending")
    freed = {"holder": None, "next_at": now(), "attempts": Delivery.attempts - 1}
    once(engine, lambda session: session.execute(mine.values(freed).execution_options(synchronize_session=False)))
