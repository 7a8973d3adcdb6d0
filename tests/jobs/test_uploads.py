"""Photos that are handed in before their jobs."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sqlalchemy import Engine, func, select, update
from sqlalchemy.orm import Session
from tests.jobs.conftest import Hand, Order

from badapple import jobs
from badapple.cache import Blob
from badapple.config import Settings
from badapple.database import Upload, once
from badapple.database.tables import now
from badapple.errors import InputError, LimitExceededError, NotFoundError, PhotoError, StorageError
from badapple.jobs import deleting, orders, uploads
from badapple.product.intake import take_in


def bounded(settings: Settings, quota: int) -> Settings:
    return replace(settings, doors=replace(settings.doors, upload_quota=quota))


def files(settings: Settings) -> list[Path]:
    return [path for path in settings.data_dir.glob("orders/blobs/*/*") if path.is_file()]


def expire(engine: Engine, *names: str) -> None:
    with Session(engine) as session, session.begin():
        past = now() - timedelta(seconds=1)
        session.execute(update(Upload).where(Upload.id.in_(names)).values(expires_at=past))


def use(settings: Settings, order: Order, upload: uploads.UploadView, **facts: object) -> str:
    photo = uploads.order_photo(settings, upload.owner, upload.id)
    return jobs.submit(order(files={"photo": photo}, **facts), settings, owner=upload.owner)


@pytest.fixture
def noisy(tmp_path: Path) -> Path:
    """A photo that no encoder makes small, with a place in its metadata, lying on its side."""
    pixels = np.random.default_rng(1).integers(0, 255, (120, 200, 3), np.uint8)
    exif = Image.Exif()
    exif[0x010E], exif[0x0112] = "zyqqoria", 6
    exif.get_ifd(0x8825)[0x001D] = "2026:01:01 zyqqoria"
    Image.fromarray(pixels).save(tmp_path / "noisy.jpg", exif=exif, comment=b"zyqqoria", quality=95)
    assert (tmp_path / "noisy.jpg").read_bytes().count(b"zyqqoria") == 3
    return tmp_path / "noisy.jpg"


def test_only_pixels_are_kept(settings: Settings, noisy: Path) -> None:
    before = take_in(noisy)
    found = uploads.take(settings, "ann", noisy, name="C:\\fakepath\\my\u202e\x00photo.jpg")
    noisy.unlink()
    (kept,) = files(settings)
    assert b"zyqqoria" not in kept.read_bytes()
    assert np.array_equal(take_in(kept).pixels, before.pixels)
    with Image.open(kept) as image:
        assert (image.format, image.size, dict(image.getexif()), image.info) == ("PNG", (120, 200), {}, {})
    assert (found.width, found.height, found.name) == (120, 200, "my??photo.jpg")
    assert (found.size, found.sha256) == (kept.stat().st_size, kept.stem)
    assert found.expires_at - found.created_at == timedelta(days=7)
    assert uploads.get(settings, "ann", found.id) == found
    assert found.to_json()["expires_at"] == found.expires_at.isoformat()


def test_no_metadata_of_an_order_s_photo_is_kept(settings: Settings, order: Order, noisy: Path) -> None:
    jobs.submit(order(photo=noisy), settings)
    assert [b"zyqqoria" in path.read_bytes() for path in files(settings)] == [False]


def test_what_is_no_photo_leaves_nothing(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"<svg/>")
    with pytest.raises(PhotoError):
        uploads.take(settings, "ann", tmp_path / "a.jpg")
    assert (uploads.listing(settings, "ann"), files(settings)) == ((), [])


def test_foreign_and_unknown_uploads_look_the_same(settings: Settings, photo: Path) -> None:
    mine = uploads.take(settings, "ann", photo)
    for owner, name in (("bob", mine.id), ("ann", "0" * 32), ("ann", "\0"), ("ann", "../x"), ("ann", "é" * 300)):
        for ask in (uploads.get, uploads.order_photo, uploads.remove):
            with pytest.raises(NotFoundError, match="there is no upload"):
                ask(settings, owner, name)
    assert uploads.listing(settings, "bob") == ()
    assert [view.id for view in uploads.listing(settings, "ann")] == [mine.id]
    assert uploads.take(settings, "ann", photo, upload_id=mine.id) == mine
    with pytest.raises(InputError, match="of this id already"):
        uploads.take(settings, "bob", photo, upload_id=mine.id)


@pytest.mark.usefixtures("database_url")
def test_the_quota_holds_when_many_come_at_once(settings: Settings, engine: Engine) -> None:
    settings = bounded(settings, 5_500)
    seen: Counter[str] = Counter()
    begun = threading.Barrier(12)

    def run(number: int) -> None:
        blob = Blob(sha256=f"{number:064x}", size=1_000, suffix=".png")
        row = {"id": f"{number:032x}", "owner": "ann", "sha256": blob.sha256, "size": blob.size}
        begun.wait()
        try:
            once(engine, lambda session: uploads._enter(session, row, blob, settings))
        except LimitExceededError as error:
            seen[error.code] += 600_000 < (error.retry_after or 0) <= 7 * 86_400
        else:
            seen["taken"] += 1

    threads = [threading.Thread(target=run, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == {"taken": 5, "upload_quota": 7}
    with Session(engine) as session:
        assert session.scalar(select(func.sum(Upload.size)).where(Upload.owner == "ann")) == 5_000


def test_a_full_shelf_has_room_again_when_something_is_removed(settings: Settings, photo: Path) -> None:
    size = uploads.take(settings, "ann", photo).size
    settings = bounded(settings, size + size // 2)
    with pytest.raises(LimitExceededError):
        uploads.take(settings, "ann", photo)
    assert uploads.take(settings, "bob", photo).size == size
    uploads.remove(settings, "ann", uploads.listing(settings, "ann")[0].id)
    assert uploads.take(settings, "ann", photo).size == size


def test_one_that_is_larger_than_the_quota_is_refused_for_good(settings: Settings, photo: Path) -> None:
    with pytest.raises(LimitExceededError) as error:
        uploads.take(bounded(settings, 10), "ann", photo)
    assert error.value.retry_after is None
    assert (uploads.listing(settings, "ann"), files(settings)) == ((), [])


@pytest.mark.usefixtures("database_url")
def test_a_job_uses_an_upload_without_copying_it(
    settings: Settings, hand: Hand, order: Order, photo: Path, noisy: Path
) -> None:
    mine, unused = uploads.take(settings, "ann", photo), uploads.take(settings, "ann", noisy)
    job = use(settings, order, mine)
    assert len(files(settings)) == 2
    uploads.remove(settings, "ann", mine.id)
    uploads.remove(settings, "ann", unused.id)
    assert [path.stem for path in files(settings)] == [mine.sha256]
    fetched = jobs.fetch(orders.of_row(hand.row(job)), settings)
    assert fetched.photo is not None
    hand.end(job, "failed")
    deleting.delete(job, settings)
    assert files(settings) == []


@pytest.mark.usefixtures("database_url")
def test_a_deleted_job_takes_no_upload_with_it(settings: Settings, hand: Hand, order: Order, photo: Path) -> None:
    mine = uploads.take(settings, "ann", photo)
    job = use(settings, order, mine)
    hand.end(job, "completed")
    deleting.delete(job, settings)
    assert jobs.fetch(order(files={"photo": uploads.order_photo(settings, "ann", mine.id)}), settings).photo


@pytest.mark.usefixtures("database_url")
def test_uploads_expire_unless_a_job_uses_them(
    settings: Settings, hand: Hand, order: Order, photo: Path, noisy: Path
) -> None:
    used, twin, idle, young = (uploads.take(settings, "ann", path) for path in (photo, photo, noisy, noisy))
    job = use(settings, order, used)
    expire(hand.engine, used.id, twin.id, idle.id)
    assert uploads.sweep(settings) == 1
    left = {view.id for view in uploads.listing(settings, "ann")}
    assert left == {used.id, twin.id, young.id}
    assert len(files(settings)) == 2
    hand.end(job, "failed")
    hand.change(job, ended_at=now() - timedelta(days=31))
    jobs.purge(settings)
    assert {view.id for view in uploads.listing(settings, "ann")} == {young.id}
    assert [path.stem for path in files(settings)] == [young.sha256]


def test_a_photo_that_is_gone_makes_no_job(settings: Settings, order: Order, photo: Path) -> None:
    mine = uploads.take(settings, "ann", photo)
    blob = uploads.order_photo(settings, "ann", mine.id)
    uploads.remove(settings, "ann", mine.id)
    for gone in (blob, Blob(sha256="0" * 64, size=1, suffix=".png")):
        with pytest.raises(InputError, match="the photo of this order is gone"):
            jobs.submit(order(files={"photo": gone}), settings, owner="ann")
    assert jobs.listing(settings) == ()


@pytest.mark.usefixtures("database_url")
def test_no_job_loses_its_photo_to_somebody_who_removes_the_upload(
    settings: Settings, order: Order, photo: Path, hand: Hand
) -> None:
    for _ in range(6):
        mine = uploads.take(settings, "ann", photo)
        wanted = order(files={"photo": uploads.order_photo(settings, "ann", mine.id)})
        made: list[str] = []
        begun = threading.Barrier(2)

        def submit(wanted: jobs.JobOrder = wanted, made: list[str] = made, begun: threading.Barrier = begun) -> None:
            begun.wait()
            try:
                made.append(jobs.submit(wanted, settings, owner="ann"))
            except InputError as error:
                assert "is gone" in str(error)  # noqa: PT017

        thread = threading.Thread(target=submit)
        thread.start()
        begun.wait()
        uploads.remove(settings, "ann", mine.id)
        thread.join()
        for job in made:
            assert jobs.fetch(orders.of_row(hand.row(job)), settings).photo is not None
            hand.end(job, "failed")
            deleting.delete(job, settings)
        assert files(settings) == []


def test_a_storage_that_cannot_be_written_takes_no_quota(settings: Settings, photo: Path, tmp_path: Path) -> None:
    shared = replace(settings, storage_url=str(tmp_path / "shared"))
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared" / "blobs").write_text("in the way")
    with pytest.raises(StorageError):
        uploads.take(shared, "ann", photo)
    assert uploads.listing(shared, "ann") == ()
    (tmp_path / "shared" / "blobs").unlink()
    mine = uploads.take(shared, "ann", photo)
    elsewhere = replace(shared, cache_dir=tmp_path / "another", data_dir=tmp_path / "another data")
    order = jobs.JobOrder(product_name="a", style="bold", files={"photo": uploads.order_photo(shared, "ann", mine.id)})
    assert jobs.fetch(order, elsewhere).photo is not None
    uploads.remove(shared, "ann", mine.id)
    assert not list((tmp_path / "shared").rglob("*.png"))


@pytest.fixture
def web(tmp_path: Path) -> Iterator[str]:
    """A web server that has our photos; returns `host:port`."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


async def test_a_photo_comes_by_its_address_only_where_that_is_on(settings: Settings, photo: Path, web: str) -> None:
    url = f"http://{web}/{photo.name}"
    with pytest.raises(InputError, match="are not taken by their address"):
        await uploads.take_url(settings, "ann", url)
    on = replace(settings, doors=replace(settings.doors, image_urls=True))
    with pytest.raises(InputError):
        await uploads.take_url(on, "ann", url)  # this machine is no place of the public internet
    allowed = replace(on, doors=replace(on.doors, private_hosts=(web,)))
    found = await uploads.take_url(allowed, "ann", url)
    assert (found.name, found.width, found.height) == (photo.name, 200, 300)
