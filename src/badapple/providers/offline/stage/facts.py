"""The list of facts the user vouches for: chips under the product."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from badapple.media.colour import BLACK, WHITE, contrast
from badapple.media.typeset import Face, set_text
from badapple.models import SAFE_ZONE, Box, TextBox
from badapple.providers.offline.stage.motion import ease_back, ease_out, enter, hold
from badapple.providers.offline.stage.paint import quad, rounded

if TYPE_CHECKING:
    from badapple.media.typeset import Setting
    from badapple.providers.offline.stage.look import RGB
    from badapple.providers.offline.stage.scenery import Chip, Scenery
    from badapple.providers.offline.stage.staging import Stage

__all__ = ["chips", "chips_height"]

_TALL, _GAP, _MOST = 82.0, 18.0, 3
_ENOUGH = 4.5  #: contrast of a chip's words with its plate
_BOTTOM = 1258.0  #: no chip below this


def chips_height(points: tuple[str, ...]) -> float:
    """Return the layout px that a list of facts needs."""
    count = min(_MOST, len(points))
    return count * (_TALL + _GAP) if count else 0.0


def chips(
    stage: Stage,
    scenery: Scenery,
    points: tuple[str, ...],
    *,
    top: float,
    left: float | None = None,
    width: float = SAFE_ZONE.width,
) -> None:
    """List up to three facts, one after the other, under each other: in the middle, or from `left` where given."""
    shown = points[:_MOST]
    top = min(top, _BOTTOM - chips_height(shown) + _GAP)
    size = min(_setting(stage, text, size=46, width=width, ink=stage.look.ink).size for text in shown)
    for number, text in enumerate(shown):
        _chip(
            stage,
            scenery.chip(stage.look, number),
            text,
            top=top + number * (_TALL + _GAP),
            start=18 + 7 * number,
            left=left,
            width=width,
            size=size,
        )


def _chip(
    stage: Stage, chip: Chip, text: str, *, top: float, start: float, left: float | None, width: float, size: float
) -> None:
    setting = _setting(stage, text, size=size, width=width, ink=_ink(stage, chip))
    wide = setting.width + 118
    picture = stage.picture(wide + 2 * abs(chip.skew) + 16, _TALL + 16)
    half, up, down = wide / 2, -_TALL / 2, _TALL / 2
    plate = (
        rounded(-half, up, half, down, chip.radius) if not chip.skew else quad(-half, up, half, down, skew=chip.skew)
    )
    if chip.fill is not None:
        picture.shape_in(plate, chip.fill, chip.opacity)
    if chip.edge is not None:
        picture.shape_in([plate, plate * (1 - 4 / wide, 1 - 4 / _TALL)], chip.edge, 0.9)
    _tick(picture, 46 - half, chip)
    rgba = picture.rgba()
    x0, y0 = 84 - half, -setting.height / 2
    for piece in setting.pieces:
        _stamp(
            rgba,
            piece.image,
            round((x0 + piece.left - picture.origin[0]) * stage.scale),
            round((y0 + piece.top - picture.origin[1]) * stage.scale),
        )
    middle = (540.0 if left is None else left + half, top + _TALL / 2)
    ease = ease_back if stage.style.motion.energy > 0.6 else ease_out
    stage.add(
        rgba,
        enter(
            hold(*middle, angle=chip.turn), start=start, length=14 * stage.calm, offset=(-90, 0), fade=0.5, ease=ease
        ),
        start=start,
    )
    box = Box(left=middle[0] + x0, top=middle[1] + y0, right=middle[0] + x0 + setting.width, bottom=middle[1] - y0)
    stage.boxes.append(TextBox(text=text, box=box, start=int(start), end=stage.count))
    stage.keep_out.append(Box(left=middle[0] - half, top=top, right=middle[0] + half, bottom=top + _TALL))


def _setting(stage: Stage, text: str, *, size: float, width: float, ink: RGB) -> Setting:
    kind = stage.style.type
    return set_text(
        text,
        book=stage.book,
        face=Face(kind.text, max(600, kind.text_weight)),
        size=size,
        smallest=min(20.0, size * 0.9),
        width=width - 124,
        height=_TALL - 20,
        max_lines=2 if len(text) > width / 19 else 1,
        colour=ink,
        scale=stage.scale,
        align="left",
    )


def _ink(stage: Stage, chip: Chip) -> RGB:
    """Return the chip's ink; where a brand's colours leave it unreadable on the plate, one that can be read."""
    fill = chip.fill
    if fill is None or contrast(chip.ink, fill) >= _ENOUGH:
        return chip.ink
    return max((stage.look.ink, BLACK, WHITE), key=lambda ink: contrast(ink, fill))


def _tick(picture: object, x: float, chip: Chip) -> None:
    # A check mark drawn as one outline: fonts differ too much in theirs.
    mark = np.array([(-17, 1), (-10, -6), (-4, 1), (12, -16), (19, -9), (-4, 15)], np.float64) + np.array((x, 0))
    picture.shape_in(mark, chip.mark)  # type: ignore[attr-defined]


def _stamp(rgba: np.ndarray, image: np.ndarray, left: int, top: int) -> None:
    """Put letters on the plate."""
    rows, columns = min(image.shape[0], rgba.shape[0] - top), min(image.shape[1], rgba.shape[1] - left)
    area = rgba[top : top + rows, left : left + columns]
    over = image[:rows, :columns]
    alpha = over[..., 3:].astype(np.float32) / 255
    area[..., :3] = area[..., :3] * (1 - alpha) + over[..., :3] * alpha + 0.5
    area[..., 3] = np.maximum(area[..., 3], over[..., 3])
