"""The line to a vendor: limits, retries and a circuit breaker around each call."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from badapple.errors import OutcomeUnknownError, TransientProviderError
from badapple.journal.gate import current
from badapple.providers.breaker import Breaker, GaveUpError, breaker_of
from badapple.telemetry.calls import vendor_call
from badapple.telemetry.context import bound

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tenacity import RetryCallState

    from badapple.journal.gate import Gate
    from badapple.limits import Limiter

__all__ = ["Line", "Patience"]

T = TypeVar("T")

_log = logging.getLogger("badapple.providers")


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long a call is tried.

    Attributes:
        attempts: calls at most that the vendor fails.
        seconds: time for all of them and the waits between them; waiting for a slot does not count.
        first: seconds before the second call at most, doubled before each further one; the real wait is drawn by lot.
        most: seconds between two calls at most, unless the vendor asks for more.
        throttled: calls at most that the vendor refuses because there were too many; they are no failures.
        queue: seconds that a call waits for a slot.
    """

    attempts: int = 5
    seconds: float = 120.0
    first: float = 1.0
    most: float = 30.0
    throttled: int = 100
    queue: float = 3600.0


class Line:
    """Calls one vendor.

    Args:
        vendor: who.
        limiter: concurrency and rate, shared by all who use the database; None sets no limits.
        patience: how long a call is tried.
        breaker: left out, the lines to this vendor under the same limiter share one.
        sleep: waits between two calls; tests pass one that does not.
        draw: draws from 0 to 1 for jitter.
        clock: seconds that only ever grow.
    """

    def __init__(
        self,
        vendor: str,
        *,
        limiter: Limiter | None = None,
        patience: Patience | None = None,
        breaker: Breaker | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        draw: Callable[[], float] = random.random,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.vendor = vendor
        self._limiter = limiter
        self._patience = patience or Patience()
        self._breaker = breaker or (Breaker(vendor) if limiter is None else breaker_of(limiter, vendor))
        self._sleep = sleep
        self._draw = draw
        self._clock = clock

    async def call(self, send: Callable[[], Awaitable[T]]) -> T:
        """Make a call that buys something: takes a slot and a place in the rate, retries what bought nothing.

        Raises:
            TransientProviderError: it bought nothing, as often and as long as it was tried.
            OutcomeUnknownError: as `send` raises it, or the time ran out while it was under way.
            PermanentProviderError: as `send` raises it.
        """
        return await self._tried(send, paid=True)

    async def ask(self, send: Callable[[], Awaitable[T]]) -> T:
        """Make a free call: retried in the same way, without a slot.

        Raises:
            TransientProviderError: it failed as often and as long as it was tried.
            PermanentProviderError: as `send` raises it.
        """
        return await self._tried(send, paid=False)

    async def _tried(self, send: Callable[[], Awaitable[T]], *, paid: bool) -> T:
        from tenacity import AsyncRetrying, retry_if_exception  # noqa: PLC0415 - comes with the vendors' extras

        effort = _Effort(self.vendor, self._patience, self._draw)
        gate = current() if paid else None

        async def once() -> T:
            async with contextlib.AsyncExitStack() as stack:
                if paid and self._limiter is not None:
                    self._breaker.check()  # who would be refused anyway takes no place in the rate
                    await self._queue(self._limiter, stack)
                with self._breaker.guard(), vendor_call(self.vendor, paid=paid):
                    return await self._sent(send, effort, gate)

        retrying = AsyncRetrying(
            retry=retry_if_exception(_may_help),
            wait=effort.wait,
            stop=effort.is_over,
            before_sleep=effort.go_on,
            sleep=self._sleep,
            reraise=True,
        )
        with bound(provider=self.vendor):
            return await retrying(once)

    async def _queue(self, limiter: Limiter, stack: contextlib.AsyncExitStack) -> None:
        try:
            async with asyncio.timeout(self._patience.queue):
                await stack.enter_async_context(limiter.slot(self.vendor))
        except TimeoutError as error:
            raise GaveUpError(
                f"{self.vendor} had no free slot for {self._patience.queue:.0f} s; nothing was sent",
                provider=self.vendor,
                reason="rate_limit",
                hint="try again later",
            ) from error

    async def _sent(self, send: Callable[[], Awaitable[T]], effort: _Effort, gate: Gate | None) -> T:
        began, paid = self._clock(), gate is not None
        try:
            async with asyncio.timeout(self._patience.seconds - effort.seconds) as limit:
                if gate is None:
                    return await send()
                async with gate.passing():
                    return await send()
        except TimeoutError as error:
            if not limit.expired():
                raise
            raise self._too_long(paid=paid) from error
        except TransientProviderError as error:
            effort.count(error)
            if gate is not None:
                gate.wait()  # it bought nothing: what was to be bought stands in line again
            if paid and self._limiter is not None and _is_throttled(error):
                await self._limiter.learn(self.vendor, error)
            raise
        finally:
            effort.seconds += self._clock() - began

    def _too_long(self, *, paid: bool) -> OutcomeUnknownError | TransientProviderError:
        said = f"{self.vendor} did not answer within {self._patience.seconds:.0f} s"
        if paid:
            return OutcomeUnknownError(f"{said}; it may have been charged", provider=self.vendor, reason="timeout")
        return GaveUpError(
            f"{said}; nothing was charged", provider=self.vendor, reason="timeout", hint="try again later"
        )  # fmt: skip


class _Effort:
    """What one call took so far.

    Attributes:
        seconds: spent on calls and on the waits between them.
    """

    def __init__(self, vendor: str, patience: Patience, draw: Callable[[], float]) -> None:
        self.seconds = 0.0
        self._vendor = vendor
        self._patience = patience
        self._draw = draw
        self._failed = self._throttled = 0

    def count(self, error: TransientProviderError) -> None:
        """Count a call that failed."""
        if _is_throttled(error):
            self._throttled += 1
        else:
            self._failed += 1

    def wait(self, state: RetryCallState) -> float:
        """Return the seconds before the next call."""
        error = _error(state)
        patience = self._patience
        longest = min(patience.most, patience.first * 2.0 ** (self._failed + self._throttled - 1))
        least = error.retry_after or (patience.first if _is_throttled(error) else 0.0)
        return max(least, longest * self._draw())

    def is_over(self, state: RetryCallState) -> bool:
        """Say whether there is no further call."""
        patience = self._patience
        return (
            self._failed >= patience.attempts
            or self._throttled >= patience.throttled
            or self.seconds + state.upcoming_sleep > patience.seconds
        )

    def go_on(self, state: RetryCallState) -> None:
        """Write down that there is a further call; its wait counts."""
        self.seconds += state.upcoming_sleep
        _log.info(
            "vendor_call_retried",
            extra={
                "vendor": self._vendor,
                "attempt": state.attempt_number,
                "wait": round(state.upcoming_sleep, 3),
                "reason": _error(state).reason,
            },
        )


def _error(state: RetryCallState) -> TransientProviderError:
    error = state.outcome.exception() if state.outcome else None
    assert isinstance(error, TransientProviderError)  # noqa: S101 - nothing else is retried
    return error


def _may_help(error: BaseException) -> bool:
    return isinstance(error, TransientProviderError) and not isinstance(error, GaveUpError)


def _is_throttled(error: TransientProviderError) -> bool:
    return error.reason == "rate_limit"
