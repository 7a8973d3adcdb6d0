"""Static fonts for the caption renderer, cut from the installed variable ones."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from filelock import FileLock

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
#: What one cut of a Latin caption face holds; text beyond it gets a cut of its own.
_LATIN = frozenset(
    map(chr, (*range(0x20, 0x7F), *range(0xA0, 0x180), *range(0x218, 0x21C), *range(0x2010, 0x2027), 0x2032, 0x2033, 0x2039, 0x203A, 0x20AC, 0x2122)),
)


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
        self._families: dict[Source, str] = {}

    def prepare(self, texts: Iterable[str]) -> None:
        """Cut the fonts that these texts need, where they are not there yet."""
        needed: dict[Source, set[str]] = {self._book.family(self.face): set()}
        for text in texts:
            for run in self.runs(text):
                needed.setdefault(run.source, set()).update(run.text)
        self.folder.mkdir(parents=True, exist_ok=True)
        for source, characters in needed.items():
            self._families[source] = self._cut(source, frozenset(characters))

    def runs(self, text: str) -> tuple[Run, ...]:
        """Divide text into runs, each drawn by one font."""
        return self._book.runs(text, face=self.face)

    def family(self, run: Run) -> str:
        """Return the name under which libass finds the run's font; its text was given to `prepare`."""
        return self._families[run.source]

    @property
    def main(self) -> str:
        """The caption face's own name."""
        return self._families[self._book.family(self.face)]

    def _cut(self, source: Source, characters: frozenset[str]) -> str:
        latin = characters <= _LATIN
        wanted = "".join(sorted(_LATIN if latin else characters | set(" 0123456789")))
        weight = self._book.weight(source, self.face)
        identity = f"{_VERSION} {source.path.name} {source.index} {source.path.stat().st_size} {weight} {wanted}"
        family = f"badapple caption {hashlib.sha256(identity.encode()).hexdigest()[:12]}"
        out = self.folder / f"{family.replace(' ', '-')}.ttf"
        if out.is_file():
            return family
        with FileLock(self.folder.with_name(f"{self.folder.name}.lock")):  # segments are made side by side
            if not out.is_file():
                _write_cut(source, out, characters=wanted, weight=weight, family=family, plain=latin)
        return family


def _write_cut(source: Source, out: Path, *, characters: str, weight: int, family: str, plain: bool) -> None:
    from fontTools import subset  # noqa: PLC0415 - slow to import, and fonts are cut once
    from fontTools.ttLib import TTFont  # noqa: PLC0415
    from fontTools.varLib import instancer  # noqa: PLC0415

    options = subset.Options(hinting=False, notdef_outline=True, layout_features=["kern", "mark", "mkmk", "ccmp"] if plain else ["*"])
    with TTFont(source.path, fontNumber=source.index, lazy=True) as font:
        subsetter = subset.Subsetter(options)
        subsetter.populate(text=characters)
        subsetter.subset(font)  # first, because pinning the axes of a whole family takes many seconds
        if "fvar" in font:
            wanted = {"wght": float(weight), "opsz": _OPTICAL}
            pins = {
                axis.axisTag: max(axis.minValue, min(axis.maxValue, wanted.get(axis.axisTag, axis.defaultValue))) for axis in font["fvar"].axes
            }
            instancer.instantiateVariableFont(font, pins, inplace=True)
        _name(font, family)
        _set_metrics(font)
        with whole(out) as part:
            font.save(part)


def _name(font: Any, family: str) -> None:
    """Give the cut a name of its own, as the licences ask, so that no installed font is taken for it."""
    table = font["name"]
    table.names = []
    for number, text in ((1, family), (2, "Regular"), (3, family), (4, family), (6, family.replace(" ", "-"))):
        table.setName(text, number, 3, 1, 0x409)
    # A bold that calls itself regular is neither thickened nor thinned by the renderer.
    font["OS/2"].usWeightClass = 400
    font["OS/2"].fsSelection = 0x40
    font["head"].macStyle = 0


def _set_metrics(font: Any) -> None:
    em = font["head"].unitsPerEm
    ascent, descent = round(em * ASCENT), round(em * DESCENT)
    head, os2 = font["hhea"], font["OS/2"]
    head.ascent, head.descent, head.lineGap = ascent, -descent, 0
    os2.sTypoAscender, os2.sTypoDescender, os2.sTypoLineGap = ascent, -descent, 0
    os2.usWinAscent, os2.usWinDescent = ascent, descent
