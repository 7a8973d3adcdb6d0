"""Anthropic's own SDK talks to the simulated API."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import anthropic
import pytest

from badapple.testing.simulators import Fault, Simulators

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_SCHEMA = {
    "type": "object",
    "additionalProperties": False,
    "required": ["headline", "duration"],
    "properties": {"headline": {"type": "string"}, "duration": {"type": "integer", "enum": [6, 10]}},
}


@pytest.fixture
def client(sims: Simulators) -> Iterator[anthropic.Anthropic]:
    env = sims.environment()
    with anthropic.Anthropic(
        api_key=env["ANTHROPIC_API_KEY"], base_url=env["ANTHROPIC_BASE_URL"], max_retries=0, timeout=5
    ) as client:
        yield client


def ask(client: anthropic.Anthropic, photo: str, **options: Any) -> anthropic.types.Message:
    source: Any = {"type": "base64", "media_type": "image/jpeg", "data": photo}
    brief = '<brief>{"product_name": "Blue Mug", "style": "playful", "cta_text": "Buy now"}</brief>'
    reply: anthropic.types.Message = client.messages.create(
        model="claude-haiku-5-5",
        max_tokens=2000,
        messages=[{"role": "user", "content": [{"type": "image", "source": source}, {"type": "text", "text": brief}]}],
        output_config={"format": {"type": "json_schema", "schema": _SCHEMA}, "effort": "low"},
        **options,
    )
    return reply


def test_a_message_is_parsed_and_charged_by_its_tokens(
    sims: Simulators, client: anthropic.Anthropic, photo: str, judge: Callable[[Simulators], None]
) -> None:
    reply = ask(client, photo)
    block = reply.content[0]
    assert block.type == "text"
    assert json.loads(block.text) == {"headline": "Take a closer look", "duration": 6}
    assert reply.stop_reason == "end_turn"
    (charge,) = sims.charges
    assert charge.amount == round(reply.usage.input_tokens * 0.1 + reply.usage.output_tokens * 0.5)
    judge(sims)


def test_the_headers_are_there(client: anthropic.Anthropic, photo: str) -> None:
    raw = client.messages.with_raw_response.create(
        model="claude-haiku-5-5", max_tokens=50, messages=[{"role": "user", "content": "Hello"}]
    )
    assert raw.headers["request-id"].startswith("req_")
    assert raw.headers["anthropic-ratelimit-requests-limit"] == "50"


def test_models_are_parsed(client: anthropic.Anthropic, sims: Simulators, judge: Callable[[Simulators], None]) -> None:
    listed = {model.id: model.lifecycle for model in client.models.list()}
    assert listed["claude-haiku-5-5"] == "active"
    one = client.models.retrieve("claude-sonnet-4-5")
    assert one.lifecycle == "deprecated"
    assert one.retires_at is not None
    assert one.capabilities is not None
    assert one.capabilities.structured_outputs.supported
    judge(sims)


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ("rate_limit", (anthropic.RateLimitError, "rate_limit_error")),
        ("spend_limit", (anthropic.RateLimitError, "rate_limit_error")),
        ("overloaded", (anthropic.APIStatusError, "overloaded_error")),
        ("no_credit", (anthropic.APIStatusError, "billing_error")),
        ("unauthorized", (anthropic.AuthenticationError, "authentication_error")),
        ("image_too_large", (anthropic.BadRequestError, "invalid_request_error")),
        ("retired", (anthropic.NotFoundError, "not_found_error")),
    ],
)
def test_errors_are_recognised(
    sims: Simulators,
    client: anthropic.Anthropic,
    fault: str,
    expected: tuple[type[anthropic.APIStatusError], str],
    judge: Callable[[Simulators], None],
) -> None:
    sims.set_faults([Fault(vendor="anthropic", route="messages", does=fault)])
    with pytest.raises(expected[0]) as caught:
        client.messages.create(model="claude-haiku-5-5", max_tokens=50, messages=[{"role": "user", "content": "Hello"}])
    assert caught.value.type == expected[1]
    assert caught.value.request_id is not None
    assert sims.charges == ()
    judge(sims)


def test_a_refusal_is_parsed_and_charged(sims: Simulators, client: anthropic.Anthropic, photo: str) -> None:
    sims.set_faults([Fault(vendor="anthropic", route="messages", does="refusal")])
    reply = ask(client, photo)
    assert reply.stop_reason == "refusal"
    assert reply.stop_details is not None
    assert reply.stop_details.category == "general_harms"
    assert sims.total("anthropic") > 0


def test_a_connection_dropped_after_the_work_is_charged(
    sims: Simulators, client: anthropic.Anthropic, photo: str
) -> None:
    sims.set_faults([Fault(vendor="anthropic", route="messages", drop="after")])
    with pytest.raises(anthropic.APIConnectionError):
        ask(client, photo)
    assert len(sims.charges) == 1
