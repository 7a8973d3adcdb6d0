"""The product comes out whole, with clean edges, or not at all."""

from __future__ import annotations

import cv2
import numpy as np
from cv2.typing import MatLike as Picture

from badapple.product.backdrop import plain_backdrop
from badapple.product.cutout import cut_out
from badapple.product.matte import clean_colours, follow_edges, spread

ORANGE, WHITE = (230, 110, 30), (250, 250, 250)


def bottle(background: tuple[int, int, int] = WHITE, *, side: int = 800, shadow: bool = False) -> Picture:
    """Return an orange bottle before a plain backdrop."""
    big = np.full((side, side, 3), background, np.uint8)
    k = side / 800
    if shadow:
        floor: Picture = np.zeros((side, side), np.float32)
        cv2.ellipse(floor, (int(400 * k), int(650 * k)), (int(190 * k), int(18 * k)), 0, 0, 360, 0.5, -1)
        floor = cv2.GaussianBlur(floor, (0, 0), 8 * k)
        big = (big * (1 - floor[..., None])).astype(np.uint8)
    colour = tuple(int(c) for c in ORANGE)
    cv2.rectangle(big, (int(300 * k), int(250 * k)), (int(500 * k), int(640 * k)), colour, -1, cv2.LINE_AA)
    cv2.rectangle(big, (int(360 * k), int(130 * k)), (int(440 * k), int(260 * k)), colour, -1, cv2.LINE_AA)
    cv2.rectangle(big, (int(320 * k), int(360 * k)), (int(480 * k), int(520 * k)), (245, 240, 230), -1)
    cv2.rectangle(big, (int(350 * k), int(90 * k)), (int(450 * k), int(130 * k)), (40, 40, 50), -1)
    return big


def on(cut: Picture, background: tuple[int, int, int]) -> Picture:
    alpha = cut[..., 3:] / 255
    flat: Picture = (cut[..., :3] * alpha + np.array(background) * (1 - alpha)).astype(np.uint8)
    return flat


def test_a_bottle_on_white_stands_free() -> None:
    cut = cut_out(bottle())
    assert cut.fault == ""
    assert cut.pixels is not None
    assert np.abs(np.array(cut.box) - (300, 90, 501, 641)).max() <= 3
    assert cut.pixels[300, 100, 3] == 255  # the white label is product, not background


def test_no_light_rim_is_left_on_a_dark_background() -> None:
    cut = cut_out(bottle())
    assert cut.pixels is not None
    dark = on(cut.pixels, (0, 0, 0))
    rim = dark[350:500, :12]  # beside the label, the body's left edge: black, then orange
    assert int(rim[..., 2].max()) <= ORANGE[2] + 25


def test_the_shadow_on_the_floor_is_no_product() -> None:
    cut = cut_out(bottle(shadow=True))
    assert cut.fault == ""
    assert cut.box[0] >= 290
    assert cut.box[2] <= 511


def test_alpha_of_the_photo_is_used_without_its_soft_shadow() -> None:
    pixels = np.zeros((600, 600, 4), np.uint8)
    cv2.circle(pixels, (300, 250), 150, (230, 110, 30, 255), -1, cv2.LINE_AA)
    pixels[520:560, 200:400] = (0, 0, 0, 90)
    pixels[20:24, 20:24] = (255, 255, 255, 255)
    cut = cut_out(pixels)
    assert cut.box == (150, 100, 451, 401)
    assert cut.pixels is not None
    assert cut.pixels[..., 3].max() == 255
    assert 0 < np.count_nonzero((cut.pixels[..., 3] > 0) & (cut.pixels[..., 3] < 255)) < 3000  # the rim stays smooth
    assert not cut.pixels[[0, -1]][..., 3].any()
    assert not cut.pixels[:, [0, -1]][..., 3].any()


def test_see_through_parts_inside_the_outline_keep_their_alpha() -> None:
    pixels = np.zeros((500, 500, 4), np.uint8)
    pixels[100:400, 100:400] = (20, 60, 160, 255)
    pixels[200:300, 200:300, 3] = 80
    cut = cut_out(pixels)
    assert cut.pixels is not None
    assert cut.pixels[cut.pixels.shape[0] // 2, cut.pixels.shape[1] // 2, 3] == 80


def test_alpha_that_only_rounds_the_corners_is_no_outline() -> None:
    pixels = np.dstack([bottle(), np.full((800, 800), 255, np.uint8)])
    pixels[:20, :20, 3] = 0
    assert cut_out(pixels).box[0] > 250


def test_a_product_that_the_picture_cuts_off_is_not_cut_out() -> None:
    cut = cut_out(bottle()[:600])
    assert cut.pixels is None
    assert cut.fault == "the product is cut off by the edge of the picture"


def test_noise_and_emptiness_hold_no_product() -> None:
    noise = np.random.default_rng(0).integers(0, 255, (400, 400, 3), np.uint8)
    for picture in (noise, np.full((400, 400, 3), 255, np.uint8)):
        assert cut_out(picture).fault == "no product stands out from its background"


def test_a_tiny_product_is_not_blown_up() -> None:
    assert "px large" in cut_out(bottle(side=200)).fault


def test_the_same_photo_gives_the_same_cut() -> None:
    first, second = cut_out(bottle()), cut_out(bottle())
    assert first.pixels is not None
    assert second.pixels is not None
    assert np.array_equal(first.pixels, second.pixels)


def test_a_backdrop_may_grow_darker_but_not_change() -> None:
    ramp = np.tile(np.linspace(250, 200, 400), (400, 1)).astype(np.uint8)
    picture = cv2.cvtColor(ramp, cv2.COLOR_GRAY2RGB)
    backdrop = plain_backdrop(np.asarray(picture, np.uint8))
    assert backdrop is not None
    assert np.abs(backdrop.paint(0, 0, 400, 400) - picture).max() < 4
    picture[:, :200] = (20, 90, 30)
    assert plain_backdrop(np.asarray(picture, np.uint8)) is None


def test_a_coarse_mask_moves_to_the_edge_of_the_picture() -> None:
    picture = np.full((300, 300, 3), (40, 60, 50), np.uint8)
    cv2.circle(picture, (150, 150), 90, (220, 150, 60), -1)
    truth = (picture[..., 0] > 130).astype(np.float32)
    coarse = cv2.GaussianBlur(np.roll(truth, 4, axis=1), (0, 0), 4)
    before = float(np.abs((coarse > 0.5) - truth).mean())
    after = float(np.abs((follow_edges(picture, coarse, 10) > 0.5) - truth).mean())
    assert after < before / 2


def test_rim_colours_come_from_inside() -> None:
    picture = np.full((100, 100, 3), 255, np.uint8)
    picture[:, :50] = (10, 20, 200)
    picture[:, 50] = (130, 138, 228)
    alpha = np.zeros((100, 100), np.float32)
    alpha[:, :50], alpha[:, 50] = 1.0, 0.5
    assert np.abs(clean_colours(picture, alpha)[50, 50].astype(int) - (10, 20, 200)).max() < 6


def test_known_colours_spread_into_the_unknown() -> None:
    picture = np.zeros((64, 64, 3), np.uint8)
    picture[:, :20] = (200, 100, 50)
    known = np.zeros((64, 64), np.uint8)
    known[:, :20] = 1
    assert np.abs(spread(picture, known)[32, 60] - (200, 100, 50)).max() < 4
