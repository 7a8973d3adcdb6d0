"""What the simulated vendors charged."""

from __future__ import annotations

import hashlib
import json
import threading
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from badapple.testing.simulators.memory import Memory

__all__ = ["Charge", "Ledger", "fingerprint"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """One thing paid for.

    Attributes:
        vendor: `anthropic`, `elevenlabs` or `replicate`.
        what: the model.
        id: the vendor's own id of it.
        amount: micro-dollars; 0 once it was taken back.
        key: fingerprint of what was asked for; two charges with one key are one thing paid twice.
        at: seconds since 1970 by the simulators' clock.
        refunded: micro-dollars that were taken back.
    """

    vendor: str
    what: str
    id: str
    amount: int
    key: str
    at: float
    refunded: int = 0


class Ledger:
    """All charges in their order; safe to use from several threads."""

    def __init__(self, memory: Memory) -> None:
        self._lock = threading.Lock()
        self._memory = memory
        self._charges = [Charge(**body) for body in memory.all("charge")]

    def book(self, charge: Charge) -> None:
        """Write down a charge."""
        with self._lock:
            self._charges.append(charge)
            self._memory.keep("charge", f"{charge.vendor} {charge.id}", asdict(charge))

    def refund(self, vendor: str, item: str) -> None:
        """Take a charge back."""
        with self._lock:
            for number, charge in enumerate(self._charges):
                if (charge.vendor, charge.id) == (vendor, item) and charge.amount:
                    self._charges[number] = replace(charge, amount=0, refunded=charge.amount)
                    self._memory.keep("charge", f"{vendor} {item}", asdict(self._charges[number]))

    def charges(self) -> tuple[Charge, ...]:
        """Return all charges in their order."""
        with self._lock:
            return tuple(self._charges)


def fingerprint(what: str | Mapping[str, Any]) -> str:
    """Return sixteen characters that differ wherever what was asked for differs."""
    text = what if isinstance(what, str) else json.dumps(what, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
