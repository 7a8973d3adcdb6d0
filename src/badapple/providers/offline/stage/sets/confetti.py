"""The playful set: pastel shapes, a turning badge, confetti that keeps off the words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from badapple.providers.offline.stage.look import mix, shift
from badapple.providers.offline.stage.motion import drift, ease_back, enter, hold
from badapple.providers.offline.stage.paint import blob, ellipse, polygon_star, quad, rounded
from badapple.providers.offline.stage.props import particles, podium
from badapple.providers.offline.stage.scenery import Chip, Dress, Kind, dress
from badapple.providers.offline.stage.staging import LEDGE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from badapple.providers.offline.stage.look import RGB, Look
    from badapple.providers.offline.stage.paint import Picture
    from badapple.providers.offline.stage.staging import Spot, Stage

__all__ = ["Confetti"]

_SWEETS: tuple[RGB, ...] = ((255, 92, 122), (255, 190, 60), (74, 190, 255), (62, 207, 142), (157, 110, 255))


class Confetti:
    """See the module."""

    manner = "pop"
    open_foot = True

    def tilt(self, kind: Kind, *, aspect: float) -> float:
        """It leans like a sticker put on by hand."""
        return 0.0 if kind is Kind.CLOSING else -6.0 if aspect > 1 else 8.0

    def ground(self, picture: Picture, look: Look, rng: np.random.Generator, *, kind: Kind, spot: Spot) -> None:
        """Paint pastel hills and blobs with clean edges."""
        pink, butter, mint = look.stops
        order = {
            Kind.HERO: (butter, pink, mint),
            Kind.DETAIL: (pink, butter, mint),
            Kind.FACTS: (mint, butter, pink),
        }.get(kind, (butter, mint, pink))
        sky, first, second = order
        haze, glow = (0.35, 0.5) if look.mode != "dark" else (0.05, 0.12)
        picture.gradient([(0, mix(sky, (255, 255, 255), haze)), (0.6, sky), (1, sky)])
        picture.glow((540, spot.y), (800, 800), (255, 255, 255), glow)
        for x, y, radius, colour in ((60, 190, 300, first), (1040, 620, 330, second), (10, 1010, 240, second)):
            picture.shape_in(blob(x + float(rng.uniform(-40, 40)), y, radius, rng), mix(colour, sky, 0.35), 0.85)
        line = max(1180.0, spot.foot - 30) if kind is not Kind.DETAIL else 1320.0
        self._hill(picture, shift(first, light=-3, chroma=1.3), line, 46, float(rng.uniform(0, 6)))
        self._hill(picture, shift(second, light=-5, chroma=1.5), line + 300, 60, float(rng.uniform(0, 6)))
        self._dots(picture, line + 470)

    def _dots(self, picture: Picture, top: float) -> None:
        for row in range(4):
            for column in range(12):
                dot = ellipse(20 + column * 96 + (row % 2) * 48, top + row * 84, 10)
                picture.shape_in(dot, (255, 255, 255), 0.55)

    def _hill(self, picture: Picture, colour: RGB, top: float, wave: float, phase: float) -> None:
        x = np.linspace(-60, 1140, 160)
        edge = np.stack([x, top + wave * np.sin(x / 190 + phase)], axis=1)
        picture.shape_in(np.concatenate([edge, [(1140, 2000), (-60, 2000)]]), colour)

    def behind(self, stage: Stage, spot: Spot, kind: Kind) -> None:
        """Put a scalloped badge that turns, or a candy podium."""
        if kind in {Kind.HERO, Kind.FACTS}:
            self._scallops(stage, spot, kind)
        if kind is Kind.CLOSING:
            self._wheel(stage, spot)
        particles(stage, self._pieces(stage), count=22, speed=(0.5, 3.4), sway=26, spin=3.2, twinkle=0.0, avoid=True)

    def _scallops(self, stage: Stage, spot: Spot, kind: Kind) -> None:
        """A scalloped badge pops up behind it."""
        radius, middle = spot.disc(0.95, most=440)
        picture = stage.picture(2 * radius + 8, 2 * radius + 8)
        t = np.linspace(0, 2 * np.pi, 480, endpoint=False)
        away = radius * (0.945 + 0.055 * np.cos(16 * t))
        picture.shape_in(np.stack([away * np.cos(t), away * np.sin(t)], axis=1), self._badge(stage.look, kind))
        picture.shape_in([ellipse(0, 0, radius * 0.84), ellipse(0, 0, radius * 0.84 - 6)], (255, 255, 255), 0.7)
        # A turning badge costs as much as the product; where rows of words run behind, it only drifts.
        turns = kind is Kind.HERO
        path = drift(hold(spot.x, middle), count=stage.count, turn=24 if turns else 0, by=(0, 0 if turns else -12))
        stage.add(
            picture,
            enter(path, start=0, length=18, scale=0.2, angle=-40, fade=0.1, ease=ease_back),
            slides=not turns,
        )

    def _wheel(self, stage: Stage, spot: Spot) -> None:
        """A wheel of wedges turns behind it, over a candy podium."""
        look = stage.look
        radius, middle = spot.disc(1.15, least=330, most=450)
        picture = stage.picture(2 * radius + 8, 2 * radius + 8)
        for number in range(12):
            wedge = polygon_star(0, 0, radius, radius, 48, turn=0)[number * 8 : number * 8 + 9]
            picture.shape_in(
                np.concatenate([[(0, 0)], wedge, [(0, 0)]]),
                (255, 255, 255) if number % 2 else self._badge(look, Kind.CLOSING),
                1.0,
            )
        picture.shape_in([ellipse(0, 0, radius), ellipse(0, 0, radius - 16)], (255, 255, 255))
        stage.add(
            picture,
            enter(
                drift(hold(spot.x, middle), count=stage.count, turn=20),
                start=0,
                length=18,
                scale=0.2,
                fade=0.1,
                ease=ease_back,
            ),
            slides=False,
        )
        candy = mix(look.accent, (255, 255, 255), 0.1)
        podium(
            stage,
            spot,
            top=(255, 246, 240),
            lit=(255, 255, 255),
            side=(255, 250, 246),
            shade=mix(candy, (120, 60, 110), 0.5),
            wide=1.3,
            bands=(candy,),
            flat=0.11,
        )

    def _badge(self, look: Look, kind: Kind) -> RGB:
        lively = mix(look.pop, (255, 255, 255), 0.5)
        return {Kind.HERO: mix(look.accent, (255, 255, 255), 0.28), Kind.FACTS: mix(lively, look.accent, 0.15)}.get(
            kind, mix(look.accent, (255, 255, 255), 0.35)
        )

    def _pieces(self, stage: Stage) -> list[NDArray[np.uint8]]:
        pieces = []
        for number, colour in enumerate(_SWEETS * 2):
            picture = stage.picture(48, 48)
            shape = number % 4
            if shape == 0:
                picture.shape_in(rounded(-19, -6, 19, 6, 6), colour)
            elif shape == 1:
                picture.shape_in(ellipse(0, 0, 11), colour)
            elif shape == 2:
                picture.shape_in([ellipse(0, 0, 14), ellipse(0, 0, 8.5)], colour)
            else:
                picture.shape_in(quad(-10, -10, 10, 10), colour)
            pieces.append(picture.rgba())
        return pieces

    def dress(self, stage: Stage, spot: Spot, kind: Kind) -> None:
        """Let it bounce in like a sticker."""
        look = stage.look
        stands = kind is Kind.CLOSING
        dress(
            stage,
            spot,
            Dress(
                wall=None if stands else mix(look.ink, look.accent, 0.2),
                wall_offset=(8, 30),
                wall_soft=20,
                wall_opacity=0.34,
                floor=mix(look.ink, (0, 0, 0), 0.2) if stands else None,
                floor_opacity=0.5,
                sticker=0 if stands else 12,
                offset=(0, 420),
                scale=0.55,
                angle=spot.tilt * -3,
                length=20,
                back=True,
                fade=0.1,
                push=0.03,
                turn=-spot.tilt * 0.5,
                bob=0 if stands else 10,
            ),
        )

    def front(self, stage: Stage, spot: Spot, kind: Kind) -> None:
        """Nothing covers it."""

    def ledge(self, stage: Stage) -> None:
        """Two hills with clean edges, the nearer one dotted."""
        _, butter, mint = stage.look.stops
        picture = stage.strip(LEDGE - 70, clear=True)
        near = shift(mint, light=-8, chroma=1.7)
        self._hill(picture, shift(butter, light=-3, chroma=1.4), LEDGE - 32, 28, float(stage.rng.uniform(0, 6)))
        self._hill(picture, near, 1570, 44, float(stage.rng.uniform(0, 6)))
        self._dots(picture, 1680)
        stage.lay(picture)

    def chip(self, look: Look, number: int) -> Chip:
        """Return round stickers, each in a colour of its own."""
        return Chip(fill=(255, 255, 255), ink=look.ink, mark=_SWEETS[(number * 2) % len(_SWEETS)], radius=37)
