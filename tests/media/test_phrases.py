"""Spoken words grouped into phrases."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from badapple.media.phrases import cues, join
from badapple.models import Utterance, Word


def spoken(text: str, start: float = 0.5, each: float = 0.3) -> Utterance:
    words = tuple(
        Word(text=word, start=start + at * each, end=start + (at + 1) * each) for at, word in enumerate(text.split())
    )
    return Utterance(start=start, end=words[-1].end if words else start, words=words)


def texts(*utterances: Utterance) -> list[str]:
    return [cue.text for cue in cues(utterances)]


def test_phrases_break_after_sentences() -> None:
    found = texts(spoken("Pour slowly. Let the evening gather around the glass. Nothing else needs to happen."))
    assert all(text.endswith(".") or "evening" in text for text in found)
    assert "Nothing else needs to happen." in found


def test_no_phrase_ends_with_a_word_that_leans_on_the_next() -> None:
    found = texts(
        spoken("From the early morning train to the last dance of the evening with all of your best friends.")
    )
    ends = {text.split()[-1].lower() for text in found[:-1]}
    assert not ends & {"the", "to", "of", "with", "your", "a", "all"}


def test_no_single_short_word_is_left_over() -> None:
    found = texts(spoken("Somewhere beautiful to keep it all and then one more"))
    assert all(len(text.split()) > 1 for text in found)


def test_every_phrase_can_be_read() -> None:
    quick = spoken("Go. Run. Jump. Now. Grab, sip, go. Mornings, road trips, rooftops, repeat!", each=0.22)
    for cue in cues((quick,)):
        assert cue.end - cue.start >= 0.69
        assert len(cue.text) <= 41


def test_words_of_two_utterances_never_share_a_phrase() -> None:
    found = texts(spoken("Take the seat"), spoken("Shop now.", 3.0))
    assert found == ["Take the seat", "Shop now."]


def test_short_gaps_are_closed_and_long_ones_are_not() -> None:
    first, second, third = cues((spoken("Take the seat."), spoken("Stay.", 1.6), spoken("Shop now.", 8.0)))
    assert first.end == second.start
    assert third.start - second.end > 4


def test_a_script_without_spaces_is_broken_too() -> None:
    words = (Word(text="新しい時計をご紹介します。今すぐ見る。どうぞごゆっくりご覧ください。", start=0.0, end=6.0),)
    found = cues((Utterance(start=0, end=6, words=words),))
    assert len(found) > 1 or len(found[0].words) > 3
    assert "".join(cue.text for cue in found) == words[0].text


def test_empty_and_invisible_words_are_dropped() -> None:
    words = (
        Word(text=" ", start=0, end=0.1),
        Word(text="\u200b", start=0.1, end=0.2),
        Word(text="Hi\x00 there", start=0.2, end=0.9),
    )
    assert texts(Utterance(start=0, end=1, words=words)) == ["Hi there"]


def test_join_knows_scripts_without_spaces() -> None:
    assert join(["今すぐ", "見る"]) == "今すぐ見る"
    assert join(["see", "it"]) == "see it"


@settings(deadline=None, max_examples=60)
@given(
    st.lists(
        st.tuples(st.text("abcDEF.,!? é", min_size=1, max_size=14), st.floats(0.05, 0.9), st.floats(0, 0.8)),
        max_size=30,
    )
)
def test_phrases_keep_all_words_in_order_and_never_overlap(rows: list[tuple[str, float, float]]) -> None:
    at, words = 0.0, []
    for text, length, gap in rows:
        words.append(Word(text=text, start=at, end=at + length))
        at += length + gap
    found = cues((Utterance(start=0, end=at, words=tuple(words)),))
    said = [" ".join(text.split()) for text, _, _ in rows]
    assert [word.text for cue in found for word in cue.words] == [text for text in said if text]
    assert all(cue.start < cue.end for cue in found)
    assert all(before.end <= after.start + 1e-9 for before, after in pairwise(found))
