"""Rows of a job, and parts that end together."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from badapple.database import Event, Job, Stage, open_database
from badapple.errors import JobTakenOverError
from badapple.models import Brief, JobStatus, ProgressEvent, StageName, StageStatus
from badapple.pipeline.endings import end_job
from badapple.pipeline.stages import JobRows, finish_together

BRIEF = Brief(product_name="Watch", style="luxury", cta_text="Shop Now")


async def test_results_come_in_order() -> None:
    async def one(number: int) -> int:
        await asyncio.sleep(0.03 - number / 100)
        return number

    assert await finish_together([one(1), one(2)]) == [1, 2]


async def test_one_failure_stops_the_others_and_waits_for_them() -> None:
    ended: list[str] = []

    async def slow() -> None:
        try:
            await asyncio.sleep(10)
        finally:
            await asyncio.sleep(0.05)
            ended.append("slow")

    async def broken() -> None:
        await asyncio.sleep(0.01)
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        await finish_together([slow(), broken()])
    assert ended == ["slow"]


async def test_cancelling_the_whole_stops_every_part() -> None:
    ended: list[int] = []

    async def slow(number: int) -> None:
        try:
            await asyncio.sleep(10)
        finally:
            ended.append(number)

    task = asyncio.create_task(finish_together([slow(1), slow(2)]))
    await asyncio.sleep(0.02)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert sorted(ended) == [1, 2]


def event(stage: str, *, progress: int = 30) -> ProgressEvent:
    return ProgressEvent(job_id="job", stage=stage, progress=progress, message="x", timestamp="now", seq=0)


def test_beginning_again_resets_the_rows(tmp_path: Path) -> None:
    engine = open_database(f"sqlite:///{tmp_path / 'j.db'}")
    rows = JobRows(engine, "job")
    rows.begin(BRIEF, {})
    rows.stage(StageName.SCRIPT_GEN, StageStatus.PROCESSING, progress=0)
    rows.stage(StageName.SCRIPT_GEN, StageStatus.FAILED, progress=50, error="no")
    rows.end(event("error"), JobStatus.FAILED, error="no")
    rows.begin(BRIEF, {})
    with Session(engine) as session:
        job = session.get_one(Job, "job")
        assert (job.status, job.attempt, job.error_message) == ("processing", 2, None)
        stages = session.scalars(select(Stage)).all()
        assert [stage.stage_name for stage in stages] == [name.value for name in StageName]
        assert {(stage.status, stage.progress, stage.started_at) for stage in stages} == {("pending", 0, None)}


def test_a_run_goes_on_where_an_earlier_run_of_its_attempt_stopped(tmp_path: Path) -> None:
    engine = open_database(f"sqlite:///{tmp_path / 'j.db'}")
    first, second = JobRows(engine, "job"), JobRows(engine, "job")
    assert first.begin(BRIEF, {}).again is False
    assert first.event(event("voice_gen", progress=40), made=5, worked=12.5) == 1
    begun = second.begin(BRIEF, {}, attempt=1)
    assert (begun.percent, begun.worked, begun.again) == (40, 12.5, True)
    assert second.event(event("voice_gen", progress=40), made=2, worked=13.0) == 2
    with Session(engine) as session:
        assert session.get_one(Job, "job").made == 5  # found parts are no step back


def test_only_the_run_that_began_last_may_write(tmp_path: Path) -> None:
    engine = open_database(f"sqlite:///{tmp_path / 'j.db'}")
    stale, newer = JobRows(engine, "job"), JobRows(engine, "job")
    stale.begin(BRIEF, {})
    newer.begin(BRIEF, {}, attempt=1)
    late: list[Callable[[], object]] = [
        lambda: stale.event(event("voice_gen")),
        lambda: stale.stage(StageName.VOICE_GEN, StageStatus.FAILED, progress=1, error="stale"),
        lambda: stale.end(event("completed"), JobStatus.COMPLETED, video_url="stale.mp4"),
        stale.close,
    ]
    for write in late:
        with pytest.raises(JobTakenOverError):
            write()
    with Session(engine) as session:
        job = session.get_one(Job, "job")
        assert (job.status, job.seq, job.video_url, job.closing) == ("processing", 0, None, False)
        assert {stage.status for stage in session.scalars(select(Stage))} == {"pending"}
    assert newer.end(event("completed"), JobStatus.COMPLETED, video_url="new.mp4") == 1


def test_an_attempt_that_is_over_cannot_be_begun(tmp_path: Path) -> None:
    engine = open_database(f"sqlite:///{tmp_path / 'j.db'}")
    rows = JobRows(engine, "job")
    rows.begin(BRIEF, {})
    rows.end(event("completed"), JobStatus.COMPLETED)
    with pytest.raises(JobTakenOverError):
        JobRows(engine, "job").begin(BRIEF, {}, attempt=1)
    with pytest.raises(JobTakenOverError):
        rows.event(event("voice_gen"))


def test_a_job_ends_once_whoever_ends_it(tmp_path: Path) -> None:
    engine = open_database(f"sqlite:///{tmp_path / 'j.db'}")
    rows = JobRows(engine, "job")
    rows.begin(BRIEF, {})
    rows.event(event("voice_gen", progress=40))
    assert end_job(engine, "job", JobStatus.FAILED, "It crashed", error="crash") is True
    assert end_job(engine, "job", JobStatus.CANCELLED, "Cancelled") is False
    with pytest.raises(JobTakenOverError):
        rows.end(event("completed"), JobStatus.COMPLETED)
    with Session(engine) as session:
        told = [(row.seq, row.stage, row.progress) for row in session.scalars(select(Event).order_by(Event.seq))]
    assert told == [(1, "voice_gen", 40), (2, "error", 40)]


def test_a_row_of_the_callers_is_taken(tmp_path: Path) -> None:
    engine = open_database(f"sqlite:///{tmp_path / 'j.db'}")
    with Session(engine) as session, session.begin():
        session.add(Job(id="mine", status="pending", product_name="x", style="y", cta_text="z", owner="shop"))
    JobRows(engine, "mine").begin(BRIEF, {})
    with Session(engine) as session:
        job = session.get_one(Job, "mine")
        assert (job.owner, job.product_name, job.status) == ("shop", "Watch", "processing")


async def test_a_part_that_is_cancelled_ends_the_others_that_wait_for_it() -> None:
    ready = asyncio.Event()

    async def cancelled() -> None:
        await asyncio.sleep(0.01)
        raise asyncio.CancelledError

    async def waiting() -> None:
        await ready.wait()

    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(finish_together([waiting(), cancelled()]), 2)
