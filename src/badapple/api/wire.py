"""The protocols of our server: uvicorn's, and an end for whoever does not ask, or does not read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

if TYPE_CHECKING:
    from asyncio import BaseTransport, TimerHandle, Transport
    from typing import Any

    from websockets.http11 import Request

__all__ = ["ASKING", "CUT", "RequestProtocol", "SocketProtocol"]

CUT = "badapple.cut"  #: extension of a socket's scope: `cut(code)` ends it, whether the other end reads or not
_BUFFER = 32 << 10  #: bytes that wait for a reader here before whoever sends has to wait
_LAST = 1.0  #: seconds that the other end has for taking the last frame
ASKING = 30.0  #: seconds until the next request of a connection has to be there, but for its body


class RequestProtocol(H11Protocol):
    """An HTTP connection; one that does not say in time what it wants is ended, whatever else it sends.

    uvicorn itself waits without end for the rest of a request's head, and for whatever a client goes on sending after
    its answer: a few hundred such connections would take all file descriptors there are.

    Args:
        asking: seconds until the next request has to be there.
        words: as uvicorn gives them.
    """

    def __init__(self, *, asking: float = ASKING, **words: Any) -> None:
        super().__init__(**words)
        self._asking = asking
        self._late: TimerHandle | None = None

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Begin to wait for a request."""
        super().connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        """Take what came; it may have been the rest of a request."""
        super().data_received(data)
        self._wait()

    def on_response_complete(self) -> None:
        """Begin to wait for the next request."""
        super().on_response_complete()
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no longer."""
        super().connection_lost(exc)
        self._wait()

    def _wait(self) -> None:
        """Count the time for as long as no request is being answered, and the connection is not a WebSocket's."""
        asked = not getattr(self.cycle, "response_complete", True)
        if asked or self.transport.is_closing() or self.transport.get_protocol() is not self:
            if self._late is not None:
                self._late.cancel()
                self._late = None
        elif self._late is None:
            self._late = self.loop.call_later(self._asking, self.transport.abort)


class SocketProtocol(WebSocketsSansIOProtocol):
    """A WebSocket connection; one that is closed while much waits to be sent does not linger."""

    def connection_made(self, transport: BaseTransport) -> None:
        """Hold less for a slow reader than asyncio would."""
        super().connection_made(transport)
        self.transport.set_write_buffer_limits(high=_BUFFER)

    def handle_connect(self, event: Request) -> None:
        """Offer the application to cut the connection."""
        super().handle_connect(event)
        if hasattr(self, "scope"):  # else the handshake was refused
            self.scope["extensions"] = {**(self.scope["extensions"] or {}), CUT: self.cut}  # type: ignore[dict-item]

    def start_keepalive(self) -> None:
        """Begin to ping; forget the handshake, of which nobody asks any more."""
        super().start_keepalive()
        del self.request, self.response

    def keepalive_timeout(self) -> None:
        """End a connection that answers no ping; closing alone would wait until what is buffered is read."""
        super().keepalive_timeout()
        self.transport.abort()

    def cut(self, code: int) -> None:
        """End the connection: with a close frame if it is taken within a second, and at once then."""
        if not self.close_sent and self.handshake_complete and not self.transport.is_closing():
            self.conn.send_close(code)
            self.transport.write(b"".join(self.conn.data_to_send()))
            self.close_sent = True
        self.loop.call_later(_LAST, self.transport.abort)
