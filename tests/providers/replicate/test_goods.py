"""What was delivered is looked at with care."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import psutil
import pytest
from tests.media.conftest import crowd

from badapple import process
from badapple.errors import MediaError
from badapple.media import ffmpeg
from badapple.providers.replicate.goods import check_clip

if TYPE_CHECKING:
    from pathlib import Path


def _clip(path: Path, *options: str) -> Path:
    source = ("-f", "lavfi", "-i", "testsrc2=s=270x480:r=24:d=1.2", "-f", "lavfi", "-i", "sine=duration=1.2")
    process.run(ffmpeg.command(ffmpeg.locate(), *source, "-pix_fmt", "yuv420p", *options, path))
    return path


def test_a_clip_with_sound_is_told_by_its_picture(tmp_path: Path) -> None:
    path = _clip(tmp_path / "clip.mp4", "-c:v", "libx264", "-preset", "ultrafast", "-c:a", "aac")
    facts = check_clip(path, seconds=1, ffmpeg=ffmpeg.locate())
    assert (facts["width"], facts["height"], facts["fps"], facts["codec"]) == (270, 480, 24.0, "h264")
    assert facts["seconds"] == pytest.approx(1.2, abs=0.05)


def test_a_clip_of_a_codec_that_nobody_sells_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MediaError):
        check_clip(_clip(tmp_path / "clip.mov", "-an", "-c:v", "mjpeg"), seconds=1, ffmpeg=ffmpeg.locate())


def test_a_clip_of_very_many_packets_is_refused_at_once(tmp_path: Path) -> None:
    path = crowd(tmp_path / "crowd.mp4", 1_500_000)
    before, begun = psutil.Process().memory_info().rss, time.monotonic()
    with pytest.raises(MediaError, match="more than 4000 frames"):
        check_clip(path, seconds=1, ffmpeg=ffmpeg.locate())
    assert psutil.Process().memory_info().rss - before < 20_000_000
    assert time.monotonic() - begun < 10
