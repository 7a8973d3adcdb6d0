"""Photos that are removed while they are looked at: nothing of them is left behind."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from PIL import Image
from sqlalchemy import select
from sqlalchemy.orm import Session
from tests.api.test_previews import V1, Caller, flacon, packed
from tests.api.visiting import Place, place

from badapple.database import Receipt
from badapple.errors import NotFoundError
from badapple.jobs.previews import Previews


@pytest.fixture
async def there(tmp_path: Path) -> AsyncIterator[Place]:
    async with place(tmp_path) as opened:
        yield opened


def kept(there: Place) -> list[str]:
    """Return the kinds of what is known of photos."""
    with Session(there.engine) as session:
        return list(session.scalars(select(Receipt.kind).order_by(Receipt.kind)))


@pytest.mark.parametrize("what", ["look", "cutout"])
async def test_a_photo_that_is_removed_while_it_is_looked_at_leaves_nothing(there: Place, what: str) -> None:
    ann = Caller(there)
    upload = await ann.upload(flacon())
    looking = asyncio.ensure_future(ann.get(f"/uploads/{upload}/{what}"))
    while "product" not in kept(there):
        assert not looking.done()
        await asyncio.sleep(0.01)
    gone = await there.ask("DELETE", f"{V1}/uploads/{upload}", key=there.key("ann"))
    assert (gone.status_code, looking.done()) == (204, False)
    answer = await looking
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert kept(there) == []
    settings = there.app.state.doors.settings
    assert not [path for path in settings.cache_dir.glob("blobs/*/*") if path.is_file()]


async def test_a_picture_that_is_removed_before_it_is_drawn_is_not_found(there: Place) -> None:
    ann, settings = Caller(there), there.app.state.doors.settings
    upload = await ann.upload(packed(Image.new("RGB", (90, 90), (9, 9, 9))))
    desk = Previews(settings, there.engine, fetches=asyncio.Semaphore(1))
    sight = await desk.upload_photo("ann", upload, 270)
    (kept_file,) = (settings.data_dir / "orders" / "blobs").glob("*/*")
    kept_file.write_bytes(b"")
    with pytest.raises(NotFoundError, match="is gone"):
        await desk.seen(sight)


async def test_what_another_still_needs_stays(there: Place) -> None:
    ann, bob = Caller(there), Caller(there, "bob")
    upload, theirs = await ann.upload(flacon()), await bob.upload(flacon())
    looking = asyncio.ensure_future(ann.get(f"/uploads/{upload}/look"))
    while "product" not in kept(there):
        await asyncio.sleep(0.01)
    await there.ask("DELETE", f"{V1}/uploads/{upload}", key=there.key("ann"))
    assert (await looking).status_code == 200  # she had asked before
    assert kept(there) == ["photo", "product"]
    assert (await bob.get(f"/uploads/{theirs}/look")).json()["kind"] == "object"
