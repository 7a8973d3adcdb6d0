"""What is done with an ad once it is there: changed, made anew in part, ended, compared, shared, deleted."""

from __future__ import annotations

import re

import pytest
from tests.studio.browser import making
from tests.studio.browser.served import Server
from tests.studio.browser.visiting import needs_chromium, visiting

pytestmark = [needs_chromium, pytest.mark.browser, pytest.mark.timeout(1800)]


async def test_one_scene_is_edited(studio: Server, finished: str, patience: float) -> None:
    async with visiting(studio.root) as visit:
        page = visit.page
        await page.goto(f"/ads/{finished}")
        await making.ready(page, patience)
        await page.get_by_role("button", name="Edit", exact=True).click()
        await page.get_by_label("Headline").nth(1).fill("Light, all night")
        await page.get_by_label("Voice", exact=True).nth(1).fill("It glows until the morning.")
        assert await visit.faults() == []
        button = page.get_by_role("button", name=re.compile("^Make the new version"))
        await page.get_by_role("button", name=re.compile("^Make the new version, free")).wait_for()
        await button.click()
        await page.wait_for_url(lambda url: "/ads/" in url and finished not in url)
        await making.ready(page, patience)
        new = page.url.split("/ads/")[1].split("#")[0]
        assert visit.told == []
    job, before = studio.job(new), studio.job(finished)
    said = [scene["voiceover_text"] for scene in job["scenes"]]
    assert said[1] == "It glows until the morning."
    assert [said[0], *said[2:]] == [scene["voiceover_text"] for n, scene in enumerate(before["scenes"]) if n != 1]
    kept = [scene["assets"]["voice"]["files"][0]["url"] for scene in job["scenes"]]
    assert len(set(kept)) == len(kept)


async def test_a_reload_keeps_what_was_typed_in_an_edit(studio: Server, finished: str, patience: float) -> None:
    async with visiting(studio.root) as visit:
        page = visit.page
        await page.goto(f"/ads/{finished}")
        await making.ready(page, patience)
        await page.get_by_role("button", name="Edit", exact=True).click()
        await page.get_by_label("Headline").first.fill("Kept for later")
        await page.wait_for_timeout(600)
        await page.reload()
        await page.get_by_label("Headline").first.wait_for()
        assert await page.get_by_label("Headline").first.input_value() == "Kept for later"
        await page.get_by_role("button", name="Discard").click()
        await page.get_by_text("No changes yet.").wait_for()
        assert visit.told == []


async def test_one_scene_is_made_anew_and_the_old_comes_back(studio: Server, finished: str, patience: float) -> None:
    async with visiting(studio.root) as visit:
        page = visit.page
        await page.goto(f"/ads/{finished}")
        await page.get_by_role("button", name="Redo scene 2").first.click()
        await page.get_by_role("button", name=re.compile("^Redo it, free")).wait_for()
        assert await visit.faults() == []
        await page.get_by_role("button", name=re.compile("^Redo it")).click()
        await page.wait_for_url(lambda url: "/ads/" in url and finished not in url)
        await making.ready(page, patience)
        await page.get_by_role("button", name=re.compile("^Compare version 1")).click()
        assert await visit.faults() == []
        await page.keyboard.press("Escape")
        await page.get_by_role("button", name="Restore version 1").click()
        await page.get_by_role("button", name=re.compile("^Restore it")).click()
        await page.wait_for_url(lambda url: "/ads/" in url and finished not in url)
        await making.ready(page, patience)
        assert visit.told == []


async def test_an_ad_is_cancelled_and_goes_on(studio: Server, patience: float) -> None:
    async with visiting(studio.root, width=390) as visit:
        page = visit.page
        job_id = await making.make(page, "Cancelled")
        await making.underway(page, patience, 10)
        await page.get_by_role("button", name="Cancel", exact=False).first.click()
        await page.get_by_text("Spent so far", exact=False).first.wait_for()
        await page.get_by_role("button", name=re.compile("^(End it|Yes|Cancel)")).last.click()
        await page.get_by_text("You cancelled this ad").wait_for(timeout=60_000)
        assert studio.job(job_id)["status"] == "cancelled"
        await page.get_by_role("button", name="Resume").click()
        await making.ready(page, patience)
        assert visit.told == []


async def test_an_ad_is_found_and_deleted(studio: Server, patience: float) -> None:
    job_id = studio.order("Ephemera", draft="true")
    studio.ask("POST", f"/jobs/{job_id}/cancel")
    studio.wait(job_id, patience)
    async with visiting(studio.root) as visit:
        page = visit.page
        await page.goto("/library")
        await page.get_by_role("searchbox").first.fill("Ephemera")
        await page.keyboard.press("Enter")
        await page.get_by_role("link", name="Ephemera", exact=False).first.click()
        await page.wait_for_url("**/ads/*")
        await page.locator("#run").wait_for(state="detached")  # the page is alive
        await page.get_by_text("Delete", exact=True).first.click()
        await page.get_by_role("button", name=re.compile("^Delete forever")).click()
        await page.wait_for_url(lambda url: "/ads/" not in url)
        await page.goto(f"/ads/{job_id}")
        await page.get_by_text("Ad not found").wait_for()
        assert [line for line in visit.told if "404" not in line] == []
