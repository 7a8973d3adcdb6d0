"""The catalogue says what each model is, sells and costs."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest

from badapple.errors import ConfigError, PermanentProviderError
from badapple.providers.replicate import catalogue
from badapple.providers.replicate.catalogue import Model
from badapple.providers.replicate.prediction import price

VIDEO = catalogue.known(kind="video")
EVERY = [*VIDEO, *catalogue.known(kind="picture")]


def _model(name: str) -> Model:
    return catalogue.model(name, kind="video" if name in VIDEO else "picture")


def test_six_models_are_known() -> None:
    assert VIDEO == (
        "lightricks/ltx-2.3-fast", "lightricks/ltx-video", "minimax/hailuo-2.3", "minimax/hailuo-2.3-fast",
        "minimax/video-01",
    )  # fmt: skip
    assert catalogue.known(kind="picture") == ("black-forest-labs/flux-schnell",)


def test_defaults_are_known_models() -> None:
    assert catalogue.default("fast") == "minimax/hailuo-2.3-fast"
    assert catalogue.default("best") == "lightricks/ltx-2.3-fast"
    assert catalogue.default("picture") in catalogue.known(kind="picture")


@pytest.mark.parametrize("name", ["minimax/hailuo-9", "", "black-forest-labs/flux-schnell"])
def test_a_model_that_makes_no_clips_is_refused_with_those_that_do(name: str) -> None:
    with pytest.raises(ConfigError, match="no clips") as caught:
        catalogue.model(name, kind="video")
    assert all(known in caught.value.hint for known in VIDEO)


@pytest.mark.parametrize("name", EVERY)
def test_what_we_send_fits_the_schema_that_we_know(name: str) -> None:
    model = _model(name)
    jsonschema.Draft202012Validator.check_schema(model.snapshot)
    for seconds, _ in model.lengths or [(0, 0)]:
        sent: dict[str, Any] = {model.prompt: "words", **model.settings(seconds)}
        sent |= {model.seed: 7} if model.seed else {}
        sent |= {model.picture: "data:image/jpeg;base64,x"} if model.picture else {}
        jsonschema.validate(sent, model.snapshot)
        assert price(model, seconds) > 0


@pytest.mark.parametrize("name", EVERY)
def test_a_model_stops_by_itself_before_we_give_up(name: str) -> None:
    model = _model(name)
    assert 5 <= model.cancel_after < model.patience
    assert model.wait <= 60
    assert (model.wait > 0) == (model.kind == "picture")
    assert model.optional <= {*model.constants, model.seed}


def test_a_scene_gets_the_shortest_length_that_fills_it() -> None:
    ltx = _model("lightricks/ltx-2.3-fast")
    assert ltx.frames == (180, 240)
    assert [ltx.seconds_for(frames) for frames in (90, 180, 181, 240)] == [6, 6, 8, 8]
    with pytest.raises(PermanentProviderError, match="nothing was bought") as caught:
        ltx.seconds_for(241)
    assert "6, 8 s" in caught.value.hint


def test_lengths_are_asked_for_in_the_model_s_own_words() -> None:
    assert _model("lightricks/ltx-video").settings(6)["length"] == 161
    assert _model("lightricks/ltx-2.3-fast").settings(8)["duration"] == 8
    assert _model("minimax/video-01").settings(6) == {"prompt_optimizer": False}
