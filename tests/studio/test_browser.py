"""The studio in a browser: Chromium, where it and Playwright are installed (docs/studio.md)."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from tests.api.visiting import place
from tests.jobs.conftest import Hand
from tests.servers import free_port

from badapple.api.serving import serving
from badapple.studio.assets import STATIC

playwright = pytest.importorskip("playwright.async_api", reason="playwright is not installed")
axe = pytest.importorskip("axe_playwright_python.async_playwright", reason="axe-playwright-python is not installed")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")
BUILT = pytest.mark.skipif(not (STATIC / "manifest.json").is_file(), reason="tools/build_studio.sh was not run")
PAGES = (
    "/",
    "/library",
    "/library?q=nothing",
    "/variants",
    "/settings",
    "/s/none",
    "/ads/failed",
    "/ads/cancelled",
    "/ads/running",
    "/ads/none",
)


@dataclass(frozen=True, slots=True)
class Browsing:
    """A browser at a server that has one ad of each kind."""

    browser: Any
    root: str
    hand: Hand
    told: list[str] = field(default_factory=list)  #: what pages wrote to the console

    @asynccontextmanager
    async def page(self, width: int = 1440, scheme: str = "light") -> AsyncIterator[Any]:
        """Open a page of some width."""
        words = {"viewport": {"width": width, "height": 844}, "color_scheme": scheme, "reduced_motion": "reduce"}
        context = await self.browser.new_context(base_url=self.root, **words)
        page = await context.new_page()
        page.on("console", lambda message: self.told.append(message.text))
        page.on("pageerror", lambda error: self.told.append(str(error)))
        yield page
        await context.close()


@asynccontextmanager
async def browsing(folder: Path, **env: str) -> AsyncIterator[Browsing]:
    """Open a browser at a server of its own."""
    async with place(folder, listening_host="127.0.0.1", **env) as there, serving(there.app) as port:
        hand = Hand(there.engine)
        for status in ("failed", "cancelled"):
            hand.end(hand.job(status, owner="local", product_name=f"A {status} lamp"), status)
        hand.change("failed", error_message="Asset generation failed: refused", failure={"hint": "try another photo"})
        hand.tell(hand.job("running", owner="local", product_name="Mug"), "Making scene 1", progress=40)
        async with playwright.async_playwright() as started:
            browser = await started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
            yield Browsing(browser, f"http://127.0.0.1:{port}", hand)
            await browser.close()


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Browsing]:
    async with browsing(tmp_path) as found:
        yield found


@pytest.mark.parametrize(("width", "scheme"), [(390, "dark"), pytest.param(1440, "light", marks=pytest.mark.browser)])
async def test_every_page_is_for_everybody(here: Browsing, width: int, scheme: str) -> None:
    """No violation that axe knows, nothing to scroll sideways, nothing in the console, the policy included."""
    found = []
    async with here.page(width, scheme) as page:
        for path in PAGES:
            await page.goto(path)
            await page.wait_for_load_state("load")
            report = (await axe.Axe().run(page)).response
            found += [f"{path}: {one['id']}: {one['nodes'][0]['html'][:200]}" for one in report["violations"]]
            if wide := await page.evaluate("document.documentElement.scrollWidth - innerWidth"):
                found.append(f"{path} is {wide} pixels too wide")
    assert found == []
    assert [line for line in here.told if "404" not in line] == []


@BUILT
@pytest.mark.browser
async def test_the_form_shows_what_it_will_make(here: Browsing, tmp_path: Path) -> None:
    photo = tmp_path / "lamp.png"
    from PIL import Image  # noqa: PLC0415

    Image.linear_gradient("L").resize((400, 600)).save(photo)
    async with here.page() as page:
        await page.goto("/")
        await page.set_input_files("#photo", photo)
        await page.wait_for_selector("#mock image")
        await page.fill("#name", "Aurora")
        await page.check('input[value="luxury"]')
        await page.check("#draft")
        await page.wait_for_selector("text=Make the draft, free")
        assert "Aurora" in await page.inner_text("#mock")
        await page.focus("#name")
        await page.keyboard.press("Enter")  # no mouse is needed
        await page.wait_for_url("**/ads/*")
        assert await page.inner_text("h1") == "Aurora"
    assert here.told == []


@BUILT
@pytest.mark.browser
async def test_a_page_follows_its_job_and_keeps_the_focus(here: Browsing) -> None:
    async with here.page() as page:
        await page.goto("/ads/running")
        await page.wait_for_selector("text=Making scene 1.")
        await page.focus("text=Cancel")
        here.hand.tell("running", "Making scene 2", progress=60)
        await page.wait_for_selector("text=Making scene 2.")
        assert await page.evaluate("document.activeElement.textContent") == "Cancel"
        here.hand.change("running", error_message="Video composition failed: no room", failure={"hint": "make room"})
        here.hand.end("running", "failed")
        await page.wait_for_selector("text=Make room.")
        assert await page.inner_text("text=Try again") == "Try again"
    assert here.told == []


@BUILT
@pytest.mark.browser
async def test_shortcuts_lead_everywhere_and_are_not_heard_in_fields(here: Browsing) -> None:
    async with here.page() as page:
        await page.goto("/library")
        await page.keyboard.press("?")
        assert "New ad" in await page.inner_text("dialog[open]")
        await page.keyboard.press("l")  # a dialog is open
        await page.keyboard.press("Escape")
        await page.fill("#q", "")
        await page.type("#q", "n?l")
        assert (await page.input_value("#q"), page.url) == ("n?l", f"{here.root}/library")
        await page.evaluate("document.activeElement.blur()")
        await page.keyboard.press("n")
        await page.wait_for_url(f"{here.root}/")
        await page.evaluate("document.activeElement.blur()")
        await page.keyboard.press("l")
        await page.wait_for_url("**/library")
    assert here.told == []


@BUILT
@pytest.mark.browser
async def test_a_theme_is_kept_and_there_from_the_first_paint(here: Browsing) -> None:
    async with here.page(scheme="light") as page:
        await page.goto("/library")
        await page.click("#menu summary")
        await page.click(".theme >> text=Dark")
        ground = await page.evaluate("getComputedStyle(document.body).backgroundColor")
        answer = await page.goto("/settings")
        assert '<html lang="en" data-theme="dark">' in await answer.text()
        assert await page.evaluate("getComputedStyle(document.body).backgroundColor") == ground == "rgb(19, 16, 17)"
    assert here.told == []


@BUILT
async def test_what_is_pressed_before_scripts_are_there_is_not_lost(here: Browsing) -> None:
    answered = asyncio.Event()

    async def wait(route: Any) -> None:
        await answered.wait()
        await route.continue_()

    async with here.page() as page:
        await page.route("**/api/v1/jobs/failed", wait)
        await page.goto("/ads/failed")
        await page.hover(".delete summary")
        await page.mouse.down()
        async with page.expect_response("**/api/v1/jobs/failed"):
            answered.set()
        await page.mouse.up()
        await page.wait_for_selector("#run", state="detached")  # the scripts have drawn the page anew
        assert await page.is_visible("text=Delete forever")
        assert await page.evaluate("document.activeElement.textContent") == "Delete"
    assert here.told == []


@BUILT
async def test_pages_whose_scripts_do_not_load_are_usable_and_say_so(here: Browsing) -> None:
    async with here.page() as page:
        await page.route("**/studio/built/**", lambda route: route.abort())
        for path in ("/settings", "/variants", "/ads/running"):
            await page.goto(path)
            assert not await page.is_visible(".late")
            await page.evaluate("document.querySelector('.late').getAnimations()[0].finish()")  # some seconds later
            assert await page.is_visible(".late")
        await page.goto("/library")
        await page.check('.tile[data-job="failed"] input')
        await page.click("#picked button[type=submit]")
        await page.click("text=Delete forever")
        assert await page.locator(".tile").count() == 2


@BUILT
@pytest.mark.browser
async def test_a_key_that_failed_its_test_is_not_called_ready(tmp_path: Path) -> None:
    dead = {"ANTHROPIC_API_KEY": "sk-ant-none", "ANTHROPIC_BASE_URL": f"http://127.0.0.1:{free_port()}"}
    async with browsing(tmp_path, **dead) as here, here.page(390) as page:
        await page.goto("/settings")
        pill = page.locator('.vendor[aria-label="Claude"] .pill')
        assert await pill.inner_text() == "Ready"
        await page.click('[aria-label="Test Claude"]')
        await page.wait_for_selector("text=It does not work.")
        assert await pill.inner_text() == "Key set, test failed"
        await page.click("text=Show recent entries")
        await page.wait_for_selector('b:has-text("Tested a provider\'s key")')
        assert await page.evaluate("document.documentElement.scrollWidth - innerWidth") == 0
        assert here.told == []


@BUILT
@pytest.mark.browser
async def test_several_ads_are_deleted_after_one_question(here: Browsing) -> None:
    async with here.page() as page:
        await page.goto("/library")
        for name in ("failed", "cancelled"):
            await page.check(f'.tile[data-job="{name}"] input')
        await page.click("#picked button[type=submit]")
        await page.click("dialog >> text=Keep them")
        assert await page.locator(".tile").count() == 3
        await page.click("#picked button[type=submit]")
        await page.click("dialog >> text=Delete forever")
        await page.wait_for_selector("text=2 ads deleted.")
        assert await page.locator(".tile").count() == 1
    assert here.told == []
