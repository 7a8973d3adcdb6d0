"""Answers that are files: whole or a range of them, with what browsers need to keep and to play them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import quote

from starlette.responses import Response, StreamingResponse

from badapple.api.problems import problem_response
from badapple.process import in_thread

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.requests import Request
    from starlette.types import Receive, Scope, Send

    from badapple.jobs.files import Found
    from badapple.ports import Content

__all__ = ["disposition", "file_answer", "is_known"]

#: What a file of somebody's could do in a browser that opens it: show itself.
_CAGE = "sandbox; default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'"
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


def file_answer(request: Request, found: Found, headers: dict[str, str] | None = None) -> Response:
    """Return the answer that sends a file, or what of it was asked for; the file is closed with it.

    `If-None-Match`, `Range` with one range, and `If-Range` are heeded as RFC 9110 has it: what is not understood of a
    `Range` is ignored, and everything is sent.

    Args:
        request: what was asked.
        found: the file.
        headers: further ones.
    """
    content = found.content
    told = {
        "accept-ranges": "bytes", "etag": content.etag, "cache-control": "private, no-cache",
        "content-disposition": disposition(found.name, inline=found.inline), "content-security-policy": _CAGE,
        "x-content-type-options": "nosniff", "content-type": found.media_type, **(headers or {}),
    }  # fmt: skip
    if is_known(request, content.etag):
        content.close()
        return Response(status_code=304, headers=told)
    wanted = _wanted(request, content)
    start, end = wanted or (0, content.size)
    if wanted is not None and start >= end:
        content.close()
        there = {"content-range": f"bytes */{content.size}", "accept-ranges": "bytes"}
        return problem_response(
            "range_not_satisfiable", f"The file has {content.size} bytes.", instance=request.url.path, headers=there
        )
    told["content-length"] = str(end - start)
    if wanted is not None:
        told["content-range"] = f"bytes {start}-{end - 1}/{content.size}"
    status = 200 if wanted is None else 206
    return _Sent(content, start, start if request.method == "HEAD" else end, status=status, told=told)


class _Sent(StreamingResponse):
    """A file on its way; it closes the file."""

    def __init__(self, content: Content, start: int, end: int, *, status: int, told: dict[str, str]) -> None:
        super().__init__(_pieces(content, start, end), status_code=status, headers=told)
        self._content = content

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._content.close()


async def _pieces(content: Content, start: int, end: int) -> AsyncIterator[bytes]:
    pieces = content.read(start, end)
    while (piece := await in_thread(next, pieces, None)) is not None:
        yield piece


def is_known(request: Request, etag: str) -> bool:
    """Say whether the caller has the file already."""
    known = request.headers.get("if-none-match")
    return known is not None and any(one.strip().removeprefix("W/") in (etag, "*") for one in known.split(","))


def _wanted(request: Request, content: Content) -> tuple[int, int] | None:
    """Return the range that is asked for, empty where the file has none of it; None where all of it is."""
    wanted = _RANGE.fullmatch(request.headers.get("range", "").strip())
    if wanted is None or request.method != "GET" or request.headers.get("if-range", content.etag) != content.etag:
        return None
    first, last = wanted.groups()
    if first and (not last or int(last) >= int(first)):
        return int(first), min(int(last) + 1, content.size) if last else content.size
    if last and not first:
        return max(0, content.size - int(last)), content.size
    return None


def disposition(name: str, *, inline: bool) -> str:
    """Return a Content-Disposition (RFC 6266) with a name that may hold any character (RFC 8187)."""
    how = "inline" if inline else "attachment"
    plain = re.sub(r'[^\x20-\x7e]|["\\%]', "_", name)
    whole = f"; filename*=UTF-8''{quote(name, safe='')}" if plain != name else ""
    return f'{how}; filename="{plain}"{whole}'
