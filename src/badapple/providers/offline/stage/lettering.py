"""Words on the stage: set, placed, noted as text boxes, and brought in word by word."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from badapple.media.typeset import Face, set_text
from badapple.models import SAFE_ZONE, Box, TextBox
from badapple.providers.offline.stage.look import RGB, contrast
from badapple.providers.offline.stage.motion import drift, ease_back, enter, hold
from badapple.providers.offline.stage.sprites import PAD, Sprite

if TYPE_CHECKING:
    from collections.abc import Callable

    from badapple.media.typeset import Setting
    from badapple.providers.offline.stage.motion import Path
    from badapple.providers.offline.stage.staging import Stage

__all__ = ["Words", "ghost_row", "headline", "place", "readable", "subline"]

#: Text is whole by this frame.
READY = 24


@dataclass(frozen=True, slots=True)
class Words:
    """Set text that waits for its place."""

    setting: Setting
    text: str
    align: str


def headline(stage: Stage, text: str, *, size: float = 136, height: float = 330, align: str = "center", colour: RGB | None = None, lines: int = 3) -> Words | None:
    """Set display type; None for an empty text."""
    return _set(stage, text, display=True, size=size, height=height, align=align, colour=colour or stage.look.ink, lines=lines)


def subline(stage: Stage, text: str, *, size: float = 50, align: str = "center", colour: RGB | None = None, lines: int = 2) -> Words | None:
    """Set a quieter line; None for an empty text."""
    return _set(stage, text, display=False, size=size, height=140, align=align, colour=colour or stage.look.muted, lines=lines)


def _set(stage: Stage, text: str, *, display: bool, size: float, height: float, align: str, colour: RGB, lines: int) -> Words | None:
    if not text.strip():
        return None
    kind = stage.style.type
    face = Face(kind.display, kind.display_weight) if display else Face(kind.text, kind.text_weight)
    setting = set_text(
        text, book=stage.book, face=face, size=size, smallest=26, width=SAFE_ZONE.width, height=height, max_lines=lines if len(text) < 60 else 5,
        colour=colour, scale=stage.scale, align="left" if align == "left" else "center",
        tracking=kind.tracking if display else 0.0, case=kind.case if display else "as-is",
        leading=1.0 if display and kind.case == "upper" else 1.12,
    )  # fmt: skip
    return Words(setting, text, align)


def place(stage: Stage, words: Words, *, top: float, start: float = 6, manner: str = "rise", left: float | None = None, colour: RGB | None = None) -> Box:
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
        "pop": lambda: enter(rest, start=start, length=14 * stage.calm, scale=0.3, angle=8.0 * turn, fade=0.25, ease=ease_back),
        "slide": lambda: enter(rest, start=start, length=length, offset=(-46, 0), fade=0.7),
    }
    if manner == "mask":
        edge = 4 / stage.scale
        clip = Box(left=x - edge, top=y - edge, right=x + width / stage.scale + edge, bottom=y + tall + edge)
    stage.add(sprite, ways[manner](), start=start, clip=clip)


def readable(choices: tuple[RGB, ...], ground: np.ndarray) -> RGB:
    """Return the first colour that reads well (4.5) on every part of a patch of ground (RGB bytes), else the best."""
    small = cv2.resize(ground, (4, 4), interpolation=cv2.INTER_AREA).reshape(-1, 3).tolist()
    worst = [min(contrast(choice, (int(r), int(g), int(b))) for r, g, b in small) for choice in choices]
    for choice, ratio in zip(choices, worst, strict=True):
        if ratio >= 4.5:
            return choice
    return choices[int(np.argmax(worst))]


def ghost_row(stage: Stage, text: str, *, size: float, colour: RGB, opacity: float, outline: float, y: float, speed: float, tilt: float = 0.0, x: float = 0.0) -> None:
    """Run a row of huge repeated words across the frame, behind what comes later.

    Args:
        stage: where.
        text: what is repeated.
        size: layout px of the type.
        colour: of the letters.
        opacity: 0-1.
        outline: em of a hollow letter's line; 0 fills it.
        y: layout px of the row's middle.
        speed: layout px a frame, to the left where negative.
        tilt: degrees.
        x: layout px of displacement at the start.
    """
    kind = stage.style.type
    setting = set_text(
        text, book=stage.book, face=Face(kind.display, kind.display_weight), size=size, smallest=30, width=2600, max_lines=1,
        colour=colour, scale=stage.scale, case=kind.case, outline=outline,
    )  # fmt: skip
    strip = _strip(setting, stage.scale, gap=size * 0.4, long=1900 + abs(speed) * stage.count)
    strip[..., 3] = (strip[..., 3] * opacity).astype(np.uint8)
    if tilt:
        strip = _turned(strip, tilt)
    cos, sin = np.cos(np.radians(tilt)), np.sin(np.radians(tilt))
    away = speed * stage.count
    path = drift(hold(540 + x - away / 2 * cos, y - away / 2 * sin), count=stage.count, by=(away * cos, away * sin))
    sprite = Sprite.of(strip)
    stage.add(sprite, path)


def _strip(setting: Setting, scale: float, *, gap: float, long: float) -> np.ndarray:
    width, height = round((setting.width + gap) * scale), round(setting.height * scale) + 2
    unit = np.zeros((height, width, 4), np.uint8)
    for piece in setting.pieces:
        left, top = round(piece.left * scale), round(piece.top * scale)
        rows, columns = min(piece.image.shape[0], height - top), min(piece.image.shape[1], width - left)
        unit[top : top + rows, left : left + columns] = np.maximum(unit[top : top + rows, left : left + columns], piece.image[:rows, :columns])
    return np.tile(unit, (1, max(2, round(long * scale / width + 0.5)), 1))


def _turned(rgba: np.ndarray, degrees: float) -> np.ndarray:
    height, width = rgba.shape[:2]
    turn = np.radians(degrees)
    size = (round(width * abs(np.cos(turn)) + height * abs(np.sin(turn))), round(width * abs(np.sin(turn)) + height * abs(np.cos(turn))))
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), -degrees, 1.0)
    matrix[:, 2] += (size[0] / 2 - width / 2, size[1] / 2 - height / 2)
    colour = rgba[..., :3].reshape(-1, 3).max(axis=0)
    out = np.empty((size[1], size[0], 4), np.uint8)
    out[..., :3] = colour
    out[..., 3] = cv2.warpAffine(rgba[..., 3], matrix, size, flags=cv2.INTER_LINEAR)
    return out
