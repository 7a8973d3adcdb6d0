"""All there is to know of one job."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Engine, delete, event
from sqlalchemy.orm import Session
from tests.jobs.conftest import Hand, Order
from tests.jobs.making import Works

from badapple import jobs
from badapple.config import Settings
from badapple.database import Call, Part
from badapple.errors import NotFoundError
from badapple.media import ffmpeg as tools
from badapple.media.probe import probe
from badapple.models import MakeOptions, Makers

_SCENES = [
    {
        "id": number, "frames": 190, "headline": f"H{number}", "subline": "", "points": ["fact"], "duration": 6.33,
        "voiceover_text": f"Line {number}.", "video_prompt_template": f"Film {number}",
    }
    for number in (2, 1, 3, 4)
]  # fmt: skip
_SCRIPT = {
    "style": "minimal", "product_name": "Watch", "cta": "Go", "cta_line": "Now", "cta_voiceover": "Go.",
    "cta_frames": 188, "spoken_name": "Watch", "scenes": _SCENES, "total_duration": 30.0,
}  # fmt: skip


@contextmanager
def queries(engine: Engine) -> Iterator[list[str]]:
    """Collect the queries that the block asks."""
    asked: list[str] = []

    def note(*call: object) -> None:
        asked.append(str(call[2]))

    event.listen(engine, "before_cursor_execute", note)
    yield asked
    event.remove(engine, "before_cursor_execute", note)


def part(engine: Engine, job: str, label: str, state: str, **facts: object) -> None:
    values = {"stage": "video_gen", "kind": "footage", "key": f"key of {label}", "attempt": 1, **facts}
    with Session(engine) as session, session.begin():
        session.add(Part(job_id=job, label=label, state=state, **values))


@pytest.mark.usefixtures("database_url")
def test_a_running_job_shows_what_is_known(settings: Settings, hand: Hand, order: Order) -> None:
    options = MakeOptions(takes=(0, 3, 0, 0), makers=Makers(max_cost=2_000_000))
    request = jobs.orders.to_json(order(options=options, quoted=900_000))
    hand.job("first", "failed")
    hand.job("root", "completed", parent_id="first", options={"change": "captions off"})
    hand.job("job", parent_id="root", request=request, options={"script": _SCRIPT, "change": "scene 2 anew"})
    hand.job("child", "pending", parent_id="job", options={"change": "music off"})
    hand.job("foreign", "pending", parent_id="job", owner="somebody")
    part(hand.engine, "job", "footage 2", "started", maker={"name": "replicate", "model": "m"})
    part(hand.engine, "job", "voice 1", "failed", kind="voice")
    with Session(hand.engine) as session, session.begin():
        for number, (state, money) in enumerate([("collected", {"settled": 5}), ("submitted", {"reserved": 7})]):
            session.add(
                Call(
                    id=str(number), key=str(number), attempt=1, owner="local", vendor="replicate", model="m",
                    dedupe="lookup", state=state, job="job", request_hash="h", **money,
                )
            )  # fmt: skip
    hand.tell("job", "one", "two")
    with queries(hand.engine) as asked:
        shown = jobs.detail("job", settings)
    assert len([one for one in asked if one.lstrip().startswith(("SELECT", "WITH"))]) <= 6
    assert (shown.seq, shown.change, shown.has_photo, shown.awaiting) == (2, "scene 2 anew", False, None)
    first = shown.scenes[0]
    assert (first.id, first.position, first.take, first.headline, first.prompt) == (2, 1, 3, "H2", "Film 2")
    assert (first.start, first.duration, first.points) == (0, 190 / 30, ("fact",))
    assert {name: asset.state for name, asset in first.assets.items()} == {"voice": "failed", "footage": "started"}
    assert (shown.end_card.cta, shown.end_card.voiceover, shown.end_card.assets) == ("Go", "Go.", {})
    assert (shown.money.charged, shown.money.under_way, shown.money.cap, shown.money.quoted) == (
        5, 7, 2_000_000, 900_000,
    )  # fmt: skip
    assert [(one.id, one.change) for one in shown.ancestors] == [("first", ""), ("root", "captions off")]
    assert [(one.id, one.change) for one in shown.children] == [("child", "music off")]
    body = json.loads(json.dumps(shown.to_json()))
    assert (body["id"], body["money"]["cap_usd"], body["scenes"][0]["assets"]["footage"]["cost_usd"]) == ("job", 2.0, 0)
    assert body["children"][0]["created_at"].endswith("+00:00")


def test_a_job_that_has_not_begun_has_four_scenes_without_words(settings: Settings, hand: Hand, order: Order) -> None:
    job = jobs.submit(order(), settings)
    with queries(hand.engine) as asked:
        shown = jobs.detail(job, replace(settings, max_cost=7))
    assert len([one for one in asked if one.lstrip().startswith(("SELECT", "WITH"))]) <= 6
    assert [(scene.id, scene.headline, scene.start) for scene in shown.scenes] == [(n, "", None) for n in range(1, 5)]
    assert (shown.script, shown.parts, shown.money.cap, shown.error) == (None, (), 7, None)
    with pytest.raises(NotFoundError):
        jobs.detail(job, settings, owner="somebody")
    with pytest.raises(NotFoundError):
        jobs.detail("nothing", settings)


def test_a_part_that_nobody_makes_any_more_is_pending(settings: Settings, hand: Hand) -> None:
    hand.job("job", "cancelled")
    part(hand.engine, "job", "footage 1", "started")
    assert [one.state for one in jobs.detail("job", settings).parts] == ["pending"]


def test_an_error_says_what_to_do(settings: Settings, hand: Hand) -> None:
    failure = {
        "stage": "voice_gen", "hint": "add credit", "retryable": False, "charged": 5, "possibly_charged": 0,
        "cause": {"type": "PermanentProviderError", "message": "m", "facts": {"reason": "quota"}},
    }  # fmt: skip
    hand.job("job", "failed", error_message="out of credit", failure=failure)
    error = jobs.detail("job", settings).error
    assert error is not None
    assert (error.message, error.hint, error.type, error.reason, error.stage, error.retryable, error.charged) == (
        "out of credit", "add credit", "PermanentProviderError", "quota", "voice_gen", False, 5,
    )  # fmt: skip


def test_jobs_that_name_each_other_as_parents_end(settings: Settings, hand: Hand) -> None:
    hand.job("a", parent_id="b")
    hand.job("b", parent_id="a")
    assert [one.id for one in jobs.detail("a", settings).ancestors] == ["b"]


@pytest.mark.usefixtures("database_url")
def test_files_of_parts_are_found_by_name(settings: Settings, hand: Hand, tmp_path: Path) -> None:
    works = Works(settings)
    job = works.submit()
    works.run(job)
    shown = jobs.detail(job, settings)
    assert {part.state for part in shown.parts} <= {"done", "reused"}
    assert shown.script is not None
    assert all(set(scene.assets) == {"voice", "segment"} for scene in shown.scenes)
    assert set(shown.end_card.assets) == {"card", "segment"}
    voice = shown.scenes[2].assets["voice"]
    assert (voice.label, voice.stage, voice.maker["name"]) == ("voice 3", "voice_gen", "offline")
    (file,) = voice.files
    assert (file.name, file.media_type) == ("voice", "audio/mpeg")
    path = jobs.part_file(job, "voice 3", "voice", settings)
    assert (path.stat().st_size, path.stem) == (file.size, file.sha256)
    film = jobs.part_file(job, "film", "film", settings, owner="local")
    assert probe(film, ffmpeg=tools.locate()).frames == 900
    for label, name in (("voice 3", "x"), ("../film", "film"), ("voice 3", "../../voice"), ("voice 9", "voice")):
        with pytest.raises(NotFoundError):
            jobs.part_file(job, label, name, settings)
    with pytest.raises(NotFoundError, match="no job"):
        jobs.part_file(job, "film", "film", settings, owner="somebody")
    path.unlink()
    with pytest.raises(NotFoundError, match="is gone"):
        jobs.part_file(job, "voice 3", "voice", settings)


def test_a_job_of_an_earlier_release_shows_its_parts(settings: Settings, hand: Hand) -> None:
    works = Works(settings)
    job = works.submit()
    works.run(job)
    before = jobs.detail(job, settings)
    with Session(hand.engine) as session, session.begin():
        session.execute(delete(Part))
    shown = jobs.detail(job, settings)
    assert [part.label for part in shown.parts] == [part.label for part in before.parts]
    assert [part.files for part in shown.parts] == [part.files for part in before.parts]
    assert shown.script == before.script
    assert jobs.part_file(job, "film", "poster", settings).suffix == ".jpg"
