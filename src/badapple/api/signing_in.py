"""Signing in with a browser: the page, and the cookie."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from starlette.responses import HTMLResponse, RedirectResponse, Response

from badapple.database.tables import now

if TYPE_CHECKING:
    from datetime import datetime

    from starlette.requests import Request

    from badapple.api.guard import Gate
    from badapple.errors import BadappleError

__all__ = ["cookie_header", "no_cookie_header", "page", "signed_in"]

_HEADERS = {
    "cache-control": "no-store",
    # The address holds the invitation: it goes nowhere, and our own form still says where it is from.
    "referrer-policy": "strict-origin",
}
_PAGE = """\
<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><meta name="robots" content="noindex">
<title>Sign in - badapple</title><link rel="stylesheet" href="/docs.css"></head>
<body><main><h1>badapple</h1>
{told}<form method="post" action="{action}">
{fields}
<p><button type="submit">Sign in</button></p>
</form></main></body></html>
"""
_INVITED = '<p>You were invited.</p><input type="hidden" name="token" value="{token}">'
_BY_KEY = (
    '<p><label>API key <input type="password" name="key" required autocomplete="current-password"></label></p>'
    "<p>No key? <code>badapple keys invite</code> prints an address to sign in with.</p>"
)


def page(request: Request, *, token: str = "", wrong: BadappleError | None = None) -> Response:
    """Return the page: with an invitation a button, else a field for a key."""
    told = f'<p role="alert">{escape(str(wrong))}. {escape(wrong.hint)}</p>\n' if wrong is not None else ""
    fields = _INVITED.format(token=escape(token)) if token else _BY_KEY
    body = _PAGE.format(told=told, action=escape(request.url.path), fields=fields)
    return HTMLResponse(body, status_code=401 if wrong is not None else 200, headers=_HEADERS)


def signed_in(request: Request, cookie: str | None = None) -> Response:
    """Return the way to the first page."""
    answer = RedirectResponse(request.scope.get("root_path", "") + "/", status_code=303, headers=_HEADERS)
    if cookie is not None:
        answer.headers["set-cookie"] = cookie
    return answer


def cookie_header(gate: Gate, request: Request, text: str, ends: datetime) -> str:
    """Return the header that sets a session's cookie."""
    return _cookie(gate, request, text, max(0, int((ends - now()).total_seconds())))


def no_cookie_header(gate: Gate, request: Request) -> str:
    """Return the header that removes it."""
    return _cookie(gate, request, "", 0)


def _cookie(gate: Gate, request: Request, text: str, seconds: int) -> str:
    name, secure = gate.cookie(request)
    answer = Response()
    answer.set_cookie(name, text, max_age=seconds, path="/", secure=secure, httponly=True, samesite="strict")
    return answer.headers["set-cookie"]
