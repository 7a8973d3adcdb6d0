"""Every page in every state, seen at two widths, by day and by night: pictures to look at, and axe on each."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.jobs.conftest import Hand
from tests.studio.browser.served import Server
from tests.studio.browser.visiting import needs_chromium, visiting

from badapple.database import open_database

pytestmark = [needs_chromium, pytest.mark.browser, pytest.mark.timeout(1800)]
_ALWAYS = {"front": "/", "library": "/library", "variants": "/variants", "settings": "/settings"}
Pages = dict[str, str]


def _empty(_server: Server, _patience: float) -> Pages:
    return {"nothing-found": "/library?q=nothing", "no-such-ad": "/ads/none"}


def _running(server: Server, patience: float) -> Pages:
    group = _variants(server)
    job_id = server.order("Half made", draft="true", style="tech")
    server.wait(job_id, patience, progress=40)
    waiting = server.order("To be read", draft="true", approval="true")
    while not server.job(waiting)["awaiting"]:
        time.sleep(0.3)
    return {"ad": f"/ads/{job_id}", "group": f"/variants/{group}", "gate": f"/ads/{waiting}"}


def _failed(server: Server, patience: float) -> Pages:
    failed = server.order("A lamp", draft="true", style="tech")
    server.wait(failed, patience, progress=50)
    server.kill()
    server.start("--no-worker")
    cancelled = server.order("A cancelled lamp", draft="true")
    server.ask("POST", f"/jobs/{cancelled}/cancel")
    engine = open_database(f"sqlite:///{server.folder / 'data' / 'badapple.db'}")
    hand = Hand(engine)
    why = "Asset generation failed: scene 3 was refused by its maker"
    hand.change(failed, error_message=why, failure={"hint": "try another photo", "stage": "video_gen"})
    hand.end(failed, "failed")
    engine.dispose()
    return {"ad": f"/ads/{failed}", "ended": f"/ads/{cancelled}"}


def _done(server: Server, patience: float) -> Pages:
    group = _variants(server)
    job_id = server.order("Solenne", draft="true")
    assert server.wait(job_id, patience)["status"] == "completed", server.log()
    edit = {"scenes": [{"id": 2, "headline": "Light, all night"}]}
    again = server.ask("POST", f"/jobs/{job_id}/edits", json=edit)["job_id"]
    assert server.wait(again, patience)["status"] == "completed", server.log()
    for job in server.ask("GET", f"/groups/{group}")["jobs"]:
        server.wait(job["job_id"], patience)
    link = server.ask("POST", f"/jobs/{again}/links", json={"page": True, "expires_in": 3600})["url"]
    shared = "/s/" + link.split("/s/")[1]
    return {"ad": f"/ads/{again}", "edit": f"/ads/{again}#edit", "group": f"/variants/{group}", "share": shared}


def _variants(server: Server) -> str:
    order = {
        "product_name": "Lumen", "styles": ["luxury", "minimal"], "ctas": ["Shop now"], "draft": True,
        "provider": "offline",
    }  # fmt: skip
    return str(server.ask("POST", "/variants", json=order)["group_id"])


_STATES: dict[str, Callable[[Server, float], Pages]] = {
    "empty": _empty, "failed": _failed, "done": _done, "running": _running,
}  # fmt: skip


@pytest.fixture(scope="module", params=list(_STATES))
def state(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, shared_cache: Path, patience: float
) -> Iterator[tuple[str, Server, Pages]]:
    """A server that holds still in some state."""
    server = Server(tmp_path_factory.mktemp(request.param), shared_cache)
    server.start()
    pages = _ALWAYS | _STATES[request.param](server, patience)
    server.kill()  # what is under way stays under way
    server.start("--no-worker")
    yield request.param, server, pages
    server.stop()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1440])
async def test_every_page_is_for_everybody(
    state: tuple[str, Server, Pages], width: int, scheme: str, pytestconfig: pytest.Config
) -> None:
    name, server, pages = state
    folder = pytestconfig.getoption("--shots", None)
    found: dict[str, list[str]] = {}
    async with visiting(server.root, width=width, scheme=scheme, motion="reduce") as visit:
        for page, path in pages.items():
            await _open(visit.page, path)
            if folder:
                Path(folder).mkdir(parents=True, exist_ok=True)
                where = Path(folder) / f"{page}-{name}-{width}-{scheme}.png"
                await visit.page.screenshot(path=where, full_page=True)
            if faults := await visit.faults():
                found[page] = faults
        assert found == {}
        assert [line for line in visit.told if "404" not in line] == []


@pytest.mark.parametrize("width", [390, 1440])
async def test_letters_of_twice_the_size_fit(state: tuple[str, Server, Pages], width: int) -> None:
    _, server, pages = state
    cut = """() => [...document.querySelectorAll("button, a, label, p, h1, h2, h3, dd, li, summary")].filter((one) => {
      const style = getComputedStyle(one);
      return style.overflowX === "hidden" && style.textOverflow !== "ellipsis" && one.innerText?.trim()
        && one.clientWidth > 8 && one.scrollWidth > one.clientWidth + 4;
    }).map((one) => one.outerHTML.slice(0, 160))"""
    found: dict[str, Any] = {}
    async with visiting(server.root, width=width, flags=["--blink-settings=defaultFontSize=32"]) as visit:
        for page, path in pages.items():
            await _open(visit.page, path)
            size = await visit.page.evaluate("parseFloat(getComputedStyle(document.body).fontSize)")
            wide = await visit.page.evaluate("document.documentElement.scrollWidth - innerWidth")
            if size < 28 or wide or (hidden := await visit.page.evaluate(cut)):
                found[page] = (size, wide, hidden if not wide and size >= 28 else [])
    assert found == {}


async def _open(page: Any, path: str) -> None:
    await page.goto("about:blank")
    await page.goto(path)
    await page.wait_for_load_state("load")
    await page.wait_for_timeout(700)  # the scripts have asked for what they show
