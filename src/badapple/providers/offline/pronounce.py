"""What the voice says for what the captions show."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

from badapple.media.pronouncing import EDGE, pieces

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Said", "say", "speakable"]

_SITE = re.compile(r"(?:https?://)?(?:www\.)?((?:[a-z0-9-]+\.)+[a-z]{2,})((?:/[\w.-]+)*)/?", re.IGNORECASE)
_AROUND_THE_CLOCK = re.compile(r"24/7")
_SYMBOLS = {"&": "and", "+": "plus", "@": "at", "=": "equals", "\u00d7": "times", "%": "percent"}
_ROUND = str.maketrans("[]", "()")
#: Top-level domains that are read as words; others (`.io`, `.uk`) are spelled.
_READ_DOMAINS = frozenset({"com", "net", "org", "shop", "store", "app", "info", "biz", "online", "design", "club"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """Shown words that are spoken as one unit.

    Attributes:
        shown: words as captions write them.
        text: what the voice reads for them.
    """

    shown: tuple[str, ...]
    text: str


def speakable(text: str) -> bool:
    """Say whether the English voice can read the text: there are words, all in Latin script."""
    letters = [char for char in text if char.isalpha()]
    return any(char.isalnum() for char in text) and all(_latin(char) for char in letters)


def say(text: str, pronounce: Sequence[tuple[str, str]] = ()) -> tuple[Said, ...]:
    """Split a text into spoken units; every shown word appears in exactly one of them."""
    return tuple(
        Said(shown=shown, text=_spoken(shown[0]) if said is None else _plain(said))
        for shown, said in pieces(text, pronounce, is_sign=lambda mark: mark in _SYMBOLS)
    )


def _latin(char: str) -> bool:
    return unicodedata.name(char, "").startswith(("LATIN", "FEMININE ORDINAL", "MASCULINE ORDINAL"))


def _spoken(word: str) -> str:
    if word in _SYMBOLS:
        return _SYMBOLS[word]
    word = _AROUND_THE_CLOCK.sub("twenty-four seven", word)
    match = EDGE.match(word)
    if (
        match
        and (site := _SITE.fullmatch(match[2]))
        and site[1].rpartition(".")[2].isalpha()
        and "." in site[1].strip(".")
    ):
        return _plain(f"{match[1]}{_site(site)}{match[3]}")
    return _plain(word)


def _site(site: re.Match[str]) -> str:
    *names, top = site[1].split(".")
    if not any(len(name) > 1 for name in names):
        return site[0]  # an abbreviation such as `e.g` or `U.S`
    end = top if top.lower() in _READ_DOMAINS else " ".join(top.upper())
    path = "".join(f" slash {part}" for part in site[2].split("/") if part)
    return f"{' dot '.join(names)} dot {end}{path}"


def _plain(text: str) -> str:
    """Drop what is no text at all (emoji, trademark signs), and square brackets: the voice takes them for phonemes."""
    return "".join(
        char
        for char in unicodedata.normalize("NFC", text).translate(_ROUND)
        if unicodedata.category(char) not in {"So", "Cs", "Co", "Cn", "Sk", "Cf", "Mn"} or char == "°"
    )
