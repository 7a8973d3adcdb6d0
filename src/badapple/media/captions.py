"""Captions: phrases timed to the word, burned in by libass or written for players."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from badapple.media.caption_fonts import CaptionFonts, default_book
from badapple.media.caption_layout import OUTLINE, Laid, Line, colours, lay_out
from badapple.media.phrases import Cue, cues, join
from badapple.media.whole import whole
from badapple.models import FPS, HEIGHT, WIDTH, TextBox, Word

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from badapple.media.caption_layout import Colours
    from badapple.media.colour import RGB
    from badapple.media.fonts import FontBook
    from badapple.models import Box
    from badapple.styles import Style

__all__ = ["Cue", "boxes", "cues", "cues_from", "write_ass", "write_srt", "write_vtt"]

_POP = 104  #: percent that the current word grows to
_RISE, _FALL = 70, 130  #: ms in which it grows and shrinks again
_FADE = 40  #: ms in which a phrase appears
_RADIUS = 16  #: px of a plate's corners
_PLAYER_LINE = 32  #: characters of a line in a player
_HEAD = f"""[Script Info]
ScriptType: v4.00+
PlayResX: {WIDTH}
PlayResY: {HEIGHT}
WrapStyle: 2
ScaledBorderAndShadow: yes
YCbCr Matrix: None
Kerning: yes

[V4+ Styles]
Format: Name, Fontname, Fontsize, PrimaryColour, SecondaryColour, OutlineColour, BackColour, \
Bold, Italic, Underline, StrikeOut, ScaleX, ScaleY, Spacing, Angle, BorderStyle, Outline, Shadow, \
Alignment, MarginL, MarginR, MarginV, Encoding
"""
_EVENTS = "\n[Events]\nFormat: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text\n"


def cues_from(rows: Iterable[Mapping[str, Any]]) -> tuple[Cue, ...]:
    """Read phrases that `dataclasses.asdict` made plain."""
    return tuple(
        Cue(text=row["text"], start=row["start"], end=row["end"], words=tuple(Word(**word) for word in row["words"]))
        for row in rows
    )


def write_ass(phrases: Sequence[Cue], path: Path, *, style: Style, folder: Path, book: FontBook | None = None) -> Path:
    """Write an ASS file in film time, and cut the fonts it names.

    Args:
        phrases: what to show; a phrase looks the same whichever others stand beside it.
        path: the file.
        style: whose look it has.
        folder: cache of cut fonts.
        book: installed fonts.

    Returns:
        The folder to hand to ffmpeg as `fontsdir`.

    Raises:
        MissingFontError: no installed font draws a character.
    """
    book = book or default_book()
    laid = [(cue, lay_out(cue, style=style, book=book)) for cue in phrases]
    fonts = CaptionFonts(folder, style=style, book=book)
    fonts.prepare(line.text for _, place in laid for line in place.lines)
    paint = colours(style)
    ink, edge = _colour(paint.rest), _colour(paint.ground)
    outline = 0 if style.captions.plate == "box" else OUTLINE
    row = f"Style: Words,{fonts.main},64,{ink},{ink},{edge},&H80000000,0,0,0,0,100,100,0,0,1,{outline:g},0,5,0,0,0,-1\n"
    events = [event for cue, place in laid for event in _events(cue, place, paint=paint, fonts=fonts)]
    with whole(path) as part:
        part.write_text(_HEAD + row + _EVENTS + "".join(events), encoding="utf-8")
    return fonts.folder


def boxes(phrases: Sequence[Cue], *, style: Style, book: FontBook | None = None) -> tuple[TextBox, ...]:
    """Return where and when phrases stand: layout px, film frames; letters with their outline, or their plate."""
    book = book or default_book()
    return tuple(
        TextBox(
            text=cue.text,
            box=lay_out(cue, style=style, book=book).ink,
            start=math.ceil(cue.start * FPS),
            end=math.ceil(cue.end * FPS),
        )
        for cue in phrases
    )


def write_srt(phrases: Sequence[Cue], path: Path) -> None:
    """Write subtitles for players."""
    rows = [
        f"{number}\n{_clock(cue.start, ',')} --> {_clock(cue.end, ',')}\n{_player_text(cue)}\n"
        for number, cue in enumerate(phrases, start=1)
    ]
    with whole(path) as part:
        part.write_text("\n".join(rows), encoding="utf-8")


def write_vtt(phrases: Sequence[Cue], path: Path) -> None:
    """Write subtitles for browsers."""
    rows = [f"{_clock(cue.start, '.')} --> {_clock(cue.end, '.')}\n{_entities(_player_text(cue))}\n" for cue in phrases]
    with whole(path) as part:
        part.write_text("\n".join(["WEBVTT\n", *rows]), encoding="utf-8")


def _events(cue: Cue, place: Laid, *, paint: Colours, fonts: CaptionFonts) -> list[str]:
    """Return a phrase's events: plate or soft shadow, then its words."""
    head = f"{_ass_clock(cue.start)},{_ass_clock(cue.end)},Words,,0,0,0,,"
    size = f"\\fs{place.size:.2f}"
    events = []
    if place.plate:
        fill = f"\\bord0\\blur0.6\\1c{_tag(paint.ground)}\\1a&H14&"
        events.append(f"Dialogue: 0,{head}{{\\an7\\pos(0,0){fill}\\p1}}{_rounded(place.plate)}\n")
    for line in place.lines:
        middle = f"\\an5\\pos({WIDTH / 2:.1f},{line.middle:.1f})"
        if not place.plate:
            soft = f"\\fad({_FADE},0)\\bord9\\blur9\\1c&H000000&\\3c&H000000&\\1a&H70&\\3a&H70&"
            shadow = f"\\an5\\pos({WIDTH / 2:.1f},{line.middle + 4:.1f})"
            events.append(f"Dialogue: 0,{head}{{{shadow}{size}{soft}}}{_glyphs(line.text, fonts)}\n")
        if line.right_to_left:
            texts = [f"{{{middle}{size}\\fad({_FADE},0)}}{_running_words(cue, line, paint=paint, fonts=fonts)}"]
        else:
            texts = _placed_words(cue, line, size=size, paint=paint, fonts=fonts)
        events += [f"Dialogue: 1,{head}{text}\n" for text in texts]
    return events


def _running_words(cue: Cue, line: Line, *, paint: Colours, fonts: CaptionFonts) -> str:
    """Return a line that libass puts in order by itself; words light up and do not grow."""
    pairs = zip(line.indexes, line.words, strict=True)
    return " ".join(f"{{{_turns(cue, at, paint=paint, pop=False)}}}{_glyphs(word, fonts)}" for at, word in pairs)


def _placed_words(cue: Cue, line: Line, *, size: str, paint: Colours, fonts: CaptionFonts) -> list[str]:
    """Return each word on its own place, so that one can grow without moving the others."""
    texts = []
    for at, word, left, width in zip(line.indexes, line.words, line.lefts, line.widths, strict=True):
        place = f"\\an5\\pos({left + width / 2:.2f},{line.middle:.1f}){size}\\fad({_FADE},0)"
        texts.append(f"{{{place}{_turns(cue, at, paint=paint, pop=True)}}}{_glyphs(word, fonts)}")
    return texts


def _turns(cue: Cue, index: int, *, paint: Colours, pop: bool) -> str:
    """Return the tags that light a word while it is spoken."""
    began = round(cue.start * 100) * 10  # events begin on hundredths
    on = max(0, round(cue.words[index].start * 1000) - began)
    last = index + 1 == len(cue.words)
    off = None if last else max(on + 1, round(cue.words[index + 1].start * 1000) - began)
    tags = f"\\1c{_tag(paint.rest)}\\t({on},{on + 1},\\1c{_tag(paint.current)})"
    if pop:
        top = on + _RISE
        tags += f"\\t({on},{top},\\fscx{_POP}\\fscy{_POP})\\t({top},{top + _FALL},\\fscx100\\fscy100)"
    return tags if off is None else f"{tags}\\t({off},{off + 1},\\1c{_tag(paint.rest)})"


def _glyphs(text: str, fonts: CaptionFonts) -> str:
    """Return the text with a font for every run; libass by itself would look for missing letters in system fonts."""
    return "".join(f"{{\\fn{fonts.family(run)}}}{run.text}" for run in fonts.runs(text))


def _rounded(box: Box) -> str:
    """Return an ASS drawing of a rectangle with round corners."""
    left, top, right, bottom = (round(edge) for edge in (box.left, box.top, box.right, box.bottom))
    reach = round(_RADIUS * 0.45)  # where the handles of a quarter circle stand
    near, far = _RADIUS, reach
    return (
        f"m {left + near} {top} l {right - near} {top} b {right - far} {top} {right} {top + far} {right} {top + near} "
        f"l {right} {bottom - near} b {right} {bottom - far} {right - far} {bottom} {right - near} {bottom} "
        f"l {left + near} {bottom} b {left + far} {bottom} {left} {bottom - far} {left} {bottom - near} "
        f"l {left} {top + near} b {left} {top + far} {left + far} {top} {left + near} {top}"
    )


def _colour(colour: RGB) -> str:
    red, green, blue = colour
    return f"&H00{blue:02X}{green:02X}{red:02X}"


def _tag(colour: RGB) -> str:
    red, green, blue = colour
    return f"&H{blue:02X}{green:02X}{red:02X}&"


def _ass_clock(seconds: float) -> str:
    hundredths = round(seconds * 100)
    return f"{hundredths // 360000}:{hundredths // 6000 % 60:02d}:{hundredths // 100 % 60:02d}.{hundredths % 100:02d}"


def _clock(seconds: float, mark: str) -> str:
    thousandths = round(seconds * 1000)
    minutes, rest = divmod(thousandths, 60_000)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{rest // 1000:02d}{mark}{rest % 1000:03d}"


def _player_text(cue: Cue) -> str:
    """Return the phrase in one line, or two even ones."""
    words = [word.text for word in cue.words]
    text = join(words).replace("-->", "→")
    if len(text) <= _PLAYER_LINE or len(words) == 1:
        return text
    cut = min(range(1, len(words)), key=lambda at: abs(len(join(words[:at])) - len(join(words[at:]))))
    return "\n".join(join(side).replace("-->", "→") for side in (words[:cut], words[cut:]))


def _entities(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
