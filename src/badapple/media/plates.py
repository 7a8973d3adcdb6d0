"""Plates and letters as one clear picture: what words over footage stand on."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from badapple.media.colour import BLACK
from badapple.media.shapes import coverage, rounded, slanted
from badapple.models import CAPTION_BAND, WIDTH, Box

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from badapple.media.colour import RGB
    from badapple.media.shapes import Outline
    from badapple.media.typeset import Setting

    Field = NDArray[np.float32]

__all__ = ["Plate", "Sheet", "line_boxes"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plate:
    """What lies under a line of text.

    Attributes:
        fill: colour.
        ink: colour of the text on it.
        pad: layout px left and right of the ink.
        rise: layout px above and below it.
        radius: layout px of its corners.
        slant: layout px that it leans.
        under: colour of a hard edge behind it, or None for a soft shadow.
        offset: layout px of that edge, right and down.
        edge: colour of a line around it, or None.
        line: layout px of that line.
        opacity: 0-1.
    """

    fill: RGB
    ink: RGB
    pad: float = 30.0
    rise: float = 20.0
    radius: float = 0.0
    slant: float = 0.0
    under: RGB | None = None
    offset: tuple[float, float] = (0.0, 0.0)
    edge: RGB | None = None
    line: float = 2.0
    opacity: float = 1.0


def line_boxes(setting: Setting, left: float, top: float, plate: Plate, scale: float) -> list[Box]:
    """Return the plate's box behind each line: as wide as its ink, all equally tall about their baselines."""
    lines = [[piece for piece in setting.pieces if piece.line == number] for number in range(len(setting.lines))]
    up = max(base - piece.top for base, line in zip(setting.baselines, lines, strict=True) for piece in line)
    down = max(
        piece.top + piece.image.shape[0] / scale - base
        for base, line in zip(setting.baselines, lines, strict=True)
        for piece in line
    )
    return [
        Box(
            left=left + min(piece.left for piece in line) - plate.pad,
            top=top + base - up - plate.rise,
            right=left + max(piece.left + piece.image.shape[1] / scale for piece in line) + plate.pad,
            bottom=top + base + down + plate.rise,
        )
        for base, line in zip(setting.baselines, lines, strict=True)
    ]  # fmt: skip


class Sheet:
    """A clear picture above the captions' band that words and plates are laid on; places are in layout px."""

    def __init__(self, scale: float) -> None:
        self._scale = scale
        self._rgba = np.zeros((round(CAPTION_BAND.top * scale), round(WIDTH * scale), 4), np.float32)

    def fill(self, outline: Outline, colour: RGB, opacity: float = 1.0) -> None:
        """Fill an outline."""
        cover, left, top = coverage(outline * np.float32(self._scale))
        self._lay(cover * np.float32(opacity), colour, left, top)

    def plates(self, boxes: list[Box], plate: Plate) -> None:
        """Put plates under words: first what lies under all of them."""
        outlines = [slanted(box, plate.slant) if plate.slant else rounded(box, plate.radius) for box in boxes]
        for outline in outlines:
            if plate.under is not None:
                self.fill(outline + np.asarray(plate.offset, np.float32), plate.under)
            else:
                self._soft(outline)
        if plate.edge is not None:  # under all fills: where plates touch, no line runs between their words
            for outline in outlines:
                self.fill(outline, plate.edge, plate.opacity)
        for box, outline in zip(boxes, outlines, strict=True):
            inner = outline
            if plate.edge is not None:
                less = _inset(box, plate.line)
                inner = (
                    slanted(less, plate.slant) if plate.slant else rounded(less, max(0.0, plate.radius - plate.line))
                )
            self.fill(inner, plate.fill, plate.opacity)

    def _soft(self, outline: Outline) -> None:
        """Lay a soft shadow, a little below an outline."""
        cover, left, top = coverage((outline + np.asarray((0, 8), np.float32)) * np.float32(self._scale))
        self._blurred(cover, left, top, soft=14, colour=BLACK, opacity=0.34)

    def shadow(self, setting: Setting, left: float, top: float, colour: RGB) -> None:
        """Lay the soft shape of letters behind them: it keeps them off whatever is going on there."""
        for piece in setting.pieces:
            cover = np.asarray(piece.image[..., 3], np.float32) / np.float32(255)
            at = (round((left + piece.left) * self._scale), round((top + piece.top) * self._scale))
            self._blurred(cover, *at, soft=12, colour=colour, opacity=0.75)

    def write(self, setting: Setting, left: float, top: float, ink: RGB) -> None:
        """Lay letters."""
        for piece in setting.pieces:
            cover = np.asarray(piece.image[..., 3], np.float32) / np.float32(255)
            self._lay(cover, ink, round((left + piece.left) * self._scale), round((top + piece.top) * self._scale))

    def cut(self) -> tuple[Field, int, int]:
        """Return what was laid, its left and its top, px."""
        import cv2  # noqa: PLC0415 - heavy

        left, top, width, height = cv2.boundingRect((self._rgba[..., 3] > 1 / 512).astype(np.uint8))
        return self._rgba[top : top + height, left : left + width].copy(), left, top

    def _blurred(self, cover: Field, left: int, top: int, *, soft: float, colour: RGB, opacity: float) -> None:
        import cv2  # noqa: PLC0415 - heavy

        sigma = max(0.6, soft * self._scale)
        margin = math.ceil(sigma * 3)
        blurred = cv2.GaussianBlur(np.pad(cover, margin), (0, 0), sigma)
        self._lay(np.asarray(blurred, np.float32) * np.float32(opacity), colour, left - margin, top - margin)

    def _lay(self, cover: Field, colour: RGB, left: int, top: int) -> None:
        height, width = self._rgba.shape[:2]
        y0, x0 = max(0, top), max(0, left)
        part = cover[y0 - top : height - top, x0 - left : width - left, None]
        area = self._rgba[y0 : y0 + part.shape[0], x0 : x0 + part.shape[1]]
        paint = np.array((*(value / 255 for value in colour), 1), np.float32)
        area += (paint - area) * part


def _inset(box: Box, by: float) -> Box:
    return Box(left=box.left + by, top=box.top + by, right=box.right - by, bottom=box.bottom - by)
