"""A brand's logo: taken in as photos are, made small; what shows through it still does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from badapple.errors import PhotoError

if TYPE_CHECKING:
    from pathlib import Path

    from cv2.typing import MatLike

__all__ = ["LOGO", "logo_pixels", "rewrite_logo"]

LOGO = 1024  #: px of the long side of a kept logo; with an empty border around it, it is still sharp where it is shown


def rewrite_logo(file: Path, target: Path) -> None:
    """Write a logo anew as an sRGB PNG of at most `LOGO` px, with its alpha.

    It is decoded in the limited child process that product photos go through, under the same limits. What it writes
    passes those again.

    Raises:
        PhotoError: it cannot be used; says why.
        DiskError: the disk cannot be written.
    """
    from badapple.product.intake import write_png  # noqa: PLC0415 - heavy: whoever only asks does without

    write_png(logo_pixels(file), target)


def logo_pixels(file: Path) -> MatLike:
    """Return a logo's pixels: uint8, shape (height, width, 3 or 4), sRGB, at most `LOGO` px.

    Raises:
        PhotoError: it cannot be used; says why.
    """
    from badapple.product.intake import take_in  # noqa: PLC0415 - as above

    try:
        pixels = take_in(file).pixels
    except PhotoError as error:
        raise PhotoError(str(error).replace("the photo", "the logo", 1), hint=error.hint) from error
    return _small(pixels)


def _small(pixels: MatLike) -> MatLike:
    import cv2  # noqa: PLC0415 - as above
    import numpy as np  # noqa: PLC0415 - as above

    height, width = pixels.shape[:2]
    ratio = LOGO / max(height, width)
    if ratio >= 1:
        return np.ascontiguousarray(pixels)
    size = max(1, round(width * ratio)), max(1, round(height * ratio))
    if pixels.shape[2] == 3:
        return cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    # Colours of what is transparent shall not bleed into the edge.
    alpha = pixels[..., 3:].astype(np.float32) / 255
    part = cv2.resize(np.dstack((pixels[..., :3] * alpha, alpha)), size, interpolation=cv2.INTER_AREA)
    rgb = part[..., :3] / np.maximum(part[..., 3:], 1e-6)
    return np.asarray(np.clip(np.dstack((rgb, part[..., 3:] * 255)) + 0.5, 0, 255), np.uint8)
