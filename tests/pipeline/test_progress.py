"""What watchers see."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from badapple.database import Event, Stage, open_database
from badapple.models import Brief, ProgressEvent, StageName
from badapple.pipeline.bell import Bell, bell_for
from badapple.pipeline.progress import CHANNEL, Progress
from badapple.pipeline.stages import JobRows


class Radio:
    """A Redis client's `publish`, kept in a list; can be out of order."""

    def __init__(self, *, broken: bool = False) -> None:
        self.sent: list[tuple[str, str]] = []
        self.broken = broken

    def publish(self, channel: str, body: str) -> None:
        if self.broken:
            raise ConnectionError("gone")
        self.sent.append((channel, body))


class AsyncRadio(Radio):
    async def publish(self, channel: str, body: str) -> None:  # type: ignore[override]  # as asyncio's twin has it
        self.sent.append((channel, body))


Start = Callable[..., Progress]


@pytest.fixture
def seen() -> list[ProgressEvent]:
    return []


@pytest.fixture
def start(tmp_path: Path, seen: list[ProgressEvent]) -> Start:
    rows = JobRows(open_database(f"sqlite:///{tmp_path / 'p.db'}"), "job")
    rows.begin(Brief(product_name="a", style="luxury", cta_text="b"), {})
    return lambda redis=None: Progress("job", rows, redis_client=redis, on_progress=seen.append)


async def whole_job(progress: Progress) -> None:
    async with progress.stage(StageName.SCRIPT_GEN, "Analyzing product image...", done="written", parts=2):
        await progress.part(StageName.SCRIPT_GEN, "picture", "started")
        await progress.part(StageName.SCRIPT_GEN, "picture", "done")
    for stage in (StageName.VOICE_GEN, StageName.CTA_GEN, StageName.VIDEO_GEN):
        async with progress.stage(stage, "begin", done="end", parts=4):
            for number in range(4):
                await progress.part(stage, f"part {number}", "done")
    async with progress.stage(StageName.COMPOSITING, "begin", done="end"):
        await progress.part(StageName.COMPOSITING, "film", "reused")
    await progress.end("completed", "ready")


async def test_messages_have_the_public_shape(start: Start, seen: list[ProgressEvent]) -> None:
    radio = Radio()
    await whole_job(start(radio))
    bell = bell_for(radio)
    assert isinstance(bell, Bell)
    assert bell.flush(5)
    bodies = [json.loads(body) for _, body in radio.sent]
    assert {channel for channel, _ in radio.sent} == {CHANNEL} == {"job_progress_updates"}
    assert all(set(body) == {"job_id", "stage", "progress", "message", "timestamp", "seq"} for body in bodies)
    assert bodies[0]["message"] == "Analyzing product image..."
    assert [body["seq"] for body in bodies] == list(range(1, len(bodies) + 1))
    stamp = bodies[0]["timestamp"]
    assert stamp.endswith("Z")
    assert len(stamp) == len("2026-01-01T00:00:00.000Z")
    assert datetime.fromisoformat(stamp).tzinfo is not None
    assert [event.to_message() for event in seen] == bodies


async def test_progress_runs_through_the_phases_and_never_falls(start: Start, seen: list[ProgressEvent]) -> None:
    await whole_job(start())
    percents = [event.progress for event in seen]
    assert percents == sorted(percents)
    last = {event.stage: event.progress for event in seen}
    assert last == {
        "script_gen": 25,
        "voice_gen": 30,
        "cta_gen": 35,
        "video_gen": 75,
        "compositing": 100,
        "completed": 100,
    }


async def test_a_failed_stage_is_remembered_and_the_rest_is_pending(
    start: Start, tmp_path: Path, seen: list[ProgressEvent]
) -> None:
    progress = start()
    with pytest.raises(ValueError, match="no voice"):
        async with progress.stage(StageName.VOICE_GEN, "begin", done="end"):
            raise ValueError("no voice")
    progress._begun.add(StageName.VIDEO_GEN)
    await progress.rest()
    before = seen[-1].progress
    await progress.end("error", "no voice")
    assert progress.failed == "voice_gen"
    assert (seen[-1].stage, seen[-1].progress) == ("error", before)
    with Session(open_database(f"sqlite:///{tmp_path / 'p.db'}")) as session:
        status = {row.stage_name: (row.status, row.error_message) for row in session.scalars(select(Stage))}
    assert status["voice_gen"] == ("failed", "no voice")
    assert status["video_gen"] == ("pending", None)


async def test_a_lost_publish_harms_nothing(start: Start, tmp_path: Path) -> None:
    await whole_job(start(Radio(broken=True)))
    with Session(open_database(f"sqlite:///{tmp_path / 'p.db'}")) as session:
        assert session.scalars(select(Event.stage).order_by(Event.seq)).all()[-1] == "completed"


async def test_an_asyncio_client_is_awaited(start: Start) -> None:
    radio = AsyncRadio()
    await whole_job(start(radio))
    assert json.loads(radio.sent[-1][1])["stage"] == "completed"
