"""`badapple calls`: what waits for a person, and what a person can say of it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from badapple.cache import Cache
from badapple.cli import main
from badapple.config import get_settings
from badapple.database import open_database
from badapple.errors import OutcomeUnknownError
from badapple.journal import Books, JournalTill
from badapple.models import Dedupe
from badapple.providers.purchasing import stake
from badapple.testing.vendor import FileCall, FileVendor

Buy = Callable[[], int]


@pytest.fixture
def buy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Buy]:
    """Buy a film whose answer is lost the first time; return how often it was charged so far."""
    monkeypatch.setenv("BADAPPLE_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("BADAPPLE_CACHE_DIR", str(tmp_path / "cache"))
    get_settings.cache_clear()
    settings = get_settings()
    engine, cache = open_database(settings.database_url), Cache(settings.cache_dir)
    vendor = FileVendor(ledger=tmp_path / "ledger.jsonl", lost=1)

    def once() -> int:
        claims = stake(engine, settings.data_dir).claims
        books = Books(engine, cache, claims, job="job", owner="local", caps={"job:job": None})
        asyncio.run(JournalTill(books, cache).once(FileCall(vendor, "film", dedupe=Dedupe.NONE)))
        return len(vendor.charges())

    yield once
    get_settings.cache_clear()


def listed(capsys: pytest.CaptureFixture[str], *words: str) -> list[dict[str, object]]:
    capsys.readouterr()
    assert main(["calls", *words, "--json"]) == 0
    rows: list[dict[str, object]] = json.loads(capsys.readouterr().out)
    return rows


def test_nothing_waits_at_first(buy: Buy, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["calls"]) == 0
    assert capsys.readouterr().out.startswith("Nothing to decide")
    assert listed(capsys, "--all") == []


def test_what_may_have_been_charged_is_listed_and_can_be_bought_again(
    buy: Buy, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(OutcomeUnknownError):
        buy()
    (row,) = listed(capsys)
    assert (row["state"], row["what"], row["possibly_charged_usd"]) == ("unknown", "film", 0.19)
    assert main(["calls", "retry", str(row["id"]), "--not-charged"]) == 0
    assert "bought again by the next run; $0.00 is booked" in capsys.readouterr().out
    assert listed(capsys) == []
    assert buy() == 2
    assert [found["state"] for found in listed(capsys, "--all")] == ["failed", "collected"]


def test_what_is_accepted_is_booked_and_left_alone(buy: Buy, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(OutcomeUnknownError):
        buy()
    (row,) = listed(capsys, "--job", "job")
    assert main(["calls", "accept", str(row["id"])]) == 0
    assert "$0.19 is booked" in capsys.readouterr().out
    assert listed(capsys) == []
    assert listed(capsys, "--all", "--job", "another") == []


@pytest.mark.parametrize("word", ["0000", "", "zz", "%"])
def test_an_id_that_fits_no_call_is_an_error(buy: Buy, capsys: pytest.CaptureFixture[str], word: str) -> None:
    assert main(["calls", "retry", word]) == 2
    assert "call starts with" in capsys.readouterr().err


def test_what_has_ended_well_needs_no_decision(buy: Buy, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(OutcomeUnknownError):
        buy()
    (row,) = listed(capsys)
    assert main(["calls", "retry", str(row["id"])]) == 0
    buy()
    bought = listed(capsys, "--all")[-1]
    assert main(["calls", "accept", str(bought["id"])]) == 2
    assert "nothing to decide" in capsys.readouterr().err
