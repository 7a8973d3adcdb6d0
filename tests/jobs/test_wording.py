"""What the words of an order may be."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.jobs.conftest import Order

from badapple.errors import InputError
from badapple.jobs import wording
from badapple.models import MakeOptions

FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467"


def test_words_are_trimmed_and_in_one_form(order: Order) -> None:
    found = wording.checked(
        order(" Cafe\u0301 ", cta_text="  ", options=MakeOptions(facts=(" Warm ",), say=" kaffay ", language="pt-BR"))
    )
    assert (found.product_name, found.cta_text) == ("Caf\u00e9", "")
    assert (found.options.facts, found.options.say, found.options.language) == (("Warm",), "kaffay", "pt-BR")


def test_characters_are_counted_as_people_do() -> None:
    assert wording.length("Caf\u00e9") == wording.length("Cafe\u0301") == 4
    assert wording.length(FAMILY) == 1
    assert wording.text(FAMILY * 60, what="it", limit=60) == FAMILY * 60


@pytest.mark.parametrize(
    ("facts", "says"),
    [
        ({"name": "a" * 101}, "the product name has 101 characters; at most 100 fit"),
        ({"name": "\u200b \t "}, "the product name is empty"),
        ({"cta_text": "a" * 61}, "the call to action has 61"),
        ({"cta_text": "a\u2028b"}, r"control character \(U\+2028\)"),
        ({"cta_text": "a\x00b"}, r"control character \(U\+0000\)"),
        ({"options": MakeOptions(facts=("a" * 81,))}, "a fact has 81"),
        ({"options": MakeOptions(facts=("",))}, "a fact is empty"),
        ({"options": MakeOptions(facts=("a",) * 21)}, "21 facts; at most 20"),
        ({"options": MakeOptions(say="\ud800")}, "the pronunciation is not valid text"),
        ({"options": MakeOptions(language="english please")}, "no language code"),
        ({"options": MakeOptions(language="en\n")}, "no language code"),
    ],
)
def test_what_no_frame_can_hold_is_refused(order: Order, facts: dict[str, object], says: str) -> None:
    with pytest.raises(InputError, match=says):
        wording.checked(order(**facts))


@given(st.text(max_size=120))
def test_what_is_taken_once_is_taken_again_unchanged(words: str) -> None:
    try:
        first = wording.text(words, what="it", limit=100)
    except InputError:
        return
    assert wording.text(first, what="it", limit=100) == first
    assert wording.storable(first)
    first.encode()
