"""What is paid for, while the storage that workers share is down."""

from __future__ import annotations

from pathlib import Path

import pytest

from badapple.cache import Cache
from badapple.database import open_database
from badapple.database.holders import Holder, Watcher
from badapple.errors import StorageError
from badapple.journal import Books, Claims, JournalTill
from badapple.models import Dedupe
from badapple.storage import open_storage
from badapple.testing.vendor import FileCall, FileVendor


@pytest.mark.parametrize("dedupe", [Dedupe.LOOKUP, Dedupe.NONE])
@pytest.mark.parametrize("where", ["here", "there"])
async def test_goods_that_cannot_be_shared_are_booked_and_shared_later(
    tmp_path: Path, dedupe: Dedupe, where: str
) -> None:
    share, vendor = tmp_path / "share", FileVendor(ledger=tmp_path / "ledger.jsonl")
    engine, holder = open_database(f"sqlite:///{tmp_path / 'books.db'}"), None
    holder = Holder(engine, tmp_path)

    def till(name: str) -> JournalTill:
        cache = Cache(tmp_path / name, storage=open_storage(str(share)))
        claims = Claims(holder, Watcher(engine, tmp_path).alive)
        books = Books(engine, cache, claims, job="job", owner="local", caps={"job:job": None})
        return JournalTill(books, cache, poll=0.02)

    def call() -> FileCall:
        return FileCall(vendor, "voice", dedupe=dedupe, at_once=dedupe is Dedupe.NONE)

    try:
        here = till("here")
        share.rename(tmp_path / "away")
        with pytest.raises(StorageError):
            await here.once(call())
        with pytest.raises(StorageError):
            await here.once(call())
        (tmp_path / "away").rename(share)
        bought = await here.once(call())
        assert bought.files["goods"].read_text() == "voice"
        if where == "there":
            third = till("third")
            bought = await till("there").once(call())
            assert bought.files["goods"].is_relative_to(tmp_path / "there")
            share.rename(tmp_path / "away")
            with pytest.raises(StorageError):  # never taken for gone, never bought again
                await third.once(call())
        assert len(vendor.charges()) == 1
    finally:
        holder.close()
