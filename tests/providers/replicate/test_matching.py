"""Only the prediction that we ordered is ours."""

from __future__ import annotations

from typing import Any

import pytest
from tests.providers.replicate.conftest import FLUX, HAILUO, PROMPT, ticket

from badapple.providers.replicate import catalogue
from badapple.providers.replicate.matching import mark, ours
from badapple.providers.replicate.replies import Prediction

VIDEO = catalogue.model(HAILUO, kind="video")
PICTURE = catalogue.model(FLUX, kind="picture")
MARKED = mark(ticket(1).op_id) + PROMPT
OTHER = mark(ticket(2).op_id) + PROMPT


def _made(name: str, second: int = 0, *, model: str = HAILUO, **inputs: Any) -> Prediction:
    return Prediction(id=name, model=model, input=inputs, created_at=f"2026-11-23T10:00:{second:02d}.000Z")


def _found(*made: Prediction, taken: frozenset[str] = frozenset()) -> str | None:
    settings = VIDEO.settings(6)
    one = ours(made, model=VIDEO, prompt=PROMPT, settings=settings, ticket=ticket(1, taken=taken))
    return one.id if one else None


def test_a_mark_is_white_space_and_tells_attempts_apart() -> None:
    marks = {mark(f"{number:032x}") for number in range(1000)}
    assert len(marks) == 1000
    assert all(one.isspace() and len(one) == 16 for one in marks)


def test_the_marked_prediction_is_ours_and_another_attempt_s_is_not() -> None:
    assert _found(_made("b", 2, prompt=OTHER), _made("a", 1, prompt=MARKED)) == "a"
    assert _found(_made("b", prompt=OTHER)) is None


def test_the_oldest_of_two_is_ours() -> None:
    assert _found(_made("late", 9, prompt=MARKED), _made("early", 1, prompt=MARKED)) == "early"


def test_what_stands_on_another_receipt_is_never_ours() -> None:
    made = (_made("a", 1, prompt=MARKED), _made("b", 2, prompt=MARKED))
    assert _found(*made, taken=frozenset({"a"})) == "b"
    assert _found(*made, taken=frozenset({"a", "b"})) is None


def test_another_model_s_prediction_is_not_ours() -> None:
    assert _found(_made("a", model="minimax/video-01", prompt=MARKED)) is None


def test_an_echo_that_lost_the_mark_will_do_where_all_else_is_equal() -> None:
    assert _found(_made("a", prompt=PROMPT, duration=6)) == "a"
    assert _found(_made("a", prompt=PROMPT, duration=10)) is None
    assert _found(_made("old", 1, prompt=PROMPT), _made("sure", 5, prompt=MARKED)) == "sure"


def test_an_echo_that_is_cut_short_is_compared_as_far_as_it_goes() -> None:
    assert _found(_made("a", prompt=MARKED[:40] + "...", first_frame_image="data:image/jpeg;ba...")) == "a"
    assert _found(_made("a", prompt=OTHER[:40] + "...")) is None
    assert _found(_made("a", prompt=MARKED[:18] + "...")) is None


@pytest.mark.parametrize("inputs", [{}, {"prompt": None}, {"prompt": ["x"]}, {"prompt": ""}, {"prompt": "..."}])
def test_a_prediction_without_its_words_is_nobody_s(inputs: dict[str, Any]) -> None:
    assert _found(_made("a", **inputs)) is None


def test_a_seed_tells_pictures_apart() -> None:
    def found(*made: Prediction) -> str | None:
        one = ours(made, model=PICTURE, prompt=PROMPT, settings=PICTURE.settings(0), ticket=ticket(1))
        return one.id if one else None

    assert found(_made("b", model=FLUX, prompt=PROMPT, seed=1002)) is None
    assert found(_made("a", model=FLUX, prompt=PROMPT, seed=1001)) == "a"
    assert found(_made("a", model=FLUX, prompt="something else", seed=1001)) is None
    assert found(_made("a", model=FLUX, prompt=PROMPT)) == "a"


def test_a_community_model_is_known_by_its_version() -> None:
    ltx = catalogue.model("lightricks/ltx-video", kind="video")
    one = Prediction(id="a", version=ltx.version, input={"prompt": PROMPT, "seed": 1001})
    assert ours([one], model=ltx, prompt=PROMPT, settings={}, ticket=ticket(1)) is one


def test_a_time_that_cannot_be_read_harms_nobody() -> None:
    odd = Prediction(id="odd", model=HAILUO, input={"prompt": MARKED}, created_at="yesterday")
    assert _found(odd, _made("a", prompt=MARKED)) == "odd"
