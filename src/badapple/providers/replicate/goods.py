"""Looks at what was delivered before anybody builds on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from badapple.errors import MediaError, PhotoError
from badapple.media.clips import ClipFrames
from badapple.media.probe import check_decodes, probe
from badapple.models import DRAFT, FPS
from badapple.product.intake import take_in, write_png

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["check_clip", "check_picture"]

_SMALLEST, _LARGEST = 240, 4400  #: px of a clip's sides
_NARROWEST, _WIDEST = 0.45, 0.75  #: width by height of an upright picture


def check_clip(path: Path, *, seconds: int, ffmpeg: Path) -> dict[str, Any]:
    """Return what a clip is.

    It must be one that fills its scene: what the film refuses must not count as bought, or every later run would find
    it in the cache and fail on it.

    Raises:
        MediaError: it cannot be used.
    """
    # The strictest reader first: it takes one container only, and looks at its packets.
    ClipFrames(path, count=seconds * FPS, canvas=DRAFT, ffmpeg=ffmpeg)
    info = probe(path, ffmpeg=ffmpeg, foreign=True)
    if not all(_SMALLEST <= side <= _LARGEST for side in (info.width, info.height)):
        raise MediaError(f"the clip has {info.width}x{info.height} px", path=path)
    check_decodes(path, ffmpeg=ffmpeg, foreign=True)
    return {
        "width": info.width, "height": info.height, "seconds": round(info.duration, 3), "fps": float(info.fps),
        "codec": info.codec,
    }  # fmt: skip


def check_picture(path: Path, clean: Path) -> dict[str, Any]:
    """Decode a picture in a limited child and write its bare pixels to `clean`; return what it is.

    Raises:
        MediaError: it cannot be used.
    """
    try:
        pixels = take_in(path).pixels
    except PhotoError as error:
        raise MediaError(str(error), path=path) from error
    height, width = pixels.shape[:2]
    if not _NARROWEST <= width / height <= _WIDEST:
        raise MediaError(f"the picture has {width}x{height} px and is not upright", path=path)
    write_png(pixels[:, :, :3], clean)
    return {"width": width, "height": height}
