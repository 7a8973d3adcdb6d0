"""Files over a real port: whole and in ranges, for their owner or by a link, and nothing outside."""

from __future__ import annotations

import asyncio
import http.client
import itertools
import json
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from sqlalchemy.orm import Session
from tests.api.porter import Porter, application, bearer
from tests.jobs.conftest import Hand

from badapple import jobs
from badapple.access.signing import signer_of
from badapple.api.deps import House
from badapple.api.ranged import disposition
from badapple.api.routes.files import router
from badapple.api.serving import serving
from badapple.config import Settings, read_settings
from badapple.database import Part, Receipt, open_database
from badapple.jobs import open_cache
from badapple.jobs.files import FILES
from badapple.jobs.leftovers import folder_name

FILM = bytes(range(256)) * 5000
MARK = b"MARK-OF-WHAT-IS-OUTSIDE"


@dataclass
class Shelf:
    """An application that is served, with one finished job of Ada's."""

    port: int
    settings: Settings
    hand: Hand
    house: House
    outside: Path

    def finished(self, job_id: str, owner: str = "ada", name: str = "Crème Brûlée 7/8", **facts: object) -> Path:
        """Make a finished job with its files; return the video."""
        video = self.settings.data_dir / "videos" / folder_name(job_id) / "creme-brulee-7-8.mp4"
        video.parent.mkdir(parents=True)
        for file, kind in FILES.items():
            video.with_name(f"creme-brulee-7-8{kind.ending}").write_bytes(FILM if file == "video" else file.encode())
        self.hand.job(job_id, "completed", owner=owner)
        self.hand.change(job_id, **{"video_url": str(video), "product_name": name, **facts})
        return video

    def client(self, owner: str | None = "ada") -> httpx.AsyncClient:
        root = f"http://127.0.0.1:{self.port}/api/v1"
        return httpx.AsyncClient(base_url=root, headers=bearer(owner) if owner else {}, timeout=20)

    async def get(self, path: str, owner: str | None = "ada", method: str = "GET", **headers: str) -> httpx.Response:
        async with self.client(owner) as asked:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            return await asked.request(method, path, headers=named)


@pytest.fixture
async def shelf(tmp_path: Path) -> AsyncIterator[Shelf]:
    settings = read_settings(
        {"BADAPPLE_DATA_DIR": str(tmp_path / "in" / "data"), "BADAPPLE_CACHE_DIR": str(tmp_path / "in" / "cache")}
    )
    engine = open_database(settings.database_url)
    house = House(settings=settings, engine=engine, gate=Porter(), signer=signer_of(settings))
    outside = tmp_path / "in" / "outside.mp4"
    outside.write_bytes(MARK)
    async with serving(application(house, router)) as port:
        yield Shelf(port, settings, Hand(engine), house, outside)
    engine.dispose()


async def test_every_file_comes_with_what_browsers_need(shelf: Shelf) -> None:
    shelf.finished("job")
    for file, kind in FILES.items():
        answer = await shelf.get(f"/jobs/job/{file}")
        assert answer.status_code == 200
        assert answer.content == (FILM if file == "video" else file.encode())
        told = answer.headers
        assert told["content-type"] == kind.media_type
        assert told["content-length"] == str(len(answer.content))
        assert told["cache-control"] == "private, no-cache"
        assert told["content-security-policy"].startswith("sandbox;")
        assert told["x-content-type-options"] == "nosniff"
        assert told["accept-ranges"] == "bytes"
        how = "inline" if file in ("video", "poster") else "attachment"
        saved, plain = f"Crème Brûlée 7 8{kind.ending}", f"Cr_me Br_l_e 7 8{kind.ending}"
        assert told["content-disposition"] == f"{how}; filename=\"{plain}\"; filename*=UTF-8''{quote(saved)}"
        head = await shelf.get(f"/jobs/job/{file}", method="HEAD", range="bytes=0-3")
        assert (head.status_code, head.content) == (200, b"")
        assert {**head.headers, "date": ""} == {**told, "date": ""}
        again = await shelf.get(f"/jobs/job/{file}", if_none_match=f'"other", W/{told["etag"]}')
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", told["etag"])


@pytest.mark.parametrize(
    ("wanted", "first", "last"),
    [
        ("bytes=0-0", 0, 0), ("bytes=5-9", 5, 9), ("bytes=1279990-", 1279990, 1279999), ("bytes=-10", 1279990, 1279999),
        ("bytes=100-99999999", 100, 1279999), ("bytes=-99999999", 0, 1279999), ("bytes=0-", 0, 1279999),
    ],
)  # fmt: skip
async def test_a_range_is_a_part_of_it(shelf: Shelf, wanted: str, first: int, last: int) -> None:
    shelf.finished("job")
    answer = await shelf.get("/jobs/job/video", range=wanted)
    assert answer.status_code == 206
    assert answer.headers["content-range"] == f"bytes {first}-{last}/1280000"
    assert answer.headers["content-length"] == str(last - first + 1)
    assert answer.content == FILM[first : last + 1]


async def test_a_range_that_there_is_not_and_one_that_is_none(shelf: Shelf) -> None:
    shelf.finished("job")
    for wanted in ("bytes=1280000-", "bytes=9999999-99999999", "bytes=-0"):
        answer = await shelf.get("/jobs/job/video", range=wanted)
        assert answer.status_code == 416
        assert answer.json()["code"] == "range_not_satisfiable"
        assert answer.headers["content-range"] == "bytes */1280000"
    for wanted in ("bytes=9-5", "bytes=-", "bytes=a-b", "lines=0-5", "bytes=0-1,5-6", "", "bytes=0-5;x", "bytes=-5-9"):
        answer = await shelf.get("/jobs/job/video", range=wanted)
        assert (answer.status_code, len(answer.content)) == (200, len(FILM)), wanted


async def test_a_range_of_what_has_changed_since_is_all_of_it(shelf: Shelf) -> None:
    video = shelf.finished("job")
    etag = (await shelf.get("/jobs/job/video")).headers["etag"]
    assert (await shelf.get("/jobs/job/video", range="bytes=1-2", if_range=etag)).status_code == 206
    assert (await shelf.get("/jobs/job/video", range="bytes=1-2", if_range=f"W/{etag}")).status_code == 200
    video.write_bytes(FILM[::-1])
    os.utime(video, ns=(1, 1))
    answer = await shelf.get("/jobs/job/video", range="bytes=1-2", if_range=etag)
    assert (answer.status_code, answer.content) == (200, FILM[::-1])
    assert answer.headers["etag"] != etag


async def test_a_file_that_shrinks_while_it_is_read_is_no_whole_one(shelf: Shelf) -> None:
    video = shelf.finished("job")
    video.write_bytes(FILM * 20)
    with pytest.raises(httpx.RemoteProtocolError):
        async with shelf.client() as asked, asked.stream("GET", "/jobs/job/video") as answer:
            read = 0
            async for piece in answer.aiter_raw(65536):
                read += len(piece)
                os.truncate(video, 100)
                await asyncio.sleep(0.01)


async def test_unknown_foreign_and_unfinished(shelf: Shelf) -> None:
    shelf.finished("theirs", owner="bob")
    shelf.hand.job("mine", owner="ada")
    for file in FILES:
        foreign, unknown = await shelf.get(f"/jobs/theirs/{file}"), await shelf.get(f"/jobs/nobodys/{file}")
        assert foreign.status_code == unknown.status_code == 404
        assert foreign.json()["detail"].replace("theirs", "nobodys") == unknown.json()["detail"]
        unfinished = await shelf.get(f"/jobs/mine/{file}")
        assert unfinished.status_code == 404
        assert "is processing and has no video" in unfinished.json()["detail"]
        assert (await shelf.get(f"/jobs/theirs/{file}", None)).status_code == 401
    answer = await shelf.get("/jobs/theirs/parts/voice%201/voice")
    assert answer.status_code == 404


async def test_a_part_is_named_by_its_content(shelf: Shelf) -> None:
    shelf.finished("job")
    source = shelf.settings.data_dir / "a.mp3"
    source.write_bytes(b"voice" * 1000)
    blob = open_cache(shelf.settings).put(source)
    maker: dict[str, Any] = {}
    with Session(shelf.house.engine) as session, session.begin():
        body = {"voice": {"sha256": blob.sha256, "size": blob.size, "suffix": ".mp3"}}
        session.add(Receipt(key="k", kind="voice", label="voice 1", state="collected", maker=maker, files=body))
        session.add(Part(job_id="job", label="voice 1", stage="voice_gen", kind="voice", key="k", state="done"))
    answer = await shelf.get("/jobs/job/parts/voice%201/voice", range="bytes=5-9")
    assert (answer.status_code, answer.content) == (206, b"voice")
    assert answer.headers["etag"] == f'"{blob.sha256}"'
    assert answer.headers["content-type"] == "audio/mpeg"
    assert answer.headers["content-disposition"] == 'inline; filename="voice-1.mp3"'
    assert (await shelf.get("/jobs/job/parts/voice%201/other")).status_code == 404
    assert (await shelf.get("/jobs/job/parts/voice%201/voice", "bob")).status_code == 404


class TestPlaces:
    """Where a row says its video is, and what of that is believed."""

    async def test_a_place_that_the_caller_chose(self, shelf: Shelf, tmp_path: Path) -> None:
        chosen = tmp_path / "mine" / "ad.mp4"
        chosen.parent.mkdir()
        chosen.write_bytes(b"film")
        chosen.with_name("ad.srt").write_bytes(b"words")
        shelf.hand.job("job", "completed", owner="local")
        shelf.hand.change("job", video_url=str(chosen), request={"paths": {"output": str(chosen)}})
        assert (await shelf.get("/jobs/job/video", "local")).content == b"film"
        assert (await shelf.get("/jobs/job/captions.srt", "local")).content == b"words"
        assert (await shelf.get("/jobs/job/qa", "local")).status_code == 404
        shelf.hand.change("job", owner="ada")
        assert (await shelf.get("/jobs/job/video")).status_code == 404

    async def test_a_row_is_not_believed(self, shelf: Shelf) -> None:
        shelf.finished("other", owner="bob")
        folder, theirs = folder_name("job"), folder_name("other")
        shelf.hand.job("job", "completed", owner="local")
        for url in (
            str(shelf.outside), "/etc/passwd", f"file://{shelf.outside}", f"s3://x/videos/{theirs}/creme-brulee-7-8.mp4",
            f"/videos/{folder}/../{theirs}/creme-brulee-7-8.mp4", f"/x/videos/{folder}/..%2f..%2foutside.mp4",
            f"{shelf.settings.data_dir}/videos/{theirs}/creme-brulee-7-8.mp4", f"/videos/{folder}/.mp4",
            f"/videos/{folder}/../../../outside.mp4", "outside.mp4", "/", "", f"/videos/{folder}/a\0.mp4",
        ):  # fmt: skip
            shelf.hand.change("job", video_url=url, request={"paths": {"output": "/somewhere/else.mp4"}})
            answer = await shelf.get("/jobs/job/video", "local")
            assert answer.status_code == 404, url
            assert MARK not in answer.content

    async def test_links_on_the_disk_lead_nowhere(self, shelf: Shelf) -> None:
        video = shelf.finished("job")
        video.unlink()
        video.symlink_to(shelf.outside)
        assert (await shelf.get("/jobs/job/video")).status_code == 404
        video.unlink()
        os.mkfifo(video)
        async with asyncio.timeout(5):
            assert (await shelf.get("/jobs/job/video")).status_code == 404
        video.unlink()
        folder = video.parent
        (shelf.outside.parent / "elsewhere").mkdir()
        (shelf.outside.parent / "elsewhere" / video.name).write_bytes(MARK)
        folder.rename(folder.with_name("away"))
        folder.symlink_to(shelf.outside.parent / "elsewhere")
        assert (await shelf.get("/jobs/job/video")).status_code == 404


BAD = [
    "../../outside.mp4", "../outside.mp4", "/etc/passwd", "..%2f..%2foutside.mp4", "%2e%2e/%2e%2e/outside.mp4",
    "..%252f..%252foutside.mp4", "....//....//outside.mp4", "..\\..\\outside.mp4", "..%5c..%5coutside.mp4",
    "%00", "outside.mp4%00.mp4", "..;/..;/outside.mp4", "%c0%ae%c0%ae/outside.mp4", "%uff0e%uff0e/outside.mp4",
    "file:///etc/passwd", "//etc/passwd", "./../../outside.mp4", "videos/../../../outside.mp4", "~root/.bashrc",
    "%2fetc%2fpasswd", "..%ef%bc%8foutside.mp4", "%2e%2e%2f%2e%2e%2f%2e%2e%2foutside.mp4", "a/../../../outside.mp4",
    "C:%5cwindows%5cwin.ini", "..%2f" * 12 + "etc%2fpasswd", "a" * 300, "*", "?x=../../outside.mp4", "%0d%0aX-A:%20b",
    "proc/self/environ", "..%2f..%2f..%2f..%2fproc%2fself%2fenviron", "outside.mp4",
]  # fmt: skip


async def test_no_path_leads_outside(shelf: Shelf) -> None:
    """500 ways to ask for a file that is not a job's."""
    shelf.finished("job")
    places = [
        *(f"/jobs/{{}}/{file}" for file in FILES), "/jobs/job/{}", "/jobs/job/video/{}", "/jobs/job/video{}",
        "/jobs/job/parts/{}/voice", "/jobs/job/parts/voice%201/{}", "/jobs/job/parts/{}", "/files/{}", "/{}",
        "/jobs/job/poster/../{}", "/jobs/job/parts/{}/{}",
    ]  # fmt: skip
    asked = [place.replace("{}", bad) for place, bad in itertools.product(places, BAD)]
    assert len(asked) >= 500

    def ask() -> list[tuple[str, int, bytes]]:
        found = []
        line = http.client.HTTPConnection("127.0.0.1", shelf.port, timeout=20)
        for path in asked:
            line.putrequest("GET", f"/api/v1{path}", skip_accept_encoding=True)
            line.putheader("Authorization", "Bearer ada")
            line.endheaders()
            answer = line.getresponse()
            found.append((path, answer.status, answer.read()))
            if answer.will_close:
                line.close()
        line.close()
        return found

    for path, status, body in await asyncio.to_thread(ask):
        if path.startswith("/jobs/job/video?x="):
            assert (status, body) == (200, FILM)  # that is a question about the video itself
            continue
        assert status in (400, 404, 405, 422), (path, status)
        assert MARK not in body
        assert b"root:" not in body
        assert FILM[:100] not in body


class TestLinks:
    """Links that need no key."""

    async def made(self, shelf: Shelf, **form: object) -> dict[str, Any]:
        async with shelf.client() as asked:
            answer = await asked.post("/jobs/job/links", json=form)
            assert answer.status_code == 201, answer.text
            found: dict[str, Any] = answer.json()
            return found

    async def test_anybody_may_follow_one(self, shelf: Shelf) -> None:
        shelf.finished("job")
        for file in FILES:
            link = await self.made(shelf, file=file, expires_in=3600)
            left = datetime.fromisoformat(link["expires_at"]) - datetime.now(UTC)
            assert timedelta(seconds=3500) < left <= timedelta(seconds=3600)
            assert link["url"].startswith(f"http://127.0.0.1:{shelf.port}/api/v1/files/")
            answer = await shelf.get(link["url"], None, range="bytes=0-1")
            assert answer.status_code == 206
            assert answer.content == (FILM if file == "video" else file.encode())[:2]
            assert answer.headers["cross-origin-resource-policy"] == "cross-origin"

    async def test_it_ends(self, shelf: Shelf) -> None:
        video = shelf.finished("job")
        url = (await self.made(shelf))["url"]
        token = url.rpartition("/")[2]
        payload = shelf.house.signer.read("file", token)
        past = datetime.now(UTC) - timedelta(seconds=1)
        other = json.loads(json.dumps(payload)) | {"j": "other"}
        shelf.finished("other", owner="bob")
        for bad in (
            shelf.house.signer.sign("file", payload, past), shelf.house.signer.sign("cursor", payload),
            shelf.house.signer.sign("file", other), shelf.house.signer.sign("file", payload | {"c": 5}),
            token[:-2], token + "x", "x", token.replace(".", ".."),
        ):  # fmt: skip
            assert (await shelf.get(f"/files/{bad}", None)).status_code == 404, bad
        assert (await shelf.get(url, None)).status_code == 200
        shelf.hand.change("job", ended_at=datetime.now(UTC))
        await asyncio.to_thread(jobs.purge, shelf.settings, job="job")
        assert not video.exists()
        assert (await shelf.get(url, None)).status_code == 404

    async def test_who_may_make_one_and_for_what(self, shelf: Shelf) -> None:
        shelf.finished("job")
        shelf.hand.job("new", owner="ada")
        async with shelf.client() as ada, shelf.client("bob") as bob, shelf.client(None) as nobody:
            for form in ({"expires_in": 59}, {"expires_in": 604801}, {"page": 0}, {"file": "../x"}, {"more": 1}):
                assert (await ada.post("/jobs/job/links", json=form)).status_code == 422
            assert (await ada.post("/jobs/new/links", json={})).status_code == 404
            assert (await bob.post("/jobs/job/links", json={})).status_code == 404
            assert (await nobody.post("/jobs/job/links", json={})).status_code == 401


def test_names_that_headers_cannot_hold() -> None:
    assert disposition("a.mp4", inline=True) == 'inline; filename="a.mp4"'
    assert disposition('a"b%\\.mp4', inline=False) == (
        "attachment; filename=\"a_b__.mp4\"; filename*=UTF-8''a%22b%25%5C.mp4"
    )
    assert disposition("广告\r\n.mp4", inline=False) == (
        "attachment; filename=\"____.mp4\"; filename*=UTF-8''%E5%B9%BF%E5%91%8A%0D%0A.mp4"
    )
