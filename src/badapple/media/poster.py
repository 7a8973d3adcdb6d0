"""The still that stands for the film before it plays."""

from __future__ import annotations

from typing import TYPE_CHECKING

from badapple import process
from badapple.errors import DiskError, MediaError, OutOfMemoryError, ToolError
from badapple.media import marking
from badapple.media.ffmpeg import command, source
from badapple.media.probe import probe
from badapple.media.whole import whole

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["poster"]

_QUALITY = 88


def poster(video: Path, out: Path, *, ffmpeg: Path, second: float, source_type: str) -> None:
    """Write the frame at `second` as a JPEG of the video's size, marked with its IPTC digital source type.

    Raises:
        MediaError: the video cannot be read, or has no frame there.
    """
    from PIL import Image  # noqa: PLC0415 - heavy

    facts = probe(video, ffmpeg=ffmpeg)
    pixels = _frame(video, ffmpeg=ffmpeg, second=second)
    if len(pixels) != facts.width * facts.height * 3:
        raise MediaError(f"{video.name} has no frame at {second:.2f} s", path=video)
    with whole(out) as part:
        picture = Image.frombytes("RGB", (facts.width, facts.height), pixels)
        picture.save(part, "JPEG", quality=_QUALITY, optimize=True, progressive=True, xmp=marking.xmp(source_type))


def _frame(video: Path, *, ffmpeg: Path, second: float) -> bytes:
    smooth = "scale=flags=accurate_rnd+full_chroma_int+full_chroma_inp+bicubic"
    args = (
        "-ss",
        f"{second:.3f}",
        *source(video),
        "-map",
        "0:v:0",
        "-frames:v",
        "1",
        "-vf",
        smooth,
        "-pix_fmt",
        "rgb24",
        "-f",
        "rawvideo",
        "-",
    )
    try:
        return process.run(command(ffmpeg, *args), limits=process.Limits(seconds=60)).stdout
    except (DiskError, OutOfMemoryError):
        raise
    except ToolError as error:
        raise MediaError(f"{video.name} cannot be read", path=video, last_lines=error.last_lines) from error
