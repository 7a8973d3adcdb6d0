"""Signing in with a browser: the page, and the cookie."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from starlette.responses import HTMLResponse, RedirectResponse, Response

from badapple.api.theme import theme_of
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
<html lang="en"{theme}>
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex"><meta name="color-scheme" content="{scheme}">
<title>Sign in - badapple</title><link rel="icon" href="/studio/looks/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/studio/looks/studio.css"></head>
<body><main class="wrap"><section class="lone"><img src="/studio/looks/icon.svg" width="56" height="56" alt="">
<h1>{title}</h1>
{told}<form class="card stack" method="post" action="{action}">
{fields}
<button class="button primary big" type="submit">Sign in</button>
</form>
{foot}</section></main></body></html>
"""
_INVITED = '<p>This link signs in one browser, once.</p><input type="hidden" name="token" value="{token}">'
_BY_KEY = (
    '<input type="text" autocomplete="username" value="badapple" hidden>'  # password managers ask for it
    '<label class="field"><span class="label">API key</span>'
    '<input type="password" name="key" required autocomplete="current-password" placeholder="ba_live_..."></label>'
)
_NO_KEY = (
    "<p>No key yet? Ask whoever runs this server, or run <code>badapple keys invite</code> there"
    " for a one-time sign-in link.</p>\n"
)


def page(request: Request, *, token: str = "", wrong: BadappleError | None = None) -> Response:
    """Return the page: with an invitation a button, else a field for a key."""
    told = (
        f'<p class="alert" role="alert">{_sentence(str(wrong))} {_sentence(wrong.hint)}</p>\n'
        if wrong is not None
        else ""
    )
    fields = _INVITED.format(token=escape(token)) if token else _BY_KEY
    title, foot = ("Welcome", "") if token else ("Sign in to the studio", _NO_KEY)
    theme = theme_of(request)
    body = _PAGE.format(
        title=title, told=told, action=escape(request.url.path), fields=fields, foot=foot,
        theme=f' data-theme="{theme}"' if theme else "", scheme=theme or "light dark",
    )  # fmt: skip
    return HTMLResponse(body, status_code=401 if wrong is not None else 200, headers=_HEADERS)


def _sentence(text: str) -> str:
    text = escape(text.replace("`", "").strip())
    return f"{text[:1].upper()}{text[1:]}{'' if text.endswith(('.', '!', '?')) else '.'}" if text else ""


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
