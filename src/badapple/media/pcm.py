"""Samples out of audio files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from badapple.media.ffmpeg import command, outside, sandbox, source
from badapple.process import Limits, run

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from badapple.media.ffmpeg import Container
    from badapple.process import Output

__all__ = ["LONGEST", "RATE", "decode", "decode_mp3", "decode_outside", "samples_of"]

RATE = 48_000  #: samples a second of everything that is mixed
LONGEST = 60  #: seconds of an MP3 from outside that are decoded


def decode(
    path: Path, *, ffmpeg: Path, rate: int = RATE, channels: int = 2, seconds: float | None = None, filters: str = ""
) -> Output:
    """Decode the sound of a file of our own; samples are in `stdout`, what filters say is in `last_lines`.

    Raises:
        ToolError: ffmpeg cannot read it.
    """
    args = command(ffmpeg, *source(path), "-map", "0:a:0", loglevel="info")
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
    opened = outside(path, seconds=LONGEST, container="mp3")
    return _outside(path, opened, ffmpeg=ffmpeg, rate=rate, channels=channels, seconds=LONGEST)


def decode_outside(path: Path, *, ffmpeg: Path, container: Container, seconds: float) -> Output:
    """Decode a sound file from outside, at most so much of it, and accept no flaw; samples are in `stdout`.

    Raises:
        ToolError: ffmpeg cannot read it, it is damaged, or it is something else than that container.
    """
    opened = ("-xerror", "-err_detect", "explode", *outside(path, seconds=seconds, container=container))
    return _outside(path, opened, ffmpeg=ffmpeg, rate=RATE, channels=2, seconds=seconds)


def _outside(path: Path, opened: tuple[str, ...], *, ffmpeg: Path, rate: int, channels: int, seconds: float) -> Output:
    most = round((seconds + 1) * rate) * channels * 4
    args = command(ffmpeg, *opened, "-map", "0:a:0", *_raw(rate, channels))
    return run(args, limits=Limits(seconds=120, memory=1 << 30, output=most), sandbox=sandbox(path))


def _raw(rate: int, channels: int) -> tuple[str, ...]:
    return ("-ar", str(rate), "-ac", str(channels), "-f", "f32le", "-c:a", "pcm_f32le", "pipe:1")


def samples_of(output: Output, channels: int = 2) -> NDArray[np.float32]:
    """Return decoded samples, float32, shape (n, channels)."""
    return np.frombuffer(output.stdout, np.float32).reshape(-1, channels)
