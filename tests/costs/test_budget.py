"""Caps on spending."""

from __future__ import annotations

import itertools
import subprocess
import sys
import threading
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from badapple.costs import budget
from badapple.database import Base
from badapple.errors import BudgetError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sqlalchemy import Engine

_SPENDER = """
import sys
from sqlalchemy.orm import Session
from badapple.costs import budget
from badapple.database import open_database
from badapple.errors import BudgetError

url, cap, amount, times = sys.argv[1], *map(int, sys.argv[2:])
engine, done = open_database(url), 0
print("ready", flush=True)
sys.stdin.readline()
for _ in range(times):
    try:
        with Session(engine) as session, session.begin():
            budget.reserve(session, {"day:x": cap, "job:x": None}, amount)
        done += 1
    except BudgetError:
        pass
print(done)
"""


def spend(engine: Engine, scopes: Mapping[str, int | None], amount: int) -> bool:
    try:
        with Session(engine) as session, session.begin():
            budget.reserve(session, scopes, amount)
    except BudgetError:
        return False
    return True


def held(engine: Engine, *scopes: str) -> list[int]:
    with Session(engine) as session:
        return [budget.held(session, scope) for scope in scopes]


def test_scopes_are_named_by_job_and_by_day_and_owner() -> None:
    assert budget.job_scope("7f") == "job:7f"
    assert budget.day_scope(date(2026, 11, 25), "local") == "day:2026-11-25:local"


def test_a_cap_is_reached_to_the_micro_dollar_and_not_passed(engine: Engine) -> None:
    assert spend(engine, {"job:a": 100}, 99)
    assert not spend(engine, {"job:a": 100}, 2)
    assert spend(engine, {"job:a": 100}, 1)
    assert not spend(engine, {"job:a": 100}, 1)
    assert spend(engine, {"job:a": 100}, 0)
    assert held(engine, "job:a") == [100]


def test_without_a_cap_spending_is_counted(engine: Engine) -> None:
    assert spend(engine, {"job:a": None}, 10**12)
    assert held(engine, "job:a", "job:never") == [10**12, 0]


def test_a_cap_of_nothing_lets_nothing_through(engine: Engine) -> None:
    assert not spend(engine, {"job:a": 0}, 1)


def test_all_scopes_hold_it_or_none(engine: Engine) -> None:
    caps = {"job:a": 100, "day:d": 50, "total:t": None}
    assert spend(engine, caps, 40)
    assert not spend(engine, caps, 11)
    assert spend(engine, {"job:a": 100}, 60)
    assert not spend(engine, {**caps, "day:d": None}, 1)
    assert held(engine, "job:a", "day:d", "total:t") == [100, 40, 40]


def test_a_caller_may_catch_the_refusal_and_commit(engine: Engine) -> None:
    with Session(engine) as session, session.begin():
        budget.reserve(session, {"a": 10, "z": 5}, 5)
        with pytest.raises(BudgetError):
            budget.reserve(session, {"a": 10, "m": None, "z": 5}, 3)
    assert held(engine, "a", "m", "z") == [5, 0, 5]


def test_what_is_rolled_back_was_never_held(engine: Engine) -> None:
    with Session(engine) as session:
        budget.reserve(session, {"job:a": 10}, 10)
        session.rollback()
    assert held(engine, "job:a") == [0]


def test_settling_replaces_what_was_reserved(engine: Engine) -> None:
    scopes = {"job:a": 100, "day:d": None}
    assert spend(engine, scopes, 60)
    with Session(engine) as session, session.begin():
        budget.settle(session, scopes, reserved=60, settled=35)
    assert held(engine, "job:a", "day:d") == [35, 35]
    with Session(engine) as session, session.begin():
        budget.release(session, scopes, reserved=35)
    assert held(engine, "job:a", "day:d") == [0, 0]


def test_a_vendor_that_charged_more_than_was_reserved_is_booked_over_the_cap(engine: Engine) -> None:
    assert spend(engine, {"job:a": 100}, 90)
    with Session(engine) as session, session.begin():
        budget.settle(session, ["job:a"], reserved=90, settled=130)
    assert held(engine, "job:a") == [130]
    assert not spend(engine, {"job:a": 100}, 1)


@pytest.mark.parametrize(
    ("scope", "where", "setting"),
    [
        ("job:a", "this job", "--max-cost"),
        ("day:d", "today", "BADAPPLE_MAX_COST_DAY"),
        ("total:t", "total:t", "--max-cost"),
    ],
)
def test_a_refusal_says_what_it_knows(engine: Engine, scope: str, where: str, setting: str) -> None:
    assert spend(engine, {scope: 1_000_000}, 900_000)
    with Session(engine) as session, pytest.raises(BudgetError) as caught:
        budget.reserve(session, {scope: 1_000_000}, 190_000)
    error = caught.value
    assert (error.cap, error.held, error.wanted) == (1_000_000, 900_000, 190_000)
    assert str(error) == (
        f"this purchase may cost $0.19, but of the cap of $1.00 for {where} $0.90 is spent or reserved; "
        "nothing was sent"
    )
    assert error.hint == f"raise the cap with {setting}, or wait until reservations of other parts are settled"


def test_nothing_negative_is_reserved(engine: Engine) -> None:
    with Session(engine) as session, pytest.raises(ValueError, match="cannot reserve -1 micro-dollars"):
        budget.reserve(session, {"job:a": 10}, -1)


def test_a_thousand_spends_of_threads_never_pass_the_cap(engine: Engine) -> None:
    cap, amount = 100_003, 190  # 526 fit, and 63 are left
    start = threading.Barrier(8)

    def buy(_: int) -> int:
        start.wait()
        return sum(spend(engine, {"day:x": cap, "job:x": None}, amount) for _ in range(125))

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(buy, range(8))) == 526
    assert held(engine, "day:x", "job:x") == [526 * 190, 526 * 190]


def test_a_thousand_spends_of_processes_never_pass_the_cap(engine: Engine, url: str) -> None:
    words = [sys.executable, "-c", _SPENDER, url, "100003", "190", "500"]
    buyers = [
        subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(2)
    ]  # fmt: skip
    for buyer in buyers:
        assert buyer.stdout is not None
        assert buyer.stdout.readline() == "ready\n"
    for buyer in buyers:
        assert buyer.stdin is not None
        buyer.stdin.write("go\n")
        buyer.stdin.flush()
    assert sum(int(buyer.communicate()[0]) for buyer in buyers) == 526
    assert held(engine, "day:x", "job:x") == [526 * 190, 526 * 190]


@pytest.fixture(scope="module")
def memory() -> Iterator[Session]:
    engine = create_engine("sqlite://")
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        yield session
    engine.dispose()


_scopes = (f"job:{number}" for number in itertools.count())


@given(
    st.integers(0, 300),
    st.lists(st.tuples(st.sampled_from(["spend", "settle", "release"]), st.integers(0, 120), st.integers(0, 120))),
)
def test_a_budget_is_the_sum_of_what_is_open_and_what_was_charged(
    memory: Session, cap: int, steps: list[tuple[str, int, int]]
) -> None:
    scope, waiting, expected = next(_scopes), deque[int](), 0
    for step, amount, charged in steps:
        if step == "spend" and expected + amount <= cap:
            budget.reserve(memory, {scope: cap}, amount)
            waiting.append(amount)
            expected += amount
        elif step == "spend":
            with pytest.raises(BudgetError):
                budget.reserve(memory, {scope: cap}, amount)
        elif waiting:
            reserved, settled = waiting.pop(), charged if step == "settle" else 0
            budget.settle(memory, [scope], reserved=reserved, settled=settled)
            expected += settled - reserved
        assert budget.held(memory, scope) == expected


def test_a_cap_of_nothing_is_named(engine: Engine) -> None:
    with Session(engine) as session, pytest.raises(BudgetError) as caught:
        budget.reserve(session, {"job:a": 0}, 1)
    assert (caught.value.cap, caught.value.held, caught.value.wanted) == (0, 0, 1)
