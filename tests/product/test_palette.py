"""The product's colours, by share; the liveliest is the accent."""

from __future__ import annotations

import numpy as np

from badapple.product.palette import accent, palette


def test_colours_come_largest_share_first() -> None:
    pixels = np.array([[200, 30, 30]] * 600 + [[30, 30, 200]] * 300 + [[240, 240, 240]] * 100, np.uint8)
    swatches = palette(pixels)
    assert [round(swatch.share, 1) for swatch in swatches] == [0.6, 0.3, 0.1]
    assert np.abs(np.array(swatches[0].rgb) - (200, 30, 30)).max() <= 2


def test_the_same_pixels_give_the_same_colours() -> None:
    pixels = np.random.default_rng(5).integers(0, 255, (5000, 3), np.uint8)
    assert palette(pixels) == palette(pixels.copy())


def test_the_accent_is_lively_and_not_a_speck() -> None:
    pixels = np.array([[128, 128, 128]] * 700 + [[40, 110, 190]] * 290 + [[255, 0, 0]] * 10, np.uint8)
    chosen = accent(palette(pixels))
    assert chosen is not None
    assert chosen[2] > chosen[0]


def test_grey_products_have_no_accent() -> None:
    assert accent(palette(np.array([[20, 20, 20]] * 50 + [[220, 220, 222]] * 50, np.uint8))) is None


def test_one_tone_is_one_colour() -> None:
    swatches = palette(np.full((400, 3), 255, np.uint8))
    assert [(swatch.rgb, swatch.share) for swatch in swatches] == [((255, 255, 255), 1.0)]


def test_no_pixels_have_no_colours() -> None:
    assert palette(np.zeros((0, 3), np.uint8)) == ()
