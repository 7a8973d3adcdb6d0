"""Instruments: one note each, as samples."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Samples = NDArray[np.float32]
    Instrument = Callable[[float, float, int], Samples]

__all__ = ["DRUMS", "NOTES", "RATE", "boom", "riser", "whoosh"]

RATE = 48_000  #: samples a second
_TABLE = 4096  #: points of one cycle


def _hertz(note: float) -> float:
    return float(440 * 2 ** ((note - 69) / 12))


def _time(seconds: float) -> Samples:
    return np.arange(round(seconds * RATE), dtype=np.float32) / np.float32(RATE)


@lru_cache(maxsize=64)
def _cycle(partials: int, slope: float) -> Samples:
    """Return one cycle of a saw that has only so many partials, each `slope` steeper than the last."""
    angle = np.linspace(0, 2 * np.pi, _TABLE, endpoint=False)
    numbers = np.arange(1, partials + 1)[:, None]
    wave = (np.sin(numbers * angle) / numbers**slope).sum(axis=0)
    return np.asarray(wave / np.abs(wave).max(), np.float32)


def _wave(hertz: float, seconds: float, phase: float, *, top: float, slope: float) -> Samples:
    """Play a cycle; `top` Hz is the highest partial."""
    cycle = _cycle(max(1, min(40, int(top / hertz))), slope)
    step = hertz * _TABLE / RATE
    at = (np.arange(round(seconds * RATE), dtype=np.float64) * step + phase * _TABLE).astype(np.int64)
    return np.asarray(cycle[at & (_TABLE - 1)])


def _ring(
    hertz: float, seconds: float, partials: tuple[tuple[float, float, float], ...], phase: float = 0.0
) -> Samples:
    """Add partials given as (ratio, level, seconds to fall by 60 dB)."""
    time = _time(seconds)
    out = np.zeros(len(time), np.float32)
    for ratio, level, fall in partials:
        if hertz * ratio < 15_000:
            part = time[: round(min(seconds, fall * 1.1) * RATE)]
            out[: len(part)] += (
                np.float32(level) * np.sin(2 * np.pi * hertz * ratio * part + phase) * np.exp(-6.9 / fall * part)
            )
    return _soft_ends(out, 0.002, 0.03)


def _soft_ends(samples: Samples, attack: float, release: float) -> Samples:
    rise, fall = min(round(attack * RATE), len(samples) // 2), min(round(release * RATE), len(samples) // 2)
    if rise:
        samples[:rise] *= (0.5 - 0.5 * np.cos(np.linspace(0, np.pi, rise))).astype(np.float32)
    if fall:
        samples[-fall:] *= (0.5 + 0.5 * np.cos(np.linspace(0, np.pi, fall))).astype(np.float32)
    return samples


def _noise(seconds: float, low: float, high: float, seed: int) -> Samples:
    """Return noise between two frequencies, with soft flanks."""
    size = round(seconds * RATE)
    spectrum = np.fft.rfft(np.random.default_rng(seed).standard_normal(size))
    frequencies = np.fft.rfftfreq(size, 1 / RATE)
    spectrum *= 1 / np.sqrt(1 + (low / np.maximum(frequencies, 1)) ** 6) / np.sqrt(1 + (frequencies / high) ** 6)
    noise = np.fft.irfft(spectrum, size)
    return np.asarray(noise / max(1e-9, float(np.std(noise))) * 0.3, np.float32)


def pad(note: float, seconds: float, seed: int) -> Samples:
    """A warm string-like pad: three slightly detuned voices, slow to speak and to fade."""
    hertz, length = _hertz(note), seconds + 0.9
    rng = np.random.default_rng(seed)
    time = _time(length)
    out = np.zeros(len(time), np.float32)
    for cents in (-7.0, 0.5, 6.0):
        out += _wave(hertz * 2 ** (cents / 1200), length, rng.random(), top=4600, slope=1.4)
    out *= (1 + 0.08 * np.sin(2 * np.pi * 0.35 * time + rng.random() * 6)).astype(np.float32)
    return _soft_ends(out * np.float32(0.3), min(0.55, seconds * 0.4), 0.95)


def keys(note: float, seconds: float, _seed: int) -> Samples:
    """A soft electric piano."""
    hertz, time = _hertz(note), _time(max(seconds, 0.5) + 0.8)
    tine = 0.9 * np.exp(-7 * time) * np.sin(2 * np.pi * hertz * 7.01 * time)
    body = np.sin(
        2 * np.pi * hertz * time + (0.9 * np.exp(-2.2 * time) + 0.12) * np.sin(2 * np.pi * hertz * time) + 0.05 * tine
    )
    out = (body * np.exp(-1.7 * time) * 0.62).astype(np.float32)
    return _soft_ends(out, 0.004, 0.35)


def pluck(note: float, _seconds: float, _seed: int) -> Samples:
    """A muted nylon string."""
    partials = tuple((n * (1 + 0.0004 * n * n), 0.8 / n**1.25, 1.7 / n**0.75) for n in range(1, 10))
    return _ring(_hertz(note), 1.4, partials) * np.float32(0.55)


def bell(note: float, _seconds: float, _seed: int) -> Samples:
    """A small glass bell."""
    return _ring(
        _hertz(note), 2.6, ((1, 0.6, 2.6), (2.0, 0.22, 1.6), (3.01, 0.12, 1.0), (5.43, 0.05, 0.5))
    ) * np.float32(0.6)


def marimba(note: float, _seconds: float, _seed: int) -> Samples:
    """Rosewood bars with soft mallets."""
    wood = _ring(_hertz(note), 0.9, ((1, 0.9, 0.9), (3.93, 0.22, 0.28), (9.2, 0.06, 0.12)))
    knock = _noise(0.02, 600, 4000, 7) * np.exp(-np.arange(round(0.02 * RATE)) / 200).astype(np.float32)
    wood[: len(knock)] += 0.12 * knock
    return wood * np.float32(0.7)


def arp(note: float, _seconds: float, _seed: int) -> Samples:
    """A short analogue-like saw whose brightness falls away."""
    hertz, length = _hertz(note), 0.34
    time = _time(length)
    dark = _wave(hertz, length, 0.0, top=1800, slope=1.3) + _wave(hertz * 1.003, length, 0.3, top=1800, slope=1.3)
    bright = _wave(hertz, length, 0.0, top=7000, slope=1.05)
    out = dark * np.exp(-9 * time) * np.float32(0.35) + bright * np.exp(-26 * time) * np.float32(0.32)
    return _soft_ends(out.astype(np.float32), 0.003, 0.05)


def stab(note: float, seconds: float, _seed: int) -> Samples:
    """A chord stab: bright saws, short."""
    hertz, length = _hertz(note), min(max(seconds, 0.18), 0.5)
    time = _time(length)
    out = sum(
        _wave(hertz * 2 ** (cents / 1200), length, phase, top=5200, slope=1.2)
        for cents, phase in ((-8, 0.1), (0, 0.5), (7, 0.8))
    )
    return _soft_ends(np.asarray(out * np.exp(-5.5 * time) * 0.26, np.float32), 0.004, 0.06)


def lead(note: float, seconds: float, _seed: int) -> Samples:
    """A round singing tone with a late vibrato."""
    hertz, time = _hertz(note), _time(max(seconds, 0.15) + 0.12)
    bend = 0.006 * np.clip((time - 0.18) / 0.3, 0, 1) * np.sin(2 * np.pi * 5.1 * time)
    angle = 2 * np.pi * hertz * (time + bend / 5.1)
    out = np.sin(angle) + 0.28 * np.sin(2 * angle) + 0.14 * np.sin(3 * angle) + 0.05 * np.sin(5 * angle)
    return _soft_ends((out * (0.35 + 0.3 * np.exp(-3 * time)) * 0.5).astype(np.float32), 0.018, 0.11)


def bass(note: float, seconds: float, _seed: int) -> Samples:
    """A round bass whose upper partials make it heard on a phone."""
    hertz, time = _hertz(note), _time(seconds + 0.06)
    angle = 2 * np.pi * hertz * time
    out = np.sin(angle) + 0.55 * np.sin(2 * angle) + 0.30 * np.sin(3 * angle) + 0.14 * np.sin(4 * angle)
    out *= 0.45 * (0.55 + 0.45 * np.exp(-4 * time))
    return _soft_ends(np.tanh(1.4 * out).astype(np.float32), 0.006, 0.06)


def kick(_note: float, _seconds: float, seed: int) -> Samples:
    """A tight bass drum."""
    time = _time(0.30)
    angle = 2 * np.pi * (52 * time + 95 / 38 * (1 - np.exp(-38 * time)))
    out = np.sin(angle) * np.exp(-11 * time)
    out[:240] += 0.25 * _noise(0.005, 1500, 6000, seed % 4)[:240]
    return _soft_ends((np.tanh(1.8 * out) * 0.72).astype(np.float32), 0.001, 0.05)


def stomp(_note: float, _seconds: float, seed: int) -> Samples:
    """A foot on a wooden floor, in a hall."""
    time = _time(0.4)
    thump = np.sin(2 * np.pi * (68 * time + 1.6 * (1 - np.exp(-30 * time)))) * np.exp(-13 * time)
    out = thump * 0.8 + _noise(0.4, 120, 900, seed % 4) * np.exp(-30 * time) * 1.1
    return _soft_ends(np.tanh(out).astype(np.float32), 0.001, 0.08)


def clap(_note: float, _seconds: float, seed: int) -> Samples:
    """Several hands, not quite together."""
    time, out = _time(0.26), np.zeros(round(0.26 * RATE), np.float32)
    noise = _noise(0.26, 900, 5200, 20 + seed % 4)
    for late in (0.0, 0.011, 0.019, 0.027):
        out += noise * np.where(time >= late, np.exp(-(time - late) * (130 if late < 0.027 else 24)), 0)
    return _soft_ends(out * np.float32(0.5), 0.001, 0.04)


def snap(_note: float, _seconds: float, seed: int) -> Samples:
    """A finger snap."""
    time = _time(0.12)
    return _soft_ends(
        (_noise(0.12, 1400, 5200, 30 + seed % 4) * np.exp(-55 * time) * 0.9).astype(np.float32), 0.001, 0.02
    )


def hat(_note: float, _seconds: float, seed: int) -> Samples:
    """A closed hi-hat, with its harsh top taken off."""
    time = _time(0.07)
    return _soft_ends(
        (_noise(0.07, 5500, 10_500, 40 + seed % 6) * np.exp(-70 * time) * 0.5).astype(np.float32), 0.001, 0.01
    )


def shaker(_note: float, _seconds: float, seed: int) -> Samples:
    """A shaker: breathes in before it speaks."""
    time = _time(0.1)
    swell = np.minimum(time / 0.03, 1) * np.exp(-32 * np.maximum(time - 0.03, 0))
    return _soft_ends((_noise(0.1, 3800, 9000, 50 + seed % 6) * swell * 0.42).astype(np.float32), 0.004, 0.02)


def tom(note: float, _seconds: float, _seed: int) -> Samples:
    """A tuned drum for fills."""
    hertz, time = _hertz(note), _time(0.34)
    out = np.sin(2 * np.pi * hertz * (time + 0.012 * (1 - np.exp(-25 * time)))) * np.exp(-10 * time)
    return _soft_ends(
        (out * 0.6 + _noise(0.34, 200, 1800, 61) * np.exp(-50 * time) * 0.3).astype(np.float32), 0.001, 0.05
    )


def riser(seconds: float, seed: int) -> Samples:
    """Noise that brightens and swells up to its end."""
    time = np.linspace(0, 1, round(seconds * RATE), dtype=np.float32)
    bands = ((250, 700, 0.0), (700, 2000, 0.35), (2000, 6500, 0.7))
    out = sum(
        _noise(seconds, low, high, seed + 1) * np.exp(-(((time - 0.45 - centre * 0.6) / 0.42) ** 2))
        for low, high, centre in bands
    )
    return _soft_ends(np.asarray(out * time**2.2, np.float32), 0.02, 0.012)


def whoosh(seconds: float, seed: int) -> Samples:
    """Air that passes: swells to two thirds, then falls."""
    time = np.linspace(0, 1, round(seconds * RATE), dtype=np.float32)
    shape = np.where(time < 0.62, (time / 0.62) ** 2.4, np.exp(-(time - 0.62) * 8))
    low = _noise(seconds, 300, 1400, seed + 2) * np.cos(time * 1.2)
    return _soft_ends(
        np.asarray((low + _noise(seconds, 1400, 5200, seed + 3) * time * 0.7) * shape, np.float32), 0.02, 0.05
    )


def boom(seconds: float, seed: int) -> Samples:
    """A deep soft hit with a wash of air over it."""
    time = _time(seconds)
    low = np.sin(2 * np.pi * (55 * time + 1.1 * (1 - np.exp(-9 * time)))) * np.exp(-3.6 * time) * 0.6
    air = _noise(seconds, 1200, 7000, seed + 4) * np.exp(-3.2 * time) * 0.22
    return _soft_ends((low + air).astype(np.float32), 0.003, 0.1)


NOTES: dict[str, Instrument] = {
    player.__name__: player for player in (pad, keys, pluck, bell, marimba, arp, stab, lead, bass)
}
DRUMS: dict[str, Instrument] = {player.__name__: player for player in (kick, stomp, clap, snap, hat, shaker, tom)}
