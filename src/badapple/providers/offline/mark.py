"""A brand's logo on the end card: sized, and made to be seen on whatever is behind it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from badapple.errors import PhotoError
from badapple.media.colour import BLACK, WHITE, contrast
from badapple.models import Box
from badapple.providers.offline.sheet import rounded

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from badapple.media.colour import RGB
    from badapple.providers.offline.sheet import Sheet

__all__ = ["PLATE", "Mark", "load_mark"]

PLATE = 14.0  #: layout px that a plate behind a logo is wider than it
_WIDEST, _TALLEST = 360.0, 104.0  #: layout px
_PART = 8  #: alpha from which a pixel is part of the logo
_CORNER = 14.0  #: radius of a logo that brings a ground of its own
_SEEN = 3.0  #: contrast with what is behind
_MIDDLE: RGB = (118, 118, 118)  #: both black and white are seen on it: for logos that are both
_ENOUGH, _SOME = 0.7, 0.1  #: share of a logo that has to have it, and of one with a ground of its own


@dataclass(frozen=True, slots=True)
class Mark:
    """A logo: RGBA bytes, (height, width, 4)."""

    pixels: NDArray[np.uint8]

    @property
    def size(self) -> tuple[float, float]:
        """Width and height on the card, layout px."""
        height, width = self.pixels.shape[:2]
        ratio = min(_WIDEST / width, _TALLEST / height)
        return max(1.0, round(width * ratio)), max(1.0, round(height * ratio))

    def draw(self, sheet: Sheet, box: Box) -> None:
        """Draw it into the box: on a plate where it would sink into what is behind it."""
        width, height = round(box.width), round(box.height)
        way = cv2.INTER_AREA if width < self.pixels.shape[1] else cv2.INTER_CUBIC
        alpha = self.pixels[..., 3:].astype(np.float32) / 255
        sprite = np.dstack((self.pixels[..., :3].astype(np.float32) / 255 * alpha, alpha))
        sized = np.asarray(cv2.resize(sprite, (width, height), interpolation=way), np.float32)
        shown = np.clip(sized, np.float32(0), np.float32(1))
        whole = bool(alpha.min() > 0.99)  # it brings a ground of its own, or is a plain block
        if (plate := self._plate(sheet, box, enough=_SOME if whole else _ENOUGH)) is not None:
            wider = Box(left=box.left - PLATE, top=box.top - PLATE, right=box.right + PLATE, bottom=box.bottom + PLATE)
            sheet.fill(rounded(wider, _CORNER + PLATE / 2), plate, 0.96)
        if whole:
            sheet.picture(rounded(box, _CORNER), shown[..., :3] * np.float32(255), round(box.left), round(box.top))
        else:
            sheet.paste(shown, round(box.left), round(box.top))

    def _plate(self, sheet: Sheet, box: Box, *, enough: float) -> RGB | None:
        """Return the colour of a plate that the logo needs, or None where it is seen without."""
        red, green, blue = sheet.around(box).reshape(-1, 3).mean(axis=0).round().astype(int).tolist()
        behind: RGB = (red, green, blue)
        small = cv2.resize(self.pixels, (48, 48), interpolation=cv2.INTER_AREA)
        seen = [(int(r), int(g), int(b)) for r, g, b in small[small[..., 3] > 127][:, :3]]

        def share(ground: RGB) -> float:
            return sum(contrast(colour, ground) >= _SEEN for colour in seen) / max(1, len(seen))

        if share(behind) >= enough:
            return None
        return max((behind, WHITE, BLACK, _MIDDLE), key=share)  # the first of those that are equal


def load_mark(path: Path) -> Mark:
    """Read a logo as the intake left it, without its transparent border.

    Raises:
        PhotoError: it cannot be read.
    """
    picture = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    if picture is None or picture.ndim != 3:
        raise PhotoError("the logo cannot be read", hint="upload it again")
    way = cv2.COLOR_BGRA2RGBA if picture.shape[2] == 4 else cv2.COLOR_BGR2RGBA
    pixels = np.asarray(cv2.cvtColor(picture, way), np.uint8)
    rows, columns = np.nonzero(pixels[..., 3] >= _PART)
    if len(rows):
        pixels = pixels[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    return Mark(np.ascontiguousarray(pixels))
