"""Limits to what vendors answer, in bytes and in figures."""

from __future__ import annotations

import logging
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Protocol, cast

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, MutableMapping

__all__ = ["ERROR_MOST", "FACTOR", "JSON_MOST", "SPEECH_MOST", "UnfitReplyError", "believed", "limit"]

_log = logging.getLogger("badapple.providers")

ERROR_MOST = 64_000  #: bytes of an answer that is no success; what is beyond is left unread
JSON_MOST = 20_000_000  #: bytes of a JSON answer
SPEECH_MOST = 50_000_000  #: bytes of an answer with sound in it
FACTOR = 4  #: how many times what was ordered a vendor's figure may be before nobody believes it
_BLOCK = 65_536  #: bytes handed on at once, so that many small pieces take no more memory than few large ones
_WIDEST = 64  #: bits of a number that is written into the log


class UnfitReplyError(Exception):
    """A success that is not taken in: too large, or packed although nobody asked for that."""


class _Pieces(Protocol):
    def __aiter__(self) -> AsyncIterator[bytes]: ...
    async def aclose(self) -> None: ...


class _Reply(Protocol):
    """What is used of an answer of httpx, of either generation."""

    stream: Any

    @property
    def status_code(self) -> int: ...
    @property
    def headers(self) -> MutableMapping[str, str]: ...


def limit(reply: _Reply, *, most: int) -> None:
    """Let no more of an answer into memory than we can bear; called before any of its body is read.

    Packed bodies are not unpacked, so what is counted is what is kept. The answer of an API leads nowhere else either:
    its `Location` goes.

    Args:
        reply: the answer.
        most: bytes of a success; more raises `UnfitReplyError` while it is read. The rest of an error goes unread.

    Raises:
        UnfitReplyError: a success is packed.
    """
    success = 200 <= reply.status_code < 300
    packed = reply.headers.pop("content-encoding", "identity").strip().lower() not in {"", "identity"}
    reply.headers.pop("location", None)
    if packed and success:
        raise UnfitReplyError("it is packed, which was not asked for")
    most = most if success else 0 if packed else ERROR_MOST
    base = next(kind for kind in type(reply.stream).__mro__ if kind.__name__ == "AsyncByteStream")
    reply.stream = _kind(base)(reply.stream, most=most, strict=success)


def believed(figure: object, *, most: float, vendor: str, what: str) -> float | None:
    """Return a vendor's figure, None where there is none or where it makes no sense, which is logged.

    Args:
        figure: as it was read.
        most: the largest one that makes sense; the smallest is 0.
        vendor: whose it is.
        what: its name.
    """
    if figure is None:
        return None
    if isinstance(figure, int | float) and not isinstance(figure, bool) and 0 <= figure <= most:  # no NaN is
        return figure
    _log.warning(
        "vendor_figure_refused", extra={"vendor": vendor, "figure": what, "said": _shown(figure), "most": most}
    )
    return None


class _Limited:
    """The body of an answer, up to a number of bytes."""

    def __init__(self, pieces: _Pieces, *, most: int, strict: bool) -> None:
        self._pieces = pieces
        self._most = most
        self._strict = strict

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Yield it in blocks.

        Raises:
            UnfitReplyError: there is more, and that matters.
        """
        room, block = self._most, bytearray()
        async for piece in self._pieces:
            if len(piece) > room and self._strict:
                raise UnfitReplyError(f"it has more than {self._most // 1_000_000} MB")
            block += piece[:room]
            if len(piece) > room:
                break
            room -= len(piece)
            if len(block) >= _BLOCK:
                yield bytes(block)
                block.clear()
        yield bytes(block)

    async def aclose(self) -> None:
        """Close the connection, or give it back where all was read."""
        await self._pieces.aclose()


@lru_cache(maxsize=8)
def _kind(base: type) -> type[_Limited]:
    """Return the class of limited bodies that a library takes for one of its own."""
    return cast("type[_Limited]", type("Limited", (_Limited, base), {}))


def _shown(figure: object) -> str:
    if isinstance(figure, int) and figure.bit_length() > _WIDEST:
        return f"a number of {figure.bit_length()} bits"  # to write it out may be refused, or take long
    return repr(figure) if isinstance(figure, int | float) else f"a {type(figure).__name__}"
