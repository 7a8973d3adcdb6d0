"""The compositor's pictures: RGBA turned once into premultiplied YUV, blended into I420 frames at sub-pixel places."""

from __future__ import annotations

import math
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from cv2.typing import MatLike
    from numpy.typing import NDArray

__all__ = ["Ground", "Planes", "Sprite", "planes_of", "to_yuv"]

#: Full-range RGB bytes to BT.709 limited-range Y, Cb, Cr bytes (4th column is added).
_KR, _KG, _KB = 0.2126, 0.7152, 0.0722
_Y = np.array([_KR, _KG, _KB]) * 219 / 255
_CB = np.array([-_KR, -_KG, 1 - _KB]) / 1.8556 * 224 / 255
_CR = np.array([1 - _KR, -_KG, -_KB]) / 1.5748 * 224 / 255
_MATRIX = np.hstack([np.stack([_Y, _CB, _CR]), [[16.0], [128.0], [128.0]]]).astype(np.float32)

#: Transparent px around every sprite: interpolation at its rim fades out instead of repeating the last row.
PAD = 2


def to_yuv(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Convert RGB bytes (h, w, 3) to BT.709 limited-range YCbCr bytes of the same shape."""
    return _bytes(cv2.transform(rgb, _MATRIX))


def _bytes(picture: MatLike) -> NDArray[np.uint8]:
    """Return the same picture as what it is: OpenCV's stubs leave the type open."""
    return np.asarray(picture, np.uint8)


@dataclass(frozen=True, slots=True)
class Planes:
    """Views of one I420 frame: y (h, w), u and v (h/2, w/2)."""

    y: NDArray[np.uint8]
    u: NDArray[np.uint8]
    v: NDArray[np.uint8]


def planes_of(out: NDArray[np.uint8]) -> Planes:
    """Return the three planes of a contiguous I420 frame (h * 3 / 2, w) as views."""
    rows, width = out.shape
    height = rows * 2 // 3
    flat = out.reshape(-1)
    if not np.shares_memory(flat, out):
        raise ValueError("a frame must be contiguous in memory")
    size, quarter = width * height, (width // 2) * (height // 2)
    half = (height // 2, width // 2)
    return Planes(
        flat[:size].reshape(height, width),
        flat[size : size + quarter].reshape(half),
        flat[size + quarter : size + 2 * quarter].reshape(half),
    )


class _Scratch(threading.local):
    """Buffers of this thread that are used again: fresh memory costs more than the arithmetic done in it."""

    def __init__(self) -> None:
        self._kept: dict[str, NDArray[np.uint8]] = {}

    def take(self, name: str, *shape: int) -> NDArray[np.uint8]:
        size = math.prod(shape)
        kept = self._kept.get(name)
        if kept is None or kept.size < size:
            kept = self._kept[name] = np.empty(max(size, 1 << 16), np.uint8)
        return kept[:size].reshape(shape)


_scratch = _Scratch()


def _blend(ground: NDArray[np.uint8], over: NDArray[np.uint8], clear: NDArray[np.uint8]) -> None:
    """Put premultiplied bytes over the ground in place; `clear` is 255 - alpha."""
    kept = _scratch.take("kept", *ground.shape)
    cv2.multiply(ground, clear, dst=kept, scale=1 / 255)
    cv2.add(kept, over, dst=ground)


@dataclass(frozen=True, slots=True, eq=False)
class Sprite:
    """A picture that can be put over a frame, in canvas px.

    Attributes:
        packed: (h, w, 4) bytes Y, Cb, Cr, alpha; the first three premultiplied; `PAD` clear px on every side.
        anchor: the point (x, y) of the picture that a pose places, px from its padded top left corner.
    """

    packed: NDArray[np.uint8]
    anchor: tuple[float, float]
    _flat: list[tuple[NDArray[np.uint8], ...]] = field(default_factory=list)

    @classmethod
    def of(cls, rgba: NDArray[np.uint8], *, anchor: tuple[float, float] = (0.5, 0.5)) -> Sprite:
        """Return the sprite of a straight-alpha RGBA picture; the anchor is a fraction of its width and height."""
        height, width = rgba.shape[:2]
        # Even sizes keep the half-size chroma planes in register with luma.
        right, bottom = PAD + width % 2, PAD + height % 2
        padded = cv2.copyMakeBorder(rgba, PAD, bottom, PAD, right, cv2.BORDER_CONSTANT, value=(0, 0, 0, 0))
        alpha = padded[..., 3]
        yuv = to_yuv(np.ascontiguousarray(padded[..., :3]))
        packed = cv2.merge([cv2.multiply(yuv, cv2.merge([alpha] * 3), scale=1 / 255), alpha])
        return cls(_bytes(packed), (anchor[0] * width + PAD, anchor[1] * height + PAD))

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in px without the padding (an odd side counts one more)."""
        return self.packed.shape[1] - 2 * PAD, self.packed.shape[0] - 2 * PAD

    @property
    def weight(self) -> int:
        """Bytes held."""
        return self.packed.nbytes + sum(plane.nbytes for flat in self._flat for plane in flat)

    def flat(self) -> tuple[NDArray[np.uint8], ...]:
        """Return luma and alpha (h, w) and half-size Cb, Cr, alpha planes, made at the first call."""
        if not self._flat:
            half = cv2.resize(self.packed, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
            wanted = ((self.packed, 0), (self.packed, 3), (half, 1), (half, 2), (half, 3))
            self._flat.append(tuple(_bytes(cv2.extractChannel(source, channel)) for source, channel in wanted))
        return self._flat[0]

    def draw(
        self,
        planes: Planes,
        matrix: NDArray[np.float64],
        *,
        opacity: float = 1.0,
        clip: tuple[int, int, int, int] | None = None,
        light: Light | None = None,
    ) -> None:
        """Blend the sprite in at `matrix` (2x3, sprite index px to canvas index px), inside `clip` (even px)."""
        region = _region(self.packed.shape, matrix, planes.y.shape, clip)
        if region is None or opacity <= 1 / 255:
            return
        still = abs(matrix[0, 0] - 1) < 1e-6 and abs(matrix[0, 1]) < 1e-6 and abs(matrix[1, 1] - 1) < 1e-6
        slides = still and bool(self._flat)
        parts = self._slide(matrix[0, 2], matrix[1, 2], region) if slides else self._warp(matrix, region)
        if opacity < 1 - 1 / 255:
            for part in parts:
                cv2.convertScaleAbs(part, dst=part, alpha=opacity)
        if light is not None:
            light.add(parts[0], parts[1], region)
        _put(planes, parts, region)

    def _warp(self, matrix: NDArray[np.float64], region: tuple[int, int, int, int]) -> tuple[NDArray[np.uint8], ...]:
        left, top, right, bottom = region
        width, height = right - left, bottom - top
        shifted = matrix.copy()
        shifted[:, 2] -= (left, top)
        packed = _scratch.take("packed", height, width, 4)
        cv2.warpAffine(
            self.packed,
            shifted,
            (width, height),
            dst=packed,
            flags=cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_CONSTANT,
            borderValue=(0, 0, 0, 0),
        )
        half = _scratch.take("half", height // 2, width // 2, 4)
        cv2.resize(packed, (width // 2, height // 2), dst=half, interpolation=cv2.INTER_AREA)
        full = [_scratch.take(f"part{index}", height, width) for index in (0, 1)]
        small = [_scratch.take(f"part{index}", height // 2, width // 2) for index in (2, 3, 4)]
        cv2.mixChannels([packed], full, [0, 0, 3, 1])
        cv2.mixChannels([half], small, [1, 0, 2, 1, 3, 2])
        return (*full, *small)

    def _slide(self, x: float, y: float, region: tuple[int, int, int, int]) -> tuple[NDArray[np.uint8], ...]:
        """Cut the region out of the flat planes, displaced by a fraction of a px: five times cheaper than a warp."""
        left, top, right, bottom = region
        parts = []
        for index, plane in enumerate(self.flat()):
            halved = index >= 2
            step = 2 if halved else 1
            width, height = (right - left) // step, (bottom - top) // step
            part = _scratch.take(f"part{index}", height, width)
            centre = ((left - x) / step + (width - 1) / 2, (top - y) / step + (height - 1) / 2)
            cv2.getRectSubPix(plane, (width, height), centre, patch=part)
            parts.append(part)
        return tuple(parts)


@dataclass(frozen=True, slots=True)
class Light:
    """A band of light that lies on a sprite: added to its luma where the sprite is.

    Attributes:
        band: (h, w) bytes of added luma; must be larger than the region by the way it travels.
        x: px of the band's left edge on the canvas.
        strength: 0-1.
    """

    band: NDArray[np.uint8]
    x: float
    strength: float

    def add(self, y: NDArray[np.uint8], alpha: NDArray[np.uint8], region: tuple[int, int, int, int]) -> None:
        """Light the premultiplied luma of a region."""
        left, top, right, bottom = region
        shown = _scratch.take("band", bottom - top, right - left)
        centre = (left - self.x + (right - left - 1) / 2, top + (bottom - top - 1) / 2)
        cv2.getRectSubPix(self.band, (right - left, bottom - top), centre, patch=shown)
        cv2.multiply(shown, alpha, dst=shown, scale=self.strength / 255)
        cv2.add(y, shown, dst=y)


def _region(
    shape: tuple[int, ...], matrix: NDArray[np.float64], canvas: tuple[int, ...], clip: tuple[int, int, int, int] | None
) -> tuple[int, int, int, int] | None:
    """Return the even-aligned canvas rectangle (left, top, right, bottom) that the sprite can touch, or None."""
    height, width = shape[0] - 1, shape[1] - 1
    (a, b, x), (c, d, y) = matrix.tolist()
    xs, ys = (0.0, a * width, b * height, a * width + b * height), (0.0, c * width, d * height, c * width + d * height)
    low, high = (
        (math.floor(min(xs) + x), math.floor(min(ys) + y)),
        (math.ceil(max(xs) + x) + 1, math.ceil(max(ys) + y) + 1),
    )
    left, top, right, bottom = clip or (0, 0, canvas[1], canvas[0])
    # Odd-width canvases keep their last column out of the chroma planes, so regions end on the even px before it.
    right, bottom = min(right, canvas[1] // 2 * 2), min(bottom, canvas[0] // 2 * 2)
    left, top = max(left, low[0] // 2 * 2, 0), max(top, low[1] // 2 * 2, 0)
    right, bottom = min(right, (high[0] + 1) // 2 * 2), min(bottom, (high[1] + 1) // 2 * 2)
    return (left, top, right, bottom) if right > left and bottom > top else None


def _put(planes: Planes, parts: tuple[NDArray[np.uint8], ...], region: tuple[int, int, int, int]) -> None:
    left, top, right, bottom = region
    y, alpha, u, v, half = parts
    clear = _scratch.take("clear", *alpha.shape)
    cv2.bitwise_not(alpha, dst=clear)
    _blend(planes.y[top:bottom, left:right], y, clear)
    clear = _scratch.take("clear", *half.shape)
    cv2.bitwise_not(half, dst=clear)
    rows, columns = slice(top // 2, bottom // 2), slice(left // 2, right // 2)
    _blend(planes.u[rows, columns], u, clear)
    _blend(planes.v[rows, columns], v, clear)


@dataclass(frozen=True, slots=True)
class Ground:
    """An opaque picture larger than the canvas by `margin` px on every side, so that it can drift."""

    y: NDArray[np.uint8]
    u: NDArray[np.uint8]
    v: NDArray[np.uint8]
    margin: int

    @classmethod
    def of(cls, rgb: NDArray[np.uint8], *, margin: int) -> Ground:
        """Return the ground of an RGB picture of the canvas plus an even margin on every side."""
        yuv = to_yuv(rgb)
        half = cv2.resize(yuv, (rgb.shape[1] // 2, rgb.shape[0] // 2), interpolation=cv2.INTER_AREA)
        y, u, v = (_bytes(cv2.extractChannel(source, channel)) for source, channel in ((yuv, 0), (half, 1), (half, 2)))
        return cls(y, u, v, margin)

    @property
    def weight(self) -> int:
        """Bytes held."""
        return self.y.nbytes + self.u.nbytes + self.v.nbytes

    def draw(self, planes: Planes, x: float, y: float) -> None:
        """Fill the frame, the picture displaced by (x, y) canvas px, each within the margin."""
        for step, source, target in ((1, self.y, planes.y), (2, self.u, planes.u), (2, self.v, planes.v)):
            height, width = target.shape
            centre = ((self.margin - x) / step + (width - 1) / 2, (self.margin - y) / step + (height - 1) / 2)
            cv2.getRectSubPix(source, (width, height), centre, patch=target)
