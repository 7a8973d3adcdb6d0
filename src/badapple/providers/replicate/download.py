"""Files of predictions: from hosts that we know, of the size and kind that we expect, whole or not at all."""

from __future__ import annotations

import asyncio
import ipaddress
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from badapple.errors import DiskError, MediaError, PermanentProviderError
from badapple.media.whole import whole
from badapple.process import in_thread
from badapple.providers.replicate.failures import PROVIDER, from_reply, from_transport
from badapple.providers.replies import ERROR_MOST, limit

if TYPE_CHECKING:
    from pathlib import Path

    import httpx

__all__ = ["CLIP", "PICTURE", "Media", "download", "is_allowed", "is_loopback"]

_HOST = "replicate.delivery"
_REDIRECTS = 3
_GONE = frozenset({403, 404, 410})
_HEAD = 16  #: bytes that tell what a file is


@dataclass(frozen=True, slots=True, kw_only=True)
class Media:
    """What kind of file is expected.

    Attributes:
        name: for people.
        limit: bytes that it may have at most.
        heads: (offset, bytes) of which one must be there.
    """

    name: str
    limit: int
    heads: tuple[tuple[int, bytes], ...]


CLIP = Media(name="video", limit=300_000_000, heads=((4, b"ftyp"),))
PICTURE = Media(name="picture", limit=30_000_000, heads=((0, b"\x89PNG\r\n\x1a\n"), (0, b"\xff\xd8\xff"), (8, b"WEBP")))


def is_loopback(host: str) -> bool:
    """Tell whether a host is this machine."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def is_allowed(url: str, *, base_url: str) -> bool:
    """Tell whether a file may be fetched from there.

    Args:
        url: the file's.
        base_url: the API's address where it is not the vendor's own, else empty; its files may lie there too.
    """
    try:
        file, base = urlsplit(url), urlsplit(base_url)
        there, known = (file.hostname or "", file.port), (base.hostname, base.port)
    except ValueError:
        return False
    if file.username is not None or file.password is not None:
        return False
    if there == known and file.scheme == base.scheme:
        return file.scheme == "https" or (file.scheme == "http" and is_loopback(there[0]))
    at_home = there[0] == _HOST or there[0].endswith(f".{_HOST}")
    return file.scheme == "https" and at_home and there[1] in {None, 443}


async def download(
    http: httpx.AsyncClient, url: str, out: Path, *, media: Media, base_url: str, seconds: float
) -> None:
    """Bring a file to `out`, which appears whole.

    Args:
        http: sends no key by itself.
        url: the file's.
        out: where it goes.
        media: what it must be.
        base_url: see `is_allowed`.
        seconds: all the time it may take.

    Raises:
        MediaError: it lies where we do not go, is too large, or is something else.
        PermanentProviderError: it is gone.
        TransientProviderError: it could not be brought now.
        DiskError: it cannot be written.
    """
    import httpx  # noqa: PLC0415 - an optional package

    out.parent.mkdir(parents=True, exist_ok=True)
    part = out.with_name(out.name + ".part")
    try:
        async with asyncio.timeout(seconds):
            await _follow(http, url, part, media=media, base_url=base_url)
        await in_thread(_keep, out)
    except (httpx.HTTPError, httpx.StreamError, httpx.InvalidURL, TimeoutError) as error:
        raise from_transport(error, paid=False) from error
    except OSError as error:
        raise DiskError(f"{str(out)!r} cannot be written: {error.strerror or error}") from error
    finally:
        part.unlink(missing_ok=True)


async def _follow(http: httpx.AsyncClient, url: str, part: Path, *, media: Media, base_url: str) -> None:
    for _ in range(1 + _REDIRECTS):
        if not is_allowed(url, base_url=base_url):
            host = urlsplit(url).netloc.rpartition("@")[2] or "nowhere"
            raise MediaError(f"the {media.name} lies at {host[:100]}, which is no place of Replicate's")
        # Asked for as it is, so that its length is the one that the reply states.
        async with http.stream("GET", url, headers={"Accept-Encoding": "identity"}, follow_redirects=False) as reply:
            if not reply.is_redirect:
                await _take(reply, part, media=media)
                return
            url = urljoin(url, reply.headers.get("location", ""))
    raise MediaError(f"the {media.name} was sent on more than {_REDIRECTS} times")


async def _take(reply: httpx.Response, part: Path, *, media: Media) -> None:
    if reply.status_code in _GONE:
        raise PermanentProviderError(
            f"the {media.name} is no longer there", provider=PROVIDER, status_code=reply.status_code, reason="lost"
        )
    if not reply.is_success:
        limit(reply, most=ERROR_MOST)
        await reply.aread()
        raise from_reply(reply.status_code, reply.headers, reply.content, paid=False)
    size = 0
    with part.open("wb") as file:
        async for piece in reply.aiter_raw():
            size += len(piece)
            if size > media.limit:
                raise MediaError(f"the {media.name} has more than {media.limit // 1_000_000} MB", path=part)
            file.write(piece)
    _check_head(part, media=media)


def _check_head(part: Path, *, media: Media) -> None:
    with part.open("rb") as file:
        head = file.read(_HEAD)
    if not any(head[at : at + len(magic)] == magic for at, magic in media.heads):
        raise MediaError(f"what was delivered is no {media.name}", path=part)


def _keep(out: Path) -> None:
    with whole(out):
        pass  # it was streamed to where `whole` expects it
