"""Jobs that a person cancels."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Engine, select, update
from sqlalchemy.orm import Session
from tests.jobs.conftest import Hand, Order

from badapple import jobs
from badapple.cache import Cache
from badapple.config import Settings
from badapple.database import Call, Event, Stage
from badapple.errors import InputError
from badapple.journal import Books, JournalTill, words
from badapple.models import Dedupe
from badapple.providers.purchasing import stake
from badapple.testing.vendor import FileCall, FileVendor


def events(engine: Engine, job_id: str) -> list[Event]:
    with Session(engine, expire_on_commit=False) as session:
        return list(session.scalars(select(Event).where(Event.job_id == job_id).order_by(Event.seq)))


async def test_a_waiting_job_is_cancelled_at_once(settings: Settings, hand: Hand, order: Order) -> None:
    job_id = jobs.submit(order(), settings)
    ended = await jobs.cancel(job_id, settings)
    assert ended == jobs.Ended(stopped=0, charged=0, possibly_charged=0)
    row = hand.row(job_id)
    assert (row.status, row.error_message, row.run) == ("cancelled", words.BY_A_PERSON, None)
    assert row.ended_at is not None
    (event,) = events(hand.engine, job_id)
    assert (event.seq, event.stage, event.progress, event.message) == (1, "cancelled", 0, "Cancelled; $0.00 was spent")
    assert (await jobs.cancel(job_id, settings)).charged == 0
    assert len(events(hand.engine, job_id)) == 1


@pytest.mark.usefixtures("database_url")
async def test_a_running_job_loses_its_run_and_gets_its_one_last_event(settings: Settings, hand: Hand) -> None:
    job_id = hand.job("job", progress=42, alone_with="w")
    hand.tell(job_id, "one", "two")
    with Session(hand.engine) as session, session.begin():
        half_done = update(Stage).where(Stage.stage_name == "video_gen")
        session.execute(half_done.values(status="processing", progress=50))
    await jobs.cancel(job_id, settings)
    row = hand.row(job_id)
    assert (row.seq, row.run, row.alone_with, row.progress) == (3, None, None, 42)
    last = events(hand.engine, job_id)[-1]
    assert (last.seq, last.stage, last.progress) == (3, "cancelled", 42)
    assert {stage.status for stage in jobs.get(job_id, settings).stages} == {"pending"}


@pytest.mark.parametrize("status", ["completed", "failed"])
async def test_what_has_ended_by_itself_stays_as_it_is(settings: Settings, hand: Hand, status: str) -> None:
    hand.job("job")
    hand.end("job", status)
    with pytest.raises(InputError, match=f"is {status}"):
        await jobs.cancel("job", settings)
    assert (hand.row("job").status, len(events(hand.engine, "job"))) == (status, 1)


async def test_a_job_of_somebody_else_is_none(settings: Settings, hand: Hand) -> None:
    hand.job("job", owner="me")
    for owner, job_id in (("you", "job"), (None, "another")):
        with pytest.raises(InputError, match="there is no job"):
            await jobs.cancel(job_id, settings, owner=owner)
    assert hand.row("job").status == "processing"


async def test_a_paused_make_is_ended_without_a_second_last_event(settings: Settings, hand: Hand) -> None:
    hand.job("job", engine=False)
    hand.end("job", "cancelled")
    await jobs.cancel("job", settings)
    assert (hand.row("job").error_message, len(events(hand.engine, "job"))) == (words.BY_A_PERSON, 1)


@pytest.mark.usefixtures("database_url")
async def test_nothing_more_is_sent_and_the_money_is_told(settings: Settings, hand: Hand, tmp_path: Path) -> None:
    hand.job("job")
    cache, vendor = Cache(settings.cache_dir), FileVendor(ledger=tmp_path / "ledger.jsonl")
    claims = stake(hand.engine, settings.data_dir).claims
    books = Books(hand.engine, cache, claims, job="job", owner="local", caps={"job:job": None})
    await JournalTill(books, cache).once(FileCall(vendor, "film"))
    slow = asyncio.ensure_future(
        JournalTill(books, cache, poll=0.02).once(FileCall(replace(vendor, seconds=30), "clip", dedupe=Dedupe.NONE))
    )
    while len(vendor.charges()) < 2:
        await asyncio.sleep(0.02)
    ended = await jobs.cancel("job", settings)
    assert (ended.charged, ended.possibly_charged) == (190_000, 190_000)
    assert hand.row("job").cost == 190_000
    (event,) = events(hand.engine, "job")
    assert event.message == "Cancelled; $0.19 was spent, up to $0.19 more may be charged"
    slow.cancel()
    await asyncio.gather(slow, return_exceptions=True)
    with Session(hand.engine) as session:
        assert set(session.scalars(select(Call.state))) == {"collected", "failed"}
