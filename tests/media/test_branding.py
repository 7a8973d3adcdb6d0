"""Styles in a brand's colours: its own where they can be read, others where not, and honest about which."""

from __future__ import annotations

import itertools

import fontpkg
import pytest

from badapple import styles
from badapple.media.branding import FONTS, branded, button_words, contrasts, dressed
from badapple.media.colour import ENOUGH, contrast, luminance, rgb
from badapple.models import Brand

STYLES = [styles.load(name) for name in styles.known()]
COLOURS = ("#000000", "#ffffff", "#808080", "#0b1f3a", "#f4f1ea", "#e4002b", "#ffe14a", "#7b2cbf", "#00a86b")


def test_every_font_that_is_offered_comes_along() -> None:
    for slug in FONTS:
        assert fontpkg.select_file(fontpkg.family(slug), 700, "normal", nearest=True).path.is_file()


@pytest.mark.parametrize("style", STYLES, ids=lambda style: style.name)
def test_words_can_be_read_whatever_the_kit_says(style: styles.Style) -> None:
    for ground, ink, accent in itertools.product((None, *COLOURS), (None, *COLOURS), COLOURS):
        look = Brand(ground=ground, ink=ink, accent=accent).look
        palette = branded(style, look).palette
        middle = rgb(palette.background[1])
        if ground or ink:
            assert contrast(rgb(palette.ink), middle) >= ENOUGH - 0.15, look  # black and white are not quite that
            assert contrast(rgb(palette.muted), middle) >= ENOUGH - 0.15, look
        assert contrast(rgb(palette.accent), middle) >= 1.25, look
        assert contrast(button_words(rgb(palette.accent), ink), rgb(palette.accent)) >= ENOUGH - 0.15


def test_a_good_kit_is_drawn_as_it_is() -> None:
    kit = Brand(accent="#e4002b", ink="#0a1a3a", ground="#ffffff", font="anton")
    for style in STYLES:
        shown = branded(style, kit.look)
        assert (shown.palette.accent, shown.palette.ink, shown.palette.background[1]) == (
            kit.accent,
            kit.ink,
            kit.ground,
        )
        assert (shown.palette.mode, shown.palette.follow, shown.type.display) == ("light", 0.0, "anton")
        assert (shown.type.text, shown.motion, shown.music) == (style.type.text, style.motion, style.music)
        if style.motion.set != "slab":  # whose blocks are black
            assert all(luminance(rgb(stop)) > 0.5 for stop in shown.palette.background)


def test_without_a_look_the_style_is_its_own() -> None:
    assert dressed("luxury", None) == styles.load("luxury")
    assert dressed("luxury", {}) == styles.load("luxury")
    assert branded(styles.load("luxury"), {"font": "inter"}).palette == styles.load("luxury").palette


def test_contrast_tells_what_is_wrong_and_what_is_drawn_instead() -> None:
    kit = Brand(ink="#cccccc", ground="#ffffff", accent="#0b5fff")
    words, button, edge = contrasts(kit, STYLES)
    assert (words.pair, words.ratio, words.good, words.style) == ("ink on ground", 1.61, False, "")
    assert contrast(rgb(words.drawn), rgb(words.back)) >= ENOUGH
    assert (button.pair, button.front, button.good, button.drawn) == (
        "button words on accent", "#cccccc", False, "#ffffff",
    )  # fmt: skip
    assert (edge.pair, edge.good, edge.drawn) == ("button on ground", True, "#0b5fff")


def test_a_colour_that_is_left_open_is_judged_by_the_style_where_it_is_worst() -> None:
    (words,) = contrasts(Brand(ink="#ffffff"), STYLES)
    by_style = {style.name: contrast((255, 255, 255), rgb(style.palette.background[1])) for style in STYLES}
    assert words.style == min(by_style, key=lambda name: by_style[name])
    assert words.ratio == round(min(by_style.values()), 2)
    assert contrasts(Brand(name="x", font="inter"), STYLES) == ()


def test_a_button_that_would_vanish_is_set_apart() -> None:
    *_, edge = contrasts(Brand(ground="#808080", accent="#7f7f7f"), STYLES)
    assert (edge.good, edge.ratio) == (False, 1.01)
    assert contrast(rgb(edge.drawn), rgb("#808080")) >= 1.6
