"""The stage of one scene while it is being set: its layers, its text boxes, and where the product stands."""

from __future__ import annotations

import math
import zlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import cv2
import numpy as np

from badapple.models import CAPTION_BAND, SAFE_ZONE, Box
from badapple.providers.offline.stage import light
from badapple.providers.offline.stage.look import resolve
from badapple.providers.offline.stage.motion import hold
from badapple.providers.offline.stage.paint import Picture
from badapple.providers.offline.stage.sprites import Ground, Sprite
from badapple.providers.offline.stage.timeline import Moving, Timeline

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from badapple.media.fonts import FontBook
    from badapple.models import SceneOrder, TextBox
    from badapple.providers.offline.stage.look import Look
    from badapple.providers.offline.stage.motion import Path
    from badapple.providers.offline.stage.timeline import Sweep
    from badapple.styles import Style

__all__ = ["LEDGE", "MARGIN", "PUSH", "Spot", "Stage", "framed", "framing", "leaning", "seeded", "stand"]

MARGIN = 32  #: layout px that a ground is larger than the frame on every side
PUSH = 0.055  #: share that a product grows over a scene, at most
LEDGE = 1240.0  #: layout px; below it the ledge of a close-up is opaque, so that captions stand on nothing else
_WHOLE, _CLOSE, _FACTS = 0, 1, 2
#: For each scene, its own framing and those of its further takes: 0 whole, 1 near, 2 with facts, 3 on a podium.
_FRAMINGS = ((0, 1, 3), (1, 3, 0), (_FACTS, 0, 1), (3, 0, 1))
_MIDDLE = 540.0
_SMALL = 0.64  #: size of a product that is seen from afar, by its usual one
_NARROW = 640.0  #: layout px that a product off to one side is wide at most
_AWAY, _EDGE = 200.0, 56.0  #: layout px: how far off the middle, and how near the frame's edge


def seeded(*parts: object) -> np.random.Generator:
    """Return a generator that depends on all parts and on nothing else."""
    return np.random.default_rng(zlib.crc32("\x1f".join(map(str, parts)).encode()))


@dataclass(frozen=True, slots=True)
class Spot:
    """Where the product stands at rest.

    Attributes:
        x: layout px of its middle.
        foot: layout px of its lowest point.
        width: layout px.
        height: layout px.
        tilt: degrees it leans at rest; width and height are its own, `box` is what it covers.
        sky: layout px; what stands behind the product does not reach above this, where the words are.
    """

    x: float
    foot: float
    width: float
    height: float
    sky: float = 200.0
    tilt: float = 0.0

    @property
    def y(self) -> float:
        """Layout px of its middle."""
        return self.foot - self._covers[1] / 2

    @property
    def _covers(self) -> tuple[float, float]:
        return leaning(self.width, self.height, self.tilt)

    @property
    def box(self) -> Box:
        """The product's box at rest."""
        width, height = self._covers
        return Box(left=self.x - width / 2, top=self.foot - height, right=self.x + width / 2, bottom=self.foot)

    def disc(self, share: float, *, least: float = 300.0, most: float = 460.0) -> tuple[float, float]:
        """Return the radius of a disc behind the product and the y of its middle; it stays below the sky."""
        radius = min(most, max(least, self.reach * share))
        return radius, max(self.y, self.sky + radius)

    @property
    def reach(self) -> float:
        """Half the longer side, for what goes round the product."""
        return max(self.width, self.height) / 2


def leaning(width: float, height: float, degrees: float) -> tuple[float, float]:
    """Return the width and height that a leaning rectangle covers."""
    sin, cos = abs(math.sin(math.radians(degrees))), abs(math.cos(math.radians(degrees)))
    return width * cos + height * sin, width * sin + height * cos


def stand(
    size: tuple[int, int], *, top: float, foot: float, widest: float = 890, tallest: float = 720, tilt: float = 0.0
) -> Spot:
    """Return the largest spot of a product of `size` source px between two heights, standing on the lower one."""
    width, height = leaning(*size, tilt)
    # Every product grows a little while it is seen; the largest moment counts.
    scale = min(widest / width, min(tallest, foot - top) / height, light.MOST / (1 + PUSH))
    return Spot(_MIDDLE, foot, size[0] * scale, size[1] * scale, tilt=tilt)


def framing(order: SceneOrder) -> int:
    """Return which of a film's four framings a scene has: its own, and another one for each further take.

    Facts stay in the framing that shows them. Where it is asked for otherwise, a close one is near, and all others show
    the product whole.
    """
    own = (order.scene.id - 1) % len(_FRAMINGS)
    if own == _FACTS and order.scene.points:
        return own
    if order.framing == "close":
        return _CLOSE
    choices = _FRAMINGS[own]
    found = choices[order.take % len(choices)]
    return _WHOLE if found == _CLOSE and order.framing != "auto" else found


def framed(order: SceneOrder, spot: Spot) -> Spot:
    """Return where the product stands as it is asked for: small on its set, or off to one side of it."""
    wide = spot.box.width
    if order.framing == "wide":
        return replace(spot, width=spot.width * _SMALL, height=spot.height * _SMALL)
    if order.framing not in {"left", "right"}:
        return spot
    share = min(1.0, _NARROW / wide)
    away = min(_AWAY, _MIDDLE - _EDGE - wide * share / 2)
    x = _MIDDLE + (away if order.framing == "right" else -away)
    return replace(spot, x=x, width=spot.width * share, height=spot.height * share)


class Stage:
    """A scene being set.

    Args:
        order: what was asked for.
        style: its style.
        book: fonts.
        cutout: the product as straight RGBA, source px.
    """

    def __init__(
        self, order: SceneOrder, style: Style, book: FontBook, cutout: NDArray[np.uint8] | None = None
    ) -> None:
        self.order = order
        self.style = style
        self.book = book
        self.cutout = cutout
        self.look: Look = resolve(style, order.product)
        self.rng = seeded(style.name, order.product_name, order.seed, order.take, order.scene.id)
        self.count = order.scene.frames
        self.canvas = order.canvas
        self.scale = order.canvas.scale
        self.layers: list[Moving] = []
        self.boxes: list[TextBox] = []
        self.keep_out: list[Box] = []  #: small things flying about stay away from these

    @property
    def source(self) -> tuple[int, int]:
        """Width and height of the product, source px."""
        if self.cutout is None:
            raise ValueError("this scene has no cut-out")
        return self.cutout.shape[1], self.cutout.shape[0]

    @property
    def calm(self) -> float:
        """How slow things move: 0.6 (hectic) to 1.3 (calm)."""
        return 1.3 - 0.7 * self.style.motion.energy

    def picture(self, width: float, height: float) -> Picture:
        """Return a clear picture of `width` x `height` layout px; its origin is its middle."""
        return Picture(width, height, scale=self.scale, origin=(-width / 2, -height / 2))

    def backdrop(self) -> Picture:
        """Return an opaque picture of the whole frame and the margin it drifts in."""
        size = (1080 + 2 * MARGIN, 1920 + 2 * MARGIN)
        return Picture(*size, scale=self.scale, origin=(-MARGIN, -MARGIN), ground=self.look.stops[1])

    def strip(self, top: float, *, clear: bool = False) -> Picture:
        """Return a picture of the frame from `top` to its lower end, opaque or clear."""
        ground = None if clear else self.look.stops[1]
        return Picture(1088, 1928 - top, scale=self.scale, origin=(-4, top), ground=ground)

    def add(
        self,
        rgba: NDArray[np.uint8] | Picture | Sprite,
        path: Path,
        *,
        anchor: tuple[float, float] = (0.5, 0.5),
        start: float = 0,
        clip: Box | None = None,
        sweep: Sweep | None = None,
        slides: bool = True,
    ) -> Sprite:
        """Put a picture above what is there; `slides` says that it neither turns nor grows (most of the time)."""
        if isinstance(rgba, Picture):
            rgba = rgba.rgba()
        sprite = rgba if isinstance(rgba, Sprite) else Sprite.of(rgba, anchor=anchor)
        if slides:
            sprite.flat()
        self.layers.append(Moving(sprite, path, start=start, clip=clip, sweep=sweep))
        return sprite

    def product(self, spot: Spot) -> NDArray[np.uint8]:
        """Return the product at the spot's size, canvas px."""
        if self.cutout is None:
            raise ValueError("this scene has no cut-out")
        return light.resized(self.cutout, spot.width * self.scale / self.cutout.shape[1])

    def still(
        self, rgba: NDArray[np.uint8] | Picture, x: float, y: float, *, anchor: tuple[float, float] = (0.5, 0.5)
    ) -> Sprite:
        """Put a picture at a fixed place."""
        return self.add(rgba, hold(x, y), anchor=anchor)

    def lay(self, picture: Picture) -> None:
        """Put a picture where its origin is; an opaque one is dithered, so that its gradients show no bands."""
        rgba = picture.rgba()
        if picture.cover is None:
            rgba[..., :3] = picture.ground(self.rng)
        self.still(rgba, *picture.origin, anchor=(0, 0))

    def veil(
        self, *, top: float, bottom: float, colour: tuple[int, int, int], opacity: float, upwards: bool = False
    ) -> None:
        """Lay a soft gradient of a colour across the frame; it is strongest at the bottom (or the top)."""
        height = max(4, round((bottom - top) * self.scale / 2) * 2)
        fall = np.linspace(0, 1, height, dtype=np.float32)
        fall = (fall * fall * (3 - 2 * fall))[::-1] if upwards else fall * fall * (3 - 2 * fall)
        rgba = np.empty((height, self.canvas.width + 8, 4), np.uint8)
        rgba[..., :3] = colour
        noise = self.rng.random((height, self.canvas.width + 8), dtype=np.float32)
        rgba[..., 3] = np.clip(fall[:, None] * (255 * opacity) + noise, 0, 255)
        self.add(rgba, hold(_MIDDLE, top), anchor=(0.5, 0))

    def finish(
        self, ground: NDArray[np.uint8], drift: Callable[[float], tuple[float, float]], *, product: Box | None = None
    ) -> Timeline:
        """Return the scene; every text box must be where it may be."""
        for note in self.boxes:
            if not SAFE_ZONE.holds(note.box) or note.box.meets(CAPTION_BAND):
                raise ValueError(f"text outside its zone: {note}")
        margin = (ground.shape[1] - self.canvas.width) // 2
        rows = (ground.shape[0] - self.canvas.height) // 2
        if margin != rows:
            ground = cv2.resize(ground, (self.canvas.width + 2 * margin, self.canvas.height + 2 * margin))  # type: ignore[assignment]
        return Timeline(
            self.count,
            tuple(self.boxes),
            self.canvas,
            Ground.of(np.ascontiguousarray(ground), margin=margin),
            drift,
            tuple(self.layers),
            product,
        )
