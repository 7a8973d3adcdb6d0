"""Transactions whose connection breaks: cut off in the middle, and with the answer to their commit lost."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import create_engine, func, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError
from tests.servers import Postgres, Proxy, postgres_server

from badapple.database import Budget, again, once, open_database
from badapple.database.patience import passes
from badapple.database.transactions import Mark, forget_marks

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Engine
    from sqlalchemy.orm import Session


@pytest.fixture
def name(postgres: Postgres) -> str:
    return postgres.database()


@pytest.fixture
def direct(postgres: Postgres, name: str) -> Iterator[Engine]:
    engine = open_database(postgres.url(name))
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO budgets VALUES ('a', 0)"))
    yield engine
    engine.dispose()


@pytest.fixture
def proxy(postgres: Postgres) -> Iterator[Proxy]:
    proxy = Proxy(postgres.port)
    yield proxy
    proxy.close()


@pytest.fixture
def engine(postgres: Postgres, name: str, direct: Engine, proxy: Proxy) -> Iterator[Engine]:
    engine = open_database(postgres.url(name, port=proxy.port))
    yield engine
    engine.dispose()


def add(session: Session) -> int:
    budget = session.get_one(Budget, "a", with_for_update=True)
    budget.held += 1
    return budget.held


def held(engine: Engine) -> int:
    return again(engine, lambda session: session.get_one(Budget, "a").held)


@pytest.mark.parametrize("deliver", [True, False], ids=["committed", "not committed"])
def test_a_commit_whose_answer_is_lost_happens_once(
    engine: Engine, direct: Engine, proxy: Proxy, *, deliver: bool
) -> None:
    assert once(engine, add) == 1
    for number in range(2, 6):
        proxy.lose, proxy.deliver = 2, deliver  # the second try's answer is lost too
        assert once(engine, add) == number
        assert held(direct) == number
    assert proxy.lost >= 4
    assert again(direct, lambda session: session.scalar(select(func.count()).select_from(Mark))) == 5


def test_what_may_be_done_twice_is_done_at_least_once(engine: Engine, direct: Engine, proxy: Proxy) -> None:
    proxy.lose = 1
    assert again(engine, add) == 2  # so this is what `once` is for
    assert held(direct) == 2


def test_a_transaction_whose_backend_is_killed_is_done_again(engine: Engine, direct: Engine) -> None:
    tries = 0

    def work(session: Session) -> int:
        nonlocal tries
        tries += 1
        found = add(session)
        session.flush()
        if tries <= 2:
            backend = session.scalar(select(func.pg_backend_pid()))
            with direct.connect() as other:
                other.execute(select(func.pg_terminate_backend(backend)))
        return found

    assert once(engine, work) == 1
    assert (tries, held(direct)) == (3, 1)


def test_two_that_wait_for_each_other_both_succeed(direct: Engine) -> None:
    with direct.begin() as connection:
        connection.execute(text("INSERT INTO budgets VALUES ('b', 0)"))
    meet = threading.Barrier(2)
    tries: list[str] = []

    def work(session: Session, first: str, second: str) -> None:
        tries.append(first)
        session.get_one(Budget, first, with_for_update=True).held += 1
        session.flush()
        if len(tries) <= 2:
            meet.wait(10)
        session.get_one(Budget, second, with_for_update=True).held += 1

    pairs = (("a", "b"), ("b", "a"))
    threads = [threading.Thread(target=once, args=(direct, lambda s, p=pair: work(s, *p))) for pair in pairs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len(tries) == 3
    assert held(direct) == 2


def test_work_goes_on_while_postgres_crashes_again_and_again() -> None:
    with postgres_server() as server:
        engine = open_database(server.url("ours"))
        with engine.begin() as connection:
            connection.execute(text("INSERT INTO budgets VALUES ('a', 0)"))
        done: list[int] = []
        ending = threading.Event()

        def adding() -> None:
            while not ending.is_set():
                done.append(once(engine, add))

        threads = [threading.Thread(target=adding) for _ in range(4)]
        for thread in threads:
            thread.start()
        for _ in range(3):
            before, deadline = len(done), time.monotonic() + 15
            while len(done) < before + 20 and time.monotonic() < deadline:
                time.sleep(0.01)
            server.restart()
        ending.set()
        for thread in threads:
            thread.join(20)
        assert len(done) >= 60
        assert sorted(done) == list(range(1, len(done) + 1))  # none was lost, none was added twice
        assert held(engine) == len(done)
        engine.dispose()


def test_what_is_wrong_for_good_is_not_tried_again(direct: Engine) -> None:
    tries = 0

    def work(session: Session) -> None:
        nonlocal tries
        tries += 1
        session.add(Budget(scope="a", held=1))

    with pytest.raises(IntegrityError):
        once(direct, work)
    assert tries == 1


def test_a_database_that_stays_away_is_given_up(postgres: Postgres, name: str, direct: Engine) -> None:
    proxy = Proxy(postgres.port)
    engine = open_database(postgres.url(name, port=proxy.port))
    proxy.close()
    began = time.monotonic()
    with pytest.raises(OperationalError):
        once(engine, add, patience=0.5)
    assert 0.2 < time.monotonic() - began < 5
    engine.dispose()


def test_a_wrong_password_does_not_pass(postgres: Postgres) -> None:
    engine = create_engine(postgres.url("nowhere").replace("postgresql:", "postgresql+psycopg:"))
    with pytest.raises(DBAPIError) as caught:
        engine.connect()
    assert not passes(caught.value)


def test_old_marks_are_forgotten(direct: Engine) -> None:
    once(direct, add)
    with direct.begin() as connection:
        connection.execute(text("INSERT INTO marks VALUES ('old', now() - interval '2 hours')"))
    forget_marks(direct)
    left = again(direct, lambda session: list(session.scalars(select(Mark.id))))
    assert len(left) == 1
    assert "old" not in left
