"""Loudness of samples after ITU-R BS.1770."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["SILENT", "loudness", "weighted"]

SILENT = -70.0  #: LUFS; the standard's absolute gate, returned for silence
_BLOCK, _STEP = 0.4, 0.1  #: seconds
_SHELF = (1681.974450955533, 3.999843853973347, 0.7071752369554196)  #: Hz, dB, Q of the head's effect
_LOW_CUT = (38.13547087602444, 0.5003270373238773)  #: Hz, Q


def loudness(samples: NDArray[np.floating], rate: int) -> float:
    """Return integrated loudness in LUFS of samples shaped (n,) or (n, channels); `SILENT` for silence."""
    power = _block_power(weighted(samples, rate), rate)
    loud = power[power > _power(SILENT)]
    if not loud.size:
        return SILENT
    loud = loud[loud > loud.mean() * 0.1]
    return float(-0.691 + 10 * np.log10(loud.mean()))


def weighted(samples: NDArray[np.floating], rate: int) -> NDArray[np.float32]:
    """Return samples (n, channels) filtered as the ear hears loudness; the filter's phase is left out."""
    block = np.asarray(samples, np.float32).reshape(len(samples), -1)
    size = _fast_length(len(block) + rate // 10)
    spectrum = np.fft.rfft(block, size, axis=0)
    spectrum *= _response(np.fft.rfftfreq(size, 1 / rate), rate)[:, None]
    return np.fft.irfft(spectrum, size, axis=0)[: len(block)].astype(np.float32)


def _power(lufs: float) -> float:
    return float(10 ** ((lufs + 0.691) / 10))


def _block_power(block: NDArray[np.float32], rate: int) -> NDArray[np.float64]:
    """Return the mean square, summed over channels, of each 400 ms block."""
    total = np.concatenate([[0.0], np.cumsum((block.astype(np.float64) ** 2).sum(axis=1))])
    size = min(round(_BLOCK * rate), len(block))
    starts = np.arange(0, len(block) - size + 1, round(_STEP * rate))
    return np.asarray((total[starts + size] - total[starts]) / max(size, 1))


def _response(frequencies: NDArray[np.float64], rate: int) -> NDArray[np.float32]:
    """Return the magnitude of the K-weighting at each frequency, from its digital biquads at this rate."""
    z = np.exp(-2j * np.pi * frequencies / rate)
    centre, gain, quality = _SHELF
    k, high = np.tan(np.pi * centre / rate), 10 ** (gain / 20)
    band = high**0.4996667741545416
    top = (high + band * k / quality + k * k) + 2 * (k * k - high) * z + (high - band * k / quality + k * k) * z * z
    shelf = top / ((1 + k / quality + k * k) + 2 * (k * k - 1) * z + (1 - k / quality + k * k) * z * z)
    centre, quality = _LOW_CUT
    k = np.tan(np.pi * centre / rate)
    norm = 1 + k / quality + k * k
    cut = (1 - 2 * z + z * z) / (1 + 2 * (k * k - 1) / norm * z + (1 - k / quality + k * k) / norm * z * z)
    return np.abs(shelf * cut).astype(np.float32)


def _fast_length(length: int) -> int:
    """Return the next length of the form 2^a, 3*2^a or 5*2^a, which FFTs do fast."""
    return int(min(factor << max(0, (-(-length // factor) - 1).bit_length()) for factor in (1, 3, 5)))
