"""Receipts of assets."""

from __future__ import annotations

import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import Engine, event, select
from sqlalchemy.exc import NoResultFound
from sqlalchemy.orm import Session

from badapple.cache import Cache
from badapple.database import Receipt
from badapple.journal import Journal
from badapple.models import Asset, AssetRequest, Maker
from badapple.storage import open_storage

MAKER = Maker(name="offline", model="voice-1", generated=True)
REQUEST = AssetRequest(kind="voice", params={}, label="the voice")


@pytest.fixture
def journal(engine: Engine, cache: Cache) -> Journal:
    return Journal(engine, cache)


def make(journal: Journal, cache: Cache, key: str, words: str = "la", **more: int) -> Asset:
    journal.begin(key, REQUEST, MAKER)
    with cache.workplace() as folder:
        (folder / "voice.mp3").write_text(words)
        (folder / "words.json").write_text(words * 2)
        files = {"words": folder / "words.json", "voice": folder / "voice.mp3"}
        return journal.collect(key, files, facts={"é": 1, "words": words}, seconds=1.5, **more)


def receipt(engine: Engine, key: str) -> Receipt:
    with Session(engine) as session:
        return session.get_one(Receipt, key)


def test_what_was_made_is_found_again(journal: Journal, cache: Cache, engine: Engine) -> None:
    made, found = make(journal, cache, "k", cost=7), journal.find("k")
    assert found is not None
    assert (made.reused, found.reused) == (False, True)
    for asset in (made, found):
        assert (asset.key, asset.kind, asset.maker, asset.seconds, asset.cost) == ("k", "voice", MAKER, 1.5, 7)
        assert asset.facts == {"words": "la", "é": 1}
        assert {name: path.read_text() for name, path in asset.files.items()} == {"voice": "la", "words": "lala"}
    assert made.digest == found.digest
    row = receipt(engine, "k")
    assert (row.label, row.state, row.begun, row.made) == ("the voice", "collected", 1, 1)


def test_making_is_free_where_nobody_says_what_it_cost(journal: Journal, cache: Cache) -> None:
    assert make(journal, cache, "k").cost == 0


def test_a_digest_is_of_the_names_the_contents_and_the_facts(journal: Journal, cache: Cache) -> None:
    content = [
        [["voice", hashlib.sha256(b"la").hexdigest()], ["words", hashlib.sha256(b"lala").hexdigest()]],
        {"words": "la", "é": 1},
    ]
    expected = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
    assert make(journal, cache, "k").digest == expected


def test_what_was_only_begun_is_not_found(journal: Journal, cache: Cache, engine: Engine) -> None:
    assert journal.find("k") is None
    journal.begin("k", REQUEST, MAKER)
    assert journal.find("k") is None
    row = receipt(engine, "k")
    assert (row.kind, row.label, row.state, row.begun, row.made, row.digest) == (
        "voice", "the voice", "intent", 1, 0, None,
    )  # fmt: skip
    assert row.maker == {"name": "offline", "model": "voice-1", "generated": True}


def test_what_is_begun_anew_is_not_found_until_it_is_made_again(journal: Journal, cache: Cache, engine: Engine) -> None:
    digest = make(journal, cache, "k").digest
    journal.begin(
        "k", AssetRequest(kind="voice", params={}, label="again"), Maker(name="other", model="m", generated=False)
    )
    assert journal.find("k") is None
    assert journal.find_digest(digest) is None
    row = receipt(engine, "k")
    assert (row.label, row.state, row.begun, row.made, row.digest) == ("again", "intent", 2, 1, None)
    assert make(journal, cache, "k").maker == MAKER
    assert (receipt(engine, "k").begun, receipt(engine, "k").made) == (3, 2)


def test_content_is_found_whatever_it_was_made_for(journal: Journal, cache: Cache) -> None:
    digest = make(journal, cache, "one").digest
    assert make(journal, cache, "two").digest == digest
    other = make(journal, cache, "three", "other").digest
    found = journal.find_digest(digest)
    assert found is not None
    assert (found.key in {"one", "two"}, found.digest, found.reused) == (True, digest, True)
    assert other != digest
    assert journal.find_digest("0" * 64) is None


def test_what_lost_a_file_is_not_found(journal: Journal, cache: Cache) -> None:
    asset = make(journal, cache, "k")
    asset.files["words"].unlink()
    assert journal.find("k") is None
    assert journal.find_digest(asset.digest) is None


def test_files_that_vanish_at_once_are_an_error_and_nothing_is_finished(
    journal: Journal, cache: Cache, engine: Engine
) -> None:
    event.listen(engine, "before_cursor_execute", lambda _c, _k, statement, *_: _gone(cache, statement))
    with pytest.raises(FileNotFoundError, match=f"the files of k vanished from the cache at {cache.root}"):
        make(journal, cache, "k")
    assert journal.find("k") is None


def _gone(cache: Cache, statement: str) -> None:
    if statement.startswith("UPDATE receipts"):
        cache.clear()


def test_what_was_never_begun_cannot_be_finished(journal: Journal) -> None:
    with pytest.raises(NoResultFound):
        journal.collect("k", {}, facts={}, seconds=0)


def test_two_that_begin_the_same_receipt_at_once_both_go_on(journal: Journal, engine: Engine) -> None:
    """What vendors make has no file lock."""
    with ThreadPoolExecutor(4) as pool:
        for number in range(10):
            for done in [pool.submit(journal.begin, f"{number:064d}", REQUEST, MAKER) for _ in range(4)]:
                done.result()
    with Session(engine) as session:
        assert [row.begun for row in session.scalars(select(Receipt))] == [4] * 10


def test_what_two_made_at_once_is_what_the_first_made(engine: Engine, tmp_path: Path) -> None:
    storage = open_storage(str(tmp_path / "shared"))
    caches = [Cache(tmp_path / name, storage=storage) for name in ("here", "there")]
    here, there = (Journal(engine, cache) for cache in caches)
    made: list[Asset] = []
    for journal in (here, there):
        journal.begin("k", REQUEST, MAKER)
    for journal, words in ((here, "la"), (there, "lo")):  # another processor, another rounding
        file = tmp_path / f"{words}.mp3"
        file.write_text(words)
        made.append(journal.collect("k", {"voice": file}, facts={}, seconds=1.5, cost=len(made)))
    assert [asset.files["voice"].read_text() for asset in made] == ["la", "la"]
    assert made[0].digest == made[1].digest
    assert [(asset.cost, asset.reused) for asset in made] == [(0, False), (1, False)]
    assert there.find_digest(made[0].digest) is not None  # what builds on the first still finds it
    assert (receipt(engine, "k").made, receipt(engine, "k").cost) == (2, 1)


def test_what_the_first_made_and_lost_is_replaced(
    journal: Journal, cache: Cache, engine: Engine, tmp_path: Path
) -> None:
    other = Journal(engine, Cache(tmp_path / "far away"))  # nothing is shared
    other.begin("k", REQUEST, MAKER)
    journal.begin("k", REQUEST, MAKER)
    file = tmp_path / "lo.mp3"
    file.write_text("lo")
    other.collect("k", {"voice": file}, facts={}, seconds=1.5)
    file.write_text("la")
    assert journal.collect("k", {"voice": file}, facts={}, seconds=1.5).files["voice"].read_text() == "la"
    found = journal.find("k")
    assert found is not None
    assert found.files["voice"].read_text() == "la"
