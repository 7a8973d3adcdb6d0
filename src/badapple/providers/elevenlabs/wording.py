"""The text that is sent, and the words that are shown for it."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

from badapple.media.pronouncing import pieces

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Unit", "Wording", "sounding", "word"]

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
    rules = [(written, " ".join(said.split())) for written, said in pronounce if said.strip()]
    units: list[Unit] = []
    sent: list[str] = []
    start = 0
    for shown, said in pieces(text, rules, is_sign=lambda mark: any(char in _SPOKEN_SIGNS for char in mark)):
        sent.append(shown[0] if said is None else said)
        units.append(Unit(shown=shown, start=start, end=start + len(sent[-1])))
        start += len(sent[-1]) + 1
    return Wording(text=" ".join(sent), units=tuple(units))


def sounding(text: str) -> tuple[int, int]:
    """Return where the part of a piece begins and ends that is heard: without quotes, dashes and full stops."""
    heard = [at for at, char in enumerate(text) if not char.isspace() and _is_heard(char)]
    return (heard[0], heard[-1] + 1) if heard else (0, len(text))


def _is_heard(char: str) -> bool:
    return char in _SPOKEN_SIGNS or not unicodedata.category(char).startswith(("P", "C"))
