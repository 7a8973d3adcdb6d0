"""Running simulators, and a plain HTTP client that talks to them."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from PIL import Image

from badapple.testing.simulators import Simulators

Ask = Callable[..., httpx.Response]


@pytest.fixture
def sims() -> Iterator[Simulators]:
    with Simulators() as running:
        running.elevenlabs.list_lag = running.replicate.list_lag = 0.0
        yield running


@pytest.fixture(scope="session")
def http() -> Iterator[httpx.Client]:
    with httpx.Client(timeout=10) as client:
        yield client


def keys(sims: Simulators, vendor: str) -> dict[str, str]:
    """The headers that sign a request in."""
    env = sims.environment()
    return {
        "anthropic": {"authorization": f"Bearer {env['ANTHROPIC_API_KEY']}", "anthropic-version": "2026-10-21"},
        "elevenlabs": {"xi-api-key": env["ELEVENLABS_API_KEY"]},
        "replicate": {"authorization": f"Bearer {env['REPLICATE_API_TOKEN']}"},
    }[vendor]


@pytest.fixture
def ask(sims: Simulators, http: httpx.Client) -> Ask:
    """Send a request that is signed in: `ask("replicate", "GET", "/v1/account")`."""

    def send(vendor: str, method: str, path: str, body: Any = None, **options: Any) -> httpx.Response:
        headers = keys(sims, vendor) | options.pop("headers", {})
        address = path if path.startswith("http") else f"{sims.address(vendor)}{path}"
        return http.request(method, address, json=body, headers=headers, **options)

    return send


@pytest.fixture
def create(ask: Ask) -> Ask:
    """Ask for a prediction: `create("black-forest-labs/flux-schnell", prompt="soft")`."""

    def send(model: str, *, headers: dict[str, str] | None = None, **inputs: Any) -> httpx.Response:
        return ask("replicate", "POST", f"/v1/models/{model}/predictions", {"input": inputs}, headers=headers or {})

    return send


@pytest.fixture
def speak(ask: Ask) -> Ask:
    """Ask for speech: `speak("Hello.")`."""

    def send(text: str, *, voice: str = "JBFqnCBsd6RMkjVDRZzb", **more: Any) -> httpx.Response:
        return ask("elevenlabs", "POST", f"/v1/text-to-speech/{voice}/with-timestamps", {"text": text, **more})

    return send


@pytest.fixture
def write(ask: Ask) -> Ask:
    """Ask for a message: `write('<brief>{}</brief>', schema={...})`."""

    def send(text: str = "Hello", *, schema: Any = None, picture: Any = None, **more: Any) -> httpx.Response:
        content = [*([{"type": "image", "source": picture}] if picture else []), {"type": "text", "text": text}]
        output = {"output_config": {"format": {"type": "json_schema", "schema": schema}}} if schema else {}
        usual = {"model": "claude-haiku-5-5", "max_tokens": 1000, "messages": [{"role": "user", "content": content}]}
        return ask("anthropic", "POST", "/v1/messages", usual | output | more)

    return send


@pytest.fixture
def photo() -> bytes:
    """A JPEG of 432x768 px."""
    out = io.BytesIO()
    Image.new("RGB", (432, 768), (30, 120, 160)).save(out, "JPEG")
    return out.getvalue()


@pytest.fixture
def data_url(photo: bytes) -> str:
    return f"data:image/jpeg;base64,{base64.b64encode(photo).decode('ascii')}"
