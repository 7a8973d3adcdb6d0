"""The product on the end card: a cut-out that stands or floats, or a framed photo."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np
from PIL import Image

from badapple.media.colour import mix
from badapple.models import Box, Family
from badapple.providers.offline.sheet import Sheet, rounded

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from badapple.models import Product
    from badapple.providers.offline.stage.look import Look
    from badapple.styles import Style

__all__ = ["Hero", "load_hero"]

_LARGEST = 2.0  #: layout px per source px: beyond it a photo looks soft
_SMALL = 320.0  #: layout px; a smaller product gets a disc to stand on, so that it looks placed
_DISCS = (260.0, 460.0)  #: layout px across, least and most
_TILT = {"poster": -5.0}  #: degrees
_STANDS = {"bokeh", "horizon", "grid"}  #: sets with a floor
_CROP = 0.36  #: share of its longer side that a photo may lose to fill its place
_WIDEST = 1.6  #: width over height of a photo


@dataclass(frozen=True, slots=True)
class Hero:
    """The product as it can be placed.

    Attributes:
        image: (h, w, 4) float32, premultiplied RGBA 0-1, source px.
        family: how it is shown.
        set: the style's set.
        focus: point of interest, fractions of width and height.
    """

    image: NDArray[np.float32]
    family: Family
    set: str
    focus: tuple[float, float] = (0.5, 0.5)

    @property
    def shape(self) -> float:
        """Width over height."""
        tall, wide = self.image.shape[:2]
        return float(wide / tall)

    def fitted(self, width: float, height: float) -> tuple[float, float]:
        """Return its size in layout px inside the given room; a photo may lose some of its longer side."""
        tall, wide = self.image.shape[:2]
        if self.family is Family.PHOTO:
            shape = min(max(width / height, wide / tall * (1 - _CROP)), wide / tall / (1 - _CROP), _WIDEST)
            wide, tall = min(wide, tall * shape), min(tall, wide / shape)
        share = min(width / wide, height / tall, _LARGEST)
        if self.family is Family.CUTOUT and max(wide, tall) * _LARGEST < _SMALL:
            across = min(max(_DISCS[0], math.hypot(wide, tall) * _LARGEST * 1.6), _DISCS[1], width, height)
            return across, across
        return wide * share, tall * share

    def inside(self, box: Box) -> Box:
        """Return where in its place the product itself is: all of it, or the middle of its disc."""
        tall, wide = self.image.shape[:2]
        if self.family is not Family.CUTOUT or max(wide, tall) * _LARGEST >= _SMALL:
            return box
        x, y = (box.left + box.right) / 2, (box.top + box.bottom) / 2
        share = min(_LARGEST, box.height * 0.72 / math.hypot(wide, tall)) / 2
        return Box(left=x - wide * share, top=y - tall * share, right=x + wide * share, bottom=y + tall * share)

    def draw(self, sheet: Sheet, box: Box, *, look: Look, mirrored: bool = True) -> None:
        """Draw it into the box with its shadow; `mirrored` says that a floor before it would shine."""
        if self.family is Family.PHOTO:
            self._draw_photo(sheet, box, look=look)
            return
        dark = look.mode == "dark"
        place = self.inside(box)
        sprite = _resized(self.image, round(place.width), round(place.height))
        left, top = round(place.left), round(place.top)
        if place != box:
            sheet.fill(rounded(box, box.width / 2), mix(look.stops[1], look.accent, 0.3))
            ring = Box(left=box.left + 14, top=box.top + 14, right=box.right - 14, bottom=box.bottom - 14)
            inner = Box(left=ring.left + 3, top=ring.top + 3, right=ring.right - 3, bottom=ring.bottom - 3)
            sheet.line(rounded(ring, ring.width / 2), rounded(inner, inner.width / 2), look.accent, 0.8)
        if self.set in _STANDS and place == box:
            _contact(sheet, sprite, left, top, dark=dark)
            if mirrored and self.set != "horizon":
                _reflection(sheet, sprite, left, top)
        else:
            _drop(sheet, sprite, left, top, dark=dark)
        sheet.paste(sprite, left, top)

    def _draw_photo(self, sheet: Sheet, box: Box, *, look: Look) -> None:
        dark = look.mode == "dark"
        radius, line, colour, offset = _FRAMES[self.set]
        outer = rounded(box, radius)
        if offset:
            sheet.fill(
                rounded(
                    Box(
                        left=box.left + offset,
                        top=box.top + offset,
                        right=box.right + offset,
                        bottom=box.bottom + offset,
                    ),
                    radius,
                ),
                (12, 10, 10),
            )
        else:
            sheet.shadow(outer, (0, 0, 0), 0.5 if dark else 0.28, soft=34, down=26)
        if self.set == "grid":
            sheet.shadow(outer, look.accent, 0.55, soft=26, down=0)
        sheet.fill(outer, {"accent": look.accent, "ink": look.ink, "white": (255, 255, 255)}[colour])
        inner = Box(left=box.left + line, top=box.top + line, right=box.right - line, bottom=box.bottom - line)
        cut = _cropped(self.image, box.width / box.height, self.focus)
        sprite = _resized(cut, round(inner.width), round(inner.height))
        sheet.picture(
            rounded(inner, max(0.0, radius - line)), sprite[..., :3] * 255, round(inner.left), round(inner.top)
        )


#: set -> corner radius, line width, line colour, offset of a hard shadow
_FRAMES = {
    "bokeh": (10.0, 3.0, "accent", 0.0),
    "horizon": (6.0, 0.0, "white", 0.0),
    "poster": (0.0, 12.0, "white", 18.0),
    "slab": (0.0, 12.0, "ink", 20.0),
    "confetti": (56.0, 14.0, "white", 0.0),
    "grid": (28.0, 3.0, "accent", 0.0),
}


def load_hero(product: Product, style: Style) -> Hero | None:
    """Read the product's picture; None where there is none to show."""
    kind = style.motion.set
    if product.family is Family.CUTOUT and product.cutout is not None:
        return Hero(_tilted(_premultiplied(product.cutout), _TILT.get(kind, 0.0)), Family.CUTOUT, kind)
    if product.family is Family.PHOTO and product.photo is not None:
        return Hero(_premultiplied(product.photo), Family.PHOTO, kind, product.focus)
    return None


def _premultiplied(path: Path) -> NDArray[np.float32]:
    with Image.open(path) as image:
        pixels = np.asarray(image.convert("RGBA"), np.float32) / np.float32(255)
    pixels[..., :3] *= pixels[..., 3:]
    return pixels


def _tilted(image: NDArray[np.float32], degrees: float) -> NDArray[np.float32]:
    if not degrees:
        return image
    tall, wide = image.shape[:2]
    matrix = cv2.getRotationMatrix2D((wide / 2, tall / 2), -degrees, 1.0)
    turn = math.radians(abs(degrees))
    width = math.ceil(wide * math.cos(turn) + tall * math.sin(turn))
    height = math.ceil(tall * math.cos(turn) + wide * math.sin(turn))
    matrix[:, 2] += ((width - wide) / 2, (height - tall) / 2)
    turned = cv2.warpAffine(image, matrix, (width, height), flags=cv2.INTER_LINEAR)
    rows, columns = (np.flatnonzero(turned[..., 3].max(axis=axis) > 0.02) for axis in (1, 0))
    if not len(rows):
        return image
    return np.ascontiguousarray(turned[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1], np.float32)


def _cropped(image: NDArray[np.float32], shape: float, focus: tuple[float, float]) -> NDArray[np.float32]:
    """Cut a photo to width over height about its point of interest."""
    tall, wide = image.shape[:2]
    width, height = min(wide, round(tall * shape)), min(tall, round(wide / shape))
    left = round(min(max(0.0, focus[0] * wide - width / 2), wide - width))
    top = round(min(max(0.0, focus[1] * tall - height / 2), tall - height))
    return image[top : top + height, left : left + width]


def _resized(image: NDArray[np.float32], width: int, height: int) -> NDArray[np.float32]:
    smaller = width < image.shape[1]
    found = cv2.resize(
        image, (max(1, width), max(1, height)), interpolation=cv2.INTER_AREA if smaller else cv2.INTER_CUBIC
    )
    return np.asarray(np.clip(found, 0, 1), np.float32)


def _contact(sheet: Sheet, sprite: NDArray[np.float32], left: int, top: int, *, dark: bool) -> None:
    """Draw the shadow where the product meets the floor: tight and dark, with a wide soft one about it."""
    tall, wide = sprite.shape[:2]
    foot = sprite[round(tall * 0.82) :, :, 3].max(axis=0)
    columns = np.flatnonzero(foot > 0.5)
    if not len(columns):
        return
    start, end = left + float(columns[0]), left + float(columns[-1])
    middle, reach, ground = (start + end) / 2, (end - start) / 2, top + tall
    for stretch, thick, strength in ((1.12, 0.075, 0.35), (0.96, 0.03, 0.6)):
        sheet.pool(
            (middle, ground - 4),
            (reach * stretch, max(10.0, wide * thick)),
            (0, 0, 0),
            strength * (1.0 if dark else 0.7),
        )


def _reflection(sheet: Sheet, sprite: NDArray[np.float32], left: int, top: int) -> None:
    tall = sprite.shape[0]
    depth = min(round(tall * 0.42), 210)
    mirrored = cv2.GaussianBlur(sprite[::-1][:depth], (0, 0), 2.5)
    fade = (np.linspace(1.0, 0.0, depth, dtype=np.float32) ** 1.7 * 0.22)[:, None, None]
    sheet.paste(np.asarray(mirrored * fade, np.float32), left, top + tall - 3)


def _drop(sheet: Sheet, sprite: NDArray[np.float32], left: int, top: int, *, dark: bool) -> None:
    """Draw the soft shadow of something that floats before the ground."""
    margin = 120
    alpha = cv2.copyMakeBorder(sprite[..., 3], margin, margin, margin, margin, cv2.BORDER_CONSTANT, value=0.0)
    small = cv2.resize(alpha, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
    soft = cv2.resize(cv2.GaussianBlur(small, (0, 0), 7.5), alpha.shape[::-1], interpolation=cv2.INTER_LINEAR)
    shade = np.zeros((*alpha.shape, 4), np.float32)
    shade[..., 3] = soft * (0.5 if dark else 0.34)
    sheet.paste(shade, left - margin, top - margin + 34)
