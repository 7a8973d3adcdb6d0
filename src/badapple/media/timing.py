"""Where speech begins and ends in samples."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["bounds", "onsets"]

_GRAIN = 0.005  #: seconds between two looks
_WINDOW = 0.015  #: seconds that a look averages over
_FLOOR = -38.0  #: dB under the loudest: quieter than this is silence
_PAUSE = 0.12  #: seconds of silence that make the next sound an onset
_SHORTEST = 0.03  #: seconds; a shorter burst of sound is no speech


def bounds(samples: NDArray[np.floating], rate: int) -> tuple[float, float]:
    """Return seconds at which the first sound begins and the last one ends; equal where there is none."""
    runs = _runs(samples, rate)
    return (runs[0][0], runs[-1][1]) if runs else (0.0, 0.0)


def onsets(samples: NDArray[np.floating], rate: int) -> tuple[float, ...]:
    """Return seconds at which speech begins: the first sound, and each one after a pause."""
    runs = _runs(samples, rate)
    ends = [-_PAUSE, *(end for _, end in runs)]
    return tuple(start for (start, _), before in zip(runs, ends, strict=False) if start - before >= _PAUSE)


def _runs(samples: NDArray[np.floating], rate: int) -> list[tuple[float, float]]:
    """Return (start, end) in seconds of each stretch of sound."""
    level = _level(samples, rate)
    peak = float(level.max(initial=0.0))
    if peak <= 0:
        return []
    loud = level > peak * 10 ** (_FLOOR / 20)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], loud.astype(np.int8), [0]])))
    runs = [(float(start) * _GRAIN, float(end) * _GRAIN) for start, end in edges.reshape(-1, 2)]
    return [run for run in runs if run[1] - run[0] >= _SHORTEST]


def _level(samples: NDArray[np.floating], rate: int) -> NDArray[np.float64]:
    """Return the root mean square around each look."""
    half = round(_WINDOW * rate / 2)
    total = np.concatenate([[0.0], np.cumsum(np.asarray(samples, np.float64) ** 2)])
    centres = np.arange(0, len(samples), max(1, round(_GRAIN * rate)))
    low, high = np.maximum(centres - half, 0), np.minimum(centres + half, len(samples))
    return np.asarray(np.sqrt((total[high] - total[low]) / np.maximum(high - low, 1)))
