"""A score turned into sound: buses, room, pump and master."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from badapple.media.loudness import SILENT, loudness
from badapple.process import check_stop
from badapple.providers.offline.music.instruments import DRUMS, NOTES, RATE, boom, riser, whoosh

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from badapple.providers.offline.music.beds import Bed
    from badapple.providers.offline.music.score import Note, Score

    Samples = NDArray[np.float32]

__all__ = ["render"]

_LEVEL = -18.0  #: LUFS of a bed
_CEILING = 10 ** (-1.5 / 20)  #: highest sample
_RUN_UP = 1.2  #: seconds before a cut in which the riser swells


def render(score: Score, bed: Bed, *, seconds: float, energy: float, seed: int) -> Samples:
    """Return the bed, shape (n, 2), 48 kHz, inside -1..1, exactly `seconds` long."""
    size = round(seconds * RATE)
    tone, drums, room = (np.zeros((size, 2), np.float32) for _ in range(3))
    for note in score.notes:
        check_stop()
        _add(drums if note.drum else tone, room, note, _sound(note, seed))
    _cuts(drums, room, score, energy, seed)
    if bed.pump and score.kicks:
        tone *= _pump(score.kicks, size, bed.pump)[:, None]
    mix = tone + drums
    mix = _equalised(mix, room, _impulse(bed.room))
    mix *= _fade(score.ring, size)[:, None]
    return _mastered(mix)


def _sound(note: Note, seed: int) -> Samples:
    if note.plays in {"pad", "lead"}:
        return NOTES[note.plays](note.note, round(note.seconds, 2), seed + note.note)
    variant = (seed + int(note.at * 1000)) % 6 if note.drum else 0
    return _cached(note.plays, note.note, round(note.seconds, 2), variant)


@lru_cache(maxsize=256)
def _cached(plays: str, note: int, seconds: float, variant: int) -> Samples:
    return (DRUMS.get(plays) or NOTES[plays])(note, seconds, variant)


def _add(bus: Samples, room: Samples, note: Note, sound: Samples) -> None:
    """Lay a note into its bus and into the room, panned with even power."""
    start = round(note.at * RATE)
    part = sound[: max(0, len(bus) - start)]
    angle = (note.pan + 1) * np.pi / 4
    for side, gain in enumerate((np.cos(angle), np.sin(angle))):
        panned = part * np.float32(gain * note.velocity * 1.414)
        bus[start : start + len(part), side] += panned
        room[start : start + len(part), side] += panned * np.float32(note.room)


def _cuts(bus: Samples, room: Samples, score: Score, energy: float, seed: int) -> None:
    """Let air rise into the cuts, the more the livelier the style, and lift the end card with a soft hit."""
    cuts = score.grid.seconds[1:-1]
    for number, cut in enumerate(cuts):
        last = number == len(cuts) - 1
        rise = riser(_RUN_UP, seed + number) if energy > 0.55 or last else whoosh(_RUN_UP, seed + number)
        gain = (0.10 + 0.22 * energy) * (1.25 if last else 1.0)
        peak = _RUN_UP if energy > 0.55 or last else _RUN_UP * 0.62
        _lay(bus, room, rise * np.float32(gain * 0.55), cut - peak, 0.4)
        if last or energy > 0.7:
            _lay(bus, room, boom(1.6, seed + number) * np.float32(0.30 if last else 0.18), cut, 0.45)


def _lay(bus: Samples, room: Samples, sound: Samples, at: float, send: float) -> None:
    start = round(at * RATE)
    part = sound[max(0, -start) :][: max(0, len(bus) - max(start, 0))]
    start = max(start, 0)
    turn = np.linspace(0.35, 0.65, len(part), dtype=np.float32)  # the air wanders from left to right
    for side, gain in enumerate((np.sqrt(1 - turn), np.sqrt(turn))):
        bus[start : start + len(part), side] += part * gain
        room[start : start + len(part), side] += part * gain * np.float32(send)


def _pump(kicks: tuple[float, ...], size: int, depth: float) -> Samples:
    """Return the gain that makes room for each kick and swells back."""
    step = 48
    times = np.arange(0, size, step) / RATE
    last = np.searchsorted(kicks, times + 1e-6) - 1
    since = np.where(last >= 0, times - np.asarray(kicks)[np.maximum(last, 0)], 9.0)
    gain = 1 - depth * np.exp(-since / 0.11)
    return np.interp(np.arange(size), np.arange(0, size, step), gain).astype(np.float32)


@lru_cache(maxsize=8)
def _impulse(fall: float) -> Samples:
    """Return a synthetic room: a little silence, then noise whose top dies first; shape (n, 2)."""
    size, rng = round(fall * 0.9 * RATE), np.random.default_rng(1)
    time = np.arange(size) / RATE
    frequencies = np.fft.rfftfreq(size, 1 / RATE)
    out = np.zeros((size, 2))
    for low, high, share in ((180, 900, 1.0), (900, 3500, 0.75), (3500, 9000, 0.4)):
        band = np.exp(
            -(((np.log2(np.maximum(frequencies, 1)) - np.log2(np.sqrt(low * high))) / (0.6 * np.log2(high / low))) ** 2)
        )
        noise = np.fft.irfft(np.fft.rfft(rng.standard_normal((size, 2)), axis=0) * band[:, None], size, axis=0)
        out += noise * np.exp(-6.9 * time / (fall * share))[:, None]
    out *= np.minimum(time / 0.012, 1)[:, None]
    out = np.roll(out, round(0.016 * RATE), axis=0)
    out[: round(0.016 * RATE)] = 0
    return np.asarray(out / np.sqrt((out**2).sum(axis=0)) * 0.8, np.float32)


def _equalised(dry: Samples, send: Samples, impulse: Samples) -> Samples:
    """Add the room and shape the whole: nothing under 38 Hz, less mud at 240 Hz, air above 2.6 kHz, a soft top."""
    size = 1 << (len(dry) + len(impulse)).bit_length() - 1
    while size < len(dry) + len(impulse):
        size += size // 2 if size & (size - 1) == 0 else size // 3
    frequencies = np.maximum(np.fft.rfftfreq(size, 1 / RATE), 1)
    shape = 1 / np.sqrt(1 + (38 / frequencies) ** 8) / np.sqrt(1 + (frequencies / 14_500) ** 6)
    shape *= 1 - 0.36 * np.exp(-((np.log2(frequencies / 240) / 0.8) ** 2))
    shape *= 1 + 0.9 / (1 + (2600 / frequencies) ** 3)
    shape *= 1 - 0.20 / (1 + (frequencies / 95) ** 4)
    out = np.empty_like(dry)
    for side in range(2):
        wet = np.fft.rfft(send[:, side], size) * np.fft.rfft(impulse[:, side], size)
        wet *= 1 / np.sqrt(1 + (260 / frequencies) ** 4)
        out[:, side] = np.fft.irfft((np.fft.rfft(dry[:, side], size) + wet) * shape, size)[: len(dry)]
    return out


def _fade(ring: float, size: int) -> Samples:
    """Return a gain that lets the last chord die away to nothing at the end."""
    time = np.arange(size, dtype=np.float32) / RATE
    end = size / RATE
    part = np.clip((time - ring - 0.35 * (end - ring)) / max(1e-3, 0.65 * (end - ring)), 0, 1)
    gain = (0.5 + 0.5 * np.cos(np.pi * part)).astype(np.float32)
    gain[: round(0.004 * RATE)] *= np.linspace(0, 1, round(0.004 * RATE), dtype=np.float32)
    return gain


def _mastered(mix: Samples) -> Samples:
    """Bring the bed to its loudness, with peaks rounded off."""
    for _ in range(2):
        now = loudness(mix, RATE)
        if now <= SILENT:
            return mix
        mix = mix * np.float32(10 ** ((_LEVEL - now) / 20))
        knee = np.float32(0.6)
        over = np.abs(mix) > knee
        mix[over] = np.sign(mix[over]) * (
            knee + (_CEILING - knee) * np.tanh((np.abs(mix[over]) - knee) / (_CEILING - knee))
        )
    return mix
