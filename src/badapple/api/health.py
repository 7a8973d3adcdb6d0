"""The health door: `/metrics`, `/healthz` and `/readyz` for whatever watches over this process."""

from __future__ import annotations

import asyncio
import logging
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from badapple.api.serving import serve_app, serving
from badapple.telemetry import metrics

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from starlette.requests import Request
    from starlette.routing import BaseRoute

__all__ = ["health_app", "health_routes", "serve_app", "serving"]

_PATIENCE = 2.0  #: seconds until checks that do not answer count as failed
_FRESH = {"cache-control": "no-store"}
_log = logging.getLogger("badapple.api")


def health_app(
    *,
    alive: Callable[[], Mapping[str, bool]],
    ready: Callable[[], Awaitable[Mapping[str, bool]]],
    patience: float = _PATIENCE,
) -> Starlette:
    """Return an application of these three alone, for a worker without an API; see `health_routes`."""
    return Starlette(routes=health_routes(alive=alive, ready=ready, patience=patience))


def health_routes(
    *,
    alive: Callable[[], Mapping[str, bool]],
    ready: Callable[[], Awaitable[Mapping[str, bool]]],
    patience: float = _PATIENCE,
) -> list[BaseRoute]:
    """Return the routes.

    `/healthz` and `/readyz` answer `{"status", "checks"}`, with 200 where every check is true, else with 503; an
    answer at all says that the event loop turns. `/metrics` is 404 until `metrics.enable()`.

    Args:
        alive: check -> whether it holds; must not block. False asks for this process to be restarted.
        ready: check -> whether it holds. False asks for no work to be sent here. One that fails or does not return is
            the failed check `answers`; it is never run twice at once.
        patience: seconds that `ready` may take.
    """
    readiness = _Readiness(ready, patience)
    aside = ThreadPoolExecutor(1, thread_name_prefix="metrics")  # the loop's own threads may all be drawing

    async def healthz(_request: Request) -> Response:
        try:
            checks = dict(alive())
        except Exception:  # noqa: BLE001 - whatever it is, this process is not well
            _log.exception("health_check_failed")
            checks = {"answers": False}
        return _reply("ok", "failing", checks)

    async def readyz(_request: Request) -> Response:
        return _reply("ready", "not ready", await readiness.checks())

    async def show(request: Request) -> Response:
        if not metrics.enabled():
            return Response("metrics are not switched on\n", status_code=404, media_type="text/plain")
        loop = asyncio.get_running_loop()
        text, kind = await loop.run_in_executor(aside, metrics.exposition, request.headers.get("accept", ""))
        return Response(text, headers={"content-type": kind, **_FRESH})

    return [Route("/healthz", healthz), Route("/readyz", readyz), Route("/metrics", show)]


class _Readiness:
    """Runs the checks, one at a time, and waits for them no longer than is useful."""

    def __init__(self, ready: Callable[[], Awaitable[Mapping[str, bool]]], patience: float) -> None:
        self._ready = ready
        self._patience = patience
        self._task: asyncio.Task[Mapping[str, bool]] | None = None
        self._begun = 0.0

    async def checks(self) -> Mapping[str, bool]:
        """Return what holds; a run that is under way already is joined, with the patience that is left of it."""
        if self._task is None or self._task.done():
            self._begun = time.monotonic()
            self._task = asyncio.ensure_future(self._run())
        left = max(0.0, self._begun + self._patience - time.monotonic())
        # Not cancelled when time is up: work in a thread cannot be, and who cancels it would wait for it.
        done, _ = await asyncio.wait({self._task}, timeout=left)
        return self._task.result() if done else {"answers": False}

    async def _run(self) -> Mapping[str, bool]:
        try:
            return dict(await self._ready())
        except Exception as error:  # noqa: BLE001 - whatever it is, this process is not ready
            _log.warning("readiness_check_failed", extra={"reason": str(error) or type(error).__name__})
            return {"answers": False}


def _reply(well: str, ill: str, checks: Mapping[str, bool]) -> Response:
    fine = all(checks.values())
    body = {"status": well if fine else ill, "checks": dict(checks)}
    return JSONResponse(body, status_code=200 if fine else 503, headers=_FRESH)
