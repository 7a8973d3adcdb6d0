"""Words on the stage: set, placed, noted as text boxes, and brought in word by word."""

from __future__ import annotations

import contextlib
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from badapple.errors import InputError
from badapple.media.typeset import Face, set_text
from badapple.models import SAFE_ZONE, Box, TextBox
from badapple.providers.offline.stage.look import RGB, contrast
from badapple.providers.offline.stage.motion import Pose, ease_back, enter, hold
from badapple.providers.offline.stage.sprites import PAD, Sprite

if TYPE_CHECKING:
    from collections.abc import Callable

    from badapple.media.typeset import Setting
    from badapple.providers.offline.stage.motion import Path
    from badapple.providers.offline.stage.staging import Stage

__all__ = ["Row", "Words", "ghost_row", "headline", "place", "readable", "subline"]

#: Text is whole by this frame.
READY = 24


@dataclass(frozen=True, slots=True)
class Words:
    """Set text that waits for its place."""

    setting: Setting
    text: str
    align: str


def headline(
    stage: Stage,
    text: str,
    *,
    size: float = 136,
    height: float = 330,
    align: str = "center",
    colour: RGB | None = None,
    lines: int = 3,
) -> Words | None:
    """Set display type; None for an empty text."""
    return _set(
        stage, text, display=True, size=size, height=height, align=align, colour=colour or stage.look.ink, lines=lines
    )


def subline(
    stage: Stage, text: str, *, size: float = 50, align: str = "center", colour: RGB | None = None, lines: int = 2
) -> Words | None:
    """Set a quieter line; None for an empty text."""
    return _set(
        stage, text, display=False, size=size, height=140, align=align, colour=colour or stage.look.muted, lines=lines
    )


def _set(
    stage: Stage, text: str, *, display: bool, size: float, height: float, align: str, colour: RGB, lines: int
) -> Words | None:
    if not text.strip():
        return None
    kind = stage.style.type
    face = Face(kind.display, kind.display_weight) if display else Face(kind.text, kind.text_weight)
    found = []
    for most in range(1, _lines(text, lines) + 1):
        with contextlib.suppress(InputError):
            found.append(
                set_text(
                    text,
                    book=stage.book,
                    face=face,
                    size=size,
                    smallest=26,
                    width=SAFE_ZONE.width,
                    height=height,
                    max_lines=most,
                    colour=colour,
                    scale=stage.scale,
                    align="left" if align == "left" else "center",
                    tracking=kind.tracking if display else 0.0,
                    case=kind.case if display else "as-is",
                    leading=1.0 if display and kind.case == "upper" else 1.12,
                )
            )
    if not found:
        raise InputError(f"the text {text[:40]!r} does not fit its place", hint="use a shorter text")
    # The largest type wins, and of nearly equal ones that with fewer lines.
    largest = max(setting.size for setting in found)
    return Words(next(setting for setting in found if setting.size >= largest * 0.9), text, align)


def _lines(text: str, most: int) -> int:
    # Short phrases read better in two lines than broken into single words.
    return min(most, 2) if len(text) <= 30 else most if len(text) < 60 else 5


def place(
    stage: Stage,
    words: Words,
    *,
    top: float,
    start: float = 6,
    manner: str = "rise",
    left: float | None = None,
    colour: RGB | None = None,
) -> Box:
    """Bring the words in from frame `start`; return their box at rest."""
    setting = words.setting
    if left is None:
        left = SAFE_ZONE.left if words.align == "left" else (SAFE_ZONE.left + SAFE_ZONE.right - setting.width) / 2
    # Whole px at rest: letters stay as crisp as they were drawn.
    left, top = (round(value * stage.scale) / stage.scale for value in (left, top))
    count = len(setting.pieces)
    stagger = min(4.0 * stage.calm, (READY - 8 - start) / max(1, count - 1)) if start < READY - 8 else 2.0
    for number, piece in enumerate(setting.pieces):
        x, y = left + piece.left, top + piece.top
        image = piece.image
        if colour is not None:
            image = image.copy()
            image[..., :3] = colour
        _bring(stage, image, x, y, start=start + number * max(0.5, stagger), manner=manner, turn=(-1) ** number)
    box = Box(left=left, top=top, right=left + setting.width, bottom=top + setting.height)
    stage.boxes.append(TextBox(text=words.text, box=box, start=int(start), end=stage.count))
    stage.keep_out.append(Box(left=left - 30, top=top - 24, right=box.right + 30, bottom=box.bottom + 24))
    return box


def _bring(stage: Stage, image: np.ndarray, x: float, y: float, *, start: float, manner: str, turn: int) -> None:
    height, width = image.shape[:2]
    sprite = Sprite(Sprite.of(image).packed, (width / 2 + PAD, height / 2 + PAD))
    rest = hold(x + width / 2 / stage.scale, y + height / 2 / stage.scale)
    tall = height / stage.scale
    length = 16 * stage.calm
    clip = None
    ways: dict[str, Callable[[], Path]] = {
        "rise": lambda: enter(rest, start=start, length=length, offset=(0, 34), fade=0.8),
        "mask": lambda: enter(rest, start=start, length=length * 0.9, offset=(0, tall + 12), fade=0),
        "slam": lambda: enter(rest, start=start, length=10 * stage.calm, scale=1.5, offset=(0, -8), fade=0.4),
        "whip": lambda: enter(rest, start=start, length=11 * stage.calm, offset=(-220, 0), fade=0.35),
        "pop": lambda: enter(
            rest, start=start, length=14 * stage.calm, scale=0.3, angle=8.0 * turn, fade=0.25, ease=ease_back
        ),
        "slide": lambda: enter(rest, start=start, length=length, offset=(-46, 0), fade=0.7),
    }
    if manner == "mask":
        edge = 4 / stage.scale
        clip = Box(left=x - edge, top=y - edge, right=x + width / stage.scale + edge, bottom=y + tall + edge)
    stage.add(sprite, ways[manner](), start=start, clip=clip)


def readable(choices: tuple[RGB, ...], ground: np.ndarray, *, least: float = 4.5) -> RGB:
    """Return the first colour whose contrast is `least` on every part of a patch of RGB bytes, else the best."""
    small = cv2.resize(ground, (4, 4), interpolation=cv2.INTER_AREA).reshape(-1, 3).tolist()
    worst = [min(contrast(choice, (int(r), int(g), int(b))) for r, g, b in small) for choice in choices]
    for choice, ratio in zip(choices, worst, strict=True):
        if ratio >= least:
            return choice
    return choices[int(np.argmax(worst))]


@dataclass(frozen=True, slots=True)
class Row:
    """A row of huge repeated words, drawn once; several rows may run with it.

    Attributes:
        sprite: the row, long enough for the frame and one period.
        period: layout px after which it repeats.
        tilt: degrees.
    """

    sprite: Sprite
    period: float
    tilt: float

    def run(self, stage: Stage, *, y: float, speed: float, shift: float) -> None:
        """Let it run behind what comes later, its middle at `y`, `speed` px a frame (leftwards where negative)."""
        cos, sin = math.cos(math.radians(self.tilt)), math.sin(math.radians(self.tilt))
        period = self.period

        def at(frame: float) -> Pose:
            along = (shift + speed * frame) % period - period / 2
            return Pose(540 + along * cos, y + along * sin, 1.0, 0.0, min(1.0, frame / 18))

        stage.add(self.sprite, at)


def ghost_row(
    stage: Stage, text: str, *, size: float, colour: RGB, opacity: float, outline: float, tilt: float = 0.0
) -> Row:
    """Draw a row of repeated words of type `size` layout px; `outline` (em) makes hollow letters."""
    kind = stage.style.type
    setting = set_text(
        text,
        book=stage.book,
        face=Face(kind.display, kind.display_weight),
        size=size,
        smallest=30,
        width=2200,
        max_lines=1,
        colour=colour,
        scale=stage.scale,
        case=kind.case,
        outline=outline,
    )
    strip, period = _strip(setting, stage.scale, gap=size * 0.4)
    strip[..., 3] = (strip[..., 3] * opacity).astype(np.uint8)
    return Row(Sprite.of(_turned(strip, tilt) if tilt else strip), period, tilt)


def _strip(setting: Setting, scale: float, *, gap: float) -> tuple[np.ndarray, float]:
    """Return the words repeated over more than the frame's width and one period, and that period in layout px."""
    width, height = round((setting.width + gap) * scale), round(setting.height * scale) + 2
    unit = np.zeros((height, width, 4), np.uint8)
    for piece in setting.pieces:
        left, top = round(piece.left * scale), round(piece.top * scale)
        rows, columns = min(piece.image.shape[0], height - top), min(piece.image.shape[1], width - left)
        unit[top : top + rows, left : left + columns] = np.maximum(
            unit[top : top + rows, left : left + columns], piece.image[:rows, :columns]
        )
    return np.tile(unit, (1, math.ceil(1240 * scale / width) + 1, 1)), width / scale


def _turned(rgba: np.ndarray, degrees: float) -> np.ndarray:
    height, width = rgba.shape[:2]
    turn = np.radians(degrees)
    size = (
        round(width * abs(np.cos(turn)) + height * abs(np.sin(turn))),
        round(width * abs(np.sin(turn)) + height * abs(np.cos(turn))),
    )
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), -degrees, 1.0)
    matrix[:, 2] += (size[0] / 2 - width / 2, size[1] / 2 - height / 2)
    colour = rgba[..., :3].reshape(-1, 3).max(axis=0)
    out = np.empty((size[1], size[0], 4), np.uint8)
    out[..., :3] = colour
    out[..., 3] = cv2.warpAffine(rgba[..., 3], matrix, size, flags=cv2.INTER_LINEAR)
    return out
