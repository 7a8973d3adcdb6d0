"""What stands with words where there is no picture: plates, seals, sparks and bars, by set."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from badapple.providers.offline.stage.lettering import readable
from badapple.providers.offline.stage.look import contrast, mix
from badapple.providers.offline.stage.motion import drift, ease_back, ease_out, enter, hold
from badapple.providers.offline.stage.paint import ellipse, polygon_star, quad, rounded
from badapple.providers.offline.stage.props import ring
from badapple.providers.offline.stage.sprites import Sprite
from badapple.providers.offline.stage.staging import MARGIN

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from badapple.models import Box
    from badapple.providers.offline.stage.look import RGB
    from badapple.providers.offline.stage.staging import Stage

__all__ = ["bar", "mark", "on", "plate", "shape"]

_DARK: RGB = (18, 16, 14)
_WHITE: RGB = (255, 255, 255)


def on(stage: Stage, ground: NDArray[np.uint8], x: float, y: float) -> RGB:
    """Return the style's colour that reads on the ground near a point."""
    row, column, near = (round((value + MARGIN) * stage.scale) for value in (y, x, 60 - MARGIN))
    patch = np.ascontiguousarray(ground[row - near : row + near, column - near : column + near])
    return readable((stage.look.ink, _WHITE, _DARK), patch)


def plate(stage: Stage, box: Box) -> None:
    """Put the style's plate behind words."""
    look, kind = stage.look, stage.style.motion.set
    pad = 60.0
    picture = stage.picture(box.width + 2 * pad, box.height + 2 * pad)
    x, y = box.width / 2, box.height / 2
    fill = {
        "bokeh": mix(look.stops[0], look.stops[1], 0.4),
        "horizon": mix(look.stops[2], _WHITE, 0.8),
        "poster": look.accent,
        "slab": look.stops[0],
        "confetti": _WHITE,
        "grid": mix(look.stops[0], look.stops[1], 0.5),
    }[kind]
    outline = quad(-x, -y, x, y)
    if kind in {"confetti", "grid"}:
        outline = rounded(-x, -y, x, y, 84 if kind == "confetti" else 22)
    if kind == "poster":
        outline = outline + np.array([(30, 0), (30, 0), (-30, 0), (-30, 0)])
    if kind in {"poster", "slab"}:
        picture.shape_in(outline + 22, mix(look.stops[0], (0, 0, 0), 0.4) if kind == "poster" else look.accent)
    else:
        picture.shape_in(outline + np.array((0, 14)), mix(look.stops[0], (0, 0, 0), 0.7), 0.34, soft=16)
    if kind == "grid":
        picture.shape_in(outline, look.accent, 0.5, soft=14)
    picture.shape_in(outline, fill)
    if kind in {"bokeh", "grid"}:
        inner = (outline * (1 - 16 / x, 1 - 16 / y), outline * (1 - 20 / x, 1 - 20 / y))
        picture.shape_in(list(inner), look.accent, 0.9)
    middle = hold((box.left + box.right) / 2, (box.top + box.bottom) / 2)
    away = {"poster": (-1200.0, 0.0), "slab": (1200.0, 0.0)}.get(kind, (0.0, 70.0))
    stage.add(picture, enter(middle, start=2, length=16, offset=away, fade=0 if away[0] else 0.7))


def shape(stage: Stage, x: float, y: float, *, radius: float = 440.0) -> float:
    """Put the style's round shape behind words, turning slowly; return the radius that words may fill."""
    look, kind = stage.look, stage.style.motion.set
    picture = stage.picture(2 * radius + 120, 2 * radius + 120)
    turn = 20.0
    if kind == "bokeh":
        picture.shape_in(ellipse(0, 0, radius), look.accent, 0.5, soft=26)
        picture.shape_in(ellipse(0, 0, radius), mix(look.stops[0], look.stops[1], 0.6))
        picture.shape_in([ellipse(0, 0, radius), ellipse(0, 0, radius - 4)], look.accent)
        picture.shape_in([ellipse(0, 0, radius - 22), ellipse(0, 0, radius - 24)], look.accent, 0.7)
    elif kind == "horizon":
        picture.shape_in(ellipse(0, 24, radius), mix(look.stops[0], (0, 0, 0), 0.5), 0.24, soft=18)
        picture.shape_in(ellipse(0, 0, radius), mix(look.stops[2], _WHITE, 0.6))
    elif kind == "poster":
        picture.shape_in(polygon_star(0, 0, radius + 40, radius - 16, 28), mix(look.stops[0], (0, 0, 0), 0.2))
        picture.shape_in(polygon_star(0, 0, radius + 16, radius - 40, 28), look.accent)
    elif kind == "slab":
        picture.shape_in(ellipse(20, 20, radius), look.stops[0])
        picture.shape_in(ellipse(0, 0, radius), look.stops[2])
        turn = 0.0
    elif kind == "confetti":
        t = np.linspace(0, 2 * np.pi, 480, endpoint=False)
        away = radius * (0.95 + 0.05 * np.cos(18 * t))
        picture.shape_in(np.stack([away * np.cos(t), away * np.sin(t)], axis=1), _WHITE)
        dots = [ellipse(0.86 * radius * math.cos(a), 0.86 * radius * math.sin(a), 8) for a in t[::20]]
        picture.shape_in(dots, look.accent, 0.85)
    else:
        picture.shape_in(ellipse(0, 0, radius), mix(look.stops[0], look.stops[1], 0.7), 0.92)
        picture.shape_in(ellipse(0, 0, radius * 0.7), mix(look.stops[2], look.accent, 0.2), 0.4, soft=80)
        marks = ring(stage, radius, width=4, colour=look.accent, opacity=0.95, gaps=((-70, 70), (100, 260)), glow=7)
        stage.add(picture, enter(hold(x, y), start=0, length=18, fade=1))
        stage.add(
            marks, enter(drift(hold(x, y), count=stage.count, bob=8, beat=80), start=0, length=22, offset=(0, 60))
        )
        return radius * 0.9
    path = drift(hold(x, y), count=stage.count, turn=turn if kind in {"poster", "confetti"} else 0.0, by=(0, -10))
    ease = ease_back if stage.style.motion.energy > 0.6 else ease_out
    turning = kind in {"poster", "confetti"}
    stage.add(picture, enter(path, start=0, length=20, scale=0.6, fade=0.3, ease=ease), slides=not turning)
    return radius * (0.84 if turning else 0.9)


def mark(stage: Stage, ground: NDArray[np.uint8], x: float, y: float) -> None:
    """Put a spark of the style's kind, and rings about it that turn and beat."""
    look, kind = stage.look, stage.style.motion.set
    red, green, blue = ground[round((y + MARGIN) * stage.scale), round((x + MARGIN) * stage.scale)].tolist()
    behind: RGB = (red, green, blue)
    colour = look.accent if contrast(look.accent, behind) > 1.7 else on(stage, ground, x, y)
    picture = stage.picture(230, 230)
    outer, inner, points = {
        "bokeh": (84.0, 18.0, 4),
        "horizon": (76.0, 72.0, 40),
        "poster": (98.0, 62.0, 14),
        "slab": (92.0, 34.0, 8),
        "confetti": (92.0, 76.0, 12),
        "grid": (88.0, 26.0, 4),
    }[kind]
    picture.shape_in(polygon_star(0, 0, outer, inner, points), colour)
    if kind in {"poster", "confetti", "horizon"}:
        picture.shape_in(ellipse(0, 0, inner * 0.42), behind)
    path = drift(hold(x, y), count=stage.count, turn=70 + 120 * stage.style.motion.energy)
    ease = ease_back if stage.style.motion.energy > 0.6 else ease_out
    stage.add(picture, enter(path, start=2, length=20, scale=0.2, angle=-90, fade=0.2, ease=ease), slides=False)
    line = stage.picture(190, 4 if stage.style.motion.energy < 0.6 else 10)
    line.shape_in(quad(-300, -20, 300, 20), colour)
    sprite = Sprite.of(line.rgba())
    for side in (-1, 1):
        rest = drift(hold(x + side * 240, y), count=stage.count, by=(side * 26, 0))
        stage.add(sprite, enter(rest, start=6, length=20, offset=(-side * 150, 0), fade=0.6))


def bar(stage: Stage, ground: NDArray[np.uint8], y: float) -> None:
    """Draw a short line over the words; it grows from its middle."""
    colour = on(stage, ground, 540, y)
    row, column = round((y + MARGIN) * stage.scale), round((540 + MARGIN) * stage.scale)
    red, green, blue = ground[row, column].tolist()
    colour = stage.look.accent if contrast(stage.look.accent, (red, green, blue)) > 1.8 else colour
    thick = 5.0 if stage.style.motion.energy < 0.6 else 14.0
    picture = stage.picture(150, thick)
    picture.shape_in(quad(-200, -20, 200, 20), colour)
    stage.add(picture, enter(drift(hold(540, y), count=stage.count, by=(14, 0)), start=3, length=18, scale=0.1))
