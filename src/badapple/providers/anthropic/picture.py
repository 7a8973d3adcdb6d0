"""The product picture as it is sent: small, upright, without metadata."""

from __future__ import annotations

import base64
import hashlib
import io
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from PIL import Image, ImageOps

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["LARGEST_SIDE", "Picture", "fitted", "pixels", "shrunk"]

LARGEST_SIDE = 1092  #: px; a larger picture is shrunk by the vendor anyway
_LARGEST_AREA = 1_150_000
_SMALLEST_SIDE = 200  #: px of the longest side; below it, the model sees little
_GROUND = (232, 232, 232)  #: behind what is transparent: light, and white products still stand out
_QUALITY = 85


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A JPEG: base64, and its size in px."""

    data: str
    size: tuple[int, int]


def fitted(size: tuple[int, int], *, side: int = LARGEST_SIDE) -> tuple[int, int]:
    """Return the size in px at which a picture of a size is sent."""
    width, height = size
    scale = min(1.0, side / max(size), (_LARGEST_AREA / (width * height)) ** 0.5)
    if max(size) * scale < _SMALLEST_SIDE:
        scale = _SMALLEST_SIDE / max(size)
    return max(1, int(width * scale + 1e-6)), max(1, int(height * scale + 1e-6))


def pixels(path: Path) -> str:
    """Return the SHA-256 in hex of what a picture shows: its size and its RGB bytes, whatever file holds them."""
    stat = path.stat()
    return _pixels(path, stat.st_mtime_ns, stat.st_size)


def shrunk(path: Path, *, side: int = LARGEST_SIDE) -> Picture:
    """Read a picture and make it no larger than `side` px."""
    with Image.open(path) as opened:
        picture = _flat(opened)
    size = fitted(picture.size, side=side)
    if size != picture.size:
        picture = picture.resize(size, Image.Resampling.LANCZOS)
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=_QUALITY)
    return Picture(data=base64.b64encode(out.getvalue()).decode("ascii"), size=size)


@lru_cache(maxsize=8)  # a quote and the purchase after it ask for the same picture
def _pixels(path: Path, _changed: int, _bytes: int) -> str:
    with Image.open(path) as opened:
        picture = _flat(opened)
    return hashlib.sha256(f"{picture.width}x{picture.height} ".encode() + picture.tobytes()).hexdigest()


def _flat(picture: Image.Image) -> Image.Image:
    """Return the picture upright as RGB, over a light ground where it is transparent; only its pixels."""
    picture = ImageOps.exif_transpose(picture)
    if picture.mode in {"RGBA", "LA", "PA"} or "transparency" in picture.info:
        over = picture.convert("RGBA")
        ground = Image.new("RGB", over.size, _GROUND)
        ground.paste(over, mask=over.getchannel("A"))
        return ground
    return Image.frombytes("RGB", picture.size, picture.convert("RGB").tobytes())
