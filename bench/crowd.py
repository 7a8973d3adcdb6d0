"""Many WebSocket clients in one event loop, as light as can be: what they cost must not be taken for the server's."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import socket
import struct
import time
from dataclasses import dataclass, field
from typing import Any

MASK = b"\x00\x00\x00\x00"
TOGETHER = 200  #: connections that are being opened at once
PER_ADDRESS = 20_000  #: connections from one address of ours: ports are few


@dataclass
class Heard:
    """What all clients heard.

    Attributes:
        delivered: events.
        late: seconds from the commit of each event to its arrival, as its message says.
        wrong: events that came twice, out of turn, or not at all.
        closed: code -> how many sockets were closed with it; 0 for those that broke.
    """

    delivered: int = 0
    late: list[float] = field(default_factory=list)
    wrong: int = 0
    closed: dict[int, int] = field(default_factory=dict)


class Client(asyncio.Protocol):
    """One socket that follows one job.

    Args:
        job: whose messages it takes.
        port: of the server.
        heard: where it writes down what came.
    """

    def __init__(self, job: str, port: int, heard: Heard) -> None:
        self._job, self._port, self._heard = job, port, heard
        self._buffer = bytearray()
        self._open = self._closed = False
        self.ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.seq = 0
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.write(handshake(self._job, self._port))

    def data_received(self, data: bytes) -> None:
        buffer = self._buffer
        buffer += data
        if not self._open:
            end = buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            if not buffer.startswith(b"HTTP/1.1 101"):
                self.ready.set_exception(ConnectionError(bytes(buffer[:200]).decode()))
                self.transport.close()
                return
            del buffer[: end + 4]
            self._open = True
            self.ready.set_result(None)
        while len(buffer) >= 2:
            size, start = buffer[1] & 0x7F, 2
            if size == 126:
                if len(buffer) < 4:
                    return
                size, start = struct.unpack_from("!H", buffer, 2)[0], 4
            if len(buffer) < start + size:
                return
            self._frame(buffer[0] & 0x0F, bytes(buffer[start : start + size]))
            del buffer[: start + size]

    def _frame(self, kind: int, body: bytes) -> None:
        if kind == 1:
            message = json.loads(body)
            heard = self._heard
            heard.delivered += 1
            heard.late.append(time.time() - float(message["message"].split()[0]))
            if message["seq"] != self.seq + 1 or message["job_id"] != self._job:
                heard.wrong += 1
            self.seq = message["seq"]
        elif kind == 9:
            self.transport.write(bytes([0x8A, 0x80 | len(body)]) + MASK + body)
        elif kind == 8:
            self._end(struct.unpack_from("!H", body)[0] if len(body) >= 2 else 1005)
            self.transport.write(bytes([0x88, 0x80 | len(body)]) + MASK + body)

    def _end(self, code: int) -> None:
        if not self._closed:
            self._closed = True
            self._heard.closed[code] = self._heard.closed.get(code, 0) + 1

    def connection_lost(self, _error: Exception | None) -> None:
        if not self.ready.done():
            self.ready.set_exception(ConnectionError("the connection broke"))
        self._end(0)


def handshake(job: str, port: int) -> bytes:
    """Return the request that asks for a WebSocket."""
    key = base64.b64encode(os.urandom(16)).decode()
    return (
        f"GET /ws/job/{job} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n"
    ).encode()


async def connect(port: int, jobs: list[str], heard: Heard) -> list[Client]:
    """Open a socket for each job that is named, in this order."""
    loop, gate = asyncio.get_running_loop(), asyncio.Semaphore(TOGETHER)
    found: list[Client] = []

    async def one(number: int, job: str) -> None:
        async with gate:
            ours = f"127.0.0.{2 + number // PER_ADDRESS}"
            client: Client
            _, client = await loop.create_connection(
                lambda: Client(job, port, heard), "127.0.0.1", port, local_addr=(ours, 0)
            )
            await client.ready
            found.append(client)

    await asyncio.gather(*(one(number, job) for number, job in enumerate(jobs)))
    return found


def dead(port: int, job: str, count: int) -> list[socket.socket]:
    """Open sockets that ask to follow a job, and never read."""
    found = []
    for _ in range(count):
        one = socket.socket()
        one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        one.connect(("127.0.0.1", port))
        one.sendall(handshake(job, port))
        found.append(one)
    return found


def quantile(values: list[float], part: float) -> float:
    """Return the value below which this part of all lie."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))] if ordered else 0.0


def summary(heard: Heard) -> dict[str, Any]:
    """Return the figures of what was heard."""
    return {
        "delivered": heard.delivered,
        "wrong": heard.wrong,
        "p50": round(quantile(heard.late, 0.5), 3),
        "p99": round(quantile(heard.late, 0.99), 3),
        "most": round(max(heard.late, default=0.0), 3),
    }
