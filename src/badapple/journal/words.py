"""What people are told of calls that need a decision."""

from __future__ import annotations

from typing import TYPE_CHECKING

from badapple.costs.money import dollars
from badapple.errors import OutcomeUnknownError, TransientProviderError

if TYPE_CHECKING:
    from badapple.database import Call
    from badapple.models import Order

__all__ = [
    "ACCEPTED",
    "AGAIN",
    "BY_A_PERSON",
    "UNSHARED",
    "cannot_be_told",
    "paid_for_nothing",
    "retry",
    "unknown",
    "unshared",
]

ACCEPTED = "accepted"  #: reason of a failed row: a person booked it and gave the part up
BY_A_PERSON = "cancelled by a person"  #: what a job says that `jobs cancel` ended
AGAIN = "again"  #: reason of a failed row: a person lets it be bought again
UNSHARED = "unshared"  #: reason of a collected row: its goods may be on one machine only


def retry(row: Call) -> str:
    """Return the sentence with the command that buys a call again."""
    return f"`badapple calls retry {row.id[:8]}` lets it be bought again"


def paid_for_nothing(row: Call) -> str:
    """Return what is said of a call that was charged and brought nothing."""
    what = f"{row.label or row.model} of {row.vendor}"
    if row.reason == ACCEPTED:
        return f"{what} may have been charged ({dollars(row.possibly_charged or row.settled)}) and was given up"
    return f"{what} was charged {dollars(row.settled)} and brought nothing: {row.error or 'its files are gone'}"


def unshared(row: Call) -> str:
    """Return what is said of a call whose goods are on another machine."""
    return f"{row.label or row.model} of {row.vendor} is bought ({dollars(row.settled)}), but {row.error}"


def unknown(row: Call) -> OutcomeUnknownError:
    """Return the error of a call that may have been charged."""
    amount = row.possibly_charged or row.reserved
    return OutcomeUnknownError(
        f"{row.label or row.model} may have been charged (up to {dollars(amount)}): {row.vendor} took the order or did "
        "not, and cannot be asked; nothing was sent again",
        provider=row.vendor,
        charged=0,
        hint=(
            f"look at your account there, then `badapple calls retry {row.id[:8]}` sends it again, or "
            f"`badapple calls accept {row.id[:8]}` books it and leaves the part out"
        ),
    )


def cannot_be_told(order: Order, error: TransientProviderError) -> TransientProviderError:
    """Return the error of an order that may have reached its vendor, which cannot be asked now.

    The reason why it cannot be asked says nothing of the order, least of all that nothing was charged.
    """
    return TransientProviderError(
        f"it cannot be told now whether {order.vendor} has the order ({order.label}): {error.reason}; it is asked "
        "again before anything is sent again",
        provider=order.vendor,
        status_code=error.status_code,
        reason=error.reason,
        hint="run the same command again later",
    )
