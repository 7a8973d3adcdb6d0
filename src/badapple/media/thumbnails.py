"""Small pictures for pages: of a photo, of a cut-out, of one frame of a scene."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from badapple.errors import MediaError
from badapple.media import planes
from badapple.media.reading import reading

if TYPE_CHECKING:
    from pathlib import Path

    from PIL.Image import Image

    from badapple.models import Canvas
    from badapple.ports import Frames

__all__ = ["cutout_webp", "frame_jpeg", "photo_jpeg"]

_JPEG, _STILL, _WEBP = 80, 82, 84  #: qualities
_PAPER = (255, 255, 255)  #: what see-through photos lie on


def photo_jpeg(photo: Path, width: int) -> bytes:
    """Return a photo as a JPEG of at most `width` px across, never larger than it is; on white where one sees through.

    Args:
        photo: PNG or JPEG that badapple wrote itself: it is decoded right here.
        width: px.

    Raises:
        MediaError: it is missing or no such picture.
    """
    image = _opened(photo)
    if "A" in image.mode:
        from PIL import Image  # noqa: PLC0415 - heavy

        ground = Image.new("RGBA", image.size, (*_PAPER, 255))
        ground.alpha_composite(image.convert("RGBA"))
        image = ground
    return _jpeg(_within(image.convert("RGB"), width, 4 * width), quality=_JPEG)


def cutout_webp(cutout: Path, most: int) -> bytes:
    """Return a cut-out as WebP with alpha, at most `most` px on its longer side.

    Raises:
        MediaError: it is missing or no PNG.
    """
    out = io.BytesIO()
    _within(_opened(cutout).convert("RGBA"), most, most).save(out, "WEBP", quality=_WEBP, method=4)
    return out.getvalue()


def frame_jpeg(frames: Frames, index: int, *, canvas: Canvas, width: int) -> bytes:
    """Draw one frame and return it as a JPEG of `width` px across.

    Args:
        frames: of a scene.
        index: which of them.
        canvas: what they are drawn on.
        width: px, at most the canvas' own.
    """
    from PIL import Image  # noqa: PLC0415 - heavy

    out = planes.blank(canvas.width, canvas.height)
    with reading(frames, index, 1) as run:
        run.draw(index, out)
    return _jpeg(_within(Image.fromarray(planes.to_rgb(out)), width, 4 * width), quality=_STILL)


def _opened(path: Path) -> Image:
    from PIL import Image  # noqa: PLC0415 - heavy

    try:
        with Image.open(path, formats=["PNG", "JPEG"]) as image:
            image.load()
            return image
    except (OSError, ValueError) as error:
        raise MediaError(f"{path.name} is missing or no picture: {error}", path=path) from error


def _within(image: Image, width: int, height: int) -> Image:
    from PIL import Image  # noqa: PLC0415 - heavy

    scale = min(1.0, width / image.width, height / image.height)
    size = max(1, round(image.width * scale)), max(1, round(image.height * scale))
    return image if scale == 1.0 else image.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)


def _jpeg(image: Image, *, quality: int) -> bytes:
    out = io.BytesIO()
    image.save(out, "JPEG", quality=quality, optimize=True, progressive=True)
    return out.getvalue()
