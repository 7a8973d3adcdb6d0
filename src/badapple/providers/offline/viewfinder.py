"""Framings of a photo for an upright picture: what is cut away, and what is added where the photo ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from badapple.models import Box
from badapple.providers.offline.stage.scenery import Kind

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from badapple.providers.offline.stage.look import Look
    from badapple.providers.offline.stage.plate import Photo

__all__ = ["view"]

_ROOM = 1.15  #: width or height of a framing by the subject's: air on every side
_MIDDLE = 0.82  #: the same where the subject is cut off by the photo's own edge
_SHARPEST = 2.0  #: px per source px: beyond it a photo looks soft
_BLEND = 0.1  #: of the picture's height, in which a photo's edge melts into what is added
_LEAST_BLEND = 14.0  #: px
_ASIDE = 0.4  #: of the way from the subject alone to the whole photo, where the subject stands off to one side
_PAST = 0.12  #: of the picture's width that such a framing may reach past the photo's edge
_UPPER = 0.56  #: where the subject's middle stands, as a share of the height: words come above it


def view(
    photo: Photo, kind: Kind, *, size: tuple[int, int], look: Look, aside: float = 0.0
) -> NDArray[np.uint8]:  # fmt: skip
    """Return the photo in the framing of a scene, RGB bytes (height, width, 3).

    The subject is whole wherever it is whole in the photo. Where the framing reaches past the photo's edge, its colours
    go on out of focus.

    Args:
        photo: what is shown.
        kind: hero the whole photo, detail close to the subject, anything else between and off its middle.
        size: width and height, px.
        look: colours of the light that falls off towards the frame's edges.
        aside: share of the frame's width that the subject stands right of its middle, as far as the photo reaches.
    """
    frame = _framing(photo, kind, shape=size[0] / size[1], least=size[0] / _SHARPEST, aside=aside)
    return _lit(_drawn(photo, frame, size), look)


def _framing(photo: Photo, kind: Kind, *, shape: float, least: float, aside: float) -> Box:
    """Return the part of the photo's plane that is seen, source px; it may reach past the photo."""
    wide, tall = photo.size
    subject, near = photo.subject, kind is Kind.DETAIL
    cover = min(wide, tall * shape)
    needed = max(
        _needed(subject.left, subject.right, wide, near=near),
        _needed(subject.top, subject.bottom, tall, near=near) * shape,
    )
    most = max(needed, cover if wide < tall else wide)
    share = _ASIDE if aside else {Kind.HERO: 1.0, Kind.DETAIL: 0.0}.get(kind, 0.45)  # a whole photo has no sides
    across = max(needed + (most - needed) * share, least)
    down = across / shape
    off = -aside if aside else 0.07 if kind is Kind.CLOSING else 0.0
    x = (subject.left + subject.right) / 2 + off * across
    y = (subject.top + subject.bottom) / 2 + (0.5 - _UPPER) * down
    if subject.height > down:  # the end that the photo shows whole stays whole
        air = 0.03 * down
        y = subject.bottom + air - down / 2 if subject.top < 0.01 * tall else subject.top - air + down / 2
    left = _within(x - across / 2, across, wide, past=_PAST * across if aside else 0.0)
    top = _within(y - down / 2, down, tall)
    return Box(left=left, top=top, right=left + across, bottom=top + down)


def _needed(start: float, end: float, whole: float, *, near: bool) -> float:
    """Return the length that shows a subject; of one that the photo's edge cuts off, the middle will do."""
    if start < 0.01 * whole or end > 0.99 * whole:
        return (end - start) * (_MIDDLE - 0.1 * near)
    return (end - start) * (_ROOM - 0.08 * near)


def _within(start: float, length: float, whole: float, *, past: float = 0.0) -> float:
    """Keep a span inside the photo where it fits, and about its middle where it does not, or so much past that."""
    first, last = sorted((0.0, whole - length))
    if length >= whole:
        first = last = (whole - length) / 2
    return min(max(first - past, start), last + past)


def _drawn(photo: Photo, frame: Box, size: tuple[int, int]) -> NDArray[np.uint8]:
    width, height = size
    scale = width / frame.width
    wide, tall = photo.size
    inside = Box(
        left=max(0.0, frame.left), top=max(0.0, frame.top), right=min(wide, frame.right), bottom=min(tall, frame.bottom)
    )
    left, top = round((inside.left - frame.left) * scale), round((inside.top - frame.top) * scale)
    right, bottom = round((inside.right - frame.left) * scale), round((inside.bottom - frame.top) * scale)
    shown = photo.drawn(inside, right - left, bottom - top)
    if shown.shape[:2] == (height, width):
        return shown
    subject = photo.subject
    free = (
        (subject.top - inside.top) * scale, (inside.bottom - subject.bottom) * scale,
        (subject.left - inside.left) * scale, (inside.right - subject.right) * scale,
    )  # fmt: skip
    return _extended(shown, (left, top), size, free)


def _extended(
    shown: NDArray[np.uint8], place: tuple[int, int], size: tuple[int, int], free: tuple[float, float, float, float]
) -> NDArray[np.uint8]:
    """Let a picture go on to the frame's edges: the colours of its own edges, ever softer, with nothing mirrored.

    Args:
        shown: the picture, RGB bytes.
        place: its left and top in the frame, px.
        size: width and height of the frame, px.
        free: px above, below, left and right of the subject in the picture; only there may it melt.
    """
    (left, top), (width, height) = place, size
    rows, columns = shown.shape[:2]
    edges = (top, height - top - rows, left, width - left - columns)
    above, below, before, after = edges
    grown = cv2.copyMakeBorder(shown, above, below, before, after, cv2.BORDER_REPLICATE)
    small = cv2.resize(grown, (width // 8, height // 8), interpolation=cv2.INTER_AREA)
    soft = cv2.resize(cv2.GaussianBlur(small, (0, 0), 14, sigmaY=8), size, interpolation=cv2.INTER_CUBIC)
    y, x = np.arange(height, dtype=np.float32)[:, None], np.arange(width, dtype=np.float32)[None]
    share = np.ones((height, width), np.float32)
    aways = (y - top, top + rows - 1 - y, x - left, left + columns - 1 - x)
    for gap, away, room in zip(edges, aways, free, strict=True):
        if gap > 0:
            share *= np.clip(away / max(_LEAST_BLEND, min(_BLEND * height, room)), 0, 1)
    share = (share * share * (3 - 2 * share))[..., None]
    grain = np.random.default_rng(3).normal(0, 1.6, (height, width, 1)).astype(np.float32)  # the photo has some too
    return np.asarray(np.clip(grown * share + (soft + grain) * (1 - share) + 0.5, 0, 255), np.uint8)


def _lit(rgb: NDArray[np.uint8], look: Look) -> NDArray[np.uint8]:
    """Let the style's tone gather towards the corners; the middle, where the product is, keeps its own colours."""
    height, width = rgb.shape[:2]
    x = np.linspace(-1, 1, width, dtype=np.float32)[None]
    y = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
    away = np.clip((x * x * 0.7 + y * y - 0.55) / 1.1, 0, 1)
    tone = look.stops[2] if look.mode == "light" else look.stops[0]
    strength = 0.5 if look.mode == "dark" else 0.35
    alpha = (away * strength)[..., None]
    return np.asarray(rgb * (1 - alpha) + np.asarray(tone, np.float32) * alpha + 0.5, np.uint8)
