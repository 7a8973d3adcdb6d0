"""What is heard in a finished video."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from badapple.media.pcm import RATE, decode, samples_of
from badapple.media.sound import METER, read_meter, speech_of
from badapple.media.timing import onsets

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from badapple.media.sound import Placement

    Samples = NDArray[np.float32]

__all__ = ["SoundReport", "caption_offsets_ms", "measure_sound"]

_SILENCE = -50.0  #: dBFS; quieter than this is silence
_SHORTEST = 0.5  #: seconds of it that count
_REACH = 0.5  #: seconds that a voice may be off and still be found
_BAND = (300.0, 3400.0)  #: Hz where speech stands out of music
_SURE = 0.25  #: correlation under which a voice was not found
_SAME = 0.35  #: seconds that a caption may be from an onset and still be taken to belong to it


@dataclass(frozen=True, slots=True, kw_only=True)
class SoundReport:
    """What was measured on a video's sound.

    Attributes:
        loudness: LUFS, integrated.
        true_peak: dBTP.
        seconds: length of the sound.
        silences: (start, end) in seconds of each stretch without sound.
        voice_offsets_ms: for each placement how late it is heard; NaN where it is not heard at all.
        onsets: for each placement the seconds on the film at which speech begins, again after each pause.
    """

    loudness: float
    true_peak: float
    seconds: float
    silences: tuple[tuple[float, float], ...]
    voice_offsets_ms: tuple[float, ...]
    onsets: tuple[tuple[float, ...], ...]


def measure_sound(video: Path, placements: Sequence[Placement], *, ffmpeg: Path) -> SoundReport:
    """Measure a video's sound on the file itself, with one decode of it.

    Raises:
        MediaError: it has no sound that can be read.
    """
    output = decode(video, ffmpeg=ffmpeg, filters=METER)
    level, peak = read_meter(output.last_lines)
    mono = samples_of(output).mean(axis=1)
    files = {voice: speech_of(voice, ffmpeg) for voice in {place.voice for place in placements}}
    offsets, begins = [], []
    for place in placements:
        part = files[place.voice][round(place.start * RATE) : round(place.end * RATE)]
        late = _offset(mono, part, place.at)
        offsets.append(late * 1000)
        begins.append(tuple(place.at + (0.0 if np.isnan(late) else late) + onset for onset in onsets(part, RATE)))
    return SoundReport(
        loudness=level, true_peak=peak, seconds=len(mono) / RATE, silences=_silences(mono),
        voice_offsets_ms=tuple(offsets), onsets=tuple(begins),
    )  # fmt: skip


def caption_offsets_ms(starts: Sequence[float], report: SoundReport) -> tuple[float, ...]:
    """Return how late captions appear after the speech they belong to, in ms (negative: early).

    Each run of speech must have a caption at its first sound; later onsets count where a caption begins near them,
    since a caption may span a pause.

    Args:
        starts: seconds on the film at which captions (cues, or words) appear.
        report: what was measured on the file.
    """
    late: list[float] = []
    times = np.asarray(sorted(starts))
    for run in report.onsets:
        for number, onset in enumerate(run):
            nearest = float(times[int(np.argmin(np.abs(times - onset)))]) - onset if times.size else float("inf")
            if number == 0 or abs(nearest) <= _SAME:
                late.append(nearest * 1000)
    return tuple(late)


def _offset(mono: Samples, part: Samples, at: float) -> float:
    """Return seconds by which a voice is late, to a fraction of a sample; NaN if it is not heard."""
    if len(part) < RATE // 10:
        return 0.0
    reach = round(_REACH * RATE)
    begin = round(at * RATE) - reach
    window = mono[max(0, begin) : begin + len(part) + 2 * reach]
    window = np.pad(window, (max(0, -begin), 0))
    window = np.pad(window, (0, max(0, len(part) + 2 * reach - len(window))))
    size = 1 << (len(window) + len(part)).bit_length()
    band = _band(size)
    heard, said = np.fft.rfft(window, size) * band, np.fft.rfft(part, size) * band
    match = np.fft.irfft(heard * np.conj(said), size)[: 2 * reach + 1]
    best = int(np.argmax(match))
    clean, speech = np.fft.irfft(heard, size), np.fft.irfft(said, size)
    norm = np.linalg.norm(clean[best : best + len(part)]) * np.linalg.norm(speech)
    if norm <= 0 or match[best] / norm < _SURE:
        return float("nan")
    return (best + _fraction(match, best) - reach) / RATE + (round(at * RATE) / RATE - at)


def _fraction(match: NDArray[np.float64], best: int) -> float:
    """Return where the peak lies between samples."""
    if not 0 < best < len(match) - 1:
        return 0.0
    left, top, right = match[best - 1 : best + 2]
    bend = left - 2 * top + right
    return float(0.5 * (left - right) / bend) if bend else 0.0


def _band(size: int) -> NDArray[np.float64]:
    low, high = _BAND
    frequencies = np.maximum(np.fft.rfftfreq(size, 1 / RATE), 1)
    return np.asarray(1 / np.sqrt(1 + (low / frequencies) ** 8) / np.sqrt(1 + (frequencies / high) ** 8))


def _silences(mono: Samples) -> tuple[tuple[float, float], ...]:
    """Return stretches of silence that are long enough to count."""
    step = RATE // 100
    padded = np.pad(mono, (0, -len(mono) % step))
    level = np.abs(padded).reshape(-1, step).max(axis=1)
    quiet = np.concatenate([[False], level < 10 ** (_SILENCE / 20), [False]])
    edges = np.flatnonzero(np.diff(quiet.astype(np.int8))).reshape(-1, 2) * step / RATE
    return tuple((float(start), float(min(end, len(mono) / RATE))) for start, end in edges if end - start >= _SHORTEST)
