"""What vendors allow and teach."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from badapple.database.money import Limit
from badapple.errors import TransientProviderError
from badapple.limits import rules
from badapple.limits.rules import ALLOWANCES, GROWS, MINUTE, SECOND, Allowance

if TYPE_CHECKING:
    from badapple.errors import Reason

NOW = 1_795_000_000 * SECOND
FREE = Allowance(concurrency=4)
LOW_CREDIT = (
    "Replicate gets too many calls from this account (429): Request was throttled. Your rate limit for creating "
    "predictions is reduced to 6 requests per minute with a burst of 1 requests while you have less than $5.0 in credit"
)
CROWDED = "ElevenLabs is speaking as much at once as the plan allows: Too many concurrent requests. (HTTP 429)"


def fresh(**changed: int | None) -> Limit:
    usual: dict[str, int | None] = {"next_at": 0, "paused_until": 0, "paused_for": 0, "learned_at": 0}
    return Limit(vendor="replicate", key="", **{**usual, **changed})


def refusal(text: str, *, retry_after: float | None = None, reason: Reason = "rate_limit") -> TransientProviderError:
    error = TransientProviderError(text, provider="replicate", reason=reason)
    error.retry_after = retry_after
    return error


def test_the_smallest_plans_limits_hold_before_anything_is_learned() -> None:
    assert dict(ALLOWANCES) == {
        "anthropic": Allowance(concurrency=4, per_minute=None, burst=1),
        "elevenlabs": Allowance(concurrency=2, per_minute=None, burst=1),
        "replicate": Allowance(concurrency=10, per_minute=600, burst=1),
    }
    for usual in ALLOWANCES.values():
        assert rules.allowed(fresh(), usual, NOW) == usual


@pytest.mark.parametrize(("per_minute", "spacing"), [(600, 100_000), (6, 10_000_000), (7, 8_571_429), (None, 0)])
def test_calls_are_spaced_so_that_a_minute_never_holds_more(per_minute: int | None, spacing: int) -> None:
    assert Allowance(concurrency=1, per_minute=per_minute).spacing == spacing


def test_one_call_after_the_other_goes_when_its_time_has_come() -> None:
    limit, may = fresh(), Allowance(concurrency=9, per_minute=6)
    assert rules.wait(limit, may, NOW) == 0
    rules.book(limit, may, NOW)
    assert rules.wait(limit, may, NOW) == 10 * SECOND
    assert rules.wait(limit, may, NOW + 10 * SECOND - 1) == 1
    assert rules.wait(limit, may, NOW + 10 * SECOND) == 0
    assert rules.wait(limit, may, NOW + 11 * SECOND) == 0
    rules.book(limit, may, NOW + 11 * SECOND)
    assert rules.wait(limit, may, NOW + 11 * SECOND) == 10 * SECOND


def test_a_burst_goes_at_once_and_is_paid_back() -> None:
    limit, may, gone = fresh(), Allowance(concurrency=9, per_minute=60, burst=3), 0
    while rules.wait(limit, may, NOW) == 0:
        rules.book(limit, may, NOW)
        gone += 1
    assert gone == 3
    assert rules.wait(limit, may, NOW) == SECOND
    assert rules.wait(limit, may, NOW + SECOND) == 0


def test_without_a_rate_nothing_waits() -> None:
    limit = fresh()
    for _ in range(3):
        rules.book(limit, FREE, NOW)
        assert rules.wait(limit, FREE, NOW) == 0


@given(
    st.integers(1, 600), st.integers(1, 5), st.lists(st.integers(0, 5 * SECOND), max_size=40)
)  # fmt: skip
def test_no_minute_holds_more_than_the_rate_and_its_burst(per_minute: int, burst: int, gaps: list[int]) -> None:
    limit, may, moment = fresh(), Allowance(concurrency=1, per_minute=per_minute, burst=burst), NOW
    gone: list[int] = []
    for gap in gaps:
        moment += gap
        if rules.wait(limit, may, moment) == 0:
            rules.book(limit, may, moment)
            gone.append(moment)
    for first in gone:
        assert sum(first <= other < first + MINUTE for other in gone) <= per_minute + burst


def test_low_credit_teaches_the_rate_and_a_pause() -> None:
    limit, usual = fresh(), ALLOWANCES["replicate"]
    assert rules.learn(limit, usual, NOW, refusal(LOW_CREDIT, retry_after=5))
    assert (limit.per_minute, limit.burst, limit.concurrency, limit.learned_at) == (6, 1, None, NOW)
    assert rules.allowed(limit, usual, NOW) == Allowance(concurrency=10, per_minute=6, burst=1)
    assert rules.wait(limit, rules.allowed(limit, usual, NOW), NOW) == 5 * SECOND
    assert rules.wait(limit, rules.allowed(limit, usual, NOW), NOW + 5 * SECOND) == 0


@pytest.mark.parametrize(
    ("text", "per_minute", "burst"),
    [
        ("limit of 1,050 requests per minute", 1050, 1),
        ("12 requests per minute with a burst of 4 requests", 12, 4),
        ("1 request per minute with a burst of 0", 1, 1),
        ("0 requests per minute", None, None),
        (", requests per minute", None, None),
        ("40,000 input tokens per minute", None, None),
    ],
)
def test_a_rate_is_read_from_a_sentence(text: str, per_minute: int | None, burst: int | None) -> None:
    limit = fresh()
    assert rules.learn(limit, FREE, NOW, refusal(text)) == (per_minute is not None)
    assert (limit.per_minute, limit.burst) == (per_minute, burst)


def test_the_vendors_words_may_stand_in_the_cause() -> None:
    error = refusal("ElevenLabs is busy")
    error.__cause__ = RuntimeError("api")
    error.__cause__.__cause__ = RuntimeError("Too many CONCURRENT requests; 9 requests per minute")
    limit = fresh()
    assert rules.learn(limit, FREE, NOW, error)
    assert (limit.concurrency, limit.per_minute) == (3, 9)


def test_five_causes_are_read() -> None:
    def caused(depth: int) -> TransientProviderError:
        error = refusal("9 requests per minute")
        for _ in range(depth):
            error, cause = refusal("busy"), error
            error.__cause__ = cause
        return error

    assert rules.learn(fresh(), FREE, NOW, caused(4))
    assert not rules.learn(fresh(), FREE, NOW, caused(5))


def test_errors_that_cause_each_other_end() -> None:
    error = refusal("busy")
    error.__cause__ = error
    assert not rules.learn(fresh(), FREE, NOW, error)


def test_too_many_at_once_teaches_one_less_down_to_one() -> None:
    limit, usual = fresh(), ALLOWANCES["anthropic"]
    learned = []
    for _ in range(4):
        assert rules.learn(limit, usual, NOW, refusal(CROWDED))
        learned.append(rules.allowed(limit, usual, NOW).concurrency)
    assert learned == [3, 2, 1, 1]
    assert limit.paused_until == 0


def test_concurrency_grows_back_by_one_every_five_minutes() -> None:
    assert GROWS == 300 * SECOND
    limit, usual = fresh(concurrency=1, learned_at=NOW), Allowance(concurrency=3)
    moments = (0, GROWS - 1, GROWS, 2 * GROWS - 1)
    assert [rules.allowed(limit, usual, NOW + moment).concurrency for moment in moments] == [1, 1, 2, 2]
    assert [rules.allowed(limit, usual, NOW + times * GROWS).concurrency for times in (2, 3, 99)] == [3, 3, 3]


def test_a_rate_grows_back_by_six_a_minute_every_five_minutes() -> None:
    limit, usual = fresh(per_minute=6, burst=1, learned_at=NOW), Allowance(concurrency=3, per_minute=20, burst=5)
    rates = [rules.allowed(limit, usual, NOW + times * GROWS) for times in (0, 1, 2, 3)]
    assert [rate.per_minute for rate in rates] == [6, 12, 18, 20]
    assert [rate.burst for rate in rates] == [1, 1, 1, 5]
    assert {rate.concurrency for rate in rates} == {3}
    exact = Allowance(concurrency=3, per_minute=12, burst=5)
    assert rules.allowed(limit, exact, NOW + GROWS) == exact


def test_a_rate_where_there_was_none_is_forgotten_at_ten_a_second() -> None:
    limit = fresh(per_minute=594, burst=None, learned_at=NOW)
    assert rules.allowed(limit, FREE, NOW) == Allowance(concurrency=4, per_minute=594, burst=1)
    assert rules.allowed(limit, FREE, NOW + GROWS) == FREE


def test_what_grew_back_is_kept_when_something_else_is_learned() -> None:
    usual = Allowance(concurrency=9, per_minute=600)
    limit = fresh(concurrency=2, per_minute=6, burst=2, learned_at=NOW)
    later = NOW + 3 * GROWS
    assert rules.learn(limit, usual, later, refusal(CROWDED))
    assert (limit.concurrency, limit.per_minute, limit.burst, limit.learned_at) == (4, 24, 2, later)
    assert rules.learn(limit, usual, later + GROWS, refusal("6 requests per minute"))
    assert (limit.concurrency, limit.per_minute, limit.burst) == (5, 6, 1)
    assert rules.learn(limit, usual, later + 200 * GROWS, refusal("", retry_after=1))
    assert (limit.concurrency, limit.per_minute, limit.burst) == (9, 600, 1)


def test_nobody_calls_before_the_vendor_wants_to_be_asked_again() -> None:
    limit = fresh()
    assert rules.learn(limit, FREE, NOW, refusal("busy", retry_after=2.5))
    assert rules.wait(limit, FREE, NOW) == 2_500_000
    assert rules.wait(limit, FREE, NOW + 2_500_000) == 0
    assert rules.learn(limit, FREE, NOW, refusal("busy", retry_after=1))
    assert rules.wait(limit, FREE, NOW) == 2_500_000
    assert rules.learn(limit, FREE, NOW, refusal("busy", retry_after=3))
    assert rules.wait(limit, FREE, NOW) == 3 * SECOND
    assert rules.learn(limit, FREE, NOW + 10 * SECOND, refusal("busy", retry_after=0.5))
    assert rules.wait(limit, FREE, NOW + 10 * SECOND) == SECOND // 2


@pytest.mark.parametrize("retry_after", [None, 0.0, -3.0])
def test_a_refusal_without_facts_teaches_nothing(retry_after: float | None) -> None:
    limit = fresh()
    assert not rules.learn(limit, FREE, NOW, refusal("busy", retry_after=retry_after))
    assert rules.wait(limit, FREE, NOW) == 0
    assert rules.allowed(limit, FREE, NOW) == FREE


def test_no_pause_is_longer_than_ten_minutes() -> None:
    limit = fresh()
    rules.learn(limit, FREE, NOW, refusal("busy", retry_after=86_400))
    assert rules.wait(limit, FREE, NOW) == 600 * SECOND


def test_a_clock_set_back_ends_a_pause() -> None:
    limit = fresh(paused_until=NOW + SECOND, paused_for=SECOND)
    assert rules.wait(limit, FREE, NOW) == SECOND
    assert rules.wait(limit, FREE, NOW - 1) == 0
    assert rules.wait(limit, FREE, NOW) == 0


def test_a_clock_set_back_delays_a_call_by_no_more_than_its_place() -> None:
    may = Allowance(concurrency=1, per_minute=6)
    limit = fresh()
    rules.book(limit, may, NOW)
    assert rules.wait(limit, may, NOW - 3600 * SECOND) == 10 * SECOND
    assert rules.wait(limit, may, NOW - 3590 * SECOND) == 0


def test_a_clock_set_back_does_not_stop_growth() -> None:
    limit, back = fresh(concurrency=1, learned_at=NOW), NOW - 3600 * SECOND
    assert rules.allowed(limit, FREE, back).concurrency == 1
    rules.wait(limit, FREE, back)
    assert rules.allowed(limit, FREE, back + GROWS).concurrency == 2


def test_a_pause_after_the_clock_was_set_back_counts() -> None:
    limit = fresh(paused_until=NOW + 9 * SECOND, paused_for=9 * SECOND)
    back = NOW - 3600 * SECOND
    rules.learn(limit, FREE, back, refusal("busy", retry_after=2))
    assert rules.wait(limit, FREE, back) == 2 * SECOND


@given(
    st.integers(-(10**17), 10**17), st.integers(-(10**17), 10**17), st.integers(-(10**17), 10**17),
    st.sampled_from([FREE, *ALLOWANCES.values(), Allowance(concurrency=1, per_minute=1, burst=2)]),
)  # fmt: skip
def test_wherever_the_clock_is_set_nobody_waits_for_long(
    next_at: int, paused_until: int, now: int, may: Allowance
) -> None:
    limit = fresh(next_at=next_at, paused_until=paused_until, paused_for=600 * SECOND)
    assert 0 <= rules.wait(limit, may, now) <= 600 * SECOND
