"""Videos in a bucket, as callers of the API get them."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from tests.api.porter import Porter, application, bearer
from tests.jobs.conftest import Hand

from badapple.access.signing import signer_of
from badapple.api.deps import House
from badapple.api.routes.files import router
from badapple.api.serving import serving
from badapple.config import read_settings
from badapple.database import open_database
from badapple.jobs.files import FILES
from badapple.jobs.leftovers import folder_name
from badapple.storage import open_storage

FILM = secrets.token_bytes(5 << 20)


@dataclass
class Shelf:
    hand: Hand
    http: httpx.AsyncClient

    async def get(self, path: str, **headers: str) -> httpx.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.http.get(path, headers=named)


@pytest.fixture
async def shelf(tmp_path: Path, url: str) -> AsyncIterator[Shelf]:
    """An API with one finished job, whose files are in the storage alone."""
    settings = read_settings({"BADAPPLE_DATA_DIR": str(tmp_path / "data"), "BADAPPLE_STORAGE": url})
    engine, storage, place = open_database(settings.database_url), open_storage(url), ""
    for file, kind in FILES.items():
        (tmp_path / f"a{kind.ending}").write_bytes(FILM if file == "video" else file.encode())
        where = storage.put(tmp_path / f"a{kind.ending}", f"videos/{folder_name('job')}/a{kind.ending}")
        place = where if file == "video" else place
    house = House(settings=settings, engine=engine, gate=Porter(), signer=signer_of(settings))
    hand = Hand(engine)
    hand.job("job", "completed", owner="ada")
    hand.change("job", video_url=place)
    async with (
        serving(application(house, router)) as port,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}/api/v1", headers=bearer(), timeout=20) as http,
    ):
        yield Shelf(hand, http)
    engine.dispose()


async def test_every_file_is_sent_from_here(shelf: Shelf) -> None:
    for file, kind in FILES.items():
        answer = await shelf.get(f"/jobs/job/{file}")
        assert answer.status_code == 200
        assert answer.content == (FILM if file == "video" else file.encode())
        assert answer.headers["content-type"] == kind.media_type
        again = await shelf.get(f"/jobs/job/{file}", if_none_match=answer.headers["etag"])
        assert again.status_code == 304


async def test_ranges_come_through(shelf: Shelf) -> None:
    etag = (await shelf.http.head("/jobs/job/video")).headers["etag"]
    for start, end in ((0, 1), (3, (4 << 20) + 7), ((5 << 20) - 2, 5 << 20)):
        answer = await shelf.get("/jobs/job/video", range=f"bytes={start}-{end - 1}", if_range=etag)
        assert answer.status_code == 206
        assert answer.content == FILM[start:end]
    assert (await shelf.get("/jobs/job/video", range="bytes=5242880-")).status_code == 416


@pytest.mark.parametrize("url", ["bucket"], indirect=True)
async def test_a_bucket_is_pointed_to_where_that_is_asked_for(shelf: Shelf) -> None:
    """Its address is of http here: left to itself, the API sends nobody there."""
    sent = await shelf.get("/jobs/job/video?direct=true")
    assert sent.status_code == 307
    assert sent.headers["cache-control"] == "no-store"
    assert "X-Amz-Expires=300" in sent.headers["location"]
    async with httpx.AsyncClient() as anybody:
        answer = await anybody.get(sent.headers["location"], headers={"range": "bytes=0-9"})
    assert (answer.status_code, answer.content) == (206, FILM[:10])
    link = (await shelf.http.post("/jobs/job/links", json={})).json()["url"]
    async with httpx.AsyncClient(follow_redirects=True) as anybody:
        for direct in ("true", "false"):
            assert (await anybody.get(f"{link}?direct={direct}")).content == FILM
    assert (await shelf.get("/jobs/other/video?direct=true")).status_code == 404


async def test_what_is_gone_is_gone(shelf: Shelf, url: str) -> None:
    open_storage(url).remove("videos")
    assert (await shelf.get("/jobs/job/video")).status_code == 404
