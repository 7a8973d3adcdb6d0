"""How text divides."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from badapple.media.writing import (
    base_level,
    break_units,
    clean,
    clusters,
    is_emoji,
    plain_emoji,
    split_long,
    stretches,
    visual_order,
)


def test_clean_text_is_composed_in_single_spaces() -> None:
    assert clean(" Cre\u0300me \r\n\t bru\u0302le\u0301e\u200f ") == "Crème brûlée"


@pytest.mark.parametrize("text", ["é", "👨‍👩‍👧", "🇩🇪", "👍🏽", "क्ष", "ก็"])
def test_what_people_see_as_one_character_is_one(text: str) -> None:
    assert clusters(f"a{text}b") == ["a", text, "b"]


@pytest.mark.parametrize(
    ("text", "units"),
    [
        ("Make mornings", ["Make ", "mornings"]),
        ("Ember A/B test", ["Ember ", "A/B ", "test"]),
        ("朝の一杯、コーヒー「テスト」です。", ["朝の", "一杯、", "コーヒー", "「テスト」です。"]),
        ("모닝커피 한 잔", ["모닝커피 ", "한 ", "잔"]),
        ("早晨好", ["早", "晨", "好"]),
        ("no\u00a0break", ["no\u00a0break"]),
    ],
)
def test_lines_end_where_readers_of_the_language_expect(text: str, units: list[str]) -> None:
    assert break_units(text) == units


def test_thai_is_never_split_between_a_letter_and_its_vowel() -> None:
    parts = split_long("เกาะไทย")
    assert "".join(parts) == "เกาะไทย"
    assert not any(part.endswith(("เ", "ไ")) or part.startswith("ะ") for part in parts)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("abc אבג def", ["abc", "אבג", "def"]),
        ("אבג abc 123", ["abc 123", "אבג"]),
        ("אבג 123", ["123", "אבג"]),
        ("אבג (abc) ד", ["ד", "abc", "אבג"]),
        ("abc (אבג) 2", ["abc", "אבג", "2"]),
    ],
)
def test_stretches_stand_from_left_to_right(text: str, shown: list[str]) -> None:
    parts = stretches(text, base=base_level(text))
    order = visual_order([part.level for part in parts])
    assert [parts[at].text.strip(" ()") for at in order] == shown


@given(st.text(st.sampled_from("ab אב 12 ()-.,%"), max_size=24))
def test_no_character_is_lost_or_doubled_in_reordering(text: str) -> None:
    for base in (0, 1):
        parts = stretches(text, base=base)
        assert "".join(part.text for part in parts) == text
        order = visual_order([part.level for part in parts])
        assert sorted(order) == list(range(len(parts)))


def test_emoji_are_told_from_signs_and_made_simpler() -> None:
    assert is_emoji("🍏")
    assert is_emoji("❤\ufe0f")
    assert not is_emoji("™")
    assert not is_emoji("7")
    assert plain_emoji("🧑🏽‍🚀")[-1] == "🧑"
    assert plain_emoji("🇩🇪")[-1] == "DE"
