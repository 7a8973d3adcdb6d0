"""Fetching one file from an address that somebody else gave."""

from __future__ import annotations

import contextlib
import hashlib
from typing import TYPE_CHECKING
from urllib.parse import urljoin

from badapple.errors import ConfigError, DiskError, TooLargeError
from badapple.fetching.places import parse
from badapple.fetching.rules import Fetched, FetchError
from badapple.media.whole import whole
from badapple.process import in_thread

if TYPE_CHECKING:
    import ssl
    from collections.abc import Awaitable, Callable, Sequence
    from pathlib import Path

    import httpcore

    from badapple.fetching.rules import Rules

__all__ = ["fetch"]

_SENT_ON = frozenset({301, 302, 303, 307, 308})
_ERROR_MOST = 64 * 1024  #: bytes of an answer that is no success
# Asked for as it is: nothing is unpacked, so nothing can swell.
_HEADERS = {"Accept": "*/*", "Accept-Encoding": "identity", "User-Agent": "badapple"}


async def fetch(
    url: str,
    out: Path,
    *,
    rules: Rules,
    lookup: Callable[[str, int], Awaitable[Sequence[str]]] | None = None,
    trust: ssl.SSLContext | None = None,
) -> Fetched:
    """Bring a file from the public internet to `out`, which appears whole or not at all.

    Only https is spoken, at port 443, without a user in the address, and to public addresses only. A name is looked up
    once, and the connection goes to exactly the address that was checked. Every redirect is checked in the same way.

    Args:
        url: the file's.
        out: where it goes.
        rules: what is taken, and the exceptions.
        lookup: returns a host's addresses as numbers; None asks the system.
        trust: whose certificates are believed; None believes the usual authorities.

    Raises:
        FetchError: the address is not gone to, or does not give a file of that kind; `why` says it in one word, and
            `transient` whether it may work later.
        TooLargeError: it has more bytes than the rules take.
        DiskError: it cannot be written.
        ConfigError: the packages for it are not installed.
    """
    try:
        from badapple.fetching.network import asked, reply_of  # noqa: PLC0415 - an optional package
    except ImportError as error:
        raise ConfigError("fetching needs httpx", hint="pip install 'badapple[serve]'") from error

    for _ in range(1 + rules.redirects):
        place = parse(url, rules)
        async with asked(place, rules, headers=_HEADERS, lookup=lookup, trust=trust) as reply:
            told = reply_of(reply)
            if told.status not in _SENT_ON:
                if not 200 <= told.status < 300:
                    body = await _start_of(reply)
                    raise FetchError(
                        f"{place.host[:100]} answered {told.status}", why="status", reply=reply_of(reply, body)
                    )
                return await _take(reply, out, place.url, rules)
        if not told.headers.get("location"):
            raise FetchError(f"{place.host[:100]} sends us on, but does not say where", why="redirect")
        url = urljoin(url, told.headers["location"])
    raise FetchError(f"the file was sent on more than {rules.redirects} times", why="redirect")


async def _take(reply: httpcore.Response, out: Path, url: str, rules: Rules) -> Fetched:
    from badapple.fetching.network import reply_of  # noqa: PLC0415 - as above

    headers = reply_of(reply).headers
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if rules.types and not any(kind == one or (one.endswith("/") and kind.startswith(one)) for one in rules.types):
        raise FetchError(
            f"what lies there is {kind[:60] or 'of no known kind'}",
            why="type",
            hint=f"wanted: {', '.join(rules.types)}",
        )
    if headers.get("content-encoding", "identity").strip().lower() not in {"identity", ""}:
        raise FetchError("the file came packed, although it was asked for as it is", why="type")
    stated = headers.get("content-length", "")
    if stated.isascii() and stated.isdigit() and int(stated[:18]) > rules.most:
        raise _too_large(rules.most)
    part = out.with_name(out.name + ".part")
    try:
        size, sha256 = await _write(reply, part, rules.most)
        await in_thread(_keep, out)
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
    return Fetched(path=out, url=url, size=size, sha256=sha256, content_type=kind)


async def _write(reply: httpcore.Response, part: Path, most: int) -> tuple[int, str]:
    size, digest = 0, hashlib.sha256()
    try:
        part.parent.mkdir(parents=True, exist_ok=True)
        file = part.open("wb")
    except OSError as error:
        raise _disk(part, error) from error
    with file:
        async for piece in reply.aiter_stream():
            size += len(piece)
            if size > most:
                raise _too_large(most)
            digest.update(piece)
            try:
                file.write(piece)
            except OSError as error:
                raise _disk(part, error) from error
    return size, digest.hexdigest()


async def _start_of(reply: httpcore.Response) -> bytes:
    body = b""
    async for piece in reply.aiter_stream():
        body += piece
        if len(body) >= _ERROR_MOST:
            break
    return body[:_ERROR_MOST]


def _keep(out: Path) -> None:
    with whole(out):
        pass  # it was streamed to where `whole` expects it


def _too_large(most: int) -> TooLargeError:
    return TooLargeError(f"the file has more than {most / 1e6:.3g} MB")


def _disk(path: Path, error: OSError) -> DiskError:
    return DiskError(f"{str(path)!r} cannot be written: {error.strerror or error}")
