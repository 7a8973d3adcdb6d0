"""Typesetting: words become pictures of themselves, at the largest size that fits."""

from __future__ import annotations

import contextlib
import math
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

import numpy as np

from badapple.errors import InputError
from badapple.media import writing
from badapple.media.fonts import Face, FontBook
from badapple.media.lettering import Hand, Line
from badapple.media.lines import divide

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from numpy.typing import NDArray
    from PIL import Image

__all__ = ["Face", "Piece", "Setting", "measure", "set_in_few_lines", "set_text", "stack"]

_REFERENCE = 128.0  #: px at which text is measured; fonts scale evenly
_ENOUGH = 0.92  #: fewer lines win while their size is at least this share of the largest possible


@dataclass(frozen=True, slots=True)
class Piece:
    """A drawn word, or a whole line where words cannot be taken apart.

    Attributes:
        image: (h, w, 4) straight-alpha RGBA, canvas px, cropped to its ink.
        left: layout px from the setting's left.
        top: layout px from the setting's top.
        text: what is drawn.
        line: number of its line, from 0.
    """

    image: NDArray[np.uint8]
    left: float
    top: float
    text: str
    line: int = 0


@dataclass(frozen=True, slots=True)
class Setting:
    """Text that is set: its ink fills exactly (0, 0) to (width, height).

    Attributes:
        pieces: in reading order.
        width: layout px of the ink.
        height: layout px of the ink.
        size: type size in layout px.
        lines: text of each line.
        baselines: layout px from the setting's top, one for each line.
    """

    pieces: tuple[Piece, ...]
    width: float
    height: float
    size: float
    lines: tuple[str, ...]
    baselines: tuple[float, ...] = ()

    def coloured(self, colour: tuple[int, int, int]) -> Setting:
        """Return the same text in another colour."""
        pieces = []
        for piece in self.pieces:
            image = piece.image.copy()
            image[..., :3] = colour
            pieces.append(replace(piece, image=image))
        return replace(self, pieces=tuple(pieces))


def set_text(
    text: str,
    *,
    book: FontBook,
    face: Face,
    size: float,
    smallest: float,
    width: float,
    max_lines: int,
    colour: tuple[int, int, int],
    scale: float,
    align: Literal["left", "center", "right"] = "center",
    tracking: float = 0.0,
    case: Literal["as-is", "upper"] = "as-is",
    leading: float = 1.08,
    height: float = math.inf,
    outline: float = 0.0,
) -> Setting:
    """Set text at the largest size from `smallest` to `size` that fits `width` (and `height`) in `max_lines`.

    Args:
        text: any script; white space counts as single spaces.
        book: where fonts come from.
        face: family and weight wanted.
        size: largest type size, layout px.
        smallest: smallest type size, layout px.
        width: layout px that the ink may fill.
        max_lines: lines at most.
        colour: sRGB bytes.
        scale: canvas px per layout px.
        align: how lines stand to each other.
        tracking: further space after each letter, em; scripts whose letters join ignore it.
        case: `upper` sets capitals where the fonts have them.
        leading: distance of baselines, em; grows where accents would touch the line above.
        height: layout px that the ink may fill.
        outline: draw hollow letters with a line this thick, em; 0 fills them.

    Raises:
        InputError: it does not fit even at the smallest size, or is empty.
        MissingFontError: nothing installed draws some of it.
    """
    body = _cased(writing.clean(text), book=book, case=case)
    book.runs(body, face=face)
    hand = Hand(book, face, body, size, tracking, outline)
    writer = _Writer(body, hand, align=align, leading=leading)
    for candidate, lines in writer.choices(size=size, smallest=smallest, width=width, max_lines=max_lines):
        fitted = writer.fit(lines, size=candidate, smallest=smallest, width=width, height=height, scale=scale)
        if fitted is not None:
            return fitted.coloured(colour)
    shown = body if len(body) <= 40 else f"{body[:39]}…"
    raise InputError(f"the text {shown!r} does not fit its place", hint="use a shorter text")


def set_in_few_lines(attempt: Callable[[int, float], Setting], *, floors: Sequence[float]) -> Setting:
    """Set text in as few lines as keep it large.

    Args:
        attempt: sets the text in at most so many lines, no smaller than so many layout px.
        floors: for one line, two lines ...: the size below which one more line is better; the last may not fail.

    Raises:
        InputError: it does not even fit into the last.
    """
    for lines, smallest in enumerate(floors[:-1], start=1):
        with contextlib.suppress(InputError):
            return attempt(lines, smallest)
    return attempt(len(floors), floors[-1])


def stack(settings: Sequence[Setting], *, gap: float) -> Setting:
    """Put settings under each other, centred, with `gap` layout px between their inks."""
    width = max(setting.width for setting in settings)
    pieces: list[Piece] = []
    baselines: list[float] = []
    top = 0.0
    for setting in settings:
        left = round((width - setting.width) / 2)
        pieces += [
            replace(piece, left=piece.left + left, top=piece.top + top, line=piece.line + len(baselines))
            for piece in setting.pieces
        ]
        baselines += [baseline + top for baseline in setting.baselines]
        top = round(top + setting.height + gap)
    lines = tuple(line for setting in settings for line in setting.lines)
    return Setting(tuple(pieces), width, top - gap, settings[0].size, lines, tuple(baselines))


def measure(text: str, *, book: FontBook, face: Face, size: float, tracking: float = 0.0) -> float:
    """Return the advance of one line of text, layout px."""
    body = writing.clean(text)
    hand = Hand(book, face, body, size, tracking, 0.0)
    return hand.length(hand.runs(body), _REFERENCE) * size / _REFERENCE


def _cased(text: str, *, book: FontBook, case: Literal["as-is", "upper"]) -> str:
    """Return the text in capitals where its script uses them for emphasis (Georgian does not) and fonts have them."""
    if case == "as-is":
        return text
    return "".join(
        part.upper() if writing.script_of(part) != "Geor" and book.can_draw(part.upper()) else part
        for part in writing.clusters(text)
    )


class _Writer:
    """Breaks one text into lines and draws them."""

    def __init__(self, text: str, hand: Hand, *, align: Literal["left", "center", "right"], leading: float) -> None:
        if not text:
            raise InputError("there is no text to set")
        self._text = text
        self._hand = hand
        self._align = align
        self._leading = leading
        self._base = writing.base_level(text)
        self._whole = writing.is_right_to_left(text)
        self._units = writing.break_units(text)

    def choices(
        self, *, size: float, smallest: float, width: float, max_lines: int
    ) -> Iterable[tuple[float, list[str]]]:
        """Return (size, lines) to try, best first."""
        found = []
        for units in (self._units, self._split_units(smallest, width)):
            widths = [self._unit_width(unit) for unit in units]
            for count in range(1, min(max_lines, len(units)) + 1):
                lines, widest = divide(units, widths, count)
                fits = min(size, width / max(widest, 1e-6))
                if fits >= smallest * 0.999:
                    found.append((fits, lines))
            if found:
                break
        if not found:
            return []
        best = max(fits for fits, _ in found)
        return sorted(found, key=lambda choice: (choice[0] < best * _ENOUGH, len(choice[1]), -choice[0]))

    def _unit_width(self, unit: str) -> float:
        """Return the advance at size 1; a trailing space counts apart."""
        body = unit.rstrip(" ")
        return self._hand.length(self._hand.runs(body), _REFERENCE) / _REFERENCE if body else 0.0

    def _split_units(self, smallest: float, width: float) -> list[str]:
        return [
            part
            for unit in self._units
            for part in (writing.split_long(unit) if self._unit_width(unit) * smallest > width else [unit])
        ]

    def fit(
        self, lines: list[str], *, size: float, smallest: float, width: float, height: float, scale: float
    ) -> Setting | None:
        """Draw the lines as large as their real ink allows; None where that is below the smallest size."""
        while size >= smallest * 0.98:
            setting = self._drawn(lines, size=size, scale=scale)
            over = max(setting.width / width, setting.height / height)
            if over <= 1.0:
                return setting
            # A share of a px of rounding must not end in an endless loop.
            size = min(size / over, size * 0.995)
        return None

    def _drawn(self, lines: list[str], *, size: float, scale: float) -> Setting:
        real = size * scale
        rows = [Line(line, self._hand, self._base, self._whole) for line in lines]
        drawn = [row.drawn(real, x=0.0) for row in rows]
        baselines = self._baselines(drawn, real)
        shifts = _shifts(drawn, self._align)
        placed = [
            (text, mask, left + shifts[number], top + baselines[number], number)
            for number, row in enumerate(drawn)
            for text, mask, left, top in row
        ]
        left = min((item[2] for item in placed), default=0)
        top = min((item[3] for item in placed), default=0)
        pieces = tuple(
            Piece(_rgba(mask), (x - left) / scale, (y - top) / scale, text, number)
            for text, mask, x, y, number in placed
        )
        return Setting(
            pieces,
            width=max((item[2] + item[1].width for item in placed), default=0) / scale - left / scale,
            height=max((item[3] + item[1].height for item in placed), default=0) / scale - top / scale,
            size=size,
            lines=tuple(lines),
            baselines=tuple((baseline - top) / scale for baseline in baselines),
        )

    def _baselines(self, drawn: list[list[tuple[str, Image.Image, int, int]]], real: float) -> list[int]:
        """Return the baselines in px: one even pitch, wide enough that no line touches the next."""
        pitch = self._leading * real
        for above, below in pairwise(drawn):
            depth = max((top + mask.height for _, mask, _, top in above), default=0)
            rise = -min((top for _, _, _, top in below), default=0)
            pitch = max(pitch, depth + rise + 0.05 * real)
        return [round(number * pitch) for number in range(len(drawn))]


def _shifts(
    drawn: list[list[tuple[str, Image.Image, int, int]]], align: Literal["left", "center", "right"]
) -> list[int]:
    """Return how far each line moves, px, so that their ink lines up."""
    share = {"left": 0.0, "center": 0.5, "right": 1.0}[align]
    shifts = []
    for row in drawn:
        start = min((left for _, _, left, _ in row), default=0)
        end = max((left + mask.width for _, mask, left, _ in row), default=0)
        shifts.append(round(-start - (end - start) * share))
    return shifts


def _rgba(mask: Image.Image) -> NDArray[np.uint8]:
    image = np.zeros((mask.height, mask.width, 4), np.uint8)
    image[..., 3] = np.asarray(mask)
    return image
