"""What a person does on the page of a new ad and on the page of an ad, by what stands on buttons and fields."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from tests.studio.browser.served import PHOTO

DONE = "Download the video"


async def fill(page: Any, name: str, *, photo: Path | None = PHOTO, style: str = "luxury", draft: bool = True) -> None:
    """Fill in the form of a new ad."""
    await page.goto("/")
    if photo is not None:
        await page.get_by_label("Photo", exact=True).set_input_files(photo)
    await page.get_by_label("Name", exact=True).fill(name)
    await page.get_by_role("radio", name=style, exact=False).first.check(force=True)
    if draft:
        await page.get_by_role("checkbox", name="Draft first").check()


async def send(page: Any) -> str:
    """Press the button that makes it, and return the id of the ad."""
    await page.get_by_role("button", name=re.compile("^Make the (ad|draft)")).click()
    await page.wait_for_url("**/ads/*")
    return str(page.url.split("/ads/")[1].split("#")[0])


async def make(page: Any, name: str, *, draft: bool = True) -> str:
    """Make an ad, and return its id."""
    await fill(page, name, draft=draft)
    return await send(page)


async def ready(page: Any, patience: float) -> None:
    """Wait until the page shows the finished video."""
    await page.get_by_role("link", name=DONE).wait_for(timeout=patience * 1000)


async def progress(page: Any) -> int:
    """Return how far the page says the ad is."""
    return int(await page.get_by_role("progressbar", name="Progress").first.evaluate("(one) => one.value"))


async def underway(page: Any, patience: float, least: int = 1) -> None:
    """Wait until the scripts' page says that an ad is being made, and is so far; the server's own cancels unasked."""
    await page.wait_for_function("() => !document.getElementById('run')")
    bar = f"""() => [...document.querySelectorAll("progress")].some((one) => one.value >= {least})"""
    await page.wait_for_function(bar, timeout=patience * 1000)
