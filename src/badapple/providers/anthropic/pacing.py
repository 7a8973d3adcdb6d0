"""How long words take to be said, and how many of them a scene has room for."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from badapple.media.timeline import BREATH, LEAD_IN, plan_lengths, speaking_seconds
from badapple.media.writing import script_of
from badapple.models import FPS, OVERLAP, SCENES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from badapple.models import SceneOffer
    from badapple.styles import Style

__all__ = ["budgets", "needs", "too_long"]

_WORDS_A_SECOND = 2.3
_USUAL_VOICE, _USUAL_CTA = 4.0, 2.6  #: seconds, before there are any words
_QUICKER = 1.1  #: how much faster than its style a voice may be asked to speak
#: One sign of these scripts takes as long as so many letters of the others.
_SLOW = {"Hani": 4, "Hang": 3, "Hira": 2, "Kana": 2}


def budgets(style: Style, offer: SceneOffer) -> tuple[tuple[float, int], ...]:
    """Return seconds and words of each of the four scenes, as they usually come out.

    Raises:
        ConfigError: the offered lengths do not make a film.
    """
    lengths, _ = plan_lengths([_USUAL_VOICE] * SCENES + [_USUAL_CTA], bpm=style.music.bpm, offer=offer)
    return tuple((round(frames / FPS, 2), math.floor(frames / FPS * _WORDS_A_SECOND)) for frames in lengths)


def needs(texts: Sequence[str], style: Style) -> list[float]:
    """Return the seconds that a voice needs for each text at the style's pace."""
    return [speaking_seconds("".join(map(_weighed, text)), style.voice.pace) for text in texts]


def too_long(voices: Sequence[float], frames: Sequence[int]) -> tuple[int, ...]:
    """Return the numbers of the scenes, 1 to 4, whose voice does not fit its length even when spoken quicker."""
    slots = [(length - OVERLAP) / FPS - LEAD_IN for length in frames]
    slots[-1] -= BREATH
    return tuple(
        number for number, (need, slot) in enumerate(zip(voices, slots, strict=True), start=1) if need > slot * _QUICKER
    )


def _weighed(letter: str) -> str:
    return letter if letter.isascii() else letter * _SLOW.get(script_of(letter), 1)
