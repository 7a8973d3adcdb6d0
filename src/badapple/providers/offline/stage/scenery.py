"""What every set can do, and how the product is dressed for it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

import numpy as np

from badapple.providers.offline.stage import light
from badapple.providers.offline.stage.motion import Pose, drift, ease_back, ease_out, enter, hold
from badapple.providers.offline.stage.timeline import Sweep

if TYPE_CHECKING:
    from badapple.providers.offline.stage.look import RGB, Look
    from badapple.providers.offline.stage.motion import Path
    from badapple.providers.offline.stage.paint import Picture
    from badapple.providers.offline.stage.staging import Spot, Stage

__all__ = ["Dress", "Kind", "Scenery", "dress", "shadowed"]


class Kind(StrEnum):
    """The stagings of a film; their order is that of the scenes and of backdrop variants."""

    HERO = "hero"  #: the product arrives with its name
    DETAIL = "detail"  #: close up, gliding
    FACTS = "facts"  #: the name runs behind it, or facts stand under it
    CLOSING = "closing"  #: composed, on a podium or before a shape
    CARD = "card"  #: the end card


class Scenery(Protocol):
    """One of the six sets."""

    manner: str  #: how words arrive, see `lettering.place`
    open_foot: bool  #: the lower end of the frame has room for running words

    def tilt(self, kind: Kind, *, aspect: float) -> float:
        """Return degrees that a product of this width by height leans at rest."""
        ...

    def ground(self, picture: Picture, look: Look, rng: np.random.Generator, *, kind: Kind, spot: Spot) -> None:
        """Paint the backdrop."""
        ...

    def behind(self, stage: Stage, spot: Spot, kind: Kind) -> None:
        """Put what stands behind the product."""
        ...

    def dress(self, stage: Stage, spot: Spot, kind: Kind) -> None:
        """Put the product, with its shadow or reflection, and let it arrive."""
        ...

    def front(self, stage: Stage, spot: Spot, kind: Kind) -> None:
        """Put what flies before the product."""
        ...

    def ledge(self, stage: Stage) -> None:
        """Put what a close-up stands on or sinks behind: opaque from `staging.LEDGE` down to the frame's end."""
        ...

    def chip(self, look: Look, number: int) -> Chip:
        """Return how the numbered fact is presented."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Chip:
    """How a fact in a list looks.

    Attributes:
        fill: of the plate, or None for no plate.
        ink: of the text.
        mark: colour of the mark before it.
        radius: of the plate's corners, layout px.
        skew: layout px the plate leans.
        opacity: of the plate.
        turn: degrees the plate is turned.
        edge: colour of a thin outline, or None.
    """

    fill: RGB | None
    ink: RGB
    mark: RGB
    radius: float = 40
    skew: float = 0
    opacity: float = 1.0
    turn: float = 0.0
    edge: RGB | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Dress:
    """Light and movement of the product.

    Attributes:
        rim: colour of the rim light.
        rim_strength: 0-1.
        dim: 0-1, shade at the foot.
        reflection: 0-1 opacity, 0 for none.
        floor: colour of the shadow on the floor, or None.
        floor_opacity: 0-1.
        wall: colour of a shadow on the wall behind, or None.
        wall_offset: layout px of the wall shadow's displacement.
        wall_soft: layout px of its blur.
        wall_opacity: 0-1.
        cast: opacity of a long window-light shadow, 0 for none.
        sticker: layout px of a border round it, 0 for none.
        sticker_colour: of that border.
        offset: layout px it arrives from.
        scale: size it arrives from.
        angle: degrees it arrives from.
        start: frame it starts to arrive.
        length: frames of its arrival.
        back: arrive with a swing.
        fade: share of the arrival in which it fades in.
        push: growth over the scene.
        turn: degrees it turns over the scene.
        bob: layout px it floats up and down.
        by: layout px it travels over the scene.
        sweep: strength of the light that crosses it, 0 for none.
        sweep_start: frame.
    """

    rim: RGB = (255, 255, 255)
    rim_strength: float = 0.0
    dim: float = 0.0
    reflection: float = 0.0
    floor: RGB | None = None
    floor_opacity: float = 0.6
    wall: RGB | None = None
    wall_offset: tuple[float, float] = (0, 26)
    wall_soft: float = 26
    wall_opacity: float = 0.4
    cast: float = 0.0
    sticker: float = 0.0
    sticker_colour: RGB = (255, 255, 255)
    offset: tuple[float, float] = (0, 40)
    scale: float = 0.94
    angle: float = 0.0
    start: float = 3
    length: float = 24
    back: bool = False
    fade: float = 0.5
    push: float = 0.045
    turn: float = 0.0
    bob: float = 0.0
    by: tuple[float, float] = (0, 0)
    sweep: float = 0.0
    sweep_start: float = 26


def dress(stage: Stage, spot: Spot, how: Dress) -> None:
    """Put the product on its spot: shadows first, then itself."""
    rgba = stage.product(spot)
    rgba = light.graded(rgba, rim=how.rim, strength=how.rim_strength, dim=how.dim)
    _shades(stage, spot, how, rgba)
    anchor = (0.5, 1.0 if _stands(how) else 0.5)
    if how.sticker > 0:
        rgba = _bordered(rgba, stage, how)
    if how.wall is not None:
        rgba, anchor = shadowed(rgba, how, anchor, scale=stage.scale, tilt=spot.tilt)
    sweep = None
    if how.sweep > 0:
        travel = stage.canvas.width + round(spot.width * stage.scale)
        shine = light.band(stage.canvas.height + 64, travel, wide=max(60.0, spot.width * 0.16) * stage.scale)
        sweep = Sweep(shine, how.sweep_start, 34 * stage.calm, spot.box.left - 260, spot.box.right + 260, how.sweep)
    stage.add(rgba, _way(stage, spot, how), anchor=anchor, sweep=sweep, slides=False)


def _stands(how: Dress) -> bool:
    """Say whether it grows from its foot, where it stands; a product that floats grows from its middle."""
    return how.floor is not None or how.reflection > 0 or how.cast > 0


def _way(stage: Stage, spot: Spot, how: Dress, *, dy: float = 0.0, mirrored: bool = False) -> Path:
    """Return the path of the product, or of its mirror image in the floor."""
    way = -1 if mirrored else 1
    path = drift(
        hold(spot.x, (spot.foot if _stands(how) else spot.y) + dy, angle=spot.tilt * way),
        count=stage.count,
        by=(how.by[0], how.by[1] * way),
        push=how.push,
        turn=how.turn * way,
        bob=how.bob * way,
        beat=86 * stage.calm,
    )
    return enter(
        path,
        start=how.start,
        length=how.length * stage.calm,
        offset=(how.offset[0], how.offset[1] * way),
        scale=how.scale,
        angle=how.angle * way,
        fade=how.fade,
        ease=ease_back if how.back else ease_out,
    )


def _planted(path: Path, foot: float) -> Path:
    """Keep what follows the product on the floor."""

    def grounded(frame: float) -> Pose:
        pose = path(frame)
        return Pose(pose.x, foot, pose.scale, 0.0, pose.opacity)

    return grounded


def _shades(stage: Stage, spot: Spot, how: Dress, rgba: np.ndarray) -> None:
    """Put what the product leaves on the floor: a long shadow, a reflection, a near shadow."""
    planted = _planted(_way(stage, spot, how), spot.foot)
    if how.cast > 0:
        shade, foot = light.cast(rgba, colour=how.floor or (0, 0, 0), opacity=how.cast)
        stage.add(shade, planted, anchor=foot, slides=False)
    if how.reflection > 0:
        stage.add(
            light.reflection(rgba, opacity=how.reflection, soft=max(0.6, 3 * stage.scale)),
            _way(stage, spot, how, dy=-2, mirrored=True),
            anchor=(0.5, 0),
            slides=False,
        )
    if how.floor is not None:
        shade, foot = light.floor_shadow(rgba, colour=how.floor, opacity=how.floor_opacity)
        stage.add(shade, planted, anchor=foot, slides=False)


def shadowed(
    rgba: np.ndarray, how: Dress, anchor: tuple[float, float], *, scale: float, tilt: float = 0.0
) -> tuple[np.ndarray, tuple[float, float]]:
    """Return the product on its own shadow as one picture (one warp a frame instead of two), and its anchor there."""
    turn = math.radians(-tilt)
    dx, dy = (value * scale for value in how.wall_offset)
    dx, dy = round(dx * math.cos(turn) - dy * math.sin(turn)), round(dx * math.sin(turn) + dy * math.cos(turn))
    shade = light.flat_shadow(rgba, colour=how.wall or (0, 0, 0), opacity=how.wall_opacity, soft=how.wall_soft * scale)
    margin = (shade.shape[0] - rgba.shape[0]) // 2
    left, top, right, bottom = max(0, margin - dx), max(0, margin - dy), max(0, margin + dx), max(0, margin + dy)
    height, width = rgba.shape[:2]
    under = np.zeros((height + top + bottom, width + left + right, 4), np.uint8)
    y, x = top + dy - margin, left + dx - margin
    rows, columns = slice(max(0, y), y + shade.shape[0]), slice(max(0, x), x + shade.shape[1])
    under[rows, columns] = shade[max(0, -y) :, max(0, -x) :][
        : under[rows, columns].shape[0], : under[rows, columns].shape[1]
    ]
    under[..., :3] = how.wall
    light.over(under[top : top + height, left : left + width], rgba)
    return under, ((left + anchor[0] * width) / under.shape[1], (top + anchor[1] * height) / under.shape[0])


def _bordered(rgba: np.ndarray, stage: Stage, how: Dress) -> np.ndarray:
    """Return the product with the white border of a sticker."""
    border = light.sticker(rgba, width=max(2, round(how.sticker * stage.scale)), colour=how.sticker_colour)
    extra = (border.shape[0] - rgba.shape[0]) // 2
    light.over(border[extra : extra + rgba.shape[0], extra : extra + rgba.shape[1]], rgba)
    return border
