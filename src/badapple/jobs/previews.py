"""What things look and sound like before an ad is made of them, and while it is: made when asked for, then kept.

Photos, cut-outs and stills of scenes are somebody's; samples of styles and voices are the same for everybody. What
takes a second or more is kept in the cache of finished parts, the look at a photo just where the film finds it; small
pictures are kept in memory, and drawn again when it has forgotten them.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy.exc import NoResultFound

from badapple import __version__, styles
from badapple.assets.parts import product_of
from badapple.cache import sha256_of
from badapple.errors import BadappleError, MediaError, NotFoundError, UnknownStyleError
from badapple.jobs import keeping, looks, samples, stills, uploads
from badapple.jobs.files import Found
from badapple.jobs.preview_kit import open_kit
from badapple.jobs.seen import Seen, Sight
from badapple.media import thumbnails
from badapple.models import SCENES, Family
from badapple.process import in_thread
from badapple.product.category import category
from badapple.product.sample import PHOTO
from badapple.storage.content import open_below

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sqlalchemy import Engine

    from badapple.cache import Blob
    from badapple.config import Settings
    from badapple.jobs.preview_kit import PreviewKit
    from badapple.models import Asset
    from badapple.styles import Style

__all__ = ["Look", "Previews", "Sight"]

_log = logging.getLogger("badapple.previews")

_CUTOUT = 640  #: px of its longer side
_SCENES = range(1, SCENES + 1)
_KINDS: dict[Family, Literal["object", "photo", "words"]] = {
    Family.CUTOUT: "object", Family.PHOTO: "photo", Family.TYPE: "words",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What a photo shows.

    Attributes:
        kind: how it is filmed: as an object cut out, as a whole photo, or not at all.
        reason: why, as a sentence.
        palette: the product's colours, `#rrggbb`.
        accent: the one that stands out, or None.
        confidence: of the cut-out, 0-1.
    """

    kind: Literal["object", "photo", "words"]
    reason: str
    palette: tuple[str, ...]
    accent: str | None
    confidence: float

    @property
    def cut_out(self) -> bool:
        """Whether there is a cut-out."""
        return self.kind == "object"

    @staticmethod
    def category(product_name: str) -> str:
        """Return what kind of thing a product of this name is."""
        return category(product_name)


class Previews:
    """Makes previews, few at once, beside the films that are made in the same process; for one event loop.

    Args:
        settings: where things lie.
        engine: the database.
        fetches: how many samples are fetched from vendors at once.
    """

    def __init__(self, settings: Settings, engine: Engine, *, fetches: asyncio.Semaphore) -> None:
        self._settings = settings
        self._engine = engine
        self._fetches = fetches
        self._seen = Seen()
        self._opening = asyncio.Lock()
        self._opened: PreviewKit | None = None

    async def upload_photo(self, owner: str, upload_id: str, width: int) -> Sight:
        """Return an upload's photo, `width` px across.

        Raises:
            NotFoundError: there is no such upload of this owner.
        """
        return self._photo(await in_thread(uploads.order_photo, self._settings, owner, upload_id), width)

    async def look(self, owner: str, upload_id: str) -> Look:
        """Look at an upload's photo, as the film does.

        Raises:
            NotFoundError: there is no such upload of this owner.
            PhotoError: it cannot be used.
        """
        blob = await in_thread(uploads.order_photo, self._settings, owner, upload_id)
        found = product_of(await self._product(blob), category="")
        return Look(
            kind=_KINDS[found.family], reason=f"{found.reason[:1].upper()}{found.reason[1:]}.",
            palette=tuple(_hex(swatch.rgb) for swatch in found.palette),
            accent=_hex(found.accent) if found.accent is not None else None, confidence=found.confidence,
        )  # fmt: skip

    async def cutout(self, owner: str, upload_id: str) -> Sight:
        """Return the product of an upload's photo, cut out.

        Raises:
            NotFoundError: there is no such upload of this owner, or its product does not stand free.
            PhotoError: it cannot be used.
        """
        asset = await self._product(await in_thread(uploads.order_photo, self._settings, owner, upload_id))
        path = product_of(asset, category="").cutout
        if path is None:
            raise NotFoundError("the product of this photo does not stand free", hint="the photo is shown whole")
        name = _name("cutout", asset.digest)
        return Sight(
            name=name, media_type="image/webp", draw=lambda: self._drawn(thumbnails.cutout_webp, path, _CUTOUT)
        )  # fmt: skip

    async def job_photo(self, owner: str, job_id: str, width: int) -> Sight:
        """Return the photo that a job shows, `width` px across.

        Raises:
            NotFoundError: there is no such job of this owner, or it has no photo.
        """
        facts = await in_thread(stills.of_job, self._engine, job_id, owner=owner)
        if facts.photo is not None:
            return self._photo(facts.photo, width)
        found = await self._made(facts.product_key)
        path = product_of(found, category="").photo if found is not None else None
        if found is None or path is None:
            raise NotFoundError(f"the job {job_id!r} has no photo", hint="it shows words alone, or the photo is gone")
        name = _name("photo", found.digest, width)
        return Sight(
            name=name, media_type="image/jpeg", draw=lambda: self._drawn(thumbnails.photo_jpeg, path, width)
        )  # fmt: skip

    async def scene_still(self, owner: str, job_id: str, scene: int, width: int) -> Sight:
        """Return a still of a scene by its id, `width` px across.

        Raises:
            NotFoundError: there is no such job of this owner, its script is not written, or its photo is gone.
        """
        facts = await in_thread(stills.of_job, self._engine, job_id, owner=owner)
        if facts.script is None or scene not in _SCENES:
            raise NotFoundError(
                f"the job {job_id!r} has no script yet", hint="ask again when its events say that the script is written"
            )
        product = await self._made(facts.product_key) or await self._product(facts.photo)
        footage, kit = await self._made(facts.footage.get(scene)), await self._kit()
        shot = stills.shot(
            facts, scene, product, footage=footage, settings=self._settings, renderer=kit.providers.scenes
        )
        made_of = sorted((label, asset.digest) for label, asset in shot.inputs.items())
        name = _name("still", shot.how, json.dumps([shot.source, made_of], sort_keys=True), width)
        return Sight(name=name, media_type="image/jpeg", draw=lambda: self._still(shot, width))

    async def style_sample(self, style: str) -> Found:
        """Return a style in motion: MP4 270x480 without sound.

        Raises:
            NotFoundError: there is no such style.
        """
        look, kit = await self._style(style), await self._kit()
        request = samples.film_request(look, await self._sample(), kit.providers.scenes.maker.signature)
        return await in_thread(
            _found, _told(await kit.samples.run(request), request.label), "film", f"{style}.mp4", "video/mp4"
        )

    async def style_still(self, style: str, width: int) -> Found:
        """Return a style as a picture: JPEG, `width` px across.

        Raises:
            NotFoundError: there is no such style.
        """
        look, kit = await self._style(style), await self._kit()
        request = samples.still_request(look, await self._sample(), kit.providers.scenes.maker.signature, width)
        return await in_thread(
            _found, _told(await kit.looks.run(request), request.label), "still", f"{style}.jpg", "image/jpeg"
        )

    async def voice_sample(self, provider: str, style: str) -> Found:
        """Return a sentence in a style's voice: MP3.

        Raises:
            NotFoundError: there is no such style.
            MissingKeyError: the vendor's key is not set.
            ProviderError: the vendor has no sample of its voice, or not now.
        """
        look, kit = await self._style(style), await self._kit()
        if provider == "offline":
            request = samples.voice_request(look, kit.providers.voice.maker.signature)
            asset = await kit.samples.run(request)
        else:
            request = samples.vendor_voice_request(look, self._settings)
            async with self._fetches:
                asset = await kit.samples.run(request)
        _told(asset, request.label)
        return await in_thread(_found, asset, "voice", f"{style}.mp3", "audio/mpeg")

    async def seen(self, sight: Sight) -> bytes:
        """Return a picture, drawn now or kept from before."""
        return await self._seen.get(sight)

    def _photo(self, blob: Blob, width: int) -> Sight:
        return Sight(
            name=_name("photo", blob.sha256, width), media_type="image/jpeg",
            draw=lambda: self._drawn(_small, blob, self._settings, width),
        )  # fmt: skip

    async def _drawn(self, work: Callable[..., bytes], *args: Any) -> bytes:
        kit = await self._kit()
        async with kit.slots.one():
            try:
                return await in_thread(work, *args)
            except MediaError as error:  # it was removed since it was found
                raise NotFoundError("the picture is gone", hint="ask again, or hand the photo in again") from error

    async def _still(self, shot: stills.Shot, width: int) -> bytes:
        kit = await self._kit()
        async with kit.slots.one():
            with kit.cache.workplace() as folder:
                return await stills.draw(shot, width, picture=kit.picture, painter=kit.painter, folder=folder)

    async def _product(self, blob: Blob | None) -> Asset:
        kit = await self._kit()
        if blob is None:
            return _told(await kit.product(None), "product picture")
        path = await in_thread(_kept, blob, self._settings)
        try:
            found = await kit.product(path, blob.sha256)
        except (BadappleError, NoResultFound) as error:
            if await in_thread(looks.needed, self._engine, self._settings, blob):
                raise
            raise _gone() from error
        if not found.reused and not await in_thread(
            looks.needed, self._engine, self._settings, blob, look=found.key
        ):  # fmt: skip
            raise _gone()  # it was removed while it was looked at: nothing of it may be left
        return _told(found, "product picture")

    async def _sample(self) -> Asset:
        """Return the look at the photo that comes with the package."""
        return await (await self._kit()).product(PHOTO, await in_thread(sha256_of, PHOTO))

    async def _made(self, key: str | None) -> Asset | None:
        """Return a part that is finished, or None."""
        kit = await self._kit()
        return await in_thread(kit.journal.find, key) if key is not None else None

    async def _style(self, name: str) -> Style:
        try:
            return await in_thread(styles.load, name, self._settings.style_dirs)
        except UnknownStyleError as error:
            raise NotFoundError(str(error), hint="`GET /api/v1/styles` lists them") from error

    async def _kit(self) -> PreviewKit:
        async with self._opening:
            if self._opened is None:
                self._opened = await in_thread(open_kit, self._settings, self._engine)
        return self._opened


def _kept(blob: Blob, settings: Settings) -> Path:
    """Return where a photo that is kept lies on this machine.

    Raises:
        NotFoundError: it is gone.
    """
    path = keeping.open_shelf(settings).get(blob)
    if path is None:
        raise _gone()
    return path


def _gone() -> NotFoundError:
    return NotFoundError("the photo is gone", hint="hand it in again")


def _small(blob: Blob, settings: Settings, width: int) -> bytes:
    return thumbnails.photo_jpeg(_kept(blob, settings), width)


def _found(asset: Asset, file: str, name: str, media_type: str) -> Found:
    path = asset.files[file]
    content = open_below(path.parent, (path.name,))
    if content is None:
        raise NotFoundError("the sample is gone", hint="ask again: it is made again")
    content.etag = f'"{path.stem}"'  # in the cache, the hash of its content
    return Found(content=content, name=name, media_type=media_type, inline=True)


def _told(asset: Asset, label: str) -> Asset:
    """Say in the log what was made just now."""
    if not asset.reused:
        _log.info("preview_made", extra={"preview": label, "seconds": asset.seconds})
    return asset


def _name(*parts: object) -> str:
    return hashlib.sha256("\x1f".join(map(str, (__version__, *parts))).encode()).hexdigest()[:32]


def _hex(rgb: tuple[int, int, int]) -> str:
    return f"#{rgb[0]:02x}{rgb[1]:02x}{rgb[2]:02x}"
