"""The page of one ad in a browser: what lands while somebody looks on, listens, types and edits."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.api.test_previews import part, script, settings_of
from tests.api.visiting import Place, place
from tests.jobs.conftest import Hand
from tests.studio.browser.visiting import Visit, needs_chromium, visiting

from badapple import process
from badapple.api.serving import serving
from badapple.database.tables import now
from badapple.jobs import JobOrder, open_cache, orders
from badapple.jobs.files import FILES
from badapple.jobs.leftovers import folder_name
from badapple.media.ffmpeg import locate
from badapple.models import MakeOptions
from badapple.studio.assets import STATIC

pytestmark = [
    needs_chromium,
    pytest.mark.skipif(not (STATIC / "manifest.json").is_file(), reason="tools/build_studio.sh was not run"),
]
LONG = pytest.mark.browser
AD = "job"
#: What browsers do where nobody has touched the page; Playwright's own questions count as touching it.
HELD = """const play = HTMLMediaElement.prototype.play;
addEventListener("pointerdown", () => (globalThis.touched = true), true);
HTMLMediaElement.prototype.play = function () {
  if (this.muted || globalThis.touched) return play.call(this);
  return Promise.reject(new DOMException("not allowed", "NotAllowedError"));
};"""
FILM = "document.querySelector('.film video')"


@dataclass(frozen=True, slots=True)
class Stage:
    """A server with one ad, and a hand that makes it."""

    there: Place
    root: str
    hand: Hand
    folder: Path

    async def film(self, name: str, seconds: int) -> Path:
        """Return a small film with a tone."""
        to = self.folder / name
        source = f"testsrc2=s=54x96:r=30:d={seconds}"
        tone = f"sine=frequency=330:duration={seconds}"
        words: list[str | Path] = [
            "-v",
            "error",
            "-f",
            "lavfi",
            "-i",
            source,
            "-f",
            "lavfi",
            "-i",
            tone,
            "-pix_fmt",
            "yuv420p",
            "-y",
            to,
        ]
        await process.in_thread(process.run, [locate(None), *words])
        return to

    async def land(self, label: str, kind: str, name: str, seconds: int) -> None:
        """Let a part of the ad be finished."""
        cache = open_cache(settings_of(self.there))
        part(self.there, label, kind, {kind: cache.put(await self.film(name, seconds))})
        self.hand.tell(AD, f"Finished {label}", progress=50)

    async def finish(self) -> None:
        """Let the ad be ready."""
        video = settings_of(self.there).data_dir / "videos" / folder_name(AD) / "watch.mp4"
        video.parent.mkdir(parents=True)
        for kind in FILES.values():
            video.with_name(f"watch{kind.ending}").write_text("WEBVTT\n" if kind.ending == ".vtt" else json.dumps({}))
        video.write_bytes((await self.film("film.mp4", 30)).read_bytes())
        self.hand.change(AD, video_url=str(video))
        self.hand.end(AD, "completed")


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with place(tmp_path, listening_host="127.0.0.1") as there, serving(there.app) as port:
        hand = Hand(there.engine)
        order = JobOrder(product_name="Watch", style="minimal", cta_text="Look", options=MakeOptions())
        written = {"script": script().to_json()}
        hand.job(AD, owner="local", request=orders.to_json(order), options=written, started_at=now(), cta_text="Look")
        hand.tell(AD, "Making scene 1", progress=40)
        yield Stage(there, f"http://127.0.0.1:{port}", hand, tmp_path)


async def opened(visit: Visit, *, edit: bool = False) -> Any:
    await visit.page.goto(f"/ads/{AD}")
    await visit.page.locator("#run").wait_for(state="detached")  # the server's own page has made way
    if edit:
        await visit.page.keyboard.press("e")
        await visit.page.locator(".edit-scene").first.wait_for()
    return visit.page


async def holds(page: Any, what: str) -> None:
    """Wait until a page says yes; asked by the clock, for a busy machine may paint nothing for a while."""
    for _ in range(100):
        if await page.evaluate(f"Boolean({what})"):
            return
        await page.wait_for_timeout(200)
    pytest.fail(f"never: {what}")


async def test_what_plays_and_what_is_typed_survive_news(stage: Stage) -> None:
    await stage.land("scene 1", "segment", "clip.mp4", 6)
    async with visiting(stage.root) as visit:
        page = await opened(visit)
        clip = page.locator(".phone video")
        await holds(page, "document.querySelector('.phone video')?.currentTime > 0.3")
        await clip.evaluate("(one) => { one.loop = true; globalThis.kept = one }")
        await page.get_by_label("Search activity").fill("scene")
        for number in (2, 3):
            stage.hand.tell(AD, f"Looking at scene {number}", progress=50 + number)
        await page.get_by_text("Looking at scene 3.").first.wait_for()
        await holds(page, "kept.isConnected && !kept.paused && kept.currentTime > 0.8")
        field = page.get_by_label("Search activity")
        assert await field.evaluate("(one) => one === document.activeElement")
        await page.keyboard.type(" 2")
        assert await page.locator(".events li").count() == 1
        assert visit.told == []


@LONG
async def test_scenes_fill_with_stills_voices_and_clips(stage: Stage) -> None:
    async with visiting(stage.root, width=390, scheme="dark") as visit:
        page = await opened(visit)
        first = page.locator(".scene").first
        assert await first.locator("img").count() == 1
        await stage.land("voice 1", "voice", "voice.mp3", 2)
        await page.get_by_role("button", name="Play the voice of scene 1").wait_for()
        await first.get_by_text("2.0 s").wait_for()  # it was decoded
        bars = await first.locator(".wave-rest").get_attribute("d")
        assert bars is not None
        assert bars.count("M") == 32
        assert float(bars.split("v")[5].split("M")[0]) > 15  # a steady tone is as loud everywhere
        await page.get_by_role("button", name="Play the voice of scene 1").click()
        await page.get_by_role("button", name="Pause the voice of scene 1").wait_for()
        await stage.land("scene 1", "segment", "clip.mp4", 6)
        await first.locator("video").wait_for(state="attached")
        assert await visit.faults() == []
        assert visit.told == []


async def test_the_film_plays_the_moment_it_is_there(stage: Stage) -> None:
    async with visiting(stage.root) as visit:
        await visit.page.add_init_script(HELD)
        page = await opened(visit)
        await stage.finish()
        await page.get_by_role("button", name="Play with sound").wait_for()
        await holds(page, f"!{FILM}.paused && {FILM}.muted && {FILM}.currentTime > 0.2")
        await page.get_by_role("button", name="Play with sound").click()
        await holds(page, f"!{FILM}.muted")
        await page.get_by_role("button", name="Show scene 3").click()
        await holds(page, f"{FILM}.currentTime > 10")
        await page.keyboard.press("Escape")
        await page.locator("h1").click()
        await page.keyboard.press("[")
        await holds(page, f"{FILM}.currentTime < 8")
        await page.keyboard.press("Space")
        await holds(page, f"{FILM}.paused")
        assert visit.told == []


@LONG
async def test_who_holds_still_is_not_moved(stage: Stage) -> None:
    async with visiting(stage.root, motion="reduce") as visit:
        page = await opened(visit)
        await stage.finish()
        await page.get_by_role("link", name="Download the video").wait_for()
        await page.wait_for_timeout(500)
        assert await page.evaluate(f"{FILM}.paused")


async def test_an_edit_is_made_by_keys_alone(stage: Stage) -> None:
    await stage.finish()
    async with visiting(stage.root) as visit:
        page = await opened(visit, edit=True)
        await page.get_by_role("button", name="Move scene 1 later").focus()
        await page.keyboard.press("Enter")
        assert await page.evaluate("document.activeElement.getAttribute('aria-label')") == "Move scene 2 later"
        await page.get_by_label("Headline").first.fill("Good day")
        await page.reload()  # what was typed stays
        await page.get_by_role("button", name="Make the new version, free").wait_for()
        said = await page.locator(".edit-says").inner_text()
        assert said.startswith("Will be redone: scene 1, the order and the final cut. Free")
        assert await visit.faults() == []
        await page.get_by_role("button", name="Make the new version, free").press("Enter")
        await page.wait_for_url(lambda url: not url.endswith(f"/{AD}"))
        made = (await stage.there.ask("GET", f"/api/v1/jobs/{page.url.rpartition('/')[2]}")).json()
        assert [(one["id"], one["headline"]) for one in made["scenes"]] == [
            (1, "Good day"), (2, "Hello"), (3, "Hello"), (4, "Hello"),
        ]  # fmt: skip
        assert visit.told == []


@LONG
async def test_scenes_are_dragged(stage: Stage) -> None:
    stage.hand.change(AD, status="pending", awaiting="approval")
    async with visiting(stage.root, width=390) as visit:
        page = await opened(visit)
        rows, grip = page.locator("[data-scene]"), page.locator("[data-scene='2'] .grip")
        await rows.first.wait_for()
        before = await rows.evaluate_all("(all) => all.map((one) => one.dataset.scene).join('')")
        start, end = await grip.bounding_box(), await rows.nth(1).bounding_box()
        await page.mouse.move(start["x"] + 5, start["y"] + 5)
        await page.mouse.down()
        await page.mouse.move(start["x"] + 5, end["y"] + end["height"] - 10, steps=8)
        await page.mouse.up()
        after = await rows.evaluate_all("(all) => all.map((one) => one.dataset.scene).join('')")
        assert (before, after) == ("2134", "1234")
        assert await visit.faults() == []


@LONG
async def test_a_script_is_approved_with_what_was_changed(stage: Stage) -> None:
    stage.hand.change(AD, status="pending", awaiting="approval")
    async with visiting(stage.root, width=390, scheme="dark") as visit:
        page = await opened(visit)
        await page.get_by_label("Voice", exact=True).first.fill("It is there.")
        await page.get_by_role("button", name="Save and approve").click()
        await page.locator(".now").wait_for()
        job = (await stage.there.ask("GET", f"/api/v1/jobs/{AD}")).json()
        assert (job["awaiting"], job["scenes"][0]["voiceover_text"]) == (None, "It is there.")
        assert visit.told == []


@LONG
async def test_what_cannot_be_made_is_said_where_it_stands(stage: Stage) -> None:
    await stage.finish()
    async with visiting(stage.root) as visit:
        page = await opened(visit, edit=True)
        await page.get_by_label("Voice", exact=True).first.fill("word " * 59)
        await page.locator(".edit-bar .wrong").wait_for()
        assert await page.locator(".edit-bar .primary").is_disabled()
        await page.get_by_role("button", name="Discard").click()
        await page.get_by_text("No changes yet.").wait_for()
        assert [line for line in visit.told if "422" not in line] == []


@LONG
async def test_an_ad_that_ended_or_went_away_says_so(stage: Stage) -> None:
    stage.hand.job("other", "pending", owner="local")
    async with visiting(stage.root) as visit:
        page = await opened(visit)
        stage.hand.end(AD, "cancelled")
        await page.get_by_text("You cancelled this ad").wait_for()
        await page.get_by_role("button", name="Resume").wait_for()
        await page.goto("/ads/other")
        await page.get_by_text("Starting in a moment.").first.wait_for()
        stage.hand.change("other", owner="somebody")
        stage.hand.tell("other", "Gone")
        await page.get_by_text("This ad is gone").wait_for()
        assert await page.get_by_role("button", name="Cancel").count() == 0
        assert await visit.faults() == []


@LONG
async def test_an_ad_that_went_away_while_its_page_was_sent_says_so(stage: Stage) -> None:
    async with visiting(stage.root) as visit:
        page = visit.page

        async def away(route: Any) -> None:
            stage.hand.change(AD, owner="somebody")
            await route.continue_()

        await page.route(f"**/api/v1/jobs/{AD}", away)
        await page.goto(f"/ads/{AD}")
        await page.get_by_text("This ad is gone").wait_for()
        assert await page.get_by_role("progressbar").count() == 0
        assert await visit.faults() == []


@LONG
async def test_a_link_to_a_scene_leads_there(stage: Stage) -> None:
    await stage.finish()
    async with visiting(stage.root, motion="reduce") as visit:
        await visit.page.goto(f"/ads/{AD}#scene-3")
        await holds(visit.page, f"{FILM} && {FILM}.currentTime > 9")
        await visit.page.get_by_role("button", name="Copy a link").click()
        link = visit.page.get_by_label("Link to the ad")
        await link.wait_for()
        assert await visit.page.evaluate("navigator.clipboard.readText()") == await link.input_value()
        assert (await visit.page.context.request.get(await link.input_value())).status == 200
        assert visit.told == []
