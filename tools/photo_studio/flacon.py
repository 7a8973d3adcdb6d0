"""The flacon: what it is made of, where its parts are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from photo_studio.label import HEIGHT, WIDTH
from photo_studio.solids import Prism

if TYPE_CHECKING:
    from photo_studio.rays import Triple

AIR, GLASS, CAVITY = 0, 1, 2  #: where a ray is
GLASS_INDEX, JUICE_INDEX = 1.52, 1.365
GLASS_ABSORBS: Triple = (0.016, 0.010, 0.014)  #: per cm
JUICE_ABSORBS: Triple = (0.08, 0.42, 1.20)  #: per cm
JUICE_LEVEL = 6.75  # cm above the table
LABEL_MIDDLE = 3.95  # cm above the table

GLASS_BODY = Prism(centre=(0, 4.2, 0), half=(3.3, 4.2, 1.75), corner=0.55, edge=0.22)
HOLLOW = Prism(centre=(0, 4.72, 0), half=(2.80, 2.98, 1.28), corner=1.15, edge=0.6)


@dataclass(frozen=True, slots=True, kw_only=True)
class Metal:
    """A part of coated metal."""

    solid: Prism
    tint: Triple  #: mirror colour at normal incidence
    across: float  #: spread of the normal around the axis
    along: float  #: spread of the normal along the axis
    streaks: float = 0.0  #: strength of the brushed lines


_GOLD: Triple = (1.0, 0.715, 0.385)
METALS: tuple[Metal, ...] = (
    Metal(
        solid=Prism(centre=(0, 8.53, 0), half=(1.16, 0.16, 1.16), corner=1.16, edge=0.05),
        tint=(0.62, 0.47, 0.27),
        across=0.02,
        along=0.02,
    ),
    Metal(
        solid=Prism(centre=(0, 8.82, 0), half=(1.66, 0.18, 1.66), corner=1.66, edge=0.09),
        tint=_GOLD,
        across=0.015,
        along=0.015,
    ),
    Metal(
        solid=Prism(centre=(0, 10.72, 0), half=(1.52, 1.72, 1.52), corner=1.52, edge=0.13),
        tint=_GOLD,
        across=0.085,
        along=0.035,
        streaks=1.0,
    ),
)
PLATE: Triple = (
    0.66,
    0.44,
    0.20,
)  #: the gilt plate under the glass, which keeps the foot from vanishing into the paper
TUBE = Prism(centre=(0.12, 4.65, 0), half=(0.13, 2.95, 0.13), corner=0.13, edge=0.02)

TOP = 12.44  #: the highest point
REACH = 3.75  #: radius of the upright cylinder that holds everything
BOUNDS = Prism(centre=(0, TOP / 2, 0), half=(3.3, TOP / 2, 1.75), corner=0.5, edge=0.2)
LABEL_HALF = (WIDTH / 2, HEIGHT / 2)
