"""How written text divides: characters as people see them, scripts, directions, places to break a line."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from typing import TYPE_CHECKING

from fontTools import unicodedata as scripts
from uniseg.emoji import emoji_presentation
from uniseg.graphemecluster import grapheme_clusters
from uniseg.linebreak import line_break_units

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = [
    "Stretch",
    "break_units",
    "clean",
    "clusters",
    "is_emoji",
    "is_ignorable",
    "is_right_to_left",
    "is_wide",
    "script_of",
    "split_long",
    "stretches",
    "visible",
    "visual_order",
]

ZWJ = "\u200d"
EMOJI_STYLE = "\ufe0f"
_ZWNJ = "\u200c"
_SPACES = re.compile(r"[ \t\r\n\f\v\u0085\u2028\u2029]+")
#: Marks that steer direction or hyphenation; lines are laid out without them.
_STEERING = re.compile("[\u00ad\u061c\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]")
_SKIN = range(0x1F3FB, 0x1F400)
_FLAG_LETTERS = range(0x1F1E6, 0x1F200)
_KANA = "Kana"
_STRONG_RIGHT = {"R", "AL"}
_NUMBERS = {"EN", "AN"}
_WIDE = (
    (0x1100, 0x11FF), (0x2E80, 0xA4CF), (0xAC00, 0xD7FF), (0xF900, 0xFAFF), (0xFE30, 0xFE4F), (0xFF00, 0xFFEF),
    (0x20000, 0x3FFFF),
)  # fmt: skip
#: Thai and Lao vowels that are written before the consonant they belong to: no line ends with one.
_LEADING_VOWELS = frozenset("เแโใไເແໂໃໄ")
#: Thai and Lao signs that lean on the letter before: no line starts with one.
_LEANING = frozenset("ะาำๅๆฯະາຳຽໆຯ")


def clean(text: str) -> str:
    """Return the text composed (NFC), in single spaces, without marks that steer direction or hyphenation."""
    return unicodedata.normalize("NFC", _STEERING.sub("", _SPACES.sub(" ", text))).strip()


def clusters(text: str) -> list[str]:
    """Split into what people see as single characters (Unicode annex 29)."""
    return list(grapheme_clusters(text))


def is_ignorable(character: str) -> bool:
    """Say whether the character is drawn by no font: joiners, variation selectors, direction marks."""
    point = ord(character)
    if point in range(0xFE00, 0xFE10) or point in range(0xE0000, 0xE0FFF + 1):
        return True
    return unicodedata.category(character) == "Cf" or character == "\u034f"


def visible(cluster: str) -> str:
    """Return the characters that a font must be able to draw."""
    return "".join(item for item in cluster if not is_ignorable(item) and not item.isspace())


def is_emoji(cluster: str) -> bool:
    """Say whether the cluster is meant as a picture."""
    return EMOJI_STYLE in cluster or (
        cluster != "" and (emoji_presentation(cluster[0]) or ord(cluster[0]) in _FLAG_LETTERS)
    )


def plain_emoji(cluster: str) -> tuple[str, ...]:
    """Return simpler spellings of an emoji, best first: without skin tone, then its first picture alone."""
    toneless = "".join(item for item in cluster if ord(item) not in _SKIN and item != EMOJI_STYLE) or cluster
    if ord(toneless[0]) in _FLAG_LETTERS:
        return toneless, "".join(chr(ord(item) - _FLAG_LETTERS.start + ord("A")) for item in toneless)
    return toneless, toneless.split(ZWJ, maxsplit=1)[0].rstrip("\u20e3")


@lru_cache(maxsize=4096)  # asked again for every way to break a caption
def is_wide(cluster: str) -> bool:
    """Say whether the cluster is Chinese, Japanese or Korean, punctuation included."""
    return any(start <= ord(cluster[0]) <= end for start, end in _WIDE)


def script_of(cluster: str) -> str:
    """Return the ISO 15924 code of the cluster's script; `Zyyy` where any script may use it."""
    for character in cluster:
        code: str = scripts.script(character)  # type: ignore[no-untyped-call]  # fontTools is half annotated
        if code not in {"Zyyy", "Zinh", "Zzzz"}:
            return code
    return "Zyyy"


def is_right_to_left(text: str) -> bool:
    """Say whether anything in the text is written from right to left."""
    return any(unicodedata.bidirectional(item) in {"R", "AL", "AN"} for item in text)


@dataclass(frozen=True, slots=True)
class Stretch:
    """Text of one direction: its embedding level is odd where it runs from right to left."""

    text: str
    level: int


def stretches(line: str, *, base: int) -> list[Stretch]:
    """Cut a line into stretches of one direction, in the order they are read.

    This is the Unicode bidirectional algorithm without explicit embeddings, which `clean` removes. It is
    needed because a line may mix fonts, and each font's shaper sees only its own part.
    """
    parts = clusters(line)
    kinds = [_direction(part) for part in parts]
    _pair_brackets(parts, kinds, base=base)
    levels = _levels(kinds, base=base)
    pairs = zip(parts, levels, strict=True)
    return [
        Stretch("".join(part for part, _ in group), level) for level, group in groupby(pairs, key=lambda pair: pair[1])
    ]


def visual_order(levels: Sequence[int]) -> list[int]:
    """Return positions of the items in the order they stand from left to right (rule L2)."""
    order = list(range(len(levels)))
    for level in range(max(levels, default=0), 0, -1):
        start = 0
        while start < len(order):
            end = start
            while end < len(order) and levels[order[end]] >= level:
                end += 1
            order[start:end] = order[start:end][::-1]
            start = max(end, start + 1)
    return order


def base_level(text: str) -> int:
    """Return 1 where the text's first strong letter runs from right to left, else 0."""
    for character in text:
        kind = unicodedata.bidirectional(character)
        if kind == "L":
            return 0
        if kind in _STRONG_RIGHT:
            return 1
    return 0


def _direction(cluster: str) -> str:
    kind = unicodedata.bidirectional(cluster[0])
    if kind in _STRONG_RIGHT:
        return "R"
    if kind in _NUMBERS:
        return "N"
    return kind if kind in {"L", "ES", "CS", "ET"} else "-"


def _levels(kinds: list[str], *, base: int) -> list[int]:
    _join_numbers(kinds)
    before = "R" if base else "L"
    strong = before
    levels: list[int] = []
    for kind in kinds:
        if kind in "LR":
            strong = kind
        if kind == "R":
            levels.append(1)
        elif kind == "L":
            levels.append(2 * base)
        elif kind == "N":  # digits after a Latin word belong to it
            levels.append(2 * base if strong == "L" else 2)
        else:
            levels.append(-1)
    _fill_neutrals(levels, base=base)
    return levels


def _pair_brackets(parts: list[str], kinds: list[str], *, base: int) -> None:
    """Give both brackets of a pair one direction (rule N0): the line's own, unless all about them is the other."""
    own, other = ("R", "L") if base else ("L", "R")
    opened: list[int] = []
    for at, part in enumerate(parts):
        if unicodedata.category(part[0]) == "Ps":
            opened.append(at)
        elif unicodedata.category(part[0]) == "Pe" and opened:
            start = opened.pop()
            inside = {kind for kind in kinds[start + 1 : at] if kind in "LR"}
            before = next((kind for kind in reversed(kinds[:start]) if kind in "LR"), own)
            kinds[start] = kinds[at] = other if inside == {other} and before == other else own if inside else "-"


def _join_numbers(kinds: list[str]) -> None:
    """Make separators inside numbers and signs beside them part of the number."""
    for at, kind in enumerate(kinds):
        before = kinds[at - 1] if at else "-"
        after = kinds[at + 1] if at + 1 < len(kinds) else "-"
        beside = before == "N" or after == "N"
        if (kind == "ET" and beside) or (kind in {"ES", "CS"} and before == after == "N"):
            kinds[at] = "N"
        elif kind in {"ET", "ES", "CS"}:
            kinds[at] = "-"


def _fill_neutrals(levels: list[int], *, base: int) -> None:
    """Give neutral items the direction of both neighbours where these agree, else the line's own."""
    at = 0
    while at < len(levels):
        end = at
        while end < len(levels) and levels[end] < 0:
            end += 1
        left = _side(levels[at - 1], base) if at else base
        right = _side(levels[end], base) if end < len(levels) else base
        fill = base if left != right or left == base else (1 if left else 2 * base)
        levels[at:end] = [fill] * (end - at)
        at = max(end, at + 1)


def _side(level: int, base: int) -> int:
    """Return 1 where neutrals beside this level count it as right-to-left; numbers do where Latin is not level 2."""
    return 1 if level == 1 or (level == 2 and base == 0) else 0


def break_units(text: str) -> list[str]:
    """Split where a line may end (Unicode annex 14); every unit keeps its trailing space."""
    japanese = any(script_of(character) in {"Hira", "Kana"} for character in text)
    units: list[str] = []
    for unit in line_break_units(text):
        if units and _belong_together(units[-1], unit, japanese=japanese):
            units[-1] += unit
        else:
            units.append(unit)
    return units


def _belong_together(before: str, after: str, *, japanese: bool) -> bool:
    """Say whether a break that is allowed here would still make the lines worse to read."""
    if before[-1].isspace():
        return False
    if not is_wide(before[-1]):
        return len(before) < 4 and not is_wide(after)  # A/B, X-1
    last, first = (_KANA if letter == "ー" else script_of(letter) for letter in (before[-1], after[0]))
    if "Hang" in (last, first):  # Korean breaks at its spaces
        return True
    # A Japanese phrase is a word (one script) with the hiragana after it.
    return japanese and (first == "Hira" or (last == first and last != "Zyyy"))


def split_long(unit: str) -> list[str]:
    """Split one word anywhere between its characters, kindly to Thai and Lao."""
    return list(_gather(clusters(unit)))


def _gather(parts: list[str]) -> Iterator[str]:
    held = ""
    for at, part in enumerate(parts):
        held += part
        follower = parts[at + 1][0] if at + 1 < len(parts) else ""
        if part[-1] in _LEADING_VOWELS or follower in _LEANING or (follower and follower.isspace()):
            continue
        yield held
        held = ""
    if held:
        yield held
