"""The client of Anthropic's SDK that this process shares."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, cast

from badapple.errors import ConfigError, MissingKeyError
from badapple.providers.connections import shared
from badapple.providers.replies import JSON_MOST, limit

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from types import ModuleType

    from badapple.config import Access

__all__ = ["Connection", "connect", "sdk"]

_ADDRESS = "https://api.anthropic.com"
_CONNECT = 5.0  #: seconds


class _Response(Protocol):
    """What is used of an HTTP response."""

    content: bytes
    headers: Mapping[str, str]


class _Raw(Protocol):
    http_response: _Response


@dataclass(frozen=True, slots=True)
class Connection:
    """An open client; its own retries are off, for they would pay twice.

    Attributes:
        create: posts a message and returns the reply as it came.
        model: returns what the vendor says of a model.
        aclose: closes the connections.
    """

    create: Callable[..., Awaitable[_Raw]]
    model: Callable[[str], Awaitable[Mapping[str, Any]]]
    aclose: Callable[[], Awaitable[None]]


def sdk() -> ModuleType:
    """Return Anthropic's SDK.

    Raises:
        ConfigError: it is not installed.
    """
    try:
        import anthropic  # noqa: PLC0415 - an extra, and a second of loading
    except ImportError as error:
        raise ConfigError(
            "Claude was chosen, but the package anthropic is not installed", hint="pip install 'badapple[anthropic]'"
        ) from error
    return anthropic


def connect(access: Access, *, seconds: float) -> Connection:
    """Return the running loop's client for a key and an address.

    Args:
        access: the key and the address.
        seconds: how long a reply may take from its request to its last byte.

    Raises:
        ConfigError: the SDK is not installed.
        MissingKeyError: there is no key.
    """
    if access.key is None:
        raise MissingKeyError(access.variable, vendor="Claude")
    key = access.key.reveal()

    def make() -> Connection:
        anthropic = sdk()
        waits = anthropic.Timeout(seconds, connect=min(_CONNECT, seconds))
        client = anthropic.AsyncAnthropic(
            api_key=key,
            base_url=access.base_url or _ADDRESS,  # given in any case: the SDK would ask the environment
            max_retries=0,
            timeout=waits,
            default_headers={"Accept-Encoding": "identity"},
            # The SDK's own client would follow a redirect to any host, and send the paid request there once more.
            http_client=anthropic.DefaultAsyncHttpxClient(
                follow_redirects=False, timeout=waits, event_hooks={"response": [_limited]}
            ),
        )
        create = cast("Callable[..., Awaitable[_Raw]]", client.messages.with_raw_response.create)

        async def model(name: str) -> Mapping[str, Any]:
            reply = await client.models.with_raw_response.retrieve(name)
            body = json.loads(reply.http_response.content)
            if not isinstance(body, dict):
                raise TypeError("no JSON object")
            return body

        return Connection(create=create, model=model, aclose=client.close)

    return shared(("anthropic", access, seconds), make)


async def _limited(reply: Any) -> None:
    limit(reply, most=JSON_MOST)
