"""Samples out of audio files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from badapple.media.ffmpeg import command, outside
from badapple.process import Limits, run

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from badapple.process import Output

__all__ = ["LONGEST", "RATE", "decode", "decode_mp3", "samples_of"]

RATE = 48_000  #: samples a second of everything that is mixed
LONGEST = 60  #: seconds of an MP3 from outside that are decoded


def decode(
    path: Path, *, ffmpeg: Path, rate: int = RATE, channels: int = 2, seconds: float | None = None, filters: str = ""
) -> Output:
    """Decode the sound of a file; samples are in `stdout`, what filters say is in `last_lines`.

    Raises:
        ToolError: ffmpeg cannot read it.
    """
    # Only local files: a playlist must not make ffmpeg fetch anything.
    args: list[str | Path] = [ffmpeg, "-hide_banner", "-nostdin", "-nostats", "-protocol_whitelist", "file"]
    args += ["-i", path.absolute(), "-map", "0:a:0"]
    if seconds is not None:
        args += ["-t", f"{seconds:.6f}"]
    if filters:
        args += ["-af", filters]
    return run([*args, *_raw(rate, channels)], limits=Limits(seconds=120))


def decode_mp3(path: Path, *, ffmpeg: Path, rate: int = RATE, channels: int = 2) -> Output:
    """Decode an MP3 from outside, at most its first minute; samples are in `stdout`.

    Raises:
        ToolError: ffmpeg cannot read it, or it is something else than an MP3.
    """
    most = (LONGEST + 1) * rate * channels * 4
    opened = outside(path, seconds=LONGEST, container="mp3")
    args = command(ffmpeg, *opened, "-map", "0:a:0", *_raw(rate, channels))
    return run(args, limits=Limits(seconds=120, memory=1 << 30, output=most))


def _raw(rate: int, channels: int) -> tuple[str, ...]:
    return ("-ar", str(rate), "-ac", str(channels), "-f", "f32le", "-c:a", "pcm_f32le", "pipe:1")


def samples_of(output: Output, channels: int = 2) -> NDArray[np.float32]:
    """Return decoded samples, float32, shape (n, channels)."""
    return np.frombuffer(output.stdout, np.float32).reshape(-1, channels)
