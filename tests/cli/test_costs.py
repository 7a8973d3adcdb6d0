"""`badapple costs`."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from sqlalchemy.orm import Session

from badapple.cli import main
from badapple.config import get_settings
from badapple.costs import budget
from badapple.database import open_database
from badapple.database.tables import Call

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Engine


@pytest.fixture(autouse=True)
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    monkeypatch.setenv("BADAPPLE_DATABASE_URL", f"sqlite:///{tmp_path / 'x.db'}")
    monkeypatch.delenv("BADAPPLE_MAX_COST", raising=False)
    monkeypatch.delenv("BADAPPLE_MAX_COST_DAY", raising=False)
    get_settings.cache_clear()
    yield open_database(f"sqlite:///{tmp_path / 'x.db'}")
    get_settings.cache_clear()


@pytest.fixture
def spent(engine: Engine) -> None:
    with Session(engine) as session, session.begin():
        for number, (vendor, model, job, settled, waiting) in enumerate(
            (
                ("replicate", "minimax/hailuo-2.3-fast", "a", 190_000, 0),
                ("replicate", "minimax/hailuo-2.3-fast", "b", 0, 190_000),
                ("anthropic", "claude-haiku-5-5", "a", 741, 0),
            )
        ):
            session.add(
                Call(
                    id=f"{number:032x}", key=f"{number:064x}", attempt=1, vendor=vendor, model=model, owner="local",
                    dedupe="lookup", request_hash="", job=job, settled=settled, reserved=waiting,
                    state="submitted" if waiting else "collected",
                    created_at=datetime(2026, 11, 20 + number, tzinfo=UTC),
                )
            )  # fmt: skip
        today = budget.day_scope(datetime.now(UTC).date(), "local")
        budget.reserve(session, {today: None, "job:a": None}, 190_741)
        budget.reserve(session, {today: None}, 190_000)


def test_a_table_shows_vendors_models_and_a_total(spent: None, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["costs"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "vendor     model                    calls    charged  under way  possibly charged",
        "anthropic  claude-haiku-5-5             1  $0.000741      $0.00             $0.00",
        "replicate  minimax/hailuo-2.3-fast      2      $0.19      $0.19             $0.00",
        "total                                   3    $0.1907      $0.19             $0.00",
        "",
        "today: $0.3807 spent or reserved, no cap (BADAPPLE_MAX_COST_DAY sets one)",
    ]


def test_without_calls_it_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["costs"]) == 0
    assert capsys.readouterr().out.splitlines()[0] == "No calls to vendors were paid for."


def test_caps_show_what_is_left(
    spent: None, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BADAPPLE_MAX_COST_DAY", "5")
    monkeypatch.setenv("BADAPPLE_MAX_COST", "0.19")
    get_settings.cache_clear()
    assert main(["costs", "--job", "a"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[:4]] == ["vendor", "anthropic", "replicate", "total"]
    assert lines[-2:] == [
        "today: $0.3807 spent or reserved of $5.00, $4.6193 left",
        "this job: $0.1907 spent or reserved of $0.19, $0.00 left",
    ]


def test_a_job_without_a_cap_is_told_how_to_set_one(spent: None, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["costs", "--job", "a"]) == 0
    last = capsys.readouterr().out.splitlines()[-1]
    assert last == "this job: $0.1907 spent or reserved, no cap (BADAPPLE_MAX_COST sets one)"


def test_nothing_is_left_of_a_cap_that_was_passed(
    spent: None, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BADAPPLE_MAX_COST_DAY", "0.1")
    get_settings.cache_clear()
    assert main(["costs", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["caps"] == [
        {"of": "today", "cap_usd": 0.1, "held_usd": 0.380741, "left_usd": 0.0}
    ]


def test_a_day_bounds_the_report(spent: None, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["costs", "--since", "2026-11-21", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert [(row["vendor"], row["calls"]) for row in report["rows"]] == [("anthropic", 1), ("replicate", 1)]


def test_programs_read_amounts_in_dollars(
    spent: None, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BADAPPLE_MAX_COST_DAY", "0.5")
    get_settings.cache_clear()
    assert main(["costs", "--job", "a", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["rows"][0] == {
        "vendor": "anthropic", "model": "claude-haiku-5-5", "calls": 1, "charged_usd": 0.000741, "under_way_usd": 0.0,
        "possibly_charged_usd": 0.0,
    }  # fmt: skip
    assert report["total"] == {
        "calls": 2, "charged_usd": 0.190741, "under_way_usd": 0.0, "possibly_charged_usd": 0.0,
    }  # fmt: skip
    assert report["caps"] == [
        {"of": "today", "cap_usd": 0.5, "held_usd": 0.380741, "left_usd": 0.119259},
        {"of": "this job", "cap_usd": None, "held_usd": 0.190741, "left_usd": None},
    ]


def test_a_job_and_a_day_do_not_go_together(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["costs", "--job", "a", "--since", "2026-11-21"]) == 2
    assert capsys.readouterr().err.splitlines()[0] == "error: Invalid value: --job and --since do not go together"


def test_a_day_that_is_none_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["costs", "--since", "yesterday"]) == 2
    assert "yesterday" in capsys.readouterr().err
