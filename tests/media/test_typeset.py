"""Text fits, is whole, and is made of real letters."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFont

from badapple.errors import InputError, MissingFontError
from badapple.media.fonts import Face, FontBook
from badapple.media.typeset import Setting, measure, set_text

BOOK = FontBook()
FACES = ("playfair-display", "anton", "manrope", "archivo", "fredoka", "space-grotesk", "montserrat")
TEXTS = (
    "f",
    "Ember Espresso",
    "Àccénts ÅÇ jÿgg",
    "Кофе «Утро» для всех",
    "שלום Hello 123 עולם!",
    "قهوة الصباح 50% خصم",
    "सुबह की ताज़ा कॉफ़ी",
    "กาแฟสดยามเช้าที่ดีที่สุดในโลก",
    "朝の一杯、コーヒー「テスト」です。",
    "모닝커피 한 잔의 여유",
    "Apple 🍏 love ❤️‍🔥 👨‍👩‍👧",
    "Donaudampfschifffahrtsgesellschaft",
    "The quick brown fox jumps over the lazy dog again and again until the name has one hundred letters",
)


def _set(
    text: str,
    *,
    slug: str = "montserrat",
    width: float = 700,
    size: float = 96,
    smallest: float = 24,
    lines: int = 4,
    case: Literal["as-is", "upper"] = "as-is",
    tracking: float = 0.0,
    outline: float = 0.0,
    scale: float = 1.0,
) -> Setting:
    return set_text(
        text, book=BOOK, face=Face(slug, 700), size=size, smallest=smallest, width=width, max_lines=lines,
        colour=(9, 8, 7), scale=scale, case=case, tracking=tracking, outline=outline,
    )  # fmt: skip


def _picture(setting: Setting) -> np.ndarray:
    sheet = np.zeros((round(setting.height) + 2, round(setting.width) + 2), np.uint8)
    for piece in setting.pieces:
        top, left = round(piece.top), round(piece.left)
        height, width = piece.image.shape[:2]
        part = sheet[top : top + height, left : left + width]
        np.maximum(part, piece.image[..., 3], out=part)
    return sheet


@pytest.mark.parametrize("slug", FACES)
@pytest.mark.parametrize("text", TEXTS)
def test_ink_stays_inside_the_box_and_fills_it(text: str, slug: str) -> None:
    setting = _set(text, slug=slug)
    assert setting.width <= 700
    assert 1 <= len(setting.lines) <= 4
    ink = Image.fromarray(_picture(setting)).getbbox()
    assert ink is not None
    assert ink[:2] == (0, 0)
    assert ink[2] == pytest.approx(setting.width, abs=1)
    assert ink[3] == pytest.approx(setting.height, abs=1)


@pytest.mark.parametrize("text", TEXTS)
def test_nothing_of_the_text_is_lost(text: str) -> None:
    setting = _set(text)
    assert "".join(setting.lines).replace(" ", "") == text.replace(" ", "")
    assert "".join(piece.text for piece in setting.pieces).replace(" ", "") == text.replace(" ", "")


@pytest.mark.parametrize("text", TEXTS)
def test_no_letter_is_the_box_of_a_missing_glyph(text: str) -> None:
    for run in BOOK.runs(text, face=Face("anton", 400)):
        font = BOOK.font(run.source, size=60, weight=700, optical=40)
        assert font.numbers("\U000f1234") == (0,)
        for letter in {item for item in run.text if run.source.covers(item) and item.isalnum()}:
            assert 0 not in font.numbers(letter)


@pytest.mark.parametrize("length", [1, 2, 7, 19, 40, 63, 100])
def test_names_of_any_length_fit(length: int) -> None:
    text = ("Ember Espresso Crème Brûlée No. 5 " * 4)[:length].strip()
    setting = _set(text, size=120, lines=4)
    assert setting.width <= 700
    assert setting.size >= 24


def test_a_hundred_letters_without_a_space_are_broken_between_characters() -> None:
    setting = _set("Ä" * 100, size=120, lines=6)
    assert "".join(setting.lines) == "Ä" * 100
    assert max(map(len, setting.lines)) - min(map(len, setting.lines)) <= 1


def test_broken_words_keep_emoji_and_marks_whole() -> None:
    family = "👨‍👩‍👧"
    setting = _set(family * 30, width=300, lines=8)
    assert all(line == family * (len(line) // len(family)) for line in setting.lines)


def test_lines_are_balanced_without_a_lonely_last_word() -> None:
    setting = _set("Make mornings worth waking up for", width=600, size=90, lines=2)
    assert setting.lines == ("Make mornings", "worth waking up for")


def test_few_words_stay_on_one_line() -> None:
    assert _set("Dash Force", width=700, size=80).lines == ("Dash Force",)


def test_text_that_cannot_fit_is_refused() -> None:
    with pytest.raises(InputError, match="does not fit"):
        _set("word " * 200, width=200, smallest=40, lines=3)
    with pytest.raises(InputError, match="no text"):
        _set("  \n ")


def test_what_no_font_draws_is_refused() -> None:
    with pytest.raises(MissingFontError):
        _set("ᚠᚢᚦ")


@pytest.mark.parametrize(
    ("text", "shown"),
    [("Straße", "STRASSE"), ("\u0131l\u0131k iyi", "ILIK IYI"), ("ﬁne", "FINE"), ("кофе", "КОФЕ"), ("ყავა", "ყავა")],
)
def test_capitals_follow_the_script(text: str, shown: str) -> None:
    setting = _set(text, slug="anton", size=90, smallest=20, width=900, lines=1, case="upper")
    assert setting.lines == (shown,)


def test_words_are_pieces_and_right_to_left_lines_are_whole() -> None:
    assert [piece.text for piece in _set("Ember Espresso", width=2000).pieces] == ["Ember", "Espresso"]
    hebrew = _set("שלום עולם", width=2000)
    assert [piece.text for piece in hebrew.pieces] == ["שלום עולם"]


def test_mixed_directions_are_read_from_the_right() -> None:
    mixed = _picture(_set("שלום Ember", slug="anton", width=2000))
    word = _picture(_set("Ember", slug="anton", width=2000))
    height = min(mixed.shape[0], word.shape[0]) - 4
    left = mixed[:, : word.shape[1] - 2]
    assert np.count_nonzero(left.max(axis=0) > 128) == pytest.approx(np.count_nonzero(word.max(axis=0) > 128), abs=8)
    assert height > 40


def test_arabic_letters_join() -> None:
    joined = measure("قهوة", book=BOOK, face=Face("montserrat", 700), size=100)
    apart = sum(measure(letter, book=BOOK, face=Face("montserrat", 700), size=100) for letter in "قهوة")
    assert joined < apart * 0.95


def test_a_draft_has_the_layout_of_the_full_picture() -> None:
    def at(scale: float) -> Setting:
        return _set("Slow roasted, richly layered", slug="playfair-display", size=90, width=640, lines=3, scale=scale)

    full, draft = at(1.0), at(0.25)
    assert full.lines == draft.lines
    assert draft.size == pytest.approx(full.size, rel=0.03)
    for one, other in zip(full.pieces, draft.pieces, strict=True):
        assert (one.left, one.top) == pytest.approx((other.left, other.top), abs=8)


def test_tracking_widens_and_outline_hollows() -> None:
    plain = _set("EMBER", width=2000)
    wide = _set("EMBER", width=2000, lines=1, tracking=0.1)
    assert wide.width == pytest.approx(plain.width + 4 * 9.6, abs=2)
    hollow = _set("EMBER", width=2000, lines=1, outline=0.02)
    assert hollow.pieces[0].image[..., 3].mean() < plain.pieces[0].image[..., 3].mean() * 0.7


def test_a_word_is_drawn_as_pillow_draws_it() -> None:
    setting = _set("Ember", width=2000, size=64)
    source = BOOK.runs("Ember", face=Face("montserrat", 700))[0].source
    font = ImageFont.truetype(source.path, 64)
    font.set_variation_by_axes([700])
    sheet = Image.new("L", (600, 200))
    ImageDraw.Draw(sheet).text((50, 120), "Ember", 255, font, "ls")
    theirs, ours = sheet.crop(sheet.getbbox()), Image.fromarray(setting.pieces[0].image[..., 3])
    assert abs(theirs.width - ours.width) <= 3
    assert abs(theirs.height - ours.height) <= 2
    both = np.stack([np.asarray(picture.resize((200, 50))) for picture in (theirs, ours)]).astype(float)
    assert np.corrcoef(both[0].ravel(), both[1].ravel())[0, 1] > 0.95


@settings(max_examples=25, deadline=None)
@given(
    st.text(st.sampled_from("aÄgjß мЖ אש عر कि ก็ 🍏é-/.!"), min_size=1, max_size=60).filter(
        lambda text: text.strip(" ") != ""
    )
)
def test_any_text_fits_or_is_refused(text: str) -> None:
    try:
        setting = _set(text, width=500, lines=6)
    except InputError:
        return
    assert setting.width <= 500
    assert all(piece.left >= 0 and piece.top >= 0 for piece in setting.pieces)
    assert all(piece.left + piece.image.shape[1] <= setting.width + 1 for piece in setting.pieces)
