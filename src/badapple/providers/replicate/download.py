"""Files of predictions: from hosts that we know, of the size and kind that we expect, whole or not at all."""

from __future__ import annotations

import contextlib
import ipaddress
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib import request
from urllib.parse import urlsplit

from badapple.errors import MediaError, PermanentProviderError, TooLargeError
from badapple.fetching import FetchError, Rules, fetch
from badapple.process import in_thread
from badapple.providers.replicate.failures import PROVIDER, from_reply, from_transport

if TYPE_CHECKING:
    from pathlib import Path

    from badapple.errors import ProviderError

__all__ = ["CLIP", "PICTURE", "Media", "download", "is_allowed", "is_loopback"]

_HOST = "replicate.delivery"
_REDIRECTS = 3
_GONE = frozenset({403, 404, 410})
_READ = 30.0  #: seconds between two pieces of a file
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


async def download(url: str, out: Path, *, media: Media, base_url: str, seconds: float, proxied: bool = False) -> None:
    """Bring a file to `out`, which appears whole; no key is sent along.

    Args:
        url: the file's.
        out: where it goes.
        media: what it must be.
        base_url: see `is_allowed`.
        seconds: all the time it may take.
        proxied: go through the proxy that the environment names, if it names one.

    Raises:
        MediaError: it lies where we do not go, is too large, or is something else.
        PermanentProviderError: it is gone.
        TransientProviderError: it could not be brought now.
        DiskError: it cannot be written.
    """
    found = out.with_name(out.name + ".fetched")
    try:
        await fetch(url, found, rules=_rules(url, media, base_url=base_url, seconds=seconds, proxied=proxied))
        await in_thread(_keep, found, out, media)
    except TooLargeError as error:
        raise MediaError(f"the {media.name} has more than {media.limit // 1_000_000} MB", path=out) from error
    except FetchError as error:
        raise _failed(error, media) from error
    finally:
        with contextlib.suppress(OSError):
            found.unlink(missing_ok=True)


def _rules(url: str, media: Media, *, base_url: str, seconds: float, proxied: bool) -> Rules:
    base = urlsplit(base_url)
    ours = f"{base.hostname}:{base.port or (443 if base.scheme == 'https' else 80)}" if base.hostname else ""
    return Rules(
        most=media.limit,
        private_hosts=(ours.lower(),) if ours else (),
        redirects=_REDIRECTS,
        allow=lambda there: is_allowed(there, base_url=base_url),
        seconds=seconds,
        read=_READ,
        proxy=_proxy(url) if proxied else None,
    )


def _proxy(url: str) -> str | None:
    """Return the proxy that the environment names for an address."""
    named, host = request.getproxies_environment(), urlsplit(url).hostname or ""
    proxy = named.get("https") or named.get("all")
    if not proxy or request.proxy_bypass(host):
        return None
    return proxy if "://" in proxy else f"http://{proxy}"


def _failed(error: FetchError, media: Media) -> ProviderError | MediaError:
    if error.why in {"url", "host"}:
        return MediaError(f"the {media.name} lies at a place that is no place of Replicate's: {error}")
    if error.why == "redirect":
        return MediaError(f"the {media.name} cannot be followed: {error}")
    if error.why == "type":
        return MediaError(f"the {media.name} cannot be taken: {error}")
    if error.reply is None:  # "address" is among them: its host is Replicate's, so that our own look-up is at fault
        return from_transport(error.__cause__ or error, paid=False)
    if error.reply.status in _GONE:
        return PermanentProviderError(
            f"the {media.name} is no longer there", provider=PROVIDER, status_code=error.reply.status, reason="lost"
        )
    return from_reply(error.reply.status, error.reply.headers, error.reply.body, paid=False)


def _keep(found: Path, out: Path, media: Media) -> None:
    with found.open("rb") as file:
        head = file.read(_HEAD)
    if not any(head[at : at + len(magic)] == magic for at, magic in media.heads):
        raise MediaError(f"what was delivered is no {media.name}", path=out)
    found.replace(out)
