"""The vendors' own OpenAPI documents judge the simulated APIs, and find what is wrong on purpose."""

from __future__ import annotations

import runpy
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from badapple.testing.simulators import Exchange, Simulators

_JUDGE = runpy.run_path(str(Path(__file__).with_name("judge.py")))
_FLUX, _GEORGE = "black-forest-labs/flux-schnell", "JBFqnCBsd6RMkjVDRZzb"
_MESSAGE = {"model": "claude-haiku-5-5", "max_tokens": 9, "messages": [{"role": "user", "content": "Hello"}]}


@pytest.fixture
def flaws(shared_specs: Path) -> Callable[[Exchange], list[str]]:
    found: Callable[[Exchange], list[str]] = _JUDGE["by_documents"]
    return found


@pytest.fixture
def ask(sims: Simulators) -> Iterator[Callable[..., Exchange]]:
    """Send a request that is signed in; returns it with its answer as recorded."""
    keys = {"authorization": "Bearer r8_simulated", "xi-api-key": "sk_simulated", "anthropic-version": "2026-10-21"}
    with httpx.Client(headers=keys, timeout=10) as client:

        def send(vendor: str, method: str, path: str, body: Any = None) -> Exchange:
            headers = {"x-api-key": "sk-ant-simulated"} if vendor == "anthropic" else {}
            client.request(method, f"{sims.address(vendor)}{path}", json=body, headers=headers)
            return sims.exchanges[-1]

        yield send


ROUTES = [
    ("anthropic", "POST", "/v1/messages", _MESSAGE),
    ("anthropic", "GET", "/v1/models", None),
    ("anthropic", "GET", "/v1/models/claude-haiku-5-5", None),
    (
        "elevenlabs",
        "POST",
        f"/v1/text-to-speech/{_GEORGE}/with-timestamps?output_format=mp3_44100_128",
        {"text": "Hi."},
    ),
    ("elevenlabs", "GET", "/v1/user/subscription", None),
    ("elevenlabs", "GET", "/v1/models", None),
    ("elevenlabs", "GET", "/v2/voices?page_size=5", None),
    ("replicate", "POST", f"/v1/models/{_FLUX}/predictions", {"input": {"prompt": "soft"}}),
    ("replicate", "POST", "/v1/predictions", {"version": _FLUX, "input": {"prompt": "soft"}}),
    ("replicate", "GET", "/v1/predictions?created_after=2026-01-01T00:00:00Z", None),
    ("replicate", "GET", f"/v1/models/{_FLUX}", None),
    ("replicate", "GET", "/v1/account", None),
    ("replicate", "GET", "/v1/files", None),
    ("replicate", "GET", "/v1/webhooks/default/secret", None),
]


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route[1]} {route[2].partition('?')[0]}")
def test_every_route_that_the_documents_know_is_as_they_say(
    ask: Callable[..., Exchange], flaws: Callable[[Exchange], list[str]], route: tuple[str, str, str, Any]
) -> None:
    exchange = ask(*route)
    assert exchange.status < 300
    assert _JUDGE["known"](route[0], route[1], exchange.request.path)
    assert flaws(exchange) == []


@pytest.mark.parametrize(
    ("route", "said"),
    [
        (("anthropic", "POST", "/v1/messages", _MESSAGE | {"max_tokens": "many"}), "max_tokens"),
        (("elevenlabs", "POST", f"/v1/text-to-speech/{_GEORGE}/with-timestamps", {"text": "Hi.", "seed": "x"}), "seed"),
        (("elevenlabs", "GET", "/v2/voices?colour=red", None), "no query parameter is called colour"),
        (("replicate", "POST", f"/v1/models/{_FLUX}/predictions", {"inputs": {}}), "inputs"),
    ],
)
def test_a_wrong_request_is_found(
    ask: Callable[..., Exchange], flaws: Callable[[Exchange], list[str]], route: tuple[str, str, str, Any], said: str
) -> None:
    assert said in " ".join(flaws(ask(*route)))


def test_a_wrong_answer_is_found(ask: Callable[..., Exchange], flaws: Callable[[Exchange], list[str]]) -> None:
    exchange = ask("replicate", "POST", f"/v1/models/{_FLUX}/predictions", {"input": {"prompt": "soft"}})
    wrong = replace(exchange, body=exchange.body | {"status": "done"})
    assert "'done' is not one of" in " ".join(flaws(wrong))
