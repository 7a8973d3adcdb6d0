"""What a vendor allows, what it taught, and whether the next call may go. Moments are microseconds since 1970.

The clock may be set at any time. A pause remembers its own length, and the next call is never due later than a whole
burst from now: what lies further ahead is a moved clock's doing, and is dropped.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from badapple.database.money import Limit
    from badapple.errors import ProviderError

__all__ = ["ALLOWANCES", "UNLISTED", "Allowance", "allowed", "book", "learn", "wait"]

SECOND = 1_000_000
MINUTE = 60 * SECOND
LONGEST_PAUSE = 10 * MINUTE  #: no vendor keeps everybody waiting for longer, whatever it says
GROWS = 5 * MINUTE  #: how often what was learned grows by a step: one call at once, and `_FASTER`
_FASTER = 6  #: calls a minute
_UNHURRIED = 600  #: calls a minute at which a rate that was learned, where there was none before, is forgotten

_RATE = re.compile(r"([\d,]+) requests? per minute")
_BURST = re.compile(r"burst of (\d+)")
_AT_ONCE = re.compile(r"concurren|at once", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """What a vendor allows.

    Attributes:
        concurrency: calls at once.
        per_minute: calls in a minute, or None where that does not matter.
        burst: calls that may follow each other at once before they are spaced.
    """

    concurrency: int
    per_minute: int | None = None
    burst: int = 1

    @property
    def spacing(self) -> int:
        """Microseconds between two calls, 0 where there is no rate."""
        return 0 if self.per_minute is None else -(-MINUTE // self.per_minute)


#: What is known of each vendor before it teaches anything: the smallest plan's limits.
ALLOWANCES = {
    "anthropic": Allowance(concurrency=4),
    "elevenlabs": Allowance(concurrency=2),
    "replicate": Allowance(concurrency=10, per_minute=600),
}
UNLISTED = Allowance(concurrency=4)


def allowed(limit: Limit, usual: Allowance, now: int) -> Allowance:
    """Return what may be done now: what the vendor taught, grown back towards the usual step by step."""
    steps = max(0, now - limit.learned_at) // GROWS
    concurrency = usual.concurrency
    if limit.concurrency is not None:
        concurrency = min(usual.concurrency, limit.concurrency + steps)
    if limit.per_minute is not None:
        grown = limit.per_minute + _FASTER * steps
        if grown < (usual.per_minute or _UNHURRIED):
            return Allowance(concurrency=concurrency, per_minute=grown, burst=limit.burst or 1)
    return Allowance(concurrency=concurrency, per_minute=usual.per_minute, burst=usual.burst)


def wait(limit: Limit, may: Allowance, now: int) -> int:
    """Return the microseconds until the next call may go by rate and pause, 0 where it may go now."""
    _drop_what_a_moved_clock_left(limit, may, now)
    due = limit.next_at - (may.burst - 1) * may.spacing if may.spacing else now
    return max(0, limit.paused_until - now, due - now)


def book(limit: Limit, may: Allowance, now: int) -> None:
    """Take the next place in the rate."""
    limit.next_at = max(limit.next_at, now) + may.spacing


def learn(limit: Limit, usual: Allowance, now: int, error: ProviderError) -> bool:
    """Take in what a refusal teaches: fewer at once, a slower rate, a pause; False where it teaches nothing."""
    before = allowed(limit, usual, now)
    _drop_what_a_moved_clock_left(limit, before, now)
    told = _told(error)
    fewer, rate, seconds = _AT_ONCE.search(told), _number(_RATE, told), getattr(error, "retry_after", None) or 0
    # What grew back so far is written down before it grows again from now on.
    if fewer or limit.concurrency is not None:
        limit.concurrency = max(1, before.concurrency - 1) if fewer else before.concurrency
    if rate:
        limit.per_minute, limit.burst = rate, max(1, _number(_BURST, told))
    elif limit.per_minute is not None:
        limit.per_minute, limit.burst = before.per_minute, before.burst
    limit.learned_at = now
    if seconds > 0:
        _pause(limit, now, min(int(seconds * SECOND), LONGEST_PAUSE))
    return bool(fewer or rate or seconds > 0)


def _number(pattern: re.Pattern[str], told: str) -> int:
    found = pattern.search(told)
    return int(found[1].replace(",", "") or 0) if found else 0


def _pause(limit: Limit, now: int, length: int) -> None:
    if now + length > limit.paused_until:
        limit.paused_until, limit.paused_for = now + length, length


def _drop_what_a_moved_clock_left(limit: Limit, may: Allowance, now: int) -> None:
    if limit.paused_until - now > limit.paused_for:
        limit.paused_until = now
    limit.next_at = min(limit.next_at, now + may.burst * may.spacing)
    limit.learned_at = min(limit.learned_at, now)


def _told(error: BaseException) -> str:
    """Return an error's words, and those of the errors that it came from."""
    words: list[str] = []
    link: BaseException | None = error
    while link is not None and len(words) < 5:
        words.append(str(link))
        link = link.__cause__
    return "\n".join(words)
