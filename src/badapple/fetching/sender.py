"""Sending a message to an address that somebody else gave."""

from __future__ import annotations

from typing import TYPE_CHECKING

from badapple.errors import ConfigError
from badapple.fetching.places import parse

if TYPE_CHECKING:
    import ssl
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from badapple.fetching.rules import Reply, Rules

__all__ = ["send"]


async def send(
    url: str,
    body: bytes,
    *,
    headers: Mapping[str, str],
    rules: Rules,
    lookup: Callable[[str, int], Awaitable[Sequence[str]]] | None = None,
    trust: ssl.SSLContext | None = None,
) -> Reply:
    """POST a body, and return the answer with its first bytes, whatever its status; redirects are not followed.

    What is gone to is what `fetch` goes to.

    Args:
        url: where it goes.
        body: what is sent.
        headers: what is sent with it.
        rules: the exceptions and time limits; of the answer, at most `most` bytes are read.
        lookup: returns a host's addresses as numbers; None asks the system.
        trust: whose certificates are believed; None believes the usual authorities.

    Raises:
        FetchError: the address is not gone to, or nobody answered; `why` says it in one word.
        ConfigError: the packages for it are not installed.
    """
    try:
        from badapple.fetching.network import asked, reply_of  # noqa: PLC0415 - an optional package
    except ImportError as error:
        raise ConfigError("sending needs httpx", hint="pip install 'badapple[serve]'") from error

    place = parse(url, rules)
    told = {"User-Agent": "badapple", "Accept-Encoding": "identity", **headers}
    async with asked(place, rules, method="POST", headers=told, body=body, lookup=lookup, trust=trust) as reply:
        start = b""
        async for piece in reply.aiter_stream():
            start += piece
            if len(start) >= rules.most:
                break
        return reply_of(reply, start[: rules.most])
