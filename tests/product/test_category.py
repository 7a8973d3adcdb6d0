"""A name tells what kind of thing a product is."""

from __future__ import annotations

import pytest

from badapple.product.category import CATEGORIES, category


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("Premium Watch", "watch"),
        ("Ember Espresso", "drink"),
        ("Juicy Apple Juice", "drink"),
        ("Aero Sneakers", "shoe"),
        ("Wool Beanie", "apparel"),
        ("Slim Jeans", "apparel"),
        ("Leather Tote Bag", "bag"),
        ("Pearl Earrings", "jewelry"),
        ("Retro Sunglasses", "eyewear"),
        ("Night Face Cream", "beauty"),
        ("Vanilla Ice Cream", "food"),
        ("Studio Headphones", "audio"),
        ("Gaming Laptop", "tech"),
        ("Velvet Cushion", "home"),
        ("Model Car", "toy"),
        ("Electric Car", "car"),
        ("Yoga Mat", "sport"),
        ("Dog Food", "pet"),
        ("The Baker's Cookbook", "book"),
        ("Potted Succulents", "plant"),
        ("Kitchen Knives", "home"),
        ("Strawberries & Berry Candies", "food"),
        ("Zyntherion 3000", "default"),
        ("", "default"),
        ("🔥", "default"),
    ],
)
def test_the_words_decide(name: str, kind: str) -> None:
    assert category(name) == kind


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("Coffee Mug", "home"),
        ("Coffee", "drink"),
        ("Phone Case for Travel Bags", "tech"),
        ("Toy for Dogs", "toy"),
        ("Water Bottle", "sport"),
        ("Watch with Leather Wallet", "watch"),
        ("Smart Watch", "watch"),
    ],
)
def test_the_thing_itself_wins_over_what_it_is_for(name: str, kind: str) -> None:
    assert category(name) == kind


def test_parts_of_words_do_not_count() -> None:
    assert category("Teak Carving") == "default"


def test_case_accents_and_width_do_not_matter() -> None:
    assert category("PERFUMÉ") == category("\uff50\uff45\uff52\uff46\uff55\uff4d\uff45") == "beauty"


def test_no_word_means_two_things() -> None:
    assert len(set(CATEGORIES)) == len(CATEGORIES) == 19
