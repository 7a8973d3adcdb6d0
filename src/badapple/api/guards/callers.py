"""Who may call: requests that were sent to this server by its name, by its own pages, or by no page at all."""

from __future__ import annotations

import ipaddress
import logging
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.datastructures import Headers

from badapple.api.problems import problem_response

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

    from badapple.config import Doors

__all__ = ["HEALTH", "READING", "Callers", "Names", "address", "is_here", "refuse"]

READING = frozenset({"GET", "HEAD", "OPTIONS"})  #: methods that change nothing
HEALTH = frozenset({"/healthz", "/readyz", "/metrics"})  #: asked by whatever watches over this process, by any name
_PORTS = {"http": 80, "https": 443}
_SECURE = {"ws": "http", "wss": "https"}
_log = logging.getLogger("badapple.api")


class Names:
    """The names that this server goes by.

    A page of somebody's may have its own name point at this machine (DNS rebinding); its requests then carry that name
    in `Host`. An address in numbers cannot be pointed anywhere.

    Args:
        doors: `hosts`, `public_url` and `allowed_origins` count.
        listening_host: the address that is listened on.
    """

    def __init__(self, doors: Doors, listening_host: str) -> None:
        public = urlsplit(doors.public_url or "")
        self._names = {"localhost", listening_host.lower(), *(_host(name) for name in doors.hosts)}
        self._names |= {public.hostname} if public.hostname else set()
        self._public = public.netloc.lower() if public.scheme == "https" else None
        self._public_origin = _origin(public.scheme, public.netloc) if public.netloc else None
        self._local = is_here(listening_host)
        self._allowed = frozenset(doors.allowed_origins)

    def knows(self, host: str) -> bool:
        """Say whether a `Host` header names this server."""
        name = _host(host)
        if name in self._names:
            return True
        try:
            number = ipaddress.ip_address(name)
        except ValueError:
            return False
        return number.is_loopback or not self._local

    def secure(self, scope: Scope) -> bool:
        """Say whether the caller came by HTTPS: as is seen here, or by the public address, which says so."""
        return _scheme(scope) == "https" or Headers(scope=scope).get("host", "").lower() == self._public

    def lets_in(self, scope: Scope) -> bool:
        """Say whether a page may send this: a page of this server's, or of an origin that is allowed.

        Browsers say where a page is from, in `Sec-Fetch-Site` and `Origin`; programs say nothing.
        """
        headers = Headers(scope=scope)
        origin = headers.get("origin")
        if origin is not None and origin.lower() in self._allowed:
            return True
        site = headers.get("sec-fetch-site")
        if site is not None and scope["type"] == "http":
            return site in {"same-origin", "none"}
        own = {_origin(_scheme(scope), headers.get("host", "")), self._public_origin}
        return origin is None or _origin(*_split(origin)) in own


class Callers:
    """Refuses what was sent to another name (421), and what a page of others' wants to change or to follow (403)."""

    def __init__(self, app: ASGIApp, *, names: Names) -> None:
        self._app = app
        self._names = names

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, or refuse."""
        if scope["type"] == "lifespan" or scope["path"] in HEALTH:
            await self._app(scope, receive, send)
            return
        hosts = Headers(scope=scope).getlist("host")
        if len(hosts) != 1 or not self._names.knows(hosts[0]):
            _log.warning("request_refused", extra={"code": "misdirected", "host": str(hosts)[:100]})
            await refuse(scope, receive, send, "misdirected", "This server does not answer to the name in `Host`.")
        elif (scope["type"] == "websocket" or scope["method"] not in READING) and not self._names.lets_in(scope):
            origin = Headers(scope=scope).get("origin", "")
            _log.warning("request_refused", extra={"code": "forbidden", "origin": origin[:100]})
            detail = "The page that asks is of another origin."
            hint = "name its origin in ALLOWED_ORIGINS on the server"
            await refuse(scope, receive, send, "forbidden", detail, hint=hint)
        else:
            await self._app(scope, receive, send)


async def refuse(
    scope: Scope,
    receive: Receive,
    send: Send,
    code: str,
    detail: str,
    *,
    hint: str = "",
    headers: dict[str, str] | None = None,
) -> None:
    """Answer a request, or the opening of a socket, with a problem."""
    if scope["type"] == "websocket":
        await receive()  # the client's wish to open it
        if "websocket.http.response" not in scope.get("extensions", {}):
            await send({"type": "websocket.close", "code": 1008, "reason": detail})
            return
    words = {"instance": scope["path"], "hint": hint, "headers": headers}
    await problem_response(code, detail, **words)(scope, receive, send)


def address(scope: Scope) -> str:
    """Return the client's address; of an IPv6 one the network, of which whoever has one address has them all."""
    client = scope.get("client")
    if not client:
        return "unknown"
    try:
        number = ipaddress.ip_address(client[0])
    except ValueError:
        return str(client[0])[:64]
    if isinstance(number, ipaddress.IPv6Address):
        if number.ipv4_mapped is not None:
            return str(number.ipv4_mapped)
        return str(ipaddress.ip_network((number, 64), strict=False))
    return str(number)


def is_here(host: str) -> bool:
    """Say whether an address is one that only this machine reaches."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _scheme(scope: Scope) -> str:
    scheme = str(scope.get("scheme", "http"))
    return _SECURE.get(scheme, scheme)


def _host(header: str) -> str:
    """Return the name in a `Host` header, without its port."""
    text = header.strip().lower()
    if text.startswith("["):
        return text[1:].partition("]")[0]
    return text.partition(":")[0].removesuffix(".") if text.count(":") <= 1 else text


def _split(origin: str) -> tuple[str, str]:
    scheme, _, netloc = origin.strip().lower().partition("://")
    return scheme, netloc


def _origin(scheme: str, netloc: str) -> str:
    """Return an origin in the one way to write it, without the port that goes without saying."""
    return f"{scheme}://{netloc.lower()}".removesuffix(f":{_PORTS.get(scheme, 0)}")
