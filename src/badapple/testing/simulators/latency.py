"""How long the simulated vendors take."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from badapple.errors import ConfigError
from badapple.testing.simulators.catalogue import HOSTED

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["Latency"]

_PREDICTION = 0.3  #: seconds where nothing else is said


class Latency:
    """Seconds by what is made: `messages`, `tts`, or a model on Replicate.

    A list of seconds is used up in the order of the calls; its last number stays.

    Raises:
        ConfigError: a number is missing or negative, or belongs to nothing.
    """

    def __init__(self, seconds: Mapping[str, float | Sequence[float]] | None = None) -> None:
        self._lock = threading.Lock()
        self.set(seconds or {})

    def set(self, seconds: Mapping[str, float | Sequence[float]]) -> None:
        """Put other times in the place of all that were said before."""
        lists = {what: _numbers(what, given) for what, given in seconds.items()}
        with self._lock:
            self._lists = lists

    def of(self, what: str) -> float:
        """Return the seconds of the next call."""
        with self._lock:
            left = self._lists.get(what)
            if left is None:
                return _PREDICTION if "/" in what else 0.0
            return left.pop(0) if len(left) > 1 else left[0]


def _numbers(what: str, given: float | Sequence[float]) -> list[float]:
    if what not in {"messages", "tts", *HOSTED}:
        raise ConfigError(f"nothing called {what!r} takes time; known: messages, tts, {', '.join(HOSTED)}")
    try:
        numbers = [float(given)] if isinstance(given, int | float) else [float(number) for number in given]
    except (TypeError, ValueError):
        numbers = []
    if not numbers or min(numbers) < 0:
        raise ConfigError(f"the latency of {what} must be seconds or a list of seconds, not {given!r}")
    return numbers
