"""The planes of a frame."""

from __future__ import annotations

import numpy as np
import pytest

from badapple.media.planes import blank, from_rgb, split


@pytest.mark.parametrize(
    ("rgb", "yuv"),
    [
        ((0, 0, 0), (16, 128, 128)),
        ((255, 255, 255), (235, 128, 128)),
        ((255, 0, 0), (63, 102, 240)),
        ((0, 255, 0), (173, 42, 26)),
        ((0, 0, 255), (32, 240, 118)),
    ],
)
def test_colours_are_bt709_in_limited_range(rgb: tuple[int, int, int], yuv: tuple[int, int, int]) -> None:
    frame = from_rgb(np.full((8, 6, 3), rgb, np.uint8))

    assert [int(plane[0, 0]) for plane in split(frame)] == list(yuv)


def test_planes_are_views_of_the_frame() -> None:
    frame = blank(6, 8)
    y, u, v = split(frame)

    y[:], u[:], v[:] = 1, 2, 3

    assert (y.shape, u.shape, v.shape) == ((8, 6), (4, 3), (4, 3))
    assert frame.reshape(-1).tolist() == [1] * 48 + [2] * 12 + [3] * 12
