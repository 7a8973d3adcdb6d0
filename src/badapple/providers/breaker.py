"""A circuit breaker: a vendor that fails again and again is left alone for a while."""

from __future__ import annotations

import contextlib
import logging
import time
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from badapple.errors import OutcomeUnknownError, ProviderError, TransientProviderError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["Breaker", "GaveUpError", "breaker_of"]

_DOWN = frozenset({"server", "network", "timeout"})
_log = logging.getLogger("badapple.providers")


class GaveUpError(TransientProviderError):
    """The line itself gave up: the vendor is left alone, there was no slot, or time ran out; trying on is no help."""


class Breaker:
    """Opens after failures in a row; after a while lets one call through, which closes it or opens it again.

    A refusal, a rate limit among them, is an answer: only a vendor that is broken or cannot be reached opens it.

    Args:
        vendor: for messages.
        threshold: failures in a row that open it.
        seconds: for which it stays open.
        clock: seconds that only ever grow.
    """

    def __init__(
        self, vendor: str, *, threshold: int = 5, seconds: float = 30.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._vendor = vendor
        self._threshold = threshold
        self._seconds = seconds
        self._clock = clock
        self._failures = 0
        self._until: float | None = None
        self._probing = False

    def check(self) -> None:
        """Refuse while the vendor is left alone.

        Raises:
            GaveUpError: it is; `retry_after` says for how long.
        """
        left = 0.0 if self._until is None else self._until - self._clock()
        if left > 0 or self._probing:
            error = GaveUpError(
                f"{self._vendor} failed {self._failures} times in a row and is left alone for now; nothing was sent",
                provider=self._vendor,
                reason="server",
                hint=f"try again in {max(1, round(left))} s",
            )
            error.retry_after = max(left, 0.0)
            raise error

    @contextlib.contextmanager
    def guard(self) -> Iterator[None]:
        """Watch one call.

        Raises:
            GaveUpError: the vendor is left alone; nothing is called.
        """
        self.check()
        probe = self._probing = self._until is not None
        try:
            yield
        except ProviderError as error:
            down = isinstance(error, (TransientProviderError, OutcomeUnknownError)) and error.reason in _DOWN
            self._failed(error, probe=probe) if down else self._answered()
            raise
        else:
            self._answered()
        finally:
            self._probing = self._probing and not probe

    def _failed(self, error: ProviderError, *, probe: bool) -> None:
        self._failures += 1
        if probe or (self._until is None and self._failures >= self._threshold):
            self._until = self._clock() + self._seconds
            _log.warning(
                "vendor_circuit_opened",
                extra={"vendor": self._vendor, "failures": self._failures, "reason": error.reason},
            )

    def _answered(self) -> None:
        if self._until is not None:
            _log.info("vendor_circuit_closed", extra={"vendor": self._vendor})
        self._failures, self._until = 0, None


_breakers: WeakKeyDictionary[object, dict[str, Breaker]] = WeakKeyDictionary()


def breaker_of(limiter: object, vendor: str) -> Breaker:
    """Return the breaker that all lines to a vendor under one limiter share."""
    return _breakers.setdefault(limiter, {}).setdefault(vendor, Breaker(vendor))
