"""The outermost layer: a name for each request, headers on each answer, and an answer to each error."""

from __future__ import annotations

import contextlib
import logging
import re
import uuid
from typing import TYPE_CHECKING

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect

from badapple.api.guards.callers import HEALTH, address
from badapple.api.problems import problem_of
from badapple.telemetry.context import bound

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from badapple.api.guards.callers import Names

__all__ = ["CSP", "Shell"]

#: What a page of this server may load and do; answers that need more say so themselves.
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; media-src 'self' blob:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_ALWAYS = {
    "content-security-policy": CSP,
    "x-content-type-options": "nosniff",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    # Not `no-referrer`: browsers then send `Origin: null` with the forms of our own pages.
    "referrer-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
}
_HTTPS_ONLY = "max-age=31536000"  #: a year
_OURS = "x-request-id"
_NAME = re.compile(r"[A-Za-z0-9._-]{8,64}")
_PRIVATE = ("application/json", "application/problem+json")
_LONG = re.compile(r"[^/]{65,}")  #: longer than any id: a link's signed text, which opens what it was made for
_log = logging.getLogger("badapple.api")


class Shell:
    """Gives each request an id, each answer its security headers, and turns what nobody caught into a problem.

    The id is the caller's `X-Request-ID` where it sent a sensible one. It stands on every log line of the request, in
    the answer, and in `scope["badapple.request_id"]`. Requests that are refused are lines in the log.
    """

    def __init__(self, app: ASGIApp, *, names: Names) -> None:
        self._app = app
        self._names = names

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        sent = Headers(scope=scope).get(_OURS, "")
        name = sent if _NAME.fullmatch(sent) else uuid.uuid4().hex
        scope["badapple.request_id"] = name
        begun = False

        async def answer(message: Message) -> None:
            nonlocal begun
            if message["type"] in {"http.response.start", "websocket.http.response.start"}:
                self._dress(message, name, scope)
                _tell(scope, message["status"])
            elif message["type"] == "websocket.close":
                _tell(scope, message.get("code", 1000))
            begun = begun or message["type"] != "websocket.close"
            await send(message)

        with bound(request_id=name):
            try:
                await self._app(scope, receive, answer)
            except ClientDisconnect:
                _log.debug("client_left")
            except Exception as error:
                if begun:
                    raise
                with contextlib.suppress(OSError):  # the client has gone
                    await _last_resort(scope, receive, answer, error)

    def _dress(self, message: Message, name: str, scope: Scope) -> None:
        headers = MutableHeaders(scope=message)
        for header, value in _ALWAYS.items():
            headers.setdefault(header, value)
        if self._names.secure(scope):
            headers.setdefault("strict-transport-security", _HTTPS_ONLY)
        if headers.get("content-type", "").startswith(_PRIVATE):
            headers.setdefault("cache-control", "no-store")
        headers[_OURS] = name


def _tell(scope: Scope, status: int) -> None:
    """Write down that a request was refused, and whose it was; of a socket `status` is what it was closed with."""
    if not (400 <= status < 500 or 4400 <= status < 4500) or scope["path"] in HEALTH:
        return
    principal = scope.get("badapple.principal")
    facts = {"status": status, "method": scope.get("method", "WS"), "path": _LONG.sub("...", scope["path"])[:200]}
    _log.info("request_denied", extra={**facts, "actor": getattr(principal, "actor", ""), "address": address(scope)})


async def _last_resort(scope: Scope, receive: Receive, send: Send, error: Exception) -> None:
    answer = problem_of(error, instance=scope["path"], request_id=scope["badapple.request_id"])
    if scope["type"] == "http" or "websocket.http.response" in scope.get("extensions", {}):
        await answer(scope, receive, send)
    else:
        await send({"type": "websocket.close", "code": 1011})
