"""The energetic set: a hot gradient with slanted blocks, halftone and speed lines."""

# ruff: noqa: ARG002 - a set is given everything, and uses what it needs

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from badapple.providers.offline.stage.look import mix, shift
from badapple.providers.offline.stage.motion import Pose, drift, enter, hold
from badapple.providers.offline.stage.paint import ellipse
from badapple.providers.offline.stage.scenery import Chip, Dress, Kind, dress
from badapple.providers.offline.stage.staging import LEDGE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from badapple.providers.offline.stage.look import Look
    from badapple.providers.offline.stage.motion import Path
    from badapple.providers.offline.stage.paint import Picture
    from badapple.providers.offline.stage.staging import Spot, Stage

__all__ = ["Poster"]

_SLOPE = -0.32  #: px down per px right of everything slanted


class Poster:
    """See the module."""

    manner = "whip"
    open_foot = True

    def tilt(self, kind: Kind, *, aspect: float) -> float:
        """It leans into its motion."""
        lean = -11.0 if aspect > 1.2 else 9.0
        return lean * (-0.6 if kind is Kind.CLOSING else 1.0)

    def ground(self, picture: Picture, look: Look, rng: np.random.Generator, *, kind: Kind, spot: Spot) -> None:
        """Paint the gradient, its rays or slants, and the halftone that ends it."""
        deep, hot, warm = look.stops
        angle = float(rng.choice([62.0, 118.0]))
        span = (-200.0, 2000.0) if angle < 90 else (-560.0, 1640.0)
        picture.gradient(
            [(0, mix(hot, warm, 0.25)), (0.3, hot), (0.72, mix(hot, deep, 0.55)), (1, deep)], angle=angle, span=span
        )
        picture.glow((spot.x, spot.y + 60), (720, 560), warm, 0.85)
        if kind in {Kind.CLOSING, Kind.CARD}:
            self._rays(picture, look, spot)
        else:
            self._slants(picture, look, rng, kind)
        self._halftone(picture, deep, top=1480, rows=20, grows=True)
        self._halftone(picture, deep, top=-20, rows=9, grows=False)

    def _rays(self, picture: Picture, look: Look, spot: Spot) -> None:
        for number in range(18):
            start = math.radians(number * 20 + 4)
            points = [(540, spot.y)] + [
                (540 + 2300 * math.cos(start + step), spot.y + 2300 * math.sin(start + step))
                for step in (0.0, math.radians(10))
            ]
            picture.shape_in(np.array(points, np.float64), look.stops[0], 0.3)

    def _slants(self, picture: Picture, look: Look, rng: np.random.Generator, kind: Kind) -> None:
        for _ in range(7):
            y, tall = float(rng.uniform(100, 2300)), float(rng.uniform(30, 170))
            band = np.array(
                [(-100, y), (1200, y + 1300 * _SLOPE), (1200, y + 1300 * _SLOPE + tall), (-100, y + tall)], np.float64
            )
            picture.shape_in(band, look.stops[int(rng.choice([0, 2]))], float(rng.uniform(0.10, 0.3)))

    def _halftone(self, picture: Picture, colour: tuple[int, int, int], *, top: float, rows: int, grows: bool) -> None:
        step = 34.0
        dots = []
        for row in range(rows):
            share = (row + 1) / rows if grows else 1 - row / rows
            y, radius = top + row * step * 0.72, 15.5 * share**0.8
            dots += [ellipse(column * step + (row % 2) * step / 2, y, radius) for column in range(-2, 36)]
        picture.shape_in(dots, colour, 0.5)

    def behind(self, stage: Stage, spot: Spot, kind: Kind) -> None:
        """Put a slanted block of light colour, and the speed lines."""
        look = stage.look
        if kind in {Kind.HERO, Kind.FACTS, Kind.DETAIL}:
            tall = 430.0 if kind is Kind.HERO else 300.0
            picture = stage.picture(1240, tall + 420)
            half = tall / 2
            block = np.array(
                [
                    (-620, -half - 620 * _SLOPE),
                    (620, -half + 620 * _SLOPE),
                    (620, half + 620 * _SLOPE),
                    (-620, half - 620 * _SLOPE),
                ],
                np.float64,
            )
            picture.shape_in(block, look.accent, 0.96)
            edge = block + np.array((0, half * 2 + 22))
            edge[2:, 1] -= half * 2 - 16
            picture.shape_in(edge, mix(look.stops[0], (0, 0, 0), 0.25), 0.9)
            y = spot.y + 30 if kind is not Kind.DETAIL else spot.box.top + 330
            stage.add(
                picture,
                enter(
                    drift(hold(540, y), count=stage.count, by=(0, -26)),
                    start=0,
                    length=14,
                    offset=(-1200, -1200 * _SLOPE),
                    fade=0,
                ),
            )
        if kind is Kind.CLOSING:
            radius, middle = spot.disc(1.08, least=340, most=470)
            picture = stage.picture(2 * radius + 8, 2 * radius + 8)
            picture.shape_in(ellipse(0, 0, radius), look.accent)
            picture.shape_in(
                [ellipse(0, 0, radius - 22), ellipse(0, 0, radius - 28)], mix(look.stops[0], look.stops[1], 0.4), 0.9
            )
            stage.add(
                picture,
                enter(
                    drift(hold(spot.x, middle), count=stage.count, by=(0, -12)), start=0, length=14, scale=0.2, fade=0.2
                ),
            )
        self._streaks(stage, 12)

    def _streaks(self, stage: Stage, count: int) -> None:
        look = stage.look
        for number in range(count):
            long, thick = float(stage.rng.uniform(160, 460)), float(stage.rng.choice([4, 6, 10]))
            picture = stage.picture(long + thick, long * abs(_SLOPE) + thick + 8)
            x, y = long / 2, long / 2 * _SLOPE
            line = np.array(
                [(-x, -y - thick / 2), (x, y - thick / 2), (x, y + thick / 2), (-x, -y + thick / 2)], np.float64
            )
            picture.shape_in(
                line, (mix(look.stops[2], (255, 255, 255), 0.5), look.ink, look.stops[0])[number % 3], 0.75
            )
            stage.add(picture, _dash(stage, float(stage.rng.uniform(16, 34))))

    def dress(self, stage: Stage, spot: Spot, kind: Kind) -> None:
        """Throw it in, tilted, over its own shadow."""
        look = stage.look
        side = -1.0 if kind is Kind.FACTS else 1.0
        dress(
            stage,
            spot,
            Dress(
                wall=mix(look.stops[0], (0, 0, 0), 0.45),
                wall_offset=(22, 44),
                wall_soft=24,
                wall_opacity=0.55,
                offset=(760 * side, 760 * side * _SLOPE),
                scale=0.8,
                angle=-14 * side,
                length=16,
                back=True,
                fade=0.15,
                push=0.05,
                turn=-2.4 * side,
                bob=9,
                sweep=0.5 if stage.style.motion.sweep else 0,
                sweep_start=20,
            ),
        )

    def front(self, stage: Stage, spot: Spot, kind: Kind) -> None:
        """Nothing covers it."""

    def ledge(self, stage: Stage) -> None:
        """A slanted board with a bright edge, dots and a second slant at its foot."""
        look = stage.look
        dark = mix(look.stops[0], (0, 0, 0), 0.3)
        picture = stage.strip(LEDGE - 80, clear=True)
        rise = -0.065

        def slant(top: float, bottom: float) -> NDArray[np.float64]:
            lift = 1088 * rise
            return np.array([(-4, top), (1084, top + lift), (1084, bottom + lift), (-4, bottom)], np.float64)

        picture.shape_in(slant(LEDGE, 2200), dark)
        self._halftone(picture, look.stops[1], top=1560, rows=18, grows=True)
        picture.shape_in(slant(1716, 1746), look.accent)
        picture.shape_in(slant(1758, 1884), mix(look.stops[1], look.stops[0], 0.25))
        picture.shape_in(slant(LEDGE, LEDGE + 24), look.accent)
        stage.lay(picture)

    def chip(self, look: Look, number: int) -> Chip:
        """Return slanted plates in dark and light turns."""
        dark = shift(look.stops[0], light=-14)
        return Chip(
            fill=(look.accent if number % 2 else dark),
            ink=((24, 18, 14) if number % 2 else look.ink),
            mark=(dark if number % 2 else look.accent),
            skew=22,
        )


def _dash(stage: Stage, speed: float) -> Path:
    """Return the path of a speed line: along the slope, round and round."""
    x, y = float(stage.rng.uniform(-400, 1480)), float(stage.rng.uniform(0, 2200))

    def at(frame: float) -> Pose:
        along = (x + 500 + speed * frame) % 2080 - 500
        return Pose(along, y + along * _SLOPE)

    return at
