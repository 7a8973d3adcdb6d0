"""Light paths through glass, juice, metal and paper."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from photo_studio import flacon
from photo_studio.flacon import AIR, CAVITY, GLASS
from photo_studio.lights import DARKNESS, Softbox, light_seen
from photo_studio.rays import (
    EPSILON,
    FAR,
    Bools,
    Floats,
    Indices,
    Triple,
    column,
    cosine_directions,
    cross,
    dot,
    normalized,
    reflected,
    refracted,
)
from photo_studio.sweep import Sweep, sampled

_BOUNCES = 14
_LABEL_BACK = (0.62, 0.57, 0.50)


@dataclass(slots=True)
class Paths:
    """Light paths on their way, one column each."""

    origin: Floats
    direction: Floats
    share: Floats  #: what is left of the light, (3, n)
    medium: Indices
    home: Indices  #: which result the path adds to

    def __getitem__(self, chosen: Bools | Indices) -> Paths:
        return Paths(
            self.origin[:, chosen],
            self.direction[:, chosen],
            self.share[:, chosen],
            self.medium[chosen],
            self.home[chosen],
        )

    @property
    def count(self) -> int:
        """How many paths are alive."""
        return self.home.size


def _joined(parts: list[Paths]) -> Paths:
    return Paths(
        np.concatenate([part.origin for part in parts], axis=1),
        np.concatenate([part.direction for part in parts], axis=1),
        np.concatenate([part.share for part in parts], axis=1),
        np.concatenate([part.medium for part in parts]),
        np.concatenate([part.home for part in parts]),
    )


@dataclass(slots=True, kw_only=True)
class Studio:
    """Everything a path can meet."""

    lights: tuple[Softbox, ...]
    sweep: Sweep
    label: Floats
    foil: Floats
    label_light: Floats | None = None  #: irradiance on the label, (rows, columns, 3), first row at the bottom
    gloss: float = 0.0  #: how strongly the paper mirrors
    gloss_spread: float = 0.06
    brushing: Floats | None = None  #: tilt of the brushed lines around the cap

    def surroundings(self, origin: Floats, direction: Floats) -> Floats:
        """Return what rays see where the flacon is out of the way."""
        wall = self.sweep.seen(origin, direction)
        radiance, clear = light_seen(self.lights, origin, direction, wall)
        on_paper = clear & (wall < FAR)
        paper = self.sweep.radiance(origin[:, on_paper] + wall[on_paper] * direction[:, on_paper])
        radiance[:, on_paper] = paper
        radiance[:, clear & (wall >= FAR)] = column(DARKNESS)
        return radiance

    def trace(self, origin: Floats, direction: Floats, rng: np.random.Generator) -> Floats:
        """Return the radiance along rays that start outside the flacon, (3, n)."""
        count = origin.shape[1]
        total = np.zeros((3, count), np.float32)
        paths = Paths(
            origin,
            direction,
            np.ones_like(origin),
            np.zeros(count, np.intp),
            np.arange(count, dtype=np.intp),
        )
        for bounce in range(_BOUNCES):
            parts = [
                self._through_air(paths[paths.medium == AIR], total, rng, first=bounce == 0),
                self._through_glass(paths[paths.medium == GLASS], rng),
                self._through_cavity(paths[paths.medium == CAVITY], rng),
            ]
            paths = _joined(parts)
            paths = paths[paths.share.max(axis=0) > 0.006]
            if paths.count == 0:
                break
        _gather(total, paths, np.broadcast_to(column((0.3, 0.2, 0.1)), paths.share.shape))
        return total

    def _through_air(self, paths: Paths, total: Floats, rng: np.random.Generator, *, first: bool) -> Paths:
        solids = [flacon.GLASS_BODY, *(metal.solid for metal in flacon.METALS)]
        near = flacon.BOUNDS.touched(paths.origin, paths.direction)
        reaches = np.full((len(solids), paths.count), FAR, np.float32)
        for row, solid in enumerate(solids):
            reaches[row, near] = solid.enter(paths.origin[:, near], paths.direction[:, near])
        which, reach = reaches.argmin(axis=0), reaches.min(axis=0)
        missed = reach >= FAR
        parts = [self._leave_flacon(paths[missed], total, rng, first=first)]
        for row in range(len(solids)):
            chosen = ~missed & (which == row)
            met = paths[chosen]
            met.origin = met.origin + reach[chosen] * met.direction
            if row == 0:
                parts.extend(self._meet_glass(met, total, rng, first=first))
            else:
                parts.append(self._meet_metal(met, flacon.METALS[row - 1], rng))
        return _joined(parts)

    def _leave_flacon(self, paths: Paths, total: Floats, rng: np.random.Generator, *, first: bool) -> Paths:
        _gather(total, paths, self.surroundings(paths.origin, paths.direction))
        if not first or self.gloss == 0:
            return paths[np.zeros(paths.count, np.bool_)]
        floor = self.sweep.seen(paths.origin, paths.direction)
        spot = paths.origin + np.where(floor < FAR, floor, 0) * paths.direction
        shiny = paths[(floor < FAR) & (spot[1] < 0.02)]
        spot = spot[:, (floor < FAR) & (spot[1] < 0.02)]
        normal = np.zeros_like(spot)
        normal[1] = 1
        normal = normalized(normal + rng.normal(0, self.gloss_spread, spot.shape).astype(np.float32))
        cosine = np.clip(-dot(shiny.direction, normal), 0, 1)
        # Only the flacon's own mirror image matters; fading it with distance hides where the flat table ends.
        nearby = np.exp(-((spot[0] ** 2 + spot[2] ** 2) / 60))
        shiny.share = shiny.share * (self.gloss * nearby * (0.04 + 0.96 * (1 - cosine) ** 5))
        shiny.direction = reflected(shiny.direction, normal)
        shiny.direction[1] = np.abs(shiny.direction[1])
        shiny.origin = spot + EPSILON * column((0, 1, 0))
        return shiny

    def _meet_glass(self, paths: Paths, total: Floats, rng: np.random.Generator, *, first: bool) -> list[Paths]:
        printed = self._on_label(paths.origin)
        parts = [self._meet_label(paths[printed], total, rng)]
        paths = paths[~printed]
        normal = flacon.GLASS_BODY.normals(paths.origin)
        ratio = np.full(paths.count, 1 / flacon.GLASS_INDEX, np.float32)
        bent, mirrored = refracted(paths.direction, normal, ratio)
        if not first:
            parts.append(_choose(paths, normal, (bent, mirrored), GLASS, rng))
            return parts
        # Both ways are followed where the eye looks: choosing one by chance would sparkle in the highlights.
        for direction, share, medium, side in (
            (reflected(paths.direction, normal), mirrored, AIR, 1),
            (bent, 1 - mirrored, GLASS, -1),
        ):
            parts.append(
                Paths(
                    paths.origin + side * EPSILON * normal,
                    direction,
                    paths.share * share,
                    np.full(paths.count, medium, np.intp),
                    paths.home,
                ),
            )
        return parts

    def _on_label(self, points: Floats) -> Bools:
        half_x, half_y = flacon.LABEL_HALF
        front = points[2] > flacon.GLASS_BODY.half[2] - 0.01
        within: Bools = front & (np.abs(points[0]) < half_x) & (np.abs(points[1] - flacon.LABEL_MIDDLE) < half_y)
        return within

    def _meet_label(self, paths: Paths, total: Floats, rng: np.random.Generator) -> Paths:
        half_x, half_y = flacon.LABEL_HALF
        across = (paths.origin[0] / half_x + 1) / 2
        down = (flacon.LABEL_MIDDLE + half_y - paths.origin[1]) / (2 * half_y)
        rows, columns, _ = self.label.shape
        paper = sampled(self.label, down * rows - 0.5, across * columns - 0.5)
        gilt = sampled(self.foil, down * rows - 0.5, across * columns - 0.5)[0]
        if self.label_light is None:
            return paths[np.zeros(paths.count, np.bool_)]
        rows, columns, _ = self.label_light.shape
        light = sampled(self.label_light, (1 - down) * (rows - 1), across * (columns - 1))
        _gather(total, paths, (1 - gilt) * paper * light / np.float32(np.pi))
        foil = paths[gilt > 0.02]
        normal = np.zeros_like(foil.origin)
        normal[2] = 1
        normal = normalized(normal + rng.normal(0, 0.22, normal.shape).astype(np.float32))
        foil.share = foil.share * gilt[gilt > 0.02] * column((0.80, 0.60, 0.30))
        foil.direction = reflected(foil.direction, normal)
        foil.direction[2] = np.abs(foil.direction[2])
        foil.origin = foil.origin + column((0, 0, EPSILON))
        return foil

    def _meet_metal(self, paths: Paths, metal: flacon.Metal, rng: np.random.Generator) -> Paths:
        normal = metal.solid.normals(paths.origin)
        around = normalized(cross(np.broadcast_to(column((0, 1, 0)), normal.shape), normal + EPSILON))
        up = cross(normal, around)
        tilt = rng.normal(0, metal.across, paths.count).astype(np.float32)
        if metal.streaks and self.brushing is not None:
            angle = np.arctan2(paths.origin[0], paths.origin[2]) / (2 * np.pi) + 0.5
            lines = self.brushing[(angle * (self.brushing.size - 1)).astype(np.intp)]
            tilt = tilt + np.where(np.abs(normal[1]) < 0.5, lines * metal.streaks, 0)
        rise = rng.normal(0, metal.along, paths.count).astype(np.float32)
        rough = normalized(normal + tilt * around + rise * up)
        cosine = np.clip(-dot(paths.direction, rough), 0, 1)
        tint = column(metal.tint)
        share = paths.share * (tint + (1 - tint) * (1 - cosine) ** 5)
        direction = reflected(paths.direction, rough)
        under = dot(direction, normal)
        direction = normalized(direction + np.maximum(0.02 - under, 0) * normal)
        return Paths(paths.origin + EPSILON * normal, direction, share, paths.medium, paths.home)

    def _through_glass(self, paths: Paths, rng: np.random.Generator) -> Paths:
        inner = flacon.HOLLOW.enter(paths.origin, paths.direction)
        outer = flacon.GLASS_BODY.leave(paths.origin, paths.direction)
        inwards = inner < outer
        paths = _travelled(paths, np.where(inwards, inner, outer), flacon.GLASS_ABSORBS)
        into = paths[inwards]
        normal = flacon.HOLLOW.normals(into.origin)
        behind = np.where(into.origin[1] < flacon.JUICE_LEVEL, flacon.JUICE_INDEX, 1).astype(np.float32)
        bent, mirrored = refracted(into.direction, normal, flacon.GLASS_INDEX / behind)
        parts = [_choose(into, normal, (bent, mirrored), CAVITY, rng)]
        out = paths[~inwards]
        backed = self._on_label(out.origin)
        parts.append(_meet_label_back(out[backed], rng))
        out = out[~backed]
        footed = (out.origin[1] < 0.02) & (out.direction[1] < 0)
        parts.append(_meet_plate(out[footed], rng))
        out = out[~footed]
        normal = -flacon.GLASS_BODY.normals(out.origin)
        ratio = np.full(out.count, flacon.GLASS_INDEX, np.float32)
        bent, mirrored = refracted(out.direction, normal, ratio)
        parts.append(_choose(out, normal, (bent, mirrored), AIR, rng))
        return _joined(parts)

    def _through_cavity(self, paths: Paths, rng: np.random.Generator) -> Paths:
        wet = paths.origin[1] < flacon.JUICE_LEVEL
        wall = flacon.HOLLOW.leave(paths.origin, paths.direction)
        rise = np.where(np.abs(paths.direction[1]) < 1e-9, np.float32(1e-9), paths.direction[1])
        level = (flacon.JUICE_LEVEL - paths.origin[1]) / rise
        level = np.where(level > 0, level, FAR)
        tube = flacon.TUBE.enter(paths.origin, paths.direction)
        reach = np.minimum(np.minimum(wall, level), tube)
        colour = np.where(wet, column(flacon.JUICE_ABSORBS), 0)
        ends = _travelled(paths, reach, colour)
        here = np.where(wet, np.float32(flacon.JUICE_INDEX), np.float32(1))
        at_tube, at_level = tube <= reach, (level <= reach) & (tube > reach)
        at_wall = ~at_tube & ~at_level
        parts = [_meet_tube(ends[at_tube], rng)]
        top = ends[at_level]
        normal = np.zeros_like(top.origin)
        normal[1] = -np.sign(top.direction[1])
        there = np.where(wet[at_level], np.float32(1), np.float32(flacon.JUICE_INDEX))
        bent, mirrored = refracted(top.direction, normal, here[at_level] / there)
        parts.append(_choose(top, normal, (bent, mirrored), CAVITY, rng))
        side = ends[at_wall]
        normal = -flacon.HOLLOW.normals(side.origin)
        bent, mirrored = refracted(side.direction, normal, here[at_wall] / np.float32(flacon.GLASS_INDEX))
        parts.append(_choose(side, normal, (bent, mirrored), GLASS, rng))
        return _joined(parts)


def _gather(total: Floats, paths: Paths, radiance: Floats) -> None:
    """Add light to the results; a result may be fed by several paths at once."""
    light = paths.share * radiance
    for channel in range(3):
        total[channel] += np.bincount(paths.home, light[channel], total.shape[1]).astype(np.float32)


def _travelled(paths: Paths, reach: Floats, absorbs: Floats | Triple) -> Paths:
    colour = column(absorbs) if isinstance(absorbs, tuple) else absorbs
    reach = np.where(reach < FAR, reach, 0).astype(np.float32)
    return Paths(
        paths.origin + reach * paths.direction,
        paths.direction,
        paths.share * np.exp(-colour * reach),
        paths.medium,
        paths.home,
    )


def _choose(
    paths: Paths,
    normal: Floats,
    split: tuple[Floats, Floats],
    behind: int,
    rng: np.random.Generator,
) -> Paths:
    """Follow each path either back from a surface or through it, as chance has it.

    Args:
        paths: Paths that have come to a surface.
        normal: Unit normals that face the paths.
        split: What `refracted` said: the bent directions, and the share of light that is mirrored.
        behind: The medium behind the surface.
        rng: Tosses the coins.
    """
    bent, mirrored = split
    back = rng.random(paths.count, np.float32) < mirrored
    direction = np.where(back, reflected(paths.direction, normal), bent)
    side = np.where(back, np.float32(EPSILON), np.float32(-EPSILON))
    return Paths(
        paths.origin + side * normal,
        direction,
        paths.share,
        np.where(back, paths.medium, behind),
        paths.home,
    )


def _meet_label_back(paths: Paths, rng: np.random.Generator) -> Paths:
    normal = -flacon.GLASS_BODY.normals(paths.origin)
    return Paths(
        paths.origin + EPSILON * normal,
        cosine_directions(normal, rng),
        paths.share * column(_LABEL_BACK),
        paths.medium,
        paths.home,
    )


def _meet_plate(paths: Paths, rng: np.random.Generator) -> Paths:
    normal = column((0, 1, 0)) + rng.normal(0, 0.03, paths.origin.shape).astype(np.float32)
    direction = reflected(paths.direction, normalized(normal))
    direction[1] = np.abs(direction[1])
    return Paths(
        paths.origin + EPSILON * column((0, 1, 0)),
        normalized(direction),
        paths.share * column(flacon.PLATE),
        paths.medium,
        paths.home,
    )


def _meet_tube(paths: Paths, rng: np.random.Generator) -> Paths:
    """Let the thin plastic tube scatter a little and let the rest pass."""
    normal = flacon.TUBE.normals(paths.origin)
    cosine = np.clip(-dot(paths.direction, normal), 0, 1)
    back = rng.random(paths.count, np.float32) < 0.10 + 0.6 * (1 - cosine) ** 3
    beyond = flacon.TUBE.leave(paths.origin - EPSILON * normal, paths.direction) + 4 * EPSILON
    return Paths(
        np.where(back, paths.origin + EPSILON * normal, paths.origin + beyond * paths.direction),
        np.where(back, reflected(paths.direction, normal), paths.direction),
        paths.share * np.where(back, np.float32(0.9), np.float32(0.97)),
        paths.medium,
        paths.home,
    )
