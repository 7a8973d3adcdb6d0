"""The health door, over real HTTP."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import socket
import threading
import time
from typing import TYPE_CHECKING

import httpx
import pytest

from badapple.api.health import health_app, serve_app, serving
from badapple.errors import ConfigError
from badapple.process import in_thread
from badapple.telemetry import metrics

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping


async def _ready() -> Mapping[str, bool]:
    return {"database": True, "lease": True}


@contextlib.asynccontextmanager
async def door(
    *,
    alive: Callable[[], Mapping[str, bool]] = lambda: {"heart": True},
    ready: Callable[[], Awaitable[Mapping[str, bool]]] = _ready,
    patience: float = 2.0,
) -> AsyncIterator[httpx.AsyncClient]:
    async with (
        serving(health_app(alive=alive, ready=ready, patience=patience)) as port,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client,
    ):
        yield client


@pytest.fixture
def counting() -> Iterator[None]:
    metrics.disable()
    metrics.enable()
    yield
    metrics.disable()


async def test_a_process_that_is_well_says_so() -> None:
    async with door() as client:
        for path, status, checks in (
            ("/healthz", "ok", {"heart": True}),
            ("/readyz", "ready", {"database": True, "lease": True}),
        ):
            reply = await client.get(path)
            assert reply.status_code == 200
            assert reply.json() == {"status": status, "checks": checks}
            assert reply.headers["cache-control"] == "no-store"
        assert (await client.get("/")).status_code == 404
        assert (await client.post("/healthz")).status_code == 405


async def test_what_is_missing_is_named() -> None:
    async def draining() -> Mapping[str, bool]:
        return {"database": True, "not_draining": False}

    async with door(alive=lambda: {"heart": False}, ready=draining) as client:
        reply = await client.get("/healthz")
        assert (reply.status_code, reply.json()) == (503, {"status": "failing", "checks": {"heart": False}})
        reply = await client.get("/readyz")
        assert reply.status_code == 503
        assert reply.json() == {"status": "not ready", "checks": {"database": True, "not_draining": False}}


async def test_checks_that_fail_are_an_answer_too(caplog: pytest.LogCaptureFixture) -> None:
    def dead() -> Mapping[str, bool]:
        raise RuntimeError("no heart")

    async def gone() -> Mapping[str, bool]:
        raise OSError("no database")

    async with door(alive=dead, ready=gone) as client:
        for path in ("/healthz", "/readyz"):
            reply = await client.get(path)
            assert (reply.status_code, reply.json()["checks"]) == (503, {"answers": False})
    names = [record.getMessage() for record in caplog.records if record.name == "badapple.api"]
    assert names == ["health_check_failed", "readiness_check_failed"]


@pytest.mark.usefixtures("counting")
async def test_a_database_that_hangs_delays_nothing_but_the_first_readiness() -> None:
    free, asked = threading.Event(), []

    def hang() -> Mapping[str, bool]:
        asked.append(1)
        free.wait(20)
        return {"database": True}

    def read() -> dict[str, int]:
        free.wait(20)
        return {}

    metrics.watch(read)  # type: ignore[arg-type]  # an empty answer
    async with door(ready=lambda: in_thread(hang), patience=0.3) as client:
        reply = await client.get("/readyz")
        assert (reply.status_code, reply.json()["checks"]) == (503, {"answers": False})
        quickest = {}
        for path in ("/healthz", "/readyz", "/metrics"):
            seconds = []
            for _ in range(5):
                begun = time.monotonic()
                reply = await client.get(path)
                seconds.append(time.monotonic() - begun)
                assert reply.status_code == (503 if path == "/readyz" else 200)
            quickest[path] = min(seconds)
        assert max(quickest.values()) < 0.1
        assert len(asked) == 1
        free.set()
        await _until(client, "/readyz", 200)


@pytest.mark.usefixtures("counting")
async def test_metrics_in_either_format() -> None:
    metrics.pipeline_ended("job-1", "completed", 21.0)
    async with door() as client:
        reply = await client.get("/metrics")
        assert reply.headers["content-type"].startswith("text/plain; version=0.0.4")
        assert 'badapple_jobs_total{status="completed"} 1.0' in reply.text
        assert "job-1" not in reply.text
        reply = await client.get("/metrics", headers={"accept": "application/openmetrics-text; version=1.0.0"})
        assert reply.headers["content-type"].startswith("application/openmetrics-text; version=1.0.0")
        assert '# {job_id="job-1"} 21.0' in reply.text
        assert reply.text.endswith("# EOF\n")


async def test_metrics_that_are_off_are_not_found() -> None:
    metrics.disable()
    async with door() as client:
        assert (await client.get("/metrics")).status_code == 404


async def test_it_listens_here_only_and_leaves_signals_alone() -> None:
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
    async with serving(health_app(alive=dict, ready=_ready)) as port:
        async with httpx.AsyncClient(trust_env=False) as client:
            await _until(client, f"http://127.0.0.1:{port}/healthz", 200)
        assert (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)) == before
        with pytest.raises(ConfigError, match=rf"127\.0\.0\.1:{port} cannot be listened on"):
            async with serving(health_app(alive=dict, ready=_ready), port=port):
                pass
        with socket.socket() as other:
            other.settimeout(1)
            with pytest.raises(OSError, match="refused"):
                other.connect(("127.0.0.2", port))


async def test_it_runs_until_it_is_cancelled(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "badapple.api")
    task = asyncio.ensure_future(serve_app(health_app(alive=dict, ready=_ready)))
    while not (opened := [record for record in caplog.records if record.getMessage() == "health_door_open"]):
        await asyncio.sleep(0.01)
    port = vars(opened[0])["port"]
    async with httpx.AsyncClient(trust_env=False) as client:
        await _until(client, f"http://127.0.0.1:{port}/healthz", 200)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    with socket.socket() as other, pytest.raises(OSError, match="refused"):
        other.connect(("127.0.0.1", port))


async def _until(client: httpx.AsyncClient, path: str, status: int) -> None:
    async with asyncio.timeout(10):
        while (await client.get(path)).status_code != status:
            await asyncio.sleep(0.02)
