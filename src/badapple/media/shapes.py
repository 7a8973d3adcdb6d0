"""Outlines of plates and buttons, and how much of each px lies inside them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from badapple.models import Box

__all__ = ["Outline", "coverage", "rounded", "slanted"]

Outline: TypeAlias = "NDArray[np.float32]"  #: (n, 2) corner points x, y in px
_FINE = 4  #: samples per px, each way, along edges
_CORNER = 24  #: points of a round corner


def rounded(box: Box, radius: float) -> Outline:
    """Return a rectangle with round corners."""
    radius = max(0.0, min(radius, box.width / 2, box.height / 2))
    if radius < 0.5:
        return slanted(box, 0.0)
    arc = np.linspace(0, math.pi / 2, _CORNER)
    circle = np.stack([np.cos(arc), np.sin(arc)], axis=1) * radius
    right, bottom, left, top = box.right - radius, box.bottom - radius, box.left + radius, box.top + radius
    turned = np.stack([-circle[:, 1], circle[:, 0]], axis=1)
    quarters = [
        np.add(circle, (right, bottom)), np.add(turned, (left, bottom)), np.subtract((left, top), circle),
        np.subtract((right, top), turned),
    ]  # fmt: skip
    return np.concatenate(quarters).astype(np.float32)


def slanted(box: Box, slant: float) -> Outline:
    """Return a rectangle whose top edge is moved right, and its bottom edge left, by half of `slant` px each."""
    half = slant / 2
    corners = [
        (box.left + half, box.top), (box.right + half, box.top), (box.right - half, box.bottom),
        (box.left - half, box.bottom),
    ]  # fmt: skip
    return np.asarray(corners, np.float32)


def coverage(*outlines: Outline) -> tuple[NDArray[np.float32], int, int]:
    """Return how much of each px lies inside the outlines (even-odd), 0-1, and the left and top of that picture."""
    import cv2  # noqa: PLC0415 - heavy

    points = np.concatenate(outlines)
    left, top = (math.floor(value) - 1 for value in points.min(axis=0))
    right, bottom = (math.ceil(value) + 1 for value in points.max(axis=0))
    fine = np.zeros(((bottom - top) * _FINE, (right - left) * _FINE), np.uint8)
    corners = [np.round(((outline - (left, top)) * _FINE - 0.5) * 16).astype(np.int32) for outline in outlines]
    cv2.fillPoly(fine, corners, 255, lineType=cv2.LINE_AA, shift=4)
    cover = cv2.resize(fine, (right - left, bottom - top), interpolation=cv2.INTER_AREA)
    return np.asarray(cover, np.float32) / np.float32(255), left, top
