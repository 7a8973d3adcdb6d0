"""Plain backgrounds: finds a backdrop of one colour and what stands before it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from badapple.product.matte import disc, project, spread

if TYPE_CHECKING:
    from cv2.typing import MatLike as Bytes
    from cv2.typing import MatLike as Floats
    from numpy.typing import NDArray

__all__ = ["Backdrop", "before_plain", "plain_backdrop"]

_SMALL = 480  #: px of the longest side where the backdrop is fitted
_FLAT = (
    1.6,
    5.0,
)  #: Lab distance (0-255 scale) within which a pixel still is backdrop: clean backdrop, grainy backdrop
_LEAST_SHARE = 0.82  #: of the border; the product may touch the rest
_SHADOW_TINT = 5.0  #: Lab distance in a and b within which a darker pixel is a shadow on the backdrop


@dataclass(frozen=True, slots=True, kw_only=True)
class Backdrop:
    """A backdrop of one colour that may grow darker towards one side.

    Attributes:
        plane: shape (3, 3), per channel 0-255: at the photo's middle, change from top to bottom, left to right.
        size: width and height of the photo, px.
    """

    plane: Floats
    size: tuple[int, int]

    def paint(self, left: int, top: int, right: int, bottom: int) -> Floats:
        """Return this window of it as a picture, shape (bottom - top, right - left, 3), 0-255."""
        rows = (np.arange(top, bottom, dtype=np.float32) + 0.5) / self.size[1] - 0.5
        columns = (np.arange(left, right, dtype=np.float32) + 0.5) / self.size[0] - 0.5
        picture: Floats = rows[:, None, None] * self.plane[1] + (columns[:, None] * self.plane[2] + self.plane[0])
        return np.clip(picture, 0.0, 255.0, out=picture)


def plain_backdrop(rgb: Bytes) -> Backdrop | None:
    """Return the backdrop of a photo, shape (height, width, 3); None where there is no plain one."""
    height, width = rgb.shape[:2]
    scale = min(1.0, _SMALL / max(height, width))
    small = cv2.resize(rgb, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA).astype(np.float32)
    rows, columns = np.mgrid[0 : small.shape[0], 0 : small.shape[1]].astype(np.float32)
    down, across = (rows + 0.5) / small.shape[0] - 0.5, (columns + 0.5) / small.shape[1] - 0.5
    terms = np.stack([np.ones_like(rows), down, across], axis=2)
    edge = np.ones(small.shape[:2], bool)
    depth = max(2, round(0.015 * max(small.shape[:2])))
    edge[depth:-depth, depth:-depth] = False
    where, colours = terms[edge], small[edge]
    kept = np.linalg.norm(colours - np.median(colours, axis=0), axis=1) < 60
    for tolerance in (20.0, 10.0):
        if kept.mean() < _LEAST_SHARE:
            return None
        plane = np.linalg.lstsq(where[kept], colours[kept], rcond=None)[0].astype(np.float32)
        kept = np.linalg.norm(colours - where @ plane, axis=1) < tolerance
    if kept.mean() < _LEAST_SHARE:
        return None
    return Backdrop(plane=plane, size=(width, height))


def before_plain(rgb: Bytes, backdrop: Floats, mask: Floats, radius: float) -> Floats:
    """Return the alpha of what stands before a plain backdrop.

    Args:
        rgb: shape (height, width, 3).
        backdrop: same shape, 0-255.
        mask: the network's opinion, shape (height, width), 0-1; its edges are off by up to `radius`.
        radius: px.
    """
    apart, tint, darker = _distances(rgb, backdrop)
    around = cv2.dilate((mask > 0.1).astype(np.uint8), disc(2 * radius))
    grain = apart[::3, ::3][around[::3, ::3] == 0]
    flat = float(np.clip(1.5 * np.percentile(grain, 90), *_FLAT)) if grain.size else _FLAT[1]
    shadow = (tint < _SHADOW_TINT) & (darker > 0) & (mask < 0.3) & _low(mask)[:, None]
    sure = cv2.erode((mask > 0.8).astype(np.uint8), disc(radius))
    there = ((apart > flat) & ~shadow & (around > 0)) | (sure > 0)
    region = _whole(there.astype(np.uint8), mask, radius)
    inner = cv2.erode(region, disc(2.5))
    front = spread(rgb, cv2.erode(region, disc(3)) if inner.any() else region)
    alpha = project(rgb, front, backdrop, cv2.GaussianBlur(region.astype(np.float32), (0, 0), 1.0))
    alpha[inner > 0] = 1.0
    alpha[cv2.dilate(region, disc(1)) == 0] = 0.0
    return alpha


def _distances(rgb: Bytes, backdrop: Floats) -> tuple[Floats, Floats, Floats]:
    """Return, per pixel, how far it is from the backdrop, how far in tint alone, and how much darker it is."""
    ours = cv2.cvtColor(rgb, cv2.COLOR_RGB2LAB).astype(np.float32)
    theirs = cv2.cvtColor(backdrop.astype(np.uint8), cv2.COLOR_RGB2LAB).astype(np.float32)
    gap = cv2.GaussianBlur(ours - theirs, (0, 0), 0.7)  # grain and JPEG noise are not product
    tint = np.hypot(gap[..., 1], gap[..., 2])
    return np.hypot(tint, gap[..., 0]), tint, -gap[..., 0]


def _low(mask: Floats) -> NDArray[np.bool_]:
    """Say of each row whether a shadow on the floor may lie there: below three fifths of the product."""
    rows = np.flatnonzero((mask > 0.5).any(axis=1))
    start = rows[0] + 0.6 * (rows[-1] - rows[0]) if rows.size else 0.0
    low: NDArray[np.bool_] = np.arange(mask.shape[0]) > start
    return low


def _whole(there: Bytes, mask: Floats, radius: float) -> Bytes:
    """Return the parts that belong together: specks gone, holes filled unless the network sees through them."""
    there = cv2.morphologyEx(there, cv2.MORPH_OPEN, disc(1))
    there = cv2.morphologyEx(there, cv2.MORPH_CLOSE, disc(radius))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(1 - there, connectivity=4)
    height, width = there.shape
    for label in range(1, count):
        left, top, wide, high, area = stats[label]
        if left == 0 or top == 0 or left + wide == width or top + high == height:
            continue
        patch = labels[top : top + high, left : left + wide] == label
        seen_through = float(mask[top : top + high, left : left + wide][patch].mean()) < 0.5
        if not (seen_through and area > 0.0008 * height * width):
            there[top : top + high, left : left + wide][patch] = 1
    return there.astype(np.uint8)
