"""Vector algebra for bundles of rays.

A bundle is a float32 array of shape (3, n): one row per coordinate, so that every operation runs over contiguous
memory. Lengths are centimetres, light is linear RGB.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

# Always float32; NumPy's own type hints forget that in mixed arithmetic.
Floats: TypeAlias = npt.NDArray[Any]
Bools: TypeAlias = npt.NDArray[np.bool_]
Indices: TypeAlias = npt.NDArray[np.intp]
Triple: TypeAlias = tuple[float, float, float]

EPSILON = 1e-3  # cm; a tenth of a pixel at full size
FAR = np.float32(1e9)


def column(values: Triple) -> Floats:
    """Return three numbers as a (3, 1) column that broadcasts over a bundle."""
    return np.asarray(values, np.float32).reshape(3, 1)


def dot(a: Floats, b: Floats) -> Floats:
    """Return the row of dot products of two bundles."""
    result: Floats = a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
    return result


def normalized(a: Floats) -> Floats:
    """Return a bundle scaled to unit length."""
    return a / np.sqrt(np.maximum(dot(a, a), np.float32(1e-20)))


def reflected(direction: Floats, normal: Floats) -> Floats:
    """Mirror directions at surfaces."""
    result: Floats = direction - 2 * dot(direction, normal) * normal
    return result


def refracted(direction: Floats, normal: Floats, ratio: Floats) -> tuple[Floats, Floats]:
    """Bend directions at surfaces between two dielectrics.

    Args:
        direction: Unit directions, towards the surface.
        normal: Unit normals that face the incoming ray.
        ratio: Refractive index before the surface over the one behind it, shape (n,).

    Returns:
        The bent directions, and the share of light that is reflected instead (1 where reflection is total).
    """
    cos_in = np.clip(-dot(direction, normal), 0, 1)
    sin2_out = ratio * ratio * (1 - cos_in * cos_in)
    cos_out = np.sqrt(np.maximum(1 - sin2_out, 0))
    parallel = (cos_in - ratio * cos_out) / np.maximum(cos_in + ratio * cos_out, 1e-6)
    crossed = (ratio * cos_in - cos_out) / np.maximum(ratio * cos_in + cos_out, 1e-6)
    share = np.where(sin2_out >= 1, np.float32(1), (parallel * parallel + crossed * crossed) / 2)
    return normalized(ratio * direction + (ratio * cos_in - cos_out) * normal), share.astype(np.float32)


def tangents(normal: Floats) -> tuple[Floats, Floats]:
    """Return two directions that complete normals to orthonormal frames."""
    flat = np.abs(normal[1]) > 0.95
    guide = np.stack((np.where(flat, 1, 0), np.where(flat, 0, 1), np.zeros_like(normal[0]))).astype(np.float32)
    first = normalized(cross(guide, normal))
    return first, cross(normal, first)


def cross(a: Floats, b: Floats) -> Floats:
    """Return the cross products of two bundles."""
    return np.stack((a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]))


def cosine_directions(normal: Floats, rng: np.random.Generator) -> Floats:
    """Draw directions over hemispheres with density cos/pi."""
    count = normal.shape[1]
    turn = rng.random(count, np.float32) * np.float32(2 * np.pi)
    square = rng.random(count, np.float32)
    radius = np.sqrt(square)
    first, second = tangents(normal)
    result: Floats = radius * np.cos(turn) * first + radius * np.sin(turn) * second + np.sqrt(1 - square) * normal
    return result
