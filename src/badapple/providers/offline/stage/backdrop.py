"""Backdrops by style: the six sets, and the still painting of one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from badapple.providers.offline.stage.look import resolve
from badapple.providers.offline.stage.paint import Picture
from badapple.providers.offline.stage.scenery import Kind
from badapple.providers.offline.stage.sets.bokeh import Bokeh
from badapple.providers.offline.stage.sets.confetti import Confetti
from badapple.providers.offline.stage.sets.grid import Grid
from badapple.providers.offline.stage.sets.horizon import Horizon
from badapple.providers.offline.stage.sets.poster import Poster
from badapple.providers.offline.stage.sets.slab import Slab
from badapple.providers.offline.stage.staging import Spot, seeded

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from badapple.models import Product
    from badapple.providers.offline.stage.scenery import Scenery
    from badapple.styles import Style

__all__ = ["paint_backdrop", "scenery_of"]

_SETS: dict[str, type[Scenery]] = {
    "bokeh": Bokeh,
    "poster": Poster,
    "horizon": Horizon,
    "slab": Slab,
    "confetti": Confetti,
    "grid": Grid,
}


def scenery_of(style: Style) -> Scenery:
    """Return the set of a style."""
    return _SETS[style.motion.set]()


def paint_backdrop(
    style: Style, product: Product, *, width: int, height: int, seed: int, variant: int, spot: Spot | None = None
) -> NDArray[np.uint8]:
    """Paint a style's backdrop, RGB bytes (height, width, 3).

    Args:
        style: the look.
        product: its colours are followed, and its outline kept visible.
        width: px; the picture's shape should be near 9:16.
        height: px.
        seed: picks among equally good details.
        variant: 0 hero, 1 detail, 2 facts, 3 closing, 4 end card.
        spot: where the product will stand, layout px; light and floor gather there.
    """
    kind = tuple(Kind)[variant % len(Kind)]
    look = resolve(style, product)
    rng = seeded(style.name, seed, variant)
    picture = Picture(1080, 1080 * height / width, scale=width / 1080, ground=look.stops[1])
    scenery_of(style).ground(picture, look, rng, kind=kind, spot=spot or Spot(540, 1000, 700, 620))
    return picture.ground(rng)[:height, :width]
