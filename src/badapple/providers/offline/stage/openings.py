"""The shapes that photos are seen through, by set, and what trims them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from badapple.models import Box
from badapple.providers.offline.stage.look import mix
from badapple.providers.offline.stage.motion import drift, enter, hold
from badapple.providers.offline.stage.paint import arc, quad, rounded

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from badapple.providers.offline.stage.staging import Stage

__all__ = ["split_opening", "strip_outline", "trim"]

_SKEW = 44.0  #: layout px that slanted strips lean


def strip_outline(kind: str, box: Box) -> NDArray[np.float64]:
    """Return the outline of one of several tall openings."""
    edges = (box.left, box.top, box.right, box.bottom)
    if kind == "poster":
        found = quad(*edges)
        # The upper left and lower right corners give way: the strip leans inside its own box.
        found[0, 0] += _SKEW
        found[2, 0] -= _SKEW
        return found
    if kind == "bokeh":
        return _arch(box)
    radius = {"confetti": 70.0, "grid": 22.0}.get(kind, 0.0)
    return rounded(*edges, radius) if radius else quad(*edges)


def _arch(box: Box) -> NDArray[np.float64]:
    half = box.width / 2
    upper = arc((box.left + box.right) / 2, box.top + half, half, start=180, end=360)
    return np.concatenate([upper, [(box.right, box.bottom), (box.left, box.bottom)]])


def split_opening(kind: str, *, bottom: float) -> tuple[Box, NDArray[np.float64]]:
    """Return the box and outline of the large opening above the closing words."""
    if kind == "poster":
        box = Box(left=0, top=0, right=1080, bottom=bottom)
        return box, np.array([(0, 0), (1080, 0), (1080, bottom - 190), (0, bottom)], np.float64)
    if kind == "slab":
        box = Box(left=150, top=0, right=1080, bottom=bottom)
        return box, quad(150, 0, 1080, bottom)
    if kind == "horizon":
        box = Box(left=120, top=130, right=1080, bottom=bottom)
        return box, quad(120, 130, 1080, bottom)
    if kind == "confetti":
        box = Box(left=84, top=110, right=996, bottom=bottom)
        radius = min(456.0, box.height / 2)
        return box, rounded(box.left, box.top, box.right, box.bottom, radius)
    if kind == "grid":
        box, cut = Box(left=70, top=120, right=1010, bottom=bottom), 90.0
        left, top, right = box.left, box.top, box.right
        points = [(left, top), (right - cut, top), (right, top + cut), (right, bottom), (left + cut, bottom)]
        return box, np.array([*points, (left, bottom - cut)], np.float64)
    box = Box(left=130, top=120, right=950, bottom=bottom)
    return box, _arch(box)


def _grown(points: NDArray[np.float64], by: float) -> NDArray[np.float64]:
    """Return the outline enlarged about its middle so that it stands `by` px out on every side."""
    low, high = points.min(axis=0), points.max(axis=0)
    middle, size = (low + high) / 2, high - low
    grown: NDArray[np.float64] = (points - middle) * (size + 2 * by) / size + middle
    return grown


def trim(stage: Stage, kind: str, box: Box, points: NDArray[np.float64], *, start: float) -> None:
    """Put shadow, border or glow behind an opening."""
    look = stage.look
    spread = 90.0
    picture = stage.picture(box.width + 2 * spread, box.height + 2 * spread)
    middle = np.array(((box.left + box.right) / 2, (box.top + box.bottom) / 2))
    own = points - middle
    if kind == "slab":
        picture.shape_in(own + 24, mix(look.stops[0], (0, 0, 0), 0.3))
        picture.shape_in(_grown(own, 10), look.stops[0])
    elif kind == "poster":
        picture.shape_in(own + np.array((0, 44)), mix(look.stops[0], (0, 0, 0), 0.25), 0.9)
        picture.shape_in(own + np.array((0, 24)), look.accent)
    elif kind == "confetti":
        picture.shape_in(own + np.array((0, 22)), mix(look.ink, look.accent, 0.3), 0.3, soft=20)
        picture.shape_in(_grown(own, 18), (255, 255, 255))
    elif kind == "grid":
        picture.shape_in(own, look.accent, 0.5, soft=22)
        picture.shape_in(_grown(own, 4), mix(look.accent, (255, 255, 255), 0.25))
    elif kind == "bokeh":
        picture.shape_in(own, mix(look.accent, (0, 0, 0), 0.1), 0.36, soft=26)
        line = _grown(own, 14)
        picture.shape_in([line, _grown(own, 11)], look.accent, 0.95)
        picture.shape_in(own, look.stops[0])
    else:
        picture.shape_in(own + np.array((0, 26)), mix(look.stops[0], (0, 0, 0), 0.6), 0.34, soft=26)
    path = drift(hold(*middle.tolist()), count=stage.count)
    stage.add(picture, enter(path, start=start, length=22, fade=1))
