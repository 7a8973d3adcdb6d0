"""Drawing letters: one line of text in several fonts on a common baseline."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from badapple.media import writing
from badapple.media.fonts import Run

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from badapple.media.fonts import Face, FontBook
    from badapple.media.glyphs import Glyphs

__all__ = ["Hand", "Line"]

_TRACKED = {"Latn", "Cyrl", "Grek", "Zyyy", "Armn", "Geor", "Hani", "Hira", "Kana", "Hang"}


@dataclass(frozen=True, slots=True)
class Hand:
    """How letters are drawn: fonts, weight, spacing."""

    book: FontBook
    face: Face
    body: str
    optical: float
    tracking: float
    outline: float

    def runs(self, text: str) -> tuple[Run, ...]:
        """Divide a part of the body by fonts."""
        return self.book.runs(text, face=self.face, within=self.body)

    def length(self, runs: Iterable[Run], size: float) -> float:
        """Return the advance of the runs at `size`, px."""
        return sum(self._advance(run, size) for run in runs)

    def _font(self, run: Run, size: float) -> Glyphs:
        weight = self.book.weight(run.source, self.face)
        return self.book.font(run.source, size=size, weight=weight, optical=self.optical)

    def _advance(self, run: Run, size: float) -> float:
        font = self._font(run, size)
        if not self._tracks(run.text):
            return font.getlength(run.text)
        return font.getlength(run.text, joined=False) + self.tracking * size * len(writing.clusters(run.text))

    def _tracks(self, text: str) -> bool:
        return self.tracking != 0 and all(writing.script_of(part) in _TRACKED for part in writing.clusters(text))

    def draw(
        self, mask: NDArray[np.uint8], run: Run, *, x: float, y: float, size: float, level: int, stroke: float
    ) -> float:
        """Draw a run with its baseline at `y`; return its advance, px."""
        font = self._font(run, size)
        if self._tracks(run.text):
            for part, at in self._spaced(run, size):
                font.draw(mask, part, x=x + at, y=y, stroke=stroke, joined=False)  # what is spaced must not join
        else:
            direction = "rtl" if level % 2 else "ltr"
            font.draw(mask, run.text, x=x, y=y, direction=direction, stroke=stroke)
        return self._advance(run, size)

    def _spaced(self, run: Run, size: float) -> Iterator[tuple[str, float]]:
        """Yield every character and where it stands, px from the run's start."""
        font = self._font(run, size)
        before = ""
        for number, part in enumerate(writing.clusters(run.text)):
            # The advance up to and with this character, less its own, keeps the kerning of the pair.
            before += part
            kerned = font.getlength(before, joined=False) - font.getlength(part, joined=False)
            yield part, kerned + number * self.tracking * size


@dataclass(frozen=True)
class Line:
    """One line of text with its fonts."""

    text: str
    hand: Hand
    base: int
    whole: bool

    @cached_property
    def words(self) -> tuple[tuple[str, tuple[Run, ...]], ...]:
        """The parts that are drawn apart, each with its runs."""
        texts = [self.text] if self.whole else self.text.split(" ")
        return tuple((text, self.hand.runs(text)) for text in texts if text)

    def space(self, size: float) -> float:
        """Return the advance of a space, px."""
        return self.hand.length((Run(" ", self.hand.book.family(self.hand.face)),), size)

    def drawn(self, size: float, *, x: float) -> list[tuple[str, Image.Image, int, int]]:
        """Draw every word: text, ink mask, and its left and top in px from the line's origin on the baseline."""
        found = []
        for text, runs in self.words:
            mask, left, top = _ink(self._ordered(runs, text), self.hand, size=size, shift=x - math.floor(x))
            if mask is not None:
                found.append((text, mask, left + math.floor(x), top))
            x += self.hand.length(runs, size) + self.space(size)
        return found

    def _ordered(self, runs: tuple[Run, ...], text: str) -> list[tuple[Run, int]]:
        """Return the runs from left to right, each with its level."""
        if not self.whole or len(runs) == 1:
            return [(run, self.base if self.whole else 0) for run in runs]
        levelled = [
            (run, stretch.level)
            for stretch in writing.stretches(text, base=self.base)
            for run in self.hand.runs(stretch.text)
        ]
        order = writing.visual_order([level for _, level in levelled])
        return [levelled[at] for at in order]


def _ink(
    runs: Sequence[tuple[Run, int]], hand: Hand, *, size: float, shift: float
) -> tuple[Image.Image | None, int, int]:
    """Draw runs side by side; return the mask cropped to its ink, and where that stands from the origin, px."""
    margin = math.ceil(size * 1.2) + 4
    width = math.ceil(hand.length((run for run, _ in runs), size)) + 2 * margin
    mask = _strokes(runs, hand, size=size, at=(margin + shift, 2 * margin), box=(width, 3 * margin), stroke=0)
    if hand.outline:
        stroke = max(0.5, hand.outline * size)
        around = _strokes(
            runs, hand, size=size, at=(margin + shift, 2 * margin), box=(width, 3 * margin), stroke=stroke
        )
        mask = Image.fromarray(np.asarray(around) - np.minimum(np.asarray(mask), np.asarray(around)))
    box = mask.getbbox()
    if box is None:
        return None, 0, 0
    return mask.crop(box), box[0] - margin, box[1] - 2 * margin


def _strokes(
    runs: Sequence[tuple[Run, int]],
    hand: Hand,
    *,
    size: float,
    at: tuple[float, int],
    box: tuple[int, int],
    stroke: float,
) -> Image.Image:
    mask = np.zeros((box[1], box[0]), np.uint8)
    x, y = at
    for run, level in runs:
        x += hand.draw(mask, run, x=x, y=y, size=size, level=level, stroke=stroke)
    return Image.fromarray(mask)
