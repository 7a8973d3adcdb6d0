"""The text that is sent, and the words that are shown for it."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Unit", "Wording", "sounding", "word"]

_EDGE = re.compile(r"^(\W*)(.*?)(\W*)$", re.DOTALL)
_SPOKEN_SIGNS = frozenset("&%@#/*+=<>")  #: punctuation by its class, yet said


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """Shown words that are sent as one piece.

    Attributes:
        shown: words as captions write them.
        start: index in the sent text of its first character.
        end: index after its last.
    """

    shown: tuple[str, ...]
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """A text made ready to be sent; an empty one is silence."""

    text: str
    units: tuple[Unit, ...]


def word(text: str, pronounce: Sequence[tuple[str, str]] = ()) -> Wording:
    """Put the spoken form in place of every written one; every shown word appears in exactly one unit."""
    shown = _glued(text.split())
    rules = sorted(
        ((tuple(_bare(part) for part in written.split()), said) for written, said in pronounce if said.strip()),
        key=lambda rule: -len(rule[0]),
    )
    units: list[Unit] = []
    pieces: list[str] = []
    at = start = 0
    while at < len(shown):
        rule = next((rule for rule in rules if rule[0] and _matches(shown, at, rule[0])), None)
        words = tuple(shown[at : at + (len(rule[0]) if rule else 1)])
        pieces.append(_replaced(words, " ".join(rule[1].split())) if rule else words[0])
        units.append(Unit(shown=words, start=start, end=start + len(pieces[-1])))
        start += len(pieces[-1]) + 1
        at += len(words)
    return Wording(text=" ".join(pieces), units=tuple(units))


def sounding(text: str) -> tuple[int, int]:
    """Return where the part of a piece begins and ends that is heard: without quotes, dashes and full stops."""
    heard = [at for at, char in enumerate(text) if not char.isspace() and _is_heard(char)]
    return (heard[0], heard[-1] + 1) if heard else (0, len(text))


def _is_heard(char: str) -> bool:
    return char in _SPOKEN_SIGNS or not unicodedata.category(char).startswith(("P", "C"))


def _glued(words: Sequence[str]) -> list[str]:
    """Join marks that stand alone and are never spoken (dashes, emoji) to the word before."""
    out: list[str] = []
    lead = ""
    for part in words:
        if any(char.isalnum() or char in _SPOKEN_SIGNS for char in part):
            out.append(f"{lead}{part}")
            lead = ""
        elif out:
            out[-1] += f" {part}"
        else:
            lead += f"{part} "
    return out


def _bare(part: str) -> str:
    match = _EDGE.match(part)
    return (match[2] if match else part).casefold()


def _matches(shown: Sequence[str], at: int, rule: tuple[str, ...]) -> bool:
    found = tuple(_bare(part) for part in shown[at : at + len(rule)])
    if found == rule:
        return True
    return found[:-1] == rule[:-1] and bool(found) and found[-1] in {f"{rule[-1]}'s", f"{rule[-1]}\u2019s"}


def _replaced(words: tuple[str, ...], said: str) -> str:
    """Put the spoken form in place of the words, with the marks around them and a genitive kept."""
    first, last = _EDGE.match(words[0]), _EDGE.match(words[-1])
    own = "'s" if _bare(words[-1]).endswith(("'s", "\u2019s")) and not said.endswith("'s") else ""
    return f"{first[1] if first else ''}{said}{own}{last[3] if last else ''}"
