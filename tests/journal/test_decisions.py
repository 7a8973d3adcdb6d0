"""What people decide of paid calls."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from badapple.costs.budget import held, reserve
from badapple.database import Call
from badapple.errors import InputError
from badapple.journal import Claims, decisions

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
ID = "0123456789abcdef" * 2


@pytest.fixture
def write(engine: Engine) -> Callable[..., str]:
    """Return a writer of calls; each reserves what it says."""

    def call(number: str = ID, **changed: object) -> str:
        usual: dict[str, object] = {
            "id": number, "key": number, "attempt": 1, "owner": "local", "vendor": "replicate", "model": "a/film",
            "dedupe": "none", "state": "unknown", "job": "job", "request_hash": "", "sends": 1, "reserved": 0,
            "settled": 0, "possibly_charged": 0, "scopes": ["job:job"], "created_at": NOON,
        }  # fmt: skip
        with Session(engine) as session, session.begin():
            row = Call(**{**usual, **changed})
            session.add(row)
            if row.reserved:
                reserve(session, dict.fromkeys(row.scopes), row.reserved)
        return number

    return call


def read(engine: Engine, number: str = ID) -> Call:
    with Session(engine) as session:
        return session.get_one(Call, number)


def spent(engine: Engine, scope: str = "job:job") -> int:
    with Session(engine) as session:
        return held(session, scope)


def is_now(moment: datetime | None) -> bool:
    return moment is not None and abs(datetime.now(UTC) - moment) < timedelta(minutes=1)


def test_what_expires_first_says_until_when_goods_can_be_fetched(engine: Engine, write: Callable[..., str]) -> None:
    assert decisions.expires(engine, "job") is None
    write("a" * 32, state="submitted", submitted_at=NOON + timedelta(hours=2))
    write("b" * 32, state="submitted", submitted_at=NOON + timedelta(hours=1))
    write("c" * 32, state="submitted", submitted_at=NOON, job="other")
    write("d" * 32, state="intent", submitted_at=NOON)
    assert decisions.expires(engine, "job") == NOON + timedelta(hours=2)
    assert decisions.expires(engine, "job", lasting=60) == NOON + timedelta(hours=1, minutes=1)
    write("e" * 32, state="submitted", submitted_at=None)
    assert decisions.expires(engine, "job") == NOON + timedelta(hours=1)


@pytest.mark.parametrize("start", [ID, ID[:8], ID[:4]])
def test_a_call_is_found_by_how_its_id_starts(engine: Engine, write: Callable[..., str], start: str) -> None:
    write()
    write("f" * 32)
    with Session(engine) as session:
        assert decisions.find(session, start).id == ID


@pytest.mark.parametrize(
    ("start", "how_many"),
    [
        ("0123", "more than one"),
        ("0124", "no"),
        ("012", "more than one"),
        ("f", "more than one"),
        ("%%%%", "no"),
        ("____", "no"),
    ],
)
def test_a_start_that_fits_none_or_several_or_is_short_finds_nothing(
    engine: Engine, write: Callable[..., str], start: str, how_many: str
) -> None:
    write()
    write("0123" + "f" * 28)
    write("f" * 32)
    with Session(engine) as session, pytest.raises(InputError) as caught:
        decisions.find(session, start)
    assert str(caught.value) == f"{how_many} call starts with {start!r}"
    assert caught.value.hint == "`badapple calls` lists them"


@pytest.mark.parametrize(("decide", "reason"), [(decisions.accept, "accepted"), (decisions.retry, "again")])
@pytest.mark.parametrize("amounts", [(380, True, 380), (0, True, 190), (380, False, 0)])
def test_what_may_have_been_charged_is_booked_as_it_was_decided(
    engine: Engine, write: Callable[..., str], decide: Callable[..., Call], reason: str, amounts: tuple[int, bool, int]
) -> None:
    possibly, charged, settled = amounts
    write(reserved=190, possibly_charged=possibly)
    assert spent(engine) == 190
    answer = decide(engine, ID[:8], charged=charged)
    row = read(engine)
    for seen in (row, answer):
        assert (seen.id, seen.state, seen.error) == (ID, "failed", "it may have been charged")
        assert (seen.reason, seen.reserved, seen.possibly_charged) == (reason, 0, 0)
        assert seen.settled == settled
        assert is_now(seen.ended_at)
    assert spent(engine) == settled


@pytest.mark.parametrize("decide", [decisions.accept, decisions.retry])
def test_it_counts_as_charged_where_nobody_says_otherwise(
    engine: Engine, write: Callable[..., str], decide: Callable[..., Call]
) -> None:
    write(reserved=190)
    assert decide(engine, ID).settled == 190


@pytest.mark.parametrize(("decide", "reason"), [(decisions.accept, "accepted"), (decisions.retry, "again")])
def test_what_was_charged_for_nothing_stays_charged(
    engine: Engine, write: Callable[..., str], decide: Callable[..., Call], reason: str
) -> None:
    write(state="failed", settled=190, possibly_charged=7, reason="lost", error="its files are gone")
    decide(engine, ID)
    row = read(engine)
    assert (row.state, row.reason, row.error) == ("failed", reason, "its files are gone")
    assert (row.settled, row.possibly_charged) == (190, 7)
    assert is_now(row.ended_at)


@pytest.mark.parametrize("state", ["intent", "submitted", "collected"])
def test_there_is_nothing_to_decide_of_a_call_that_goes_well(
    engine: Engine, write: Callable[..., str], state: str
) -> None:
    write(state=state)
    with pytest.raises(InputError) as caught:
        decisions.retry(engine, ID)
    assert str(caught.value) == f"the call 01234567 is {state}: there is nothing to decide"
    assert read(engine).state == state


async def test_cancelling_a_job_stops_what_it_has_at_vendors_and_nothing_else(
    engine: Engine, write: Callable[..., str], processes: Callable[[], Claims]
) -> None:
    told: list[tuple[str, str]] = []

    async def film(vendor_id: str) -> None:
        told.append(("replicate", vendor_id))

    async def voice(vendor_id: str) -> None:
        told.append(("elevenlabs", vendor_id))

    write("a" * 32, state="submitted", vendor_id="v1", reserved=190, holder="me/1")
    write("b" * 32, state="submitted", vendor_id="v2", vendor="elevenlabs", reserved=10)
    write("c" * 32, state="submitted", vendor_id="v3", vendor="anthropic")
    write("d" * 32, state="intent", sends=0, reserved=5)
    write("e" * 32, state="submitted", vendor_id="v5", job="other")
    write("f" * 32, state="collected", vendor_id="v6", settled=100)
    stopped, _ = await decisions.cancel_job(engine, processes(), "job", {"replicate": film, "elevenlabs": voice})
    assert sorted(row.id[0] for row in stopped) == ["a", "b", "c", "d"]
    assert sorted(told) == [("elevenlabs", "v2"), ("replicate", "v1")]
    assert {(row.state, row.reason, row.reserved, row.holder) for row in stopped} == {("failed", "cancelled", 0, None)}
    assert [read(engine, letter * 32).state for letter in "abcdef"] == [*["failed"] * 4, "submitted", "collected"]
    assert [read(engine, letter * 32).possibly_charged for letter in "abcd"] == [190, 10, 0, 0]
    assert spent(engine) == 0


@pytest.mark.parametrize("waits", [True, False])
async def test_what_another_job_waits_for_is_handed_over_while_it_waits(
    engine: Engine, write: Callable[..., str], processes: Callable[[], Claims], *, waits: bool
) -> None:
    claims = processes()
    heir = claims.new()
    if not waits:
        claims.drop(heir)
    write(state="submitted", vendor_id="v1", reserved=190, holder="me/1", heir="other", heir_holder=heir)
    write("f" * 32, state="submitted", vendor_id="v2")
    stopped, _ = await decisions.cancel_job(engine, claims, "job", {})
    row = read(engine)
    if waits:
        assert [one.id for one in stopped] == ["f" * 32]
        assert (row.job, row.state, row.heir, row.heir_holder, row.holder) == ("other", "submitted", None, None, None)
        assert (row.reserved, spent(engine)) == (190, 190)
    else:
        assert len(stopped) == 2
        assert (row.job, row.state, spent(engine)) == ("job", "failed", 0)
