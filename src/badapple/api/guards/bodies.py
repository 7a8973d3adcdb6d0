"""How large a body may be, and how long it may take; counted while it comes in."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException

from badapple.api.guards.callers import refuse
from badapple.api.incoming import JSON_BYTES, PHOTO_BYTES

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["Bodies"]

_PHOTOS = ("/uploads", "/videos/generate", "/api/generate", "/v1/generate")  #: how addresses end that take one
_SILENCE, _WHOLE = 30.0, 600.0  #: seconds between two pieces of a body, and until all of it is there
_PATIENT_BYTES, _PATIENT_SECONDS = 64 * 1024 * 1024, 5.0  #: that may still come of a body that is refused
_CODES = {413: "too_large", 408: "request_timeout"}


class Bodies:
    """Refuses bodies that are too large (413), or that stop coming in (408).

    Args:
        app: the application.
        small: bytes of a body.
        large: bytes of a body that may hold a photo.
        silence: seconds between two pieces.
        whole: seconds until all of it is there.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        small: int = JSON_BYTES,
        large: int = PHOTO_BYTES,
        silence: float = _SILENCE,
        whole: float = _WHOLE,
    ) -> None:
        self._app = app
        self._small, self._large, self._silence, self._whole = small, large, silence, whole

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, or refuse; also when the application has begun to read."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        most = self._large if scope["path"].rstrip("/").endswith(_PHOTOS) else self._small
        announced = Headers(scope=scope).get("content-length", "0")
        if announced.isascii() and announced.isdigit() and int(announced[:20]) > most:
            await _refuse(scope, receive, send, 413, most)
            return
        body = _Body(receive, most, self._silence, self._whole)
        answering = False

        async def answer(message: Message) -> None:
            nonlocal answering
            if body.fault and not answering:
                return  # whatever the application makes of it
            answering = True
            await send(message)

        try:
            await self._app(scope, body.receive, answer)
        except Exception:
            if not body.fault or answering:
                raise
        if body.fault and not answering:
            await _refuse(scope, receive, send, body.fault, most)


class _Body:
    """Counts what comes in; `fault` is the status that it ended with, 0 for none."""

    def __init__(self, receive: Receive, most: int, silence: float, whole: float) -> None:
        self._receive, self._silence = receive, silence
        self._until = asyncio.get_running_loop().time() + whole
        self._left = most
        self._whole = False
        self.fault = 0

    async def receive(self) -> Message:
        """Return the next piece.

        Raises:
            HTTPException: there are too many bytes, or none came for too long.
        """
        if self.fault:
            return {"type": "http.disconnect"}
        if self._whole:
            return await self._receive()
        try:
            async with asyncio.timeout_at(min(asyncio.get_running_loop().time() + self._silence, self._until)):
                message = await self._receive()
        except TimeoutError:
            raise self._failed(408) from None
        self._left -= len(message.get("body", b""))
        self._whole = not message.get("more_body", False)
        if self._left < 0:
            raise self._failed(413)
        return message

    def _failed(self, status: int) -> HTTPException:
        self.fault = status
        return HTTPException(status)  # the only one that FastAPI passes on from where it reads


async def _refuse(scope: Scope, receive: Receive, send: Send, status: int, most: int) -> None:
    if status == 413:
        await _leave_unread(receive)
    detail = f"The body has more than {most} bytes." if status == 413 else "The body did not come in in time."
    # What comes in after that is not read: the connection is of no further use.
    await refuse(scope, receive, send, _CODES[status], detail, headers={"connection": "close"})


async def _leave_unread(receive: Receive) -> None:
    """Let some more of a body come in, unkept: who is still sending would not see the answer otherwise."""
    left = _PATIENT_BYTES
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_PATIENT_SECONDS):
            while left > 0:
                message = await receive()
                left -= len(message.get("body", b""))
                if not message.get("more_body", False):
                    return
