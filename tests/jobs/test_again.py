"""Jobs that are tried once more."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session
from tests.jobs.conftest import Hand, Order

from badapple import jobs
from badapple.cache import Cache
from badapple.config import Settings
from badapple.database import Call, Stage
from badapple.database.tables import now
from badapple.errors import InputError, OutcomeUnknownError
from badapple.journal import Books, JournalTill, decisions, words
from badapple.models import Dedupe
from badapple.providers.purchasing import stake
from badapple.testing.vendor import FileCall, FileVendor

_MESS = {
    "progress": 60, "worked": 12.5, "made": 4, "crashes": 2, "crash_mark": 3, "closing": True, "run": "x",
    "crashed_with": "w", "alone_with": "w", "failure": {"a": 1}, "error_message": "no", "started_at": now(),
    "ended_at": now(), "dispatched": 1, "video_url": "x",
}  # fmt: skip


@pytest.mark.usefixtures("database_url")
def test_a_failed_job_begins_its_next_attempt_with_nothing_but_its_parts(
    settings: Settings, hand: Hand, order: Order
) -> None:
    first = jobs.submit(order(), settings)
    jobs.submit(order(), settings)
    hand.change(first, status="failed", **_MESS)
    with Session(hand.engine) as session, session.begin():
        session.execute(update(Stage).values(status="failed", error_message="no", progress=30))
        session.execute(update(Stage).where(Stage.stage_name == "script_gen").values(status="completed", progress=100))
    again = jobs.retry(first, settings)
    assert (again.queued, again.attempt, again.goods_until, again.order.product_name) == (True, 2, None, "Watch")
    row = hand.row(first)
    assert (row.status, row.attempt, row.turn, row.dispatched) == ("pending", 2, 3, 1)
    assert (row.progress, row.worked, row.made, row.crashes, row.crash_mark) == (0, 0, 0, 0, 0)
    assert row.closing is False
    gone = ("run", "crashed_with", "alone_with", "failure", "error_message", "started_at", "ended_at", "video_url")
    assert [getattr(row, name) for name in gone] == [None] * len(gone)
    stages = {stage.name: (stage.status, stage.progress) for stage in jobs.get(first, settings).stages}
    assert stages.pop("script_gen") == ("completed", 100)
    assert set(stages.values()) == {("pending", 0)}


async def test_a_cancelled_job_is_resumed_and_may_be_cancelled_again(
    settings: Settings, hand: Hand, order: Order
) -> None:
    job_id = jobs.submit(order(), settings)
    await jobs.cancel(job_id, settings)
    with pytest.raises(InputError, match="is cancelled, not failed") as refused:
        jobs.retry(job_id, settings)
    assert refused.value.hint == f"`badapple jobs resume {job_id}` does that"
    assert jobs.resume(job_id, settings).attempt == 2
    with pytest.raises(InputError, match="is pending, not cancelled"):
        jobs.resume(job_id, settings)
    await jobs.cancel(job_id, settings)
    assert hand.row(job_id).seq == 2


def test_a_job_of_make_is_left_to_whoever_asks(settings: Settings, hand: Hand, order: Order, tmp_path: Path) -> None:
    hand.job("old", "failed", engine=False)
    with pytest.raises(InputError, match="does not say how it was made"):
        jobs.retry("old", settings)
    request = jobs.orders.to_json(order("Lamp", photo=tmp_path / "a.jpg"))
    hand.job("here", "failed", engine=False, request=request)
    again = jobs.retry("here", settings)
    assert (again.queued, again.order.photo, again.order.product_name) == (False, tmp_path / "a.jpg", "Lamp")
    assert hand.row("here").status == "failed"


def test_it_is_said_until_when_goods_can_be_fetched(settings: Settings, hand: Hand) -> None:
    hand.job("job", "cancelled")
    begun = now() - timedelta(minutes=10)
    with Session(hand.engine) as session, session.begin():
        session.add(
            Call(
                id="c", key="k", attempt=1, owner="local", vendor="replicate", model="m", dedupe="lookup",
                state="submitted", job="job", request_hash="h", submitted_at=begun,
            )
        )  # fmt: skip
    assert jobs.resume("job", settings).goods_until == begun + timedelta(hours=1)


async def test_what_may_have_been_charged_is_decided_first(settings: Settings, hand: Hand, tmp_path: Path) -> None:
    hand.job("job")
    cache, vendor = Cache(settings.cache_dir), FileVendor(ledger=tmp_path / "ledger.jsonl", lost=1)
    claims = stake(hand.engine, settings.data_dir).claims
    books = Books(hand.engine, cache, claims, job="job", owner="local", caps={"job:job": None})
    with pytest.raises(OutcomeUnknownError):
        await JournalTill(books, cache).once(FileCall(vendor, "film", dedupe=Dedupe.NONE))
    hand.end("job", "failed")
    with pytest.raises(OutcomeUnknownError, match=r"1 call\(s\) .* film of replicate, \$0\.19") as refused:
        jobs.retry("job", settings)
    with Session(hand.engine) as session:
        call = session.query(Call).one().id
    assert f"`badapple calls retry {call[:8]}`" in refused.value.hint
    assert hand.row("job").status == "failed"
    row = decisions.retry(hand.engine, call[:8])
    assert row.reason == words.AGAIN
    assert jobs.retry("job", settings).attempt == 2
