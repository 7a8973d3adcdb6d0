"""Layers over a moving picture: drawn once, blended into each frame inside their own boxes."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from badapple.media import planes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from badapple.models import TextBox

    Plane = NDArray[np.uint8]

__all__ = ["LEAVES", "Layer", "Layers", "Manner"]

#: How a layer arrives: it only fades in, or comes from below, from the left, out of its own lower edge, or grows.
Manner = Literal["fade", "rise", "slide", "whip", "mask", "pop"]

LEAVES = 8  #: frames in which a layer fades out
_LENGTHS: dict[Manner, float] = {"fade": 14, "rise": 18, "slide": 18, "whip": 11, "mask": 16, "pop": 14}
_FADES: dict[Manner, float] = {"fade": 1.0, "rise": 0.8, "slide": 0.7, "whip": 0.5, "mask": 0.2, "pop": 0.35}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Layer:
    """A picture that comes, stays and goes.

    Attributes:
        rgba: (h, w, 4) float32, premultiplied, 0-1, canvas px.
        left: canvas px.
        top: canvas px.
        start: first frame it is seen on.
        end: frame after the last.
        manner: how it arrives.
        travel: canvas px it comes from, right and down.
    """

    rgba: NDArray[np.float32]
    left: int
    top: int
    start: int
    end: int
    manner: Manner = "fade"
    travel: tuple[float, float] = (0.0, 0.0)

    @property
    def settled(self) -> int:
        """First frame on which it stands still."""
        return self.start + math.ceil(_LENGTHS[self.manner])


class Layers:
    """Layers that are blended into I420 frames, and the text on them.

    While all that stays stands still (most of the time) it is one picture; a frame costs one blending of its box.
    """

    boxes: tuple[TextBox, ...]

    def __init__(self, layers: Sequence[Layer], boxes: Sequence[TextBox], *, size: tuple[int, int]) -> None:
        """Prepare the layers.

        Args:
            layers: in drawing order.
            boxes: all text on them.
            size: width and height of the frames, px.
        """
        self.boxes = tuple(boxes)
        last = max((layer.end for layer in layers), default=0)
        staying = [layer for layer in layers if layer.end == last]
        self._moving = [_Sprite(layer, size) for layer in layers]
        self._still = range(max((layer.settled for layer in staying), default=0), last - LEAVES)
        self._whole = _Sprite(_merged(staying), size) if self._still and staying else None
        self._passing = [sprite for sprite in self._moving if sprite.layer.end != last]

    def draw(self, index: int, out: NDArray[np.uint8]) -> None:
        """Blend what is seen at frame `index` into the frame."""
        target = planes.split(out)
        if self._whole is not None and index in self._still:
            self._whole.put(target)
            for sprite in self._passing:
                sprite.draw(index, target)
        else:
            for sprite in self._moving:
                sprite.draw(index, target)


class _Place(NamedTuple):
    """How strongly a layer is seen, how far from its place (px), how large."""

    opacity: float
    x: float = 0.0
    y: float = 0.0
    scale: float = 1.0


class _Sprite:
    """A layer as premultiplied planes of even size at an even place, so that chroma keeps in step with luma."""

    def __init__(self, layer: Layer, size: tuple[int, int]) -> None:
        self.layer = replace(layer, rgba=np.empty((0, 0, 4), np.float32))
        rgba, left, top = _evened(layer, size)
        self._left, self._top = left, top
        self._size = size
        self._packed = _packed(rgba)
        self._parts = _parts(self._packed)

    def draw(self, index: int, target: tuple[Plane, Plane, Plane]) -> None:
        """Blend it as it is at a frame."""
        if not self.layer.start <= index < self.layer.end:
            return
        place = self._place(index)
        if place.opacity * 255 < 1:
            return
        if (place.x, place.y, place.scale) != (0, 0, 1):
            self._put_on_its_way(target, place)
        elif place.opacity < 1:
            _blend(target, tuple(_scaled(part, place.opacity) for part in self._parts), self._left, self._top)
        else:
            self.put(target)

    def put(self, target: tuple[Plane, Plane, Plane]) -> None:
        """Blend it as it is at rest."""
        _blend(target, self._parts, self._left, self._top)

    def _place(self, index: int) -> _Place:
        layer = self.layer
        step = min(1.0, (index - layer.start + 1) / _LENGTHS[layer.manner])
        opacity = min(1.0, step / _FADES[layer.manner]) * min(1.0, (layer.end - index) / (LEAVES + 1))
        away = (1 - step) ** 4
        if layer.manner == "pop":
            return _Place(opacity, scale=max(0.3, 1 + 2.0 * (step - 1) ** 3 + 1.2 * (step - 1) ** 2))
        if layer.manner == "mask":
            return _Place(opacity, y=self._packed.shape[0] * away)
        return _Place(opacity, layer.travel[0] * away, layer.travel[1] * away)

    def _put_on_its_way(self, target: tuple[Plane, Plane, Plane], place: _Place) -> None:
        import cv2  # noqa: PLC0415 - heavy

        left, top, right, bottom = self._reached(place)
        if right <= left or bottom <= top:
            return
        height, width = self._packed.shape[:2]
        x, y = width / 2 - 0.5, height / 2 - 0.5  # it grows about its middle
        matrix = np.array(
            [
                [place.scale, 0, x * (1 - place.scale) + self._left + place.x - left],
                [0, place.scale, y * (1 - place.scale) + self._top + place.y - top],
            ]
        )
        moved = np.asarray(cv2.warpAffine(self._packed, matrix, (right - left, bottom - top)), np.uint8)
        _blend(target, _parts(_scaled(moved, place.opacity)), left, top)

    def _reached(self, place: _Place) -> tuple[int, int, int, int]:
        """Return the even rectangle that it touches on its way; out of its own lower edge it rises inside its box."""
        height, width = self._packed.shape[:2]
        grown = max(0.0, place.scale - 1) / 2
        x, y = abs(place.x) + width * grown, abs(place.y) + height * grown
        if self.layer.manner == "mask":
            y = 0.0
        left, top = (math.floor((self._left - x) / 2) * 2, math.floor((self._top - y) / 2) * 2)
        right, bottom = (math.ceil((self._left + width + x) / 2) * 2, math.ceil((self._top + height + y) / 2) * 2)
        return max(0, left), max(0, top), min(self._size[0], right), min(self._size[1], bottom)


def _scaled(part: Plane, share: float) -> Plane:
    import cv2  # noqa: PLC0415 - heavy

    return np.asarray(cv2.convertScaleAbs(part, alpha=share), np.uint8)


def _evened(layer: Layer, size: tuple[int, int]) -> tuple[NDArray[np.float32], int, int]:
    """Return the picture inside the frame, its left, top and size even."""
    height, width = layer.rgba.shape[:2]
    left, top = max(0, layer.left), max(0, layer.top)
    right, bottom = min(size[0], layer.left + width), min(size[1], layer.top + height)
    inside = layer.rgba[top - layer.top : bottom - layer.top, left - layer.left : right - layer.left]
    even = (left // 2 * 2, top // 2 * 2, -(-right // 2) * 2, -(-bottom // 2) * 2)
    rgba = np.zeros((max(0, even[3] - even[1]), max(0, even[2] - even[0]), 4), np.float32)
    rgba[top - even[1] : bottom - even[1], left - even[0] : right - even[0]] = inside
    return rgba, even[0], even[1]


def _packed(rgba: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Return premultiplied Y, U, V and alpha as bytes."""
    import cv2  # noqa: PLC0415 - heavy

    if not rgba.size:
        return np.zeros((*rgba.shape[:2], 4), np.uint8)
    # What is premultiplied stays so: the matrix is linear, and its offset is weighted by alpha.
    yuva = cv2.transform(rgba, planes.PREMULTIPLIED)
    return np.asarray(np.clip(np.rint(yuva), 0, 255), np.uint8)


def _parts(packed: NDArray[np.uint8]) -> tuple[Plane, ...]:
    """Return Y and alpha, then half-size U, V and alpha."""
    import cv2  # noqa: PLC0415 - heavy

    if not packed.size:
        return ()
    half = cv2.resize(packed, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    wanted = ((packed, 0), (packed, 3), (half, 1), (half, 2), (half, 3))
    return tuple(np.asarray(cv2.extractChannel(picture, channel), np.uint8) for picture, channel in wanted)


def _blend(target: tuple[Plane, Plane, Plane], parts: tuple[Plane, ...], left: int, top: int) -> None:
    import cv2  # noqa: PLC0415 - heavy

    if not parts:
        return
    y, alpha, u, v, half = parts
    for plane, over, cover, step in zip(target, (y, u, v), (alpha, half, half), (1, 2, 2), strict=True):
        rows, columns = (
            slice(top // step, top // step + over.shape[0]),
            slice(left // step, left // step + over.shape[1]),
        )
        ground = plane[rows, columns]
        kept = cv2.multiply(ground, cv2.bitwise_not(cover), scale=1 / 255)
        cv2.add(kept, over, dst=ground)


def _merged(layers: Sequence[Layer]) -> Layer:
    """Return layers at rest as one."""
    left, top = min(layer.left for layer in layers), min(layer.top for layer in layers)
    right = max(layer.left + layer.rgba.shape[1] for layer in layers)
    bottom = max(layer.top + layer.rgba.shape[0] for layer in layers)
    rgba = np.zeros((bottom - top, right - left, 4), np.float32)
    for layer in layers:
        height, width = layer.rgba.shape[:2]
        area = rgba[layer.top - top : layer.top - top + height, layer.left - left : layer.left - left + width]
        area *= 1 - layer.rgba[..., 3:]
        area += layer.rgba
    return replace(layers[0], rgba=rgba, left=left, top=top)
