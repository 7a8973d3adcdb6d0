"""Ads that are changed: what is bought for it, and what is found again."""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from tests.jobs.conftest import Hand
from tests.jobs.making import Works

from badapple import jobs
from badapple.config import Settings
from badapple.errors import ConflictError, InputError, JobAwaitsError, NotFoundError, ScriptError
from badapple.jobs import Changes, JobDetail, SceneChange, orders
from badapple.models import DRAFT, Brief, MakeOptions
from badapple.pipeline.orchestrator import create_pipeline_orchestrator
from badapple.testing.simulators import Simulators


@pytest.fixture
def works(settings: Settings) -> Works:
    """Works that draw and speak all by themselves, on each kind of database where the test asks for it."""
    return Works(settings)


def detail(works: Works, job: str) -> JobDetail:
    return jobs.detail(job, works.settings)


def made(shown: JobDetail) -> set[str]:
    return {part.label for part in shown.parts if part.state == "done"}


def manifest(works: Works, job: str) -> dict[str, Any]:
    video = Path(jobs.get(job, works.settings).video_url or "")
    body: dict[str, Any] = json.loads(video.with_name(f"{video.stem}.manifest.json").read_text())
    return body


def test_a_scene_anew_buys_that_scene_and_nothing_else(shop: tuple[Works, str]) -> None:
    works, job = shop
    child = jobs.regenerate(job, 1, works.settings)
    works.run(child)
    assert works.bought() == ["replicate"]
    shown = detail(works, child)
    assert made(shown) == {"footage 1", "scene 1", "seam 1", "film", "measuring"}
    assert (shown.scenes[0].take, shown.change, shown.job.parent_id) == (1, "scene 1 redone", job)
    before, after = detail(works, job).scenes[0], shown.scenes[0]
    assert after.assets["voice"].files == before.assets["voice"].files
    assert (shown.money.charged, after.assets["footage"].cost) == (190_000, 190_000)
    assert sum(part.cost for part in shown.parts) == shown.money.charged


def test_asking_once_more_is_another_take(shop: tuple[Works, str]) -> None:
    works, job = shop
    first, second = (jobs.regenerate(job, 3, works.settings) for _ in range(2))
    assert [detail(works, one).scenes[2].take for one in (first, second)] == [0, 0]  # no script is known yet
    takes = [orders.from_json(works_row(works, one)).options.takes for one in (first, second)]
    assert takes == [(0, 0, 1, 0), (0, 0, 2, 0)]


def works_row(works: Works, job: str) -> dict[str, Any]:
    from sqlalchemy.orm import Session  # noqa: PLC0415

    from badapple.database import Job, open_database  # noqa: PLC0415

    with Session(open_database(works.settings.database_url)) as session:
        return session.get_one(Job, job).request


def test_another_line_buys_that_line_and_nothing_else(shop: tuple[Works, str]) -> None:
    works, job = shop
    child = jobs.edit(job, Changes(scenes={2: SceneChange(voiceover_text="Time to shine.")}), works.settings)
    assert detail(works, child).scenes[1].voiceover_text == "Time to shine."  # before it begins
    works.run(child)
    assert works.bought() == ["elevenlabs"]
    shown = detail(works, child)
    assert made(shown) >= {"script", "voice 2", "scene 2", "soundtrack", "film"}
    assert not made(shown) & {"voice 1", "voice 3", "voice 4", *(f"footage {n}" for n in range(1, 5)), "end card"}


def test_other_words_on_screen_buy_nothing(shop: tuple[Works, str]) -> None:
    works, job = shop
    changes = Changes(scenes={1: SceneChange(headline="Look here", points=("Waterproof",))}, captions=False)
    child = jobs.edit(job, changes, works.settings)
    works.run(child)
    assert works.bought() == []
    assert detail(works, child).scenes[0].headline == "Look here"


def test_another_order_of_the_scenes_buys_nothing(shop: tuple[Works, str]) -> None:
    works, job = shop
    child = jobs.edit(job, Changes(order=(2, 1, 3, 4)), works.settings)
    works.run(child)
    assert works.bought() == []
    before, after = detail(works, job), detail(works, child)
    assert [scene.id for scene in after.scenes] == [2, 1, 3, 4]
    assert after.scenes[0].assets["voice"].files == before.scenes[1].assets["voice"].files
    assert after.scenes[0].assets["footage"].files == before.scenes[1].assets["footage"].files
    back = jobs.edit(child, Changes(order=(1, 2, 3, 4)), works.settings)
    works.run(back)
    assert detail(works, back).scenes[0].assets["segment"].files == before.scenes[0].assets["segment"].files
    assert [one.id for one in detail(works, back).ancestors] == [job, child]


def test_another_call_to_action_is_shown_and_spoken(shop: tuple[Works, str]) -> None:
    works, job = shop
    child = jobs.edit(job, Changes(cta_text="Order today"), works.settings)
    works.run(child)
    assert works.bought() == ["elevenlabs"]
    shown = detail(works, child)
    assert (shown.end_card.cta, shown.end_card.voiceover, shown.job.cta_text) == (
        "Order today", "Order today.", "Order today",
    )  # fmt: skip


def test_the_manifest_says_that_a_model_wrote_what_was_edited(shop: tuple[Works, str]) -> None:
    works, job = shop
    child = jobs.edit(job, Changes(scenes={4: SceneChange(subline="Every day")}), works.settings)
    works.run(child)
    again = jobs.edit(child, Changes(music="off"), works.settings)
    works.run(again)
    for one in (child, again):
        script = next(part for part in manifest(works, one)["parts"] if part["part"] == "script")
        assert (script["maker"], script["origin"]) == ("file", "generated")
        assert script["model"].startswith("script-1, an edit of claude:claude-")
    assert works.bought() == []


def test_a_script_that_is_new_from_end_to_end_is_the_callers_own(works: Works) -> None:
    job = works.submit()
    works.run(job)
    scenes = [{"id": number, "voiceover_text": f"Line {number}.", "headline": f"H{number}"} for number in range(1, 5)]
    child = jobs.edit(job, Changes(script={"scenes": scenes, "cta": "Buy"}), works.settings)
    works.run(child)
    script = next(part for part in manifest(works, child)["parts"] if part["part"] == "script")
    assert (script["maker"], script["model"], script["origin"]) == ("file", "script-1", "composited")
    shown = detail(works, child)
    assert [scene.voiceover_text for scene in shown.scenes] == [f"Line {n}." for n in range(1, 5)]
    assert (shown.end_card.cta, shown.end_card.voiceover, shown.job.cta_text) == ("Buy", "Buy.", "Buy")


def test_a_longer_text_gets_the_time_it_needs_where_scenes_are_drawn(works: Works) -> None:
    job = works.submit()
    works.run(job)
    before = detail(works, job).scenes[1].duration
    text = f"It keeps the time for you, {'day and night, ' * 8} on land and under water."
    child = jobs.edit(job, Changes(scenes={2: SceneChange(voiceover_text=text)}), works.settings)
    after = detail(works, child)
    assert (before or 0) < (after.scenes[1].duration or 0)
    assert (after.script or {})["total_duration"] == 30
    with pytest.raises(ScriptError, match=r"scenes\.2\.voiceover_text: takes about .* room for"):
        jobs.edit(job, Changes(scenes={2: SceneChange(voiceover_text=f"{text} {text}"[:290])}), works.settings)


def test_a_clip_has_the_length_that_is_sold(shop: tuple[Works, str]) -> None:
    works, job = shop
    text = f"It keeps the time for you, {'day and night, ' * 6} on land and under water."
    with pytest.raises(ScriptError, match=r"scenes\.1\.voiceover_text: takes about .* room for"):
        jobs.edit(job, Changes(scenes={1: SceneChange(voiceover_text=text)}), works.settings)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        (Changes(), "nothing is changed"),
        (Changes(scenes={5: SceneChange(headline="x")}), "no scene 5"),
        (Changes(order=(1, 1, 2, 3)), "each once"),
        (Changes(music="/etc/passwd"), "is not known"),
        (Changes(style="nowhere"), "nowhere"),
        (Changes(language="no code"), "no language code"),
        (Changes(cta_text="x" * 61), "61 characters"),
        (Changes(scenes={1: SceneChange(headline="x" * 101)}), r"scenes\.1\.headline"),
        (Changes(script={"scenes": [1, 2]}), "the script: scenes"),
        (Changes(script={"scenes": {}, "cta": object()}), "is not JSON"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_refused_in_words(shop: tuple[Works, str], changes: Changes, says: str) -> None:
    works, job = shop
    with pytest.raises(Exception, match=says) as refused:
        jobs.edit(job, changes, works.settings)
    assert isinstance(refused.value, InputError) or says == "nowhere"


def test_a_job_that_has_not_ended_is_left_alone(works: Works, hand: Hand) -> None:
    hand.job("going")
    hand.job("waits", "pending", awaiting="approval")
    hand.job("failed", "failed")
    calls: list[Callable[[str], str]] = [
        lambda job: jobs.regenerate(job, 1, works.settings),
        lambda job: jobs.edit(job, Changes(music="off"), works.settings),
    ]
    for call in calls:
        with pytest.raises(ConflictError, match="is processing"):
            call("going")
        with pytest.raises(ConflictError, match="waits for approval"):
            call("waits")
    with pytest.raises(ConflictError, match="no script"):
        jobs.edit("failed", Changes(scenes={1: SceneChange(headline="x")}), works.settings)
    with pytest.raises(InputError, match="no scene 7"):
        jobs.regenerate("failed", 7, works.settings)
    with pytest.raises(NotFoundError):
        jobs.regenerate("failed", 1, works.settings, owner="somebody")


def test_an_edit_belongs_to_the_owner_and_the_group_of_its_parent(works: Works, hand: Hand, photo: Path) -> None:
    order = jobs.JobOrder(product_name="Watch", style="bold", photo=photo)
    job = jobs.submit(order, works.settings, owner="shop", priority="high")
    hand.end(job, "failed")
    hand.change(job, group_id="variants")
    child = hand.row(jobs.regenerate(job, 4, works.settings, owner="shop"))
    assert (child.owner, child.group_id, child.parent_id, child.priority) == ("shop", "variants", job, 1)
    assert child.request["files"] == hand.row(job).request["files"]  # by reference
    assert child.status == "pending"


def test_a_script_of_an_earlier_release_is_handed_on(works: Works, hand: Hand) -> None:
    job = works.submit()
    works.run(job)
    same = hand.row(jobs.regenerate(job, 1, works.settings)).request
    row = hand.row(job)
    hand.change(job, options={**row.options, "version": "0.0.1"})
    other = hand.row(jobs.regenerate(job, 2, works.settings)).request
    assert ("script" in same["files"], "script" in other["files"]) == (False, True)
    assert other["options"]["script_from"].startswith("offline:")


@pytest.mark.usefixtures("database_url")
def test_a_script_is_approved_before_anything_else_is_made(works: Works, hand: Hand) -> None:
    job = works.submit(approval=True)
    other = works.submit("Lamp")
    with pytest.raises(JobAwaitsError):
        works.run(job)
    row = hand.row(job)
    assert (row.status, row.awaiting, row.run, row.progress, row.attempt) == ("pending", "approval", None, 25, 1)
    assert made(detail(works, job)) == {"product picture", "script"}
    assert jobs.get(job, works.settings).position is None
    assert jobs.get(other, works.settings).position == 0
    with pytest.raises(JobAwaitsError):  # whoever takes it up once more finds it waiting, and tells nobody
        works.run(job)
    assert hand.row(job).seq == row.seq
    again = jobs.approve(job, works.settings)
    assert (again.queued, again.attempt) == (True, 2)
    with pytest.raises(ConflictError, match="does not wait for approval"):
        jobs.approve(job, works.settings)
    works.run(job)
    assert (hand.row(job).status, hand.row(job).awaiting) == ("completed", None)
    told = [event.message for event in jobs.replay(hand.engine, job)]
    ready = "The script is ready: approve it, or change it"
    assert [told.count(ready), told.count("The script is approved")] == [1, 1]


@pytest.mark.usefixtures("database_url")
def test_a_waiting_script_is_replaced_by_another(works: Works, hand: Hand) -> None:
    job = works.submit(approval=True)
    with pytest.raises(JobAwaitsError):
        works.run(job)
    script = deepcopy(dict(detail(works, job).script or {}))
    script["scenes"][0]["voiceover_text"] = "My own words."
    with pytest.raises(ScriptError, match=r"scenes\.1\.headline"):
        jobs.put_script(job, {**script, "scenes": [{"id": 1, "headline": "x" * 300}] * 4}, works.settings)
    put = jobs.put_script(job, {**script, "cta": "Buy it", "cta_voiceover": None}, works.settings)
    assert (put["cta"], put["cta_voiceover"]) == ("Buy it", "Buy it.")
    first = hand.row(job).request["files"]["script"]
    jobs.put_script(job, {**script, "cta": "Buy it now", "cta_voiceover": None}, works.settings)
    shelf = works.settings.data_dir / "orders" / "blobs" / first["sha256"][:2]
    assert not (shelf / f"{first['sha256']}.json").exists()  # nobody needs it any more
    shown = detail(works, job)
    assert (shown.awaiting, shown.scenes[0].voiceover_text, shown.end_card.cta) == (
        "approval", "My own words.", "Buy it now",
    )  # fmt: skip
    jobs.approve(job, works.settings)
    works.run(job)
    shown = detail(works, job)
    assert (shown.job.status, shown.scenes[0].voiceover_text, shown.job.cta_text) == (
        "completed", "My own words.", "Buy it now",
    )  # fmt: skip
    with pytest.raises(ConflictError):
        jobs.put_script(job, script, works.settings)


async def test_a_waiting_job_is_cancelled_and_resumed_to_wait_again(works: Works, hand: Hand) -> None:
    from badapple.process import in_thread  # noqa: PLC0415

    job = works.submit(approval=True)
    with pytest.raises(JobAwaitsError):
        await in_thread(works.run, job)
    await jobs.cancel(job, works.settings)
    assert (hand.row(job).status, hand.row(job).awaiting) == ("cancelled", None)
    jobs.resume(job, works.settings)
    with pytest.raises(JobAwaitsError):
        await in_thread(works.run, job)
    assert (hand.row(job).status, hand.row(job).awaiting) == ("pending", "approval")


def test_approval_is_asked_for_before_vendors_of_parts_are_paid(tmp_path: Path) -> None:
    with Simulators(small=True) as sims:
        works = Works.beside(sims, tmp_path)
        job = works.submit(approval=True)
        with pytest.raises(JobAwaitsError):
            works.run(job)
        assert works.bought() == ["anthropic"]
        jobs.approve(job, works.settings)
        works.run(job)
        assert works.bought() == [*["elevenlabs"] * 5, "replicate"]


async def test_a_job_that_is_made_here_goes_on_with_the_script_that_was_put(settings: Settings, tmp_path: Path) -> None:
    options = MakeOptions(canvas=DRAFT, approval=True)
    request = orders.of_local(Brief(product_name="Watch", style="minimal", cta_text="Go"), options)
    film = create_pipeline_orchestrator("here", options=options, settings=settings, request=request)
    with pytest.raises(JobAwaitsError) as waits:
        await film.execute_pipeline("Watch", "minimal", "Go")
    assert "badapple jobs approve here" in waits.value.hint
    script = deepcopy(dict(jobs.detail("here", settings).script or {}))
    script["scenes"][0]["headline"] = "Mine"
    jobs.put_script("here", script, settings)
    again = jobs.approve("here", settings)
    assert (again.queued, again.attempt, again.order.options.approval) == (False, 2, False)
    assert again.order.options.script is not None
    assert "Mine" in again.order.options.script.read_text()
