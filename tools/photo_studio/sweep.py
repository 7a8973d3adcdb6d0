"""The seamless paper sweep that product and background share."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from photo_studio.rays import FAR, Floats, Triple, column

if TYPE_CHECKING:
    from photo_studio.lights import Softbox

_FLOOR_FRONT, _FLOOR_BACK, _RADIUS, _TOP = 60.0, -9.0, 30.0, 60.0
_HALF_WIDTH = 46.0
_FLOOR_LENGTH = _FLOOR_FRONT - _FLOOR_BACK
_BEND = _RADIUS * np.pi / 2
_LENGTH = _FLOOR_LENGTH + _BEND + _TOP
_CELLS = (150, 110)  # along, across


@dataclass(frozen=True, slots=True, kw_only=True)
class Patch:
    """A fine map of what the product changes on the floor around it: RGB, shape (rows, columns, 3)."""

    half_x: float
    half_z: float
    change: Floats

    def at(self, points: Floats) -> Floats:
        """Return the change of irradiance at floor points; 0 outside the patch."""
        rows, columns, _ = self.change.shape
        across = (points[0] / self.half_x + 1) / 2
        along = (points[2] / self.half_z + 1) / 2
        inside = (across > 0) & (across < 1) & (along > 0) & (along < 1) & (points[1] < 0.05)
        return np.where(inside, sampled(self.change, along * (rows - 1), across * (columns - 1)), 0)


@dataclass(slots=True, kw_only=True)
class Sweep:
    """Paper that lies flat, bends up, and stands as the background; matt, lit by softboxes and a lamp behind."""

    turn: float  #: angle between the studio and the product, radians about the vertical
    paper: Triple
    lamp: Triple  #: light of the background lamp at its centre
    lamp_height: float
    lamp_spread: float
    bounce: float  #: light from everywhere else
    lit: Floats = field(init=False)
    patch: Patch | None = None

    def light(self, lights: tuple[Softbox, ...]) -> None:
        """Work out the unshadowed light once, on a coarse grid."""
        rows, columns = _CELLS
        along, across = np.meshgrid(
            np.linspace(0, _LENGTH, rows, dtype=np.float32),
            np.linspace(-_HALF_WIDTH, _HALF_WIDTH, columns, dtype=np.float32),
            indexing="ij",
        )
        points, normals = self._surface(across.ravel(), along.ravel())
        spot = np.exp(
            -((points[0] ** 2) + (points[1] - self.lamp_height) ** 2) / (2 * self.lamp_spread**2),
        ) * np.clip((_FLOOR_BACK - points[2]) / _RADIUS + 0.25, 0, 1)
        total = spot * column(self.lamp) + np.float32(self.bounce)
        points, normals = self._to_product(points), self._to_product(normals)
        for light in lights:
            total = total + light.irradiance(points, normals)
        self.lit = np.ascontiguousarray(total.T.reshape(rows, columns, 3), np.float32)

    def seen(self, origin: Floats, direction: Floats) -> Floats:
        """Return how far rays travel to the paper; FAR where they pass it by."""
        start, way = self._to_studio(origin), self._to_studio(direction)
        down = np.where(np.abs(way[1]) < 1e-9, np.float32(-1e-9), way[1])
        floor = -start[1] / down
        floor_z = start[2] + floor * way[2]
        on_floor = (floor > 0) & (floor_z > _FLOOR_BACK) & (floor_z < _FLOOR_FRONT)
        back = np.where(np.abs(way[2]) < 1e-9, np.float32(-1e-9), way[2])
        wall = (_FLOOR_BACK - _RADIUS - start[2]) / back
        wall_y = start[1] + wall * way[1]
        on_wall = (wall > 0) & (wall_y >= _RADIUS) & (wall_y < _RADIUS + _TOP)
        bend = self._bend(start, way)
        reach = np.where(on_floor, floor, np.where(on_wall, wall, bend))
        off = np.abs(start[0] + reach * way[0]) > _HALF_WIDTH
        return np.where(off, FAR, reach).astype(np.float32)

    def radiance(self, points: Floats) -> Floats:
        """Return the light that paper points send out, (3, n)."""
        spot = self._to_studio(points)
        angle = np.arctan2(_FLOOR_BACK - spot[2], _RADIUS - spot[1])
        along = np.where(
            spot[2] > _FLOOR_BACK,
            _FLOOR_FRONT - spot[2],
            np.where(
                spot[1] < _RADIUS,
                _FLOOR_LENGTH + _RADIUS * angle,
                _FLOOR_LENGTH + _BEND + spot[1] - _RADIUS,
            ),
        )
        rows, columns = _CELLS
        total = sampled(
            self.lit,
            along / _LENGTH * (rows - 1),
            (spot[0] / _HALF_WIDTH + 1) / 2 * (columns - 1),
        )
        if self.patch is not None:
            total = total + self.patch.at(points)
        return np.maximum(total, 0) * column(self.paper) / np.float32(np.pi)

    def _bend(self, start: Floats, way: Floats) -> Floats:
        up, back = start[1] - _RADIUS, start[2] - _FLOOR_BACK
        square = np.maximum(way[1] ** 2 + way[2] ** 2, 1e-12)
        half = up * way[1] + back * way[2]
        inner = half * half - square * (up * up + back * back - _RADIUS**2)
        reach = (-half + np.sqrt(np.maximum(inner, 0))) / square
        good = (inner > 0) & (reach > 0) & (up + reach * way[1] <= 0) & (back + reach * way[2] <= 0)
        return np.where(good, reach, FAR).astype(np.float32)

    def _surface(self, across: Floats, along: Floats) -> tuple[Floats, Floats]:
        angle = np.clip((along - _FLOOR_LENGTH) / _RADIUS, 0, np.pi / 2)
        rise = np.maximum(along - _FLOOR_LENGTH - _BEND, 0)
        y = _RADIUS * (1 - np.cos(angle)) + rise
        z = np.maximum(_FLOOR_FRONT - along, _FLOOR_BACK) - _RADIUS * np.sin(angle)
        normals = np.stack((np.zeros_like(angle), np.cos(angle), np.sin(angle)))
        return np.stack((across, y, z)).astype(np.float32), normals.astype(np.float32)

    def _to_studio(self, bundle: Floats) -> Floats:
        return turned(bundle, self.turn)

    def _to_product(self, bundle: Floats) -> Floats:
        return turned(bundle, -self.turn)


def turned(bundle: Floats, angle: float) -> Floats:
    """Turn a bundle about the vertical."""
    cosine, sine = np.float32(np.cos(angle)), np.float32(np.sin(angle))
    return np.stack((bundle[0] * cosine + bundle[2] * sine, bundle[1], bundle[2] * cosine - bundle[0] * sine))


def sampled(picture: Floats, row: Floats, column_: Floats) -> Floats:
    """Read a picture (rows, columns, k) between its pixels; returns (k, n). Positions are clamped to the border."""
    rows, columns, _ = picture.shape
    row = np.clip(row, 0, rows - 1.001)
    column_ = np.clip(column_, 0, columns - 1.001)
    top, left = row.astype(np.intp), column_.astype(np.intp)
    down = (row - top).astype(np.float32)[:, None]
    over = (column_ - left).astype(np.float32)[:, None]
    flat = picture.reshape(rows * columns, -1)
    start = top * columns + left
    upper = flat[start] * (1 - over) + flat[start + 1] * over
    lower = flat[start + columns] * (1 - over) + flat[start + columns + 1] * over
    mixed: Floats = (upper * (1 - down) + lower * down).T
    return mixed
