"""How things move: easings, and paths from a frame number to a pose."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

__all__ = ["Path", "Pose", "drift", "ease_back", "ease_in_out", "ease_out", "enter", "fade", "hold", "progress"]


@dataclass(frozen=True, slots=True)
class Pose:
    """Where a sprite is: its anchor's place in layout px, scale about it, degrees clockwise, opacity 0-1."""

    x: float
    y: float
    scale: float = 1.0
    angle: float = 0.0
    opacity: float = 1.0


Path = Callable[[float], Pose]


def progress(frame: float, start: float, length: float) -> float:
    """Return how far a move of `length` frames from `start` is, 0-1."""
    return min(1.0, max(0.0, (frame - start) / length))


def ease_out(t: float) -> float:
    """Fast, then settling (quintic)."""
    return 1 - (1 - t) ** 5


def ease_in_out(t: float) -> float:
    """Slow, fast, slow (sine)."""
    return 0.5 - 0.5 * math.cos(math.pi * t)


def ease_back(t: float) -> float:
    """Fast, a little too far, and back."""
    return 1 + 2.4 * (t - 1) ** 3 + 1.4 * (t - 1) ** 2


def hold(x: float, y: float, *, scale: float = 1.0, angle: float = 0.0, opacity: float = 1.0) -> Path:
    """Stay there."""
    pose = Pose(x, y, scale, angle, opacity)
    return lambda _: pose


def enter(
    path: Path,
    *,
    start: float,
    length: float,
    offset: tuple[float, float] = (0.0, 0.0),
    scale: float = 1.0,
    angle: float = 0.0,
    fade: float = 0.6,
    ease: Callable[[float], float] = ease_out,
) -> Path:
    """Arrive on a path: from `offset` px, `scale` times the size and `angle` degrees away.

    It fades in over the share `fade` of the move.
    """

    def at(frame: float) -> Pose:
        t = progress(frame, start, length)
        pose = path(frame)
        if t >= 1:
            return pose
        away = 1 - ease(t)
        seen = 1.0 if fade <= 0 else min(1.0, t / fade)
        return Pose(
            pose.x + offset[0] * away,
            pose.y + offset[1] * away,
            pose.scale * (1 + (scale - 1) * away),
            pose.angle + angle * away,
            pose.opacity * (seen if frame >= start else 0.0),
        )

    return at


def drift(
    path: Path,
    *,
    count: int,
    by: tuple[float, float] = (0.0, 0.0),
    push: float = 0.0,
    turn: float = 0.0,
    bob: float = 0.0,
    beat: float = 60.0,
    phase: float = 0.0,
) -> Path:
    """Keep moving over the whole scene: travel, grow by `push`, turn, and bob up and down every `beat` frames."""

    def at(frame: float) -> Pose:
        t = frame / count
        pose = path(frame)
        lift = bob * math.sin(2 * math.pi * (frame / beat + phase))
        return replace(
            pose,
            x=pose.x + by[0] * t,
            y=pose.y + by[1] * t + lift,
            scale=pose.scale * (1 + push * t),
            angle=pose.angle + turn * t,
        )

    return at


def fade(path: Path, *, start: float, length: float) -> Path:
    """Fade in."""

    def at(frame: float) -> Pose:
        pose = path(frame)
        return replace(pose, opacity=pose.opacity * progress(frame, start, length))

    return at
