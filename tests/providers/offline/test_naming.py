"""What the voice calls the product, and how it says the call to action."""

from __future__ import annotations

import pytest

from badapple.providers.offline.naming import cta_sentence, is_plural, sentence, spoken_name


@pytest.mark.parametrize(
    ("cta", "said"),
    [
        ("Shop Now", "Premium Watch. Shop now."),
        ("SHOP NOW!!!", "Premium Watch. Shop now!"),
        ("Order today →", "Premium Watch. Order today."),
        ("Shop Now 🛒", "Premium Watch. Shop now."),
        ("Ready for Yours?", "Premium Watch. Ready for yours?"),
        ("Learn more...", "Premium Watch. Learn more."),
        ("Get Your Premium Watch Today", "Get your Premium Watch today."),
        ("GET YOUR PREMIUM WATCH", "Get your Premium Watch."),
        ("Buy on iTunes", "Premium Watch. Buy on iTunes."),
        ("Visit premium.com", "Premium Watch. Visit premium.com."),
        ("Go", "Premium Watch. Go."),
        ("Jetzt kaufen", "Premium Watch. Jetzt kaufen."),
        ("🛒", "Premium Watch. See more now."),
        ("Купить", "Premium Watch. See more now."),
        ("!!!", "Premium Watch. See more now."),
        ("word " * 20, "Premium Watch. See more now."),
    ],
)
def test_a_call_is_said_as_a_person_would(cta: str, said: str) -> None:
    assert cta_sentence(cta, name="Premium Watch") == said


def test_a_call_without_a_name_stands_alone() -> None:
    assert cta_sentence("Shop Now", name="") == "Shop now."


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Premium Watch", "Premium Watch"),
        ("Fresh Juice 🍊", "Fresh Juice"),
        ("Nuvé™", "Nuvé"),
        ("Yahoo!", "Yahoo"),
        ("X-200 Pro", "X-200 Pro"),
        ("Часы", ""),
        ("🔥", ""),
        ("---", ""),
        ("a" * 60, ""),
        ("one two three four five six seven", ""),
    ],
)
def test_names_that_can_be_said(name: str, said: str) -> None:
    assert spoken_name(name, say=None) == said


def test_a_pronunciation_makes_any_script_sayable_but_no_picture() -> None:
    assert spoken_name("Часы", say="chassy") == "Часы"
    assert spoken_name("🔥", say="fire") == ""


def test_plural_is_known_by_the_last_word() -> None:
    assert is_plural("Cloud Runner Shoes")
    assert not is_plural("Shoes Cabinet")
    assert not is_plural("Mercedes")
    assert not is_plural("")


def test_a_fact_becomes_a_sentence() -> None:
    assert sentence("waterproof;") == "Waterproof."
    assert sentence("Really?!") == "Really?"
    assert sentence("🎉") == ""
