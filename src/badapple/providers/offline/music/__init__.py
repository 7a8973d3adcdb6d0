"""Music beds of our own: composed by rules and synthesised, so that every film may use them."""

from __future__ import annotations

import wave
from typing import TYPE_CHECKING

import numpy as np

from badapple import process
from badapple.models import Maker
from badapple.providers.offline.music.beds import BEDS
from badapple.providers.offline.music.instruments import RATE
from badapple.providers.offline.music.render import render
from badapple.providers.offline.music.score import compose, grid_for
from badapple.styles import load as load_style

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from badapple.models import MusicOrder

__all__ = ["OfflineMusic"]


class OfflineMusic:
    """Plays the bed of a style: its key and tempo, bent so that beats fall on the cuts."""

    maker = Maker(name="offline", model="beds-1", generated=False)

    def __init__(self, *, style_dirs: tuple[Path, ...] = ()) -> None:
        self._style_dirs = tuple(style_dirs)

    async def bed(self, order: MusicOrder, out: Path) -> None:
        """Write a stereo 48 kHz 16-bit WAV of `order.seconds` to `out`; the same order gives the same bytes."""
        await process.in_thread(self._bed, order, out)

    def _bed(self, order: MusicOrder, out: Path) -> None:
        style = load_style(order.style, self._style_dirs)
        bed = BEDS[style.music.bed]
        grid = grid_for(order.cuts, order.seconds, style.music.bpm)
        score = compose(bed, style.music.key, grid, seed=order.seed)
        _write(render(score, bed, seconds=order.seconds, energy=style.motion.energy, seed=order.seed), out)


def _write(samples: NDArray[np.float32], out: Path) -> None:
    part = out.with_name(f"{out.name}.part")
    with wave.open(str(part), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(np.round(np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())
    part.replace(out)
