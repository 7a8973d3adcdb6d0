"""A style as a small drawing: its colours, its letters."""

from __future__ import annotations

from dataclasses import dataclass
from textwrap import wrap
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from badapple.jobs.catalog import StyleView

__all__ = ["Poster", "lines", "poster_of"]

_SERIFS = ("Playfair", "Cormorant")
_NARROW = ("Anton",)
_ROUND = ("Fredoka", "Nunito")
_LETTERS = {
    _SERIFS: "Playfair Display, Georgia, serif", _NARROW: "Anton, Impact, Arial Narrow, sans-serif",
    _ROUND: "Fredoka, Nunito, ui-rounded, system-ui, sans-serif",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Poster:
    """What a drawing of a style needs.

    Attributes:
        name: of the style.
        title: for people.
        description: a sentence.
        fill: colour of the ground.
        glow: colour of the light in it.
        ink: colour of the words.
        accent: colour of the button.
        on_accent: colour of the words on the button.
        letters: families, the nearest first.
        weight: of the headline.
    """

    name: str
    title: str
    description: str
    fill: str
    glow: str
    ink: str
    accent: str
    on_accent: str
    letters: str
    weight: int


def poster_of(style: StyleView) -> Poster:
    """Return the drawing of a style: on that of its grounds which its words are read on best."""
    palette = style.palette
    grounds, ink, accent = list(palette["background"]), str(palette["ink"]), str(palette["accent"])
    fill = max(grounds, key=lambda colour: contrast(colour, ink))
    others = [colour for colour in grounds if colour != fill] or [accent]
    display = style.fonts.get("display", "")
    letters = next((found for kinds, found in _LETTERS.items() if display.startswith(kinds)), "")
    return Poster(
        name=style.name, title=style.title, description=style.description, fill=fill,
        glow=min(others, key=lambda colour: contrast(colour, fill)), ink=ink, accent=accent,
        on_accent=max(("#ffffff", "#141012"), key=lambda colour: contrast(colour, accent)),
        letters=letters or "Inter, system-ui, sans-serif", weight=500 if display.startswith(_SERIFS) else 800,
    )  # fmt: skip


def lines(text: str, width: int, most: int = 3) -> list[str]:
    """Return a text in lines of so many letters, at most so many of them."""
    return wrap(text, width, max_lines=most, placeholder=" ...") or [""]


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours, by WCAG 2.2."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    channels = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    red, green, blue = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
