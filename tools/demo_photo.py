"""Takes the product photo that the demo films: a perfume flacon in a studio, path-traced with NumPy.

Run by hand: `python tools/demo_photo.py`; the result is `src/badapple/product/data/sample.jpg`. The same seed, size and
number of samples give the same picture.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from photo_studio.baking import bake_label, bake_table
from photo_studio.darkroom import develop
from photo_studio.exposure import expose
from photo_studio.staging import Camera, build_studio

_RESULT = Path(__file__).resolve().parent.parent / "src" / "badapple" / "product" / "data" / "sample.jpg"
_FULL_HEIGHT = 2000


def take_photo(size: tuple[int, int], samples: int, seed: int) -> Image.Image:
    """Return the picture, `size` pixels (width, height), with `samples` light paths per pixel of the product."""
    cv2.setNumThreads(1)
    rng = np.random.default_rng(seed)
    started = time.monotonic()
    studio = build_studio(rng)
    share = min(1.0, size[1] / _FULL_HEIGHT)
    studio.label_light = bake_label(studio, rng, samples=32 * min(samples, 16))
    _say(started, "label lit")
    patch = bake_table(studio, rng, cells_per_cm=max(1.5, 11 * share**0.5), samples=min(49, 3 * samples))
    studio.sweep.patch = patch
    _say(started, "table lit")
    light, noisy = expose(studio, Camera(), size, samples, rng)
    _say(started, "exposed")
    return Image.fromarray(develop(light, noisy, rng))


def _say(started: float, what: str) -> None:
    print(f"{time.monotonic() - started:6.1f} s  {what}", flush=True)


def _size(text: str) -> tuple[int, int]:
    width, _, height = text.partition("x")
    return int(width), int(height)


def main(arguments: list[str] | None = None) -> None:
    """Read the options, take the photo, write it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=18, help="light paths per pixel of the product")
    parser.add_argument("--size", type=_size, default=(1600, 2000), help="WIDTHxHEIGHT in pixels")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--out", type=Path, default=_RESULT)
    chosen = parser.parse_args(arguments)
    photo = take_photo(chosen.size, chosen.samples, chosen.seed)
    chosen.out.parent.mkdir(parents=True, exist_ok=True)
    photo.save(chosen.out, quality=90, subsampling=0, optimize=True)
    print(f"{chosen.out}: {photo.width}x{photo.height}, {chosen.out.stat().st_size // 1024} kB")


if __name__ == "__main__":
    main()
