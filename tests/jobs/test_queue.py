"""Jobs come into the queue, and stand in it."""

from __future__ import annotations

import os
import threading
import wave
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session
from tests.jobs.conftest import Hand, Order

from badapple import jobs
from badapple.config import Settings
from badapple.database import Event, Job, Stage
from badapple.errors import InputError, PhotoError, UnknownStyleError
from badapple.jobs import JobOrder, orders, queue
from badapple.models import MakeOptions


def test_a_job_is_one_row_with_five_stages_that_says_everything(
    settings: Settings, hand: Hand, order: Order, photo: Path, tmp_path: Path
) -> None:
    music = tmp_path / "bed.wav"
    with wave.open(str(music), "wb") as tone:
        tone.setparams((1, 2, 8000, 0, "NONE", ""))
        tone.writeframes(b"\x00\x10\x00\xf0" * 4000)
    sound = music.read_bytes()
    wanted = order("Solenne", photo=photo, options=MakeOptions(music=str(music), seed=7), agreed=True, quoted=380_000)
    job_id = jobs.submit(wanted, settings, priority="high")
    photo.unlink()
    music.unlink()
    row = hand.row(job_id)
    assert (row.status, row.engine, row.attempt, row.priority, row.dispatched) == ("pending", True, 1, 1, 0)
    assert (row.product_name, row.style, row.cta_text, row.owner) == ("Solenne", "minimal", "Shop Now", "local")
    with Session(hand.engine) as session:
        stages = [(stage.stage_name, stage.status) for stage in session.scalars(select(Stage).order_by(Stage.id))]
        assert session.scalar(select(func.count()).select_from(Event)) == 0
    assert stages == [(name, "pending") for name in ("script_gen", "voice_gen", "video_gen", "cta_gen", "compositing")]
    back = jobs.fetch(orders.of_row(row), settings)
    assert back.photo is not None
    assert (back.photo.suffix, back.options.seed, back.agreed, back.quoted) == (".png", 7, True, 380_000)
    assert Path(back.options.music).read_bytes() == sound


def test_a_file_that_can_only_fail_later_is_refused_now(settings: Settings, order: Order, tmp_path: Path) -> None:
    bad = tmp_path / "bed.mp3"
    bad.write_bytes(b"la la la")
    with pytest.raises(InputError, match=r"the music file bed\.mp3 is of another kind"):
        jobs.submit(order(options=MakeOptions(music=str(bad))), settings)
    long = tmp_path / "script.json"
    long.write_bytes(b" " * 70_000)
    with pytest.raises(InputError, match="the script"):
        jobs.submit(order(options=MakeOptions(script=long)), settings)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(InputError, match="pipe"):
        jobs.submit(order(options=MakeOptions(script=pipe)), settings)
    assert jobs.listing(settings) == ()


def test_any_machine_with_the_same_storage_finds_the_files(
    settings: Settings, hand: Hand, order: Order, photo: Path, tmp_path: Path
) -> None:
    shared = replace(settings, storage_url=str(tmp_path / "shared"))
    job_id = jobs.submit(order(photo=photo), shared)
    elsewhere = replace(shared, cache_dir=tmp_path / "another cache", data_dir=tmp_path / "another")
    fetched = jobs.fetch(orders.of_row(hand.row(job_id)), elsewhere)
    assert fetched.photo is not None
    assert fetched.photo.is_relative_to(tmp_path / "another cache")
    with Image.open(fetched.photo) as kept:
        assert (kept.format, kept.size) == ("PNG", (200, 300))


def test_files_that_are_gone_are_said_to_be(settings: Settings, hand: Hand, order: Order, photo: Path) -> None:
    kept = orders.of_row(hand.row(jobs.submit(order(photo=photo), settings)))
    (file,) = (path for path in settings.data_dir.glob("orders/blobs/*/*") if path.is_file())
    file.unlink()
    with pytest.raises(InputError, match="the photo of this job is gone"):
        jobs.fetch(kept, settings)


@pytest.mark.parametrize(
    ("facts", "error", "says"),
    [
        ({"name": " "}, InputError, "product name is empty"),
        ({"name": "a" * 101}, InputError, "101 characters"),
        ({"name": "two\nlines"}, InputError, "control character"),
        ({"name": "\ud800"}, InputError, "valid text"),
        ({"style": "luxry"}, UnknownStyleError, "known styles"),
        ({"photo": Path("gone.jpg")}, PhotoError, "no photo"),
        ({"options": MakeOptions(script=Path("gone.json"))}, InputError, "there is no script 'gone.json'"),
    ],
)
def test_what_could_only_fail_is_refused(
    settings: Settings, order: Order, facts: dict[str, object], error: type[Exception], says: str
) -> None:
    with pytest.raises(error, match=says):
        jobs.submit(order(**facts), settings)
    assert jobs.listing(settings) == ()


def test_a_picture_that_is_none_is_refused(settings: Settings, order: Order, tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"\xff\xd8\xff but no more")
    with pytest.raises(PhotoError):
        jobs.submit(order(photo=tmp_path / "a.jpg"), settings)
    with (tmp_path / "big.jpg").open("wb") as file:
        file.truncate(26 * 2**20)
    with pytest.raises(PhotoError, match=r"26\.0 MiB"):
        jobs.submit(order(photo=tmp_path / "big.jpg"), settings)
    assert jobs.listing(settings) == ()


def test_the_caller_may_name_the_job(settings: Settings, hand: Hand, order: Order) -> None:
    assert jobs.submit(order(), settings, job_id="ad ø/1 …") == "ad ø/1 …"
    for taken in ("ad ø/1 …", hand.job("running"), hand.job("made here", "pending", engine=False, request={"v": 1})):
        with pytest.raises(InputError, match="already"):
            jobs.submit(order(), settings, job_id=taken)
    for bad in ("", "a" * 256, "a\n"):
        with pytest.raises(InputError, match="cannot be used"):
            jobs.submit(order(), settings, job_id=bad)


@pytest.mark.usefixtures("database_url")
def test_a_row_that_the_caller_inserted_is_taken(settings: Settings, hand: Hand, order: Order) -> None:
    with Session(hand.engine) as session, session.begin():
        session.add(Job(id="orm", status="pending", product_name="Old", style="bold", cta_text=""))
    with pytest.raises(InputError, match="already"):
        jobs.submit(order(), settings, job_id="orm", owner="somebody-else")
    assert jobs.submit(order("New"), settings, job_id="orm") == "orm"
    row = hand.row("orm")
    assert (row.product_name, row.style, row.engine, row.turn, row.request["v"]) == ("New", "minimal", True, 1, 1)
    with Session(hand.engine) as session:
        assert session.scalar(select(func.count()).select_from(Stage)) == 5


def _submitted(settings: Settings, order: JobOrder, owner: str, count: int) -> list[str]:
    return [jobs.submit(order, settings, owner=owner, job_id=f"{owner}{number}") for number in range(count)]


def _queue(settings: Settings) -> list[str]:
    waiting = [view for view in jobs.listing(settings, status="pending", limit=100) if view.position is not None]
    return [view.id for view in sorted(waiting, key=lambda view: view.position or 0)]


@pytest.mark.usefixtures("database_url")
def test_owners_take_turns_however_many_jobs_each_has(settings: Settings, hand: Hand, order: Order) -> None:
    _submitted(settings, order(), "a", 4)
    _submitted(settings, order(), "b", 2)
    assert _queue(settings) == ["a0", "b0", "a1", "b1", "a2", "a3"]
    for started in ("a0", "b0", "a1"):
        hand.change(started, status="processing")
    _submitted(settings, order(), "c", 2)  # begins where the queue is now: neither first nor last
    assert _queue(settings) == ["b1", "a2", "c0", "a3", "c1"]
    assert jobs.get("c0", settings).position == 2
    assert jobs.get("a0", settings).position is None


def test_priority_goes_before_turns(settings: Settings, order: Order) -> None:
    for number, priority in enumerate(("low", "normal", "high")):
        jobs.submit(order(), settings, job_id=f"{number}", priority=priority)  # type: ignore[arg-type]
    assert _queue(settings) == ["2", "1", "0"]
    with pytest.raises(InputError, match="is not known"):
        jobs.submit(order(), settings, priority="urgent")  # type: ignore[arg-type]


@pytest.mark.usefixtures("database_url")
def test_one_hurried_job_of_an_owner_sends_nobody_else_to_the_end(settings: Settings, hand: Hand, order: Order) -> None:
    for number in range(5):
        jobs.submit(order(), settings, owner="ann", job_id=f"ann{number}")
    jobs.submit(order(), settings, owner="ann", job_id="hurried", priority="high")
    hand.change("hurried", status="processing")
    jobs.submit(order(), settings, owner="bob", job_id="bob0")
    waiting = jobs.listing(settings, status="pending", limit=100)
    assert [view.id for view in sorted(waiting, key=lambda view: view.position or 0)][:2] == ["ann0", "bob0"]


def test_many_may_submit_at_once(settings: Settings, engine: Engine, order: Order) -> None:
    failures: list[Exception] = []

    def work(number: int) -> None:
        for one in range(5):
            name = None if one else "the same"
            try:
                jobs.submit(order(), settings, owner=f"o{number % 2}", job_id=name)
            except InputError as error:
                failures.append(error)

    queue.check(order(), settings)  # what loads late is loaded once
    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    views = jobs.listing(settings, limit=100)
    assert (len(views), len(failures)) == (17, 3)
    with Session(engine) as session:
        turns = Counter((row.owner, row.turn) for row in session.scalars(select(Job)))
    assert set(turns.values()) == {1}
