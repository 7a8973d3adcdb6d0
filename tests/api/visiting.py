"""An application that callers visit, in process: real routes, a real SQLite, keys of several owners."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI
from sqlalchemy import Engine

from badapple.access import SCOPES, credentials
from badapple.api.app import create_app
from badapple.config import read_settings

ROOT = "http://localhost:8000"
V1 = "/api/v1"


@dataclass(frozen=True, slots=True)
class Place:
    """An application that is open."""

    app: FastAPI

    @property
    def engine(self) -> Engine:
        engine: Engine = self.app.state.doors.engine
        return engine

    def key(self, owner: str = "ann", scopes: Iterable[str] = SCOPES) -> str:
        """Make a key, and return it."""
        return credentials.create(self.engine, owner=owner, name="test", scopes=scopes)[1]

    def visitor(
        self,
        *,
        key: str | None = None,
        root: str = ROOT,
        client: str = "127.0.0.1",
        headers: dict[str, str] | None = None,
    ) -> httpx.AsyncClient:
        """Return a caller with cookies of its own."""
        told = {"authorization": f"Bearer {key}"} if key else {}
        transport = httpx.ASGITransport(app=self.app, client=(client, 40000))
        return httpx.AsyncClient(transport=transport, base_url=root, headers=told)

    async def ask(self, method: str, path: str, **words: Any) -> httpx.Response:
        """Send one request of a new caller's; `key`, `root`, `client` say whose."""
        who = {name: words.pop(name) for name in ("key", "root", "client") if name in words}
        async with self.visitor(**who) as visitor:
            return await visitor.request(method, path, **words)


@contextlib.asynccontextmanager
async def place(folder: Path, *, listening_host: str = "0.0.0.0", **env: str) -> AsyncIterator[Place]:
    """Open an application that listens beyond this machine, unless it is told another address."""
    words = {"BADAPPLE_DATA_DIR": str(folder / "data"), "BADAPPLE_CACHE_DIR": str(folder / "cache"), **env}
    app = create_app(read_settings(words), listening_host=listening_host)
    async with app.router.lifespan_context(app):
        yield Place(app)
    app.state.doors.engine.dispose()
