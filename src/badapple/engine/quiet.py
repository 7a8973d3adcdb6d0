"""Keeps DBOS from logging what is as it should be."""

from __future__ import annotations

import logging
import time

__all__ = ["Quieter"]

_SAID_AGAIN = 30.0  #: seconds after which DBOS may say the same again


class Quieter(logging.Filter):
    """Leaves out what DBOS says of workflows that were cancelled or taken over, and what it said just now.

    Both are as they should be; and a database that is away makes it say the same many times a second.
    """

    _EXPECTED = frozenset({"DBOSAwaitedWorkflowCancelledError", "DBOSWorkflowCancelledError"})

    def __init__(self) -> None:
        super().__init__()
        self._said: dict[str, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Say whether the record shall be logged."""
        error = record.exc_info[1] if record.exc_info else None
        text = str(record.msg)
        if type(error).__name__ in self._EXPECTED or "was cancelled during execution" in text:
            return False
        record.msg = text.partition("\n")[0][:500]
        what, moment = record.msg[:60], time.monotonic()
        if moment - self._said.get(what, -_SAID_AGAIN) < _SAID_AGAIN:
            return False
        if len(self._said) > 500:
            self._said.clear()
        self._said[what] = moment
        return True
