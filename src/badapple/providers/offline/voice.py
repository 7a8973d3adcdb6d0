"""The offline narrator: speaks English through hibari and knows where each word is."""

from __future__ import annotations

import math
import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from badapple import process
from badapple.errors import ConfigError, ScriptError
from badapple.media.loudness import levelled
from badapple.media.timing import bounds
from badapple.models import Maker, Utterance, Voice, Word
from badapple.ports import WorksHere
from badapple.providers.offline import speech
from badapple.providers.offline.pace import FASTEST, PAUSE, lengths, seconds_at
from badapple.providers.offline.phonemes import read
from badapple.styles import load as load_style

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from badapple.models import VoiceOrder
    from badapple.providers.offline.phonemes import Reading, Sentence
    from badapple.providers.offline.speech import Spoken

    Parts = tuple[tuple[Sentence, NDArray[np.float32]], ...]

__all__ = ["OfflineVoice"]

_RATE = speech.RATE
_LOW_CUT = 70.0  #: Hz; nothing of this voice is below
_EDGE = 0.05  #: seconds of silence around utterances in the file
_GAP = 0.5  #: seconds of silence between two utterances
_PREROLL, _TAIL = 0.010, 0.045  #: seconds kept before the first and after the last sound of a sentence
_FADE_IN, _FADE_OUT = 0.005, 0.030  #: seconds
_LAG = 0.045  #: seconds by which a sound is heard before its frame in the model
_FINE = 0.01  #: step by which speed is raised until a text fits


@dataclass(frozen=True, slots=True, kw_only=True)
class _Take:
    """A spoken utterance: samples, and where each of its units starts and ends in them (seconds)."""

    samples: NDArray[np.float32]
    spans: tuple[tuple[float, float], ...]
    reading: Reading

    @property
    def seconds(self) -> float:
        return len(self.samples) / _RATE


class OfflineVoice(WorksHere):
    """Speaks with the neural English voice that comes inside the hibari-tts package; never downloads another."""

    maker = Maker(name="offline", model=speech.MODEL, generated=True)

    def __init__(self, *, ffmpeg: Path, style_dirs: tuple[Path, ...] = ()) -> None:
        self._ffmpeg = ffmpeg
        self._style_dirs = tuple(style_dirs)

    async def speak(self, order: VoiceOrder, out: Path) -> Voice:
        """Write the MP3 to `out` and say where its words are.

        Raises:
            ConfigError: the language is not English.
            ScriptError: a text cannot be read, or does not fit its slot; says how many words to cut.
        """
        if any(text.strip() for text in order.texts) and order.language.lower().replace("_", "-").split("-")[0] != "en":
            raise ConfigError(
                f"the offline voice speaks English only, not {order.language!r}",
                hint="use a voice provider for that language, or captions without a voice",
            )
        pace = load_style(order.style, self._style_dirs).voice.pace
        return await process.in_thread(self._speak, order, out, pace)

    def _speak(self, order: VoiceOrder, out: Path, pace: float) -> Voice:
        takes, speed = _fitted(order, pace)
        samples, utterances = _joined(takes)
        self._encode(samples, out)
        return Voice(path=out, duration=len(samples) / _RATE, utterances=utterances, speed=speed)

    def _encode(self, samples: NDArray[np.float32], out: Path) -> None:
        """Write the MP3; its Xing header makes decoders drop LAME's delay, so times in the file are ours."""
        part = out.with_name(f"{out.name}.part")
        process.run(
            [
                *(self._ffmpeg, "-hide_banner", "-y", "-f", "f32le", "-ar", str(_RATE), "-ac", "1", "-i", "pipe:0"),
                *("-af", "aresample=44100:filter_size=64", "-c:a", "libmp3lame", "-b:a", "128k", "-ac", "1"),
                *("-map_metadata", "-1", "-fflags", "+bitexact", "-flags:a", "+bitexact", "-f", "mp3", part),
            ],
            stdin=samples.astype("<f4").tobytes(),
        )
        part.replace(out)


def _fitted(order: VoiceOrder, pace: float) -> tuple[list[_Take | None], float]:
    """Speak all texts at one speed: the style's pace, or as much faster as the tightest slot needs."""
    readings = [read(text, order.pronounce) if text.strip() else None for text in order.texts]
    parts = [lengths(reading.sentences) if reading else () for reading in readings]
    speed = pace
    for text, slot, part in zip(order.texts, order.slots, parts, strict=True):
        speed = max(speed, _speed_for(text, slot, part, pace))
    while True:
        takes = [
            _take(reading, part, speed, order.seed) if reading else None
            for reading, part in zip(readings, parts, strict=True)
        ]
        late = [take for take, slot in zip(takes, order.slots, strict=True) if take and take.seconds > slot]
        if not late:
            return takes, round(speed, 4)
        fastest = speed >= pace * FASTEST - 1e-6
        speed = min(speed + _FINE, pace * FASTEST)
        for text, slot, part, take in zip(order.texts, order.slots, parts, takes, strict=True):
            if fastest and take and take.seconds > slot:
                raise _too_long(text, take.seconds, slot, part, pace)


def _speed_for(text: str, slot: float, part: Parts, pace: float) -> float:
    """Return the slowest allowed speed at which a text should fit its slot."""
    steps = np.minimum(np.arange(pace, pace * FASTEST + _FINE, _FINE), pace * FASTEST)
    need = next((float(step) for step in steps if seconds_at(part, float(step)) <= slot), None)
    if need is not None:
        return need
    fastest = seconds_at(part, pace * FASTEST)
    if fastest > slot * 1.04:  # beyond what the estimate can be wrong by: spare the speaking
        raise _too_long(text, fastest, slot, part, pace)
    return pace * FASTEST


def _too_long(text: str, seconds: float, slot: float, part: Parts, pace: float) -> ScriptError:
    words = len(text.split())
    fastest = min(seconds, seconds_at(part, pace * FASTEST)) if part else seconds
    short = textwrap.shorten(text, 90, placeholder="...")
    cut = min(max(1, math.ceil(words * (1 - slot / max(fastest, slot)))), words)
    return ScriptError(
        f"{short!r} takes {max(seconds, fastest):.1f} s at its fastest, its slot is {slot:.1f} s: "
        f"cut about {cut} of its {words} words",
        hint="shorten the text",
    )


def _take(reading: Reading, parts: Parts, speed: float, seed: int) -> _Take:
    """Speak one utterance: its sentences trimmed to their sound and joined with even pauses."""
    voice = speech.load()
    pieces: list[NDArray[np.float32]] = []
    spans: dict[int, tuple[float, float]] = {}
    at = 0.0
    for number, (sentence, frames) in enumerate(parts):
        process.check_stop()
        spoken = voice.speak(sentence, frames, speed=speed, seed=seed + number)
        sound, start = _trimmed(spoken.samples)
        if pieces:
            pause = np.zeros(round((PAUSE / speed - _PREROLL - _TAIL) * _RATE), np.float32)
            pieces.append(pause)
            at += len(pause) / _RATE
        _note(spans, spoken, at - start, (at, at + len(sound) / _RATE))
        pieces.append(sound)
        at += len(sound) / _RATE
    samples = np.concatenate(pieces) if pieces else np.zeros(0, np.float32)
    return _Take(samples=levelled(samples, _RATE), spans=_complete(spans, len(reading.units), at), reading=reading)


def _trimmed(samples: NDArray[np.float32]) -> tuple[NDArray[np.float32], float]:
    """Cut silence from both ends, fade the cuts, and say at which second the cut was."""
    low, high = bounds(samples, _RATE)
    start, end = max(0, round((low - _PREROLL) * _RATE)), min(len(samples), round((high + _TAIL) * _RATE))
    sound = _low_cut(samples)[start:end].copy()
    fade_in, fade_out = round(_FADE_IN * _RATE), round(_FADE_OUT * _RATE)
    if len(sound) > fade_in + fade_out:
        sound[:fade_in] *= np.linspace(0, 1, fade_in, dtype=np.float32)
        sound[-fade_out:] *= np.linspace(1, 0, fade_out, dtype=np.float32) ** 2
    return sound, start / _RATE


def _low_cut(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Take away what rumbles under the voice, without moving anything in time."""
    size = len(samples) + _RATE // 10
    frequencies = np.fft.rfftfreq(size, 1 / _RATE)
    gain = 1 / np.sqrt(1 + (_LOW_CUT / np.maximum(frequencies, 1e-3)) ** 6)
    return np.fft.irfft(np.fft.rfft(samples, size) * gain, size)[: len(samples)].astype(np.float32)


def _note(spans: dict[int, tuple[float, float]], spoken: Spoken, shift: float, limits: tuple[float, float]) -> None:
    """Note where each unit of a spoken sentence is heard."""
    low, high = limits
    owners = np.asarray(spoken.owners)
    last = int(owners.max(initial=-1))
    for unit in sorted(set(spoken.owners) - {-1}):
        own = np.flatnonzero(owners == unit)
        start = min(max(spoken.edges[own[0]] + shift - _LAG, low), high)
        end = high if unit == last else min(max(spoken.edges[own[-1] + 1] + shift - _LAG, start), high)
        before = spans.get(unit)
        spans[unit] = (before[0] if before else float(start), float(end))
    first = min((unit for unit in set(spoken.owners) if unit >= 0), default=None)
    if first is not None and spans[first][0] >= low:
        spans[first] = (low, spans[first][1])


def _complete(spans: dict[int, tuple[float, float]], count: int, end: float) -> tuple[tuple[float, float], ...]:
    """Give units without any sound a moment between their neighbours."""
    out: list[tuple[float, float]] = []
    for unit in range(count):
        before = out[-1][1] if out else 0.0
        after = next((spans[later][0] for later in range(unit + 1, count) if later in spans), end)
        out.append(spans.get(unit, (before, max(before, after))))
    return tuple(out)


def _joined(takes: list[_Take | None]) -> tuple[NDArray[np.float32], tuple[Utterance, ...]]:
    """Lay the utterances one after the other into one file."""
    edge, gap = np.zeros(round(_EDGE * _RATE), np.float32), np.zeros(round(_GAP * _RATE), np.float32)
    pieces, utterances = [edge], []
    at = _EDGE
    for number, take in enumerate(takes):
        if number:
            pieces.append(gap)
            at += _GAP
        if take is None:
            utterances.append(Utterance(start=at, end=at, words=()))
            continue
        pieces.append(take.samples)
        utterances.append(Utterance(start=at, end=at + take.seconds, words=_words(take, at)))
        at += take.seconds
    pieces.append(edge)
    return np.concatenate(pieces), tuple(utterances)


def _words(take: _Take, at: float) -> tuple[Word, ...]:
    """Return the shown words; where several share one spoken unit, its time is shared by their letters."""
    words = []
    for unit, (start, end) in zip(take.reading.units, take.spans, strict=True):
        letters = np.cumsum([0, *(len(word) for word in unit.shown)])
        times = start + (end - start) * letters / max(1, letters[-1])
        words += [
            Word(text=word, start=round(at + float(times[number]), 4), end=round(at + float(times[number + 1]), 4))
            for number, word in enumerate(unit.shown)
        ]
    return tuple(words)
