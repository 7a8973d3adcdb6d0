"""Ids that no two simulators give out."""

from __future__ import annotations

import itertools
import secrets
import threading

__all__ = ["Ids"]


class Ids:
    """Numbers behind a prefix of this object's own; safe to use from several threads."""

    def __init__(self) -> None:
        self._own = secrets.token_hex(5)
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()

    def new(self, prefix: str = "") -> str:
        """Return an id never given out before; those of one object sort in the order of their making."""
        with self._lock:
            return f"{prefix}{self._own}{next(self._numbers):012d}"
