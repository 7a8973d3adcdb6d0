"""The compositor: colours, sub-pixel places, blending."""

from __future__ import annotations

import numpy as np
import pytest

from badapple.models import Canvas
from badapple.providers.offline.stage.motion import Pose
from badapple.providers.offline.stage.sprites import Ground, Sprite, planes_of, to_yuv
from badapple.providers.offline.stage.timeline import Moving, Timeline

CANVAS = Canvas(width=1080, height=1920)
SMALL = Canvas(width=108, height=192)


def flat(rgb: tuple[int, int, int], width: int, height: int) -> np.ndarray:
    return np.full((height, width, 3), rgb, np.uint8)


def dot(radius: float = 15.0) -> np.ndarray:
    y, x = np.mgrid[:60, :60]
    rgba = np.full((60, 60, 4), 255, np.uint8)
    rgba[..., 3] = np.clip(radius - np.hypot(x - 29.5, y - 29.5) + 0.5, 0, 1) * 255
    return rgba


@pytest.mark.parametrize(
    ("rgb", "yuv"),
    [
        ((255, 255, 255), (235, 128, 128)),
        ((0, 0, 0), (16, 128, 128)),
        ((255, 0, 0), (63, 102, 240)),
        ((0, 255, 0), (173, 42, 26)),
        ((0, 0, 255), (32, 240, 118)),
    ],
)
def test_colours_follow_bt709_in_limited_range(rgb: tuple[int, int, int], yuv: tuple[int, int, int]) -> None:
    found = to_yuv(flat(rgb, 2, 2))[0, 0].astype(int)
    assert np.abs(found - yuv).max() <= 1


@pytest.mark.parametrize("way", ["slide", "warp"])
def test_a_moving_dot_moves_evenly_between_pixels(way: str) -> None:
    sprite = Sprite.of(dot())
    if way == "slide":
        sprite.flat()
    ground = Ground.of(flat((0, 0, 0), 128, 212), margin=10)
    jitter = []
    for step in range(40):
        out = np.empty((192 * 3 // 2, 108), np.uint8)
        planes = planes_of(out)
        ground.draw(planes, 0, 0)
        x = 40 + step * 0.37
        sprite.draw(planes, np.array([[1, 0, x - 32], [0, 1, 60.25]]))
        light = planes.y.astype(float) - 16
        jitter.append((light * np.arange(108)).sum() / light.sum() - x)
    assert np.ptp(jitter) < 0.05


def test_half_covering_mixes_ground_and_sprite_in_luma_and_chroma() -> None:
    rgba = np.full((40, 40, 4), (255, 0, 0, 128), np.uint8)
    out = np.empty((192 * 3 // 2, 108), np.uint8)
    planes = planes_of(out)
    Ground.of(flat((0, 0, 255), 108, 192), margin=0).draw(planes, 0, 0)
    Sprite.of(rgba).draw(planes, np.array([[1.0, 0, 30], [0, 1.0, 60]]))
    red, blue = to_yuv(flat((255, 0, 0), 1, 1))[0, 0].astype(int), to_yuv(flat((0, 0, 255), 1, 1))[0, 0].astype(int)
    expected = (red * 128 + blue * 127) / 255
    assert abs(int(planes.y[80, 50]) - expected[0]) <= 2
    assert abs(int(planes.u[40, 25]) - expected[1]) <= 2
    assert abs(int(planes.v[40, 25]) - expected[2]) <= 2


def test_sliding_and_warping_agree() -> None:
    shown = []
    for flat_too in (False, True):
        sprite = Sprite.of(dot())
        if flat_too:
            sprite.flat()
        out = np.empty((192 * 3 // 2, 108), np.uint8)
        planes = planes_of(out)
        Ground.of(flat((30, 60, 90), 108, 192), margin=0).draw(planes, 0, 0)
        sprite.draw(planes, np.array([[1.0, 0, 20.3], [0, 1.0, 50.6]]))
        shown.append(out.astype(int))
    apart = np.abs(shown[0] - shown[1])
    assert apart[:192].max() <= 3
    # Chroma is interpolated before it is halved in one way and after in the other.
    assert apart[192:].max() <= 8
    assert apart[192:].mean() < 0.1


@pytest.mark.parametrize("place", [(-30.0, 50.0), (100.0, -40.0), (95.0, 180.0), (500.0, 500.0)])
def test_sprites_may_hang_over_any_edge(place: tuple[float, float]) -> None:
    sprite = Sprite.of(dot())
    timeline = Timeline(
        1,
        (),
        SMALL,
        Ground.of(flat((9, 9, 9), 108, 192), margin=0),
        lambda _: (0, 0),
        (Moving(sprite, lambda _: Pose(place[0] * 10, place[1] * 10, 1.3, 20)),),
    )
    out = np.empty((192 * 3 // 2, 108), np.uint8)
    timeline.draw(0, out)
    assert out[:192].min() >= 16


def test_a_frame_of_the_wrong_shape_or_number_is_refused() -> None:
    timeline = Timeline(3, (), SMALL, Ground.of(flat((9, 9, 9), 108, 192), margin=0), lambda _: (0, 0), ())
    with pytest.raises(IndexError):
        timeline.draw(3, np.empty((288, 108), np.uint8))
    with pytest.raises(ValueError, match="shape"):
        timeline.draw(0, np.empty((100, 108), np.uint8))
