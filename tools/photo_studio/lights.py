"""Softboxes in a dark studio."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from photo_studio.rays import FAR, Floats, Triple, column, dot, normalized

DARKNESS: Triple = (0.085, 0.08, 0.075)  #: what the unlit room sends back


@dataclass(frozen=True, slots=True, kw_only=True)
class Softbox:
    """A rectangle that glows on one side, brighter in the middle, with the soft rim of real diffusion cloth."""

    centre: Triple
    aim: Triple  #: the point it faces
    width: float
    height: float
    radiance: Triple
    rim: float = 0.18  #: share of the half size over which the glow fades out
    core: float = 0.35  #: how much the middle outshines the rim

    def frame(self) -> tuple[Floats, Floats, Floats]:
        """Return unit columns: to the right, up, and out of the glowing side."""
        out = normalized(column(self.aim) - column(self.centre))
        up = column((0, 1, 0)) if abs(float(out[1, 0])) < 0.99 else column((0, 0, -1))
        right = normalized(np.cross(up, out, axis=0).astype(np.float32))
        return right, np.cross(out, right, axis=0).astype(np.float32), out

    def glow(self, across: Floats, along: Floats) -> Floats:
        """Return the brightness at local coordinates in -1..1, 0 outside."""
        fade = _fade(across, self.rim) * _fade(along, self.rim)
        result: Floats = fade * ((1 - self.core) + self.core * np.exp(-1.6 * (across * across + along * along)))
        return result

    def seen(self, origin: Floats, direction: Floats) -> tuple[Floats, Floats]:
        """Return distance (FAR where missed) and brightness along rays."""
        right, up, out = self.frame()
        facing = dot(direction, out)
        reach = dot(column(self.centre) - origin, out) / np.where(np.abs(facing) < 1e-6, np.float32(-1e-6), facing)
        spot = origin + reach * direction - column(self.centre)
        glow = self.glow(dot(spot, right) / (self.width / 2), dot(spot, up) / (self.height / 2))
        lit = (facing < 0) & (reach > 0) & (glow > 0)
        return np.where(lit, reach, FAR).astype(np.float32), np.where(lit, glow, 0).astype(np.float32)

    def irradiance(self, points: Floats, normals: Floats, grid: int = 14) -> Floats:
        """Return the unshadowed light on surface points, (3, n), summed over a grid on the cloth."""
        right, up, out = self.frame()
        total = np.zeros(points.shape[1], np.float32)
        steps = ((np.arange(grid, dtype=np.float32) + 0.5) / grid) * 2 - 1
        cell = self.width * self.height / grid**2
        for across in steps:
            for along in steps:
                weight = float(self.glow(across, along)) * cell
                spot = column(self.centre) + across * self.width / 2 * right + along * self.height / 2 * up
                way = spot - points
                square = dot(way, way)
                cosines = np.maximum(dot(way, normals), 0) * np.maximum(-dot(way, out), 0)
                total += (weight * cosines / (square * square)).astype(np.float32)
        return total * column(self.radiance)


def _fade(position: Floats, rim: float) -> Floats:
    share = np.clip((1 - np.abs(position)) / rim, 0, 1)
    return share * share * (3 - 2 * share)


def light_seen(lights: tuple[Softbox, ...], origin: Floats, direction: Floats, wall: Floats) -> tuple[Floats, Floats]:
    """Return what rays see of the lights in front of a wall: radiance (3, n), and where the wall shows instead.

    Args:
        lights: The softboxes.
        origin: Where the rays start.
        direction: Unit directions.
        wall: How far the wall is along each ray; FAR where there is none.
    """
    nearest, radiance = wall.copy(), np.zeros_like(origin)
    for light in lights:
        reach, glow = light.seen(origin, direction)
        first = reach < nearest
        nearest = np.where(first, reach, nearest)
        radiance = np.where(first, glow * column(light.radiance), radiance)
    return radiance, nearest >= wall
