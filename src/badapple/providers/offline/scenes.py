"""Films a product photo: moving scenes drawn frame by frame from one picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

from badapple import process
from badapple.media.branding import dressed
from badapple.models import Family, Maker, SceneOffer
from badapple.ports import WorksHere
from badapple.providers.offline.stage import cutout, photo, words

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from badapple.media.fonts import FontBook
    from badapple.models import SceneOrder
    from badapple.ports import Frames
    from badapple.providers.offline.stage.timeline import Timeline
    from badapple.styles import Style

__all__ = ["OfflineSceneRenderer"]

#: How each family of products is filmed. Each function sets one scene.
FILMS: dict[Family, Callable[[SceneOrder, Style, FontBook], Timeline]] = {
    Family.CUTOUT: cutout.film,
    Family.PHOTO: photo.film,
    Family.TYPE: words.film,
}


class OfflineSceneRenderer(WorksHere):
    """Implements `ports.SceneRenderer` with sprites and sub-pixel warps: no model, no network.

    Args:
        book: fonts.
        style_dirs: folders with the user's own styles.
    """

    maker = Maker(name="offline", model="scenes-2", generated=False)
    offer = SceneOffer(lengths=(), frames=True)

    def __init__(self, *, book: FontBook, style_dirs: tuple[Path, ...] = ()) -> None:
        self._book = book
        self._style_dirs = style_dirs

    async def render(self, order: SceneOrder, folder: Path) -> Frames:  # noqa: ARG002 - nothing is written
        """Prepare the scene's sprites and return its frames, to be drawn on demand."""
        timeline = await process.in_thread(self.prepare, order)
        return timeline  # noqa: RET504 - returned at once, mypy takes `prepare` to return any Frames

    def prepare(self, order: SceneOrder) -> Timeline:
        """Set the scene, here and now; takes well under a second."""
        style = dressed(order.style, order.brand, self._style_dirs)
        return FILMS[order.product.family](order, style, self._book)
