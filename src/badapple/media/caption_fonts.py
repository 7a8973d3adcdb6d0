"""Static fonts for the caption renderer, cut from the installed variable ones."""

from __future__ import annotations

import hashlib
import io
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from filelock import FileLock

from badapple.media import writing
from badapple.media.fonts import Face, FontBook, Run, Source
from badapple.media.whole import whole

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from badapple.styles import Style

__all__ = ["ASCENT", "DESCENT", "CaptionFonts", "caption_face", "default_book"]

ASCENT, DESCENT = 0.8, 0.2  #: em; libass sizes a font by their sum, so that a font size is one em here
_VERSION = 1  #: of the way fonts are cut; part of their names
_OPTICAL = 64.0  #: px, size that captions are about set in
#: What the cut of western European text holds; kerning makes larger ones slow.
_WESTERN = frozenset(
    map(chr, (*range(0x20, 0x7F), *range(0xA0, 0x100), 0x152, 0x153, *range(0x2013, 0x2027), 0x20AC, 0x2122))
)
_ASCII = frozenset(map(chr, range(0x20, 0x7F)))
_HUGE = frozenset({"Hani", "Hang", "Hira", "Kana", "Bopo"})  #: scripts of which a cut holds only what is shown
_SIMPLE = frozenset(
    {"Latn", "Cyrl", "Grek", "Armn", "Geor", "Hebr"}
)  #: scripts that are right without any layout table
_NO_SCRIPT = frozenset({"Zyyy", "Zinh", "Zzzz"})


def caption_face(style: Style) -> Face:
    """Return the style's caption family and weight."""
    return Face(style.type.caption, style.type.caption_weight)


@lru_cache(maxsize=1)
def default_book() -> FontBook:
    """Return the installed fonts, without folders of the user's own."""
    return FontBook()


class CaptionFonts:
    """The fonts of one film's captions, in a folder that libass reads.

    Args:
        root: cache folder; every face gets a folder below it, whose fonts are cut once.
        style: whose captions these are.
        book: installed fonts.
    """

    def __init__(self, root: Path, *, style: Style, book: FontBook) -> None:
        self.face = caption_face(style)
        self.folder = root / f"{self.face.slug}-{self.face.weight}"
        self._book = book
        self._families: dict[Run, str] = {}

    def prepare(self, texts: Iterable[str]) -> None:
        """Cut the fonts that these texts need, where they are not there yet."""
        self.folder.mkdir(parents=True, exist_ok=True)
        for text in texts:
            for run in self.runs(text):
                self.family(run)

    def runs(self, text: str) -> tuple[Run, ...]:
        """Divide text into runs, each drawn by one font."""
        return self._book.runs(text, face=self.face)

    def family(self, run: Run) -> str:
        """Return the name under which libass finds the run's font."""
        if run not in self._families:
            self._families[run] = self._cut(run.source, _holding(run))
        return self._families[run]

    @property
    def main(self) -> str:
        """The caption face's own name."""
        return self.family(Run("A", self._book.family(self.face)))

    def _cut(self, source: Source, wanted: frozenset[str]) -> str:
        text = "".join(sorted(wanted))
        weight = self._book.weight(source, self.face)
        identity = f"{_VERSION} {source.path.name} {source.index} {source.path.stat().st_size} {weight} {text}"
        family = f"badapple caption {hashlib.sha256(identity.encode()).hexdigest()[:12]}"
        out = self.folder / f"{family.replace(' ', '-')}.ttf"
        if out.is_file():
            return family
        with FileLock(self.folder.with_name(f"{self.folder.name}.lock")):  # segments are made side by side
            if not out.is_file():
                features = _features(wanted)
                _write_cut(source, out, characters=text, weight=weight, family=family, features=features)
        return family


def _holding(run: Run) -> frozenset[str]:
    """Return what the cut for a run holds: all of its scripts, so that few cuts serve a whole film.

    A cut depends on nothing but the run, so that a phrase names the same fonts whatever stands beside it.
    """
    used = frozenset(run.text)
    if used <= _WESTERN:
        return _WESTERN
    codes = {writing.script_of(character) for character in used} - _NO_SCRIPT
    if codes & _HUGE or not codes:
        return used | _ASCII
    return used | _ASCII | _letters(run.source, frozenset(codes))


def _features(wanted: frozenset[str]) -> list[str]:
    """Return the layout features to keep: all where letters join or move, kerning where it costs little time."""
    if wanted <= _WESTERN:
        return ["kern", "mark", "ccmp"]
    simple = all(writing.script_of(character) in _SIMPLE | _NO_SCRIPT for character in wanted)
    return ["mark", "mkmk", "ccmp"] if simple else ["*"]


@lru_cache(maxsize=32)
def _letters(source: Source, codes: frozenset[str]) -> frozenset[str]:
    from fontTools.ttLib import TTFont  # noqa: PLC0415 - slow to import

    with TTFont(source.path, fontNumber=source.index, lazy=True) as font:
        return frozenset(char for char in map(chr, font.getBestCmap() or ()) if writing.script_of(char) in codes)


def _write_cut(source: Source, out: Path, *, characters: str, weight: int, family: str, features: list[str]) -> None:
    from fontTools import subset  # noqa: PLC0415 - slow to import, and fonts are cut once
    from fontTools.ttLib import TTFont  # noqa: PLC0415
    from fontTools.varLib import instancer  # noqa: PLC0415

    # fontTools is half annotated
    options = subset.Options(hinting=False, notdef_outline=True, layout_features=features)  # type: ignore[no-untyped-call]
    options.drop_tables += ["name", "STAT", "DSIG"]  # new names come, and looking through old ones takes a second
    small = io.BytesIO()
    with TTFont(source.path, fontNumber=source.index, lazy=True) as everything:
        subsetter = subset.Subsetter(options)  # type: ignore[no-untyped-call]
        subsetter.populate(text=characters)  # type: ignore[no-untyped-call]
        # First, because pinning the axes of a whole family takes many seconds.
        subsetter.subset(everything)  # type: ignore[no-untyped-call]
        everything.save(small)
    # Read again, because the instancer stumbles over CFF2 outlines that were subset in place.
    with TTFont(small) as font:
        _name(font, family)
        if "fvar" in font:
            instancer.instantiateVariableFont(font, _pins(font, weight), inplace=True)  # type: ignore[no-untyped-call]
        _set_metrics(font)
        with whole(out) as part:
            font.save(part)


def _pins(font: Any, weight: int) -> dict[str, float]:
    wanted = {"wght": float(weight), "opsz": _OPTICAL}
    axes = font["fvar"].axes
    return {
        axis.axisTag: max(axis.minValue, min(axis.maxValue, wanted.get(axis.axisTag, axis.defaultValue)))
        for axis in axes
    }


def _name(font: Any, family: str) -> None:
    """Give the cut a name of its own, as the licences ask, so that no installed font is taken for it."""
    from fontTools.ttLib import newTable  # noqa: PLC0415 - slow to import

    table: Any = newTable("name")
    font["name"] = table
    table.names = []
    for number, text in ((1, family), (2, "Regular"), (3, family), (4, family), (6, family.replace(" ", "-"))):
        table.setName(text, number, 3, 1, 0x409)


def _set_metrics(font: Any) -> None:
    em = font["head"].unitsPerEm
    ascent, descent = round(em * ASCENT), round(em * DESCENT)
    head, os2 = font["hhea"], font["OS/2"]
    # A bold that calls itself regular is neither thickened nor thinned by the renderer.
    os2.usWeightClass, os2.fsSelection, font["head"].macStyle = 400, 0x40, 0
    head.ascent, head.descent, head.lineGap = ascent, -descent, 0
    os2.sTypoAscender, os2.sTypoDescender, os2.sTypoLineGap = ascent, -descent, 0
    os2.usWinAscent, os2.usWinDescent = ascent, descent
