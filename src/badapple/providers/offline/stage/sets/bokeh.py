"""The luxury set: dark and warm, gold light out of focus, a polished floor."""

# ruff: noqa: ARG002 - a set is given everything, and uses what it needs

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from badapple.providers.offline.stage.look import mix, shift
from badapple.providers.offline.stage.motion import Pose, drift, enter, hold
from badapple.providers.offline.stage.paint import ellipse, quad
from badapple.providers.offline.stage.props import particles, podium, ring, soft_disc
from badapple.providers.offline.stage.scenery import Chip, Dress, Kind, dress
from badapple.providers.offline.stage.staging import LEDGE

if TYPE_CHECKING:
    import numpy as np

    from badapple.providers.offline.stage.look import Look
    from badapple.providers.offline.stage.paint import Picture
    from badapple.providers.offline.stage.staging import Spot, Stage

__all__ = ["Bokeh"]


class Bokeh:
    """See the module."""

    manner = "rise"
    open_foot = False

    def tilt(self, kind: Kind, *, aspect: float) -> float:
        """It stands upright."""
        return 0.0

    def ground(self, picture: Picture, look: Look, rng: np.random.Generator, *, kind: Kind, spot: Spot) -> None:
        """Paint a dark room with a pool of warm light behind the product and a floor that shines."""
        dark, middle, warm = look.stops
        picture.gradient([(0, dark), (0.42, middle), (0.62, middle), (1, dark)])
        bright = mix(warm, look.accent, 0.28 + 0.35 * look.glow)
        side = float(rng.choice([-1, 1]))
        if kind is Kind.DETAIL:
            picture.glow((540 + 420 * side, 520), (900, 900), bright, 0.75)
            picture.glow((540 - 460 * side, 1600), (700, 700), mix(warm, dark, 0.3), 0.8)
        else:
            picture.glow((540, spot.y - 60), (820, 860), warm, 0.85)
            picture.glow(
                (540, spot.y - 40), (spot.reach * 1.25, spot.reach * 1.2), bright, 0.5 + 0.35 * look.glow, power=1.6
            )
            self._beam(picture, look, side, spot)
            self._floor(picture, look, spot)
        x, y = picture.field(8)
        away = ((x - 540) / 760) ** 2 + ((y - 900) / 1180) ** 2
        picture.wash(((away - 0.55).clip(0, 1) * 0.75).astype("float32"), dark)
        if kind in {Kind.HERO, Kind.FACTS, Kind.CLOSING}:
            self._pools(picture, look, rng)

    def _beam(self, picture: Picture, look: Look, side: float, spot: Spot) -> None:
        """A shaft of light from above falls past the product."""
        for wide, opacity in ((330, 0.10), (170, 0.10)):
            beam = quad(540 - wide, spot.foot, 540 + wide, spot.foot, skew=0)
            beam[0] = (540 + 420 * side - wide * 0.22, -80)
            beam[1] = (540 + 420 * side + wide * 0.22, -80)
            picture.shape_in(beam, mix(look.accent, (255, 240, 214), 0.4), opacity, soft=46)

    def _floor(self, picture: Picture, look: Look, spot: Spot) -> None:
        dark, _, warm = look.stops
        line = spot.foot - max(26.0, spot.width * 0.05)
        _, y = picture.field(8)
        below = ((y - line) / 18).clip(0, 1)
        depth = ((y - line) / (1920 - line)).clip(0, 1)
        x, _ = picture.field(8)
        across = 1 - ((x - 540) / 760).clip(-1, 1) ** 2
        picture.wash((below * (0.86 - 0.1 * depth) + 0 * x).astype("float32"), mix(dark, warm, 0.22))
        picture.wash((below * across * (1 - depth) ** 2.2 * 0.42).astype("float32"), mix(warm, look.accent, 0.35))
        picture.glow((540, spot.foot + 10), (spot.width * 0.95, 110), mix(warm, look.accent, 0.55), 0.5)
        edge = (1 - abs(y - line) / 10).clip(0, 1) * across**1.5 * 0.30
        picture.wash(edge.astype("float32"), look.accent)

    def behind(self, stage: Stage, spot: Spot, kind: Kind) -> None:
        """Put rings, an arch of light or a podium, and the lights."""
        if kind is Kind.FACTS:
            self._rings(stage, spot)
            self._glints(stage, spot)
        if kind is Kind.CLOSING:
            self._halo(stage, spot)
        lights = [
            soft_disc(stage, size, shift(stage.look.accent, light=bright), opacity=seen, soft=soft, rim=0.45)
            for size, bright, seen, soft in self._lights(stage)
        ]
        particles(stage, lights[:3], count=7, speed=(0.25, -0.5), twinkle=0.55)
        particles(stage, lights[3:], count=15, speed=(0.2, -0.9), twinkle=0.8)

    def _rings(self, stage: Stage, spot: Spot) -> None:
        """Two thin rings go round it."""
        look = stage.look
        for number in range(2):
            radius, middle = self._orbit(spot, number)
            picture = ring(
                stage,
                radius,
                width=3 - number,
                colour=look.accent,
                opacity=0.75 - 0.35 * number,
                gaps=((200, 345), (20, 165)),
            )
            stage.add(
                picture,
                enter(
                    drift(hold(spot.x, middle), count=stage.count, by=(0, (-10, 10)[number])),
                    start=2,
                    length=30,
                    offset=(0, 40),
                ),
            )

    def _orbit(self, spot: Spot, number: int) -> tuple[float, float]:
        """Return the radius of a ring and the y of its middle; it and its sparks stay clear of the words above."""
        radius, middle = spot.disc((1.0, 1.2)[number], least=300 + 60 * number, most=410 + 60 * number)
        return radius, max(middle, spot.sky + radius + 34)

    def _halo(self, stage: Stage, spot: Spot) -> None:
        """A dark disc with a lit edge behind, a podium below."""
        look = stage.look
        radius, middle = spot.disc(1.12, least=330, most=455)
        halo = stage.picture(2 * radius + 240, 2 * radius + 240)
        halo.shape_in(ellipse(0, 0, radius + 10), look.accent, 0.5, soft=38)
        halo.shape_in(ellipse(0, 0, radius), mix(look.stops[0], look.stops[1], 0.7))
        halo.shape_in(
            [ellipse(0, 0, radius + 2), ellipse(0, 0, radius - 2.5)], mix(look.accent, (255, 244, 220), 0.45), 0.95
        )
        stage.add(
            halo,
            enter(drift(hold(spot.x, middle), count=stage.count, by=(0, -14)), start=0, length=26, offset=(0, 60)),
        )
        dark, warm = look.stops[0], look.stops[2]
        podium(
            stage,
            spot,
            top=mix(dark, warm, 0.35),
            lit=mix(warm, look.accent, 0.45),
            side=mix(look.stops[1], warm, 0.8),
            shade=dark,
            rim=look.accent,
            wide=1.3,
        )

    def _glints(self, stage: Stage, spot: Spot) -> None:
        """Sparks of light run along the rings."""
        glint = soft_disc(stage, 9, mix(stage.look.accent, (255, 255, 255), 0.6), opacity=0.95, soft=12)
        for number in range(2):
            away, middle = self._orbit(spot, number)
            pace, first = (1.15, -0.8)[number], float(stage.rng.uniform(0, 360))

            def at(
                frame: float, away: float = away, middle: float = middle, pace: float = pace, first: float = first
            ) -> Pose:
                turn = math.radians(first + pace * frame)
                return Pose(
                    spot.x + away * math.cos(turn), middle + away * math.sin(turn), 1.0, 0.0, min(1.0, frame / 24)
                )

            stage.add(glint, at)

    def _lights(self, stage: Stage) -> tuple[tuple[float, float, float, float], ...]:
        grow = float(stage.rng.uniform(0.85, 1.2))
        return (
            (74 * grow, 0, 0.10, 10),
            (48 * grow, 6, 0.15, 7),
            (34 * grow, 10, 0.19, 5),
            (14, 14, 0.34, 5),
            (7, 18, 0.55, 3),
            (4.5, 22, 0.75, 2),
        )

    def dress(self, stage: Stage, spot: Spot, kind: Kind) -> None:
        """Stand it on the polished floor in a warm rim light."""
        look = stage.look
        closing = kind is Kind.CLOSING
        dress(
            stage,
            spot,
            Dress(
                rim=mix(look.accent, (255, 240, 214), 0.35),
                rim_strength=0.35 + 0.4 * look.glow,
                dim=0.3,
                reflection=0.0 if closing else 0.34,
                floor=(0, 0, 0),
                floor_opacity=0.85,
                offset=(0, 0),
                scale=0.95,
                length=30,
                push=0.05,
                sweep=0.62 if stage.style.motion.sweep else 0,
            ),
        )

    def front(self, stage: Stage, spot: Spot, kind: Kind) -> None:
        """Let a few large soft lights pass before the lens."""
        big = [soft_disc(stage, 110, stage.look.accent, opacity=0.07, soft=36)]
        particles(stage, big, count=3, speed=(0.5, -1.1), twinkle=0.5, avoid=True)

    def ledge(self, stage: Stage) -> None:
        """A polished bar: a gold edge, and the lights of the room in its front."""
        dark, middle, warm = stage.look.stops
        gold, top = stage.look.accent, LEDGE - 32
        picture = stage.strip(top)
        picture.gradient(
            [(0, mix(warm, gold, 0.16)), (0.07, mix(middle, warm, 0.5)), (0.34, mix(dark, middle, 0.6)), (1, dark)],
            span=(top, 1920),
        )
        picture.glow((540, top + 6), (620, 110), mix(warm, gold, 0.6), 0.55)
        self._pools(picture, stage.look, stage.rng)
        picture.shape_in(quad(-20, top, 1100, top + 3.5), mix(gold, (255, 244, 220), 0.3), 0.85)
        stage.lay(picture)

    def _pools(self, picture: Picture, look: Look, rng: np.random.Generator) -> None:
        """The lights above lie on what shines below: a warm pool, and drawn-out reflections in it."""
        warm = mix(look.stops[2], look.accent, 0.35)
        picture.glow((540, 1800), (760, 420), warm, 0.42)
        for number in range(9):
            x, y = 60 + number * 120 + float(rng.uniform(-40, 40)), float(rng.uniform(1540, 1860))
            wide = float(rng.uniform(26, 74))
            picture.glow(
                (x, y), (wide, wide * float(rng.uniform(2.2, 3.6))), look.accent, float(rng.uniform(0.12, 0.3))
            )

    def chip(self, look: Look, number: int) -> Chip:
        """Return text with a gold diamond and no plate."""
        return Chip(
            fill=mix(look.stops[0], look.stops[2], 0.35),
            ink=look.ink,
            mark=look.accent,
            radius=4,
            opacity=0.72,
            edge=mix(look.accent, look.stops[0], 0.45),
        )
