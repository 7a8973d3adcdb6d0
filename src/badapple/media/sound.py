"""The film's sound: voices over ducked music, at one loudness."""

from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from badapple.errors import DiskError, InputError, MediaError, OutOfMemoryError, ToolError
from badapple.media import music as music_file
from badapple.media.loudness import SILENT, fine_power, gated, loudness
from badapple.media.pcm import RATE, decode, samples_of
from badapple.process import check_stop, run

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    Samples = NDArray[np.float32]
    Power = NDArray[np.float64]

__all__ = ["LOUDNESS", "TRUE_PEAK", "Placement", "measured", "mix"]

LOUDNESS = -14.0  #: LUFS of every film
TRUE_PEAK = -1.0  #: dBTP that no film goes above
_NEAR = 0.2  #: LU that the encoded file may miss by before it is made again
_VOICE = -16.0  #: LUFS of each voice before the whole is brought to its loudness
_MUSIC = -20.5  #: LUFS of music while nobody speaks
_DUCK = -8.5  #: dB that music goes down while somebody does
_LOOK_AHEAD, _ATTACK, _HOLD, _RELEASE = 0.06, 0.22, 0.15, 0.60  #: seconds
_HEADROOM = 0.7  #: dB under the true peak that the limiter aims at; the encoder overshoots a little
_GRAIN = 48  #: samples of one limiter step: 1 ms
_REACH = 5  #: ms that the limiter sees a peak coming
_TAPS = np.arange(-6, 7)  #: samples that oversampling looks at
_UNSEEN = 1.12  #: how far a true peak may lie over a low sample, safely
_RIDE = 100  #: hundredths of a second to each side that the fader looks at
_RECOVERY = 0.0015  #: gain that it gives back per ms
_SEAM, _OPEN, _CLOSE = 0.8, 0.15, 1.8  #: seconds of crossfade where music repeats, fade in, fade out where it is cut


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """A run of speech and where it stands.

    Attributes:
        voice: voice file.
        start: seconds in that file where it begins.
        end: seconds in that file where it ends.
        at: seconds on the film where it begins.
    """

    voice: Path
    start: float
    end: float
    at: float


def mix(placements: Sequence[Placement], music: Path | None, out: Path, *, seconds: float = 30.0, ffmpeg: Path) -> None:
    """Write the film's sound to `out`: AAC 192 kbit/s, 48 kHz, stereo, exactly `seconds` long.

    Loudness and true peak are met by the encoded file, not only by what went into the encoder.

    Raises:
        InputError: the music cannot be read.
        MediaError: a voice file cannot be read.
        ToolError: ffmpeg failed.
    """
    size = round(seconds * RATE)
    voice = _voices(placements, size, ffmpeg)
    bed = _music(music, size, ffmpeg) if music else np.zeros((size, 2), np.float32)
    if placements:
        bed *= ducking(placements, size)[:, None]
    _encode_to_target(voice[:, None] + bed, out, ffmpeg)


def ducking(placements: Sequence[Placement], size: int) -> Samples:
    """Return the gain of the music: down a little before each voice, up gently after it."""
    times = np.arange(0, size + _GRAIN, _GRAIN) / RATE
    depth = np.zeros(len(times))
    for place in placements:
        begin, end = place.at - _LOOK_AHEAD, place.at + (place.end - place.start) + _HOLD
        if place.end <= place.start:
            continue
        rise = np.clip((times - (begin - _ATTACK + _LOOK_AHEAD)) / _ATTACK, 0, 1)
        fall = np.clip(1 - (times - end) / _RELEASE, 0, 1)
        depth = np.maximum(depth, np.sin(np.pi / 2 * np.minimum(rise, fall)) ** 2)
    return np.interp(np.arange(size), np.arange(0, size + _GRAIN, _GRAIN), 10 ** (_DUCK * depth / 20)).astype(
        np.float32
    )


def measured(path: Path, *, ffmpeg: Path) -> tuple[float, float]:
    """Return integrated loudness (LUFS) and true peak (dBTP) of a file's sound, as ffmpeg's ebur128 measures them."""
    return read_meter(decode(path, ffmpeg=ffmpeg, filters=METER).last_lines)


METER = "ebur128=peak=true:framelog=quiet"  #: filter that prints loudness and true peak at the end


def read_meter(lines: Sequence[str]) -> tuple[float, float]:
    """Read what `METER` printed."""
    text = "\n".join(lines)
    level, peak = re.findall(r"I:\s+(\S+) LUFS", text), re.findall(r"Peak:\s+(\S+) dBFS", text)
    if not level or not peak:
        raise MediaError("ffmpeg measured no loudness", last_lines=tuple(lines))
    return float(level[-1]), float(peak[-1])


def _voices(placements: Sequence[Placement], size: int, ffmpeg: Path) -> Samples:
    """Return all speech on the film's timeline, each run levelled, mono."""
    line = np.zeros(size, np.float32)
    files: dict[Path, Samples] = {}
    for place in placements:
        check_stop()
        if place.voice not in files:
            files[place.voice] = speech_of(place.voice, ffmpeg)
        part = files[place.voice][round(place.start * RATE) : round(place.end * RATE)]
        level = loudness(part, RATE) if len(part) else SILENT
        if level <= SILENT:
            continue
        at = round(place.at * RATE)
        part = part[max(0, -at) :][: max(0, size - max(at, 0))]
        line[max(at, 0) : max(at, 0) + len(part)] += part * np.float32(10 ** ((_VOICE - level) / 20))
    return line


def speech_of(voice: Path, ffmpeg: Path) -> Samples:
    """Return a voice file's samples, mono, 48 kHz.

    Raises:
        MediaError: it cannot be read.
    """
    try:
        return samples_of(decode(voice, ffmpeg=ffmpeg, channels=1), 1)[:, 0]
    except (DiskError, OutOfMemoryError):
        raise
    except ToolError as error:
        raise MediaError(f"the voice file {voice.name} cannot be read", last_lines=error.last_lines) from error


def _music(path: Path, size: int, ffmpeg: Path) -> Samples:
    """Return the music: trimmed or repeated to the film's length, evened out and levelled."""
    samples = music_file.read(path, ffmpeg=ffmpeg, seconds=size / RATE + 5)
    samples = _trimmed(np.nan_to_num(samples, nan=0.0, posinf=0.0, neginf=0.0))
    if len(samples) < RATE:
        raise InputError(
            f"the music file {path.name} has less than one second of sound", hint="use a longer sound file"
        )
    return _evened(_filled(samples, size))


def _trimmed(samples: Samples) -> Samples:
    """Cut the silence before the first sound."""
    loud = np.flatnonzero(np.abs(samples).max(axis=1) > 1e-3) if len(samples) else np.zeros(0, np.int64)
    return samples[max(0, int(loud[0]) - RATE // 100) :] if loud.size else samples[:0]


def _filled(samples: Samples, size: int) -> Samples:
    """Repeat music with soft seams until it is long enough, or cut it; fade where it was cut."""
    near = abs(len(samples) - size) < RATE // 20
    seam = min(round(_SEAM * RATE), len(samples) // 3)
    out = samples
    while len(out) < size and not near:
        turn = np.linspace(0, np.pi / 2, seam, dtype=np.float32)[:, None]
        out = np.concatenate([out[:-seam], out[-seam:] * np.cos(turn) + samples[:seam] * np.sin(turn), samples[seam:]])
    out = np.pad(out[:size], ((0, max(0, size - len(out))), (0, 0)))
    close = min(round((0.02 if near else _CLOSE) * RATE), size)
    first = min(round((0.005 if near else _OPEN) * RATE), size)
    out[:first] *= np.linspace(0, 1, first, dtype=np.float32)[:, None]
    out[size - close :] *= (0.5 + 0.5 * np.cos(np.linspace(0, np.pi, close, dtype=np.float32)))[:, None]
    return out


def _evened(samples: Samples) -> Samples:
    """Bring music to its level, and ride the fader: passages far louder than the whole are brought halfway back."""
    power = fine_power(samples, RATE)
    lift = _MUSIC - gated(power)
    window = np.ones(2 * _RIDE + 1) / (2 * _RIDE + 1)
    short = np.convolve(np.pad(power[::10], _RIDE, mode="edge"), window, mode="valid")
    over = np.maximum(0, -0.691 + 10 * np.log10(short + 1e-9) + lift - _MUSIC - 2)
    gain = 10 ** ((lift - 0.6 * over) / 20)
    return samples * _spread(np.repeat(gain, 10)[: len(power)], len(samples))


def _encode_to_target(samples: Samples, out: Path, ffmpeg: Path) -> None:
    """Bring the whole to its loudness, encode, measure the file, and correct until it is right."""
    part = out.with_name(f"{out.name}.part")
    with contextlib.suppress(FileNotFoundError):
        part.unlink()
    power, peaks = fine_power(samples, RATE), _peaks(samples)
    if gated(power) <= SILENT:
        _encode(samples, part, ffmpeg)
        part.replace(out)
        return
    aim, ceiling = LOUDNESS, TRUE_PEAK - _HEADROOM
    for _ in range(4):
        _encode(_loud(samples, power, peaks, aim=aim, ceiling=10 ** (ceiling / 20)), part, ffmpeg)
        level, peak = measured(part, ffmpeg=ffmpeg)
        if abs(level - LOUDNESS) <= _NEAR and peak <= TRUE_PEAK:
            break
        aim += LOUDNESS - level
        ceiling -= max(0.0, peak - TRUE_PEAK + 0.15)
    part.replace(out)


def _loud(samples: Samples, power: Power, peaks: Power, *, aim: float, ceiling: float) -> Samples:
    """Raise samples to a loudness with true peaks held under a ceiling (linear); power and peaks are by the ms."""
    gain = aim - gated(power)
    for _ in range(8):
        curve = 10 ** (gain / 20) * _holding(peaks * 10 ** (gain / 20), ceiling)
        missing = aim - gated(power * curve[: len(power)] ** 2)
        if abs(missing) < 0.03:
            break
        gain += missing * 1.15
    return samples * _spread(curve, len(samples))


def _holding(peaks: Power, ceiling: float) -> Power:
    """Return the gain by the ms that holds peaks under a ceiling: sees them coming, recovers slowly."""
    need = np.minimum(1, ceiling / np.maximum(peaks, 1e-9))
    # One ms wider than the smoothing below, because samples lie between two steps of the curve.
    padded = np.pad(need, 2 * _REACH + 1, mode="edge")
    held = np.lib.stride_tricks.sliding_window_view(padded, 2 * _REACH + 3).min(axis=1)
    ramp = np.arange(len(held)) * _RECOVERY
    held = np.minimum.accumulate(held - ramp) + ramp  # never rises faster than the recovery
    window = np.hanning(2 * _REACH + 3)[1:-1]
    return np.asarray(np.convolve(held, window / window.sum(), mode="valid"))


def _spread(curve: Power, size: int) -> Samples:
    """Return a gain by the ms as one by the sample, shape (size, 1)."""
    centres = np.arange(len(curve)) * _GRAIN + _GRAIN / 2
    return np.interp(np.arange(size), centres, curve).astype(np.float32)[:, None]


def _peaks(samples: Samples) -> Power:
    """Return the highest true peak of each ms: four-fold oversampled where the samples themselves are high."""
    padded = np.pad(samples, ((0, -len(samples) % _GRAIN), (0, 0)))
    plain = np.abs(padded).max(axis=1).reshape(-1, _GRAIN).max(axis=1)
    high: Power = plain.astype(np.float64) * _UNSEEN
    near = np.flatnonzero(plain > np.quantile(plain, 0.9))
    reach = len(_TAPS) // 2
    at = near[:, None] * _GRAIN + np.arange(_GRAIN + 2 * reach)
    found = plain[near]
    rows = np.pad(padded, ((reach, reach), (0, 0)))[at]
    for shift in (0.25, 0.5, 0.75):
        kernel = np.sinc(_TAPS - shift) * np.cos(np.pi * (_TAPS - shift) / 14) ** 2
        between = np.einsum(
            "nwct,t->nwc", np.lib.stride_tricks.sliding_window_view(rows, len(_TAPS), axis=1), kernel[::-1]
        )
        found = np.maximum(found, np.abs(between).max(axis=(1, 2)))
    high[near] = found
    return high


def _encode(samples: Samples, out: Path, ffmpeg: Path) -> None:
    run(
        [
            *(ffmpeg, "-hide_banner", "-y", "-f", "f32le", "-ar", str(RATE), "-ac", "2", "-i", "pipe:0"),
            *("-c:a", "aac", "-b:a", "192k", "-ar", str(RATE), "-ac", "2", "-map_metadata", "-1"),
            *("-fflags", "+bitexact", "-flags:a", "+bitexact", "-movflags", "+faststart", "-f", "ipod", out),
        ],
        stdin=np.ascontiguousarray(samples, "<f4").tobytes(),
    )
