"""When everything happens: scene lengths on the beat, and where each voice stands."""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING

from badapple.errors import ConfigError
from badapple.models import FPS, OVERLAP, SCENES, TOTAL_FRAMES

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from badapple.models import SceneOffer, Script

__all__ = [
    "CTA_LENGTHS",
    "SCENE_LENGTHS",
    "beat_error",
    "cut_centres",
    "plan_lengths",
    "speaking_seconds",
    "voice_slots",
    "voice_starts",
]

SCENE_LENGTHS = range(150, 241)  #: frames a scene may last where the renderer leaves the choice
CTA_LENGTHS = range(105, 196)  #: frames of the end card, likewise
LEAD_IN = 0.35  #: seconds from a scene's first frame to its voice
BREATH = 0.3  #: seconds between the last scene's voice and the CTA sentence
END_AIR = 0.6  #: seconds of the film after the last word
_SHORTEST_CTA = 75  #: frames; below, nobody can read a button
_SLACK = 0.4  #: seconds that a voice likes to have to spare
_CTA_HOLD = 0.9  #: further seconds that the button likes to stand
# Seconds, fitted to the offline voice.
_PER_LETTER, _PER_SENTENCE, _PER_COMMA, _PER_TEXT = 0.0545, 0.52, 0.15, -0.12


def voice_starts(script: Script) -> tuple[tuple[float, ...], ...]:
    """Return film seconds at which each utterance starts.

    Voice 4 has two utterances; the CTA sentence starts on the card's first frame.
    """
    starts = [(frame / FPS + LEAD_IN,) for frame in script.starts[:SCENES]]
    return (*starts[:-1], (*starts[-1], script.starts[-1] / FPS))


def voice_slots(script: Script) -> tuple[tuple[float, ...], ...]:
    """Return the seconds that each utterance may last; a voice ends a quarter second before the next cut's centre."""
    slots = _slots([scene.frames for scene in script.scenes], script.cta_frames)
    return (*((slot,) for slot in slots[: SCENES - 1]), (slots[SCENES - 1], slots[SCENES]))


def cut_centres(script: Script) -> tuple[float, ...]:
    """Return film seconds of the middle of each of the four transitions."""
    return tuple((start + OVERLAP / 2) / FPS for start in script.starts[1:])


def beat_error(script: Script, bpm: float) -> float:
    """Return how far the worst cut centre is from its nearest beat, in frames."""
    beat = 60 * FPS / bpm
    return max(abs(centre * FPS / beat - round(centre * FPS / beat)) * beat for centre in cut_centres(script))


def speaking_seconds(text: str, pace: float = 1.0) -> float:
    """Estimate what a voice needs for a text, from its letters and pauses; any language, no model."""
    letters = sum(char.isalnum() for char in text)
    if not letters:
        return 0.0
    sentences = max(1, len(re.findall(r"\w[^\w\s]*[.!?…。\uff01\uff1f](?:\s|$)", text)))
    commas = len(re.findall(r"[,;:،、\uff0c]", text))
    return (letters * _PER_LETTER + sentences * _PER_SENTENCE + commas * _PER_COMMA + _PER_TEXT) / pace


def plan_lengths(needs: Sequence[float], *, bpm: float, offer: SceneOffer) -> tuple[tuple[int, ...], int]:
    """Choose the frames of four scenes and of the end card.

    Every voice gets about the same air. Cuts fall on beats, as near as whole frames allow: on bars before half bars
    before other beats.
    Where the renderer sells fixed lengths, those are taken, and the end card takes the rest.

    Args:
        needs: seconds of each scene's voice and of the CTA sentence: 5 numbers.
        bpm: beats a minute of the music, whose first beat is the film's first frame.
        offer: what the renderer sells.

    Raises:
        ConfigError: no choice of the offered lengths makes a film of 900 frames.
    """
    choices = _offered(offer.lengths) if offer.lengths else _on_beats(bpm)
    best = min(choices, key=lambda choice: _cost(choice, needs, bpm), default=None)
    if best is None:
        raise ConfigError(f"scenes of {', '.join(map(str, offer.lengths))} frames cannot fill a film of {TOTAL_FRAMES}")
    return best[:SCENES], best[SCENES]


def _slots(frames: Sequence[int], cta_frames: int) -> list[float]:
    slots = [(length - OVERLAP) / FPS - LEAD_IN for length in frames]
    slots[-1] -= BREATH
    return [*slots, cta_frames / FPS - END_AIR]


def _offered(lengths: tuple[int, ...]) -> Iterable[tuple[int, ...]]:
    for scenes in itertools.product(lengths, repeat=SCENES):
        cta = TOTAL_FRAMES + SCENES * OVERLAP - sum(scenes)
        if cta >= _SHORTEST_CTA:
            yield (*scenes, cta)


def _on_beats(bpm: float) -> Iterable[tuple[int, ...]]:
    beat = 60 * FPS / bpm
    starts = [round(number * beat - OVERLAP / 2) for number in range(1, int(TOTAL_FRAMES / beat) + 1)]

    def grow(taken: tuple[int, ...]) -> Iterable[tuple[int, ...]]:
        if len(taken) > SCENES:
            scenes = tuple(after - before + OVERLAP for before, after in itertools.pairwise(taken))
            yield (*scenes, TOTAL_FRAMES - taken[-1])
            return
        left = SCENES - len(taken)  # scenes still to come after this one; keeps the end card within its lengths
        for start in starts:
            fits = start - taken[-1] + OVERLAP in SCENE_LENGTHS
            soonest = start + left * (SCENE_LENGTHS[0] - OVERLAP)
            latest = start + left * (SCENE_LENGTHS[-1] - OVERLAP)
            if fits and TOTAL_FRAMES - soonest >= CTA_LENGTHS[0] and TOTAL_FRAMES - latest <= CTA_LENGTHS[-1]:
                yield from grow((*taken, start))

    return grow((0,))


def _cost(choice: tuple[int, ...], needs: Sequence[float], bpm: float) -> float:
    """Weigh uneven air (squared seconds), voices that do not fit (heavily) and cuts off the bar (lightly)."""
    slots = _slots(choice[:SCENES], choice[SCENES])
    wanted = [need + _SLACK for need in needs[:SCENES]] + [needs[SCENES] + _CTA_HOLD]
    air = sum((slot - want) ** 2 + 50 * max(0.0, want - slot) ** 2 for slot, want in zip(slots, wanted, strict=True))
    beat, at, music = 60 * FPS / bpm, 0, 0.0
    for frames in choice[:SCENES]:
        at += frames - OVERLAP
        number = round((at + OVERLAP / 2) / beat)
        music += 0.0 if number % 4 == 0 else 0.15 if number % 2 == 0 else 0.3
    return air + music
