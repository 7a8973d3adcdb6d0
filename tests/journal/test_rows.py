"""What follows from the state of a paid call, and what people are told of it."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from badapple.costs.budget import held, reserve
from badapple.database import Call
from badapple.errors import OutcomeUnknownError, PermanentProviderError
from badapple.journal import rows, words

BOOT = Path("/proc/sys/kernel/random/boot_id")


def call(**changed: object) -> Call:
    usual: dict[str, object] = {
        "id": "0123456789abcdef" * 2, "key": "k", "attempt": 1, "owner": "local", "vendor": "replicate",
        "model": "a/film", "label": "scene 1", "dedupe": "lookup", "state": "intent", "job": "job", "request_hash": "",
        "sends": 0, "reserved": 0, "settled": 0, "possibly_charged": 0, "scopes": ["job:job"], "boot": "",
        "uptime": 0.0, "created_at": datetime.now(UTC),
    }  # fmt: skip
    return Call(**{**usual, **changed})


def test_the_last_attempt_at_a_key_counts(engine: Engine) -> None:
    with Session(engine) as session:
        session.add_all(
            call(id=str(number), key=key, attempt=attempt)
            for number, (key, attempt) in enumerate([("a", 2), ("a", 3), ("a", 1), ("b", 4)])
        )
        session.flush()
        found = rows.latest(session, "a")
        assert found is not None
        assert (found.key, found.attempt) == ("a", 3)
        assert rows.latest(session, "c") is None


@pytest.mark.parametrize(
    ("state", "sends", "possibly"), [("intent", 0, 5), ("intent", 1, 75), ("submitted", 0, 75), ("submitted", 2, 75)]
)
def test_a_call_that_is_stopped_may_have_been_charged_if_it_was_sent(
    engine: Engine, state: str, sends: int, possibly: int
) -> None:
    with Session(engine) as session:
        reserve(session, {"job:job": None}, 100)
        row = call(state=state, sends=sends, reserved=70, possibly_charged=5, holder="me/1")
        session.add(row)
        rows.stop(session, row)
        assert (row.state, row.reason, row.error) == ("failed", "cancelled", "it was cancelled")
        assert (row.reserved, row.holder, row.possibly_charged) == (0, None, possibly)
        assert row.ended_at is not None
        assert abs(datetime.now(UTC) - row.ended_at) < timedelta(minutes=1)
        assert held(session, "job:job") == 30


@pytest.mark.parametrize(
    ("state", "settled", "reason", "waits"),
    [
        ("failed", 20_001, "lost", True),
        ("failed", 20_001, None, True),
        ("failed", 20_000, "lost", False),
        ("failed", 20_001, "again", False),
        ("failed", 20_001, "accepted", False),
        ("unknown", 0, None, True),
        ("unknown", 0, "again", True),
        ("collected", 20_001, None, False),
        ("submitted", 0, None, False),
        ("intent", 0, None, False),
    ],
)
def test_a_person_is_waited_for_where_money_hangs_on_it(
    state: str, settled: int, reason: str | None, *, waits: bool
) -> None:
    assert rows.waits_for_a_person(call(state=state, settled=settled, reason=reason)) is waits


def test_what_was_dear_and_brought_nothing_is_refused() -> None:
    with pytest.raises(PermanentProviderError) as caught:
        rows.refuse_dear(call(state="failed", settled=190_000, error="its server broke", reason="server"))
    error = caught.value
    assert str(error) == "scene 1 of replicate was charged $0.19 and brought nothing: its server broke"
    assert (error.provider, error.reason, error.charged) == ("replicate", "lost", 190_000)
    assert error.hint == "`badapple calls retry 01234567` lets it be bought again"


def test_what_was_given_up_is_refused_however_cheap() -> None:
    with pytest.raises(PermanentProviderError) as caught:
        rows.refuse_dear(call(state="failed", settled=700, reason="accepted"))
    assert str(caught.value) == "scene 1 of replicate may have been charged ($0.0007) and was given up"
    assert caught.value.charged == 700


@pytest.mark.parametrize(("settled", "reason"), [(0, "refused"), (20_000, "refused"), (190_000, "again")])
def test_what_was_petty_or_allowed_is_not_refused(settled: int, reason: str) -> None:
    rows.refuse_dear(call(state="failed", settled=settled, reason=reason))


def test_what_people_read_names_the_part_else_the_model() -> None:
    gone = call(label="", settled=190_000)
    assert words.paid_for_nothing(gone) == (
        "a/film of replicate was charged $0.19 and brought nothing: its files are gone"
    )
    given_up = call(label="", settled=1, possibly_charged=40_000, reason="accepted")
    assert words.paid_for_nothing(given_up) == "a/film of replicate may have been charged ($0.04) and was given up"
    assert str(words.unknown(call(label=""))).startswith("a/film may have been charged")


@pytest.mark.parametrize(("possibly", "reserved", "shown"), [(0, 190_000, "$0.19"), (380_000, 190_000, "$0.38")])
def test_an_unknown_outcome_says_how_much_it_may_be_and_what_to_do(possibly: int, reserved: int, shown: str) -> None:
    error = words.unknown(call(possibly_charged=possibly, reserved=reserved))
    assert isinstance(error, OutcomeUnknownError)
    assert str(error) == (
        f"scene 1 may have been charged (up to {shown}): replicate took the order or did not, and cannot be asked; "
        "nothing was sent again"
    )
    assert (error.provider, error.charged, error.reason) == ("replicate", 0, "unknown")
    assert error.hint == (
        "look at your account there, then `badapple calls retry 01234567` sends it again, or "
        "`badapple calls accept 01234567` books it and leaves the part out"
    )


@pytest.mark.skipif(not BOOT.is_file(), reason="this machine does not tell its boots apart")
def test_a_moment_is_of_this_boot_and_never_goes_back() -> None:
    before = time.clock_gettime(time.CLOCK_BOOTTIME)
    boot, uptime = rows.moment()
    assert boot == BOOT.read_text().strip()
    assert before <= uptime <= time.clock_gettime(time.CLOCK_BOOTTIME)


@pytest.mark.skipif(not BOOT.is_file(), reason="this machine does not tell its boots apart")
def test_within_a_boot_age_is_told_by_uptime_whatever_the_clock_says() -> None:
    boot, uptime = rows.moment()
    age = rows.age_of(call(boot=boot, uptime=uptime - 90, created_at=datetime(2031, 1, 1, tzinfo=UTC)))
    assert age is not None
    assert 90 <= age < 120


@pytest.mark.parametrize("boot", ["", "another boot"])
def test_over_boots_age_is_told_by_the_clock_where_that_makes_sense(boot: str) -> None:
    minutes = timedelta(minutes=5)
    age = rows.age_of(call(boot=boot, uptime=1e9, created_at=datetime.now(UTC) - minutes))
    assert age is not None
    assert 300 <= age < 330
    just_now = rows.age_of(call(boot=boot, uptime=1e9, created_at=datetime.now(UTC) - timedelta(milliseconds=500)))
    assert just_now is not None
    assert rows.age_of(call(boot=boot, uptime=1e9, created_at=datetime.now(UTC) + minutes)) is None
