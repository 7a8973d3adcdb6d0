"""The server: tools with their hints, over standard input and output or HTTP."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import sys
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.tools import Tool
from mcp.server.transport_security import TransportSecuritySettings
from mcp.types import ToolAnnotations
from starlette.requests import HTTPConnection
from starlette.responses import Response

from badapple import __version__
from badapple.access import LOCAL, Principal
from badapple.errors import AccessError, ConfigError
from badapple.mcp.tools import Tools
from badapple.telemetry import logs

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from starlette.types import ASGIApp, Receive, Scope, Send

    from badapple.access.audit import Outcome
    from badapple.config import Settings
    from badapple.worker.running import Worker

__all__ = ["build", "mounted", "run_stdio"]

_READS = ToolAnnotations(read_only_hint=True, open_world_hint=False)
_MAKES = ToolAnnotations(read_only_hint=False, destructive_hint=False, open_world_hint=True)
_ENDS = ToolAnnotations(read_only_hint=False, destructive_hint=True, idempotent_hint=True, open_world_hint=True)
_PRINCIPAL = "badapple.principal"
_INSTRUCTIONS = (
    "Makes 30 second vertical video ads from a product photo, a name, a style and a call to action, offline for free. "
    "Call estimate_ad before vendors are paid, and ask the user for the cap. create_ad returns at once: get_ad with "
    "wait_seconds waits for the video. Make no claims about a product: pass on as facts what the user vouches for."
)
_log = logging.getLogger("badapple.mcp")


def build(
    settings: Settings,
    *,
    who: Callable[[Context], Principal] = lambda _: LOCAL,
    local: bool,
    note: Callable[[Context, Principal, str, str, Outcome], Awaitable[None]] | None = None,
    intakes: asyncio.Semaphore | None = None,
) -> MCPServer:
    """Return the server.

    Args:
        settings: where things lie.
        who: says whose a call is.
        local: the caller is on this machine.
        note: writes down what was changed, or tried: the call, whose, action, target, outcome.
        intakes: how many photos are looked at at once; None takes four.
    """
    tools = Tools(settings, who=who, local=local, note=note, intakes=intakes)
    bound = [tool.model_copy(update={"fn": getattr(tools, tool.name)}) for tool in _described()]
    return MCPServer(
        "badapple", title="badapple", version=__version__, instructions=_INSTRUCTIONS, log_level="WARNING", tools=bound
    )


@lru_cache(maxsize=1)
def _described() -> tuple[Tool, ...]:
    """Return what agents are told of the tools: read from their signatures, the same for every server."""
    tools = object.__new__(Tools)  # of no installation: nothing is called
    return (
        Tool.from_function(tools.list_styles, title="List styles", annotations=_READS),
        Tool.from_function(tools.estimate_ad, title="Estimate an ad", annotations=_READS),
        Tool.from_function(tools.create_ad, title="Make an ad", annotations=_MAKES),
        Tool.from_function(tools.get_ad, title="Look at an ad", annotations=_READS),
        Tool.from_function(tools.regenerate_scene, title="Film a scene anew", annotations=_MAKES),
        Tool.from_function(tools.cancel_ad, title="Cancel an ad", annotations=_ENDS),
        Tool.from_function(tools.delete_ad, title="Delete an ad", annotations=_ENDS),
    )


def mounted(
    settings: Settings,
    *,
    path: str,
    admit: Callable[[HTTPConnection], Awaitable[Principal]],
    refuse: Callable[[Scope, AccessError], ASGIApp],
    note: Callable[[Scope, Principal, str, str, Outcome], Awaitable[None]],
    intakes: asyncio.Semaphore,
) -> tuple[ASGIApp, contextlib.AbstractAsyncContextManager[None]]:
    """Return the tools as an application for one address, and what has to be open while it serves.

    Each request stands for itself, so that any of several servers can answer it.

    Args:
        settings: where things lie.
        path: the address.
        admit: says whose a request is.
        refuse: answers those that are not let in.
        note: writes down what was changed, or tried: the request, whose, action, target, outcome.
        intakes: how many photos are looked at at once, by whichever door.
    """

    async def noted(ctx: Context, principal: Principal, action: str, target: str, outcome: Outcome) -> None:
        request = ctx.request_context.request
        await note({} if request is None else request.scope, principal, action, target, outcome)

    server = build(settings, who=_of_request, local=False, note=noted, intakes=intakes)
    inner = server.streamable_http_app(
        streamable_http_path=path,
        stateless_http=True,
        transport_security=TransportSecuritySettings(enable_dns_rebinding_protection=False),  # ours comes before
    )

    @contextlib.asynccontextmanager
    async def open_() -> AsyncIterator[None]:
        async with server.session_manager.run():
            yield

    return _Door(inner, admit, refuse), open_()


@dataclass(frozen=True, slots=True)
class _Door:
    """Lets in whom the gate knows."""

    inner: ASGIApp
    admit: Callable[[HTTPConnection], Awaitable[Principal]]
    refuse: Callable[[Scope, AccessError], ASGIApp]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            scope[_PRINCIPAL] = await self.admit(HTTPConnection(scope))
        except AccessError as error:
            await self.refuse(scope, error)(scope, receive, send)
            return
        if scope["method"] == "GET":  # a stream on which nothing would ever come: no request knows of another
            await Response(status_code=405, headers={"allow": "POST"})(scope, receive, send)
            return
        await self.inner(scope, receive, send)


def _of_request(ctx: Context) -> Principal:
    request = ctx.request_context.request
    principal = request.scope.get(_PRINCIPAL) if request is not None else None
    if not isinstance(principal, Principal):
        raise ConfigError("the tools were reached past the door")
    return principal


def run_stdio(settings: Settings, *, work: bool = True) -> int:
    """Serve one agent over standard input and output until it hangs up.

    Args:
        settings: where things lie.
        work: make the ads in this process too, unless another process makes them already.
    """
    undo = logs.set_up(folder=settings.log_dir, stderr=True)  # standard output belongs to the protocol
    worker = _worker(settings) if work else None
    try:
        asyncio.run(build(settings, local=True).run_stdio_async())
    finally:
        if worker is not None:
            worker.drain()
        undo()
    sys.stderr.flush()
    if worker is not None:
        os._exit(0)  # what still runs here was handed to others
    return 0


def _worker(settings: Settings) -> Worker | None:
    from badapple.worker.running import Worker  # noqa: PLC0415 - loads the whole pipeline

    try:
        worker = Worker(settings)
    except ConfigError as error:
        if "has its worker already" not in str(error):
            raise
        _log.info("mcp_without_worker", extra={"reason": str(error)})
        return None
    worker.start()
    return worker
