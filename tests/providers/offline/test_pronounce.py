"""What is said for what is shown."""

from __future__ import annotations

import pytest

from badapple.providers.offline.pronounce import say, speakable


def _said(text: str, pronounce: tuple[tuple[str, str], ...] = ()) -> list[tuple[tuple[str, ...], str]]:
    return [(unit.shown, unit.text) for unit in say(text, pronounce)]


@pytest.mark.parametrize(
    ("shown", "said"),
    [
        ("badapple.com", "badapple dot com"),
        ("https://www.badapple.io/sale.", "badapple dot I O slash sale."),
        ("24/7!", "twenty-four seven!"),
        ("$9.99,", "$9.99,"),
        ("20%", "20%"),
        ("e.g.", "e.g."),
        ("Watch™", "Watch"),
        ("[new](/nu/)", "(new)(/nu/)"),
    ],
)
def test_a_word_is_shown_as_written_and_said_as_spoken(shown: str, said: str) -> None:
    assert _said(shown) == [((shown,), said)]


def test_a_pronunciation_replaces_whole_words_only_and_keeps_the_marks_around_them() -> None:
    rules = (("Nuvé", "noo-vay"),)
    assert _said("Try “Nuvé”, Nuvé's best, not Nuvéa.", rules) == [
        (("Try",), "Try"),
        (("“Nuvé”,",), "“noo-vay”,"),
        (("Nuvé's",), "noo-vay's"),
        (("best,",), "best,"),
        (("not",), "not"),
        (("Nuvéa.",), "Nuvéa."),
    ]


def test_a_name_of_several_words_is_said_as_one() -> None:
    assert _said("Meet Café X2!", (("café x2", "cafay ex two"),)) == [
        (("Meet",), "Meet"),
        (("Café", "X2!"), "cafay ex two!"),
    ]


def test_marks_that_stand_alone_stay_with_a_word_and_are_not_said() -> None:
    units = _said("🎉 Style — ease & fun 🚀")
    assert [shown for shown, _ in units] == [("🎉 Style —",), ("ease",), ("&",), ("fun 🚀",)]
    assert [said.strip() for _, said in units] == ["Style —", "ease", "and", "fun"]


@pytest.mark.parametrize("text", ["Premium Watch", "Café Münster Ångström", "X-200 & more", "50% off 🎉", "007"])
def test_latin_words_can_be_spoken(text: str) -> None:
    assert speakable(text)


@pytest.mark.parametrize("text", ["Часы", "时计", "ساعة", "Watch Часы", "", "🎉", "--"])
def test_other_scripts_and_no_words_cannot(text: str) -> None:
    assert not speakable(text)
