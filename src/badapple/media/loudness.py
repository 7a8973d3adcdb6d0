"""Loudness of samples after ITU-R BS.1770."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["SILENT", "fine_power", "gated", "levelled", "loudness", "weighted"]

SILENT = -70.0  #: LUFS; the standard's absolute gate, returned for silence
_VOICE = -18.0  #: LUFS of each utterance
_CEILING = 10 ** (-1.5 / 20)  #: highest sample of an utterance
_BLOCK, _STEP = 400, 100  #: milliseconds
_SHELF = (1681.974450955533, 3.999843853973347, 0.7071752369554196)  #: Hz, dB, Q of the head's effect
_LOW_CUT = (38.13547087602444, 0.5003270373238773)  #: Hz, Q


def loudness(samples: NDArray[np.floating], rate: int) -> float:
    """Return integrated loudness in LUFS of samples shaped (n,) or (n, channels); `SILENT` for silence."""
    return gated(fine_power(samples, rate))


def levelled(samples: NDArray[np.float32], rate: int) -> NDArray[np.float32]:
    """Bring a mono utterance to the loudness of all voices; what would be too high is rounded off."""
    now = loudness(samples, rate) if len(samples) else SILENT
    if now <= SILENT:
        return samples
    loud = samples * np.float32(10 ** ((_VOICE - now) / 20))
    knee = np.float32(_CEILING * 0.8)
    over = np.abs(loud) > knee
    room = np.float32(_CEILING) - knee
    loud[over] = np.sign(loud[over]) * (knee + room * np.tanh((np.abs(loud[over]) - knee) / room))
    return loud


def fine_power(samples: NDArray[np.floating], rate: int) -> NDArray[np.float64]:
    """Return weighted power of each millisecond (the last may be short), summed over channels."""
    grain = rate // 1000
    power = np.square(weighted(samples, rate)).sum(axis=1)
    return np.asarray(np.pad(power, (0, -len(power) % grain)).reshape(-1, grain).mean(axis=1), np.float64)


def gated(power: NDArray[np.float64]) -> float:
    """Return integrated loudness in LUFS of weighted power by the millisecond; `SILENT` for silence."""
    total = np.concatenate([[0.0], np.cumsum(power)])
    size = min(_BLOCK, len(power))
    starts = np.arange(0, len(power) - size + 1, _STEP)
    blocks = (total[starts + size] - total[starts]) / max(size, 1)
    loud = blocks[blocks > _power(SILENT)]
    if not loud.size:
        return SILENT
    loud = loud[loud > loud.mean() * 0.1]
    return float(-0.691 + 10 * np.log10(loud.mean()))


def weighted(samples: NDArray[np.floating], rate: int) -> NDArray[np.float32]:
    """Return samples (n, channels) filtered as the ear hears loudness; the filter's phase is left out."""
    block = np.asarray(samples, np.float32).reshape(len(samples), -1)
    size = _fast_length(len(block) + rate // 10)
    gain = _response(size, rate)
    out = np.empty_like(block)
    for side in range(block.shape[1]):
        out[:, side] = np.fft.irfft(np.fft.rfft(block[:, side], size) * gain, size)[: len(block)]
    return out


def _power(lufs: float) -> float:
    return float(10 ** ((lufs + 0.691) / 10))


@lru_cache(maxsize=8)
def _response(size: int, rate: int) -> NDArray[np.float32]:
    """Return the magnitude of the K-weighting at each bin of an FFT, from its digital biquads at this rate."""
    z = np.exp(-2j * np.pi * np.fft.rfftfreq(size, 1 / rate) / rate)
    centre, gain, quality = _SHELF
    k, high = np.tan(np.pi * centre / rate), 10 ** (gain / 20)
    band = high**0.4996667741545416
    top = (high + band * k / quality + k * k) + 2 * (k * k - high) * z + (high - band * k / quality + k * k) * z * z
    shelf = top / ((1 + k / quality + k * k) + 2 * (k * k - 1) * z + (1 - k / quality + k * k) * z * z)
    centre, quality = _LOW_CUT
    k = np.tan(np.pi * centre / rate)
    norm = 1 + k / quality + k * k
    cut = (1 - 2 * z + z * z) / (1 + 2 * (k * k - 1) / norm * z + (1 - k / quality + k * k) / norm * z * z)
    return np.asarray(np.abs(shelf * cut), np.float32)


def _fast_length(length: int) -> int:
    """Return the next length of the form 2^a, 3*2^a or 5*2^a, which FFTs do fast."""
    return int(min(factor << max(0, (-(-length // factor) - 1).bit_length()) for factor in (1, 3, 5)))
