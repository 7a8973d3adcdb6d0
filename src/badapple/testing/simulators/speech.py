"""Audio that can be taken for speech: a tone for every word, and the exact times of all characters."""

from __future__ import annotations

import re
import tempfile
import zlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from badapple import process

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from badapple.testing.simulators.traffic import Json

__all__ = ["Spoken", "hum", "speak"]

_RATE = 44_100
_PACE = 14.0  #: characters a second
_HUM = 0.2  #: seconds of the tone for whoever needs none
_LEAD, _TAIL = 0.05, 0.08  #: seconds of silence before and after
_PAUSES = {",": 2.0, ";": 2.5, ":": 2.5, ".": 4.0, "!": 4.0, "?": 4.0, "\n": 4.0}  #: in lengths of a character
_FORMANTS = {"a": (730, 1090), "e": (530, 1840), "i": (270, 2290), "o": (570, 840), "u": (300, 870), "y": (440, 1020)}
_PITCH = {"male": 110.0, "female": 205.0, "neutral": 155.0}
_DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_SIGNS = {"&": "and", "%": "percent", "+": "plus", "@": "at"} | {
    str(number): word for number, word in enumerate(_DIGITS)
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """What was spoken.

    Attributes:
        mp3: 44.1 kHz, 128 kbit/s, mono.
        seconds: length.
        alignment: times of the characters of the text.
        normalized: times of the characters as they were spoken, numbers written out.
    """

    mp3: bytes
    seconds: float
    alignment: Json
    normalized: Json


@lru_cache(maxsize=256)
def speak(text: str, *, gender: str, speed: float, normalise: bool, ffmpeg: Path, silent: bool = False) -> Spoken:
    """Speak a text; the same call gives the same bytes.

    Raises:
        ToolError: ffmpeg failed.
    """
    marks: list[tuple[str, float, float]] = []
    whole: list[tuple[str, float, float]] = []
    at = _LEAD
    for number, character in enumerate(text):
        begin = at
        for one in _written_out(text, number) if normalise else character:
            length = _PAUSES.get(one, 1.0) / _PACE / speed
            marks.append((one, at, at + length))
            at += length
        whole.append((character, begin, at))
    seconds = at + _TAIL
    samples = np.zeros(round(seconds * _RATE)) if silent else _voice(marks, seconds, _PITCH[gender])
    return Spoken(mp3=_encode(samples, ffmpeg), seconds=seconds, alignment=_table(whole), normalized=_table(marks))


def hum(text: str, *, ffmpeg: Path) -> Spoken:
    """Return the same fifth of a second of tone for every text, its characters spread evenly over it.

    Raises:
        ToolError: ffmpeg failed.
    """
    step = _HUM / max(1, len(text))
    table = _table([(one, number * step, (number + 1) * step) for number, one in enumerate(text)])
    return Spoken(mp3=_hummed(ffmpeg), seconds=_HUM, alignment=table, normalized=table)


@lru_cache(maxsize=1)
def _hummed(ffmpeg: Path) -> bytes:
    return _encode(0.3 * np.sin(2 * np.pi * 220 * np.arange(round(_HUM * _RATE)) / _RATE), ffmpeg)


def _written_out(text: str, number: int) -> str:
    """Return the character, a digit or sign as a word of its own."""
    word = _SIGNS.get(text[number])
    if word is None:
        return text[number]
    before, after = text[number - 1 : number], text[number + 1 : number + 2]
    return f"{' ' * (before.isalnum() or before in _SIGNS)}{word}{' ' * after.isalpha()}"


def _table(marks: list[tuple[str, float, float]]) -> Json:
    return {
        "characters": [character for character, _, _ in marks],
        "character_start_times_seconds": [round(begin, 4) for _, begin, _ in marks],
        "character_end_times_seconds": [round(end, 4) for _, _, end in marks],
    }


def _voice(marks: list[tuple[str, float, float]], seconds: float, pitch: float) -> NDArray[np.float64]:
    out = np.zeros(round(seconds * _RATE))
    text = "".join(character for character, _, _ in marks)
    for word in re.finditer(r"\w[\w'\u2019]*", text):
        begin, end = marks[word.start()][1], marks[word.end() - 1][2]
        tone = _tone(word[0], end - begin, pitch)
        start = round(begin * _RATE)
        out[start : start + tone.size] += tone[: out.size - start]
    return out


def _tone(word: str, seconds: float, pitch: float) -> NDArray[np.float64]:
    """Return a buzz with the formants of the word's vowels, one after the other."""
    size = max(1, round(seconds * _RATE))
    time = np.arange(size) / _RATE
    chance = zlib.crc32(word.lower().encode()) / 2**32
    glide = pitch * (0.92 + 0.16 * chance) * (1 - 0.12 * time / max(seconds, 1e-6))
    phase = 2 * np.pi * np.cumsum(glide) / _RATE
    vowels = [letter for letter in word.lower() if letter in _FORMANTS] or ["e"]
    which = np.minimum((time / max(seconds, 1e-6) * len(vowels)).astype(int), len(vowels) - 1)
    first = np.array([_FORMANTS[vowel][0] for vowel in vowels])[which]
    second = np.array([_FORMANTS[vowel][1] for vowel in vowels])[which]
    tone = np.zeros(size)
    for harmonic in range(1, 20):
        near = np.exp(-(((glide * harmonic - first) / 180) ** 2)) + 0.5 * np.exp(
            -(((glide * harmonic - second) / 220) ** 2)
        )
        tone += (near + 0.05) * np.sin(harmonic * phase) / harmonic**0.5
    edge = np.minimum(1, np.minimum(time, seconds - time) / 0.012).clip(0, 1)
    beat = 0.75 + 0.25 * np.abs(np.sin(np.pi * time / max(seconds, 1e-6) * len(vowels)))
    peak = np.abs(tone).max() or 1.0
    return np.asarray(0.5 * tone / peak * edge * beat)


def _encode(samples: NDArray[np.float64], ffmpeg: Path) -> bytes:
    data = (samples.clip(-1, 1) * 32_000).astype("<i2").tobytes()
    with tempfile.TemporaryDirectory(prefix="badapple-") as folder:
        out = Path(folder) / "speech.mp3"  # a file, not a pipe: the encoder goes back to write how much it padded
        source = ("-f", "s16le", "-ar", str(_RATE), "-ac", "1", "-i", "pipe:0")
        made = ("-c:a", "libmp3lame", "-b:a", "128k", "-f", "mp3", "-y", str(out))
        process.run([ffmpeg, "-v", "error", *source, *made], stdin=data)
        return out.read_bytes()
