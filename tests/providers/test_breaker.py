"""A vendor that fails again and again is left alone."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

import pytest

from badapple.errors import OutcomeUnknownError, PermanentProviderError, ProviderError, TransientProviderError
from badapple.providers.breaker import Breaker, GaveUpError, breaker_of

if TYPE_CHECKING:
    from badapple.errors import Reason


class Clock:
    seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def breaker(clock: Clock) -> Breaker:
    return Breaker("replicate", clock=clock)


def error(kind: type[ProviderError] = TransientProviderError, reason: Reason = "server") -> ProviderError:
    return kind("no", provider="replicate", reason=reason)


def fail(breaker: Breaker, times: int = 1, with_error: BaseException | None = None) -> None:
    raised = with_error or error()
    for _ in range(times):
        with pytest.raises(type(raised)), breaker.guard():
            raise raised


def succeed(breaker: Breaker) -> None:
    with breaker.guard():
        pass


def is_open(breaker: Breaker) -> bool:
    try:
        breaker.check()
    except GaveUpError:
        return True
    return False


@pytest.mark.parametrize("reason", ["server", "network", "timeout"])
@pytest.mark.parametrize("kind", [TransientProviderError, OutcomeUnknownError])
def test_five_failures_in_a_row_open_it(breaker: Breaker, kind: type[ProviderError], reason: Reason) -> None:
    fail(breaker, 4, error(kind, reason))
    assert not is_open(breaker)
    fail(breaker, 1, error(kind, reason))
    assert is_open(breaker)


@pytest.mark.parametrize("reason", ["rate_limit", "quota", "key", "refused", "input", "unknown"])
def test_answers_do_not_open_it(breaker: Breaker, reason: Reason) -> None:
    fail(breaker, 20, error(TransientProviderError, reason))
    assert not is_open(breaker)


def test_failures_for_good_are_answers(breaker: Breaker) -> None:
    fail(breaker, 20, error(PermanentProviderError, "server"))
    assert not is_open(breaker)


@pytest.mark.parametrize("answer", [None, error(reason="rate_limit"), error(PermanentProviderError, "input")])
def test_an_answer_in_between_begins_anew(breaker: Breaker, answer: ProviderError | None) -> None:
    fail(breaker, 4)
    if answer is None:
        succeed(breaker)
    else:
        fail(breaker, 1, answer)
    fail(breaker, 4)
    assert not is_open(breaker)
    fail(breaker)
    assert is_open(breaker)


@pytest.mark.parametrize("other", [asyncio.CancelledError(), KeyError("bug")])
def test_what_is_no_answer_changes_nothing(breaker: Breaker, other: BaseException) -> None:
    fail(breaker, 4)
    fail(breaker, 3, other)
    assert not is_open(breaker)
    fail(breaker)
    assert is_open(breaker)


def test_while_it_is_open_nothing_is_sent_and_the_error_says_for_how_long(breaker: Breaker, clock: Clock) -> None:
    fail(breaker, 5)
    clock.seconds += 10
    sent = False
    with pytest.raises(GaveUpError) as caught, breaker.guard():
        sent = True
    assert not sent
    assert str(caught.value) == "replicate failed 5 times in a row and is left alone for now; nothing was sent"
    assert (caught.value.retry_after, caught.value.hint) == (20, "try again in 20 s")
    assert (caught.value.provider, caught.value.reason) == ("replicate", "server")


def test_after_thirty_seconds_one_call_goes_through_and_closes_it(breaker: Breaker, clock: Clock) -> None:
    fail(breaker, 5)
    clock.seconds += 29.5
    assert is_open(breaker)
    clock.seconds += 0.5
    with breaker.guard():
        with pytest.raises(GaveUpError) as caught:
            breaker.check()
        assert (caught.value.retry_after, caught.value.hint) == (0, "try again in 1 s")
    assert not is_open(breaker)
    fail(breaker, 4)
    assert not is_open(breaker)


def test_a_failed_trial_opens_it_again_for_as_long(breaker: Breaker, clock: Clock) -> None:
    fail(breaker, 5)
    clock.seconds += 30
    fail(breaker)
    clock.seconds += 29.5
    assert is_open(breaker)
    clock.seconds += 0.5
    succeed(breaker)
    assert not is_open(breaker)


def test_a_cancelled_trial_leaves_room_for_the_next(breaker: Breaker, clock: Clock) -> None:
    fail(breaker, 5)
    clock.seconds += 30
    fail(breaker, 1, asyncio.CancelledError())
    assert not is_open(breaker)
    fail(breaker)
    assert is_open(breaker)


def test_late_failures_do_not_keep_it_open_for_longer(breaker: Breaker, clock: Clock) -> None:
    with pytest.raises(TransientProviderError), breaker.guard():
        fail(breaker, 5)
        clock.seconds += 20
        raise error()
    clock.seconds += 10
    assert not is_open(breaker)


def test_a_late_failure_during_a_trial_is_not_the_trials(breaker: Breaker, clock: Clock) -> None:
    with pytest.raises(TransientProviderError), breaker.guard():
        fail(breaker, 5)
        clock.seconds += 30
        trial = breaker.guard()
        trial.__enter__()
        raise error()
    assert is_open(breaker)  # the trial is still under way
    trial.__exit__(None, None, None)
    assert not is_open(breaker)


def test_a_late_success_closes_it(breaker: Breaker) -> None:
    with breaker.guard():
        fail(breaker, 5)
    assert not is_open(breaker)


def test_opening_and_closing_are_written_down(breaker: Breaker, clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "badapple.providers")
    fail(breaker, 5)
    clock.seconds += 30
    succeed(breaker)
    opened, closed = (record.__dict__ for record in caplog.records)
    succeed(breaker)
    assert len(caplog.records) == 2
    assert (opened["message"], opened["vendor"], opened["failures"], opened["reason"]) == (
        "vendor_circuit_opened", "replicate", 5, "server",
    )  # fmt: skip
    assert (closed["message"], closed["vendor"]) == ("vendor_circuit_closed", "replicate")


def test_a_breaker_may_be_stricter(clock: Clock) -> None:
    strict = Breaker("replicate", threshold=1, seconds=2, clock=clock)
    fail(strict)
    assert is_open(strict)
    clock.seconds += 2
    assert not is_open(strict)


def test_lines_under_one_limiter_share_a_breaker_for_each_vendor() -> None:
    class Limiter:
        pass

    one, other = Limiter(), Limiter()
    assert breaker_of(one, "a") is breaker_of(one, "a")
    assert breaker_of(one, "a") is not breaker_of(one, "b")
    assert breaker_of(one, "a") is not breaker_of(other, "a")
