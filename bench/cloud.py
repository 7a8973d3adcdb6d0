"""Times an ad made by vendors against the shortest time it can take, and against one vendor call at a time.

    .venv/bin/python bench/cloud.py [--share 1.0] [--draft]

The simulators take as long as vendors do: script 15 s (6 s for the picture, 9 s for the words), voices 11 s, clips 62,
74, 86 and 98 s, end card 5 s. The critical path is the script, the slowest clip, and its tail: what is left to do when
the last clip is here. `--share` makes all of these times shorter.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from badapple.config import read_settings
from badapple.models import DRAFT, FULL, MakeOptions, Makers, ProgressEvent
from badapple.pipeline.orchestrator import create_pipeline_orchestrator
from badapple.testing.simulators import Simulators

if TYPE_CHECKING:
    from collections.abc import Sequence

    from badapple.journal import JournalTill
    from badapple.models import Bought, Canvas
    from badapple.ports import PaidCall

PHOTO = Path(__file__).resolve().parent.parent / "examples" / "demo-product.jpg"
SCRIPT, VOICE, CLIPS, CARD = (6.0, 9.0), 3.6, (62.0, 74.0, 86.0, 98.0), 5.0  # five voice lines, two at once: 11 s


@dataclass(frozen=True, slots=True)
class Timed:
    """One job: seconds in all, and from the slowest clip's end at the vendor to the end of the job."""

    wall: float
    tail: float


def one_at_a_time(till: JournalTill) -> None:
    """Let the till run one call after the other."""
    lock, once = asyncio.Lock(), till.once

    async def alone(call: PaidCall) -> Bought:
        async with lock:
            return await once(call)

    till.once = alone  # type: ignore[method-assign]


async def film(share: float, canvas: Canvas, *, alone: bool) -> Timed:
    """Make the ad once, everything anew."""
    latency: dict[str, float | Sequence[float]] = {
        "messages": [part * share for part in SCRIPT],
        "tts": VOICE * share,
        "minimax/hailuo-2.3-fast": [clip * share for clip in CLIPS],
        "black-forest-labs/flux-schnell": CARD * share,
    }
    with tempfile.TemporaryDirectory(prefix="badapple-cloud-") as name, Simulators(latency=latency) as sims:
        own = {"BADAPPLE_DATA_DIR": f"{name}/data", "BADAPPLE_CACHE_DIR": f"{name}/cache"}
        landed = 0.0

        def watch(event: ProgressEvent) -> None:
            nonlocal landed
            if event.part.startswith("footage") and event.part_state == "done":
                landed = time.monotonic()

        options = MakeOptions(canvas=canvas, output=Path(name) / "ad.mp4", makers=Makers(provider="cloud"))
        settings = read_settings(own | sims.environment())
        orchestrator = create_pipeline_orchestrator("job", options=options, settings=settings, on_progress=watch)
        if alone:
            assert orchestrator.purchasing is not None
            one_at_a_time(orchestrator.purchasing.till)
        begun = time.monotonic()
        await orchestrator.execute_pipeline("Solenne", "luxury", "Shop Now", PHOTO)
        wall = time.monotonic() - begun
        assert orchestrator.video is not None
        assert orchestrator.video.cost == sims.total()
        return Timed(wall, begun + wall - landed)


def main() -> None:
    """Print both times and what they are against their bounds."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--share", type=float, default=1.0)
    parser.add_argument("--draft", action="store_true")
    args = parser.parse_args()
    canvas = DRAFT if args.draft else FULL
    together = asyncio.run(film(args.share, canvas, alone=False))
    critical = (sum(SCRIPT) + max(CLIPS)) * args.share + together.tail
    print(
        f"together {together.wall:.1f} s; critical path {critical:.1f} s (tail {together.tail:.1f} s): "
        f"{together.wall / critical - 1:+.1%}",
        flush=True,
    )
    alone = asyncio.run(film(args.share, canvas, alone=True))
    print(f"one call at a time {alone.wall:.1f} s: {together.wall / alone.wall:.2f} of it")


if __name__ == "__main__":
    main()
