"""The frames of one scene: a ground, and layers that move above it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from badapple.providers.offline.stage.sprites import Ground, Light, Sprite, planes_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from badapple.models import Box, Canvas, TextBox
    from badapple.providers.offline.stage.motion import Path, Pose
    from badapple.providers.offline.stage.sprites import Planes

__all__ = ["Moving", "Sweep", "Timeline"]


@dataclass(frozen=True, slots=True)
class Sweep:
    """A band of light that crosses a sprite once.

    Attributes:
        band: (h, w) bytes, the band in its middle; taller than the canvas.
        start: first frame.
        length: frames.
        left: layout px where the band's centre starts.
        right: layout px where it ends.
        strength: 0-1.
    """

    band: NDArray[np.uint8]
    start: float
    length: float
    left: float
    right: float
    strength: float = 0.7

    def at(self, frame: float, scale: float) -> Light | None:
        """Return the light on this frame, or None while it is away."""
        t = (frame - self.start) / self.length
        if not 0 < t < 1:
            return None
        middle = (self.left + (self.right - self.left) * t) * scale
        return Light(self.band, middle - self.band.shape[1] / 2, self.strength * math.sin(math.pi * t))


@dataclass(frozen=True, slots=True, eq=False)
class Moving:
    """A sprite on its path.

    Attributes:
        sprite: the picture, in canvas px.
        path: frame to pose, layout px.
        start: first frame it is seen on.
        end: frame after the last.
        clip: layout box outside which it is cut off, or None.
        sweep: light that crosses it, or None.
    """

    sprite: Sprite
    path: Path
    start: float = 0
    end: float = math.inf
    clip: Box | None = None
    sweep: Sweep | None = None

    def draw(self, planes: Planes, frame: int, scale: float) -> None:
        """Blend the sprite into the frame."""
        if not self.start <= frame < self.end:
            return
        pose = self.path(frame)
        clip = None
        if self.clip is not None:
            edges = (self.clip.left, self.clip.top, self.clip.right, self.clip.bottom)
            left, top, right, bottom = (max(0, round(edge * scale / 2) * 2) for edge in edges)
            clip = (left, top, right, bottom)
        light = self.sweep.at(frame, scale) if self.sweep is not None else None
        self.sprite.draw(planes, _matrix(self.sprite, pose, scale), opacity=pose.opacity, clip=clip, light=light)


def _matrix(sprite: Sprite, pose: Pose, scale: float) -> NDArray[np.float64]:
    """Return the 2x3 map from sprite px to canvas px; both count from px centres."""
    turn = math.radians(pose.angle)
    cos, sin = pose.scale * math.cos(turn), pose.scale * math.sin(turn)
    ax, ay = sprite.anchor[0] - 0.5, sprite.anchor[1] - 0.5
    x, y = pose.x * scale - 0.5, pose.y * scale - 0.5
    return np.array([[cos, -sin, x - cos * ax + sin * ay], [sin, cos, y - sin * ax - cos * ay]])


@dataclass(slots=True)  # not frozen: the port's attributes are settable to a type checker
class Timeline:
    """Implements `ports.Frames`: everything is prepared, a frame only warps and blends.

    Attributes:
        count: frames.
        boxes: all text the frames carry.
        canvas: size of the frames.
        ground: the opaque picture behind everything.
        drift: frame to the ground's displacement in layout px.
        layers: drawn in this order.
        product: where the product is at rest, layout px, or None.
    """

    count: int
    boxes: tuple[TextBox, ...]
    canvas: Canvas
    ground: Ground
    drift: Callable[[float], tuple[float, float]]
    layers: tuple[Moving, ...]
    product: Box | None = None

    @property
    def weight(self) -> int:
        """Bytes of all pictures held."""
        return self.ground.weight + sum(
            sprite.weight for sprite in {id(layer.sprite): layer.sprite for layer in self.layers}.values()
        )

    def draw(self, index: int, out: NDArray[np.uint8]) -> None:
        """Draw frame `index` into `out`: uint8, (height * 3 // 2, width), contiguous."""
        if not 0 <= index < self.count:
            raise IndexError(f"frame {index} of {self.count}")
        expected = (self.canvas.height * 3 // 2, self.canvas.width)
        if out.shape != expected:
            raise ValueError(f"a frame of shape {out.shape} was given, {expected} is needed")
        planes, scale = planes_of(out), self.canvas.scale
        x, y = self.drift(index)
        self.ground.draw(planes, x * scale, y * scale)
        for layer in self.layers:
            layer.draw(planes, index, scale)
        # Rounding and light may leave the limited range by a step.
        np.clip(planes.y, 16, 235, out=planes.y)
