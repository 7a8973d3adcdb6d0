"""Writes each request that changes something into the audit log, before it is answered."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from sqlalchemy.exc import SQLAlchemyError
from starlette.datastructures import Headers

from badapple.access import audit
from badapple.api.guards.callers import READING, address

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from sqlalchemy import Engine
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from badapple.access.audit import Outcome

__all__ = ["Noting"]

_VERBS = {"POST": "create", "PUT": "update", "PATCH": "update", "DELETE": "delete"}
#: What addresses call otherwise than agents and the command line do, whether it was done or refused.
_CALLED = {
    "video.generate": "job.create", "video.sample": "job.create", "generate.create": "job.create",
    "job.edits": "job.edit", "key.delete": "key.revoke",
    "setting.keys": "settings.key", "setting.test": "settings.test", "setting.caps": "settings.caps",
}  # fmt: skip
#: Change nothing that lasts, or, the tools of agents, tell by themselves what they change.
_SILENT = frozenset({"ticket.create", "estimate.create", "job.estimate", "variant.estimate", "mcp.create"})
_log = logging.getLogger("badapple.api")


class Noting:
    """Notes who changed what, or tried to.

    The action comes from the address: `POST /jobs/ID/cancel` is `job.cancel`, `DELETE /jobs/ID` is `job.delete`. A
    route says more by `scope["badapple.audit"] = {"action": ..., "target": ..., "facts": {...}}`, any of the three.
    Requests of nobody known are not noted: they would fill the log with what strangers write.
    """

    def __init__(self, app: ASGIApp, *, engine: Engine, aside: Callable[..., Awaitable[Any]]) -> None:
        self._app = app
        self._engine = engine
        self._aside = aside

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, and note."""
        if scope["type"] != "http" or scope["method"] in READING:
            await self._app(scope, receive, send)
            return
        noted = False

        async def answer(message: Message) -> None:
            nonlocal noted
            if message["type"] == "http.response.start" and not noted:
                noted = True
                await self._note(scope, message["status"], Headers(raw=message.get("headers", [])))
            await send(message)

        try:
            await self._app(scope, receive, answer)
        except Exception:
            if not noted:
                await self._note(scope, 500, Headers())
            raise

    async def _note(self, scope: Scope, status: int, headers: Headers) -> None:
        principal = scope.get("badapple.principal")
        action, target = _told(scope, headers)
        said: dict[str, Any] = scope.get("badapple.audit", {})
        action, target = said.get("action", action), said.get("target", target)
        if principal is None or action in _SILENT:
            return
        outcome: Outcome = "ok" if status < 400 else "refused" if status < 500 else "failed"
        facts = {"status": status, "request_id": scope.get("badapple.request_id", ""), **said.get("facts", {})}
        words = {"target": target, "outcome": outcome, "address": address(scope), "facts": facts}
        try:
            await self._aside(audit.note, self._engine, principal, action, **words)
        except SQLAlchemyError as error:  # what was done is done: its answer shall not be lost too
            _log.error("audit_lost", extra={"action": action, "reason": type(error).__name__})


def _told(scope: Scope, headers: Headers) -> tuple[str, str]:
    """Return action and target as the address tells them; a new thing's id is at the end of its `Location`."""
    path = scope["path"].removeprefix("/api").removeprefix("/v1").strip("/")
    noun, *rest = path.split("/")
    given = [str(value) for value in scope.get("path_params", {}).values()]
    for value in given:
        for part in value.split("/"):
            if part in rest:
                rest.remove(part)
    verb = rest[-1] if rest else _VERBS.get(scope["method"], scope["method"].lower())
    target = "/".join(given) or headers.get("location", "").rstrip("/").rpartition("/")[2]
    action = f"{noun.removesuffix('s')}.{verb}"
    return _CALLED.get(action, action), target
