"""Tries again what a database cut off: it restarts, two transactions met, too many came at once."""

from __future__ import annotations

import logging
import random
import time
from typing import TYPE_CHECKING, TypeVar

from sqlalchemy.exc import DBAPIError, TimeoutError  # noqa: A004 - no connection became free

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["passes", "patiently"]

T = TypeVar("T")
_FIRST, _LAST = 0.05, 1.0  #: seconds between two tries
_PASSING = frozenset({  # what another try may find mended
    "25P03",  # it was idle for too long: the process was stopped
    "40001", "40P01",  # it met another transaction
    "53300",  # too many connections
    "55P03",  # it waited too long for a row
    "57P01", "57P02", "57P03",  # the server is going down, or coming up
})  # fmt: skip
_LASTING = ("authentication failed", "does not exist", "no pg_hba.conf entry", "no password supplied")
_log = logging.getLogger("badapple.database")


def patiently(attempt: Callable[[], T], patience: float) -> T:
    """Return what an attempt returns; where it was cut off, try again for so many seconds.

    Raises:
        DBAPIError: it failed for good, or for too long.
    """
    deadline, pause = time.monotonic() + patience, _FIRST
    while True:
        try:
            return attempt()
        except (DBAPIError, TimeoutError) as error:
            lasting = isinstance(error, DBAPIError) and not passes(error)
            if lasting or time.monotonic() + pause > deadline:
                raise
            _log.warning("transaction_tried_again", extra={"reason": str(getattr(error, "orig", error))})
        time.sleep(pause * random.uniform(0.5, 1.0))
        pause = min(pause * 2, _LAST)


def passes(error: DBAPIError) -> bool:
    """Say whether the same transaction may succeed if it is tried again."""
    if error.connection_invalidated:
        return True
    state = getattr(error.orig, "sqlstate", "")
    if state:
        return state in _PASSING or state.startswith("08")
    # No connection was made: psycopg has no code for why.
    return (
        state is None
        and type(error.orig).__name__ in {"OperationalError", "ConnectionTimeout"}
        and not any(words in str(error.orig) for words in _LASTING)
    )
