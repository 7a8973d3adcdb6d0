"""What a model takes is asked of the vendor before anything is paid."""

from __future__ import annotations

from typing import Any

import pytest
from tests.providers.replicate.conftest import HAILUO, Desk

from badapple.errors import PermanentProviderError
from badapple.providers.replicate import catalogue
from badapple.providers.replicate.catalogue import Model
from badapple.providers.replicate.client import ReplicateClient
from badapple.providers.replicate.schema import fitted
from badapple.testing.simulators import Fault

MODEL = catalogue.model(HAILUO, kind="video")


def _inputs(model: Model = MODEL, **more: Any) -> dict[str, Any]:
    sent = {model.prompt: "words", **model.settings(model.lengths[0][0]), model.picture: "data:image/jpeg;base64,x"}
    return {**sent, **({model.seed: 7} if model.seed else {}), **more}


def _live(properties: dict[str, Any], *, required: tuple[str, ...] = ("prompt",)) -> Fault:
    schemas = {"Input": {"type": "object", "properties": properties, "required": list(required)}}
    document = {"openapi": "3.0.2", "components": {"schemas": schemas}}
    return Fault(route="model", body={"latest_version": {"openapi_schema": document}})


TEXT, NUMBER = {"type": "string"}, {"type": "integer"}
KNOWN = {"prompt": TEXT, "first_frame_image": TEXT, "duration": NUMBER, "resolution": TEXT}


async def _fitted(desk: Desk, inputs: dict[str, Any], client: ReplicateClient | None = None) -> dict[str, Any]:
    return await fitted(inputs, MODEL, client=client or desk.client(), line=desk.line())


@pytest.mark.parametrize("name", catalogue.known(kind="video"))
async def test_what_we_send_is_what_each_model_takes_now(desk: Desk, name: str) -> None:
    model = catalogue.model(name, kind="video")
    assert await fitted(_inputs(model), model, client=desk.client(), line=desk.line()) == _inputs(model)


async def test_an_optional_input_that_is_gone_is_left_out(desk: Desk) -> None:
    desk.fail(_live(KNOWN))
    assert "prompt_optimizer" not in await _fitted(desk, _inputs())


async def test_an_input_that_was_renamed_is_named_before_anything_is_paid(desk: Desk) -> None:
    desk.fail(Fault(route="model", does="schema_change"))
    with pytest.raises(PermanentProviderError, match="first_frame_image") as caught:
        await _fitted(desk, _inputs())
    assert (caught.value.reason, caught.value.charged) == ("input", 0)
    assert "nothing was bought" in str(caught.value)


async def test_a_value_that_is_not_taken_any_more_is_named(desk: Desk) -> None:
    desk.fail(_live({**KNOWN, "resolution": {"type": "string", "enum": ["1080p"]}}))
    with pytest.raises(PermanentProviderError, match="resolution: '768p' is not one of"):
        await _fitted(desk, _inputs())


async def test_a_new_input_that_must_be_there_is_named(desk: Desk) -> None:
    desk.fail(_live({**KNOWN, "licence": TEXT}, required=("prompt", "licence")))
    with pytest.raises(PermanentProviderError, match="'licence' is a required property"):
        await _fitted(desk, _inputs())


BROKEN: list[dict[str, Any]] = [
    {"status": 500}, {"does": "hang"}, {"body": {"latest_version": None}}, {"body": "<html>"}, {"status": 404},
    {"body": {"latest_version": {"openapi_schema": {"components": {"schemas": {"Input": {"properties": []}}}}}}},
]  # fmt: skip


@pytest.mark.parametrize("fault", BROKEN)
async def test_without_a_live_schema_our_own_must_do(desk: Desk, fault: dict[str, Any]) -> None:
    desk.fail(Fault(route="model", **fault))
    client = desk.client()
    assert await _fitted(desk, _inputs(), client) == _inputs()
    with pytest.raises(PermanentProviderError, match="no input 'mood'"):
        await _fitted(desk, _inputs(mood="gay"), client)


@pytest.mark.parametrize(
    "odd",
    [{"$ref": "#/components/schemas/nowhere"}, {"$ref": "http://127.0.0.1:9/x.json"}, {"type": "colour"}, {"enum": 7}],
)
async def test_a_live_schema_that_is_wrong_itself_is_no_judge(desk: Desk, odd: dict[str, Any]) -> None:
    properties: dict[str, Any] = {**KNOWN, "prompt_optimizer": {"type": "boolean"}, "duration": odd}
    desk.fail(_live(properties))
    assert await _fitted(desk, _inputs()) == _inputs()


async def test_a_model_is_asked_once(desk: Desk) -> None:
    client = desk.client()
    for _ in range(3):
        await _fitted(desk, _inputs(), client)
    assert len(desk.asked("model")) == 1


async def test_a_pattern_of_somebody_else_s_keeps_nobody_busy() -> None:
    from badapple.providers.replicate.schema import _flaw  # noqa: PLC0415

    properties = {"prompt": {"type": "string", "pattern": "^(\\w+\\s?)*$", "maxLength": 500}}
    document = {"components": {"schemas": {"Input": {"type": "object", "properties": properties}}}}
    assert _flaw({"prompt": "a" * 60 + "!"}, document) == ""
    assert "prompt" in _flaw({"prompt": "a" * 501}, document)
