"""What is forgotten, and what must not be."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import timedelta
from pathlib import Path

import pytest
from PIL import Image
from sqlalchemy import select, update
from sqlalchemy.orm import Session
from tests.jobs.conftest import Hand, Order

from badapple import jobs
from badapple.cache import Blob, Cache
from badapple.config import Settings
from badapple.costs import report
from badapple.database import Call, Event, Job, Part, Receipt
from badapple.database.tables import now
from badapple.errors import InputError
from badapple.jobs.leftovers import Leftovers, folder_name, mentions
from badapple.jobs.purge import _plan, _remove_file, _remove_rows
from badapple.journal import Books, Journal, JournalTill
from badapple.models import DRAFT, AssetRequest, MakeOptions, Maker
from badapple.pipeline.orchestrator import create_pipeline_orchestrator
from badapple.providers.purchasing import stake
from badapple.storage import open_storage
from badapple.testing import quick_providers
from badapple.testing.vendor import FileCall, FileVendor

PartOf = Callable[..., Blob]


def speaking(*folders: Path) -> list[str]:
    """Return the files that hold the marker word, or bear it."""
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    return [str(path) for path in files if b"zyqqoria" in (str(path).encode() + path.read_bytes()).lower()]


@pytest.fixture
def part(hand: Hand, settings: Settings) -> PartOf:
    """Write the receipt of a part with a file of its own."""

    def make(key: str, content: str | None = None, **facts: object) -> Blob:
        cache = Cache(settings.cache_dir)
        with cache.workplace() as folder:
            (folder / "part.bin").write_text(content or key)
            blob = cache.put(folder / "part.bin")
        with Session(hand.engine) as session, session.begin():
            session.add(
                Receipt(key=key, kind="x", state="collected", maker={}, files={"part": asdict(blob)}, facts=facts)
            )
        return blob

    return make


def here(settings: Settings, *blobs: Blob) -> list[bool]:
    return [Cache(settings.cache_dir).get(blob) is not None for blob in blobs]


async def test_after_a_purge_no_file_speaks_of_the_product(settings: Settings, hand: Hand, part: PartOf) -> None:
    options = MakeOptions(canvas=DRAFT)
    film = create_pipeline_orchestrator("one", options=options, settings=settings, providers=quick_providers())
    await film.execute_pipeline("Zyqqoria Lamp", "minimal", "Try It")
    other = part("other", words=["Solenne"])
    hand.job("two", "completed", product_name="Solenne", options={"parts": ["other"]})
    (settings.data_dir / "logs").mkdir()
    (settings.data_dir / "logs" / "error-1.txt").write_text("badapple make --name 'ZYQQORIA lamp'")
    folders = (settings.data_dir, settings.cache_dir)
    assert len(speaking(*folders)) > 5
    expected = jobs.purge(settings, job="one", dry_run=True)
    assert len(speaking(*folders)) > 5
    assert jobs.purge(settings, job="one") == expected
    assert (expected.jobs, expected.kept) == (1, ())
    assert expected.files > 8
    assert speaking(*folders) == []
    with Session(hand.engine) as session:
        assert session.scalars(select(Receipt.key)).all() == ["other"]
    assert here(settings, other) == [True]


def test_jobs_go_when_they_are_old_and_ended(settings: Settings, hand: Hand) -> None:
    old = now() - timedelta(days=31)
    hand.job("new", "failed", ended_at=now() - timedelta(days=29))
    hand.job("running", created_at=old)
    hand.job("of somebody", "completed", owner="me", ended_at=old)
    hand.job("old", "cancelled", ended_at=old)
    hand.job("without an end", "completed", updated_at=old)
    hand.tell("old", "one", "two")
    hand.change("old", updated_at=old)
    gone = jobs.purge(settings, owner="local")
    assert (gone.jobs, gone.events) == (2, 2)
    assert {view.id for view in jobs.listing(settings)} == {"new", "running", "of somebody"}
    with Session(hand.engine) as session:
        assert session.scalars(select(Event)).all() == []
    assert jobs.purge(settings, older_than_days=0).jobs == 2
    assert [view.id for view in jobs.listing(settings)] == ["running"]
    assert jobs.purge(settings, older_than_days=0).jobs == 0


def test_a_job_that_has_not_ended_or_is_somebody_else_s_is_refused(settings: Settings, hand: Hand) -> None:
    hand.job("job", owner="me")
    with pytest.raises(InputError, match="is processing"):
        jobs.purge(settings, job="job")
    hand.end("job", "failed")
    with pytest.raises(InputError, match="there is no job"):
        jobs.purge(settings, job="job", owner="you")


def test_files_that_another_job_needs_stay(
    settings: Settings, hand: Hand, part: PartOf, order: Order, photo: Path
) -> None:
    shared, twin_a, twin_b, mine = part("shared"), part("a", "same"), part("b", "same"), part("mine")
    assert twin_a == twin_b
    first = jobs.submit(order("Lamp", photo=photo), settings)
    second = jobs.submit(order("Chair", photo=photo), settings)
    hand.change(first, status="failed", options={"parts": ["shared", "a", "mine"]})
    hand.change(second, status="processing", options={"parts": ["shared", "b"]})
    jobs.purge(settings, job=first)
    assert here(settings, shared, twin_b, mine) == [True, True, False]
    with Session(hand.engine) as session:
        assert set(session.scalars(select(Receipt.key))) == {"shared", "b"}
    assert jobs.fetch(jobs.orders.of_row(hand.row(second)), settings).photo is not None
    hand.change(second, status="failed")
    jobs.purge(settings, job=second)
    assert here(settings, shared, twin_b) == [False, False]
    assert not [path for path in settings.data_dir.glob("orders/blobs/*/*") if path.is_file()]


@pytest.mark.usefixtures("database_url")
def test_what_a_killed_job_left_is_found_by_its_words(settings: Settings, hand: Hand, part: PartOf) -> None:
    spoken = part("voice", words=[{"text": "Premium"}, {"text": "Watch."}])
    other = part("another", words=[{"text": "Premium"}, {"text": "Watches"}])
    hand.job("job", "failed", product_name="premium  WATCH")
    hand.job("namesake", product_name="Premium Watch")
    jobs.purge(settings, job="job")
    assert here(settings, spoken, other) == [True, True]
    hand.end("namesake", "failed")
    jobs.purge(settings, job="namesake")
    assert here(settings, spoken, other) == [False, True]
    assert not mentions({"text": "as it is"}, {"it", ""})


@pytest.mark.usefixtures("database_url")
@pytest.mark.parametrize("name", ["Straße 7", "STRASSE 7", "Crème brûlée", "äöü", "100% Wool_", "Best ﬁt", "Ωmega K9"])
def test_names_of_all_languages_are_found(settings: Settings, hand: Hand, part: PartOf, name: str) -> None:
    spoken, other = part("voice", words=[{"text": f"Meet {name}."}]), part("another", words=["Somebody else's"])
    for number in range(2):
        hand.job(f"job {number}", "failed", product_name=name if number else "Lamp")
    jobs.purge(settings, job="job 1")
    assert here(settings, spoken, other) == [False, True]


class TestMoney:
    """Paid calls of jobs that go."""

    @pytest.fixture
    def till(self, settings: Settings, hand: Hand, tmp_path: Path) -> Callable[[str], JournalTill]:
        claims, cache = stake(hand.engine, settings.data_dir).claims, Cache(settings.cache_dir)

        def till(job: str) -> JournalTill:
            books = Books(hand.engine, cache, claims, job=job, owner="local", caps={f"job:{job}": None})
            return JournalTill(books, cache, poll=0.02)

        return till

    @pytest.fixture
    def vendor(self, tmp_path: Path) -> FileVendor:
        return FileVendor(ledger=tmp_path / "ledger.jsonl")

    async def test_the_accounts_stay_and_say_no_more_what_for(
        self, settings: Settings, hand: Hand, till: Callable[[str], JournalTill], vendor: FileVendor
    ) -> None:
        hand.job("job")
        bought = await till("job").once(FileCall(vendor, "film of the Watch"))
        hand.end("job", "completed")
        jobs.purge(settings, job="job")
        assert not any(path.exists() for path in bought.files.values())
        with Session(hand.engine) as session:
            (call,) = session.scalars(select(Call))
            assert (call.request, call.facts, call.files, call.key) == ({}, {}, {}, f"purged-{call.id}")
            assert report.total(report.per_job(session, "job")).charged == 190_000
        hand.job("next")
        again = await till("next").once(FileCall(vendor, "film of the Watch"))
        assert again.files
        assert all(path.exists() for path in again.files.values())
        assert len(vendor.charges()) == 2
        hand.end("next", "completed")
        jobs.purge(settings, job="next", everything=True)
        with Session(hand.engine) as session:
            assert [row.job for row in session.scalars(select(Call))] == ["job"]

    @pytest.mark.parametrize("state", ["intent", "submitted", "unknown"])
    async def test_what_is_paid_and_unfinished_keeps_its_job(
        self, settings: Settings, hand: Hand, till: Callable[[str], JournalTill], vendor: FileVendor, state: str
    ) -> None:
        hand.job("job")
        bought = await till("job").once(FileCall(vendor, "film"))
        hand.end("job", "failed")
        with Session(hand.engine) as session, session.begin():
            session.execute(update(Call).values(state=state))
        gone = jobs.purge(settings, older_than_days=0)
        assert (gone.jobs, gone.kept) == (0, ("job",))
        assert all(path.exists() for path in bought.files.values())
        assert jobs.get("job", settings).status == "failed"

    async def test_what_an_unfinished_job_about_the_same_may_need_stays(
        self, settings: Settings, hand: Hand, till: Callable[[str], JournalTill], vendor: FileVendor
    ) -> None:
        hand.job("job")
        hand.job("variant", "failed", ended_at=now())
        await till("job").once(FileCall(vendor, "film"))
        hand.end("job", "completed")
        jobs.purge(settings, job="job")
        await till("variant").once(FileCall(vendor, "film"))
        assert len(vendor.charges()) == 1
        jobs.purge(settings, older_than_days=0)  # nobody is left who may need it
        with Session(hand.engine) as session:
            (call,) = session.scalars(select(Call))
            assert (call.request, call.settled) == ({}, 190_000)


def test_the_storage_forgets_too(settings: Settings, hand: Hand, order: Order, photo: Path, tmp_path: Path) -> None:
    shared = replace(settings, storage_url=str(tmp_path / "shared"))
    storage = open_storage(str(tmp_path / "shared"))
    mine, other = (jobs.submit(order(name, photo=path), shared) for name, path in (("Lamp", photo), ("Chair", None)))
    for job_id in (mine, other):
        storage.put(photo, f"videos/{folder_name(job_id)}/lamp.mp4")
    hand.change(mine, status="completed", ended_at=now())
    gone = jobs.purge(shared, job=mine)
    assert gone.files == 3  # the photo here and there, the video there
    left = [path for name in ("blobs", "videos") for path in (tmp_path / "shared" / name).rglob("*.*")]
    assert [path.parent.name for path in left] == [folder_name(other)]
    with Session(hand.engine) as session:
        assert session.scalars(select(Job.id)).all() == [other]


@pytest.mark.usefixtures("database_url")
def test_what_processes_left_behind_before_anybody_needed_it_goes(
    settings: Settings, order: Order, photo: Path, tmp_path: Path
) -> None:
    Image.new("RGB", (90, 90)).save(tmp_path / "left.png")
    Image.new("RGB", (90, 80)).save(tmp_path / "just now.png")
    needed = order(photo=photo)
    jobs.submit(needed, settings)
    jobs.uploads.take(settings, "ann", tmp_path / "left.png")
    left, new = (jobs.keep(order(photo=tmp_path / name), settings) for name in ("left.png", "just now.png"))
    long_ago = (now() - timedelta(days=2)).timestamp()
    for path in settings.data_dir.glob("orders/blobs/*/*"):
        if path.stem != new.files["photo"].sha256:
            os.utime(path, (long_ago, long_ago))
    assert jobs.purge(settings).jobs == 0
    assert jobs.fetch(left, settings).photo is not None
    jobs.uploads.remove(settings, "ann", jobs.uploads.listing(settings, "ann")[0].id)
    jobs.keep(order(photo=tmp_path / "left.png"), settings)
    for path in settings.data_dir.glob("orders/blobs/*/*"):
        if path.stem == left.files["photo"].sha256:
            os.utime(path, (long_ago, long_ago))
    jobs.purge(settings)
    with pytest.raises(InputError, match="is gone"):
        jobs.fetch(left, settings)
    assert jobs.fetch(new, settings).photo is not None
    assert jobs.fetch(jobs.keep(needed, settings), settings).photo is not None
    assert len([path for path in settings.data_dir.glob("orders/blobs/*/*") if path.is_file()]) == 2


@pytest.mark.usefixtures("database_url")
def test_what_is_needed_since_the_plan_was_made_stays(
    settings: Settings, hand: Hand, order: Order, photo: Path
) -> None:
    old = jobs.submit(order("Lamp", photo=photo), settings)
    hand.end(old, "failed")
    with Session(hand.engine) as session:
        plan = _plan(session, [session.get_one(Job, old)], orphans=None)
    (blob,) = plan.files & plan.blobs
    left = Leftovers(settings, None, dry_run=False)
    new = jobs.submit(order("Lamp", photo=photo), settings)
    _remove_file(hand.engine, blob, left, plan)
    assert jobs.fetch(jobs.orders.of_row(hand.row(new)), settings).photo is not None
    hand.change(new, request={})
    _remove_file(hand.engine, blob, left, plan)
    assert left.files == 1


@pytest.mark.usefixtures("database_url")
def test_no_new_job_loses_its_photo_to_a_purge_of_another_with_the_same(
    settings: Settings, hand: Hand, order: Order, photo: Path
) -> None:
    for _ in range(4):
        old = jobs.submit(order("Lamp", photo=photo), settings)
        hand.end(old, "failed")
        begun = threading.Barrier(2)
        made: list[str] = []

        def submit(begun: threading.Barrier = begun, made: list[str] = made) -> None:
            begun.wait()
            made.append(jobs.submit(order("Lamp", photo=photo), settings))

        thread = threading.Thread(target=submit)
        thread.start()
        begun.wait()
        jobs.purge(settings, job=old)
        thread.join()
        (new,) = made
        assert jobs.fetch(jobs.orders.of_row(hand.row(new)), settings).photo is not None
        hand.end(new, "failed")
        jobs.purge(settings, job=new)
    assert not [path for path in settings.data_dir.glob("orders/blobs/*/*") if path.is_file()]


@pytest.mark.usefixtures("database_url")
def test_parts_of_jobs_that_were_cut_off_go_and_those_of_jobs_that_run_stay(
    settings: Settings, hand: Hand, part: PartOf
) -> None:
    mine, shared = part("mine"), part("shared")
    hand.job("cut off", options={"parts": ["listed"]})
    hand.job("runs", product_name="Chair")
    with Session(hand.engine) as session, session.begin():
        for job, key in (("cut off", "mine"), ("cut off", "shared"), ("runs", "shared")):
            session.add(Part(job_id=job, label=key, stage="voice_gen", kind="voice", key=key, state="done"))
    hand.end("cut off", "cancelled")
    jobs.purge(settings, job="cut off")
    assert here(settings, mine, shared) == [False, True]
    with Session(hand.engine) as session:
        assert session.scalars(select(Receipt.key)).all() == ["shared"]
    hand.end("runs", "failed")
    jobs.purge(settings, job="runs")
    assert here(settings, shared) == [False]


@pytest.mark.usefixtures("database_url")
def test_a_part_that_another_job_begins_meanwhile_can_be_finished(
    settings: Settings, hand: Hand, part: PartOf, tmp_path: Path
) -> None:
    part("again")
    part("left")
    hand.job("old", "failed", options={"parts": ["again", "left"]})
    with Session(hand.engine) as session:
        plan = _plan(session, [session.get_one(Job, "old")], orphans=None)
    journal, file = Journal(hand.engine, Cache(settings.cache_dir)), tmp_path / "part.bin"
    journal.begin("again", AssetRequest(kind="x", params={}), Maker(name="badapple", model="1", generated=False))
    _remove_rows(hand.engine, plan, everything=False)
    file.write_text("new")
    assert journal.collect("again", {"part": file}, facts={}, seconds=1).files["part"].read_text() == "new"
    with Session(hand.engine) as session:
        assert session.scalars(select(Receipt.key)).all() == ["again"]
