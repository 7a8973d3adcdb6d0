"""Looks at photos that are gone: what nobody finds by the photo any more goes with a purge."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path

import pytest
from PIL import Image
from sqlalchemy import select, update
from sqlalchemy.orm import Session
from tests.jobs.conftest import Hand

from badapple.cache import Blob
from badapple.config import Settings
from badapple.database import Part, Receipt, open_database
from badapple.database.tables import now
from badapple.jobs import open_cache, uploads
from badapple.jobs.previews import Previews
from badapple.jobs.purge import purge


def look(settings: Settings, key: str, *, days: float) -> Path:
    """Write down a look, as a release of another name did some days ago; return its file."""
    with (cache := open_cache(settings)).workplace() as folder:
        (folder / "cutout.png").write_bytes(f"the product of {key}".encode())
        blob: Blob = cache.put(folder / "cutout.png")
    maker = {"name": "badapple", "model": "0.0.1", "generated": False}
    with Session(open_database(settings.database_url)) as session, session.begin():
        session.add(
            Receipt(
                key=key, kind="product", state="collected", maker=maker, files={"cutout": asdict(blob)}, digest=key,
                updated_at=now() - timedelta(days=days),
            )
        )  # fmt: skip
    path = cache.get(blob)
    assert path is not None
    return path


@pytest.mark.parametrize("named", [False, True])
def test_one_by_an_earlier_release_goes_when_its_time_has_come(settings: Settings, hand: Hand, *, named: bool) -> None:
    old, young = look(settings, "old", days=40), look(settings, "young", days=20)
    if named:  # by a job that is still there
        hand.job("j")
        with Session(hand.engine) as session, session.begin():
            session.add(Part(job_id="j", label="product", stage="script_gen", kind="product", key="old", state="done"))
    purge(settings, older_than_days=30, dry_run=True)
    assert old.exists()
    purge(settings, older_than_days=30)
    assert (old.exists(), young.exists()) == (named, True)
    with Session(hand.engine) as session:
        assert set(session.scalars(select(Receipt.key))) == ({"old", "young"} if named else {"young"})


def test_one_at_an_upload_that_is_kept_stays(settings: Settings, hand: Hand, tmp_path: Path) -> None:
    Image.new("RGB", (90, 90), (9, 9, 9)).save(tmp_path / "photo.png")
    upload = uploads.take(settings, "ann", tmp_path / "photo.png")
    desk = Previews(settings, hand.engine, fetches=asyncio.Semaphore(1))
    asyncio.run(desk.look("ann", upload.id))
    with Session(hand.engine) as session, session.begin():
        session.execute(update(Receipt).values(updated_at=now() - timedelta(days=40)))
    purge(settings, older_than_days=30)
    with Session(hand.engine) as session:
        assert sorted(session.scalars(select(Receipt.kind))) == ["photo", "product"]
