"""A person at the studio: a browser, and what pages complain of."""

from __future__ import annotations

import re
import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

playwright = pytest.importorskip("playwright.async_api", reason="playwright is not installed")
axe = pytest.importorskip("axe_playwright_python.async_playwright", reason="axe-playwright-python is not installed")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
needs_chromium = pytest.mark.skipif(
    CHROMIUM is None, reason="left out: no Chromium here (apt-get install chromium, see docs/studio.md)"
)
_POLICY = """document.addEventListener("securitypolicyviolation", (event) =>
  told(`policy: ${event.effectiveDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`))"""
_AWAY = re.compile(r"ERR_CONNECTION|ERR_EMPTY_RESPONSE|ERR_INCOMPLETE|ERR_SOCKET|ERR_NETWORK|Failed to fetch")
_WIDE = """() => [...document.querySelectorAll("body *")].filter((one) => {
  const box = one.getBoundingClientRect();
  return box.width && box.right > innerWidth + 1 && getComputedStyle(one).position !== "fixed";
}).slice(0, 3).map((one) => one.outerHTML.slice(0, 120))"""
_SAME = "(one) => one === document.activeElement"


@dataclass(slots=True)
class Visit:
    """One browser window's worth of pages at a server."""

    context: Any
    page: Any
    told: list[str] = field(default_factory=list)  #: what pages wrote to the console, and what their policy refused

    async def another(self) -> Any:
        """Open a further tab."""
        return await self.context.new_page()

    def complaints(self, *, away: bool = False) -> list[str]:
        """Return what pages complained of; `away`: but not that a server was away for a while."""
        return [line for line in self.told if not (away and _AWAY.search(line))]

    async def faults(self, page: Any = None) -> list[str]:
        """Return what axe finds on a page, and whether it scrolls sideways."""
        page = page or self.page
        report = (await axe.Axe().run(page)).response
        found = [f"{one['id']}: {one['nodes'][0]['html'][:300]}" for one in report["violations"]]
        if wide := await page.evaluate("document.documentElement.scrollWidth - innerWidth"):
            found.append(f"{wide} pixels too wide: {await page.evaluate(_WIDE)}")
        return found

    async def tab_to(self, locator: Any, *, most: int = 150) -> None:
        """Press Tab until the focus is there."""
        seen = []
        for _ in range(most):
            if await locator.count() == 1 and await locator.evaluate(_SAME):
                return
            await self.page.keyboard.press("Tab")
            seen.append(await self.page.evaluate("document.activeElement.outerHTML.slice(0, 80)"))
        pytest.fail(f"no way by Tab to {locator}: {seen}")


def _line(message: Any) -> str:
    place = message.location.get("url", "") if message.location else ""
    return f"{message.type}: {message.text} ({place})"


@asynccontextmanager
async def visiting(
    root: str, *, width: int = 1440, scheme: str = "light", motion: str = "no-preference", flags: Sequence[str] = ()
) -> AsyncIterator[Visit]:
    """Open a browser at a server.

    Args:
        root: of the server.
        width: of the window.
        scheme: `light` or `dark`.
        motion: `reduce` for pages that hold still.
        flags: further words for Chromium.
    """
    async with playwright.async_playwright() as started:
        words = ["--no-sandbox", "--autoplay-policy=no-user-gesture-required", *flags]
        browser = await started.chromium.launch(executable_path=CHROMIUM, args=words)
        size = {"width": width, "height": 844 if width < 600 else 900}
        context = await browser.new_context(
            base_url=root, viewport=size, color_scheme=scheme, reduced_motion=motion, has_touch=width < 600,
            permissions=["clipboard-read", "clipboard-write"],
        )  # fmt: skip
        context.set_default_timeout(45_000)
        visit = Visit(context, None)
        context.on("console", lambda message: visit.told.append(_line(message)))
        context.on("weberror", lambda error: visit.told.append(f"error: {error.error}"))
        await context.expose_binding("told", lambda _, text: visit.told.append(text))
        await context.add_init_script(_POLICY)
        visit.page = await context.new_page()
        try:
            yield visit
        finally:
            await browser.close()
