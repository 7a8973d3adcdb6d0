"""What was spent."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from sqlalchemy.orm import Session

from badapple.costs import report
from badapple.costs.report import Spent
from badapple.database.tables import Call

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Engine

HAIKU = ("anthropic", "claude-haiku-5-5")
CLIP = ("replicate", "minimax/hailuo-2.3-fast")


@pytest.fixture
def session(engine: Engine) -> Iterator[Session]:
    with Session(engine) as session:
        calls = [
            call(1, *HAIKU, job="a", state="collected", settled=700),
            call(2, *CLIP, job="a", state="collected", settled=190_000),
            call(3, *CLIP, job="a", state="submitted", reserved=190_000),
            call(4, *CLIP, job="a", state="intent", reserved=5),
            call(5, *CLIP, job="a", state="unknown", reserved=190_000, possibly_charged=190_000),
            call(6, *CLIP, job="b", state="failed", settled=0, day=20),
            call(7, *CLIP, job="b", state="collected", settled=320_000, day=19, owner="other"),
        ]
        session.add_all(calls)
        session.flush()
        yield session


def call(number: int, vendor: str, model: str, *, day: int = 21, owner: str = "local", **facts: object) -> Call:
    return Call(
        id=f"{number:032x}", key=f"{number:064x}", attempt=1, vendor=vendor, model=model, owner=owner,
        dedupe="lookup", request_hash="", created_at=datetime(2026, 11, day, tzinfo=UTC), **facts,
    )  # fmt: skip


def spent(of: tuple[str, str], **amounts: int) -> Spent:
    return Spent(vendor=of[0], model=of[1], **amounts)


def test_a_job_is_told_what_it_paid_for_what(session: Session) -> None:
    assert report.per_job(session, "a") == (
        spent(HAIKU, calls=1, charged=700),
        spent(CLIP, calls=4, charged=190_000, under_way=190_005, possibly_charged=190_000),
    )
    assert report.per_job(session, "b") == (spent(CLIP, calls=2, charged=320_000),)
    assert report.per_job(session, "never heard of") == ()


def test_vendors_are_told_apart_over_all_jobs(session: Session) -> None:
    assert report.per_vendor(session) == (
        spent(HAIKU, calls=1, charged=700),
        spent(CLIP, calls=6, charged=510_000, under_way=190_005, possibly_charged=190_000),
    )


def test_a_report_begins_with_its_first_moment(session: Session) -> None:
    clips = [
        report.per_vendor(session, datetime(2026, 11, day, hour, tzinfo=UTC))[-1].calls
        for day, hour in ((19, 0), (19, 1), (20, 0), (21, 0))
    ]
    assert clips == [6, 5, 5, 4]
    assert report.per_vendor(session, datetime(2026, 11, 21, 1, tzinfo=UTC)) == ()


def test_a_report_may_be_one_owners(session: Session) -> None:
    assert report.per_vendor(session, owner="other") == (spent(CLIP, calls=1, charged=320_000),)
    assert report.per_vendor(session, datetime(2026, 11, 20, tzinfo=UTC), owner="other") == ()


def test_a_total_adds_everything_up(session: Session) -> None:
    assert report.total(report.per_vendor(session)) == Spent(
        calls=7, charged=510_700, under_way=190_005, possibly_charged=190_000
    )
    assert report.total(iter(())) == Spent()


def test_a_report_is_sorted_and_names_every_vendor_and_model_once(engine: Engine) -> None:
    wanted = [("anthropic", "b"), ("anthropic", "c"), ("replicate", "a"), ("replicate", "b")]
    with Session(engine) as session:
        for number, of in enumerate([*reversed(wanted), *wanted]):
            session.add(call(number, *of, job="a", state="collected", settled=number))
        session.flush()
        assert report.per_job(session, "a") == tuple(spent(of, calls=2, charged=7) for of in wanted)
