"""Light that is worked out once: what the flacon does to the table, and what falls on its label."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from photo_studio import flacon
from photo_studio.rays import EPSILON, Floats, column, cosine_directions
from photo_studio.sweep import Patch

if TYPE_CHECKING:
    from photo_studio.tracer import Studio

_HALF_X, _HALF_Z = 13.0, 12.0  # cm of table around the flacon
_CHUNK = 1 << 16
_LABEL_CELLS = (9, 11)


def bake_table(studio: Studio, rng: np.random.Generator, *, cells_per_cm: float, samples: int) -> Patch:
    """Return how the flacon changes the light on the table: its shadow and the glow that comes through it.

    Only directions that may meet the flacon are drawn, and each counts the difference between the light with the
    flacon and without it, so that open table is exactly unchanged and free of noise.
    """
    columns, rows = round(2 * _HALF_X * cells_per_cm), round(2 * _HALF_Z * cells_per_cm)
    grid_x, grid_z = np.meshgrid(
        np.linspace(-_HALF_X, _HALF_X, columns, dtype=np.float32),
        np.linspace(-_HALF_Z, _HALF_Z, rows, dtype=np.float32),
    )
    x, z = grid_x.ravel(), grid_z.ravel()
    change = np.zeros((3, x.size), np.float32)
    step = max(1, _CHUNK // samples)
    for start in range(0, x.size, step):
        part = slice(start, start + step)
        change[:, part] = _change(studio, x[part], z[part], rng, samples)
    picture = np.ascontiguousarray(change.T.reshape(rows, columns, 3))
    return Patch(half_x=_HALF_X, half_z=_HALF_Z, change=_calmed(picture, x, z, cells_per_cm))


def _change(studio: Studio, x: Floats, z: Floats, rng: np.random.Generator, samples: int) -> Floats:
    """Return the change of irradiance at table points, (3, n)."""
    away = np.hypot(x, z)
    outside = away > flacon.REACH
    half = np.where(outside, np.arcsin(np.minimum(flacon.REACH / np.maximum(away, 1e-3), 1)), np.float32(np.pi))
    low = flacon.TOP / np.hypot(flacon.TOP, np.maximum(away - flacon.REACH, 0))  # sine of the steepest climb
    share = (half / np.pi) * low * low
    grid = round(samples**0.5)
    first = (np.arange(grid * grid) % grid).astype(np.float32)
    second = (np.arange(grid * grid) // grid).astype(np.float32)
    shape = (x.size, grid * grid)
    turn = (first + rng.random(shape, np.float32)) / grid * 2 - 1
    square = (second + rng.random(shape, np.float32)) / grid
    turn = np.arctan2(-z, -x)[:, None] + turn * half[:, None]
    climb = np.sqrt(square) * low[:, None]
    flat = np.sqrt(np.maximum(1 - climb * climb, 0))
    # `climb` is the sine of the height above the table for cosine-weighted directions counted from the horizon.
    direction = np.stack((flat * np.cos(turn), climb, flat * np.sin(turn))).reshape(3, -1).astype(np.float32)
    origin = np.stack((np.repeat(x, grid * grid), np.full(direction.shape[1], 2 * EPSILON), np.repeat(z, grid * grid)))
    origin = origin.astype(np.float32)
    change = np.zeros_like(direction)
    near = np.flatnonzero(flacon.BOUNDS.touched(origin, direction))
    change[:, near] = np.minimum(studio.trace(origin[:, near], direction[:, near], rng), 74.0)
    change[:, near] -= studio.surroundings(origin[:, near], direction[:, near])
    mean = change.reshape(3, x.size, grid * grid).mean(axis=2)
    result: Floats = (mean * share * np.pi).astype(np.float32)
    return result


def _calmed(change: Floats, x: Floats, z: Floats, cells_per_cm: float) -> Floats:
    """Smooth away the noise, little near the contact line, more where shadows are soft anyway."""
    half_x, _, half_z = flacon.GLASS_BODY.half
    gap = np.hypot(np.maximum(np.abs(x) - half_x, 0), np.maximum(np.abs(z) - half_z, 0)).reshape(change.shape[:2])
    soft = cv2.GaussianBlur(change, (0, 0), 0.14 * cells_per_cm)
    softer = cv2.GaussianBlur(change, (0, 0), 0.34 * cells_per_cm)
    far = np.clip((gap - 0.4) / 3, 0, 1)[..., None]
    mixed = soft * (1 - far) + softer * far
    rim = np.minimum(_HALF_X - np.abs(x), _HALF_Z - np.abs(z)).reshape(change.shape[:2])
    result: Floats = (mixed * np.clip(rim / 2, 0, 1)[..., None]).astype(np.float32)
    return result


def bake_label(studio: Studio, rng: np.random.Generator, *, samples: int) -> Floats:
    """Return the irradiance on the label, (rows, columns, 3), first row at the bottom."""
    rows, columns = _LABEL_CELLS
    half_x, half_y = flacon.LABEL_HALF
    y, x = np.meshgrid(np.linspace(-half_y, half_y, rows), np.linspace(-half_x, half_x, columns), indexing="ij")
    z = np.full(x.size, flacon.GLASS_BODY.half[2] + EPSILON)
    points = np.stack((x.ravel(), y.ravel() + flacon.LABEL_MIDDLE, z)).astype(np.float32)
    normals = np.broadcast_to(column((0, 0, 1)), points.shape)
    total = np.zeros_like(points)
    for light in studio.lights:
        total += light.irradiance(points, normals)
    origin = np.repeat(points, samples, axis=1)
    seen = cosine_directions(np.repeat(normals, samples, axis=1), rng)
    wall = studio.sweep.seen(origin, seen)
    hit = wall < 1e8
    radiance = np.broadcast_to(column((0.05, 0.05, 0.05)), origin.shape).copy()
    radiance[:, hit] = studio.sweep.radiance(origin[:, hit] + wall[hit] * seen[:, hit])
    total += np.float32(np.pi) * radiance.reshape(3, points.shape[1], samples).mean(axis=2)
    picture = np.ascontiguousarray(total.T.reshape(rows, columns, 3), np.float32)
    return cv2.GaussianBlur(picture, (0, 0), 1.0).astype(np.float32)
