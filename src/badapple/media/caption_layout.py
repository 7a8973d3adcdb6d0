"""Where caption words stand and in which colours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from badapple.media import writing
from badapple.media.caption_fonts import ASCENT, DESCENT, caption_face
from badapple.media.colour import BLACK, RGB, WHITE, contrast, mix, rgb
from badapple.media.phrases import join
from badapple.media.typeset import measure
from badapple.models import CAPTION_BAND, Box

if TYPE_CHECKING:
    from badapple.media.fonts import FontBook
    from badapple.media.phrases import Cue
    from badapple.styles import Style

__all__ = ["OUTLINE", "Colours", "Laid", "Line", "colours", "lay_out"]

OUTLINE = 5.0  #: px around letters that stand on the picture itself
_MIDDLE = (CAPTION_BAND.left + CAPTION_BAND.right) / 2  #: px, where lines are centred
_SIZE = 66.0  #: px of an em
_LEADING = 1.17  #: em from line to line
_PLATE_PAD = (30.0, 18.0)  #: px from the letters to the plate's edge
_BIG_TEXT = 3.0  #: contrast that large type needs (WCAG AA)
_MUTED = 6.0  #: contrast that words beside the current one keep
_DISTINCT = 60  #: difference in one of red, green, blue below which two colours look alike


@dataclass(frozen=True, slots=True)
class Colours:
    """What is painted: words, the current word, and what is around or behind them (sRGB bytes)."""

    rest: RGB
    current: RGB
    ground: RGB


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a phrase.

    Attributes:
        text: as shown.
        words: as shown, in the order they are spoken.
        indexes: which of the phrase's words these are.
        lefts: px where each word begins; of no use where the line runs from right to left.
        widths: px of each word's advance.
        width: px of the line's advance.
        middle: px, vertical middle of its em box.
        right_to_left: whether any of it runs so.
    """

    text: str
    words: tuple[str, ...]
    indexes: tuple[int, ...]
    lefts: tuple[float, ...]
    widths: tuple[float, ...]
    width: float
    middle: float
    right_to_left: bool


@dataclass(frozen=True, slots=True)
class Laid:
    """A phrase in its place.

    Attributes:
        size: px of an em.
        lines: one or two.
        ink: letters with their outline, or the plate.
        plate: what lies behind the words, or None.
    """

    size: float
    lines: tuple[Line, ...]
    ink: Box
    plate: Box | None


def colours(style: Style) -> Colours:
    """Choose colours that can be read whatever the picture shows."""
    ink = rgb(style.palette.ink)
    stops = [rgb(stop) for stop in style.palette.background] if style.captions.plate == "box" else []
    ground = max((*stops, BLACK, WHITE), key=lambda colour: min(contrast(ink, colour), 12.0))
    current = rgb(style.palette.accent)
    for step in range(1, 11):
        if contrast(current, ground) >= _BIG_TEXT:
            break
        current = mix(rgb(style.palette.accent), ink, step / 10)
    if style.captions.highlight == "accent" and _differ(current, ink):
        return Colours(rest=ink, current=current, ground=ground)
    # The accent is no colour of its own here: the current word is strong, the others step back.
    shades = (mix(ink, ground, step / 10) for step in (4, 3, 2, 1))
    muted = next((shade for shade in shades if contrast(shade, ground) >= _MUTED), ink)
    return Colours(rest=muted, current=ink, ground=ground)


def _differ(first: RGB, second: RGB) -> bool:
    return max(abs(a - b) for a, b in zip(first, second, strict=True)) >= _DISTINCT


def lay_out(cue: Cue, *, style: Style, book: FontBook) -> Laid:
    """Break a phrase into one or two even lines inside the caption band, smaller where they would not fit."""
    plated = style.captions.plate == "box"
    words = tuple(shown(word.text, style=style, book=book) for word in cue.words)
    edge = _PLATE_PAD[0] if plated else OUTLINE + 3
    room = CAPTION_BAND.width - 2 * edge - 1
    groups = _divide(words, style=style, book=book, room=room)
    widest = max(_width(join(group), style=style, book=book) for group in groups)
    size = min(_SIZE, _SIZE * room / max(widest, 1.0))
    middle = (CAPTION_BAND.top + CAPTION_BAND.bottom) / 2
    lines, first = [], 0
    for number, group in enumerate(groups):
        y = middle + (number - (len(groups) - 1) / 2) * _LEADING * size
        lines.append(_line(group, first=first, middle=y, size=size, style=style, book=book))
        first += len(group)
    ink = _ink(lines, size=size, style=style, book=book, around=0.0 if plated else OUTLINE)
    plate = _plate(lines, size=size, ink=ink) if plated else None
    return Laid(size=size, lines=tuple(lines), ink=plate or ink, plate=plate)


def shown(text: str, *, style: Style, book: FontBook) -> str:
    """Return a word as it is shown: nothing in it is a command to the renderer."""
    text = writing.clean(text.translate(_HARMLESS))
    georgian = any(writing.script_of(char) == "Geor" for char in text)  # has capitals, but not for emphasis
    upper = style.captions.case == "upper" and not georgian and book.can_draw(text.upper())
    return text.upper() if upper else text


#: Signs with a meaning in ASS, and what looks most like them.
_HARMLESS = str.maketrans({"{": "(", "}": ")", "\\": "/", "\n": " ", "\r": " "})


def _divide(words: tuple[str, ...], *, style: Style, book: FontBook, room: float) -> list[tuple[str, ...]]:
    if len(words) == 1 or _width(join(words), style=style, book=book) <= room:
        return [words]

    def widest(cut: int) -> float:
        return max(_width(join(words[:cut]), style=style, book=book), _width(join(words[cut:]), style=style, book=book))

    cut = min(range(1, len(words)), key=widest)
    return [words[:cut], words[cut:]]


def _line(words: tuple[str, ...], *, first: int, middle: float, size: float, style: Style, book: FontBook) -> Line:
    scale = size / _SIZE
    text = join(words)
    width = _width(text, style=style, book=book) * scale
    widths = tuple(_width(word, style=style, book=book) * scale for word in words)
    left = _MIDDLE - width / 2
    # A word ends where the line up to it ends, so that kerning over spaces is counted.
    ends = (left + _width(join(words[: at + 1]), style=style, book=book) * scale for at in range(len(words)))
    lefts = tuple(end - own for end, own in zip(ends, widths, strict=True))
    return Line(
        text=text, words=words, indexes=tuple(range(first, first + len(words))), lefts=lefts, widths=widths,
        width=width, middle=middle, right_to_left=writing.is_right_to_left(text),
    )  # fmt: skip


def _width(text: str, *, style: Style, book: FontBook) -> float:
    return measure(text, book=book, face=caption_face(style), size=_SIZE) if text else 0.0


def _ink(lines: list[Line], *, size: float, style: Style, book: FontBook, around: float) -> Box:
    inks = [_line_ink(line, size=size, style=style, book=book) for line in lines]
    return Box(
        left=min(ink.left for ink in inks) - around,
        top=min(ink.top for ink in inks) - around,
        right=max(ink.right for ink in inks) + around,
        bottom=max(ink.bottom for ink in inks) + around,
    )


def _line_ink(line: Line, *, size: float, style: Style, book: FontBook) -> Box:
    face, scale = caption_face(style), size / _SIZE
    runs = book.runs(line.text, face=face)
    fonts = [book.font(run.source, size=_SIZE, weight=book.weight(run.source, face), optical=_SIZE) for run in runs]
    spans = [font.ink(run.text) for font, run in zip(fonts, runs, strict=True)]
    # What the outer letters leave empty beside them; where runs change sides, it is not asked.
    before = 0.0 if line.right_to_left else spans[0][0] * scale
    after = 0.0 if line.right_to_left else (fonts[-1].getlength(runs[-1].text) - spans[-1][2]) * scale
    base = line.middle + (ASCENT - DESCENT) / 2 * size  # the middle of the em box is above the baseline
    return Box(
        left=_MIDDLE - line.width / 2 + before,
        top=base + min(span[1] for span in spans) * scale,
        right=_MIDDLE + line.width / 2 - after,
        bottom=base + max(span[3] for span in spans) * scale,
    )


def _plate(lines: list[Line], *, size: float, ink: Box) -> Box:
    """Return a plate as high as capitals ask, the same from phrase to phrase; higher for taller scripts."""
    wide = max(line.width for line in lines) / 2 + _PLATE_PAD[0]
    high = (len(lines) - 1) * _LEADING * size / 2 + size * 0.36 + _PLATE_PAD[1]
    middle = sum(line.middle for line in lines) / len(lines)
    top, bottom = min(middle - high, ink.top - 8), max(middle + high, ink.bottom + 8)
    return Box(left=_MIDDLE - wide, top=top, right=_MIDDLE + wide, bottom=bottom)
