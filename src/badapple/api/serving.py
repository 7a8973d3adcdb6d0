"""Applications served over HTTP in an event loop, beside whatever else runs in the process."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from functools import partial
from typing import TYPE_CHECKING, Any

import uvicorn

from badapple.api.wire import ASKING, RequestProtocol, SocketProtocol
from badapple.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from starlette.types import ASGIApp

__all__ = ["serve_app", "serving"]

_STOP = 1  #: seconds that answers under way may take when the door closes
_WAITING = 2048  #: connections that the system keeps until they are taken
_HEARD = 1024  #: bytes of one message over a socket; what callers say there is ignored
_PING, _PONG = 20.0, 30.0  #: seconds between two pings of a socket, and until one that is not answered ends it
_STUCK = 60_000  #: milliseconds after which the system ends a connection whose other end takes nothing
_log = logging.getLogger("badapple.api")


@contextlib.asynccontextmanager
async def serving(
    app: ASGIApp, *, host: str = "127.0.0.1", port: int = 0, asking: float = ASKING
) -> AsyncIterator[int]:
    """Serve an application in this event loop as long as the block runs; yields the port.

    Signals stay with whoever has them now.

    Args:
        app: the application.
        host: the address to listen on.
        port: 0 takes a free one.
        asking: seconds after which a connection ends that does not say what it wants.

    Raises:
        ConfigError: the address cannot be listened on.
    """
    listener = _listener(host, port)
    requests: Any = partial(RequestProtocol, asking=asking)  # uvicorn takes what makes one, too
    server = _Server(
        uvicorn.Config(
            app,
            http=requests,
            ws=SocketProtocol,
            ws_max_size=_HEARD,
            ws_ping_interval=_PING,
            ws_ping_timeout=_PONG,
            ws_per_message_deflate=False,  # it costs each connection more memory than its messages have
            lifespan="auto",
            log_config=None,
            log_level="warning",  # its other lines hold addresses, with the tickets in them
            access_log=False,
            server_header=False,
            proxy_headers=False,
            backlog=_WAITING,
            timeout_graceful_shutdown=_STOP,
        )
    )
    task = asyncio.ensure_future(server.serve(sockets=[listener]))
    try:
        yield listener.getsockname()[1]
    finally:
        server.should_exit = True
        await _ended(task)
        listener.close()


async def serve_app(app: ASGIApp, host: str = "127.0.0.1", port: int = 0) -> None:
    """Serve an application in this event loop until this is cancelled.

    Raises:
        ConfigError: the address cannot be listened on.
    """
    async with serving(app, host=host, port=port) as taken:
        _log.info("health_door_open", extra={"host": host, "port": taken})
        await asyncio.Event().wait()


class _Server(uvicorn.Server):
    """Leaves signals alone: the process that serves has its own plans for them."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _listener(host: str, port: int) -> socket.socket:
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        # Only where the protocol is named does asyncio switch off the waiting for more to send, 40 ms an answer.
        listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            # Connections inherit it: who reads nothing for a minute holds nothing any longer.
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _STUCK)
            listener.bind((host, port))
            listener.listen(_WAITING)
        except OSError:
            listener.close()
            raise
    except (OSError, OverflowError) as error:
        raise ConfigError(
            f"{host}:{port} cannot be listened on: {error}", hint="choose another port, or 0 for a free one"
        ) from error
    return listener


async def _ended(task: asyncio.Task[None]) -> None:
    """Wait for the server to end, even where this is cancelled once more meanwhile."""
    cancelled = False
    while not task.done():
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError:
            if task.cancelled():
                break
            cancelled = True
    if cancelled:
        raise asyncio.CancelledError
    if not task.cancelled():
        task.result()
