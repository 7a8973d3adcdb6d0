"""A real server on every address of this machine that counts who comes, and names that lead where a test says."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
import trustme

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

OK = b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nContent-Length: 4\r\nConnection: close\r\n\r\nfile"


def answer(body: bytes = b"file", *headers: str, status: str = "200 OK") -> bytes:
    """Write an answer; it has a length unless one of the headers says otherwise."""
    told = list(headers)
    if not any(line.lower().startswith(("content-length", "transfer-encoding")) for line in told):
        told.append(f"Content-Length: {len(body)}")
    return "\r\n".join([f"HTTP/1.1 {status}", *told, "Connection: close", "", ""]).encode() + body


@dataclass
class Server:
    """Answers by path; every connection counts, whatever is said on it."""

    port: int = 0
    connections: list[str] = field(default_factory=list)  #: the address of ours that was connected to
    asked: list[str] = field(default_factory=list)  #: first lines
    heads: list[bytes] = field(default_factory=list)
    names: list[str | None] = field(default_factory=list)  #: that TLS was asked for
    answers: dict[str, bytes | Sequence[bytes]] = field(default_factory=dict)
    tasks: set[Any] = field(default_factory=set)
    pause: float = 0.0  #: seconds between two pieces of an answer

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request."""
        self.tasks.add(asyncio.current_task())
        self.connections.append(writer.get_extra_info("sockname")[0])
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            head = await reader.readuntil(b"\r\n\r\n")
            self.heads.append(head)
            self.asked.append(head.partition(b"\r\n")[0].decode("latin-1"))
            told = self.answers.get(self.asked[-1].split()[1], OK)
            for piece in [told] if isinstance(told, bytes) else told:
                writer.write(piece)
                await writer.drain()
                await asyncio.sleep(self.pause)
        writer.close()
        with contextlib.suppress(OSError, ssl.SSLError):
            await writer.wait_closed()

    async def end(self) -> None:
        """Wait for whoever is answered still, but not for long."""
        if self.tasks:
            await asyncio.wait(self.tasks, timeout=1)
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)


class Names:
    """Looks names up in a table; a list of answers is given one after the other."""

    def __init__(self, **table: list[list[str]]) -> None:
        self.table = {name.replace("_", "."): answers for name, answers in table.items()}
        self.asked: list[str] = []

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked.append(host)
        if host not in self.table:
            raise OSError("no such name")
        answers = self.table[host]
        return answers.pop(0) if len(answers) > 1 else answers[0]


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def trust(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    """A server that speaks plain HTTP."""
    async with _serving(None) as made:
        yield made


@pytest.fixture
def serving_tls(authority: trustme.CA) -> Callable[..., contextlib.AbstractAsyncContextManager[Server]]:
    def serving(*names: str) -> contextlib.AbstractAsyncContextManager[Server]:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        authority.issue_cert(*names).configure_cert(context)
        return _serving(context)

    return serving


@contextlib.asynccontextmanager
async def _serving(context: ssl.SSLContext | None) -> AsyncIterator[Server]:
    made = Server()
    if context is not None:
        context.sni_callback = lambda _socket, name, _context: made.names.append(name)
    async with contextlib.AsyncExitStack() as stack:
        first = await asyncio.start_server(made.serve, "0.0.0.0", 0, ssl=context)
        await stack.enter_async_context(first)
        made.port = first.sockets[0].getsockname()[1]
        with contextlib.suppress(OSError):  # a machine without IPv6
            await stack.enter_async_context(await asyncio.start_server(made.serve, "::1", made.port, ssl=context))
        yield made
        await made.end()
