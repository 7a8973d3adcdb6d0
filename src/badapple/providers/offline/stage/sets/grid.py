"""The tech set: deep navy, a glowing grid that flows towards the viewer, thin instruments."""

# ruff: noqa: ARG002 - a set is given everything, and uses what it needs

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from badapple.models import Box
from badapple.providers.offline.stage.look import mix, shift
from badapple.providers.offline.stage.motion import Pose, drift, enter, hold
from badapple.providers.offline.stage.paint import ellipse, quad
from badapple.providers.offline.stage.props import particles, ring, soft_disc
from badapple.providers.offline.stage.scenery import Chip, Dress, Kind, dress
from badapple.providers.offline.stage.sprites import Sprite
from badapple.providers.offline.stage.staging import LEDGE

if TYPE_CHECKING:
    from badapple.providers.offline.stage.look import Look
    from badapple.providers.offline.stage.motion import Path
    from badapple.providers.offline.stage.paint import Picture
    from badapple.providers.offline.stage.staging import Spot, Stage

__all__ = ["Grid"]


class Grid:
    """See the module."""

    manner = "slide"
    open_foot = False

    def tilt(self, kind: Kind, *, aspect: float) -> float:
        """It stands upright."""
        return 0.0

    def ground(self, picture: Picture, look: Look, rng: np.random.Generator, *, kind: Kind, spot: Spot) -> None:
        """Paint the night, the glow on the horizon and the lines that run to it."""
        night, navy, blue = look.stops
        line = self._line(spot, kind)
        picture.gradient(
            [
                (0, night),
                (line / 1920 * 0.7, navy),
                (line / 1920, mix(navy, blue, 0.55)),
                (line / 1920 + 0.01, mix(night, navy, 0.6)),
                (1, night),
            ]
        )
        picture.glow((540, spot.y), (760, 760), mix(blue, look.accent, 0.25), 0.5 + 0.4 * look.glow)
        picture.glow((540, line), (860, 150), mix(blue, look.accent, 0.6), 0.8)
        _, y = picture.field(8)
        x, _ = picture.field(8)
        below = np.clip((y - line) / 8, 0, 1)
        picture.wash((below * 0.85 + 0 * x).astype(np.float32), mix(night, navy, 0.45))
        picture.glow((540, line + 40), (700, 170), mix(blue, look.accent, 0.4), 0.6)
        away = ((x - 540) / 800) ** 2 + ((y - 900) / 1250) ** 2
        picture.wash(np.clip(away - 0.5, 0, 0.8).astype(np.float32), night)
        self._rays(picture, look, line)

    def _line(self, spot: Spot, kind: Kind) -> float:
        return spot.foot - max(40.0, spot.width * 0.09) if kind is not Kind.DETAIL else 1330.0

    def _rays(self, picture: Picture, look: Look, line: float) -> None:
        colour = mix(look.stops[2], look.accent, 0.55)
        rays = picture.mask(
            *[
                np.array(
                    [
                        (540 + n * 26 - 0.7, line),
                        (540 + n * 26 + 0.7, line),
                        (540 + n * 240 + 2.2, 2000),
                        (540 + n * 240 - 2.2, 2000),
                    ],
                    np.float64,
                )
                for n in range(-24, 25)
            ]
        )
        y = (np.arange(picture.shape[0], dtype=np.float32) + 0.5)[:, None] / picture.scale + picture.origin[1]
        fall = np.clip(1.15 - (y - line) / (2050 - line), 0, 1) * np.clip((y - line) / 30, 0, 1)
        picture.lay((rays * fall).astype(np.uint8), colour, 0.6)
        picture.shape_in(quad(-40, line - 1.5, 1120, line + 1.5), mix(look.accent, (255, 255, 255), 0.35), 0.8)

    def behind(self, stage: Stage, spot: Spot, kind: Kind) -> None:
        """Put the lines of the floor that come nearer, and the instruments."""
        look = stage.look
        if kind is not Kind.DETAIL:  # there the ledge brings its own
            self._flow(stage, self._line(spot, kind))
        dust = [
            soft_disc(stage, size, mix(look.accent, (255, 255, 255), 0.4), opacity=seen, soft=2)
            for size, seen in ((2.5, 0.8), (4, 0.5), (6, 0.35))
        ]
        particles(stage, dust, count=14, speed=(0.15, -0.8), twinkle=0.8)
        if kind is Kind.HERO:
            self._halo(stage, spot)
        if kind is Kind.FACTS:
            self._brackets(stage, spot)
        if kind is Kind.CLOSING:
            self._portal(stage, spot)

    def _flow(self, stage: Stage, line: float) -> None:
        picture = stage.picture(1100, 7)
        picture.shape_in(quad(-550, -1.4, 550, 1.4), mix(stage.look.stops[2], stage.look.accent, 0.6))
        sprite = Sprite.of(picture.rgba())
        count, pace = 9, 0.010 + 0.008 * stage.style.motion.energy

        def lane(number: int) -> Path:
            def at(frame: float) -> Pose:
                depth = (number / count + pace * frame / 1.6) % 1.0
                y = line + (2000 - line) * depth**2.6
                return Pose(540, y, 1.0, 0.0, min(1.0, depth * 5) * 0.6)

            return at

        for number in range(count):
            stage.add(sprite, lane(number))

    def _halo(self, stage: Stage, spot: Spot) -> None:
        """Two thin dials turn slowly against each other."""
        look = stage.look
        radius, middle = spot.disc(1.0, least=330, most=455)
        outer = ring(stage, radius, width=3, colour=look.accent, opacity=0.9, gaps=((-62, 62), (118, 242)), glow=8)
        for tick in range(72):
            a = math.radians(tick * 5)
            r0, r1 = radius - 26, radius - (12 if tick % 6 else 4)
            points = np.array(
                [
                    (r0 * math.cos(a - 0.002), r0 * math.sin(a - 0.002)),
                    (r1 * math.cos(a - 0.002), r1 * math.sin(a - 0.002)),
                    (r1 * math.cos(a + 0.002), r1 * math.sin(a + 0.002)),
                    (r0 * math.cos(a + 0.002), r0 * math.sin(a + 0.002)),
                ]
            )
            outer.shape_in(points, look.muted, 0.55)
        stage.add(
            outer,
            enter(drift(hold(spot.x, middle), count=stage.count, turn=30), start=2, length=24, scale=0.7, angle=-60),
            slides=False,
        )

    def _brackets(self, stage: Stage, spot: Spot) -> None:
        """Four corners frame the product."""
        look = stage.look
        half, tall, arm = min(430.0, spot.width / 2 + 56), spot.height / 2 + 50, 64.0
        for sx in (-1, 1):
            for sy in (-1, 1):
                picture = stage.picture(arm, arm)
                x, y = sx * (arm / 2 - 2), sy * (arm / 2 - 2)
                picture.shape_in(
                    np.array(
                        [
                            (x, y),
                            (x - sx * (arm - 4), y),
                            (x - sx * (arm - 4), y - sy * 4),
                            (x - sx * 4, y - sy * 4),
                            (x - sx * 4, y - sy * (arm - 4)),
                            (x, y - sy * (arm - 4)),
                        ],
                        np.float64,
                    ),
                    look.accent,
                )
                path = drift(hold(spot.x + sx * half, spot.y + sy * tall), count=stage.count, by=(sx * 8, sy * 8))
                stage.add(picture, enter(path, start=6, length=16, offset=(sx * 120, sy * 120)))

    def _portal(self, stage: Stage, spot: Spot) -> None:
        """A disc of light behind, a lit platform below."""
        look = stage.look
        radius, middle = spot.disc(1.12, least=330, most=440)
        disc = stage.picture(2 * radius + 200, 2 * radius + 200)
        disc.shape_in(ellipse(0, 0, radius), look.accent, 0.55, soft=30)
        disc.shape_in(ellipse(0, 0, radius), mix(look.stops[1], look.stops[2], 0.5), 1.0)
        disc.shape_in(ellipse(0, radius * 0.35, radius * 0.62), mix(look.stops[2], look.accent, 0.35), 0.75, soft=70)
        disc.shape_in([ellipse(0, 0, radius), ellipse(0, 0, radius - 4)], mix(look.accent, (255, 255, 255), 0.3))
        floor = Box(left=0, top=0, right=1080, bottom=self._line(spot, Kind.CLOSING))
        stage.add(
            disc,
            enter(
                drift(hold(spot.x, middle), count=stage.count, by=(0, -12)),
                start=0,
                length=24,
                offset=(0, 90),
                fade=0.7,
            ),
            clip=floor,
        )
        rx = max(300.0, min(500.0, spot.width * 0.66))
        for number, (share, opacity) in enumerate(((1.0, 0.95), (1.22, 0.5), (1.46, 0.28))):
            base = stage.picture(2 * rx * share + 80, 0.3 * rx * share + 80)
            if number == 0:
                base.shape_in(ellipse(0, 0, rx, rx * 0.13), mix(look.stops[2], look.accent, 0.3), 0.85)
                base.shape_in(ellipse(0, 0, rx * 0.7, rx * 0.08), look.accent, 0.5, soft=16)
            base.shape_in(
                [ellipse(0, 0, rx * share, rx * share * 0.13), ellipse(0, 0, rx * share - 4, rx * share * 0.13 - 2.5)],
                look.accent,
                opacity,
            )
            pulse = 10.0 * number
            stage.add(
                base,
                enter(
                    drift(
                        hold(spot.x, spot.foot - rx * 0.03 + pulse),
                        count=stage.count,
                        bob=3.0 * number,
                        beat=70,
                        phase=number * 0.2,
                    ),
                    start=2 + 4 * number,
                    length=18,
                ),
            )

    def dress(self, stage: Stage, spot: Spot, kind: Kind) -> None:
        """Set it on the grid in cool light, and scan it."""
        look = stage.look
        floats = kind is Kind.FACTS
        dress(
            stage,
            spot,
            Dress(
                rim=mix(look.accent, (255, 255, 255), 0.3),
                rim_strength=0.4 + 0.35 * look.glow,
                dim=0.16,
                reflection=0.0 if floats else 0.3,
                floor=None if floats else shift(look.stops[0], light=-2),
                floor_opacity=0.75,
                wall=look.stops[0] if floats else None,
                wall_opacity=0.6,
                wall_offset=(0, 40),
                wall_soft=34,
                offset=(0, 60 if floats else 0),
                scale=0.92,
                length=22,
                fade=0.4,
                push=0.05,
                bob=8 if floats else 0.0,
                turn=1.5 if floats else 0,
                sweep=0.6 if stage.style.motion.sweep else 0,
                sweep_start=24,
            ),
        )

    def front(self, stage: Stage, spot: Spot, kind: Kind) -> None:
        """Nothing covers it."""

    def ledge(self, stage: Stage) -> None:
        """A console: a lit edge, and the lines of the grid in its top running towards the viewer."""
        look = stage.look
        night, navy, blue = look.stops
        line = LEDGE - 34
        picture = stage.strip(line - 2)
        picture.gradient([(0, mix(navy, blue, 0.35)), (0.12, mix(night, navy, 0.75)), (1, night)], span=(line, 1920))
        picture.glow((540, line + 10), (700, 200), mix(blue, look.accent, 0.45), 0.7)
        picture.glow((540, 1900), (800, 330), mix(blue, look.accent, 0.2), 0.5)
        self._rays(picture, look, line)
        picture.shape_in(quad(-40, line - 2, 1120, line + 2), mix(look.accent, (255, 255, 255), 0.35), 0.9)
        stage.lay(picture)
        self._flow(stage, line)

    def chip(self, look: Look, number: int) -> Chip:
        """Return glass plates with a lit edge."""
        return Chip(
            fill=mix(look.stops[1], look.stops[2], 0.4),
            ink=look.ink,
            mark=look.accent,
            radius=14,
            opacity=0.82,
            edge=mix(look.accent, look.stops[1], 0.35),
        )
