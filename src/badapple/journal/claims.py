"""Claims: which task of which process works on a call."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    from badapple.models import Ticket

__all__ = ["Claim", "ClaimLostError", "Claims", "JobCancelledError", "Taken"]


class ClaimLostError(Exception):
    """Somebody else works on the call now: this process was thought dead."""


class JobCancelledError(Exception):
    """The job that pays was cancelled; nothing more is sent for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A call that is ours to work on.

    Attributes:
        id: of its row; the marker that vendors may echo.
        claim: our claim on it.
        vendor_id: where the vendor has it already, else None.
        recovered: it was begun by somebody who is gone, so that it may have been sent.
        sends: how often it was sent, or was about to be.
        age: seconds since its intent was written, or None where that cannot be told.
        ticket: what is handed to the vendor's call.
    """

    id: str
    claim: str
    vendor_id: str | None
    recovered: bool
    sends: int
    age: float | None
    ticket: Ticket


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A call that somebody else works on; `heir` is our claim on it, should its job be cancelled, where it is new."""

    id: str
    heir: str | None = None


class _Named(Protocol):
    @property
    def id(self) -> str: ...


class Claims:
    """Hands out claims of this process, and tells of any claim whether somebody still works under it.

    A claim is `HOLDER/TOKEN`. Claims of this process are known by their tokens; of the others it is known whether
    their process lives. No clock is asked.

    Args:
        holder: this process.
        alive: says of another process' holder id whether it lives.
    """

    def __init__(self, holder: _Named, alive: Callable[[str], bool]) -> None:
        self._holder = holder.id
        self._alive = alive
        self._tokens: set[str] = set()

    def new(self) -> str:
        """Return a new claim; it is alive until it is dropped or this process ends."""
        token = secrets.token_hex(8)
        self._tokens.add(token)
        return f"{self._holder}/{token}"

    def drop(self, claim: str) -> None:
        """Give a claim up; may be done twice."""
        self._tokens.discard(claim.partition("/")[2])

    def alive(self, claim: str | None) -> bool:
        """Say whether somebody works under this claim."""
        if claim is None:
            return False
        holder, _, token = claim.partition("/")
        return token in self._tokens if holder == self._holder else self._alive(holder)
