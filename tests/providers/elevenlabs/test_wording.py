"""What is sent for what is shown, and when each word of it is heard."""

from __future__ import annotations

import itertools

import pytest

from badapple.providers.elevenlabs.replies import read_alignment
from badapple.providers.elevenlabs.timings import known_spans, words
from badapple.providers.elevenlabs.wording import Wording, sounding, word

PAIRS = (("Nuvé", "noo vay"), ("Lunar Co", "loo nar company"), ("Nothing", " "))


def _shown(wording: Wording) -> list[tuple[str, str]]:
    return [(" ".join(unit.shown), wording.text[unit.start : unit.end]) for unit in wording.units]


@pytest.mark.parametrize(("text", "sent"), [
    ("Meet Nuvé now.", "Meet noo vay now."),
    ("“NUVÉ!” Nuvé's", "“noo vay!” noo vay's"),
    ("Only  Lunar\nCo, today", "Only loo nar company, today"),
    ("Nothing is lost", "Nothing is lost"),
    ("Kept — and loved 🎉", "Kept — and loved 🎉"),
    ("Salt & pepper", "Salt & pepper"),
    ("— ...", ""),
    ("", ""),
])  # fmt: skip
def test_written_names_are_sent_as_they_are_said(text: str, sent: str) -> None:
    wording = word(text, PAIRS)
    assert wording.text == sent
    assert " ".join(part for unit in wording.units for part in unit.shown) == (" ".join(text.split()) if sent else "")


def test_marks_that_stand_alone_belong_to_the_word_before() -> None:
    assert _shown(word("— Kept — and loved 🎉")) == [("— Kept —", "— Kept —"), ("and", "and"), ("loved 🎉", "loved 🎉")]


@pytest.mark.parametrize(("piece", "heard"), [
    ("“Hello,”", "Hello"), ("20%", "20%"), ("$9.99!", "$9.99"), ("&", "&"), ("...", "..."), ("it's.", "it's"),
])  # fmt: skip
def test_quotes_and_stops_are_not_heard(piece: str, heard: str) -> None:
    first, last = sounding(piece)
    assert piece[first:last] == heard


def _alignment(text: str, *, step: float = 0.1, **other: object) -> dict[str, object]:
    return {
        "characters": list(text),
        "character_start_times_seconds": [round(number * step, 3) for number in range(len(text))],
        "character_end_times_seconds": [round((number + 1) * step, 3) for number in range(len(text))],
        **other,
    }


def test_words_begin_and_end_with_their_letters() -> None:
    wording = word("Shop now, please.")
    known = known_spans(read_alignment(_alignment(wording.text)), wording.text)
    found = words(wording, known, (0.0, 1.6))
    assert [(item.text, round(item.start, 2), round(item.end, 2)) for item in found] == [
        ("Shop", 0.0, 0.4), ("now,", 0.5, 0.8), ("please.", 1.0, 1.6),
    ]  # fmt: skip


def test_a_spoken_form_gives_its_time_to_the_words_that_are_shown() -> None:
    wording = word("Lunar Co now", PAIRS)
    known = known_spans(read_alignment(_alignment(wording.text)), wording.text)
    found = words(wording, known, (0.0, len(wording.text) / 10))
    assert [(item.text, round(item.start, 2), round(item.end, 2)) for item in found] == [
        ("Lunar", 0.0, 1.07), ("Co", 1.07, 1.5), ("now", 1.6, 1.9),
    ]  # fmt: skip


@pytest.mark.parametrize(("body", "count"), [
    (_alignment("Shop now"), 8),
    (_alignment("Shop n"), 6),
    (_alignment("Shop new"), 6),
    (_alignment("Nothing of it"), 0),
    (_alignment("Shop now", character_start_times_seconds=[0.0, 0.1, float("nan"), *[0.3] * 5]), 2),
    (_alignment("Shop now", character_start_times_seconds=[0.0, 0.1, 0.0, *[0.3] * 5]), 2),
    (_alignment("Shop now", character_end_times_seconds=[0.1, 0.2]), 2),
    (_alignment("Shop now", step=10), 1),
    ({"characters": ["Shop", " ", "now"], "character_start_times_seconds": [0, 0.4, 0.5],
      "character_end_times_seconds": [0.4, 0.5, 0.8]}, 8),
    ({"characters": "Shop now"}, 0),
    (None, 0),
])  # fmt: skip
def test_times_are_believed_as_far_as_they_make_sense(body: object, count: int) -> None:
    assert len(known_spans(read_alignment(body), "Shop now", limit=15)) == count


def test_words_without_times_share_the_sound_that_is_left() -> None:
    wording = word("Shop now today.")
    known = known_spans(read_alignment(_alignment("Shop")), wording.text)
    found = words(wording, known, (0.0, 2.0))
    assert found[0].end == pytest.approx(0.4)
    assert found[-1].end == pytest.approx(2.0)
    assert [item.end <= after.start for item, after in itertools.pairwise(found)] == [True, True]


def test_a_word_begins_where_speech_is_heard_to_begin() -> None:
    wording = word("Shop. Now.")
    known = known_spans(read_alignment(_alignment(wording.text)), wording.text)
    (_, now) = words(wording, known, (0.0, 1.0), (0.0, 0.66))
    assert now.start == pytest.approx(0.66)
    (_, now) = words(wording, known, (0.0, 1.0), (0.0, 0.9))
    assert now.start == pytest.approx(0.6)  # too far off to be this word
