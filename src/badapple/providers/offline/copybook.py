"""The sentences of the offline script writer: one TOML file a tone, in the folder `copy`."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

__all__ = ["CATEGORIES", "NEUTRAL", "SCENES", "TONES", "Copy", "Film", "Line", "copy_for", "film_for"]

_HERE = Path(__file__).parent / "copy"
NEUTRAL = "neutral"  #: the tone for styles whose own has no file
SCENES = ("open", "moment", "look", "invite")  #: what the four scenes are for, in order
TONES = tuple(sorted(file.stem for file in _HERE.glob("[!_]*.toml")))


@dataclass(frozen=True, slots=True)
class Line:
    """Words on screen, and words of the voice; `{name}` and `{it}` stand for the product."""

    shown: str
    said: str


@dataclass(frozen=True, slots=True)
class Copy:
    """What a tone says of a category.

    Attributes:
        own: scene -> the category's own line.
        shared: scene -> lines that suit every category; none for `moment`.
        after: scene -> sentences that may follow any line of it.
        facts: how the scene with the user's facts begins.
        cta: button texts for a brief without one.
        cta_line: quiet lines for the end card.
    """

    own: dict[str, Line]
    shared: dict[str, tuple[Line, ...]]
    after: dict[str, tuple[str, ...]]
    facts: tuple[Line, ...]
    cta: tuple[str, ...]
    cta_line: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Film:
    """What a category looks like on film.

    Attributes:
        generic: what the voice calls a product whose name cannot be spoken.
        actions: what happens in each of the four scenes, for a video model.
    """

    generic: str
    actions: tuple[str, ...]


def copy_for(tone: str, category: str) -> Copy:
    """Return the sentences of a tone for a category; unknown tones are neutral, unknown categories `default`."""
    body = _read(tone if tone in TONES else NEUTRAL)
    own = body[category if category in CATEGORIES else "default"]
    return Copy(
        own={scene: Line(*own[scene]) for scene in SCENES},
        shared={scene: tuple(Line(*pair) for pair in pairs) for scene, pairs in body["shared"].items()},
        after={scene: tuple(said) for scene, said in body["after"].items()},
        facts=tuple(Line(*pair) for pair in body["facts"]),
        cta=tuple(body["cta"]),
        cta_line=tuple(body["cta_line"]),
    )


def film_for(category: str) -> Film:
    """Return what a category looks like; unknown ones are `default`."""
    entry = _read("_categories")[category if category in CATEGORIES else "default"]
    return Film(generic=entry["generic"], actions=tuple(entry["film"]))


@lru_cache(maxsize=16)
def _read(name: str) -> dict[str, Any]:
    return tomllib.loads((_HERE / f"{name}.toml").read_text(encoding="utf-8"))


CATEGORIES = tuple(_read("_categories"))
