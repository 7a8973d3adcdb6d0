"""How many predictions a simulated Replicate lets an account create."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from badapple.testing.simulators.traffic import Reply

if TYPE_CHECKING:
    from badapple.testing.simulators.clock import Clock

__all__ = ["Throttle", "busy", "poor"]

_MOST_A_MINUTE = 600
_LOW_CREDIT_GAP = 10.0  #: seconds between two creates: 6 a minute with a burst of 1
_LOW_CREDIT = (
    "Request was throttled. Your rate limit for creating predictions is reduced to 6 requests per minute with a burst "
    "of 1 requests while you have less than $5.0 in credit. Your rate limit resets in ~{wait:g}s."
)


class Throttle:
    """Counts what was created; safe to use from several threads."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._creates: list[float] = []

    def create(self) -> Reply | None:
        """Count a create; return the refusal where there were too many in the last minute."""
        now = self._clock.now()
        with self._lock:
            self._creates = [at for at in self._creates if at > now - 60]
            if len(self._creates) >= _MOST_A_MINUTE:
                return busy(1.0)
            self._creates.append(now)
        return None

    def low_credit(self) -> Reply | None:
        """Return the refusal of an account with little credit, None where it may create."""
        with self._lock:
            last = self._creates[-1] if self._creates else 0.0
        rest = last + _LOW_CREDIT_GAP - self._clock.now()
        return poor(max(1, round(rest))) if rest > 0 else None


def busy(wait: float) -> Reply:
    """Return the answer to too many requests."""
    seconds = "second" if wait == 1 else "seconds"
    return Reply(status=429, body={"detail": f"Request was throttled. Expected available in {wait:g} {seconds}."})


def poor(wait: float) -> Reply:
    """Return the answer to too many requests of an account with little credit."""
    return Reply(status=429, body={"detail": _LOW_CREDIT.format(wait=wait), "status": 429, "retry_after": wait})
