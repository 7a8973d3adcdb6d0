"""The minimal set: a paper-white cyclorama in soft window light."""

# ruff: noqa: ARG002 - a set is given everything, and uses what it needs

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from badapple.media.colour import contrast
from badapple.providers.offline.stage.look import mix, shift
from badapple.providers.offline.stage.motion import drift, enter, hold
from badapple.providers.offline.stage.paint import Picture, arc, ellipse, quad
from badapple.providers.offline.stage.props import podium
from badapple.providers.offline.stage.scenery import Chip, Dress, Kind, dress
from badapple.providers.offline.stage.staging import LEDGE

if TYPE_CHECKING:
    from badapple.providers.offline.stage.look import RGB, Look
    from badapple.providers.offline.stage.staging import Spot, Stage

__all__ = ["Horizon"]

_WHITE: RGB = (255, 253, 249)
_SUN: RGB = (255, 253, 247)
_BRIGHTER = 1.5  #: contrast of sun with the wall, at most


class Horizon:
    """See the module."""

    manner = "mask"
    open_foot = False

    def tilt(self, kind: Kind, *, aspect: float) -> float:
        """It stands upright."""
        return 0.0

    def ground(self, picture: Picture, look: Look, rng: np.random.Generator, *, kind: Kind, spot: Spot) -> None:
        """Paint a wall that curves into its floor, lit from one side."""
        shade, middle, paper = look.stops
        side = float(rng.choice([-1, 1]))
        line = spot.foot - max(60.0, spot.width * 0.1) if kind is not Kind.DETAIL else 1500.0
        picture.gradient(
            [(0, mix(middle, shade, 0.35)), (line / 1920 - 0.02, middle), (line / 1920 + 0.06, paper), (1, middle)]
        )
        picture.glow((540 + 420 * side, 420), (900, 900), paper, 0.45)
        picture.glow((540 - 520 * side, 900), (640, 1300), shade, 0.55)
        picture.glow((540, 2050), (1000, 560), shade, 0.6)
        # The cove between wall and floor is a little darker, never a line.
        _, y = picture.field(8)
        x, _ = picture.field(8)
        cove = np.exp(-(((y - line + 26) / 46) ** 2)) * (0.34 + 0 * x)
        picture.wash(cove.astype(np.float32), mix(shade, middle, 0.25))
        if kind in {Kind.HERO, Kind.FACTS, Kind.CLOSING}:
            picture.glow((540, 1980), (1200, 420), shade, 0.5)
            self._sun(picture, look, side)
        if kind is Kind.CARD:
            self._window(picture, look, side, 120 * side)

    def _window(self, picture: Picture, look: Look, side: float, away: float) -> None:
        """Six panes of sun fall slantwise on the wall."""
        paper = _sunlit(look)
        x0, y0 = 540 + away, 250.0
        for column in range(2):
            for row in range(3):
                left, top = x0 + (column - 1) * 250 * 1.0, y0 + row * 300
                pane = quad(left, top, left + 214, top + 262)
                pane[:, 0] += (pane[:, 1] - 600) * -0.34 * side
                pane[:, 1] += (pane[:, 0] - 540) * 0.2 * side
                picture.shape_in(pane, paper, 0.85 * max(0.3, 1 - max(0.0, top - 500) / 1100), soft=9)

    def behind(self, stage: Stage, spot: Spot, kind: Kind) -> None:
        """Put one quiet shape: a tinted disc, an arch, or a plinth."""
        tint = self._tint(stage.look)
        # The sun wanders: the panes move over the wall, so that nothing on this quiet set ever stands quite still.
        side = float(stage.rng.choice([-1, 1]))
        panes = Picture(1080, 1200, scale=stage.scale)
        self._window(panes, stage.look, side, (250 if kind is Kind.HERO else 120) * side)
        stage.add(panes, drift(hold(-40 * side, 0), count=stage.count, by=(80 * side, 16)), anchor=(0, 0))
        if kind is Kind.FACTS:
            self._arch(stage, spot)
        if kind is Kind.CLOSING:
            self._plinth(stage, spot)
        if kind is Kind.DETAIL:
            picture = stage.picture(1000, 1000)
            picture.shape_in(ellipse(0, 0, 470), tint)
            stage.add(picture, drift(hold(760, 1150), count=stage.count, by=(-30, -20)))

    def _arch(self, stage: Stage, spot: Spot) -> None:
        """An arch as tall as the room under the words."""
        tall, half = spot.foot - 30 - spot.sky, min(400.0, max(290.0, spot.width * 0.42))
        picture = stage.picture(2 * half + 8, tall + 8)
        arch = np.concatenate(
            [arc(0, half - tall / 2, half, start=180, end=360), [(half, tall / 2), (-half, tall / 2)]]
        )
        picture.shape_in(arch, self._tint(stage.look))
        stage.add(
            picture,
            enter(
                drift(hold(spot.x, spot.foot - 30 - tall / 2), count=stage.count, by=(0, -10)),
                start=0,
                length=26,
                offset=(0, 90),
                fade=0.8,
            ),
        )

    def _plinth(self, stage: Stage, spot: Spot) -> None:
        """A disc behind, a plinth below."""
        look = stage.look
        radius, centre = spot.disc(1.12, least=320, most=430)
        picture = stage.picture(2 * radius + 8, 2 * radius + 8)
        picture.shape_in(ellipse(0, 0, radius), self._tint(look))
        stage.add(
            picture,
            enter(
                drift(hold(spot.x, centre), count=stage.count, by=(0, -14)),
                start=0,
                length=28,
                offset=(0, 80),
                fade=0.8,
            ),
        )
        shade, middle, paper = look.stops
        podium(
            stage,
            spot,
            top=mix(paper, middle, 0.25),
            lit=mix(paper, (255, 255, 255), 0.7),
            side=mix(paper, (255, 255, 255), 0.3),
            shade=shift(shade, light=-2),
            wide=1.3,
            flat=0.1,
            most=430,
            fall=0.06,
        )

    def _tint(self, look: Look) -> RGB:
        """A pale relative of the product's own colour."""
        return mix(mix(look.stops[1], look.pop, 0.26), (255, 255, 255), 0.12)

    def dress(self, stage: Stage, spot: Spot, kind: Kind) -> None:
        """Stand it in window light with a long soft shadow."""
        look = stage.look
        ink = shift(look.stops[0], light=-46)
        dress(
            stage,
            spot,
            Dress(
                floor=ink,
                floor_opacity=0.62 if not look.hard else 0.75,
                cast=0.0 if kind is Kind.CLOSING else 0.34,
                reflection=0.0,
                dim=0.07,
                offset=(0, 0),
                scale=0.965,
                length=32,
                fade=0.5,
                push=0.04,
                wall=ink if look.hard and kind is Kind.FACTS else None,
                wall_opacity=0.18,
                wall_soft=30,
            ),
        )

    def front(self, stage: Stage, spot: Spot, kind: Kind) -> None:
        """Keep the air clear."""

    def ledge(self, stage: Stage) -> None:
        """A plaster shelf: its top bright, its front in shade with a slant of sun on it."""
        shade, middle, paper = stage.look.stops
        top = LEDGE - 46
        picture = stage.strip(top)
        picture.gradient(
            [(0, mix(middle, shade, 0.25)), (0.3, mix(middle, shade, 0.1)), (1, mix(shade, middle, 0.25))],
            span=(LEDGE, 1920),
        )
        side = float(stage.rng.choice([-1, 1]))
        self._sun(picture, stage.look, side)
        picture.shape_in(quad(-20, LEDGE - 20, 1100, LEDGE + 18), mix(shade, (0, 0, 0), 0.12), 0.3, soft=9)
        picture.shape_in(quad(-20, top, 1100, LEDGE), mix(paper, _WHITE, 0.6))
        stage.lay(picture)

    def _sun(self, picture: Picture, look: Look, side: float) -> None:
        """Two slants of sun fall on what lies below the captions."""
        for left, wide in ((150, 250), (450, 90)):
            sun = quad(left, 1500, left + wide, 1990, skew=-230.0)
            sun[:, 0] = 540 + (sun[:, 0] - 300) * side
            picture.shape_in(sun, mix(look.stops[2], _WHITE, 0.5), 0.5, soft=26)

    def chip(self, look: Look, number: int) -> Chip:
        """Return plain words on white paper."""
        return Chip(
            fill=mix(look.stops[2], (255, 255, 255), 0.75), ink=look.ink, mark=look.ink, radius=37, opacity=0.96
        )


def _sunlit(look: Look) -> RGB:
    """Return the colour of sun on the wall: words stand half on it, half beside it, and are read on both.

    On a dark wall it is a shimmer, and on one that is neither dark nor light it stays near the wall.
    """
    if look.mode == "dark":
        return mix(look.stops[2], _SUN, 0.1)
    wall, sun = look.stops[1], mix(look.stops[2], _SUN, 0.9)
    return next(one for step in range(21) if contrast(one := mix(sun, wall, step / 20), wall) <= _BRIGHTER)
