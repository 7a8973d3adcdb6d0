"""Ads that vendors make: the price before the button, the limit, and what was paid in the end."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.studio.browser import making
from tests.studio.browser.served import PHOTO, Server
from tests.studio.browser.visiting import needs_chromium, visiting

from badapple.testing.simulators import Simulators

pytestmark = [needs_chromium, pytest.mark.browser, pytest.mark.timeout(1800)]


@pytest.fixture
def sims() -> Iterator[Simulators]:
    with Simulators() as sims:
        yield sims


@pytest.fixture
def paying(tmp_path: Path, sims: Simulators) -> Iterator[Server]:
    """A server that has keys of all vendors."""
    made = Server(tmp_path / "own", tmp_path / "cache", more=sims.environment())
    made.start()
    yield made
    made.stop()
    assert made.errors() == []


def amounts(words: str) -> list[float]:
    return [float(one) for one in re.findall(r"\$([0-9.]+[0-9])", words)]


async def refused_below(page: Any, button: str, sims: Simulators) -> None:
    """Press the button under a limit that is too low, and see that it says so and buys nothing."""
    await page.get_by_label("Spending limit").fill("0.01")
    await page.get_by_role("button", name=re.compile(f"^{button}")).click()
    await page.get_by_text(re.compile("allow at least that")).first.wait_for()
    assert sims.total() == 0


async def test_an_ad_of_vendors_costs_what_the_button_said(paying: Server, sims: Simulators, patience: float) -> None:
    async with visiting(paying.root) as visit:
        page = visit.page
        await making.fill(page, "Aurora")
        await page.get_by_role("radio", name="Cloud").check(force=True)
        await page.get_by_role("radio", name=re.compile("By ElevenLabs")).check(force=True)
        go = page.get_by_role("button", name=re.compile(r"^Make the draft, about \$.*, at most \$"))
        await go.wait_for()
        about, most = amounts(await go.inner_text())
        assert await visit.faults() == []
        await refused_below(page, "Make the draft", sims)
        await page.get_by_label("Spending limit").fill(str(most))
        await go.click()
        await page.wait_for_url("**/ads/*")
        job_id = page.url.split("/ads/")[1].split("#")[0]
        await making.ready(page, patience)
        assert await visit.faults() == []
        assert visit.told == []
        paid = sims.total() / 1e6
        assert paying.job(job_id)["cost_usd"] == pytest.approx(paid, abs=1e-6)
        assert 0 < paid <= most
        assert paid == pytest.approx(about, rel=0.25)
        assert await page.get_by_text(f"${paid:.2f}").count()


async def test_variants_of_vendors_share_what_a_style_needs(paying: Server, sims: Simulators, patience: float) -> None:
    async with visiting(paying.root, width=390) as visit:
        page = visit.page
        await page.goto("/variants")
        await page.get_by_label("Photo", exact=True).set_input_files(PHOTO)
        await page.get_by_label("Name", exact=True).fill("Aurora")
        await page.get_by_role("checkbox", name="Bold").uncheck(force=True)
        await page.get_by_role("radio", name="Cloud").check(force=True)
        go = page.get_by_role("button", name=re.compile(r"^Make 2 drafts, about \$.*, at most \$"))
        await go.wait_for()
        _, most = amounts(await go.inner_text())
        assert await visit.faults() == []
        await refused_below(page, "Make 2 drafts", sims)
        await page.get_by_label("Spending limit").fill(str(most))
        await go.click()
        await page.wait_for_url("**/variants/*")
        await page.get_by_text("2 of 2 ready").wait_for(timeout=2 * patience * 1000)
        assert visit.told == []
    films = [one for one in sims.charges if one.vendor == "replicate" and "flux" not in one.what]
    assert len(films) == len({one.key for one in films}), "footage of a style was bought twice"
    assert 0 < sims.total() / 1e6 <= most
