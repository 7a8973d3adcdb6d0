"""Painting: float pictures with anti-aliased shapes, gradients, glows and dither, in layout px."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from badapple.providers.offline.stage.look import RGB

__all__ = ["Picture", "arc", "blob", "ellipse", "polygon_star", "quad", "rounded"]

_STEP = 4  #: px of the full picture per px of its smooth light
_SHIFT = 4  #: bits of sub-pixel precision of polygon corners


class Picture:
    """A picture being painted: RGB 0-255 and coverage 0-1, float32.

    Args:
        width: layout px.
        height: layout px.
        scale: canvas px per layout px.
        origin: layout point of its top left corner.
        ground: fills it; None leaves it clear.
    """

    def __init__(
        self,
        width: float,
        height: float,
        *,
        scale: float,
        origin: tuple[float, float] = (0.0, 0.0),
        ground: RGB | None = None,
    ) -> None:
        self.scale = scale
        self.origin = origin
        self.shape = (max(2, round(height * scale)), max(2, round(width * scale)))
        self.cover = None if ground is not None else np.zeros(self.shape, np.float32)
        # Smooth light is laid on a small picture that is enlarged once, before the first hard shape.
        self._step = _STEP if ground is not None else 1
        self._rgb = np.empty((-(-self.shape[0] // self._step), -(-self.shape[1] // self._step), 3), np.float32)
        self._rgb[:] = ground or (0, 0, 0)

    @property
    def rgb(self) -> NDArray[np.float32]:
        """The colours at full size, 0-255."""
        if self._step > 1:
            self._rgb = np.asarray(cv2.resize(self._rgb, self.shape[::-1], interpolation=cv2.INTER_LINEAR), np.float32)
            self._step = 1
        return self._rgb

    def mask(self, *outlines: NDArray[np.float64]) -> NDArray[np.uint8]:
        """Return the even-odd area of closed outlines ((n, 2), layout px) as coverage bytes."""
        found = np.zeros(self.shape, np.uint8)
        fixed = [
            np.round(((outline - self.origin) * self.scale - 0.5) * (1 << _SHIFT)).astype(np.int32)
            for outline in outlines
        ]
        cv2.fillPoly(found, fixed, 255, lineType=cv2.LINE_AA, shift=_SHIFT)
        return found

    def lay(self, mask: NDArray[np.uint8], colour: RGB | NDArray[np.float32], opacity: float = 1.0) -> None:
        """Put a colour, or a picture of the same size, over the picture where the mask is."""
        left, top, width, height = cv2.boundingRect(mask)
        if not width or not height:
            return
        area = (slice(top, top + height), slice(left, left + width))
        alpha = mask[area].astype(np.float32) * (opacity / 255)
        paint = np.asarray(colour, np.float32) if isinstance(colour, tuple) else colour[area]
        if self.cover is None:
            rgb = self.rgb[area]
            rgb += (paint - rgb) * alpha[..., None]
            return
        cover = self.cover[area]
        after = alpha + cover * (1 - alpha)
        share = np.divide(alpha, after, out=np.zeros_like(alpha), where=after > 0)
        rgb = self.rgb[area]
        rgb += (paint - rgb) * share[..., None]
        self.cover[area] = after

    def shape_in(
        self,
        outline: NDArray[np.float64] | Sequence[NDArray[np.float64]],
        colour: RGB | NDArray[np.float32],
        opacity: float = 1.0,
        *,
        soft: float = 0.0,
    ) -> None:
        """Fill an outline (or several, even-odd), its edge blurred by `soft` layout px."""
        outlines = [outline] if isinstance(outline, np.ndarray) else list(outline)
        if self._step > 1 and soft * self.scale > 2 * _STEP and isinstance(colour, tuple):
            small = self._small()
            amount = small.blurred(small.mask(*outlines), soft)
            self.wash(amount.astype(np.float32) * (opacity / 255), colour)
            return
        found = self.mask(*outlines)
        self.lay(self.blurred(found, soft) if soft else found, colour, opacity)

    def _small(self) -> Picture:
        """Return a clear picture of the same place at the scale of the smooth light."""
        height, width = self._rgb.shape[:2]
        scale = self.scale * width / self.shape[1]
        return Picture(width / scale, height / scale, scale=scale, origin=self.origin)

    def blurred(self, mask: NDArray[np.uint8], soft: float) -> NDArray[np.uint8]:
        """Blur a mask by a Gaussian of `soft` layout px; wide blurs are done small."""
        sigma = soft * self.scale
        step = max(1, int(sigma / 4))
        if step == 1:
            return np.asarray(cv2.GaussianBlur(mask, (0, 0), max(0.3, sigma)), np.uint8)
        height, width = mask.shape
        small = cv2.resize(mask, (max(2, width // step), max(2, height // step)), interpolation=cv2.INTER_AREA).astype(
            np.float32
        )
        soft_mask = cv2.GaussianBlur(small, (0, 0), sigma / step)
        return cv2.resize(soft_mask, (width, height), interpolation=cv2.INTER_CUBIC).clip(0, 255).astype(np.uint8)

    def field(self, step: int = 4) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return layout x (1, w) and y (h, 1) of a grid `step` times coarser than the picture."""
        rows, columns = -(-self.shape[0] // step), -(-self.shape[1] // step)
        x = (np.arange(columns, dtype=np.float32) + 0.5) * (self.shape[1] / columns / self.scale) + self.origin[0]
        y = (np.arange(rows, dtype=np.float32) + 0.5) * (self.shape[0] / rows / self.scale) + self.origin[1]
        return x[None, :].astype(np.float32), y[:, None].astype(np.float32)

    def wash(self, amount: NDArray[np.float32], colour: RGB) -> None:
        """Lean towards a colour by a smooth amount (0-1) given on a coarse grid; grounds only."""
        height, width = self._rgb.shape[:2]
        full = cv2.resize(np.ascontiguousarray(amount), (width, height), interpolation=cv2.INTER_LINEAR)
        self._rgb += (np.asarray(colour, np.float32) - self._rgb) * full[..., None]

    def glow(
        self,
        centre: tuple[float, float],
        radius: tuple[float, float],
        colour: RGB,
        opacity: float,
        *,
        power: float = 2.0,
    ) -> None:
        """Add a soft elliptic pool of light (or dark); grounds only."""
        x, y = self.field(8)
        away = np.sqrt(((x - centre[0]) / radius[0]) ** 2 + ((y - centre[1]) / radius[1]) ** 2)
        inside = np.clip(1 - away, 0, 1)
        smooth = inside * inside * (3 - 2 * inside)
        self.wash((smooth ** (power / 2) * opacity).astype(np.float32), colour)

    def gradient(
        self, stops: Sequence[tuple[float, RGB]], *, angle: float = 90.0, span: tuple[float, float] = (0.0, 1920.0)
    ) -> None:
        """Fill with a linear gradient: stops at 0-1 of `span`, measured along `angle` degrees (90 is downwards)."""
        x, y = self.field(8)
        turn = math.radians(angle)
        along = (x * math.cos(turn) + y * math.sin(turn) - span[0]) / (span[1] - span[0])
        small = ramp(along, stops)
        height, width = self._rgb.shape[:2]
        self._rgb[:] = cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)

    def ground(self, rng: np.random.Generator, *, grain: float = 0.9) -> NDArray[np.uint8]:
        """Return RGB bytes, dithered so that soft gradients show no bands."""
        tile = rng.standard_normal((256, 256), dtype=np.float32) * grain
        rows, columns = -(-self.shape[0] // 256), -(-self.shape[1] // 256)
        noise = np.tile(tile, (rows, columns))[: self.shape[0], : self.shape[1]]
        colour = self.rgb + noise[..., None]
        return np.asarray(cv2.convertScaleAbs(np.maximum(colour, 0, out=colour)), np.uint8)

    def rgba(self) -> NDArray[np.uint8]:
        """Return straight-alpha RGBA bytes."""
        cover = np.ones(self.shape, np.float32) if self.cover is None else self.cover
        return np.dstack([np.clip(self.rgb + 0.5, 0, 255), np.clip(cover * 255 + 0.5, 0, 255)]).astype(np.uint8)


def ramp(along: NDArray[np.floating[Any]], stops: Sequence[tuple[float, RGB]]) -> NDArray[np.float32]:
    """Return the colours at places 0-1 between stops, eased so that no stop shows as a crease."""
    places = [place for place, _ in stops]
    channels = [np.interp(along, places, [colour[i] for _, colour in stops]) for i in range(3)]
    return np.dstack(channels).astype(np.float32)


def ellipse(x: float, y: float, rx: float, ry: float | None = None, *, turn: float = 0.0) -> NDArray[np.float64]:
    """Return the outline of an ellipse."""
    return arc(x, y, rx, ry, start=0, end=360, turn=turn)


def arc(
    x: float, y: float, rx: float, ry: float | None = None, *, start: float, end: float, turn: float = 0.0
) -> NDArray[np.float64]:
    """Return points along an elliptic arc, degrees clockwise from the right."""
    count = max(12, int(abs(end - start) / 2))
    t = np.radians(np.linspace(start, end, count, endpoint=abs(end - start) < 360))
    px, py = rx * np.cos(t), (rx if ry is None else ry) * np.sin(t)
    a = math.radians(turn)
    return np.stack([x + px * math.cos(a) - py * math.sin(a), y + px * math.sin(a) + py * math.cos(a)], axis=1)


def quad(
    left: float, top: float, right: float, bottom: float, *, skew: float = 0.0, turn: float = 0.0
) -> NDArray[np.float64]:
    """Return a rectangle, its top edge moved right by `skew`, turned by degrees about its middle."""
    points = np.array([(left + skew, top), (right + skew, top), (right, bottom), (left, bottom)], np.float64)
    if turn:
        middle = points.mean(axis=0)
        a = math.radians(turn)
        points = (points - middle) @ np.array([[math.cos(a), math.sin(a)], [-math.sin(a), math.cos(a)]]) + middle
    return points


def rounded(left: float, top: float, right: float, bottom: float, radius: float) -> NDArray[np.float64]:
    """Return a rectangle with round corners."""
    radius = min(radius, (right - left) / 2, (bottom - top) / 2)
    corners = (
        (right - radius, bottom - radius, 0),
        (left + radius, bottom - radius, 90),
        (left + radius, top + radius, 180),
        (right - radius, top + radius, 270),
    )
    return np.concatenate([arc(x, y, radius, start=start, end=start + 90) for x, y, start in corners])


def polygon_star(
    x: float, y: float, outer: float, inner: float, points: int, *, turn: float = 0.0
) -> NDArray[np.float64]:
    """Return a star, or a scalloped badge where inner and outer radius are close."""
    t = np.radians(np.arange(points * 2) * 180 / points + turn)
    radius = np.where(np.arange(points * 2) % 2 == 0, outer, inner)
    return np.stack([x + radius * np.cos(t), y + radius * np.sin(t)], axis=1)


def blob(x: float, y: float, radius: float, rng: np.random.Generator, *, wobble: float = 0.16) -> NDArray[np.float64]:
    """Return a soft closed shape."""
    t = np.linspace(0, 2 * np.pi, 180, endpoint=False)
    away = np.ones_like(t)
    for wave in (2, 3, 4):
        away += wobble / wave * np.cos(wave * t + rng.uniform(0, 2 * np.pi)) * rng.uniform(0.6, 1.2)
    return np.stack([x + radius * away * np.cos(t), y + radius * away * np.sin(t)], axis=1)
