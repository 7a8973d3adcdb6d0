"""What `tongues.toml` knows of languages: their scripts, and neutral sentences."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["Neutral", "neutral", "scripts_of"]

_TABLES: dict[str, Any] = tomllib.loads(Path(__file__).with_name("tongues.toml").read_text(encoding="utf-8"))
_SPELLINGS = {"Hans": "Hani", "Hant": "Hani", "Jpan": "Hani", "Kore": "Hang"}  #: of BCP 47, for one script here


@dataclass(frozen=True, slots=True, kw_only=True)
class Neutral:
    """Sentences that claim nothing."""

    voices: tuple[str, ...]
    nameless: str
    cta: str

    def voice(self, number: int, *, name: str) -> str:
        """Return what the voice says in scene 1 to 4; an empty name is one that cannot be said."""
        text = self.voices[number - 1]
        return text.format(name=name) if name or "{name}" not in text else self.nameless


def scripts_of(language: str) -> set[str]:
    """Return the ISO 15924 codes of what a language is written in; none where that is not known here."""
    first, *rest = language.replace("_", "-").split("-")
    scripts = {code for code, languages in _TABLES["scripts"].items() if first.lower() in languages.split()}
    named = {part.title() for part in rest if len(part) == 4 and part.isalpha()}
    return scripts | {_SPELLINGS.get(code, code) for code in named}


def neutral(language: str) -> Neutral:
    """Return the neutral sentences of a language; of one not known here, the product's name alone."""
    tables = _TABLES["neutral"]
    table = tables.get(language.replace("_", "-").split("-")[0].lower(), tables["any"])
    return Neutral(voices=tuple(table["voices"]), nameless=table["nameless"], cta=table["cta"])
