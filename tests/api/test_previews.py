"""What things look and sound like: small photos, cut-outs, stills, samples; all of it real."""

from __future__ import annotations

import asyncio
import io
import itertools
from collections.abc import AsyncIterator
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from tests.api.filming import filmed
from tests.api.visiting import Place, place
from tests.jobs.conftest import Hand

from badapple import process
from badapple.cache import Blob, sha256_of
from badapple.config import Settings
from badapple.database import Job, Part, Receipt
from badapple.jobs import JobOrder, open_cache, orders
from badapple.jobs.keeping import open_shelf
from badapple.jobs.previews import Previews
from badapple.media.ffmpeg import locate
from badapple.media.probe import probe
from badapple.models import Brand, MakeOptions, Makers, Scene, Script
from badapple.product.sample import PHOTO
from badapple.testing.simulators import Simulators

V1 = "/api/v1"


@pytest.fixture
async def there(tmp_path: Path) -> AsyncIterator[Place]:
    async with place(tmp_path) as opened:
        yield opened


class Caller:
    """Ann, unless it is said."""

    def __init__(self, there: Place, owner: str = "ann") -> None:
        self.there, self._key = there, there.key(owner)

    async def get(self, path: str, method: str = "GET", **headers: str) -> httpx.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.there.ask(method, f"{V1}{path}", key=self._key, headers=named)

    async def post(self, path: str, **words: Any) -> httpx.Response:
        return await self.there.ask("POST", f"{V1}{path}", key=self._key, **words)

    async def upload(self, photo: bytes) -> str:
        answer = await self.post("/uploads", files={"file": ("photo.png", photo)})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["upload_id"])


@pytest.fixture
def ann(there: Place) -> Caller:
    return Caller(there)


@lru_cache(maxsize=1)
def flacon() -> bytes:
    """Return a small photo of something that stands free."""
    with Image.open(PHOTO) as image:
        return packed(image.resize((480, 600)))


def packed(image: Image.Image, kind: str = "PNG") -> bytes:
    out = io.BytesIO()
    image.save(out, kind)
    return out.getvalue()


def wall() -> bytes:
    """Return a photo that its texture fills."""
    noise = np.random.default_rng(1).integers(60, 200, (40, 40, 3), np.uint8)
    return packed(Image.fromarray(noise).resize((400, 400), Image.Resampling.NEAREST))


def picture(answer: httpx.Response) -> Image.Image:
    assert answer.status_code == 200, answer.text
    image = Image.open(io.BytesIO(answer.content))
    image.load()
    return image


def settings_of(there: Place) -> Settings:
    found: Settings = there.app.state.doors.settings
    return found


def made(there: Place, kind: str) -> int:
    """Return how often something of a kind was begun."""
    with Session(there.engine) as session:
        return session.scalar(select(func.sum(Receipt.begun)).where(Receipt.kind == kind)) or 0


def script(headline: str = "Hello") -> Script:
    scene = Scene(
        id=1, frames=165, headline=headline, subline="", points=(), voiceover_text="It is here.",
        video_prompt_template="a slow push",
    )  # fmt: skip
    return Script(
        style="minimal", product_name="Watch", cta="Look", cta_line="", cta_voiceover="Look.", cta_frames=300,
        scenes=tuple(replace(scene, id=number) for number in (2, 1, 3, 4)), spoken_name="watch",
    )  # fmt: skip


def job(there: Place, job_id: str = "job", *, photo: bytes | None = None, **options: Any) -> Hand:
    """Make a job of Ann's that has no script yet."""
    files = {}
    if photo is not None:
        file = settings_of(there).data_dir / "photo.png"
        file.write_bytes(photo)
        files = {"photo": open_shelf(settings_of(there)).put(file)}
    order = JobOrder(product_name="Watch", style="minimal", files=files, agreed=True, options=MakeOptions(**options))
    hand = Hand(there.engine)
    hand.job(job_id, owner="ann", request=orders.to_json(order))
    return hand


def part(there: Place, label: str, kind: str, files: dict[str, Blob], state: str = "done") -> None:
    """Write down a finished part of the job."""
    named = {name: {"sha256": one.sha256, "size": one.size, "suffix": one.suffix} for name, one in files.items()}
    maker = {"name": "replicate", "model": "x", "generated": True}
    with Session(there.engine) as session, session.begin():
        session.add(
            Receipt(
                key=label, kind=kind, label=label, state="collected", maker=maker, files=named, facts={}, digest=label
            )
        )
        session.add(Part(job_id="job", label=label, stage="video_gen", kind=kind, key=label, state=state))


async def test_an_uploaded_photo_comes_small_and_never_larger_than_it_is(ann: Caller) -> None:
    clear = Image.new("RGBA", (400, 300), (0, 0, 0, 0))
    clear.paste((200, 30, 30, 255), (150, 100, 250, 200))
    upload = await ann.upload(packed(clear))
    sizes = {}
    for width in ("270", "540", "1080"):
        image = picture(await ann.get(f"/uploads/{upload}/photo?width={width}"))
        sizes[width] = image.size
        assert image.format == "JPEG"
        assert np.asarray(image.convert("RGB"))[2, 2].min() > 250  # what one sees through lies on white
    assert sizes == {"270": (270, 202), "540": (400, 300), "1080": (400, 300)}
    plain = await ann.get(f"/uploads/{upload}/photo")
    assert plain.headers["cache-control"] == "private, no-cache"
    known = await ann.get(f"/uploads/{upload}/photo", if_none_match=plain.headers["etag"])
    assert (known.status_code, known.content) == (304, b"")
    head = await ann.get(f"/uploads/{upload}/photo", method="HEAD")
    assert (head.content, head.headers["content-length"]) == (b"", str(len(plain.content)))
    for path, status in (("?width=271", 422), ("?width=", 422)):
        assert (await ann.get(f"/uploads/{upload}/photo{path}")).status_code == status
    other = await Caller(ann.there, "bob").get(f"/uploads/{upload}/photo", if_none_match=plain.headers["etag"])
    assert other.status_code == 404


async def test_a_photo_is_looked_at_once_and_cut_out_as_in_the_film(ann: Caller) -> None:
    upload = await ann.upload(flacon())
    looks = [(await ann.get(f"/uploads/{upload}/look?product_name=Rose%20perfume")).json() for _ in range(2)]
    assert looks[0] == looks[1]
    assert (looks[0]["kind"], looks[0]["category"]) == ("object", "beauty")
    assert looks[0]["accent"] in looks[0]["palette"]
    assert all(colour[0] == "#" and len(colour) == 7 for colour in looks[0]["palette"])
    answer = await ann.get(httpx.URL(looks[0]["cutout_url"]).path.removeprefix(V1))
    image = picture(answer)
    assert (image.format, image.mode, answer.headers["content-type"]) == ("WEBP", "RGBA", "image/webp")
    assert max(image.size) <= 640
    alpha = np.asarray(image)[..., 3]
    assert (alpha[0, 0], alpha[alpha.shape[0] // 2, alpha.shape[1] // 2]) == (0, 255)
    assert made(ann.there, "product") == 1


@pytest.mark.parametrize(("photo", "kind"), [("wall", "photo"), ("blank", "words")])
async def test_what_does_not_stand_free_has_no_cut_out(ann: Caller, photo: str, kind: str) -> None:
    upload = await ann.upload(wall() if photo == "wall" else packed(Image.new("RGB", (300, 300), (90, 90, 90))))
    look = (await ann.get(f"/uploads/{upload}/look")).json()
    assert (look["kind"], look["cutout_url"]) == (kind, None)
    assert look["reason"].endswith(".")
    assert (await ann.get(f"/uploads/{upload}/cutout")).json()["code"] == "not_found"


async def test_scenes_are_seen_as_soon_as_there_is_a_script(ann: Caller) -> None:
    there = ann.there
    hand = job(there, photo=flacon())
    early = await ann.get("/jobs/job/scenes/1/still")
    assert (early.status_code, early.json()["code"]) == (404, "not_found")
    assert picture(await ann.get("/jobs/job/photo?width=270")).size == (270, 338)
    hand.change("job", options={"script": script().to_json()})
    stills = [await ann.get(f"/jobs/job/scenes/{number}/still") for number in (1, 2, 3, 4)]
    assert {picture(one).size for one in stills} == {(270, 480)}
    assert len({one.content for one in stills}) == 4
    assert picture(await ann.get("/jobs/job/scenes/1/still?width=540")).size == (540, 960)
    known = await ann.get("/jobs/job/scenes/1/still", if_none_match=stills[0].headers["etag"])
    assert known.status_code == 304
    hand.change("job", options={"script": script("Other").to_json()})
    changed = await ann.get("/jobs/job/scenes/1/still", if_none_match=stills[0].headers["etag"])
    assert (changed.status_code, changed.content == stills[0].content) == (200, False)
    assert made(there, "product") == 1
    assert (await Caller(there, "bob").get("/jobs/job/scenes/1/still")).status_code == 404
    assert (await ann.get("/jobs/job/scenes/5/still")).status_code == 422


async def test_a_still_is_what_the_film_shows(ann: Caller) -> None:
    """The frame that the film's own recipe draws, at the same moment, in the brand's colours and with its framing."""
    there = ann.there
    hand = job(
        there, photo=flacon(), seed=3, framings=("left", "auto", "auto", "auto"),
        brand=Brand(ground="#104020", ink="#ffffff"),
    )  # fmt: skip
    hand.change("job", options={"script": script().to_json()})
    still = np.asarray(picture(await ann.get("/jobs/job/scenes/1/still?width=540")).convert("RGB"), np.int16)
    frame = await filmed(settings_of(there), there.engine, orders.of_row(hand.row("job")), script(), 1)
    assert np.abs(still - frame.astype(np.int16)).mean() < 3
    red, green, _ = still[-200:].mean((0, 1))
    assert green > red + 10
    assert frame.std() > 10


async def test_an_ad_of_words_has_stills_and_no_photo(ann: Caller) -> None:
    job(ann.there).change("job", options={"script": script().to_json()})
    assert (await ann.get("/jobs/job/photo")).json()["code"] == "not_found"
    assert picture(await ann.get("/jobs/job/scenes/2/still")).size == (270, 480)


async def test_a_bought_scene_shows_its_first_frame_and_then_its_clip(tmp_path: Path) -> None:
    keys = {"REPLICATE_API_TOKEN": "r8_of_nobody"}
    async with place(tmp_path, **keys) as there:
        ann = Caller(there)
        hand = job(there, photo=flacon(), makers=Makers(video_by="replicate", max_cost=9_000_000))
        hand.change("job", options={"script": script().to_json()})
        before = await ann.get("/jobs/job/scenes/1/still")
        assert picture(before).size == (270, 472)  # as it is sent: 768x1344
        clip = tmp_path / "clip.mp4"
        red = "color=c=red:s=270x480:r=30:d=6"
        await process.in_thread(
            process.run, [locate(None), "-v", "error", "-f", "lavfi", "-i", red, "-pix_fmt", "yuv420p", "-y", clip]
        )
        part(there, "footage 1", "footage", {"footage": open_cache(settings_of(there)).put(clip)})
        part(there, "footage 2", "footage", {}, state="failed")
        shown = picture(await ann.get("/jobs/job/scenes/1/still", if_none_match=before.headers["etag"])).convert("RGB")
        most, *others = np.asarray(shown)[470, 135]
        assert most > 180
        assert max(others) < 60
        # Where no clip could be had, the scene is drawn here.
        assert picture(await ann.get("/jobs/job/scenes/2/still")).size == (270, 480)


async def test_a_style_moves_and_its_end_leads_to_its_start(ann: Caller, tmp_path: Path) -> None:
    async def tick() -> None:
        while True:
            await asyncio.sleep(0.01)
            ticks.append(1)

    ticks: list[int] = []
    ticking = asyncio.ensure_future(tick())
    answers = await asyncio.gather(*(ann.get("/styles/luxury/sample") for _ in range(3)))
    ticking.cancel()
    assert len(ticks) > 20  # nobody else had to wait
    assert (made(ann.there, "style film"), len({one.content for one in answers})) == (1, 1)
    told = answers[0].headers
    assert (told["content-type"], told["cache-control"].split(",")[0]) == ("video/mp4", "private")
    assert 0 < len(answers[0].content) < 150_000
    film = tmp_path / "film.mp4"
    film.write_bytes(answers[0].content)
    facts = probe(film, ffmpeg=locate(None))
    assert (facts.width, facts.height, round(facts.duration, 2), facts.audio_codec) == (270, 480, 3.0, "")
    raw = process.run([locate(None), "-v", "error", "-i", film, "-f", "rawvideo", "-pix_fmt", "gray", "-"]).stdout
    frames = np.frombuffer(raw, np.uint8).reshape(-1, 480, 270).astype(np.int16)
    steps = [np.abs(one - other).mean() for one, other in itertools.pairwise([*frames, frames[0]])]
    assert len(frames) == 90
    assert max(np.abs(one - frames[0]).mean() for one in frames) > 4  # it moves
    assert steps[-1] <= max(steps[:-1]) * 1.2  # and the way back to the first frame is no cut
    some = await ann.get("/styles/luxury/sample", range="bytes=0-99")
    assert (some.status_code, some.content) == (206, answers[0].content[:100])
    assert (await ann.get("/styles/luxury/sample", if_none_match=told["etag"])).status_code == 304


async def test_a_style_is_seen_and_an_unknown_one_is_not_there(ann: Caller) -> None:
    stills = {style: await ann.get(f"/styles/{style}/still") for style in ("minimal", "bold")}
    assert {picture(one).size for one in stills.values()} == {(270, 480)}
    assert stills["minimal"].content != stills["bold"].content
    assert (await ann.get("/styles/minimal/still?width=540")).headers["etag"] != stills["minimal"].headers["etag"]
    for path in ("/styles/none/still", "/styles/none/sample", "/voices/offline/none/sample"):
        answer = await ann.get(path)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_voices_speak_at_their_pace(ann: Caller, tmp_path: Path) -> None:
    lengths = {}
    for style in ("luxury", "energetic"):
        answer = await ann.get(f"/voices/offline/{style}/sample")
        assert (answer.status_code, answer.headers["content-type"]) == (200, "audio/mpeg")
        file = tmp_path / f"{style}.mp3"
        file.write_bytes(answer.content)
        heard = process.run([locate(None), "-v", "error", "-i", file, "-f", "s16le", "-ac", "1", "-ar", "8000", "-"])
        sound = np.frombuffer(heard.stdout, np.int16)
        lengths[style] = len(sound) / 8000
        assert np.abs(sound.astype(np.int32)).max() > 3000
    assert 1 < lengths["energetic"] < lengths["luxury"] < 6


async def test_a_vendor_s_voice_is_its_own_sample_and_nothing_is_bought(tmp_path: Path) -> None:
    with Simulators(small=True) as sims:
        root = httpx.URL(sims.address("elevenlabs"))
        for name, allowed in (("closed", ""), ("open", f"{root.host}:{root.port}")):
            async with place(tmp_path / name, **sims.environment(), BADAPPLE_PRIVATE_HOSTS=allowed) as there:
                answer = await Caller(there).get("/voices/elevenlabs/luxury/sample")
                if allowed:
                    again = await Caller(there).get("/voices/elevenlabs/luxury/sample")
                    assert (answer.status_code, again.content == answer.content) == (200, True)
                    assert answer.content[:3] in {b"ID3", b"\xff\xfb\x90"}
                else:  # the address that the vendor names lies in a private network
                    assert (answer.status_code, answer.json()["code"]) == (502, "vendor_failed")
                    assert answer.json()["charged_usd"] == 0
        assert sims.charges == ()
        asked = [one.request.path for one in sims.exchanges]
        assert asked.count(next(path for path in asked if path.startswith("/samples/"))) == 1


async def test_a_vendor_s_voice_needs_the_vendor_s_key(ann: Caller) -> None:
    answer = await ann.get("/voices/elevenlabs/luxury/sample")
    assert (answer.status_code, answer.json()["code"]) == (409, "vendor_not_available")
    assert (await ann.get("/voices/nobody/luxury/sample")).status_code == 422


async def test_a_sample_ad_is_one_click(ann: Caller) -> None:
    there = ann.there
    asked = {"json": {"style": "tech", "draft": True}, "headers": {"idempotency-key": "first"}}
    first, again = [await ann.post("/videos/sample", **asked) for _ in range(2)]
    assert (first.status_code, again.json(), again.headers["idempotent-replayed"]) == (202, first.json(), "true")
    assert first.headers["location"] == first.json()["status_url"]
    assert first.json()["estimated_cost_usd"] == 0
    order = orders.of_row(Hand(there.engine).row(first.json()["job_id"]))
    assert (order.style, order.options.canvas.width, order.options.makers.provider) == ("tech", 270, "offline")
    assert sha256_of(PHOTO) != order.files["photo"].sha256  # decoded and written anew, like any other
    assert picture(await ann.get(f"/jobs/{first.json()['job_id']}/photo?width=270")).size == (270, 338)
    plain = await ann.post("/videos/sample", json={})
    assert plain.status_code == 202
    for body, code in (({"style": "none"}, "unknown_style"), ({"provider": "cloud"}, "invalid_request")):
        refused = await ann.post("/videos/sample", json=body)
        assert (refused.status_code, refused.json()["code"]) == (422, code)


async def test_the_plain_form_makes_a_sample_ad_once_for_each_page(tmp_path: Path) -> None:
    async with place(tmp_path, listening_host="127.0.0.1") as there, there.visitor() as visitor:
        origin = {"origin": "http://localhost:8000"}
        first, again = [
            await visitor.post("/videos/sample", data={"once": "page1", "draft": "true"}, headers=origin)
            for _ in range(2)
        ]
        assert (first.status_code, again.headers["location"]) == (303, first.headers["location"])
        bare = await visitor.post("/videos/sample", headers=origin)
        assert bare.status_code == 303
        assert bare.headers["location"] != first.headers["location"]
        with Session(there.engine) as session:
            assert session.scalar(select(func.count()).select_from(Job)) == 2


async def test_pictures_are_drawn_once_and_the_oldest_are_forgotten() -> None:
    from badapple.jobs.seen import Seen, Sight  # noqa: PLC0415

    drawn: list[str] = []

    def sight(name: str, size: int) -> Sight:
        async def draw() -> bytes:
            drawn.append(name)
            await asyncio.sleep(0.01)
            if size < 0:
                raise ValueError(name)
            return bytes(size)

        return Sight(name=name, media_type="image/jpeg", draw=draw)

    seen = Seen(most=100)
    await asyncio.gather(*(seen.get(sight("a", 60)) for _ in range(5)))
    await seen.get(sight("b", 60))  # `a` has to go
    await seen.get(sight("b", 60))
    await seen.get(sight("a", 60))
    assert drawn == ["a", "b", "a"]
    for _ in range(2):
        with pytest.raises(ValueError, match="bad"):
            await seen.get(sight("bad", -1))
    assert drawn[-2:] == ["bad", "bad"]


def test_the_desk_is_one_for_all_requests(there: Place) -> None:
    """Otherwise nothing would be kept, and everybody would draw at once."""
    from starlette.requests import Request  # noqa: PLC0415

    from badapple.api.routes.previews import previews  # noqa: PLC0415

    request = Request({"type": "http", "app": there.app})
    desk = previews(request, there.app.state.doors)
    assert isinstance(desk, Previews)
    assert desk is previews(request, there.app.state.doors)


def left_over(there: Place) -> list[Path]:
    """Return the files that are kept of photos, in the cache and of orders."""
    settings = settings_of(there)
    return [path for root in (settings.cache_dir, settings.data_dir / "orders") for path in root.glob("blobs/*/*")]


async def test_what_was_seen_of_a_photo_goes_with_it(ann: Caller) -> None:
    there = ann.there
    upload = await ann.upload(flacon())
    assert (await ann.get(f"/uploads/{upload}/look")).json()["kind"] == "object"
    kept = left_over(there)
    assert len(kept) >= 3  # the upload, its copy among the parts, the cut-out
    mine, other = await ann.upload(flacon()), Caller(there, "bob")
    deleted = await there.ask("DELETE", f"{V1}/uploads/{mine}", key=there.key("ann"))
    assert deleted.status_code == 204
    assert left_over(there) == kept  # the other upload needs all of it
    assert (await other.get(f"/uploads/{upload}/cutout")).status_code == 404
    assert (await there.ask("DELETE", f"{V1}/uploads/{upload}", key=there.key("ann"))).status_code == 204
    assert (left_over(there), made(there, "product"), made(there, "photo")) == ([], 0, 0)


async def test_a_deleted_job_leaves_nothing_of_its_photo(ann: Caller) -> None:
    there = ann.there
    hand = job(there, photo=flacon())
    hand.change("job", options={"script": script().to_json()})
    assert (await ann.get("/jobs/job/scenes/1/still")).status_code == 200
    assert len(left_over(there)) >= 3
    hand.end("job", "cancelled")
    assert (await there.ask("DELETE", f"{V1}/jobs/job", key=there.key("ann"))).status_code in {200, 204}
    assert left_over(there) == []
