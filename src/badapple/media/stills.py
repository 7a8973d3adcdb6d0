"""A still picture that moves: the end card with a slow push-in and a living button."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from badapple.errors import MediaError
from badapple.media import planes
from badapple.models import FPS, HEIGHT, SAFE_ZONE, WIDTH, Box

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from badapple.models import Canvas, TextBox

    Plane = NDArray[np.uint8]
    Field = NDArray[np.float32]

__all__ = ["CardFrames"]

_QUIET = 18  # frames before the button moves: the seam's, and a breath
_SWEEP_SECONDS = 0.9
_MARGIN, _LEAST_MARGIN = 44.0, 6.0  # layout px around the button that its swelling stretches; less where text is near
_SHINE, _SHADE = 46, 20  # luma that the light adds, or takes where the button is bright already
_BRIGHT, _WHITE = 175, 235


class CardFrames:
    """The end card as frames; implements `ports.Frames`.

    The picture grows by at most 4 % about a point chosen so that no text leaves the safe zone; the button swells
    gently (its surroundings are stretched, not cut) and a light runs over it once a beat.
    """

    count: int
    boxes: tuple[TextBox, ...]

    def __init__(
        self, path: Path, *, button: Box, count: int, canvas: Canvas, energy: float, boxes: tuple[TextBox, ...]
    ) -> None:
        """Read the card.

        Args:
            path: RGB picture of the layout's shape.
            button: layout px.
            count: frames.
            canvas: size of the frames.
            energy: 0-1, how much everything moves.
            boxes: the card's text at rest.

        Raises:
            MediaError: the picture cannot be read.
        """
        import cv2  # noqa: PLC0415 - heavy

        self.count = count
        self._swell = 0.018 + 0.022 * energy
        self._beat = round((2.0 - 0.7 * energy) * FPS)
        texts = (*(box.box for box in boxes), _grown(button, self._swell))
        zoom, (x, y) = _move(texts, 1.022 + 0.018 * energy)
        # Even px: the point that stands still lies between two px of every plane.
        self._centre = (round(x * canvas.scale / 2) * 2, round(y * canvas.scale / 2) * 2)
        self._zoom = _bounded(zoom, texts, (self._centre[0] / canvas.scale, self._centre[1] / canvas.scale))
        self.boxes = tuple(replace(box, box=self._reach(box.box, button, canvas)) for box in boxes)
        whole = planes.split(_read(path, canvas))
        halves = (False, True, True)
        middles = [(self._centre[0] // (1 + half), self._centre[1] // (1 + half)) for half in halves]
        ways = (cv2.INTER_CUBIC, cv2.INTER_LINEAR, cv2.INTER_LINEAR)  # nobody sees a sharper chroma
        self._pictures = tuple(
            _Growing(plane, middle, way=way) for plane, middle, way in zip(whole, middles, ways, strict=True)
        )
        margin = _margin(button, [box.box for box in boxes])
        self._buttons = tuple(
            _Button(button, plane, middle, scale=canvas.scale / (1 + half), margin=margin, way=way)
            for plane, middle, half, way in zip(whole, middles, halves, ways, strict=True)
        )
        self._least: float = max(picture.least for picture in self._pictures)

    def draw(self, index: int, out: NDArray[np.uint8]) -> None:
        """Draw frame `index`."""
        zoom = self._zoom_at(index)
        phase = (index - _QUIET) % self._beat
        swell = 1 + self._swell * math.sin(math.pi * phase / self._beat) ** 2
        for picture, button, target in zip(self._pictures, self._buttons, planes.split(out), strict=True):
            picture.draw(target, zoom)
            if index >= _QUIET:
                button.draw(target, zoom, swell=swell, light=phase / FPS / _SWEEP_SECONDS)

    def _zoom_at(self, index: int) -> float:
        if self._zoom <= self._least:
            return 1.0
        share = index / max(1, self.count - 1)
        return self._least + (self._zoom - self._least) * (1 - math.pow(1 - share, 1.6))  # slows down, but never stands

    def _reach(self, box: Box, button: Box, canvas: Canvas) -> Box:
        """Return all the room that a text takes in the course of the move."""
        grown = _about(box, 1 + self._swell, _middle(button)) if button.meets(box) else box
        moved = _about(grown, self._zoom, (self._centre[0] / canvas.scale, self._centre[1] / canvas.scale))
        return _hull((box, grown, moved))


class _Growing:
    """One plane that grows about a point between px.

    `cv2.resize` is three times as fast as `cv2.warpAffine` and takes any scale, but no shift below a px. Seen from the
    point that stands still there is none: each of the four quarters grows away from it. Three of them are kept
    mirrored, so that all start there.
    """

    def __init__(self, plane: Plane, middle: tuple[int, int], *, way: int) -> None:
        import cv2  # noqa: PLC0415 - heavy

        x, y = middle
        self._way = way
        views = (
            (slice(y, None), slice(x, None), None),
            (slice(y, None), slice(x), 1),
            (slice(y), slice(x, None), 0),
            (slice(y), slice(x), -1),
        )
        self._quarters = tuple(
            (rows, columns, flip, plane[rows, columns].copy() if flip is None else cv2.flip(plane[rows, columns], flip))
            for rows, columns, flip in views
            if plane[rows, columns].size
        )
        #: The least zoom that is drawn as asked: below it OpenCV finds input and output of one size and copies.
        self.least = 1 + 0.6 / min(max(quarter.shape) for *_, quarter in self._quarters)

    def draw(self, target: Plane, zoom: float) -> None:
        """Draw the plane `zoom` times as large (at least 1) into `target`."""
        import cv2  # noqa: PLC0415 - heavy

        for rows, columns, flip, quarter in self._quarters:
            height, width = quarter.shape
            seen = quarter[: math.ceil(height / zoom) + 3, : math.ceil(width / zoom) + 3]
            grown = cv2.resize(seen, None, fx=zoom, fy=zoom, interpolation=self._way)[:height, :width]
            if flip is None:
                target[rows, columns] = grown
            else:
                cv2.flip(grown, flip, dst=target[rows, columns])


class _Button:
    """The button's surroundings in one plane: lit at rest, then bent on their way into the frame."""

    def __init__(
        self, button: Box, plane: Plane, middle: tuple[int, int], *, scale: float, margin: float, way: int
    ) -> None:
        import cv2  # noqa: PLC0415 - heavy

        self._middle = middle
        self._centre = tuple(place * scale for place in _middle(button))
        self._radius = (button.width / 2 * scale, button.height / 2 * scale)
        self._margin = margin * scale
        self._plane = plane
        self._way = way
        left, top, right, bottom = (
            round(edge * scale) for edge in (button.left, button.top, button.right, button.bottom)
        )
        self._light = _Light(plane, (max(0, left), max(0, top), right, bottom)) if way == cv2.INTER_CUBIC else None

    def draw(self, target: Plane, zoom: float, *, swell: float, light: float) -> None:
        """Draw over `target`; `light` is how far the light has come, 0-1."""
        import cv2  # noqa: PLC0415 - heavy

        columns, across = self._line(0, target.shape[1], zoom, swell)
        rows, down = self._line(1, target.shape[0], zoom, swell)
        map_x = across.at + across.pull * down.window[:, None]
        map_y = down.at[:, None] + down.pull[:, None] * across.window
        plane = self._light.shine(light) if self._light is not None and 0 < light < 1 else self._plane
        target[rows, columns] = cv2.remap(plane, map_x, map_y, self._way, borderMode=cv2.BORDER_REPLICATE)

    def _line(self, axis: int, length: int, zoom: float, swell: float) -> tuple[slice, _Line]:
        """Return the columns or rows to draw, where each comes from on the plane, and how far it is pulled there."""
        middle, centre = self._middle[axis], self._centre[axis]
        reach = (self._radius[axis] + self._margin) * zoom
        place = middle + (centre - middle) * zoom
        zone = slice(max(0, math.floor(place - reach)), min(length, math.ceil(place + reach)))
        at = middle + (np.arange(zone.start, zone.stop, dtype=np.float32) + 0.5 - middle) / np.float32(zoom)
        away = at - centre
        beyond = np.clip((np.abs(away) - self._radius[axis]) / self._margin, 0, 1)
        window = 1 - beyond * beyond * (3 - 2 * beyond)
        return zone, _Line(at=at - 0.5, pull=away * (1 / swell - 1) * window, window=window)


class _Line(NamedTuple):
    at: Field
    pull: Field
    window: Field


class _Light:
    """A slanted band of light that crosses the button."""

    def __init__(self, plane: Plane, button: tuple[int, int, int, int]) -> None:
        import cv2  # noqa: PLC0415 - heavy

        left, top, right, bottom = button
        self._left, self._top = left, top
        self._plane = plane
        face = plane[top:bottom, left:right]
        height, width = face.shape
        mask = np.zeros((height, width), np.uint8)
        radius = max(1, height // 2)  # the roundest a button can be: light never leaves it
        cv2.rectangle(mask, (radius, 0), (max(radius, width - radius - 1), height - 1), 255, -1)
        for x in (radius, max(radius, width - radius - 1)):
            cv2.circle(mask, (x, height // 2), radius - 1, 255, -1, cv2.LINE_AA)
        self._mask = mask
        self._dark = float(np.median(face)) > _BRIGHT
        rows = np.arange(height, dtype=np.float32)[:, None] - height / 2
        spread = 0.55 * height
        columns = np.arange(math.ceil(4 * spread + 0.5 * height), dtype=np.float32)
        offset = (columns - columns.size / 2 + 0.5 * rows) / spread
        self._band = np.rint((_SHADE if self._dark else _SHINE) * np.exp(-offset * offset * 2)).astype(np.uint8)

    def shine(self, share: float) -> Plane:
        """Return the plane with the band at `share` of its way."""
        import cv2  # noqa: PLC0415 - heavy

        height, width = self._mask.shape
        start = round(share * (width + self._band.shape[1])) - self._band.shape[1]
        low, high = max(0, start), min(width, start + self._band.shape[1])
        lit = self._plane.copy()
        if high > low:
            band = cv2.multiply(self._band[:, low - start : high - start], self._mask[:, low:high], scale=1 / 255)
            spot = lit[self._top : self._top + height, self._left + low : self._left + high]
            spot[:] = cv2.subtract(spot, band) if self._dark else np.minimum(cv2.add(spot, band), _WHITE)
        return lit


def _read(path: Path, canvas: Canvas) -> NDArray[np.uint8]:
    """Return the card as one frame."""
    from PIL import Image  # noqa: PLC0415 - heavy

    try:
        with Image.open(path, formats=["PNG"]) as picture:
            pixels = np.asarray(picture.convert("RGB").resize((canvas.width, canvas.height), Image.Resampling.LANCZOS))
    except OSError as error:
        raise MediaError(f"{path.name} is missing or no picture: {error}", path=path) from error
    return planes.from_rgb(pixels)


def _move(boxes: tuple[Box, ...], zoom: float) -> tuple[float, tuple[float, float]]:
    """Return the largest zoom up to `zoom`, and the point to zoom about, that keep text inside the safe zone."""
    inside = [box for box in boxes if SAFE_ZONE.holds(box)]
    if not inside:
        return zoom, (WIDTH / 2, HEIGHT / 2)
    hull = _hull(inside)
    zoom = min(zoom, SAFE_ZONE.width / max(1, hull.width), SAFE_ZONE.height / max(1, hull.height))
    if zoom <= 1:
        return 1.0, (WIDTH / 2, HEIGHT / 2)
    x = _still(hull.left, hull.right, SAFE_ZONE.left, SAFE_ZONE.right, zoom)
    y = _still(hull.top, hull.bottom, SAFE_ZONE.top, SAFE_ZONE.bottom, zoom)
    return zoom, (x, y)


def _still(low: float, high: float, floor: float, ceiling: float, zoom: float) -> float:
    """Return the point nearest to the middle of `low` and `high` about which both grow without leaving their bounds."""
    least, most = (zoom * high - ceiling) / (zoom - 1), (zoom * low - floor) / (zoom - 1)
    return min(max((low + high) / 2, least), most)


def _bounded(zoom: float, boxes: Sequence[Box], centre: tuple[float, float]) -> float:
    """Return `zoom`, or less where it would push one of the boxes out of the safe zone after all."""
    while zoom > 1 and any(SAFE_ZONE.holds(box) and not SAFE_ZONE.holds(_about(box, zoom, centre)) for box in boxes):
        zoom -= 0.0005
    return max(1.0, zoom)


def _about(box: Box, zoom: float, centre: tuple[float, float]) -> Box:
    x, y = centre
    return Box(
        left=x + (box.left - x) * zoom,
        top=y + (box.top - y) * zoom,
        right=x + (box.right - x) * zoom,
        bottom=y + (box.bottom - y) * zoom,
    )


def _margin(button: Box, texts: Sequence[Box]) -> float:
    """Return how far around the button nothing is written, within bounds."""
    gaps = [
        max(button.left - text.right, text.left - button.right, button.top - text.bottom, text.top - button.bottom)
        for text in texts
        if not button.meets(text)
    ]
    return max(_LEAST_MARGIN, min([_MARGIN, *gaps]))


def _grown(box: Box, share: float) -> Box:
    return _about(box, 1 + share, _middle(box))


def _middle(box: Box) -> tuple[float, float]:
    return (box.left + box.right) / 2, (box.top + box.bottom) / 2


def _hull(boxes: Sequence[Box]) -> Box:
    return Box(
        left=min(box.left for box in boxes), top=min(box.top for box in boxes),
        right=max(box.right for box in boxes), bottom=max(box.bottom for box in boxes),
    )  # fmt: skip
