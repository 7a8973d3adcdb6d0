"""The line to a vendor."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import subprocess
import sys
import time
from collections import deque
from typing import TYPE_CHECKING, Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from badapple.errors import OutcomeUnknownError, PermanentProviderError, ProviderError, TransientProviderError
from badapple.providers.breaker import Breaker, GaveUpError
from badapple.providers.line import Line, Patience

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from badapple.errors import Reason
    from badapple.limits import Limiter


class Clock:
    """Seconds that pass when a test says so."""

    seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


class Vendor:
    """Answers with what a test prepared, then with `done`."""

    def __init__(self, *answers: BaseException, clock: Clock | None = None, takes: float = 0.0) -> None:
        self.answers = deque(answers)
        self.calls = 0
        self.clock = clock
        self.takes = takes

    async def send(self) -> str:
        self.calls += 1
        if self.clock is not None:
            self.clock.seconds += self.takes
        if self.answers:
            raise self.answers.popleft()
        return "done"


class Slots:
    """A limiter that writes down what it is asked."""

    def __init__(self) -> None:
        self.log: list[str] = []
        self.free = asyncio.Event()
        self.free.set()

    @contextlib.asynccontextmanager
    async def slot(self, vendor: str) -> AsyncIterator[None]:
        await self.free.wait()
        self.log.append(f"in {vendor}")
        try:
            yield
        finally:
            self.log.append("out")

    async def learn(self, vendor: str, error: ProviderError) -> None:
        self.log.append(f"learn {vendor} {error}")


class Waits(list[float]):
    """Waits that are written down and not waited."""

    async def __call__(self, seconds: float) -> None:
        self.append(seconds)


@pytest.fixture
def waits() -> Waits:
    return Waits()


@pytest.fixture
def slots() -> Slots:
    return Slots()


@pytest.fixture
def line(waits: Waits) -> Callable[..., Line]:
    def make(*, slots: Slots | None = None, draw: float = 1.0, **more: Any) -> Line:
        limiter = cast("Limiter | None", slots)
        return Line("replicate", limiter=limiter, sleep=waits, draw=lambda: draw, **more)

    return make


def transient(reason: Reason = "server", *, after: float | None = None, text: str = "no") -> TransientProviderError:
    error = TransientProviderError(text, provider="replicate", reason=reason)
    error.retry_after = after
    return error


def several(count: int, reason: Reason = "server") -> list[TransientProviderError]:
    return [transient(reason, text=f"no {number}") for number in range(1, count + 1)]


@pytest.mark.parametrize("how", ["call", "ask"])
async def test_what_may_help_is_tried_again(line: Callable[..., Line], waits: Waits, how: str) -> None:
    vendor = Vendor(*several(2))
    assert await getattr(line(), how)(vendor.send) == "done"
    assert vendor.calls == 3
    assert waits == [1, 2]


@pytest.mark.parametrize("how", ["call", "ask"])
async def test_it_ends_with_the_last_error_after_five_attempts(line: Callable[..., Line], how: str) -> None:
    vendor = Vendor(*several(9))
    with pytest.raises(TransientProviderError, match="no 5"):
        await getattr(line(), how)(vendor.send)
    assert vendor.calls == 5


@pytest.mark.parametrize(
    "error",
    [
        OutcomeUnknownError("?", provider="replicate"),
        PermanentProviderError("no", provider="replicate"),
        KeyError("bug"),
        TimeoutError("of the vendor's own"),
        asyncio.CancelledError(),
    ],
)
@pytest.mark.parametrize("how", ["call", "ask"])
async def test_nothing_else_is_tried_again(line: Callable[..., Line], error: BaseException, how: str) -> None:
    vendor = Vendor(error)
    with pytest.raises(type(error)) as caught:
        await getattr(line(), how)(vendor.send)
    assert vendor.calls == 1
    assert caught.value is error or isinstance(error, asyncio.CancelledError)


async def test_waits_double_up_to_the_most(line: Callable[..., Line], waits: Waits) -> None:
    patience = Patience(attempts=7, first=0.5, most=6, seconds=100)
    await line(patience=patience, breaker=Breaker("x", threshold=9)).call(Vendor(*several(6)).send)
    assert waits == [0.5, 1, 2, 4, 6, 6]


async def test_waits_are_drawn_by_lot(line: Callable[..., Line], waits: Waits) -> None:
    await line(draw=0.25).call(Vendor(*several(3)).send)
    assert waits == [0.25, 0.5, 1]


@given(st.lists(st.floats(0, 1, exclude_max=True), min_size=4, max_size=4))
async def test_jitter_is_full(draws: list[float]) -> None:
    waits, left = Waits(), deque(draws)
    await Line("v", sleep=waits, draw=left.popleft).call(Vendor(*several(4)).send)
    assert waits == [draw * 2**number for number, draw in enumerate(draws)]


async def test_what_the_vendor_asks_for_is_waited_at_least(line: Callable[..., Line], waits: Waits) -> None:
    await line().call(Vendor(transient(after=7.5), transient(after=0.5), transient(after=0.0)).send)
    assert waits == [7.5, 2, 4]


async def test_a_wait_that_goes_over_the_time_is_not_begun(line: Callable[..., Line], waits: Waits) -> None:
    vendor = Vendor(transient(after=120.5))
    with pytest.raises(TransientProviderError, match="no"):
        await line().call(vendor.send)
    assert (vendor.calls, waits) == (1, [])


async def test_a_wait_that_fits_the_time_exactly_is_waited(line: Callable[..., Line], waits: Waits) -> None:
    clock = Clock()
    patience = Patience(seconds=20)
    vendor = Vendor(transient(after=10), transient(after=6), transient(after=0.5), clock=clock, takes=2)
    with pytest.raises(TransientProviderError):
        await line(patience=patience, clock=clock).ask(vendor.send)
    assert waits == [10, 6]
    assert vendor.calls == 3


async def test_calls_and_waits_together_stay_within_the_time(line: Callable[..., Line], waits: Waits) -> None:
    clock = Clock()
    vendor = Vendor(*several(9), clock=clock, takes=30)
    with pytest.raises(TransientProviderError, match="no 4"):
        await line(clock=clock, patience=Patience(attempts=9, seconds=120)).ask(vendor.send)
    assert waits == [1, 2, 4]


async def test_refusals_for_haste_are_no_failures(line: Callable[..., Line], waits: Waits) -> None:
    vendor = Vendor(*several(4), *several(9, "rate_limit"))
    assert await line(draw=0.0).call(vendor.send) == "done"
    assert vendor.calls == 14
    assert waits == [0] * 4 + [1] * 9


async def test_refusals_for_haste_lengthen_the_waits_all_the_same(line: Callable[..., Line], waits: Waits) -> None:
    await line().call(Vendor(transient(), transient("rate_limit"), transient("rate_limit"), transient()).send)
    assert waits == [1, 2, 4, 8]


async def test_refusals_for_haste_end_too(line: Callable[..., Line], waits: Waits) -> None:
    vendor = Vendor(*several(200, "rate_limit"))
    with pytest.raises(TransientProviderError, match=r"no 7$"):
        await line(draw=0.0, patience=Patience(throttled=7, first=0)).call(vendor.send)
    vendor = Vendor(*several(200, "rate_limit"))
    with pytest.raises(TransientProviderError, match=r"no 100$"):
        await line(draw=0.0, patience=Patience(first=0.5)).call(vendor.send)


async def test_a_paid_call_has_a_slot_while_it_is_under_way(line: Callable[..., Line], slots: Slots) -> None:
    async def send() -> None:
        slots.log.append("send")

    await line(slots=slots).call(send)
    assert slots.log == ["in replicate", "send", "out"]


async def test_between_attempts_the_slot_is_free(line: Callable[..., Line], slots: Slots) -> None:
    await line(slots=slots).call(Vendor(transient()).send)
    assert slots.log == ["in replicate", "out", "in replicate", "out"]


async def test_a_free_call_takes_no_slot_and_teaches_nothing(line: Callable[..., Line], slots: Slots) -> None:
    await line(slots=slots).ask(Vendor(transient("rate_limit")).send)
    assert slots.log == []


async def test_a_refusal_for_haste_teaches_before_the_slot_is_free(line: Callable[..., Line], slots: Slots) -> None:
    await line(slots=slots).call(Vendor(transient("rate_limit", text="slower")).send)
    assert slots.log == ["in replicate", "learn replicate slower", "out", "in replicate", "out"]


async def test_only_waiting_for_a_slot_may_take_long(line: Callable[..., Line], slots: Slots) -> None:
    slots.free.clear()
    waiting = asyncio.create_task(line(slots=slots, patience=Patience(seconds=0.01)).call(Vendor().send))
    await asyncio.sleep(0.05)
    slots.free.set()
    assert await waiting == "done"


async def test_without_a_slot_in_time_it_gives_up(line: Callable[..., Line], slots: Slots) -> None:
    slots.free.clear()
    vendor = Vendor()
    with pytest.raises(GaveUpError) as caught:
        await line(slots=slots, patience=Patience(queue=0.01)).call(vendor.send)
    assert (vendor.calls, slots.log) == (0, [])
    assert str(caught.value) == "replicate had no free slot for 0 s; nothing was sent"
    assert (caught.value.reason, caught.value.hint, caught.value.provider) == (
        "rate_limit", "try again later", "replicate",
    )  # fmt: skip


async def test_a_paid_call_that_takes_too_long_may_have_bought_something(line: Callable[..., Line]) -> None:
    with pytest.raises(OutcomeUnknownError) as caught:
        await line(patience=Patience(seconds=0.01)).call(asyncio.Event().wait)
    assert str(caught.value) == "replicate did not answer within 0 s; it may have been charged"
    assert (caught.value.reason, caught.value.provider) == ("timeout", "replicate")


async def test_a_free_call_that_takes_too_long_gives_up(line: Callable[..., Line], waits: Waits) -> None:
    with pytest.raises(GaveUpError) as caught:
        await line(patience=Patience(seconds=0.01)).ask(asyncio.Event().wait)
    assert str(caught.value) == "replicate did not answer within 0 s; nothing was charged"
    assert (caught.value.reason, caught.value.hint, caught.value.provider) == (
        "timeout", "try again later", "replicate",
    )  # fmt: skip
    assert waits == []


async def test_later_calls_have_only_the_time_that_is_left(line: Callable[..., Line]) -> None:
    calls = 0

    async def send() -> None:
        nonlocal calls
        calls += 1
        if calls == 1:
            raise transient(after=59.9)
        await asyncio.sleep(30)

    began = time.monotonic()
    with pytest.raises(OutcomeUnknownError):
        await line(patience=Patience(seconds=60)).call(send)
    assert time.monotonic() - began < 10


async def test_five_failures_leave_the_vendor_alone(line: Callable[..., Line], slots: Slots, waits: Waits) -> None:
    vendor, clock = Vendor(*several(5)), Clock()
    to = line(slots=slots, breaker=Breaker("replicate", clock=clock))
    with pytest.raises(TransientProviderError, match="no 5"):
        await to.call(vendor.send)
    slots.log.clear()
    waits.clear()
    for send in (to.call, to.ask):
        with pytest.raises(GaveUpError, match="replicate failed 5 times in a row"):
            await send(vendor.send)
    assert (vendor.calls, slots.log, waits) == (5, [], [])
    clock.seconds += 30
    assert await to.call(vendor.send) == "done"


async def test_unknown_outcomes_leave_the_vendor_alone_too(line: Callable[..., Line]) -> None:
    to = line()
    for _ in range(5):
        with pytest.raises(OutcomeUnknownError):
            await to.call(Vendor(OutcomeUnknownError("?", provider="replicate", reason="server")).send)
    with pytest.raises(GaveUpError):
        await to.call(Vendor().send)


async def test_a_call_between_attempts_ends_when_the_vendor_is_left_alone(line: Callable[..., Line]) -> None:
    breaker = Breaker("replicate", threshold=2)
    vendor = Vendor(*several(9))
    with pytest.raises(GaveUpError):
        await line(breaker=breaker).call(vendor.send)
    assert vendor.calls == 2


async def test_lines_without_a_limiter_share_nothing(line: Callable[..., Line], slots: Slots) -> None:
    with pytest.raises(TransientProviderError):
        await line().call(Vendor(*several(5)).send)
    assert await line().call(Vendor().send) == "done"
    with pytest.raises(TransientProviderError):
        await line(slots=slots).call(Vendor(*several(5)).send)
    with pytest.raises(GaveUpError):
        await line(slots=slots).call(Vendor().send)


async def test_a_vendor_that_is_left_alone_is_named_and_the_others_are_not(slots: Slots, waits: Waits) -> None:
    limiter = cast("Limiter", slots)
    for to in (Line("replicate", sleep=waits), Line("replicate", limiter=limiter, sleep=waits)):
        with pytest.raises(TransientProviderError):
            await to.call(Vendor(*several(5)).send)
        with pytest.raises(GaveUpError, match=r"^replicate failed 5 times"):
            await to.call(Vendor().send)
    assert await Line("elevenlabs", limiter=limiter).call(Vendor().send) == "done"


async def test_a_further_call_is_written_down(line: Callable[..., Line], caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "badapple.providers")
    await line(draw=0.33333).call(Vendor(transient("network"), transient("rate_limit")).send)
    facts = [
        {name: record.__dict__[name] for name in ("message", "vendor", "attempt", "wait", "reason")}
        for record in caplog.records
    ]
    assert facts == [
        {"message": "vendor_call_retried", "vendor": "replicate", "attempt": 1, "wait": 0.333, "reason": "network"},
        {"message": "vendor_call_retried", "vendor": "replicate", "attempt": 2, "wait": 1.0, "reason": "rate_limit"},
    ]


async def test_a_cancelled_call_frees_its_slot(line: Callable[..., Line], slots: Slots) -> None:
    calling = asyncio.create_task(line(slots=slots).call(asyncio.Event().wait))
    await asyncio.sleep(0.01)
    calling.cancel()
    with pytest.raises(asyncio.CancelledError):
        await calling
    assert slots.log == ["in replicate", "out"]


def test_patience_has_an_end() -> None:
    assert Patience() == Patience(attempts=5, seconds=120, first=1, most=30, throttled=100, queue=3600)


def test_a_line_needs_no_package_until_it_is_used() -> None:
    script = (
        "import sys; sys.modules['tenacity'] = None; from badapple.providers.line import Line; print(Line('x').vendor)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "x\n"
