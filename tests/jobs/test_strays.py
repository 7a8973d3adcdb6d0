"""Files in the shared storage that nobody names."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

from sqlalchemy.orm import Session
from tests.jobs.conftest import Hand, Order

from badapple import jobs
from badapple.cache import Cache
from badapple.config import Settings
from badapple.database import Receipt
from badapple.storage import open_storage


def objects(folder: Path) -> list[Path]:
    return sorted(path for path in (folder / "blobs").rglob("*") if path.is_file())


def test_only_what_nothing_names_goes_and_only_when_it_is_old(
    settings: Settings, hand: Hand, order: Order, photo: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "shared"
    shared = replace(settings, storage_url=str(folder))
    cache = Cache(settings.cache_dir, storage=open_storage(str(folder)))
    put: Callable[[str], dict[str, object]] = lambda words: _put(cache, words)  # noqa: E731
    named = put("of a receipt")
    with Session(hand.engine) as session, session.begin():
        session.add(Receipt(key="k", kind="x", state="collected", maker={}, files={"part": named}, facts={}))
    jobs.submit(order("Lamp", photo=photo), shared)
    stray, young = put("left by the dead"), put("being made now")
    long_ago = time.time() - 3 * 24 * 3600
    for path in objects(folder):
        if str(young["sha256"]) not in path.name:
            os.utime(path, (long_ago, long_ago))
    before = objects(folder)
    assert len(before) == 4
    assert jobs.purge(shared).files == 0  # not unasked: another database may use the same storage
    assert jobs.purge(shared, strays=True, dry_run=True).files == 1
    assert objects(folder) == before
    assert jobs.purge(shared, strays=True).files == 1
    assert [path for path in before if path not in objects(folder)] == [
        path for path in before if str(stray["sha256"]) in path.name
    ]


def _put(cache: Cache, words: str) -> dict[str, object]:
    with cache.workplace() as folder:
        (folder / "part.bin").write_text(words)
        return asdict(cache.put(folder / "part.bin"))
