"""The fonts that can be used, and which of them draws which part of a text."""

from __future__ import annotations

import importlib.util
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import fontpkg
from fontTools.ttLib import TTFont
from fontTools.ttLib.ttCollection import TTCollection

from badapple.errors import ConfigError, InputError, MissingFontError
from badapple.media import writing
from badapple.media.glyphs import Glyphs

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Face", "FontBook", "Run", "Source"]

#: Families that stand in for letters a display family lacks, nearest in character first.
_KIN = {
    "anton": ("archivo", "montserrat"),
    "archivo": ("montserrat",),
    "cormorant-garamond": ("playfair-display",),
    "fredoka": ("nunito", "rubik"),
    "nunito": ("rubik",),
    "playfair-display": ("cormorant-garamond",),
    "unbounded": ("montserrat", "rubik"),
}
#: Families that look heavier than their weight says: what stands in for them must be as heavy.
_LOOKS_HEAVY = {"anton": 800, "fredoka": 800}
_LAST_KIN = ("montserrat", "inter", "noto-sans")
_NOTO = {
    "Arab": "Arabic", "Armn": "Armenian", "Beng": "Bengali", "Deva": "Devanagari", "Ethi": "Ethiopic",
    "Geor": "Georgian", "Gujr": "Gujarati", "Guru": "Gurmukhi", "Hebr": "Hebrew", "Khmr": "Khmer",
    "Knda": "Kannada", "Laoo": "Lao", "Mlym": "Malayalam", "Mymr": "Myanmar", "Orya": "Oriya",
    "Sinh": "Sinhala", "Taml": "Tamil", "Telu": "Telugu", "Thai": "Thai",
}  # fmt: skip
_SYSTEM = Path("/usr/share/fonts")
_SYSTEM_CJK = ("NotoSansCJK*", "SourceHanSans*", "wqy-*", "DroidSansFallback*", "NanumGothic*", "ipag*")
_REMEMBERED = 4096  #: divided texts that are kept
_SUFFIXES = {".ttf", ".otf", ".ttc", ".otc"}
_CJK_INSTALL = (
    "run `pip install 'badapple[cjk]'`, or put a font with these characters into a folder named by BADAPPLE_FONTS"
)
_OTHER_INSTALL = "put a font with these characters into a folder named by BADAPPLE_FONTS"


@dataclass(frozen=True, slots=True)
class Face:
    """A family by fontpkg slug, and a weight (100-900)."""

    slug: str
    weight: int


@dataclass(frozen=True, slots=True)
class Source:
    """One font in a file."""

    path: Path
    index: int = 0

    def covers(self, text: str) -> bool:
        """Say whether the font has a glyph for every visible character."""
        points = _characters(self.path, self.index)
        return all(ord(character) in points for character in writing.visible(text))


@dataclass(frozen=True, slots=True)
class Run:
    """Text that one font draws."""

    text: str
    source: Source


@lru_cache(maxsize=256)
def _characters(path: Path, index: int) -> frozenset[int]:
    with TTFont(path, fontNumber=index, lazy=True) as font:
        return frozenset(font.getBestCmap() or ())


@lru_cache(maxsize=64)
def _members(path: Path) -> tuple[str, ...]:
    """Return the family names in a font collection, by index."""
    with TTCollection(path, lazy=True) as collection:  # type: ignore[no-untyped-call]  # fontTools is half annotated
        return tuple(font["name"].getBestFamilyName() or "" for font in collection)


@lru_cache(maxsize=48)  # a variable font takes 0.6 to 4 MB
def _load(path: Path, index: int, size: float, weight: int, optical: float) -> Glyphs:
    return Glyphs(path, index=index, size=size, axes={"wght": weight, "opsz": optical})


class FontBook:
    """All fonts at hand: families by name, and fallbacks for every script.

    Args:
        folders: the user's own fonts; searched for families by file name, and for characters nothing else has.
        cjk: look for Chinese, Japanese and Korean fonts outside `folders` too.
    """

    def __init__(self, folders: tuple[Path, ...] = (), *, cjk: bool = True) -> None:
        self._folders = folders
        self._cjk = cjk
        self._own_files: tuple[Path, ...] | None = None
        self._noto = _package_folder("manimgx_fonts")
        self._wide_files: tuple[Path, ...] | None = None
        self._families: dict[Face, Source] = {}
        self._runs: dict[tuple[str, Face | None, str], tuple[Run, ...]] = {}

    def check(self, text: str) -> None:
        """Make sure that every character of the text can be drawn.

        Raises:
            MissingFontError: some characters cannot; names them and what to install.
            InputError: the text holds control characters or points that are no characters at all.
        """
        self.runs(writing.clean(text), face=None)

    def family(self, face: Face) -> Source:
        """Find the file of a family.

        Raises:
            ConfigError: the family is not installed.
        """
        if face not in self._families:
            self._families[face] = self._find(face)
        return self._families[face]

    def _find(self, face: Face) -> Source:
        for path in self._own():
            if _slug(path) == face.slug:
                return Source(path)
        try:
            return Source(fontpkg.select_file(fontpkg.family(face.slug), face.weight, "normal", nearest=True).path)
        except fontpkg.FontpkgError as error:
            hint = (
                f"run `pip install fontpkg-{face.slug}`, or put {face.slug}.ttf into a folder named by BADAPPLE_FONTS"
            )
            raise ConfigError(f"the font family {face.slug!r} is not installed", hint=hint) from error

    def can_draw(self, text: str) -> bool:
        """Say whether some installed font draws every character of clean text."""
        try:
            self.runs(text, face=None)
        except (MissingFontError, InputError):
            return False
        return True

    def font(self, source: Source, *, size: float, weight: int, optical: float) -> Glyphs:
        """Load a font of `size` px; `optical` is the size it is designed for, where it has that axis."""
        return _load(source.path, source.index, round(size, 3), weight, round(optical, 1))

    def weight(self, source: Source, face: Face) -> int:
        """Return the weight that looks like the face in this font: heavier where the face's own regular is heavy."""
        return face.weight if source == self.family(face) else max(face.weight, _LOOKS_HEAVY.get(face.slug, 0))

    def runs(self, text: str, *, face: Face | None, within: str = "") -> tuple[Run, ...]:
        """Divide clean text into runs, each drawn whole by one font.

        A script keeps one font all through `within` (the text, if empty) where one font has all its letters; signs and
        spaces go with the letters beside them.

        Raises:
            MissingFontError: nothing installed draws some of it.
            InputError: it holds control characters or unassigned points.
        """
        key = (text, face, within or text)
        if key not in self._runs:
            if len(self._runs) >= _REMEMBERED:
                self._runs.clear()
            self._runs[key] = self._divide(text, face=face, within=within or text)
        return self._runs[key]

    def _divide(self, text: str, *, face: Face | None, within: str) -> tuple[Run, ...]:
        if any(unicodedata.category(character) in {"Cc", "Cs"} for character in text):
            _refuse([text])  # some fonts do have a glyph for U+0000
        chosen = self._script_sources(face=face, within=within)
        found = [
            (piece, source)
            for part in writing.clusters(text)
            for piece, source in self._sources(self._drawable(part), face=face, within=within, chosen=chosen)
        ]
        parts = [part for part, _ in found]
        sources = self._sign_sources(parts, [source for _, source in found])
        missing = [part for part, source in zip(parts, sources, strict=True) if source is None]
        if missing:
            _refuse(missing)
        runs: list[Run] = []
        for part, source in zip(parts, sources, strict=True):
            if source is not None and runs and runs[-1].source == source:
                runs[-1] = Run(runs[-1].text + part, source)
            elif source is not None:
                runs.append(Run(part, source))
        return tuple(runs)

    def _script_sources(self, *, face: Face | None, within: str) -> dict[str, Source]:
        """Choose for each script the first font that has all letters of it in this text."""
        letters: dict[str, str] = {}
        for part in writing.clusters(within):
            code = writing.script_of(part)
            if code != "Zyyy" and not writing.is_emoji(part):
                letters[code] = letters.get(code, "") + part
        chosen = {}
        for code, used in letters.items():
            source = next((item for item in self._chain(used, face=face, within=within) if item.covers(used)), None)
            if source is not None:
                chosen[code] = source
        return chosen

    def _source(self, part: str, *, face: Face | None, within: str, chosen: dict[str, Source]) -> Source | None:
        code = writing.script_of(part)
        if code in chosen and not writing.is_emoji(part):
            return chosen[code]
        return next((item for item in self._chain(part, face=face, within=within) if item.covers(part)), None)

    def _sources(
        self, part: str, *, face: Face | None, within: str, chosen: dict[str, Source]
    ) -> list[tuple[str, Source | None]]:
        """Return the font of a cluster, or those of its characters where marks of another script were put on it."""
        source = self._source(part, face=face, within=within, chosen=chosen)
        if source is not None or len(part) == 1:
            return [(part, source)]
        apart = (item for item in part if writing.visible(item))
        return [(item, self._source(item, face=face, within=within, chosen={})) for item in apart]

    def _sign_sources(self, parts: list[str], sources: list[Source | None]) -> list[Source | None]:
        """Let signs follow the letters beside them: opening ones and spaces those after, others those before."""
        signs = [writing.script_of(part) == "Zyyy" and not writing.is_emoji(part) for part in parts]
        found = list(sources)
        for at, part in enumerate(parts):
            if not signs[at]:
                continue
            before = next((sources[to] for to in range(at - 1, -1, -1) if not signs[to]), None)
            after = next((sources[to] for to in range(at + 1, len(parts)) if not signs[to]), None)
            opens = unicodedata.category(part[0]) in {"Ps", "Pi", "Sc"}
            order = (after, before) if opens else (before, after)
            beside = (item for item in order if item is not None and item.path != self._emoji_path())
            found[at] = next((item for item in beside if item.covers(part)), sources[at])
        return found

    def _drawable(self, part: str) -> str:
        """Return the cluster, or the nearest simpler emoji that the emoji font draws as one picture."""
        emoji = self._emoji_path()
        if emoji is None or not writing.is_emoji(part):
            return part
        source = Source(emoji)
        tries = (part, *writing.plain_emoji(part))
        return next((item for item in tries if source.covers(item) and _is_one_glyph(emoji, item)), tries[-1])

    def _chain(self, part: str, *, face: Face | None, within: str) -> Iterator[Source]:
        """Yield fonts to try for a cluster, best first."""
        emoji = self._emoji_path()
        if emoji and writing.is_emoji(part):
            yield Source(emoji)
        if face is not None:
            yield self.family(face)
            for slug in _KIN.get(face.slug, ()):
                yield from self._kin(slug, face.weight)
        wide = writing.is_wide(part)
        if not wide:
            yield from chain.from_iterable(self._kin(slug, face.weight if face else 400) for slug in _LAST_KIN)
            yield from self._scripts(writing.script_of(part))
        yield from (Source(path) for path in self._own())
        if wide:
            yield from self._wide(within)
        yield from self._scripts(None)
        if not wide:
            yield from self._wide(within)

    def _kin(self, slug: str, weight: int) -> Iterator[Source]:
        if slug in fontpkg.families():
            yield Source(fontpkg.select_file(fontpkg.family(slug), weight, "normal", nearest=True).path)

    def _scripts(self, code: str | None) -> Iterator[Source]:
        if self._noto is None:
            return
        names = (*_NOTO.values(), "", "Symbols") if code is None else (_NOTO[code],) if code in _NOTO else ()
        for name in names:
            path = self._noto / f"NotoSans{name}[wght].ttf"
            if path.is_file():
                yield Source(path)
        emoji = self._emoji_path()
        if code is None and emoji:
            yield Source(emoji)

    def _emoji_path(self) -> Path | None:
        return self._noto / "NotoEmoji[wght].ttf" if self._noto else None

    def _own(self) -> tuple[Path, ...]:
        if self._own_files is None:
            found = (path for folder in self._folders if folder.is_dir() for path in sorted(folder.rglob("*")))
            self._own_files = tuple(path for path in found if path.suffix.lower() in _SUFFIXES)
        return self._own_files

    def _wide(self, within: str) -> Iterator[Source]:
        if not self._cjk:
            return
        if self._wide_files is None:
            package = _package_folder("manimgx_fonts_cjk")
            bundled = sorted(package.glob("*.ttc")) if package else []
            installed = (
                path for name in _SYSTEM_CJK for path in sorted(_SYSTEM.rglob(name)) if path.suffix.lower() in _SUFFIXES
            )
            self._wide_files = (*bundled, *installed)
        for path in self._wide_files:
            yield Source(path, _member(path, within))


def _package_folder(name: str) -> Path | None:
    spec = importlib.util.find_spec(name)
    return Path(spec.origin).parent if spec and spec.origin else None


def _slug(path: Path) -> str:
    return path.stem.split("[")[0].removesuffix("-Regular").lower().replace(" ", "-").replace("_", "-")


def _member(path: Path, text: str) -> int:
    """Return which font of a collection draws Han characters the way the text's language writes them."""
    if path.suffix.lower() not in {".ttc", ".otc"}:
        return 0
    codes = {writing.script_of(character) for character in text}
    ending = "JP" if codes & {"Hira", "Kana"} else "KR" if "Hang" in codes else "SC"
    names = _members(path)
    return next((at for at, name in enumerate(names) if name.split(" Mono")[0].endswith(ending)), 0)


@lru_cache(maxsize=1024)
def _is_one_glyph(path: Path, cluster: str) -> bool:
    """Say whether the font joins the parts of an emoji into one picture."""
    font = _load(path, 0, 100.0, 400, 100.0)
    return font.getlength(cluster) < 1.3 * font.getlength("\U0001f600")


def _refuse(missing: list[str]) -> None:
    characters = "".join(dict.fromkeys("".join(missing)))
    for character in characters:
        kind = unicodedata.category(character)
        if kind in {"Cc", "Cn", "Cs"}:
            name = {"Cc": "a control character", "Cn": "not a character", "Cs": "half of one"}[kind]
            raise InputError(f"the text holds U+{ord(character):04X}, which is {name}", hint="remove it from the text")
    wide = any(writing.is_wide(character) for character in characters)
    raise MissingFontError(characters, install=_CJK_INSTALL if wide else _OTHER_INSTALL)
