"""Films made of the model's words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from badapple import styles
from badapple.models import Brief, SceneOffer, Script
from badapple.providers.anthropic import pacing
from badapple.providers.anthropic.film import compose
from badapple.providers.anthropic.reply import ScriptParts
from badapple.providers.anthropic.rules import Task

if TYPE_CHECKING:
    from tests.providers.anthropic.conftest import Desk

EVIL = {f"scene_{number}": {"voiceover_text": "Free shipping."} for number in (2, 3, 4)}


def film(answer: dict[str, Any], *, name: str = "Ember Cup", cta: str = "", language: str = "en") -> Script:
    brief = Brief(product_name=name, style="minimal", cta_text=cta, language=language)
    task = Task.of(brief, SceneOffer(lengths=(180,)), style_dirs=())
    script = compose(ScriptParts.model_validate(answer), task, task.vouched(None))
    assert script is not None
    assert script.total_frames == 900
    return script


@pytest.mark.parametrize(
    ("cta", "said", "spoken"),
    [
        ("SHOP NOW", "", "Ember Cup. Shop now."),
        ("Shop now!", "Come closer. Shop now.", "Come closer. Shop now!"),
        ("Shop now", "Shop now at home", "Ember Cup. Shop now."),
        ("Get the Ember Cup", "", "Get the Ember Cup."),
        ("🔥🔥", "Come closer.", "Come closer."),
        ("🔥🔥", "", "Ember Cup."),
        ("→", "Best of all.", "Ember Cup."),
        ("Jetzt kaufen", "Your moment is here.", "Your moment is here. Jetzt kaufen."),
        ("Buy", "one two three four five six seven eight nine ten", "Ember Cup. Buy."),
        ("A call of sixty letters that takes a while to be read aloud", "Well.", None),
    ],
)
def test_the_last_words_are_the_call_to_action(desk: Desk, cta: str, said: str, spoken: str | None) -> None:
    script = film(desk.good(cta={"voiceover": said}), cta=cta)
    assert script.cta == cta
    assert script.cta_voiceover == (spoken or script.cta_voiceover)
    assert pacing.needs([script.cta_voiceover], styles.load("minimal"))[0] < 6


@pytest.mark.parametrize(
    ("name", "spoken"),
    [
        ("Ember Cup", "Ember Cup"),
        ("Ember Cup™ ☕", "Ember Cup"),
        ("Ember Cup — the slow one, for long mornings and longer evenings at home", "Ember Cup"),
        ("A name that goes on and on without any place at which to stop for breath", ""),
        ("☕", ""),
    ],
)
def test_a_name_is_said_as_far_as_it_can_be(desk: Desk, name: str, spoken: str) -> None:
    script = film(desk.good(scene_1={"voiceover_text": "Free shipping."}), name=name)
    assert script.spoken_name == spoken
    assert script.scenes[0].voiceover_text == (f"This is {spoken}." if spoken else "Here it is.")
    assert script.product_name == name


def test_neutral_sentences_are_in_the_films_language(desk: Desk) -> None:
    german = film(desk.good(**EVIL, cta={"text": "Gratis"}), language="de-AT")
    assert german.scenes[1].voiceover_text == "Schau genauer hin."
    assert german.cta == "Mehr sehen"
    other = film(desk.good(**EVIL, cta={"text": "Free shipping"}), language="fi")
    assert other.scenes[1].voiceover_text == "Ember Cup."
    assert other.cta == "Ember Cup"


def test_the_camera_is_named_where_the_model_forgot_it(desk: Desk) -> None:
    filmed = ("{product} on oak; warm light; dark room", "The camera orbits {product}.")
    script = film(desk.good(scene_1={"video_prompt": filmed[0]}, scene_2={"video_prompt": filmed[1]}))
    assert script.scenes[0].video_prompt_template.startswith("Close-up, slow push in. Ember Cup on oak;")
    assert script.scenes[1].video_prompt_template.startswith("The camera orbits Ember Cup.")


def test_a_line_that_repeats_the_button_goes(desk: Desk) -> None:
    assert film(desk.good(cta={"line": "Shop now!"}), cta="Shop Now").cta_line == ""


def test_chinese_and_japanese_take_longer_than_their_letters_say() -> None:
    texts = ["安静的早晨、一只杯子在等你。", "A quiet morning, one cup waits for you."]
    chinese, english = pacing.needs(texts, styles.load("tech"))
    assert 2.5 < chinese < 5
    assert 2.0 < english < 4
    assert pacing.too_long([5.0, 6.0, 2.0, 5.6], [180] * 4) == (2, 4)
