"""Convex rounded solids that rays enter and leave."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from photo_studio.rays import FAR, Bools, Floats, Triple, column

_STEPS = 40
_TOLERANCE = np.float32(1.5e-4)


@dataclass(frozen=True, slots=True, kw_only=True)
class Prism:
    """An upright box with rounded corners and edges; a cylinder where `corner` equals both half widths."""

    centre: Triple
    half: Triple  #: half extents along x, y, z
    corner: float  #: radius of the four vertical corners
    edge: float  #: radius of the top and bottom edges

    def distance(self, points: Floats) -> Floats:
        """Return signed distances, negative inside."""
        out_x, out_z, out_y = self._outsets(points)
        flat = np.hypot(np.maximum(out_x, 0), np.maximum(out_z, 0)) + np.minimum(np.maximum(out_x, out_z), 0)
        flat = flat - np.float32(self.corner - self.edge)
        tall = out_y
        result: Floats = (
            np.hypot(np.maximum(flat, 0), np.maximum(tall, 0)) + np.minimum(np.maximum(flat, tall), 0) - self.edge
        )
        return result

    def normals(self, points: Floats) -> Floats:
        """Return unit outward normals at surface points."""
        out_x, out_z, out_y = self._outsets(points)
        wide_x, wide_z = np.maximum(out_x, 0), np.maximum(out_z, 0)
        reach = np.hypot(wide_x, wide_z)
        round_corner = reach > 1e-6
        divisor = np.where(round_corner, reach, 1)
        side_x = np.where(round_corner, wide_x / divisor, out_x >= out_z)
        side_z = np.where(round_corner, wide_z / divisor, out_x < out_z)
        flat = reach + np.minimum(np.maximum(out_x, out_z), 0) - np.float32(self.corner - self.edge)
        wide, tall = np.maximum(flat, 0), np.maximum(out_y, 0)
        reach = np.hypot(wide, tall)
        round_edge = reach > 1e-6
        divisor = np.where(round_edge, reach, 1)
        sideways = np.where(round_edge, wide / divisor, flat >= out_y)
        upwards = np.where(round_edge, tall / divisor, flat < out_y)
        signs = np.sign(points - column(self.centre))
        result: Floats = np.stack((sideways * side_x, upwards, sideways * side_z)).astype(np.float32) * signs
        return result

    def enter(self, origin: Floats, direction: Floats) -> Floats:
        """Return how far rays from outside travel to the surface; FAR where they miss."""
        near, far = self.bounds(origin, direction)
        reach = np.full(origin.shape[1], FAR, np.float32)
        active = np.flatnonzero((near < far) & (far > 0))
        travel, limit = np.maximum(near[active], 0), far[active]
        start, heading = origin[:, active], direction[:, active]
        for _ in range(_STEPS):
            if active.size == 0:
                break
            gap = self.distance(start + travel * heading)
            hit = gap < _TOLERANCE
            reach[active[hit]] = travel[hit]
            travel = travel + gap
            going = ~hit & (travel < limit)
            active, travel, limit = active[going], travel[going], limit[going]
            start, heading = start[:, going], heading[:, going]
        return reach

    def leave(self, origin: Floats, direction: Floats) -> Floats:
        """Return how far rays from inside travel to the surface: a convex solid seen from the other end."""
        _, far = self.bounds(origin, direction)
        far = np.maximum(far, 0)
        back = self.enter(origin + far * direction, -direction)
        return np.where(back < FAR, np.maximum(far - back, 0), 0).astype(np.float32)

    def bounds(self, origin: Floats, direction: Floats) -> tuple[Floats, Floats]:
        """Return where rays enter and leave the bounding box, in cm along the ray."""
        inverse = 1 / np.where(np.abs(direction) < 1e-9, np.float32(1e-9), direction)
        middle = (column(self.centre) - origin) * inverse
        half = column(self.half) * np.abs(inverse)
        near, far = middle - half, middle + half
        # Pairwise: reducing over an axis of three is several times slower.
        return np.maximum(np.maximum(near[0], near[1]), near[2]), np.minimum(np.minimum(far[0], far[1]), far[2])

    def touched(self, origin: Floats, direction: Floats) -> Bools:
        """Say which rays cross the bounding box."""
        near, far = self.bounds(origin, direction)
        return (near < far) & (far > 0)

    def _outsets(self, points: Floats) -> tuple[Floats, Floats, Floats]:
        away = np.abs(points - column(self.centre))
        half_x, half_y, half_z = self.half
        inset = np.float32(self.corner)
        return away[0] - half_x + inset, away[2] - half_z + inset, away[1] - half_y + np.float32(self.edge)
