"""The command line with a stand-in for the pipeline: what happens is chosen by the product's name."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from typing import TYPE_CHECKING

from badapple.cli import main
from badapple.errors import DiskError, PhotoError, PipelineOrchestrationError, QualityError
from badapple.models import MakeOptions, ProgressEvent, Video

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from badapple.config import Settings

STORY = (
    ("script_gen", 0, "Analyzing product image...", "", "", 0),
    ("script_gen", 25, "Script written", "", "", 100),
    ("voice_gen", 30, "Speaking", "voice 1", "done", 25),
    ("video_gen", 40, "Drawing scene 2", "scene 2", "started", 0),
    ("video_gen", 60, "Drew scene 2", "scene 2", "done", 100),
    ("compositing", 100, "Putting it together", "", "", 100),
    ("completed", 100, "The video is ready", "", "", 100),
)


class StandIn:
    """Tells a story of seven events and writes a small file."""

    def __init__(
        self,
        job_id: str,
        redis_client: None = None,
        db_session: None = None,
        /,
        *,
        options: MakeOptions,
        settings: Settings,
        on_progress: Callable[[ProgressEvent], None],
    ) -> None:
        self._job_id = job_id
        self._options = options
        self._tell = on_progress
        self.video: Video | None = None

    async def execute_pipeline(
        self, product_name: str, style: str, cta_text: str, product_image_path: str | None = None
    ) -> str:
        out = self._options.output
        assert out is not None
        for seq, (stage, percent, message, part, state, share) in enumerate(STORY, 1):
            self._tell(
                ProgressEvent(
                    job_id=self._job_id, stage=stage, progress=percent, message=message, part=part, part_state=state,
                    timestamp="2026-01-01T00:00:00.000Z", seq=seq, stage_progress=share, expected=90.0,
                )
            )  # fmt: skip
            if stage == "video_gen":
                await _happen(product_name, out)
        out.write_bytes(b"mp4")
        self.video = Video(
            path=out, url=str(out), poster=out.with_suffix(".jpg"), qa=out.with_suffix(".qa.json"),
            manifest=out.with_suffix(".manifest.json"), srt=out.with_suffix(".srt"), vtt=out.with_suffix(".vtt"),
            seconds=30.0, size=3, cost=0, stage_seconds={"script_gen": 1.25, "compositing": 70.0}, made=18, reused=2,
            warnings=("the music is quiet",),
        )  # fmt: skip
        return str(out)


async def _happen(name: str, out: Path) -> None:
    failed = "Asset generation failed: "
    if name == "Photo":
        raise PipelineOrchestrationError(
            f"{failed}not a picture", stage="script_gen", cause=PhotoError("not a picture")
        )
    if name == "Disk":
        cause = DiskError("the disk is full", hint="free some space")
        raise PipelineOrchestrationError(f"{failed}the disk is full", stage="video_gen", cause=cause, retryable=True)
    if name == "Part":
        raise PipelineOrchestrationError(f"{failed}scene 2 broke", stage="video_gen", cause=ValueError("x"))
    if name == "Rule":
        rule = QualityError("too quiet", broken=("loudness",), path=out)
        raise PipelineOrchestrationError("Video composition failed: too quiet", stage="compositing", cause=rule)
    if name == "Bug":
        raise ZeroDivisionError("a bug\nin two lines")
    if name in {"Slow", "Stubborn"}:
        await _work(out, stubborn=name == "Stubborn")


def _child() -> subprocess.Popen[bytes]:
    return subprocess.Popen(["sleep", "60"], start_new_session=True)


async def _work(out: Path, *, stubborn: bool) -> None:
    child = _child()
    out.with_suffix(".pid").write_text(str(child.pid))
    try:
        await asyncio.sleep(60)
    finally:
        if stubborn:
            await asyncio.sleep(60)
        child.kill()
        child.wait()
        out.with_suffix(".cleaned").touch()


if __name__ == "__main__":
    sys.exit(main(factory=StandIn))
