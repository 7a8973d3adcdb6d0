"""The tools for agents, beside the API: `/mcp`."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from sqlalchemy.exc import SQLAlchemyError
from starlette.routing import Route

from badapple.access import audit
from badapple.api.guards.callers import address
from badapple.api.problems import problem_of
from badapple.process import in_thread

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from fastapi import FastAPI
    from starlette.types import ASGIApp, Scope

    from badapple.access import Principal
    from badapple.access.audit import Outcome
    from badapple.api.deps import House
    from badapple.errors import AccessError

__all__ = ["agents"]

_PATH = "/mcp"
_log = logging.getLogger("badapple.api")


@contextlib.asynccontextmanager
async def agents(app: FastAPI) -> AsyncIterator[None]:
    """Serve the tools at `/mcp` for as long as the block runs, where the extra `mcp` is installed."""
    if find_spec("mcp") is None:
        yield
        return
    from badapple.mcp.server import mounted  # noqa: PLC0415 - an extra

    house: House = app.state.doors

    def refuse(scope: Scope, error: AccessError) -> ASGIApp:
        return problem_of(error, instance=scope["path"])

    async def note(scope: Scope, who: Principal, action: str, target: str, outcome: Outcome) -> None:
        facts = {"door": "mcp", "request_id": scope.get("badapple.request_id", "")}
        words: dict[str, Any] = {"target": target, "outcome": outcome, "address": address(scope), "facts": facts}
        try:
            await in_thread(audit.note, house.engine, who, action, **words)
        except SQLAlchemyError as error:  # what was done is done
            _log.error("audit_lost", extra={"action": action, "reason": type(error).__name__})

    tools, running = mounted(
        house.settings, path=_PATH, admit=house.gate.admit, refuse=refuse, note=note, intakes=house.intakes
    )
    app.router.routes.append(Route(_PATH, tools))
    over, ready = asyncio.Event(), asyncio.Event()

    async def keep() -> None:  # in one task from beginning to end, whichever tasks begin and end the application
        async with running:
            ready.set()
            await over.wait()

    task = asyncio.ensure_future(keep())
    waiting = asyncio.ensure_future(ready.wait())
    try:
        await asyncio.wait({task, waiting}, return_when=asyncio.FIRST_COMPLETED)
        yield
    finally:
        waiting.cancel()
        over.set()
        await task
