"""A till with a real database, a real cache, and a vendor that keeps its own books."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from badapple.cache import Cache
from badapple.database import open_database
from badapple.database.holders import Holder, Watcher
from badapple.journal import Books, Claims, JournalTill
from badapple.testing.vendor import FileVendor

OpenTill = Callable[..., JournalTill]


@pytest.fixture
def engine(database_url: str) -> Engine:
    return open_database(database_url)


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "cache")


@pytest.fixture
def vendor(tmp_path: Path) -> FileVendor:
    return FileVendor(ledger=tmp_path / "ledger.jsonl")


@pytest.fixture
def processes(engine: Engine, tmp_path: Path) -> Iterator[Callable[[], Claims]]:
    """Return a maker of claims, each as of a process of its own."""
    holders: list[Holder] = []

    def process() -> Claims:
        holders.append(Holder(engine, tmp_path))
        return Claims(holders[-1], Watcher(engine, tmp_path).alive)

    yield process
    for holder in holders:
        holder.close()


@pytest.fixture
def open_till(engine: Engine, cache: Cache, processes: Callable[[], Claims]) -> OpenTill:
    """Return a maker of tills."""

    def build(
        job: str = "job", *, claims: Claims | None = None, cap: int | None = None, **options: object
    ) -> JournalTill:
        books = Books(engine, cache, claims or processes(), job=job, owner="local", caps={f"job:{job}": cap})
        return JournalTill(books, cache, **{"poll": 0.02, **options})  # type: ignore[arg-type]

    return build
