"""Exposing the frame, tile by tile."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from photo_studio import flacon
from photo_studio.solids import Prism

if TYPE_CHECKING:
    from photo_studio.rays import Bools, Floats, Indices
    from photo_studio.staging import Camera
    from photo_studio.tracer import Studio

_CHUNK = 1 << 16
_CLAMP = 3.4  # a brighter path is a firefly


def expose(
    studio: Studio, camera: Camera, size: tuple[int, int], samples: int, rng: np.random.Generator
) -> tuple[Floats, Bools]:
    """Return linear light (rows, columns, 3) for a picture of `size` (width, height), and where it is noisy."""
    width, height = size
    busy, metal = _product_pixels(camera, size, rng)
    light = np.zeros((3, width * height), np.float32)
    for chosen, count in ((metal, 3 * samples), (busy & ~metal, samples), (~busy, max(2, samples // 8))):
        pixels = np.flatnonzero(chosen)
        step = max(1, _CHUNK // count)
        for start in range(0, pixels.size, step):
            part = pixels[start : start + step]
            light[:, part] = _pixels_light(studio, camera, size, part, samples=count, rng=rng)
    return np.ascontiguousarray(light.T.reshape(height, width, 3)), busy.reshape(height, width)


def _pixels_light(
    studio: Studio,
    camera: Camera,
    size: tuple[int, int],
    pixels: Indices,
    *,
    samples: int,
    rng: np.random.Generator,
) -> Floats:
    index = np.repeat(pixels, samples)
    grid = max(1, int(samples**0.5))
    cell = np.tile(np.arange(samples), pixels.size)
    inside = cell < grid * grid
    offset_x = np.where(inside, cell % grid + rng.random(index.size), grid * rng.random(index.size)) / grid
    offset_y = np.where(inside, cell // grid + rng.random(index.size), grid * rng.random(index.size)) / grid
    origin, direction = _frame_rays(camera, size, index, (offset_x, offset_y), rng)
    seen = np.minimum(studio.trace(origin, direction, rng), _CLAMP)
    mean: Floats = seen.reshape(3, pixels.size, samples).mean(axis=2)
    return mean


def _frame_rays(
    camera: Camera,
    size: tuple[int, int],
    index: Indices,
    offset: tuple[Floats, Floats],
    rng: np.random.Generator,
) -> tuple[Floats, Floats]:
    width, height = size
    x = ((index % width + offset[0]) / width * 2 - 1).astype(np.float32)
    y = (1 - (index // width + offset[1]) / height * 2).astype(np.float32)
    return camera.rays(x, y, width / height, rng)


def _product_pixels(camera: Camera, size: tuple[int, int], rng: np.random.Generator) -> tuple[Bools, Bools]:
    """Say which pixels may show the product or its mirror image, and which of them the brushed metal."""
    index = np.arange(size[0] * size[1])
    half = np.full(index.size, 0.5)
    origin, direction = _frame_rays(camera, size, index, (half, half), rng)
    metal = np.zeros(index.size, np.bool_)
    for part in flacon.METALS:
        metal |= _grown(part.solid).touched(origin, direction)
    mirror = Prism(centre=(0, -1.5, 0), half=flacon.GLASS_BODY.half, corner=0.1, edge=0.1)
    busy = metal | _grown(flacon.GLASS_BODY).touched(origin, direction) | _grown(mirror).touched(origin, direction)
    return busy, metal


def _grown(solid: Prism) -> Prism:
    half_x, half_y, half_z = solid.half
    return Prism(
        centre=solid.centre,
        half=(half_x + 0.12, half_y + 0.12, half_z + 0.12),
        corner=solid.corner,
        edge=solid.edge,
    )
