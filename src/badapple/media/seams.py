"""Transitions between two scenes, drawn in the planes that go to the encoder."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Literal

import numpy as np

from badapple import process
from badapple.media import planes
from badapple.media.reading import reading
from badapple.models import OVERLAP

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from badapple.models import Canvas
    from badapple.ports import Frames

    Plane = NDArray[np.uint8]

__all__ = ["Kind", "seam"]

Kind = Literal["dissolve", "push", "whip", "iris", "wipe"]

_SOFT = {"iris": 0.06, "wipe": 0.16}  # width of a matte's soft edge, as a share of its whole way
_SHUTTER = 0.6  # share of a frame's time that a whip's motion blur covers
_COARSE = 4  # mattes are drawn at a quarter of the size: they hold nothing but a soft edge


def seam(
    kind: Kind, left: Frames, right: Frames, *, canvas: Canvas, count: int = OVERLAP
) -> Iterator[NDArray[np.uint8]]:
    """Draw the frames in which the last `count` of `left` turn into the first `count` of `right`.

    All are drawn into the same buffer. The first is almost `left`, the last almost `right`, so that
    the cut to the scenes' own frames on both sides is not seen.
    """
    before, after, out = (planes.blank(canvas.width, canvas.height) for _ in range(3))
    first = left.count - count
    with reading(left, first, count) as end, reading(right, 0, count) as begin:
        for index in range(count):
            process.check_stop()
            end.draw(first + index, before)
            begin.draw(index, after)
            _mix(kind, before, after, out, share=(index + 1) / (count + 1), step=1 / (count + 1))
            yield out


def _mix(kind: Kind, before: Plane, after: Plane, out: Plane, *, share: float, step: float) -> None:
    import cv2  # noqa: PLC0415 - heavy

    if kind == "dissolve":
        weight = _smooth(share)
        cv2.addWeighted(before, 1 - weight, after, weight, 0, dst=out)
    elif kind in ("push", "whip"):
        ease = _smooth if kind == "push" else _smoother
        width = before.shape[1]
        moved = round(ease(share) * width / 2) * 2  # even, as a chroma sample covers two columns
        _shift(before, after, out, moved)
        if kind == "whip":
            speed = ease(min(1, share + step / 2)) - ease(max(0, share - step / 2))
            _blur(out, round(speed * width * _SHUTTER))
    else:
        _cover(before, after, out, _matte(kind, out.shape[1], out.shape[0] * 2 // 3, _smooth(share)))


def _smooth(share: float) -> float:
    return share * share * (3 - 2 * share)


def _smoother(share: float) -> float:
    return share**3 * (share * (share * 6 - 15) + 10)


def _shift(before: Plane, after: Plane, out: Plane, moved: int) -> None:
    """Push `after` in from the right by `moved` columns, `before` out to the left."""
    for old, new, target, by in zip(
        planes.split(before), planes.split(after), planes.split(out), (moved, moved // 2, moved // 2), strict=True
    ):
        edge = target.shape[1] - by
        target[:, :edge] = old[:, by:]
        target[:, edge:] = new[:, :by]


def _blur(out: Plane, length: int) -> None:
    """Smear along the motion, `length` luma px."""
    import cv2  # noqa: PLC0415 - heavy

    for plane, size in zip(planes.split(out), (length, length // 2, length // 2), strict=True):
        if size > 1:
            # Twice half the length: the ends of a single box would show as ghost edges. Odd: OpenCV's box of 2 px adds
            # to what it blurs.
            box = (size // 4 * 2 + 1, 1)
            cv2.blur(
                cv2.blur(plane, box, borderType=cv2.BORDER_REPLICATE), box, dst=plane, borderType=cv2.BORDER_REPLICATE
            )


def _cover(before: Plane, after: Plane, out: Plane, matte: Plane) -> None:
    """Lay `after` over `before` where the coarse `matte` is 255."""
    import cv2  # noqa: PLC0415 - heavy

    for old, new, target in zip(planes.split(before), planes.split(after), planes.split(out), strict=True):
        height, width = target.shape
        mask = cv2.resize(matte, (width, height), interpolation=cv2.INTER_LINEAR)
        shown = cv2.multiply(new, mask, scale=1 / 255)
        hidden = cv2.multiply(old, cv2.bitwise_not(mask), scale=1 / 255)
        cv2.add(shown, hidden, dst=target)


def _matte(kind: Kind, width: int, height: int, share: float) -> Plane:
    """Return how far `after` covers each coarse px, 0-255."""
    soft = _SOFT[kind]
    cover = (share * (1 + soft) - _way(kind, width // _COARSE, height // _COARSE)) / soft
    return np.asarray(np.clip(cover, 0, 1) * 255, np.uint8)


@lru_cache(maxsize=4)
def _way(kind: Kind, width: int, height: int) -> NDArray[np.float32]:
    """Return when each px is reached, 0 first, 1 last."""
    across = np.linspace(-1, 1, width, dtype=np.float32)
    down = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
    if kind == "iris":
        way = np.hypot(across * width, down * height)
        return np.asarray(way / way.max(), np.float32)
    slope = across * 0.8 + down * 0.35  # a wipe runs to the right with a slanted edge
    return np.asarray((slope - slope.min()) / (slope.max() - slope.min()), np.float32)
