"""One HTTP server in a thread, whose connections can be cut."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
import time
from typing import TYPE_CHECKING

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from starlette.types import ASGIApp

__all__ = ["Server"]

_PATIENCE = 10.0
_ROUND = 0.001


class Server:
    """Serves an application on a free port of 127.0.0.1.

    Args:
        app: the application.
        job: what else runs in the thread as long as it listens, or None.
    """

    def __init__(self, app: ASGIApp, *, job: Callable[[], Coroutine[None, None, None]] | None = None) -> None:
        self._app = app
        self._job = job
        self.port = 0  #: a free one from the first start on, kept over restarts
        self._transports: dict[int, asyncio.Transport] = {}

    def start(self, *, prefer: int = 0) -> None:
        """Begin to listen; returns when connections are accepted.

        Args:
            prefer: the port for the first start, where it is free.
        """
        listener = _listener(self.port) if self.port else _preferred(prefer)
        self.port = listener.getsockname()[1]
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(listener,), name=f"simulator-{self.port}", daemon=True)
        self._thread.start()
        if not self._ready.wait(_PATIENCE):
            raise RuntimeError("a simulator did not start")

    def stop(self) -> None:
        """Cut every connection and stop listening."""
        if self._thread.is_alive():
            with contextlib.suppress(RuntimeError):  # the loop may have ended meanwhile
                self._loop.call_soon_threadsafe(self._ending.set)
            self._thread.join(_PATIENCE)

    async def cut(self, connection: int) -> None:
        """Close a connection at once, whatever is still to be sent; only from the server's own thread."""
        transport = self._transports.get(connection)
        if transport is not None:
            transport.abort()
            await self._lost(connection)

    async def close(self, connection: int) -> None:
        """Close a connection when what was written has gone; only from the server's own thread."""
        transport = self._transports.get(connection)
        if transport is not None:
            transport.close()
            await self._lost(connection)

    async def _lost(self, connection: int) -> None:
        # uvicorn learns of it one round of the loop later; answering nothing before that would be an error to it.
        while connection in self._transports:  # noqa: ASYNC110 - a few rounds, seldom
            await asyncio.sleep(_ROUND)

    def _run(self, listener: socket.socket) -> None:
        with asyncio.Runner() as runner:
            runner.run(self._serve(listener))

    async def _serve(self, listener: socket.socket) -> None:
        self._loop, self._ending = asyncio.get_running_loop(), asyncio.Event()
        server = uvicorn.Server(self._config())
        server.config.load()
        server.lifespan = server.config.lifespan_class(server.config)
        await server.startup(sockets=[listener])
        jobs = [asyncio.ensure_future(self._job())] if self._job is not None else []
        self._ready.set()
        await self._ending.wait()
        for listening in server.servers:
            listening.close()
        listener.close()
        for connection in list(self._transports):
            await self.cut(connection)
        tasks = [*server.server_state.tasks, *jobs]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _config(self) -> uvicorn.Config:
        transports = self._transports

        class Protocol(H11Protocol):
            """Remembers the transport of each client by its port."""

            def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in the parent
                super().connection_made(transport)
                transports[transport.get_extra_info("peername")[1]] = transport

            def connection_lost(self, exc: Exception | None) -> None:
                if self.client is not None:
                    transports.pop(self.client[1], None)
                super().connection_lost(exc)

        return uvicorn.Config(
            self._app,
            http=Protocol,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_keep_alive=75,
        )


def _preferred(port: int) -> socket.socket:
    with contextlib.suppress(OSError):
        return _bound(port)
    return _bound(0)


def _listener(port: int) -> socket.socket:
    end = time.monotonic() + _PATIENCE
    while True:
        try:
            return _bound(port)
        except OSError:  # the last connections may still hold the port for a moment
            if time.monotonic() > end:
                raise
            time.sleep(_ROUND)


def _bound(port: int) -> socket.socket:
    # Only where the protocol is named does asyncio switch off the waiting for more to send, 40 ms an answer.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        listener.listen(128)
    except OSError:
        listener.close()
        raise
    return listener
