"""What previews are made with: the makers that come with badapple, and places of their own beside the films."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from badapple.assets import LocalRunner
from badapple.assets import recipes as all_recipes
from badapple.assets.picture import PictureRecipes
from badapple.assets.slots import Slots
from badapple.jobs import samples
from badapple.jobs.keeping import open_cache
from badapple.journal import Journal
from badapple.media import ffmpeg as tools
from badapple.media.fonts import FontBook
from badapple.models import AssetRequest, StageName
from badapple.providers import resolve

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Engine

    from badapple.cache import Cache
    from badapple.config import Settings
    from badapple.models import Asset
    from badapple.ports import StillPainter
    from badapple.providers import Providers

__all__ = ["PreviewKit", "open_kit"]

_LOOKS = 2  #: photos that are looked at, and pictures that are drawn, at once: somebody waits for each
_SAMPLES = 1  #: a page asks for all of them at once, and they must not take every core


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewKit:
    """What previews are made with.

    Attributes:
        providers: makers that work here and for nothing.
        cache: where finished parts are.
        journal: what is finished.
        looks: runs the look at a photo, and what is as quick.
        samples: runs what takes longer, one at a time.
        slots: places of `looks`, for what is drawn without it.
        picture: draws scenes as the film does.
        painter: paints the pictures that clips begin with.
    """

    providers: Providers
    cache: Cache
    journal: Journal
    looks: LocalRunner
    samples: LocalRunner
    slots: Slots
    picture: PictureRecipes
    painter: StillPainter

    async def product(self, photo: Path | None, sha256: str = "") -> Asset:
        """Look at a photo as the film does; an ad of this photo finds it done.

        Args:
            photo: as it is kept, or None.
            sha256: of the file.

        Raises:
            PhotoError: it cannot be used.
        """
        order = AssetRequest(kind="product", params={}, stage=StageName.SCRIPT_GEN, label="product picture")
        if photo is not None:
            kept = await self.looks.ingest(photo, kind="photo", sha256=sha256)
            order = replace(order, inputs={"photo": kept.digest})
        return await self.looks.run(order)


def open_kit(settings: Settings, engine: Engine) -> PreviewKit:
    """Return what previews are made with; blocks for a moment.

    Raises:
        ConfigError: ffmpeg or the storage cannot be used.
    """
    from badapple.providers.offline.still import OfflineStills  # noqa: PLC0415 - heavy

    ffmpeg, cache = tools.locate(settings.ffmpeg), open_cache(settings)
    providers, book = resolve(settings, ffmpeg=ffmpeg), FontBook(settings.font_dirs)
    journal, slots = Journal(engine, cache), Slots(_LOOKS)
    made = all_recipes(providers, settings, ffmpeg=ffmpeg) | samples.recipes(providers, settings, ffmpeg=ffmpeg)
    return PreviewKit(
        providers=providers, cache=cache, journal=journal, slots=slots,
        looks=LocalRunner(journal, cache, recipes=made, slots=slots),
        samples=LocalRunner(journal, cache, recipes=made, slots=Slots(_SAMPLES)),
        picture=PictureRecipes(providers=providers, settings=settings, ffmpeg=ffmpeg, book=book),
        painter=OfflineStills(book=book, style_dirs=settings.style_dirs),
    )  # fmt: skip
