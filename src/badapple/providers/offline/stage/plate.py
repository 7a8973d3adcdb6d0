"""A photo on the stage: cut to a place, seen through a window, or mounted as a print."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import cv2
import numpy as np

from badapple.errors import PhotoError
from badapple.models import Box
from badapple.providers.offline.stage import light
from badapple.providers.offline.stage.look import mix
from badapple.providers.offline.stage.motion import ease_in_out, progress
from badapple.providers.offline.stage.paint import Picture, quad, rounded
from badapple.providers.offline.stage.timeline import Moving

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from badapple.models import Product
    from badapple.providers.offline.stage.look import RGB, Look
    from badapple.providers.offline.stage.sprites import Planes

__all__ = ["Mount", "Photo", "Window", "mounted"]

_PAPER: RGB = (250, 249, 246)
_NEAR = 0.62  #: share of a photo's width and height that is seen from near
_HEADROOM = 0.03  #: share of a crop that is left above the subject


@dataclass(frozen=True, slots=True)
class Photo:
    """A photo that can be cut.

    Attributes:
        rgb: (h, w, 3) bytes, source px.
        subject: the product in it, source px.
        focus: point of interest, source px.
    """

    rgb: NDArray[np.uint8]
    subject: Box
    focus: tuple[float, float]

    @classmethod
    def of(cls, product: Product) -> Photo:
        """Read the photo of a product; clear parts become paper."""
        if product.photo is None:
            raise PhotoError("there is no photo to show")
        picture = cv2.imread(str(product.photo), cv2.IMREAD_UNCHANGED)
        if picture is None or picture.ndim != 3:
            raise PhotoError(f"{product.photo.name} cannot be read")
        rgb = np.asarray(cv2.cvtColor(np.ascontiguousarray(picture[..., :3]), cv2.COLOR_BGR2RGB), np.uint8)
        if picture.shape[2] == 4:
            rgb = _on_paper(rgb, np.asarray(picture[..., 3], np.uint8))
        height, width = rgb.shape[:2]
        left, top, right, bottom = product.subject
        subject = Box(left=left, top=top, right=max(right, left + 1), bottom=max(bottom, top + 1))
        return cls(rgb, subject, (product.focus[0] * width, product.focus[1] * height))

    @property
    def size(self) -> tuple[int, int]:
        """Width and height, source px."""
        return self.rgb.shape[1], self.rgb.shape[0]

    def fills(self, width: float, height: float) -> bool:
        """Say whether it can fill layout px without being enlarged more than a photo bears."""
        return max(width / self.size[0], height / self.size[1]) <= light.MOST

    def cut(self, width: float, height: float, *, zoom: float = 1.0) -> Box:
        """Return the part that fills a place of this shape, source px: the subject's upper part, or all of it.

        Args:
            width: of the place; only the shape counts.
            height: of the place.
            zoom: how much less than the largest part is wanted.
        """
        wide, tall = self.size
        scale = max(width / wide, height / tall) * zoom
        across, down = width / scale, height / scale
        subject = self.subject
        x = (subject.left + subject.right) / 2 if subject.width <= across else self.focus[0]
        if zoom > 1.2:
            x, top = self.focus[0], self.focus[1] - down / 2
        elif subject.height > down:
            # What is worn reaches out of the picture below; heads are above, and are never cut off by us.
            top = subject.top - down * _HEADROOM
        else:
            top = (subject.top + subject.bottom - down) / 2
        left = min(max(0.0, x - across / 2), wide - across)
        top = min(max(0.0, top), tall - down)
        return Box(left=left, top=top, right=left + across, bottom=top + down)

    def near(self) -> Photo:
        """Return the part about the point of interest, as if the camera had been nearer."""
        wide, tall = self.size
        across, down = round(wide * _NEAR), round(tall * _NEAR)
        left = round(min(max(0.0, self.focus[0] - across / 2), wide - across))
        top = round(min(max(0.0, self.focus[1] - down / 2), tall - down))
        subject = Box(
            left=min(max(0.0, self.subject.left - left), across - 1),
            top=min(max(0.0, self.subject.top - top), down - 1),
            right=max(1.0, min(self.subject.right - left, across)),
            bottom=max(1.0, min(self.subject.bottom - top, down)),
        )
        rgb = np.ascontiguousarray(self.rgb[top : top + down, left : left + across])
        return Photo(rgb, subject, (self.focus[0] - left, self.focus[1] - top))

    def detail(self, part: Box) -> float:
        """Return how much the tones of a part differ in its middle, 0-127."""
        left, wide = part.left + part.width / 4, part.width / 2
        rows = slice(round(part.top), round(part.bottom))
        return float(self.rgb[rows, round(left) : round(left + wide)].mean(axis=2).std())

    def drawn(self, part: Box, width: int, height: int) -> NDArray[np.uint8]:
        """Return a part at a size in canvas px, RGB bytes."""
        share = (width / part.width, height / part.height)
        if max(share) < 1:
            left, top = round(part.left), round(part.top)
            area = self.rgb[top : max(top + 1, round(part.bottom)), left : max(left + 1, round(part.right))]
            return np.asarray(cv2.resize(area, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
        matrix = np.array(
            [
                [share[0], 0, (0.5 - part.left) * share[0] - 0.5],
                [0, share[1], (0.5 - part.top) * share[1] - 0.5],
            ]
        )
        flags, border = cv2.INTER_CUBIC, cv2.BORDER_REPLICATE
        found = cv2.warpAffine(self.rgb, matrix, (width, height), flags=flags, borderMode=border)
        if max(share) > 1.15:
            soft = cv2.GaussianBlur(found, (0, 0), 1.1 * max(share))
            found = cv2.addWeighted(found, 1.35, soft, -0.35, 0)
        return np.asarray(found, np.uint8)

    def blurred(self, width: int, height: int, *, tint: RGB, share: float) -> NDArray[np.uint8]:
        """Return the photo filling a size in canvas px, far out of focus and leaning to a colour: RGB bytes."""
        small = (max(8, width // 24), max(8, height // 24))
        area = self.drawn(self.cut(width, height), *small)
        soft = cv2.GaussianBlur(area, (0, 0), max(1.0, small[0] / 14)).astype(np.float32)
        soft += (np.asarray(tint, np.float32) - soft) * share
        return np.asarray(cv2.resize(soft, (width, height), interpolation=cv2.INTER_CUBIC).clip(0, 255), np.uint8)


def _on_paper(rgb: NDArray[np.uint8], alpha: NDArray[np.uint8]) -> NDArray[np.uint8]:
    cover = alpha[..., None].astype(np.float32) / 255
    solid = rgb[alpha > 128]
    # A white product needs another paper than white.
    paper: RGB = (188, 186, 182) if len(solid) and float(solid.mean()) > 225 else _PAPER
    return np.asarray(rgb * cover + np.asarray(paper, np.float32) * (1 - cover) + 0.5, np.uint8)


@dataclass(frozen=True, slots=True)
class Window(Moving):
    """A picture that moves behind an opening that stands still.

    The opening is `clip`; it grows to its whole size between `start` and `start + length`.

    Attributes:
        outline: shape of the opening in its own box, full and half size coverage bytes, or None for a rectangle.
        length: frames it takes to open.
        edge: the side it opens from: left, right, top or bottom.
    """

    outline: tuple[NDArray[np.uint8], NDArray[np.uint8]] | None = None
    length: float = 18
    edge: str = "bottom"

    @staticmethod
    def shape(box: Box, points: NDArray[np.float64], *, scale: float) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """Return the coverage of an outline (layout px) in the box, full and half size."""
        left, top, right, bottom = (max(0, round(e * scale / 2) * 2) for e in _edges(box))
        picture = Picture(
            (right - left) / scale, (bottom - top) / scale, scale=scale, origin=(left / scale, top / scale)
        )
        full = picture.mask(points)
        return full, np.asarray(cv2.resize(full, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA), np.uint8)

    def draw(self, planes: Planes, frame: int, scale: float) -> None:
        """Draw what is seen through the opening."""
        box = self.clip
        if box is None or frame < self.start:
            return
        seen = ease_in_out(progress(frame, self.start, self.length)) if self.length else 1.0
        opened = _opened(box, self.edge, seen)
        if opened.width * scale < 2 or opened.height * scale < 2:
            return
        inner = Moving(self.sprite, self.path, clip=opened)
        if self.outline is None:
            inner.draw(planes, frame, scale)
            return
        whole = tuple(max(0, round(e * scale / 2) * 2) for e in _edges(box))
        left, top, right, bottom = (max(0, round(e * scale / 2) * 2) for e in _edges(opened))
        right, bottom = min(right, planes.y.shape[1]), min(bottom, planes.y.shape[0])
        kept = []
        for step, plane, number in ((1, planes.y, 0), (2, planes.u, 1), (2, planes.v, 1)):
            rows, columns = slice(top // step, bottom // step), slice(left // step, right // step)
            over = slice((top - whole[1]) // step, (bottom - whole[1]) // step)
            along = slice((left - whole[0]) // step, (right - whole[0]) // step)
            kept.append((plane[rows, columns], plane[rows, columns].copy(), self.outline[number][over, along]))
        inner.draw(planes, frame, scale)
        for plane, before, cover in kept:
            cv2.multiply(plane, cover, dst=plane, scale=1 / 255)
            cv2.multiply(before, cv2.bitwise_not(cover), dst=before, scale=1 / 255)
            cv2.add(plane, before, dst=plane)


def _edges(box: Box) -> tuple[float, float, float, float]:
    return box.left, box.top, box.right, box.bottom


def _opened(box: Box, edge: str, share: float) -> Box:
    if edge == "left":
        return replace(box, right=box.left + box.width * share)
    if edge == "right":
        return replace(box, left=box.right - box.width * share)
    if edge == "top":
        return replace(box, bottom=box.top + box.height * share)
    return replace(box, top=box.bottom - box.height * share)


@dataclass(frozen=True, slots=True)
class Mount:
    """How a print is mounted: layout px and colours.

    Attributes:
        mat: width of the border.
        foot: width of the border below.
        paper: its colour.
        line: width of the line round it.
        ink: colour of the lines.
        inner: width of the line round the photo.
        radius: of its corners.
    """

    mat: float
    foot: float
    paper: RGB
    line: float = 0.0
    ink: RGB = (0, 0, 0)
    inner: float = 0.0
    radius: float = 0.0

    @classmethod
    def of(cls, look: Look, kind: str) -> Mount:
        """Return the mount that suits a set."""
        if kind == "bokeh":
            dark = mix(look.stops[0], look.stops[1], 0.5)
            return cls(46, 46, dark, line=4, ink=look.accent, inner=2, radius=4)
        if kind == "poster":
            return cls(20, 20, (255, 255, 255))
        if kind == "slab":
            return cls(18, 18, look.stops[0])
        if kind == "confetti":
            return cls(30, 104, (255, 255, 255), radius=26)
        if kind == "grid":
            return cls(22, 22, mix(look.stops[0], look.stops[1], 0.6), line=3, ink=look.accent, radius=30)
        return cls(48, 48, mix(look.stops[2], (255, 255, 255), 0.8))


def mounted(photo: Photo, part: Box, mount: Mount, *, width: float, matted: float, scale: float) -> NDArray[np.uint8]:
    """Return a print as straight RGBA, canvas px.

    Args:
        photo: what is shown.
        part: of the photo, source px.
        mount: its border.
        width: layout px of the photo on it.
        matted: layout px of further mat on every side.
        scale: canvas px per layout px.
    """
    height = width * part.height / part.width
    mat, foot = mount.mat + matted, mount.foot + matted
    wide, tall = width + 2 * mat, height + mat + foot
    picture = Picture(wide, tall, scale=scale)
    picture.shape_in(rounded(0, 0, wide, tall, mount.radius) if mount.radius else quad(0, 0, wide, tall), mount.paper)
    if mount.line:
        r, w = mount.radius, mount.line
        picture.shape_in([rounded(0, 0, wide, tall, r), rounded(w, w, wide - w, tall - w, max(1.0, r - w))], mount.ink)
    if mount.inner:
        w = mount.inner + 8
        picture.shape_in(
            [
                quad(mat - w, mat - w, mat + width + w, mat + height + w),
                quad(mat - 8, mat - 8, mat + width + 8, mat + height + 8),
            ],
            mount.ink,
            0.7,
        )
    size = (max(2, round(width * scale)), max(2, round(height * scale)))
    left, top = round(mat * scale), round(mat * scale)
    shown = np.zeros((*picture.shape, 3), np.float32)
    shown[top : top + size[1], left : left + size[0]] = photo.drawn(part, *size)[
        : picture.shape[0] - top, : picture.shape[1] - left
    ]
    radius = max(0.0, mount.radius - mount.mat * 0.6)
    corners = (left / scale, top / scale, (left + size[0]) / scale, (top + size[1]) / scale)
    picture.lay(picture.mask(rounded(*corners, radius) if radius > 1 else quad(*corners)), shown)
    return picture.rgba()
