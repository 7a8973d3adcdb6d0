"""A death of a worker is counted once, however many workers find it."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from badapple.assets.queued import Attempt
from badapple.database import Call, Job, Part, Receipt, open_database
from badapple.database.tables import now
from badapple.engine import State
from badapple.journal.rows import intent
from badapple.models import Dedupe, Order
from badapple.worker.steward import Steward

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.servers import Postgres

A, B, C = "a" * 32, "b" * 32, "c" * 32


def test_several_workers_that_find_the_same_deaths_count_each_once(postgres: Postgres, tmp_path: Path) -> None:
    database = open_database(postgres.url(postgres.database()))
    nobody: Any = None  # counting asks neither the engine nor anybody's sign of life
    finders = [
        Steward(database, nobody, holder=nobody, watcher=nobody, claims=nobody, lease=2, folder=tmp_path)
        for _ in range(2)
    ]
    with Session(database) as session, session.begin():
        session.add(Job(id="j", status="processing", product_name="Watch", style="luxury", cta_text="Buy", attempt=1))

    def count(finder: Steward, executor: str) -> list[tuple[str, int, int]] | None:
        with Session(database) as session, session.begin():
            return finder._count(session, executor, ["j"])

    # Its story was told by one worker and a part of it made by another; both are dead.
    first = [count(finder, executor) for executor in (A, B) for finder in finders]
    assert first == [[("j", 1, 1)], None, [("j", 2, 1)], None]
    assert [count(finder, executor) for executor in (A, B) for finder in finders] == [None] * 4
    with Session(database) as session, session.begin():
        session.execute(update(Job).values(made=3))
    assert count(finders[0], C) == [("j", 1, 1)]  # it has got on since
    database.dispose()


def test_what_any_process_brought_a_job_is_progress_and_what_is_told_again_is_none(tmp_path: Path) -> None:
    database = open_database(f"sqlite:///{tmp_path / 'j.db'}")
    nobody: Any = None
    finder = Steward(database, nobody, holder=nobody, watcher=nobody, claims=nobody, lease=2, folder=tmp_path)
    deaths = itertools.count()

    def crashes(change: Any = None) -> int:
        with Session(database) as session, session.begin():
            if change is not None:
                session.execute(change)
            counted = finder._count(session, f"{next(deaths):032}", ["j"])
        assert counted is not None
        return counted[0][1]

    order = Order(
        key="k", vendor="replicate", model="m", label="footage 1", dedupe=Dedupe.LOOKUP, estimate=1, reserve=1,
        request={},
    )  # fmt: skip
    with Session(database) as session, session.begin():
        session.add(Job(id="j", status="processing", product_name="Watch", style="luxury", cta_text="Buy", attempt=1))
        session.flush()
        session.add(Part(job_id="j", label="card", stage="cta_gen", kind="card", key="c", state="started"))
        session.add(Receipt(key="c", kind="card", state="intent", maker={}, begun=1, made=0))
        session.add(intent(order, attempt=1, owner="local", job="j", holder="h", scopes=[]))
    assert crashes() == 1
    assert crashes() == 2
    assert crashes(update(Receipt).values(made=1, state="collected")) == 1  # by whom is all the same
    assert crashes(update(Job).values(made=1)) == 2  # it was told only now
    assert crashes(update(Call).values(state="submitted", submitted_at=now())) == 1
    assert crashes() == 2
    assert crashes(update(Call).values(state="collected")) == 1
    assert crashes(update(Call).values(state="submitted")) == 2  # its goods were lost
    assert crashes(update(Call).values(state="collected")) == 2  # and fetched once more
    database.dispose()


class Waiting:
    """An engine in whose queues all stories wait but one, which ended without a word."""

    def below(self, _prefix: str) -> list[State]:
        return []

    def ended(self, _limit: int) -> list[State]:
        return []

    def states(self, ids: Sequence[str]) -> dict[str, State]:
        return {name: State(id=name, status="ENQUEUED") for name in ids if name != Attempt(job="lost", number=1).id}


def test_a_job_that_nobody_works_on_is_found_behind_any_number_that_wait(tmp_path: Path) -> None:
    database = open_database(f"sqlite:///{tmp_path / 'j.db'}")
    nobody: Any = None
    engine: Any = Waiting()
    steward = Steward(database, engine, holder=nobody, watcher=nobody, claims=nobody, lease=2, folder=tmp_path)
    about: dict[str, Any] = {"product_name": "Watch", "style": "luxury", "engine": True, "attempt": 1, "dispatched": 1}
    with Session(database) as session, session.begin():
        session.add_all(Job(id=f"j{number}", status="pending", **about) for number in range(250))
        session.flush()
        session.add(Job(id="lost", status="processing", **about))
    steward._tidy()
    with Session(database) as session:
        again = session.scalars(select(Job).where(Job.attempt == 2)).all()
        assert [(job.id, job.status) for job in again] == [("lost", "pending")]
    database.dispose()
