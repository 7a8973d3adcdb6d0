"""Which voices a style may be spoken with."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from badapple.errors import ConfigError

if TYPE_CHECKING:
    from badapple.styles import Style

__all__ = ["Narrator", "narrators"]

_ID = re.compile(r"[A-Za-z0-9]{16,40}")
#: For styles that name no voice: two that suit most things.
_ANY = ("River SAz9YHcvj6GT2YYXdXww", "Sarah EXAVITQu4vr4xnSDxMaL")


@dataclass(frozen=True, slots=True, kw_only=True)
class Narrator:
    """A voice: what people call it, and its id at ElevenLabs."""

    name: str
    id: str


def narrators(style: Style) -> tuple[Narrator, ...]:
    """Return the voices of a style, the first choice first.

    Raises:
        ConfigError: a voice has no id.
    """
    return tuple(_read(text, style.name) for text in style.voice.elevenlabs or _ANY)


def _read(text: str, style: str) -> Narrator:
    *name, last = text.split() or [""]
    if not _ID.fullmatch(last):
        raise ConfigError(
            f"the ElevenLabs voice {text!r} of the style {style!r} has no id",
            hint='write its name and id, e.g. "George JBFqnCBsd6RMkjVDRZzb"; elevenlabs.io shows the id of a voice',
        )
    return Narrator(name=" ".join(name) or last, id=last)
