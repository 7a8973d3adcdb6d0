"""The first frame of a scene, as a model takes it."""

from __future__ import annotations

import base64
import hashlib
import io
from typing import TYPE_CHECKING

from badapple.process import in_thread

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

__all__ = ["LARGEST_URL", "as_address", "pixels_hash"]

LARGEST_URL = 256_000  #: letters of a data URL that Replicate advises
_HEAD = "data:image/jpeg;base64,"
#: JPEG qualities tried, one after another; below the last the flaws would be filmed.
_QUALITIES = (90, 84, 78, 72)


async def as_address(picture: Path, *, upload: Callable[[bytes], Awaitable[str]]) -> str:
    """Return a JPEG as a data URL, or the address it was handed over to where that would be too long."""
    data = await in_thread(_small, picture)
    url = _HEAD + base64.b64encode(data).decode("ascii")
    return url if len(url) <= LARGEST_URL else await upload(data)


def pixels_hash(picture: Path | None) -> str:
    """Return the SHA-256 over a picture's pixels, however it is packed; empty without one."""
    if picture is None:
        return ""
    from PIL import Image  # noqa: PLC0415 - heavy

    with Image.open(picture) as opened:
        head = f"{opened.mode} {opened.width}x{opened.height} ".encode()
        return hashlib.sha256(head + opened.tobytes()).hexdigest()


def _small(picture: Path) -> bytes:
    """Return the JPEG, packed tighter as far as it must and may be; the whole one where that is not enough."""
    whole = data = picture.read_bytes()
    if _fits(data):
        return data
    from PIL import Image  # noqa: PLC0415 - heavy

    with Image.open(picture) as opened:
        image = opened.convert("RGB")
    for quality in _QUALITIES:
        out = io.BytesIO()
        image.save(out, "JPEG", quality=quality, optimize=True)
        data = out.getvalue()
        if _fits(data):
            return data
    return whole


def _fits(data: bytes) -> bool:
    return len(_HEAD) + (len(data) + 2) // 3 * 4 <= LARGEST_URL
