"""How long the offline voice takes to say something."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from badapple.providers.offline.phonemes import Sentence

__all__ = ["FASTEST", "PAUSE", "estimate", "lengths", "seconds_at"]

FASTEST = 1.15  #: times the style's pace; faster sounds hurried
PAUSE = 0.34  #: seconds between two sentences at the voice's own pace
#: Seconds of silence that the model keeps inside a sentence's last sound: fitted to 84 spoken sentences.
_SILENT, _SILENT_PER_FRAME = -0.385, 0.048
_SILENT_BY_SOUND = {
    **dict.fromkeys("AIOQWYiu\u0259\u0251\u0254", -0.057),
    **dict.fromkeys("sz\u0283\u0292fv\u03b8\xf0", -0.020),
    **dict.fromkeys("ptkbd\u0261\u02a7\u02a4", 0.031),
}
_KEPT = 0.055  #: seconds of a pause that are kept around the sounds, so already counted
_LEAD = 0.10  #: seconds heard before a sentence's first phoneme, with what is kept around its sound


def estimate(text: str, *, pace: float, pronounce: tuple[tuple[str, str], ...] = ()) -> float:
    """Return the seconds that the offline voice needs for a text at a pace (1 is the voice's own).

    Asks the voice's own model for sound lengths, without speaking: some 10 ms a sentence. The first call loads it
    (over a second), so call this in a thread.

    Raises:
        ScriptError: the English voice cannot read the text; names the word.
    """
    return seconds_at(_own_lengths(text, pronounce), pace)


def seconds_at(parts: tuple[tuple[Sentence, NDArray[np.float32]], ...], pace: float) -> float:
    """Return the seconds of a reading whose sound lengths are known."""
    spoken = sum(_heard(sentence, frames) / pace + _LEAD for sentence, frames in parts)
    return max(0.0, spoken + (PAUSE / pace - _KEPT) * (len(parts) - 1)) if parts else 0.0


@lru_cache(maxsize=512)
def _own_lengths(text: str, pronounce: tuple[tuple[str, str], ...]) -> tuple[tuple[Sentence, NDArray[np.float32]], ...]:
    from badapple.providers.offline.phonemes import read  # noqa: PLC0415 - keeps this module light

    return lengths(read(text, pronounce).sentences) if text.strip() else ()


def lengths(sentences: tuple[Sentence, ...]) -> tuple[tuple[Sentence, NDArray[np.float32]], ...]:
    """Return each sentence with the length of each of its sounds, in prosody frames."""
    from badapple.providers.offline import speech  # noqa: PLC0415 - keeps this module light

    voice = speech.load()
    return tuple((sentence, voice.lengths(sentence)) for sentence in sentences)


def _heard(sentence: Sentence, frames: NDArray[np.float32]) -> float:
    """Return seconds from a sentence's first sound to its last, at the voice's own pace."""
    from badapple.providers.offline.phonemes import MARKS  # noqa: PLC0415 - keeps this module light
    from badapple.providers.offline.speech import HOP  # noqa: PLC0415

    body = sentence.phonemes.rstrip("".join(MARKS))
    if not body:
        return 0.0
    spoken = frames[1 : len(frames) - 1 - (len(sentence.phonemes) - len(body))]
    silent = _SILENT + _SILENT_PER_FRAME * float(spoken[-1]) + _SILENT_BY_SOUND.get(body[-1], 0.0)
    return float(np.sum(spoken)) * HOP - max(0.0, silent)
