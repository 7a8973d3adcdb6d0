"""The set: where lights, paper and camera stand."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from photo_studio.label import draw_label
from photo_studio.lights import Softbox
from photo_studio.rays import Floats, Triple, column, cross, normalized
from photo_studio.sweep import Sweep, turned
from photo_studio.tracer import Studio

TURN = 0.20  # radians by which the flacon is turned away from the camera


def build_studio(rng: np.random.Generator) -> Studio:
    """Set up lights, paper and product."""
    lights = tuple(_placed(light) for light in _lights())
    sweep = Sweep(
        turn=TURN,
        paper=(0.80, 0.775, 0.74),
        lamp=(3.5, 3.40, 3.22),
        lamp_height=6,
        lamp_spread=12.5,
        bounce=0.16,
    )
    sweep.light(lights)
    label, foil = draw_label()
    return Studio(
        lights=lights,
        sweep=sweep,
        label=label,
        foil=foil,
        gloss=1.0,
        gloss_spread=0.035,
        brushing=_brushed_lines(rng),
    )


def _lights() -> tuple[Softbox, ...]:
    """Return the softboxes in studio coordinates: the camera looks along -z."""
    return (
        Softbox(centre=(-19, 15, 5), aim=(0, 6, 0), width=5, height=26, radiance=(9.0, 8.8, 8.5)),
        Softbox(centre=(20, 14, 1), aim=(0, 6, 0), width=3.4, height=24, radiance=(7.4, 7.3, 7.2)),
        Softbox(centre=(-10, 34, -9), aim=(0, 3, 0), width=12, height=9, radiance=(25.0, 24.2, 23.0)),
        Softbox(centre=(-13, 20, 36), aim=(0, 5, 0), width=16, height=16, radiance=(16.0, 15.5, 14.8), rim=0.5),
        Softbox(
            centre=(10.4, 15, 28), aim=(0, 13, 0), width=2.6, height=28, radiance=(15.0, 14.8, 14.4), rim=0.5, core=0
        ),
        Softbox(centre=(23, 14, 17), aim=(0, 6, 0), width=13, height=24, radiance=(1.5, 1.45, 1.4), rim=0.4),
        Softbox(
            centre=(-0.42, 4.0, -2.06),
            aim=(11.5, 4.0, 56.7),
            width=6.3,
            height=7.7,
            radiance=(2.1, 1.98, 1.75),
            rim=0.35,
            core=0.8,
        ),
        Softbox(centre=(-12.5, 15, -6), aim=(0, 3, 0), width=4, height=4, radiance=(66.0, 62.5, 57.0), rim=0.3),
        *(_flag(side) for side in (-1, 1)),
    )


def _flag(side: int) -> Softbox:
    """Return a black card just out of the frame: it draws the dark edge lines that make glass look like glass."""
    return Softbox(
        centre=(side * 22.3, 9, -18),
        aim=(side * 22.3, 9, 30),
        width=24,
        height=30,
        radiance=(0.02, 0.02, 0.02),
        rim=0.02,
    )


def _placed(light: Softbox) -> Softbox:
    centre, aim = (turned(column(point), -TURN) for point in (light.centre, light.aim))
    return Softbox(
        centre=_triple(centre),
        aim=_triple(aim),
        width=light.width,
        height=light.height,
        radiance=light.radiance,
        rim=light.rim,
        core=light.core,
    )


def _triple(point: Floats) -> Triple:
    return float(point[0, 0]), float(point[1, 0]), float(point[2, 0])


def _brushed_lines(rng: np.random.Generator) -> Floats:
    """Return the tilt of fine vertical brush lines around the cap, (1024,)."""
    noise = rng.normal(0, 1, (1, 1024)).astype(np.float32)
    fine = cv2.GaussianBlur(noise, (0, 0), 1.2)[0] * 2
    coarse = cv2.GaussianBlur(noise, (0, 0), 5)[0] * 3
    lines: Floats = (0.035 * fine + 0.02 * coarse).astype(np.float32)
    return lines


@dataclass(frozen=True, slots=True, kw_only=True)
class Camera:
    """A long lens on a tripod."""

    eye: Triple = (0, 11.5, 74.0)
    target: Triple = (0, 5.75, 0)
    frame_height: float = 19.6  #: cm in focus from the lower to the upper edge
    aperture: float = 0.55  #: cm; radius of the lens opening

    def rays(self, x: Floats, y: Floats, aspect: float, rng: np.random.Generator) -> tuple[Floats, Floats]:
        """Return origins and directions for frame positions -1..1 (right, up), in product coordinates."""
        eye, target = column(self.eye), column(self.target)
        forward = normalized(target - eye)
        right = normalized(cross(forward, column((0, 1, 0))))
        up = cross(right, forward)
        half = self.frame_height / 2
        # The focal plane lies a little before the middle, on the label.
        spot = target + column((0, 0, 1.6)) + half * (x * aspect * right + y * up)
        radius = self.aperture * np.sqrt(rng.random(x.size, np.float32))
        turn = rng.random(x.size, np.float32) * np.float32(2 * np.pi)
        origin = eye + radius * np.cos(turn) * right + radius * np.sin(turn) * up
        return turned(origin.astype(np.float32), -TURN), turned(normalized(spot - origin).astype(np.float32), -TURN)
