"""The API of this machine alone, in process, and its jobs made by hand."""

from __future__ import annotations

import contextlib
import io
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI
from PIL import Image
from tests.api.visiting import place
from tests.jobs.making import Works

from badapple.config import Settings
from badapple.process import in_thread

ORIGIN = "http://127.0.0.1:8000"
AD = {"product_name": "Aurora Desk Lamp", "style": "minimal", "cta_text": "Shop now", "draft": True}


@dataclass(frozen=True, slots=True)
class Here:
    """An open application, and a caller at it."""

    app: FastAPI
    client: httpx.AsyncClient

    @property
    def settings(self) -> Settings:
        settings: Settings = self.app.state.doors.settings
        return settings

    async def ask(self, method: str, path: str, **words: Any) -> httpx.Response:
        """Send a request to a path under /api/v1, or to a whole address."""
        return await self.client.request(method, path if path.startswith("http") else f"/api/v1{path}", **words)

    async def order(self, **fields: Any) -> str:
        """Ask for an ad, and return the job's id."""
        reply = await self.ask("POST", "/videos/generate", json=AD | fields)
        assert reply.status_code == 202, reply.text
        return str(reply.json()["job_id"])

    async def made(self, job_id: str | None = None, **fields: Any) -> str:
        """Make a job as a worker does, and return its id."""
        job_id = job_id or await self.order(**fields)
        await in_thread(Works(self.settings).run, job_id)
        return job_id

    async def job(self, job_id: str) -> dict[str, Any]:
        reply = await self.ask("GET", f"/jobs/{job_id}")
        assert reply.status_code == 200, reply.text
        body: dict[str, Any] = reply.json()
        return body


@contextlib.asynccontextmanager
async def here(folder: Path, **env: str) -> AsyncIterator[Here]:
    """Open the API as `badapple serve` does by default: for this machine, where nobody has to say who they are."""
    async with place(folder, listening_host="127.0.0.1", **env) as opened:
        transport = httpx.ASGITransport(app=opened.app)
        async with httpx.AsyncClient(transport=transport, base_url=ORIGIN) as client:
            yield Here(opened.app, client)


def picture(size: tuple[int, int] = (200, 300), kind: str = "JPEG") -> bytes:
    """Return a photo."""
    out = io.BytesIO()
    Image.new("RGB", size, (170, 90, 30)).save(out, format=kind)
    return out.getvalue()


def refused(reply: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """Make sure that a reply is a problem of this code, and return it."""
    assert (reply.status_code, reply.headers["content-type"]) == (status, "application/problem+json"), reply.text
    body: dict[str, Any] = reply.json()
    assert (body["code"], body["status"], body["type"]) == (code, status, f"/problems/{code}")
    assert body["hint"]
    return body
