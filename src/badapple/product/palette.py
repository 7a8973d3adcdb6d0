"""The product's colours: a palette by k-means in Lab, an accent."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from badapple.models import Swatch

if TYPE_CHECKING:
    from cv2.typing import MatLike

__all__ = ["accent", "palette"]

_COLOURS = 6
_SAMPLES = 12_000  #: px; more changes nothing that an eye sees
_SEED = 7
_SAME = 9.0  #: Lab distance below which two colours are one
_GREY = 12.0  #: Lab chroma below which a colour is no accent


def palette(rgb: MatLike) -> tuple[Swatch, ...]:
    """Return the colours of some pixels, largest share first; the same pixels give the same colours.

    Args:
        rgb: shape (count, 3).
    """
    if not len(rgb):
        return ()
    sample = rgb[:: max(1, len(rgb) // _SAMPLES)].astype(np.float32) / 255
    lab = cv2.cvtColor(sample[None], cv2.COLOR_RGB2LAB)[0]
    count = min(_COLOURS, len(np.unique(lab.round(), axis=0)))
    cv2.setRNGSeed(_SEED)
    stop = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 30, 0.2)
    start = np.zeros((len(lab), 1), np.int32)
    _, labels, centres = cv2.kmeans(lab, count, start, stop, 2, cv2.KMEANS_PP_CENTERS)
    shares = np.bincount(labels.ravel(), minlength=count) / len(lab)
    return tuple(Swatch(rgb=_rgb(colour), share=round(share, 4)) for colour, share in _merged(centres, shares))


def accent(swatches: tuple[Swatch, ...]) -> tuple[int, int, int] | None:
    """Return the liveliest colour, a lively big one before a livelier speck; None where all is grey."""
    best: tuple[float, tuple[int, int, int]] | None = None
    for swatch in swatches:
        lab = cv2.cvtColor(np.array([[swatch.rgb]], np.float32) / 255, cv2.COLOR_RGB2LAB)[0, 0]
        chroma = float(np.hypot(lab[1], lab[2]))
        score = chroma * swatch.share**0.5
        if chroma >= _GREY and (best is None or score > best[0]):
            best = (score, swatch.rgb)
    return best[1] if best else None


def _merged(centres: MatLike, shares: MatLike) -> list[tuple[MatLike, float]]:
    """Return colours and shares, largest first, with near twins made one."""
    merged: list[tuple[MatLike, float]] = []
    for index in np.argsort(-shares, kind="stable"):
        colour, share = centres[index], float(shares[index])
        for place, (other, had) in enumerate(merged):
            if float(np.linalg.norm(other - colour)) < _SAME:
                merged[place] = (other, had + share)
                break
        else:
            if share > 0:
                merged.append((colour, share))
    return sorted(merged, key=lambda pair: -pair[1])


def _rgb(lab: MatLike) -> tuple[int, int, int]:
    colour = cv2.cvtColor(lab[None, None].astype(np.float32), cv2.COLOR_LAB2RGB)[0, 0]
    red, green, blue = (int(value) for value in np.clip(np.rint(colour * 255), 0, 255))
    return red, green, blue
