"""A real server that webhooks are sent to."""

from __future__ import annotations

import asyncio
import contextlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@dataclass(frozen=True)
class Message:
    """What came."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def payload(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.body)
        return found

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]


@dataclass
class Receiver:
    """Answers each message with the next of its answers, the last one again and again."""

    port: int = 0
    answers: list[str] = field(default_factory=lambda: ["204 No Content"])
    headers: str = ""
    reply: bytes = b""
    hold: float = 0.0  #: seconds before it answers
    got: list[Message] = field(default_factory=list)
    connections: int = 0
    tasks: set[Any] = field(default_factory=set)
    news: asyncio.Event = field(default_factory=asyncio.Event)

    def url(self, path: str = "/hook", *, host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port}{path}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.tasks.add(asyncio.current_task())
        try:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                await self._answer(reader, writer)
        finally:
            writer.transport.abort()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        first, *lines = head.strip().split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        self.got.append(Message(path=first.split()[1], headers=headers, body=body))
        self.news.set()
        await asyncio.sleep(self.hold)
        status = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        told = f"HTTP/1.1 {status}\r\n{self.headers}Content-Length: {len(self.reply)}\r\nConnection: close\r\n\r\n"
        writer.write(told.encode() + self.reply)
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    async def wait(self, count: int, *, seconds: float = 15.0) -> list[Message]:
        """Return what came, as soon as there is so much of it."""
        async with asyncio.timeout(seconds):
            while len(self.got) < count:
                self.news.clear()
                await self.news.wait()
        return self.got


@contextlib.asynccontextmanager
async def receiving(**facts: Any) -> AsyncIterator[Receiver]:
    made = Receiver(**facts)
    async with await asyncio.start_server(made.serve, "127.0.0.1", 0) as server:
        made.port = server.sockets[0].getsockname()[1]
        try:
            yield made
        finally:
            for task in made.tasks:
                task.cancel()
            await asyncio.gather(*made.tasks, return_exceptions=True)
