"""How fast a text must be spoken to fit its slot."""

from __future__ import annotations

import math
import re
import textwrap
import unicodedata

from badapple.errors import ScriptError

__all__ = ["FASTEST", "SLOWEST", "STRETCH", "check", "first_speed", "natural_seconds", "next_speed", "too_long"]

SLOWEST, FASTEST = 0.9, 1.15  #: times the voice's own speed; beyond, it sounds unlike itself
STRETCH = 1.04  #: what a finished recording is hastened by at most, to spare a second one
_STEP = 0.05  #: speeds above the style's are rounded up to this, so that a line is the same in nearby slots
_CHARACTER = 1 / 14.8  #: seconds of one, from the slower of the vendor's voices
_DIGIT, _WIDE = 3.0, 2.6  #: lengths of a digit, and of a Chinese or Japanese character or a Korean syllable
_SENTENCE, _COMMA = 0.28, 0.10  #: seconds of the pauses after them
_SURE = 1.3  #: how far off an estimate may be before a text counts as too long unheard
_SPARE = 1.015  #: how much faster than exactly right a second recording is ordered


def natural_seconds(text: str) -> float:
    """Return about how long a text takes at the voice's own speed; any language."""
    lengths = sum(_length(char) for char in text.strip())
    sentences = len(re.findall(r"[.!?…][^\w\s]*\s+(?=\S)|[。\uff01\uff1f](?=\S)", text.strip()))
    commas = len(re.findall(r"[,;:،]\s|[、\uff0c]|\s[—\u2013-]\s", text))
    return lengths * _CHARACTER + sentences * _SENTENCE + commas * _COMMA


def first_speed(text: str, slot: float, *, style: float) -> float:
    """Return the speed to order a text at: the style's, or faster where the slot will need it.

    It depends on nothing but its arguments: the same order is the same purchase, today and after a restart.
    """
    base = min(max(style, SLOWEST), FASTEST)
    need = natural_seconds(text) / max(slot, 0.1)
    if need <= base:
        return round(base, 2)
    return round(min(math.ceil(need / _STEP - 1e-6) * _STEP, FASTEST), 2)


def next_speed(seconds: float, slot: float, *, speed: float) -> float | None:
    """Return the speed for a second recording of one that was too long; None where none would fit.

    Args:
        seconds: what the first took.
        slot: seconds that it may take.
        speed: of the first.
    """
    need = seconds * speed / slot
    faster = min(math.ceil(need * _SPARE * 100) / 100, FASTEST)
    return round(faster, 2) if faster > speed + 1e-6 and need <= faster * STRETCH else None


def check(text: str, slot: float, *, sent: str) -> None:
    """Raise before anything is bought where a text (spoken as `sent`) is too long beyond doubt.

    Raises:
        ScriptError: says how many words to cut.
    """
    fastest = natural_seconds(sent) / FASTEST
    if fastest > slot * STRETCH * _SURE:
        raise too_long(text, fastest, slot)


def too_long(text: str, fastest: float, slot: float) -> ScriptError:
    """Return the error for a text that takes `fastest` seconds at its fastest and has `slot`."""
    words = len(text.split())
    cut = min(max(1, math.ceil(words * (1 - slot / max(fastest, slot)))), words)
    return ScriptError(
        f"{textwrap.shorten(text, 90, placeholder='...')!r} takes {fastest:.1f} s at its fastest, "
        f"its slot is {slot:.1f} s: cut about {cut} of its {words} words",
        hint="shorten the text",
    )


def _length(char: str) -> float:
    if char.isdecimal():
        return _DIGIT
    return _WIDE if unicodedata.east_asian_width(char) in "WF" else 1.0
