"""Things that stand or fly about on several sets: podiums, particles, streaks, rings."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from badapple.providers.offline.stage.motion import Pose
from badapple.providers.offline.stage.paint import arc, ellipse
from badapple.providers.offline.stage.sprites import Sprite

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from badapple.models import Box
    from badapple.providers.offline.stage.look import RGB
    from badapple.providers.offline.stage.motion import Path
    from badapple.providers.offline.stage.paint import Picture
    from badapple.providers.offline.stage.staging import Spot, Stage

__all__ = ["fly", "outside", "particles", "podium", "ring", "soft_disc"]


def podium(
    stage: Stage,
    spot: Spot,
    *,
    top: RGB,
    lit: RGB,
    side: RGB,
    shade: RGB,
    rim: RGB | None = None,
    wide: float = 1.25,
    most: float = 470,
    tall: float = 900,
    flat: float = 0.12,
    bands: Sequence[RGB] = (),
    fall: float = 0.28,
) -> float:
    """Put a round podium under the product; return its half width, layout px.

    Args:
        stage: where.
        spot: of the product; its foot stands a little before the middle of the podium's top.
        top: colour of the top where it lies in shade.
        lit: colour of the top under the light.
        side: colour of the side in the light.
        shade: colour of the side at its edges.
        rim: a thin line round the top, or None.
        wide: of the product's width.
        most: layout px of half its width, at most.
        tall: layout px from the top to the end of the side.
        flat: height of the top's ellipse as a share of its width.
        fall: 0-1, how much darker the side gets towards the floor.
        bands: colours of vertical stripes on the side.
    """
    rx = max(250.0, min(most, spot.width * wide / 2))
    ry = rx * flat * 2
    middle = spot.foot - ry * 0.3
    picture = stage.picture(2 * rx + 8, tall + 2 * ry + 8)
    y = -(tall + 2 * ry) / 2 + ry
    body = np.concatenate([arc(0, y, rx, ry, start=180, end=0), arc(0, y + tall, rx, ry, start=0, end=180)])
    mask = picture.mask(body)
    picture.lay(mask, _barrel(picture, rx, side=side, shade=shade, bands=bands, fall=fall))
    upper = picture.mask(ellipse(0, y, rx, ry))
    picture.lay(upper, top)
    picture.lay(
        np.minimum(upper, picture.blurred(picture.mask(ellipse(-rx * 0.1, y - ry * 0.1, rx * 0.62, ry * 0.62)), 60)),
        lit,
    )
    if rim is not None:
        picture.shape_in([ellipse(0, y, rx, ry), ellipse(0, y - 1, rx - 3, ry - 3)], rim, 0.95)
    stage.still(picture, spot.x, middle, anchor=(0.5, (y - picture.origin[1]) / (tall + 2 * ry + 8)))
    return rx


def _barrel(
    picture: Picture, rx: float, *, side: RGB, shade: RGB, bands: Sequence[RGB], fall: float
) -> NDArray[np.float32]:
    """Return the colours of a cylinder's side: lit left of its middle, dark at its edges, darker towards the floor."""
    x = (np.arange(picture.shape[1], dtype=np.float32) + 0.5) / picture.scale + picture.origin[0]
    across = np.clip(x / rx, -1, 1)
    lit = np.clip(np.cos((across + 0.28) * np.pi / 2.1), 0, 1)[None, :, None] ** 1.4
    base = np.broadcast_to(np.asarray(side, np.float32), (1, len(x), 3)).copy()
    if bands:
        angle = np.arcsin(across) / np.pi + 0.5
        number = (angle * 9).astype(int) % (len(bands) + 1)
        for index, colour in enumerate(bands, 1):
            base[0, number == index] = colour
    dark = np.asarray(shade, np.float32)
    row = dark + (base - dark) * lit
    down = np.linspace(1.0, 1 - fall, picture.shape[0], dtype=np.float32)[:, None, None]
    return np.asarray(row * down, np.float32)


def soft_disc(
    stage: Stage, radius: float, colour: RGB, *, opacity: float, soft: float, rim: float = 0.0
) -> NDArray[np.uint8]:
    """Return an out-of-focus point of light: a disc with a soft edge, brighter at its rim."""
    size = max(6, math.ceil((2 * radius + 4 * soft) * stage.scale / 2) * 2)
    axis = (np.arange(size, dtype=np.float32) + 0.5 - size / 2) / stage.scale
    away = np.hypot(axis[None, :], axis[:, None])
    inside = np.clip((radius - away) / max(1.0, soft) + 0.5, 0, 1)
    inside = inside * inside * (3 - 2 * inside)
    body = inside * (1 - rim + rim * np.clip(away / radius, 0, 1) ** 3)
    out = np.empty((size, size, 4), np.uint8)
    out[..., :3] = colour
    out[..., 3] = np.clip(body * 255 * opacity, 0, 255)
    return out


def outside(x: float, y: float, boxes: Sequence[Box], *, soft: float = 50.0) -> float:
    """Return 0 inside any box, 1 further than `soft` px from all of them."""
    seen = 1.0
    for box in boxes:
        away = math.hypot(max(box.left - x, 0.0, x - box.right), max(box.top - y, 0.0, y - box.bottom))
        seen = min(seen, away / soft)
    return seen


def fly(
    stage: Stage,
    *,
    x: float,
    y: float,
    speed: tuple[float, float],
    sway: float = 0.0,
    spin: float = 0.0,
    twinkle: float = 0.0,
    avoid: bool = False,
    size: float = 60.0,
) -> Path:
    """Return the path of a particle that leaves the frame on one side and comes back on the other."""
    phase, beat = float(stage.rng.uniform(0, 6.28)), float(stage.rng.uniform(70, 130))
    wide, tall = 1080 + 2 * size, 1920 + 2 * size
    boxes = stage.keep_out

    def at(frame: float) -> Pose:
        wave = math.sin(2 * math.pi * frame / beat + phase)
        px = (x + size + speed[0] * frame) % wide - size + sway * wave
        py = (y + size + speed[1] * frame) % tall - size
        seen = 1 - twinkle * (0.5 + 0.5 * wave)
        if avoid:
            seen *= outside(px, py, boxes)
        return Pose(px, py, 1.0, phase * 57 + spin * frame if spin else 0.0, seen)

    return at


def particles(
    stage: Stage,
    kinds: Sequence[NDArray[np.uint8]],
    *,
    count: int,
    speed: tuple[float, float],
    vary: float = 0.5,
    sway: float = 12.0,
    spin: float = 0.0,
    twinkle: float = 0.6,
    avoid: bool = False,
) -> None:
    """Scatter particles over the frame, evenly but not in rows."""
    sprites = [Sprite.of(kind) for kind in kinds]
    rows = max(1, round(math.sqrt(count * 1.78)))
    for number in range(count):
        row, x = number % rows, float(stage.rng.uniform(0, 1080))
        y = (row + float(stage.rng.uniform(0, 1))) * 1920 / rows
        share = 1 + vary * float(stage.rng.uniform(-1, 1))
        turn = spin * float(stage.rng.choice([-1, 1])) * share
        path = fly(
            stage,
            x=x,
            y=y,
            speed=(speed[0] * share, speed[1] * share),
            sway=sway,
            spin=turn,
            twinkle=twinkle,
            avoid=avoid,
        )
        stage.add(sprites[number % len(sprites)], path, slides=spin == 0)


def ring(
    stage: Stage,
    radius: float,
    *,
    width: float,
    colour: RGB,
    opacity: float,
    gaps: Sequence[tuple[float, float]] = ((0, 360),),
    glow: float = 0.0,
) -> Picture:
    """Return a ring, or the arcs (from, to degrees) of one, with an optional glow."""
    side = 2 * (radius + width + 3 * glow) + 8
    picture = stage.picture(side, side)
    for start, end in gaps:
        if end - start >= 360:
            outlines = [ellipse(0, 0, radius + width / 2), ellipse(0, 0, radius - width / 2)]
        else:
            outlines = [
                np.concatenate(
                    [
                        arc(0, 0, radius + width / 2, start=start, end=end),
                        arc(0, 0, radius - width / 2, start=start, end=end)[::-1],
                    ]
                )
            ]
        mask = picture.mask(*outlines)
        if glow:
            picture.lay(
                np.minimum(picture.blurred(mask, glow).astype(np.uint16) * 4, 255).astype(np.uint8),
                colour,
                opacity * 0.5,
            )
        picture.lay(mask, colour, opacity)
    return picture
