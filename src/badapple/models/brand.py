"""What a brand wants of every ad: its name, colours, letters, logo, and the words that it never uses."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["Brand", "forbidden_in"]

#: Scripts that put no spaces between words: there a word is found wherever its letters stand.
_UNSPACED = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Brand:
    """A brand kit; what is None or empty is left to the style.

    Attributes:
        name: what the brand is called, for people.
        accent: buttons, rules and highlights, `#rrggbb`.
        ink: words, `#rrggbb`.
        ground: what the scenes stand on, `#rrggbb`.
        font: family of the large words, one of those that come with badapple.
        cta_text: call to action of ads that give none.
        forbidden: words and phrases that no script may use.
        logo: SHA-256 of its PNG, hex.
    """

    name: str = ""
    accent: str | None = None
    ink: str | None = None
    ground: str | None = None
    font: str | None = None
    cta_text: str = ""
    forbidden: tuple[str, ...] = ()
    logo: str | None = None

    @property
    def look(self) -> dict[str, str]:
        """What of it the picture shows, the logo apart; as JSON values, empty where that is nothing."""
        named = ("accent", "ink", "ground", "font")
        return {name: value for name in named if (value := getattr(self, name)) is not None}

    @property
    def light(self) -> dict[str, str]:
        """What of it shows in a picture without words, as JSON values."""
        return {name: value for name, value in self.look.items() if name != "font"}

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON values; `from_json` reads them."""
        return {**asdict(self), "forbidden": list(self.forbidden)}

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> Self:
        """Return what JSON values tell of; what a newer release has added is ignored."""
        names = {item.name for item in fields(cls)} - {"forbidden"}
        return cls(
            forbidden=tuple(body.get("forbidden") or ()),
            **{name: value for name, value in body.items() if name in names},
        )


def forbidden_in(text: str, words: Iterable[str]) -> str:
    """Return the first of the words that stands in a text as a whole word, or an empty text.

    Neither case nor blanks count: `Best  Ever` finds `best ever`; `ever` does not stand in `every`.
    """
    plain = _plain(text)
    for word in words:
        body = _plain(word)
        if not body:
            continue
        if _UNSPACED.search(body):
            found = body in plain
        else:
            found = any(_whole(plain, at) for at in re.finditer(rf"(?<!\w){re.escape(body)}(?!\w)", plain))
        if found:
            return word
    return ""


def _whole(text: str, found: re.Match[str]) -> bool:
    """Say whether no vowel sign joins it to more: to patterns those of Hindi and its kin are no letters."""
    beside = text[max(0, found.start() - 1) : found.start()] + text[found.end() : found.end() + 1]
    return not any(
        unicodedata.category(mark) in {"Mn", "Mc"}
        and not unicodedata.combining(mark)
        and not "\ufe00" <= mark <= "\ufe0f"
        for mark in beside
    )


def _plain(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().replace("\u2019", "'").split())
