"""The way of every request: record, fault, sign-in, handler, answer, record."""

from __future__ import annotations

import asyncio
import contextlib
import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from starlette.applications import Starlette
from starlette.datastructures import Headers, QueryParams
from starlette.routing import Route

from badapple.testing.simulators.faults import Fault
from badapple.testing.simulators.server import Server
from badapple.testing.simulators.traffic import Call, Exchange, Reply, Request, parse

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from starlette.types import Receive, Scope, Send

    from badapple.testing.simulators.clock import Clock
    from badapple.testing.simulators.faults import FaultScript
    from badapple.testing.simulators.traffic import Traffic

__all__ = ["Entry", "Front", "Refused", "Vendor"]

_FOREVER = 86_400.0
_NONE = Fault()
_STEP = 0.05  #: seconds between two pieces of a slow answer


class Refused(Exception):  # noqa: N818 - a refusal is an answer, not an error of ours
    """The request is answered with this and nothing is done."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.status)
        self.reply = reply


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One route of a vendor; `public` ones ask for no key."""

    method: str
    path: str
    name: str
    handler: Callable[[Call], Awaitable[Reply]]
    public: bool = False


class Vendor(Protocol):
    """What the front needs to know of a vendor."""

    name: str

    def entries(self) -> Sequence[Entry]:
        """Return all routes."""
        ...

    def error(self, status: int, message: str = "") -> Reply:
        """Return the vendor's body for a status."""
        ...

    def sign_in(self, request: Request) -> Reply | None:
        """Return the refusal of a request without the right key, None where it is right."""
        ...

    def misbehave(self, call: Call) -> Reply | None:
        """Return the answer of a named behaviour that does nothing else, None where there is none."""
        ...

    def finish(self, reply: Reply, call: Call) -> Reply:
        """Add what every answer of this vendor carries."""
        ...

    async def work(self) -> None:
        """Do what happens without a request, until cancelled."""
        ...


class Front:
    """One vendor on its port."""

    def __init__(self, vendor: Vendor, *, clock: Clock, faults: FaultScript, traffic: Traffic) -> None:
        self._vendor = vendor
        self._clock = clock
        self._faults = faults
        self._traffic = traffic
        routes = [Route(entry.path, _Door(self, entry), methods=[entry.method]) for entry in vendor.entries()]
        unknown = Entry(method="", path="/{rest:path}", name="", handler=self._unknown, public=True)
        self.server = Server(Starlette(routes=[*routes, Route("/{rest:path}", _Door(self, unknown))]), job=vendor.work)

    async def _unknown(self, _call: Call) -> Reply:
        return self._vendor.error(404)

    async def pass_through(self, entry: Entry, scope: Scope, receive: Receive, send: Send) -> None:
        """Take one request from its first byte to its last."""
        raw = await _body(receive)
        if raw is None:  # the client went away in the middle of its request
            return
        call = self._take(entry, scope, raw)
        fault = call.fault or _NONE
        await self._clock.sleep(fault.delay)
        if fault.drop == "before":
            await self._drop(call)
            return
        if fault.does == "hang":
            await self._hang(call)
            return
        reply = _spoiled(self._vendor.finish(await self._answer(entry, call), call), fault)
        if fault.does == "hang_after":
            await self._hang(call)
        elif fault.drop == "after" and fault.truncate is None:
            await self._drop(call)
        else:
            await self._send(reply, call, send)

    def _take(self, entry: Entry, scope: Scope, raw: bytes) -> Call:
        headers = dict(Headers(scope=scope))
        request = Request(
            vendor=self._vendor.name,
            route=entry.name,
            method=scope["method"],
            path=scope["path"],
            query=dict(QueryParams(scope["query_string"])),
            headers=headers,
            body=parse(raw, headers.get("content-type", "")),
            raw=raw,
            connection=scope["client"][1],
            at=self._clock.now(),
        )
        self._traffic.came(request)
        fault = self._faults.due(request.vendor, entry.name, f"{request.path} {raw.decode('utf-8', 'replace')}")
        return Call(request=request, words=dict(scope.get("path_params", {})), fault=fault)

    async def _answer(self, entry: Entry, call: Call) -> Reply:
        fault = call.fault or _NONE
        if fault.status is not None and not fault.acts:
            return self._vendor.error(fault.status)
        try:
            refusal = None if entry.public else self._vendor.sign_in(call.request)
            reply = refusal or self._vendor.misbehave(call) or await entry.handler(call)
        except Refused as refused:
            reply = refused.reply
        return reply if fault.status is None else self._vendor.error(fault.status)

    async def _drop(self, call: Call) -> None:
        self._record(call, Reply(status=0), b"")
        await self.server.cut(call.request.connection)

    async def _hang(self, call: Call) -> None:
        self._record(call, Reply(status=0), b"")
        await asyncio.sleep(_FOREVER)

    def _record(self, call: Call, reply: Reply, data: bytes) -> None:
        headers = {name.lower(): value for name, value in reply.headers.items()} | {"content-type": reply.content_type}
        body = parse(data, reply.content_type)
        self._traffic.went(
            Exchange(
                request=call.request,
                status=reply.status,
                headers=headers,
                body=body,
                size=len(data),
                fault=call.fault,
            )
        )

    async def _send(self, reply: Reply, call: Call, send: Send) -> None:
        fault, whole = call.fault or _NONE, reply.payload()
        data = whole[: fault.truncate]
        cut = fault.drop == "after"
        self._record(call, reply, data)
        promised = str(len(whole if cut else data))
        headers = {**reply.headers, "content-type": reply.content_type, "content-length": promised}
        raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": reply.status, "headers": raw})
        for piece in _pieces(data, fault):
            await send({"type": "http.response.body", "body": piece, "more_body": True})
            await asyncio.sleep(_STEP if fault.drip else 0)
        if cut:
            await self.server.close(call.request.connection)
        else:
            await send({"type": "http.response.body", "body": b"", "more_body": False})


class _Door:
    """Leads from Starlette's routing to the front."""

    def __init__(self, front: Front, entry: Entry) -> None:
        self._front = front
        self._entry = entry

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        # A task is cancelled only when its server stops, its connection being closed: nobody is left to hear of it.
        with contextlib.suppress(asyncio.CancelledError):
            await self._front.pass_through(self._entry, scope, receive, send)


async def _body(receive: Receive) -> bytes | None:
    pieces: list[bytes] = []
    while (message := await receive())["type"] == "http.request":
        pieces.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(pieces)
    return None


def _spoiled(reply: Reply, fault: Fault) -> Reply:
    body, kind = reply.body, reply.content_type
    if fault.body is not None and fault.does not in {"failed", "nsfw"}:  # there it is the error's text
        body, kind = _replaced(fault.body)
    return replace(
        reply, body=body, content_type=fault.content_type or kind, headers={**reply.headers, **fault.headers}
    )


def _replaced(body: object) -> tuple[bytes, str]:
    if isinstance(body, str):
        return body.encode(), "text/html" if body.lstrip().startswith("<") else "text/plain"
    return json.dumps(body).encode(), "application/json"


def _pieces(data: bytes, fault: Fault) -> list[bytes]:
    size = max(1, int(fault.drip * _STEP) if fault.drip else len(data))
    return [data[start : start + size] for start in range(0, len(data), size)]
