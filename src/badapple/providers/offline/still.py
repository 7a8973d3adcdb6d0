"""The pictures that video models start from: the product on the style's set, without a word on it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from badapple import process
from badapple.media import planes
from badapple.media.branding import dressed
from badapple.media.whole import whole
from badapple.models import Canvas, Family
from badapple.providers.offline.stage import light
from badapple.providers.offline.stage.backdrop import scenery_of
from badapple.providers.offline.stage.look import mix
from badapple.providers.offline.stage.mast import air
from badapple.providers.offline.stage.plate import Mount, Photo, mounted
from badapple.providers.offline.stage.scenery import Dress, Kind, dress
from badapple.providers.offline.stage.staging import LEDGE, PUSH, Spot, Stage, framed, framing, stand
from badapple.providers.offline.viewfinder import view

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from badapple.media.fonts import FontBook
    from badapple.models import SceneOrder
    from badapple.styles import Style

__all__ = ["SIZE", "OfflineStills"]

SIZE = (768, 1344)  #: px; what video models take for an upright clip
_CANVAS = Canvas(width=SIZE[0], height=1366)  #: 9:16; a little is cut off above and below
_LENGTH, _MOMENT = 180, 110  #: the scene is set for so many frames, and seen on this one: all has arrived by then
_QUALITY = 88
_TINY = 300.0  #: layout px; a photo that can be shown no larger hangs in a wide mat
_KINDS = (Kind.HERO, Kind.DETAIL, Kind.FACTS, Kind.CLOSING)


class OfflineStills:
    """Implements `ports.StillPainter` with the sets of the drawn scenes.

    The four scenes of a film give four framings: the whole set, close up, to one side, on a podium.

    Args:
        book: fonts.
        style_dirs: folders with the user's own styles.
    """

    def __init__(self, *, book: FontBook, style_dirs: tuple[Path, ...] = ()) -> None:
        self._book = book
        self._style_dirs = style_dirs

    async def still(self, order: SceneOrder, out: Path) -> None:
        """Write a JPEG 768x1344 to `out`.

        Raises:
            PhotoError: the product's picture cannot be read.
        """
        await process.in_thread(self._still, order, out)

    def _still(self, order: SceneOrder, out: Path) -> None:
        style = dressed(order.style, order.brand, self._style_dirs)
        rgb = self._painted(order, style)
        process.check_stop()
        with whole(out) as part:
            Image.fromarray(rgb).save(part, "JPEG", quality=_QUALITY, subsampling="4:2:0", optimize=True)

    def _painted(self, order: SceneOrder, style: Style) -> NDArray[np.uint8]:
        order = replace(order, canvas=_CANVAS, scene=replace(order.scene, frames=_LENGTH))
        kind = _KINDS[framing(order)]
        if order.product.family is Family.CUTOUT and order.product.cutout is not None:
            return _shot(Stage(order, style, self._book, light.load(order.product.cutout)), kind)
        # A photo brings its own ground: the set need not stand apart from the product's colours.
        stage = Stage(replace(order, product=replace(order.product, palette=())), style, self._book)
        if order.product.family is Family.PHOTO and order.product.photo is not None:
            photo = Photo.of(order.product)
            if kind is Kind.FACTS or max(photo.size) * light.MOST < _TINY:
                return _print(stage, photo, kind)
            return view(photo, _seen_as(order, kind), size=SIZE, look=stage.look, aside=_aside(order))
        return _empty(stage, kind)


def _shot(stage: Stage, kind: Kind) -> NDArray[np.uint8]:
    """Stand the product on the set."""
    scenery, spot = scenery_of(stage.style), framed(stage.order, _spot(stage, kind))
    ground = _ground(stage, kind, spot)
    scenery.behind(stage, spot, _behind(stage, kind))
    if kind is Kind.DETAIL:
        scenery.ledge(stage)
        dress(stage, spot, _near(stage))
    else:
        # On this set only the podium's product is no sticker: a white border would be filmed as a thing of paper.
        sticker = stage.style.motion.set == "confetti"
        scenery.dress(stage, spot, Kind.CLOSING if sticker else kind)
    return _seen(stage, ground)


def _spot(stage: Stage, kind: Kind) -> Spot:
    """Return where the product stands: four sizes and places, each whole inside the frame and below the words."""
    wide = stage.source[0] / stage.source[1]
    tilt = scenery_of(stage.style).tilt(kind, aspect=wide)
    if kind is Kind.DETAIL:
        return stand(stage.source, top=490, foot=LEDGE - 4, widest=980, tallest=768)  # models push in: room for that
    if kind is Kind.FACTS and wide < 0.68:
        spot = stand(stage.source, top=570, foot=1240, widest=430, tallest=700, tilt=tilt)
        return replace(spot, x=730.0, sky=430)
    if kind is Kind.FACTS:
        return replace(stand(stage.source, top=570, foot=1190, widest=820, tallest=600, tilt=tilt), sky=430)
    if kind is Kind.CLOSING:
        return replace(stand(stage.source, top=580, foot=1140, widest=640, tallest=560, tilt=tilt), sky=500)
    return replace(stand(stage.source, top=590, foot=1236, widest=720, tallest=570, tilt=tilt), sky=480)


def _behind(stage: Stage, kind: Kind) -> Kind:
    """Return what stands behind: corner marks and dials are for screens, a camera would film them as things."""
    return Kind.DETAIL if stage.style.motion.set == "grid" and kind in {Kind.HERO, Kind.FACTS} else kind


def _near(stage: Stage) -> Dress:
    """Return the light of a close-up."""
    look, dark = stage.look, stage.look.mode == "dark"
    return Dress(
        rim=mix(look.accent, (255, 255, 255), 0.4),
        rim_strength=0.5 * look.glow if dark else 0.0,
        reflection=0.24 if dark else 0.0,
        floor=(0, 0, 0) if dark else mix(look.stops[0], (0, 0, 0), 0.72),
        floor_opacity=0.7,
        offset=(0, 0),
        push=0.0,
    )


def _print(stage: Stage, photo: Photo, kind: Kind) -> NDArray[np.uint8]:
    """Stand the photo as a mounted print on the set."""
    mount = Mount.of(stage.look, stage.style.motion.set)
    tiny = max(photo.size) * light.MOST < _TINY
    shape = min(max(photo.size[0] / photo.size[1], 0.8), 1.5)
    matted = 150.0 if tiny else 0.0
    widest, tallest = (700.0, 700.0) if kind is Kind.CLOSING else (840.0, 800.0)
    part = photo.cut(shape, 1)
    height = min(
        tallest - mount.mat - mount.foot - 2 * matted,
        (widest - 2 * mount.mat - 2 * matted) / shape,
        part.height * light.MOST / (1 + PUSH),
    )
    stage.cutout = mounted(photo, part, mount, width=height * shape, matted=matted, scale=stage.scale)
    width, tall = (side / stage.scale for side in stage.cutout.shape[1::-1])
    foot = {Kind.CLOSING: 1150.0, Kind.DETAIL: LEDGE - 4}.get(kind, 1240.0)
    spot = framed(stage.order, Spot(540, foot, width, tall, sky=430))
    scenery = scenery_of(stage.style)
    ground = _ground(stage, kind, spot)
    # A print hides what is behind it.
    scenery.behind(stage, spot, Kind.DETAIL)
    if kind is Kind.DETAIL:
        scenery.ledge(stage)
    dress(stage, spot, replace(_near(stage), rim_strength=0.0, reflection=0.0))
    return _seen(stage, ground)


def _seen_as(order: SceneOrder, kind: Kind) -> Kind:
    """Return the framing of a photo: from afar it is seen whole."""
    return Kind.HERO if order.framing == "wide" else kind


def _aside(order: SceneOrder) -> float:
    """Return the share of the frame that the subject stands right of its middle, as far as the photo reaches."""
    return {"left": -0.2, "right": 0.2}.get(order.framing, 0.0)


def _empty(stage: Stage, kind: Kind) -> NDArray[np.uint8]:
    """Show the set alone, with what flies about on it."""
    ground = _ground(stage, kind, Spot(540, 1300, 760, 760, sky=430))
    air(stage)
    return _seen(stage, ground)


def _ground(stage: Stage, kind: Kind, spot: Spot) -> NDArray[np.uint8]:
    picture = stage.backdrop()
    scenery_of(stage.style).ground(picture, stage.look, stage.rng, kind=kind, spot=spot)
    return picture.ground(stage.rng)


def _seen(stage: Stage, ground: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the scene at its best moment, RGB bytes."""
    scene = stage.finish(ground, lambda _: (0.0, 0.0))
    frame = np.empty((_CANVAS.height * 3 // 2, _CANVAS.width), np.uint8)
    scene.draw(_MOMENT, frame)
    cut = (_CANVAS.height - SIZE[1]) // 2
    return np.ascontiguousarray(planes.to_rgb(frame)[cut : cut + SIZE[1]])
