"""The rooms around the ads: variants with a winner, settings, a page for strangers, the theme, keys."""

from __future__ import annotations

import re
import stat
import zipfile
from pathlib import Path

import pytest
from tests.studio.browser import making
from tests.studio.browser.served import PHOTO, Server
from tests.studio.browser.visiting import needs_chromium, visiting

pytestmark = [needs_chromium, pytest.mark.browser, pytest.mark.timeout(1800)]


async def test_variants_are_made_and_the_winner_is_taken_away(studio: Server, patience: float, tmp_path: Path) -> None:
    async with visiting(studio.root) as visit:
        page = visit.page
        await page.goto("/variants")
        await page.get_by_label("Photo", exact=True).set_input_files(PHOTO)
        await page.get_by_label("Name", exact=True).fill("Variata")
        await page.get_by_role("button", name="Remove: Learn more").click()
        await page.get_by_role("button", name=re.compile("^Make 2 drafts, free")).click()
        await page.wait_for_url("**/variants/*")
        group = page.url.split("/variants/")[1].split("#")[0]
        await page.get_by_text("2 of 2 ready").wait_for(timeout=2 * patience * 1000)
        await page.get_by_role("button", name="Play all").click()
        await page.wait_for_function(
            "() => [...document.querySelectorAll('video')].every((one) => one.currentTime > 0.3)"
        )
        at = await page.evaluate("[...document.querySelectorAll('video')].map((one) => one.currentTime)")
        assert max(at) - min(at) < 0.5, at  # side by side
        await page.get_by_role("button", name=re.compile("^Winner: ")).first.click()
        await page.locator(
            "[aria-pressed=true]", has_text=re.compile("Winner|Picked|won", re.IGNORECASE)
        ).first.wait_for()
        assert await visit.faults() == []
        async with page.expect_download() as waiting:
            await page.get_by_role("link", name="Download all", exact=False).click()
        await (await waiting.value).save_as(tmp_path / "all.zip")
        assert visit.told == []
    with zipfile.ZipFile(tmp_path / "all.zip") as archive:
        assert sum(name.endswith(".mp4") for name in archive.namelist()) == 2
    assert studio.ask("GET", f"/groups/{group}")["winner"]


async def test_settings_take_a_key_and_never_show_it(server: Server) -> None:
    key = "sk-ant-api03-" + "x" * 60
    async with visiting(server.root, width=390) as visit:
        page = visit.page
        await page.goto("/settings")
        await page.get_by_label("Key of Claude").fill(key)
        await page.get_by_label("Key of Claude").press("Enter")
        await page.get_by_role("button", name="Test Claude").wait_for()
        await page.get_by_label("Limit per ad").fill("1.50")
        await page.get_by_label("Limit per ad").press("Enter")
        await page.reload()
        await page.get_by_role("button", name="Test Claude").wait_for()
        assert float(await page.get_by_label("Limit per ad").input_value()) == 1.5
        assert key not in await page.content()
        assert await visit.faults() == []
        assert visit.told == []
    file = server.folder / "data" / "secrets.toml"
    assert key in file.read_text(encoding="utf-8")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert key.encode() not in (server.folder / "data" / "badapple.db").read_bytes()
    assert key not in server.log()


async def test_a_stranger_sees_a_shared_page_and_nothing_else(studio: Server, finished: str, patience: float) -> None:
    async with visiting(studio.root) as visit:
        await visit.page.goto(f"/ads/{finished}")
        await making.ready(visit.page, patience)
        await visit.page.get_by_role("button", name="Copy a link").click()
        address = await visit.page.get_by_label("Link to the ad").input_value()
    async with visiting(studio.root, width=390) as visit:
        await visit.page.goto(address)
        await visit.page.wait_for_function("() => document.querySelector('video').readyState > 0")
        assert await visit.page.get_by_role("heading", name="Transcript").count() == 1
        assert await visit.page.get_by_role("navigation").count() == 0
        assert await visit.faults() == []
        assert visit.told == []


async def test_a_theme_stays_and_keys_are_told(studio: Server) -> None:
    async with visiting(studio.root) as visit:
        page = visit.page
        await page.goto("/")
        light = await page.evaluate("getComputedStyle(document.body).backgroundColor")
        await page.get_by_label("More", exact=True).first.click()
        await page.get_by_role("button", name="Dark", exact=True).click()
        await page.wait_for_function("() => document.documentElement.dataset.theme === 'dark'")
        await page.goto("/library")
        assert await page.evaluate("getComputedStyle(document.body).backgroundColor") != light
        await page.keyboard.press("?")
        await page.get_by_role("dialog").wait_for()
        assert await visit.faults() == []
        await page.keyboard.press("Escape")
        await page.get_by_role("dialog").wait_for(state="hidden")
        await page.keyboard.press("n")
        await page.wait_for_url(re.compile(r"/(#new)?$"))
        assert visit.told == []
