"""The bold set: big blocks of colour with hard edges and hard shadows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from badapple.providers.offline.stage.look import contrast, mix
from badapple.providers.offline.stage.motion import drift, enter, hold
from badapple.providers.offline.stage.paint import arc, ellipse, quad
from badapple.providers.offline.stage.scenery import Chip, Dress, Kind, dress
from badapple.providers.offline.stage.staging import LEDGE

if TYPE_CHECKING:
    from badapple.providers.offline.stage.look import RGB, Look
    from badapple.providers.offline.stage.paint import Picture
    from badapple.providers.offline.stage.staging import Spot, Stage

__all__ = ["Slab"]

_PAPER: RGB = (255, 247, 230)


class Slab:
    """See the module."""

    manner = "mask"
    open_foot = False

    def tilt(self, kind: Kind, *, aspect: float) -> float:
        """It leans where it stands before a slab."""
        return {Kind.FACTS: -8.0, Kind.CLOSING: 5.0}.get(kind, 0.0) * (1 if aspect > 1 else -1)

    def ground(self, picture: Picture, look: Look, rng: np.random.Generator, *, kind: Kind, spot: Spot) -> None:
        """Paint flat blocks; where they meet depends on where the product stands."""
        black, main, second = look.stops
        base = {Kind.DETAIL: second, Kind.FACTS: main}.get(kind, main)
        picture.gradient([(0, base), (1, base)])
        if kind is Kind.HERO:
            picture.shape_in(quad(-60, spot.foot - spot.height * 0.22, 1140, 2000), black)
            self._stripes(picture, main, 1560)
        elif kind is Kind.DETAIL:
            picture.shape_in(np.array([(-60, 1180), (1140, 760), (1140, 2000), (-60, 2000)], np.float64), main)
            picture.shape_in(np.array([(-60, 1640), (1140, 1220), (1140, 2000), (-60, 2000)], np.float64), black)
        elif kind is Kind.FACTS:
            picture.shape_in(quad(-60, 1500, 1140, 2000), second)
            picture.shape_in(quad(-60, 1480, 1140, 1502), black)
            self._dots(picture, black, 1560)
        else:
            self._tiles(picture, look, rng)

    def _stripes(self, picture: Picture, colour: RGB, top: float) -> None:
        for number in range(16):
            left = -300 + number * 110
            picture.shape_in(
                np.array([(left + 160, top), (left + 212, top), (left + 52, top + 160), (left, top + 160)], np.float64),
                colour,
            )

    def _dots(self, picture: Picture, colour: RGB, top: float) -> None:
        picture.shape_in(
            [
                ellipse(30 + column * 68 + (row % 2) * 34, top + row * 58, 11)
                for row in range(6)
                for column in range(-1, 17)
            ],
            colour,
        )

    def _tiles(self, picture: Picture, look: Look, rng: np.random.Generator) -> None:
        """Quarter discs and squares in a grid of 216 px along the foot; the rest stays calm."""
        black, main, second = look.stops
        side = 216.0
        for number in range(18):
            column, row = number % 6, number // 6
            left, top = column * side - 108, 1504 + row * side
            ground, ahead = ((second, black), (black, main), (_PAPER, look.accent), (black, second), (main, black))[
                (number * 2 + row + int(rng.integers(2))) % 5
            ]
            picture.shape_in(quad(left, top, left + side, top + side), ground)
            cx, cy = left + side * float(rng.integers(2)), top + side * float(rng.integers(2))
            start = {(0, 0): 0, (1, 0): 90, (1, 1): 180, (0, 1): 270}[(int(cx > left), int(cy > top))]
            wedge = np.concatenate([[(cx, cy)], arc(cx, cy, side, start=start, end=start + 90), [(cx, cy)]])
            picture.shape_in(wedge, ahead)

    def behind(self, stage: Stage, spot: Spot, kind: Kind) -> None:
        """Slide in the disc or the slab that the product stands against."""
        look = stage.look
        black, _, second = look.stops
        if kind is Kind.HERO:
            radius, middle = spot.disc(0.86, least=290, most=400)
            picture = stage.picture(2 * radius + 8, 2 * radius + 8)
            picture.shape_in(ellipse(0, 0, radius), second)
            stage.add(
                picture,
                enter(
                    drift(hold(spot.x, middle), count=stage.count, by=(0, -18)),
                    start=0,
                    length=16,
                    offset=(1000, 0),
                    fade=0,
                ),
            )
        if kind is Kind.FACTS:
            wide, tall = 1200.0, spot.height * 0.62
            picture = stage.picture(wide, tall)
            picture.shape_in(quad(-600, -tall / 2, 600, tall / 2), black)
            stage.add(
                picture,
                enter(
                    drift(hold(540, spot.y + 20), count=stage.count, by=(-16, 0)),
                    start=0,
                    length=14,
                    offset=(-1300, 0),
                    fade=0,
                ),
            )
        if kind is Kind.CLOSING:
            half, tall = max(300.0, min(420.0, spot.width * 0.62)), spot.height * 0.8 + 130
            picture = stage.picture(2 * half, tall)
            picture.shape_in(quad(-half, -tall / 2, half, tall / 2), second)
            stage.add(
                picture,
                enter(
                    drift(hold(spot.x, spot.foot - tall / 2 + 90), count=stage.count, by=(0, -12)),
                    start=0,
                    length=15,
                    offset=(0, 1200),
                    fade=0,
                ),
            )

    def dress(self, stage: Stage, spot: Spot, kind: Kind) -> None:
        """Snap it in, with a hard shadow."""
        look = stage.look
        dress(
            stage,
            spot,
            Dress(
                wall=mix(look.stops[0], (0, 0, 0), 0.3),
                wall_offset=(26, 26),
                wall_soft=0.8,
                wall_opacity=0.92 if kind is not Kind.HERO else 0.85,
                offset=(0, 500),
                scale=0.9,
                length=13,
                fade=0.15,
                back=True,
                push=0.055,
                turn=1.6 if spot.tilt else 0,
                bob=0.0,
                by=(0, -10),
            ),
        )

    def front(self, stage: Stage, spot: Spot, kind: Kind) -> None:
        """Nothing covers it."""

    def ledge(self, stage: Stage) -> None:
        """A black block with a slanted top, striped at its foot."""
        black, main, second = stage.look.stops
        picture = stage.strip(LEDGE - 84, clear=True)
        picture.shape_in(np.array([(-4, LEDGE), (1084, LEDGE - 80), (1084, 2000), (-4, 2000)], np.float64), black)
        picture.shape_in(quad(-20, 1600, 1100, 2000), main)
        self._stripes(picture, black, 1680)
        picture.shape_in(quad(-20, 1600, 1100, 1622), second)
        stage.lay(picture)

    def chip(self, look: Look, number: int) -> Chip:
        """Return square plates."""
        black, main, _ = look.stops
        fill = (black, _PAPER, black)[number % 3]
        ink = _PAPER if contrast(_PAPER, fill) > 4 else black
        return Chip(fill=fill, ink=ink, mark=look.accent if contrast(look.accent, fill) > 2.5 else main, radius=0)
