"""Rows of a job's parts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event, select
from sqlalchemy.orm import Session

from badapple.config import read_settings
from badapple.database import Job, Part, open_database
from badapple.errors import JobTakenOverError, PermanentProviderError, PipelineOrchestrationError
from badapple.models import (
    DRAFT,
    Asset,
    AssetRequest,
    Brief,
    JobStatus,
    MakeOptions,
    Maker,
    ProgressEvent,
    StageName,
    StageStatus,
)
from badapple.pipeline.orchestrator import create_pipeline_orchestrator
from badapple.pipeline.part_rows import PartNews
from badapple.pipeline.stages import JobRows
from badapple.testing import Breaking, quick_providers

BRIEF = Brief(product_name="Watch", style="luxury", cta_text="Shop Now")
TOLD = ProgressEvent(job_id="job", stage="voice_gen", progress=30, message="x", timestamp="now", seq=0)
VOICE = AssetRequest(kind="voice", params={"by": "elevenlabs:v2"}, stage=StageName.VOICE_GEN, label="voice 1")
MADE = Asset(
    key="k", kind="voice", files={}, digest="d", facts={}, maker=Maker(name="elevenlabs", model="v2", generated=True),
    seconds=1.5, cost=1300,
)  # fmt: skip


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    engine = open_database(database_url)
    yield engine
    engine.dispose()


def part(engine: Engine, label: str = "voice 1") -> Part | None:
    with Session(engine, expire_on_commit=False) as session:
        return session.get(Part, ("job", label))


def facts(engine: Engine, label: str = "voice 1") -> tuple[Any, ...]:
    found = part(engine, label)
    assert found is not None
    return found.state, found.attempt, found.cost


def test_a_part_is_written_with_its_event_and_by_nobody_else(engine: Engine) -> None:
    rows, newer = JobRows(engine, "job"), JobRows(engine, "job")
    rows.begin(BRIEF, {})
    commits: list[object] = []
    event.listen(engine, "commit", commits.append)
    rows.event(TOLD, parts=[PartNews.of_request(VOICE, "started")])
    assert len(commits) == 1
    begun = part(engine)
    assert begun is not None
    assert (begun.state, begun.stage, begun.maker) == ("started", "voice_gen", {"name": "elevenlabs", "model": "v2"})
    newer.begin(BRIEF, {}, attempt=1)
    with pytest.raises(JobTakenOverError):
        rows.event(TOLD, parts=[PartNews.of_asset(VOICE, MADE)])
    assert facts(engine)[0] == "started"
    newer.event(TOLD, parts=[PartNews.of_asset(VOICE, MADE)])
    made = part(engine)
    assert made is not None
    assert (made.state, made.key, made.cost, made.seconds) == ("done", "k", 1300, 1.5)
    assert made.maker == {"name": "elevenlabs", "model": "v2", "generated": True}


def test_a_later_run_of_the_same_attempt_leaves_what_is_made_made(engine: Engine) -> None:
    rows, later = JobRows(engine, "job"), JobRows(engine, "job")
    rows.begin(BRIEF, {})
    rows.event(TOLD, parts=[PartNews.of_asset(VOICE, MADE)])
    later.begin(BRIEF, {}, attempt=1)
    later.event(TOLD, parts=[PartNews.of_asset(VOICE, replace(MADE, reused=True))])
    assert facts(engine) == ("done", 1, 1300)
    later.event(TOLD, parts=[PartNews.of_asset(VOICE, replace(MADE, key="other", cost=5, reused=True))])
    assert facts(engine) == ("reused", 1, 0)


def test_a_new_attempt_keeps_what_is_finished_and_forgets_the_rest(engine: Engine) -> None:
    rows = JobRows(engine, "job")
    rows.begin(BRIEF, {})
    card = AssetRequest(kind="card", params={}, stage=StageName.CTA_GEN, label="end card")
    clip = replace(card, kind="footage", label="footage 1")
    rows.event(TOLD, parts=[PartNews.of_asset(VOICE, MADE), PartNews.of_request(card, "started")])
    rows.stage(
        StageName.VIDEO_GEN, StageStatus.FAILED, progress=1, error="no", parts=[PartNews.of_request(clip, "failed")]
    )
    assert facts(engine, "footage 1")[0] == "failed"
    rows.end(replace(TOLD, stage="error"), JobStatus.FAILED, error="no")
    rows.begin(BRIEF, {})
    assert (part(engine, "end card"), part(engine, "footage 1")) == (None, None)
    assert facts(engine) == ("done", 1, 1300)
    rows.event(TOLD, parts=[PartNews.of_asset(VOICE, replace(MADE, reused=True))])
    assert facts(engine) == ("reused", 2, 1300)  # the job has paid for it


def test_parts_go_with_their_job(engine: Engine) -> None:
    rows = JobRows(engine, "job")
    rows.begin(BRIEF, {})
    rows.event(TOLD, parts=[PartNews.of_asset(VOICE, MADE)])
    with Session(engine) as session, session.begin():
        session.delete(session.get_one(Job, "job"))
    with Session(engine) as session:
        assert session.scalars(select(Part)).all() == []


async def test_the_story_writes_which_part_failed(tmp_path: Path) -> None:
    settings = read_settings({"BADAPPLE_DATA_DIR": str(tmp_path / "d"), "BADAPPLE_CACHE_DIR": str(tmp_path / "c")})
    broken = Breaking(error=PermanentProviderError("no paint", provider="testing"))
    film = create_pipeline_orchestrator(
        "job", options=MakeOptions(canvas=DRAFT), settings=settings, providers=quick_providers(painter=broken)
    )
    with pytest.raises(PipelineOrchestrationError, match="no paint"):
        await film.execute_pipeline("Watch", "minimal", "Go")
    engine = open_database(settings.database_url)
    with Session(engine) as session:
        states = {row.label: row.state for row in session.scalars(select(Part))}
    assert (states["end card"], states["script"], states["product picture"]) == ("failed", "done", "done")
    assert "film" not in states
