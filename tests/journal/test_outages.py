"""Buying while Postgres crashes, and while the answers to commits are lost: no order is lost, none is paid twice."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session
from tests.servers import Proxy, postgres_server

from badapple.cache import Cache
from badapple.database import Budget, Call, again, open_database
from badapple.database.holders import Holder, Watcher
from badapple.database.money import Limit, Slot
from badapple.errors import TransientProviderError
from badapple.journal import Books, Claims, JournalTill
from badapple.limits import Allowance, Limiter
from badapple.models import Dedupe
from badapple.testing.vendor import FileCall, FileVendor

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Engine
    from tests.servers import Postgres

KINDS: dict[str, dict[str, object]] = {
    "clip": {"dedupe": Dedupe.LOOKUP, "price": 200_000},
    "voice": {"dedupe": Dedupe.LOOKUP, "at_once": True, "price": 10_000},
    "script": {"dedupe": Dedupe.NONE, "at_once": True, "price": 50_000},
}


@pytest.fixture
def name(postgres: Postgres) -> str:
    return postgres.database()


@pytest.fixture
def direct(postgres: Postgres, name: str) -> Iterator[Engine]:
    engine = open_database(postgres.url(name))
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


def books_agree(engine: Engine, vendor: FileVendor, orders: int) -> None:
    with Session(engine) as session:
        rows, held = session.scalars(select(Call)).all(), session.scalars(select(Budget.held)).all()
    assert len(rows) == orders == len(vendor.charges())
    ended = {(row.state, row.sends, row.reserved, row.possibly_charged, row.holder) for row in rows}
    assert ended == {("collected", 1, 0, 0, None)}
    assert sum(held) == sum(row.settled for row in rows)


@pytest.mark.parametrize("deliver", [True, False], ids=["committed", "not committed"])
@pytest.mark.parametrize("what", list(KINDS))
def test_every_lost_answer_in_turn_changes_nothing(
    engine: Engine, direct: Engine, proxy: Proxy, tmp_path: Path, what: str, *, deliver: bool
) -> None:
    vendor, cache = FileVendor(ledger=tmp_path / "ledger.jsonl"), Cache(tmp_path / "cache")
    with Holder(direct, tmp_path) as holder:
        claims = Claims(holder, Watcher(direct, tmp_path).alive)
        proxy.deliver, proxy.alternate = deliver, True
        books = Books(engine, cache, claims, job="job", owner="local", caps={"job:job": 10**6})
        till = JournalTill(books, cache, threaded=False, poll=0.01)
        asyncio.run(till.once(FileCall(vendor, what, **KINDS[what])))  # type: ignore[arg-type]
        assert proxy.lost >= 4
        books_agree(direct, vendor, 1)


def test_slots_and_what_is_learned_survive_lost_answers(
    engine: Engine, direct: Engine, proxy: Proxy, tmp_path: Path
) -> None:
    allowance = {"vendor": Allowance(concurrency=8, per_minute=60, burst=60)}
    with Holder(direct, tmp_path) as holder:
        limiter = Limiter(engine, holder, Watcher(direct, tmp_path), allowances=allowance, threaded=False)

        async def use() -> None:
            for number in range(3):
                proxy.alternate = True
                async with limiter.slot("vendor"):
                    slots = again(direct, lambda session: session.scalars(select(Slot.id)).all())
                    assert len(slots) == 1
                proxy.lose = number % 2
            await limiter.learn("vendor", TransientProviderError("busy", provider="vendor", reason="rate_limit"))
            proxy.alternate = False
            async with limiter.slot("other"):
                pass

        asyncio.run(asyncio.wait_for(use(), 30))
        (limit,) = again(direct, lambda s: s.scalars(select(Limit.concurrency).where(Limit.vendor == "vendor")).all())
        assert limit in {None, 4, 7, 8}
        assert again(direct, lambda session: session.scalars(select(Slot.id)).all()) == []


def test_tills_go_on_while_postgres_crashes(tmp_path: Path) -> None:
    vendor, cache = FileVendor(ledger=tmp_path / "ledger.jsonl"), Cache(tmp_path / "cache")
    with postgres_server() as server:
        engine = open_database(server.url("ours"))
        with Holder(engine, tmp_path) as holder:
            claims = Claims(holder, Watcher(engine, tmp_path).alive)
            bought = 0
            ending = threading.Event()

            async def shop(shopper: int) -> None:
                nonlocal bought
                number = 0
                while not ending.is_set():
                    number += 1
                    books = Books(
                        engine, cache, claims, job=f"job{shopper}", owner="local", caps={f"job:{shopper}": None}
                    )
                    kind = list(KINDS)[number % 3]
                    call = FileCall(vendor, f"{kind} {shopper} {number}", **KINDS[kind])  # type: ignore[arg-type]
                    await JournalTill(books, cache, poll=0.01).once(call)
                    bought += 1

            async def all_shop() -> None:
                await asyncio.gather(*(shop(number) for number in range(4)))

            shopping = threading.Thread(target=lambda: asyncio.run(all_shop()))
            shopping.start()
            for _ in range(3):
                before, deadline = bought, time.monotonic() + 10
                while bought < before + 3 and time.monotonic() < deadline:
                    time.sleep(0.01)
                server.restart()
            ending.set()
            shopping.join(30)
            assert bought >= 8
            books_agree(engine, vendor, bought)
        engine.dispose()
