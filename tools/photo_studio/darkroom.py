"""From linear light to the printed JPEG."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from photo_studio.rays import Bools, Floats

_EXPOSURE = 0.70
_WHITE = 2.4  # linear light that prints as pure white


def develop(light: Floats, noisy: Bools, rng: np.random.Generator) -> npt.NDArray[np.uint8]:
    """Return the finished picture (rows, columns, 3), sRGB: bloom, tone curve, vignette, denoising, grain.

    Args:
        light: Linear light (rows, columns, 3).
        noisy: Where the light still carries sampling noise, (rows, columns).
        rng: Draws the film grain.
    """
    rows, columns, _ = light.shape
    light = light * _EXPOSURE
    scale = rows / 2000
    bright = np.minimum(np.maximum(light - 0.9, 0), 4)
    halo = (
        cv2.GaussianBlur(bright, (0, 0), 14 * scale + 0.3) * 0.05
        + cv2.GaussianBlur(bright, (0, 0), 60 * scale + 0.3) * 0.025
    )
    picture = _toned((light + halo) * _vignette(rows, columns))
    picture = np.where(
        picture <= 0.0031308, 12.92 * picture, 1.055 * np.power(np.maximum(picture, 1e-6), 1 / 2.4) - 0.055
    )
    picture = _calmed(picture, noisy)
    grain = rng.normal(0, 1, (rows, columns, 1)).astype(np.float32)
    grain = cv2.GaussianBlur(grain, (0, 0), 0.65)[..., None] * 1.6
    shade = picture.mean(axis=2, keepdims=True)
    picture = picture + grain * 0.0075 * (0.35 + 2.2 * shade * (1 - shade))
    result: npt.NDArray[np.uint8] = np.clip(picture * 255 + 0.5, 0, 255).astype(np.uint8)
    return result


def _calmed(picture: Floats, noisy: Bools) -> Floats:
    """Take out what noise the samples left; the film grain comes after it.

    Where there is hardly any noise the picture stays as it is: denoising works in 8 bits and would draw contour lines.
    """
    steady = _without_sparks(np.clip(picture, 0, 1).astype(np.float32))
    coded = (steady * 255 + 0.5).astype(np.uint8)
    calm = cv2.fastNlMeansDenoisingColored(coded, None, 3, 5, 5, 13).astype(np.float32) / 255
    noise = cv2.GaussianBlur(np.abs(calm - steady).mean(axis=2), (0, 0), 1.5) * 255
    share = cv2.GaussianBlur(noisy.astype(np.float32), (0, 0), 2) * np.clip(noise - 0.5, 0, 1)
    result: Floats = steady + (calm - steady) * share[..., None]
    return result


def _without_sparks(picture: Floats) -> Floats:
    """Hold every pixel between the third darkest and the third brightest of its 3x3 neighbourhood.

    Single odd pixels go; edges, and lines of one pixel, stay.
    """
    rows, columns, _ = picture.shape
    held = np.empty_like(picture)
    for channel in range(3):  # one by one: nine copies of a whole photo are much memory
        wide = np.pad(picture[..., channel], 1, mode="edge")
        around = [wide[y : y + rows, x : x + columns] for y in range(3) for x in range(3)]
        ranked = np.partition(np.stack(around), (2, 6), axis=0)
        held[..., channel] = np.clip(picture[..., channel], ranked[2], ranked[6])
    return held


def _toned(light: Floats) -> Floats:
    """Roll highlights off towards white, as film does; mid tones stay."""
    knee = 0.62
    over = np.maximum(light - knee, 0)
    room = 1 - knee
    rolled = knee + room * (1 - np.exp(-over / room)) / (1 - np.exp(-(_WHITE - knee) / room))
    result: Floats = np.clip(np.where(light > knee, rolled, light), 0, 1).astype(np.float32)
    return result


def _vignette(rows: int, columns: int) -> Floats:
    y, x = np.meshgrid(np.linspace(-1, 1, rows), np.linspace(-0.8, 0.8, columns), indexing="ij")
    result: Floats = (1 - 0.16 * np.clip((x * x + y * y) / 1.64, 0, 1) ** 1.3)[..., None].astype(np.float32)
    return result
