"""Waiting for a slot and for a place in the rate."""

from __future__ import annotations

import asyncio
import json
import logging
import random
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import create_engine, event, select
from sqlalchemy.orm import Session

from badapple.database import Base
from badapple.database.holders import Holder, Watcher
from badapple.database.money import Limit, Slot
from badapple.errors import TransientProviderError
from badapple.limits import Allowance, Limiter

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Engine

_PROCESS = """
import asyncio, json, sys, time
from pathlib import Path
from badapple.database import open_database
from badapple.database.holders import Holder, Watcher
from badapple.limits import Allowance, Limiter

url, folder, calls, per_minute, hold = sys.argv[1], Path(sys.argv[2]), *map(float, sys.argv[3:])
engine = open_database(url)
may = Allowance(concurrency=2, per_minute=int(per_minute) or None)
limiter = Limiter(
    engine, Holder(engine, folder), Watcher(engine, folder), allowances={"v": may}, looks=(0.005, 0.02)
)
seen = []

async def call():
    async with limiter.slot("v"):
        began = time.time()
        print("in", flush=True)
        await asyncio.sleep(hold)
        seen.append((began, time.time()))

async def main():
    await asyncio.gather(*(call() for _ in range(int(calls))))

print("ready", flush=True)
sys.stdin.readline()
asyncio.run(main())
print(json.dumps(seen), flush=True)
"""


@dataclass(slots=True)
class Someone:
    """A holder, and a watcher that knows who is dead."""

    id: str = "a" * 32
    dead: set[str] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)

    def alive(self, holder_id: str) -> bool:
        self.asked.append(holder_id)
        return holder_id not in self.dead


@dataclass(slots=True)
class Clock:
    """Seconds since 1970, as a test sets them."""

    seconds: float = 1_795_000_000.0

    def __call__(self) -> float:
        return self.seconds


Make = Callable[..., Limiter]


@pytest.fixture
def someone() -> Someone:
    return Someone()


@pytest.fixture
def make(engine: Engine, someone: Someone) -> Make:
    def limiter(
        concurrency: int = 2, per_minute: int | None = None, *, clock: Callable[[], float] = time.time,
        looks: tuple[float, float] = (0.002, 0.01), holder: Someone = someone,
    ) -> Limiter:  # fmt: skip
        allowances = {"v": Allowance(concurrency=concurrency, per_minute=per_minute)}
        return Limiter(engine, holder, someone, allowances=allowances, clock=clock, looks=looks)

    return limiter


def slots(engine: Engine) -> list[str]:
    with Session(engine) as session:
        return [row.holder for row in session.scalars(select(Slot))]


class Crowd:
    """Calls that count how many of them are under way; each stays until as many as are expected were there at once."""

    def __init__(self, limiter: Limiter, vendor: str = "v", *, expected: int = 1) -> None:
        self.limiter = limiter
        self.vendor = vendor
        self.expected = expected
        self.met = asyncio.Event()
        self.now = self.most = self.done = 0

    async def call(self, seconds: float = 0.02) -> None:
        async with self.limiter.slot(self.vendor):
            self.now += 1
            self.most = max(self.most, self.now)
            if self.now == self.expected:
                self.met.set()
            await asyncio.wait_for(self.met.wait(), 20)
            await asyncio.sleep(seconds)
            self.now -= 1
        self.done += 1

    async def calls(self, count: int) -> None:
        await asyncio.gather(*(self.call() for _ in range(count)))


def refusal(text: str = "", *, retry_after: float | None = None) -> TransientProviderError:
    error = TransientProviderError(text, provider="v", reason="rate_limit")
    error.retry_after = retry_after
    return error


async def test_no_more_calls_are_under_way_than_allowed(make: Make, engine: Engine) -> None:
    crowd = Crowd(make(2), expected=2)
    await crowd.calls(8)
    assert (crowd.most, crowd.done) == (2, 8)
    assert slots(engine) == []


async def test_two_limiters_on_one_database_share_the_slots(make: Make, engine: Engine) -> None:
    other = Someone(id="b" * 32)
    crowds = [Crowd(make(1)), Crowd(make(1, holder=other))]
    async with crowds[0].limiter.slot("v"):
        waiting = asyncio.create_task(crowds[1].call())
        await asyncio.sleep(0.05)
        assert not waiting.done()
        assert slots(engine) == ["a" * 32]
    await asyncio.wait_for(waiting, 5)


async def test_vendors_and_accounts_do_not_wait_for_each_other(make: Make) -> None:
    limiter = make(1)
    async with asyncio.timeout(5), limiter.slot("v"), limiter.slot("v", key="second"), limiter.slot("other"):
        pass


async def test_a_vendor_that_nobody_listed_may_be_called_four_at_a_time(make: Make) -> None:
    crowd = Crowd(make(), vendor="new", expected=4)
    await crowd.calls(6)
    assert crowd.most == 4


async def test_a_slot_is_free_again_after_an_error(make: Make, engine: Engine) -> None:
    limiter = make(1)
    with pytest.raises(KeyError):
        async with limiter.slot("v"):
            raise KeyError
    assert slots(engine) == []


async def test_who_came_first_goes_first(make: Make) -> None:
    limiter, order = make(1), []

    async def call(number: int) -> None:
        async with limiter.slot("v"):
            order.append(number)

    await asyncio.gather(*(call(number) for number in range(6)))
    assert order == [0, 1, 2, 3, 4, 5]


async def test_a_freed_slot_wakes_who_waits_at_once(make: Make) -> None:
    limiter = make(1, looks=(30, 30))
    crowd = Crowd(limiter)
    began = time.monotonic()
    await asyncio.gather(*(crowd.call(0.01) for _ in range(4)))
    assert time.monotonic() - began < 5


@pytest.fixture
def rests(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Seconds that limiters rest between two looks, drawn as long as they can be; none is really waited."""
    seen: list[float] = []
    real = asyncio.timeout

    def timeout(seconds: float) -> asyncio.Timeout:
        seen.append(seconds)
        return real(0.0001)

    monkeypatch.setattr(asyncio, "timeout", timeout)
    monkeypatch.setattr(random, "uniform", lambda least, most: most - (least - 0.5))
    monkeypatch.setattr(random, "random", lambda: 0.5)
    return seen


async def look(limiter: Limiter, rests: list[float], times: int) -> list[float]:
    waiting = asyncio.create_task(Crowd(limiter).call())
    while len(rests) < times:
        await asyncio.sleep(0.001)
    waiting.cancel()
    await asyncio.wait([waiting])
    return rests[:times]


async def test_who_waits_for_a_slot_looks_less_and_less_often(
    engine: Engine, someone: Someone, rests: list[float]
) -> None:
    limiter = Limiter(engine, someone, someone, allowances={"v": Allowance(concurrency=0)})
    expected = [0.05, 0.08, 0.128, 0.2048, 0.32768, 0.524288, 0.8388608, 1.0, 1.0]
    assert await look(limiter, rests, 9) == pytest.approx(expected)


async def test_who_waits_for_the_rate_looks_when_the_time_has_come(make: Make, rests: list[float]) -> None:
    clock = Clock()
    limiter = make(9, 300, clock=clock, looks=(0.01, 1.0))
    await Crowd(limiter).call(0)
    assert await look(limiter, rests, 3) == pytest.approx([0.205, 0.205, 0.205])


async def test_nobody_rests_for_longer_than_a_second(engine: Engine, someone: Someone, rests: list[float]) -> None:
    limiter = Limiter(engine, someone, someone, clock=Clock())
    await limiter.learn("v", refusal("busy", retry_after=500))
    assert await look(limiter, rests, 2) == [1.0, 1.0]


async def test_a_cancelled_wait_takes_nothing(make: Make, engine: Engine) -> None:
    limiter = make(1)
    crowd = Crowd(limiter)
    async with limiter.slot("v"):
        waiting = [asyncio.create_task(crowd.call()) for _ in range(3)]
        await asyncio.sleep(0.03)
        for task in waiting[:2]:
            task.cancel()
        await asyncio.wait(waiting[:2])
    await asyncio.wait_for(waiting[2], 5)
    assert crowd.done == 1
    assert slots(engine) == []


@pytest.mark.parametrize("moment", range(8))
async def test_whenever_it_is_cancelled_no_slot_is_left(make: Make, engine: Engine, moment: int) -> None:
    task = asyncio.create_task(Crowd(make(1)).call(0.001))
    await asyncio.sleep(moment * 0.001)
    task.cancel()
    await asyncio.wait([task])
    assert slots(engine) == []


async def test_calls_are_spaced_by_the_rate(make: Make) -> None:
    began = time.monotonic()
    await Crowd(make(9, 600)).calls(4)
    assert time.monotonic() - began >= 0.3


async def test_a_refused_place_is_not_used_up(make: Make) -> None:
    clock = Clock()
    limiter = make(1, 6, clock=clock)
    async with limiter.slot("v"):
        clock.seconds += 10
        waiting = asyncio.create_task(Crowd(limiter).call(0))  # its time has come, but there is no slot
        await asyncio.sleep(0.03)
        assert not waiting.done()
    await asyncio.wait_for(waiting, 5)


async def test_nobody_calls_while_the_vendor_wants_to_be_left_alone(
    make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    clock = Clock()
    limiter = make(clock=clock)
    caplog.set_level(logging.INFO, "badapple.limits")
    await limiter.learn("v", refusal("busy", retry_after=30))
    record = caplog.records[0]
    assert (record.message, record.__dict__["vendor"], record.__dict__["reason"]) == (
        "vendor_limit_learned",
        "v",
        "busy",
    )
    waiting = asyncio.create_task(Crowd(limiter).call(0))
    clock.seconds += 29.9
    await asyncio.sleep(0.03)
    assert not waiting.done()
    clock.seconds += 0.1
    await asyncio.wait_for(waiting, 5)


async def test_what_one_process_learns_holds_for_all(make: Make, engine: Engine) -> None:
    await make(2).learn("v", refusal("Too many concurrent requests"))
    crowd = Crowd(make(2, holder=Someone(id="b" * 32)))
    await crowd.calls(3)
    assert crowd.most == 1
    other = Crowd(make(2), vendor="w", expected=4)
    await other.calls(4)
    assert other.most == 4


async def test_a_refusal_that_teaches_nothing_is_not_reported(make: Make, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "badapple.limits")
    await make().learn("v", refusal("busy"))
    assert caplog.records == []


async def test_it_is_learned_for_one_account_only(make: Make) -> None:
    clock = Clock()
    limiter = make(clock=clock)
    await limiter.learn("v", refusal("busy", retry_after=30), key="second")
    await asyncio.wait_for(Crowd(limiter).call(0), 5)


async def test_a_clock_set_back_an_hour_stalls_nobody(make: Make, engine: Engine) -> None:
    clock = Clock()
    limiter = make(9, 6, clock=clock)
    await limiter.learn("v", refusal("busy", retry_after=600))
    clock.seconds -= 3600
    await asyncio.wait_for(Crowd(limiter).call(0), 5)
    with Session(engine) as session:
        limit = session.get_one(Limit, ("v", ""))
        assert (limit.next_at, limit.paused_until) == (
            int(clock.seconds * 1e6) + 10_000_000,
            int(clock.seconds * 1e6),
        )


async def test_slots_of_dead_processes_are_taken_back(
    make: Make, engine: Engine, someone: Someone, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "badapple.limits")
    with Session(engine) as session, session.begin():
        for number, holder in enumerate(("d" * 32, "e" * 32)):
            session.add(Slot(id=str(number), vendor="v", key="", holder=holder))
        session.add(Slot(id="9", vendor="w", key="", holder="d" * 32))
    someone.dead = {"d" * 32}
    await asyncio.wait_for(Crowd(make(2)).call(0), 5)
    assert slots(engine) == ["e" * 32]
    record = caplog.records[0]
    assert record.message == "vendor_slots_freed"
    assert (record.__dict__["vendor"], record.__dict__["holders"]) == ("v", ["d" * 32])


async def test_nobody_is_asked_for_while_there_are_slots(make: Make, engine: Engine, someone: Someone) -> None:
    with Session(engine) as session, session.begin():
        session.add(Slot(id="1", vendor="v", key="", holder="d" * 32))
    limiter = make(2)
    await Crowd(limiter).call(0)
    assert someone.asked == []
    async with limiter.slot("v"):
        waiting = asyncio.create_task(Crowd(limiter).call(0))
        await asyncio.sleep(0.03)
        assert set(someone.asked) == {"d" * 32}  # nobody asks whether he lives himself
    await asyncio.wait_for(waiting, 5)


async def test_a_slot_that_could_not_be_given_back_is_given_back_later(
    make: Make, engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    limiter = make(1)
    async with limiter.slot("v"):
        with engine.begin() as connection:
            connection.exec_driver_sql("ALTER TABLE slots RENAME TO away")
    (record,) = caplog.records
    assert record.message == "vendor_slot_not_freed"
    assert re.search("no such table|does not exist", record.__dict__["reason"])
    with engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE away RENAME TO slots")
    assert slots(engine) == ["a" * 32]
    await asyncio.wait_for(Crowd(limiter).call(0), 5)
    assert slots(engine) == []


async def test_the_event_loop_does_no_database_work(make: Make, engine: Engine) -> None:
    workers: set[int] = set()
    event.listen(engine, "before_cursor_execute", lambda *_: workers.add(threading.get_ident()))
    crowd = Crowd(make(2))
    await crowd.calls(3)
    await crowd.limiter.learn("v", refusal("busy", retry_after=1))
    assert workers
    assert threading.get_ident() not in workers


async def test_without_threads_it_stays_in_this_one(someone: Someone) -> None:
    engine = create_engine("sqlite://")
    Base.metadata.create_all(engine)
    limiter = Limiter(engine, someone, someone, allowances={"v": Allowance(concurrency=2)}, threaded=False)
    crowd = Crowd(limiter, expected=2)
    await crowd.calls(5)
    await limiter.learn("v", refusal("busy", retry_after=0.01))
    assert (crowd.most, crowd.done) == (2, 5)
    engine.dispose()


def test_one_limiter_serves_several_event_loops(make: Make, engine: Engine) -> None:
    limiter, done = make(2), []

    async def calls() -> None:
        crowd = Crowd(limiter)
        await crowd.calls(4)
        done.append(crowd.done)

    threads = [threading.Thread(target=lambda: asyncio.run(calls())) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert done == [4, 4, 4]
    assert slots(engine) == []


@pytest.fixture
def processes(url: str, engine: Engine, tmp_path: Path) -> Callable[..., list[subprocess.Popen[str]]]:
    def start(count: int, *numbers: float) -> list[subprocess.Popen[str]]:
        words = [sys.executable, "-c", _PROCESS, url, str(tmp_path), *map(str, numbers)]
        begun = [
            subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(count)
        ]
        for process in begun:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        for process in begun:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        return begun

    return start


def test_processes_share_slots_and_rate(processes: Callable[..., list[subprocess.Popen[str]]], engine: Engine) -> None:
    began = int(time.time() * 1e6)
    spans = []
    for process in processes(3, 5, 1200, 0.06):
        spans.extend(json.loads(process.communicate(timeout=50)[0].splitlines()[-1]))
    assert len(spans) == 15
    assert max(sum(start <= moment < end for start, end in spans) for moment, _ in spans) == 2
    with Session(engine) as session:
        assert session.get_one(Limit, ("v", "")).next_at >= began + 15 * 50_000
    assert slots(engine) == []


def test_a_killed_process_gives_its_slots_back(
    processes: Callable[..., list[subprocess.Popen[str]]], engine: Engine, tmp_path: Path
) -> None:
    (process,) = processes(1, 2, 0, 60)
    assert process.stdout is not None
    assert [process.stdout.readline() for _ in range(2)] == ["in\n", "in\n"]
    assert len(slots(engine)) == 2

    async def call() -> None:
        with Holder(engine, tmp_path) as holder:
            limiter = Limiter(engine, holder, Watcher(engine, tmp_path), allowances={"v": Allowance(concurrency=2)})
            waiting = asyncio.create_task(Crowd(limiter).call(0))
            await asyncio.sleep(0.2)
            assert not waiting.done()
            process.kill()
            process.communicate()
            await asyncio.wait_for(waiting, 10)

    asyncio.run(call())
    assert slots(engine) == []


async def test_a_slot_says_whose_it_is_and_what_for(make: Make, engine: Engine, someone: Someone) -> None:
    async with make().slot("v", key="mine"):
        with Session(engine) as session:
            row, limit = session.scalars(select(Slot)).one(), session.get_one(Limit, ("v", "mine"))
        assert (row.vendor, row.key, row.holder) == ("v", "mine", someone.id)
        assert (limit.paused_until, limit.paused_for, limit.learned_at) == (0, 0, 0)
        assert (limit.concurrency, limit.per_minute, limit.burst) == (None, None, None)


async def test_calls_to_other_vendors_and_by_other_accounts_take_no_slot_here(make: Make) -> None:
    limiter = make(1)
    async with asyncio.timeout(5), limiter.slot("v"), limiter.slot("v", key="other"), limiter.slot("w"):
        waiting = asyncio.create_task(Crowd(limiter).call(0))
        async with limiter.slot("u"), limiter.slot("v", key="third"):
            await asyncio.sleep(0.02)
            assert not waiting.done()
    await asyncio.wait_for(waiting, 5)
