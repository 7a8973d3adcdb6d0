"""The sheet an end card is made on: smooth shapes, soft shadows and pictures over RGB floats."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import cv2
import numpy as np

from badapple.media.shapes import Outline, coverage, rounded, slanted
from badapple.models import Box

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from badapple.media.colour import RGB
    from badapple.media.typeset import Setting

__all__ = ["Outline", "Sheet", "rounded", "slanted"]


class Sheet:
    """RGB floats 0-255 that shapes and pictures are laid on, one px per layout px."""

    def __init__(self, ground: NDArray[np.uint8]) -> None:
        self.rgb = ground.astype(np.float32)

    def bytes(self) -> NDArray[np.uint8]:
        """Return the picture as RGB bytes."""
        return np.asarray(np.clip(self.rgb + 0.5, 0, 255), np.uint8)

    def fill(self, outline: Outline, colour: RGB | NDArray[np.float32], opacity: float = 1.0) -> None:
        """Fill an outline with a colour, or with a colour for each row ((n, 3), from its top to its bottom)."""
        cover, left, top = coverage(outline)
        paint = np.asarray(colour, np.float32)
        if paint.ndim == 2:
            rows = cv2.resize(paint[:, None], (1, cover.shape[0]), interpolation=cv2.INTER_LINEAR)
            paint = np.asarray(rows, np.float32).reshape(-1, 1, 3)
        self._lay(cover * opacity, paint, left, top)

    def line(self, outline: Outline, inner: Outline, colour: RGB, opacity: float = 1.0) -> None:
        """Fill what lies between two outlines."""
        cover, left, top = coverage(outline, inner)
        self._lay(cover * opacity, np.asarray(colour, np.float32), left, top)

    def picture(self, outline: Outline, rgb: NDArray[np.float32], left: int, top: int) -> None:
        """Fill an outline with a picture (h, w, 3) that stands at (left, top)."""
        cover, x, y = coverage(outline)
        height, width = rgb.shape[:2]
        whole = np.zeros((height, width), np.float32)
        y0, x0 = max(0, y - top), max(0, x - left)
        part = cover[max(0, top - y) :, max(0, left - x) :][: height - y0, : width - x0]
        whole[y0 : y0 + part.shape[0], x0 : x0 + part.shape[1]] = part
        self._lay(whole, rgb, left, top)

    def shadow(self, outline: Outline, colour: RGB, opacity: float, *, soft: float, down: float) -> None:
        """Lay the blurred shape of an outline, moved down."""
        margin = math.ceil(soft * 3)
        cover, left, top = coverage(outline)
        cover = np.pad(cover, margin)
        step = max(1, int(soft / 4))
        small = cv2.resize(cover, (cover.shape[1] // step, cover.shape[0] // step), interpolation=cv2.INTER_AREA)
        small = cv2.GaussianBlur(small, (0, 0), soft / step)
        soft_cover = cv2.resize(small, cover.shape[::-1], interpolation=cv2.INTER_LINEAR)
        self._lay(
            np.asarray(soft_cover * opacity, np.float32),
            np.asarray(colour, np.float32),
            left - margin,
            top - margin + round(down),
        )

    def pool(self, centre: tuple[float, float], radius: tuple[float, float], colour: RGB, opacity: float) -> None:
        """Lay a soft ellipse, densest in its middle."""
        reach = (radius[0] * 1.3, radius[1] * 1.6)
        left, top = math.floor(centre[0] - reach[0]), math.floor(centre[1] - reach[1])
        x = (np.arange(math.ceil(reach[0] * 2), dtype=np.float32) + left + 0.5 - centre[0]) / reach[0]
        y = (np.arange(math.ceil(reach[1] * 2), dtype=np.float32) + top + 0.5 - centre[1]) / reach[1]
        inside = np.clip(1 - np.sqrt(x[None] ** 2 + y[:, None] ** 2), 0, 1)
        self._lay(
            np.asarray(inside * inside * (3 - 2 * inside) * opacity, np.float32),
            np.asarray(colour, np.float32),
            left,
            top,
        )

    def paste(self, sprite: NDArray[np.float32], left: int, top: int) -> None:
        """Lay a premultiplied RGBA picture (0-1)."""
        area, part = self._meet(sprite.shape[0], sprite.shape[1], left, top)
        self.rgb[area] = self.rgb[area] * (1 - sprite[part][..., 3:]) + sprite[part][..., :3] * 255

    def write(self, setting: Setting, left: float, top: float) -> Box:
        """Lay set text with the top left of its ink at (left, top); return the box of its ink."""
        x, y = round(left), round(top)
        for piece in setting.pieces:
            alpha = np.asarray(piece.image[..., 3], np.float32) / np.float32(255)
            self._lay(alpha, piece.image[0, 0, :3].astype(np.float32), x + round(piece.left), y + round(piece.top))
        return Box(left=x, top=y, right=x + setting.width, bottom=y + setting.height)

    def around(self, box: Box) -> NDArray[np.float32]:
        """Return the pixels of a box, (h, w, 3)."""
        return self.rgb[max(0, round(box.top)) : round(box.bottom), max(0, round(box.left)) : round(box.right)]

    def _meet(self, height: int, width: int, left: int, top: int) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
        """Return where a picture of that size lies on the sheet, and which part of it does."""
        rows, columns = self.rgb.shape[:2]
        x0, y0, x1, y1 = max(0, left), max(0, top), min(columns, left + width), min(rows, top + height)
        x1, y1 = max(x0, x1), max(y0, y1)
        return (slice(y0, y1), slice(x0, x1)), (slice(y0 - top, y1 - top), slice(x0 - left, x1 - left))

    def _lay(self, alpha: NDArray[np.float32], paint: NDArray[np.float32], left: int, top: int) -> None:
        area, part = self._meet(alpha.shape[0], alpha.shape[1], left, top)
        if paint.ndim == 3:
            paint = paint[part[0]] if paint.shape[1] == 1 else paint[part]
        self.rgb[area] += (paint - self.rgb[area]) * alpha[part][..., None]
