"""How much one owner may ask for: jobs at once, spending in a day."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from badapple.costs import budget
from badapple.costs.allowance import allowance, lower
from badapple.costs.money import dollars
from badapple.database import Job
from badapple.errors import LimitExceededError
from badapple.models import JobStatus

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from badapple.config import Settings

__all__ = ["check_count", "check_left", "check_spend", "day_ends", "left_today"]

_OPEN = (JobStatus.PENDING.value, JobStatus.PROCESSING.value)
_SOON = 30.0  #: seconds after which it may be worth to ask again whether a job has ended


def check_count(session: Session, owner: str, settings: Settings, *, more: int = 1) -> None:
    """Refuse so many more jobs of workers; those of `badapple make` do not count.

    It holds for certain within the transaction that makes the job, behind the lock of the owner's turns.

    Raises:
        LimitExceededError: so many of the owner's jobs wait or run already (`too_many_jobs`).
    """
    most = settings.doors.max_jobs
    theirs = (Job.owner == owner, Job.engine.is_(True), Job.status.in_(_OPEN))
    there = session.scalar(select(func.count()).select_from(Job).where(*theirs)) or 0
    if there + more > most:
        wanted = f", {more} more are asked for" if more > 1 else ""
        raise LimitExceededError(
            f"{there} jobs wait or run already{wanted}, and {most} at once are the most",
            code="too_many_jobs",
            retry_after=_SOON,
            hint="wait until one has ended, cancel one, or raise BADAPPLE_MAX_JOBS",
        )


def check_spend(session: Session, owner: str, at_most: int, settings: Settings) -> None:
    """Refuse a job that costs more than is left of the owner's cap for today; the till holds the cap to the cent.

    Args:
        session: reads only.
        owner: who pays.
        at_most: micro-dollars that the job reserves at most.
        settings: the cap.

    Raises:
        LimitExceededError: it does (`daily_cap`); says when the day ends.
    """
    left = left_today(session, owner, settings) if at_most else None
    if left is not None and at_most > left:
        most = dollars(_most(session, owner, settings) or 0)
        raise _over(f"the ad may cost {dollars(at_most)}, and {dollars(left)} of today's {most} are left")


def check_left(session: Session, owner: str, settings: Settings) -> None:
    """Refuse whatever is paid for where nothing is left of the owner's cap for today.

    Raises:
        LimitExceededError: nothing is (`daily_cap`); says when the day ends.
    """
    if left_today(session, owner, settings) == 0:
        raise _over(f"nothing is left of today's {dollars(_most(session, owner, settings) or 0)}")


def _over(said: str) -> LimitExceededError:
    ends = day_ends()
    return LimitExceededError(
        f"{said}; the day ends at {ends.isoformat().replace('+00:00', 'Z')}",
        code="daily_cap",
        retry_after=max(1.0, (ends - datetime.now(UTC)).total_seconds()),
        hint="come again tomorrow, raise the day's cap (BADAPPLE_MAX_COST_DAY, or your own in the settings), or give "
        "parts to the offline maker",
    )


def left_today(session: Session, owner: str, settings: Settings) -> int | None:
    """Return the micro-dollars that are left of the owner's cap for today, or None where there is no cap."""
    most = _most(session, owner, settings)
    if most is None:
        return None
    held = budget.held(session, budget.day_scope(datetime.now(UTC).date(), owner))
    return max(0, most - held)


def _most(session: Session, owner: str, settings: Settings) -> int | None:
    """Return the micro-dollars that an owner may spend in a day: by the owner's own cap and the configured one."""
    return lower(settings.max_cost_day, allowance(session, owner).day)


def day_ends() -> datetime:
    """Return when today's cap ends: midnight, UTC."""
    tomorrow = datetime.now(UTC).date() + timedelta(days=1)
    return datetime.combine(tomorrow, datetime.min.time(), tzinfo=UTC)
