"""The guard at the HTTP doors: who is let in, and what every request and answer has to keep to.

`build` is called once for each application:

    gate, middlewares = guard.build(settings, engine, listening_host="127.0.0.1")
    app = FastAPI(middleware=middlewares, ...)
    app.state.doors = House(settings=settings, engine=engine, gate=gate, signer=signer_of(settings), ...)
    ...
    await gate.close()      # when the application ends

uvicorn is run with `proxy_headers=False, server_header=False`: the guard itself decides whose `X-Forwarded-*` count.
"""

from __future__ import annotations

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from badapple.access import LOCAL, credentials, sessions
from badapple.api.guards import Bodies, Callers, Names, Noting, Rated, Rates, Shell
from badapple.api.guards.callers import address, is_here
from badapple.api.guards.rates import RatedError, is_write, put
from badapple.errors import UnauthenticatedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine
    from starlette.requests import HTTPConnection

    from badapple.access import Principal
    from badapple.config import Doors, Settings
    from badapple.process import P, T

__all__ = ["COOKIE", "Gate", "build", "is_required"]

COOKIE = "badapple_session"
_SAFE = "__Host-"  #: begins a cookie's name that browsers only take from HTTPS, for this host alone
_READERS, _WRITERS = 8, 4  #: threads
_PREFLIGHT = 600  #: seconds that a browser remembers what it may send
_TAKEN = ("Authorization", "X-API-Key", "Content-Type", "Idempotency-Key", "Last-Event-ID", "If-None-Match", "Range")
_SHOWN = (
    "Location", "Retry-After", "RateLimit", "RateLimit-Policy", "ETag", "X-Request-ID", "Idempotent-Replayed",
    "Content-Range", "Accept-Ranges", "Content-Disposition",
)  # fmt: skip
_log = logging.getLogger("badapple.api")


class Gate:
    """Says who asks.

    A caller shows an API key, as `Authorization: Bearer` or `X-API-Key`; or the cookie of a session; or, where a route
    allows it, a ticket in the address. A key in the address is not looked at.

    Args:
        engine: the database that credentials are in.
        names: the names of this server.
        rates: counts the requests of each key.
        required: whether callers have to say who they are.
    """

    def __init__(self, engine: Engine, names: Names, rates: Rates, *, required: bool) -> None:
        self.required = required
        self._engine = engine
        self._names = names
        self._rates = rates
        # Threads of its own: those of the event loop may all be at work. Whoever only looks does not stand behind those
        # who write, who may have to wait for each other.
        self._readers = ThreadPoolExecutor(_READERS, thread_name_prefix="gate")
        self._writers = ThreadPoolExecutor(_WRITERS, thread_name_prefix="gate-writes")

    async def admit(self, connection: HTTPConnection, *, ticket: bool = False, job: str | None = None) -> Principal:
        """Return who it is.

        Args:
            connection: a request or a socket.
            ticket: whether `?ticket=` counts too; it is used up.
            job: the job that is asked for, which a ticket may be bound to.

        Raises:
            UnauthenticatedError: nobody knows.
            LimitExceededError: too many requests of this key, or too many wrong ones of this address.
        """
        if not self.required:
            return LOCAL
        try:
            principal = await self._recognise(connection, job, ticket=ticket)
        except _Nobody:
            raise
        except UnauthenticatedError:
            await self.wrong(connection)
            raise
        try:
            put(connection.scope, await self._rates.count(principal.actor, writes=is_write(connection.scope)))
        except RatedError as error:
            put(connection.scope, error.levels)
            raise
        return principal

    async def stands(self, principal: Principal) -> bool:
        """Say whether what they came in with is still good; live connections ask every second."""
        if principal.kind == "local":
            return not self.required
        return await self._look(credentials.alive, self._engine, principal.actor)

    async def wrong(self, connection: HTTPConnection) -> None:
        """Count a credential that was none.

        Raises:
            LimitExceededError: too many came from this address in a minute.
        """
        _log.warning("caller_unknown", extra={"address": address(connection.scope)})
        await self._rates.wrong(address(connection.scope))

    def cookie(self, connection: HTTPConnection) -> tuple[str, bool]:
        """Return the name of the session's cookie, and whether it is for HTTPS alone."""
        secure = self._names.secure(connection.scope)
        return (f"{_SAFE}{COOKIE}" if secure else COOKIE), secure

    def first_address(self, root: str) -> str | None:
        """Return the one-time address to sign in at, where callers have to and nobody can yet; else None.

        It is for the terminal, never for a log. Blocks for a moment.

        Args:
            root: how this server is reached, like `http://127.0.0.1:8000`.
        """
        text = sessions.first_invitation(self._engine) if self.required else None
        return sessions.sign_in_address(root, text) if text is not None else None

    async def aside(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run what may write to the database off the event loop."""
        return await asyncio.get_running_loop().run_in_executor(self._writers, partial(work, *args, **kwargs))

    async def close(self) -> None:
        """Let go of what it holds."""
        for threads in (self._readers, self._writers):
            await asyncio.to_thread(threads.shutdown)
        await self._rates.close()

    async def _look(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._readers, partial(work, *args, **kwargs))

    async def _known(self, connection: HTTPConnection, text: str, kind: str) -> Principal:
        principal, stale = await self._look(credentials.recognise, self._engine, text, kind=kind)
        if stale:  # written down whenever there is time
            self._writers.submit(credentials.touch, self._engine, principal.actor)
            _tell(connection, principal)
        return principal

    async def _recognise(self, connection: HTTPConnection, job: str | None, *, ticket: bool) -> Principal:
        headers = connection.headers
        scheme, _, key = headers.get("authorization", "").strip().partition(" ")
        key = key.strip() if scheme.lower() == "bearer" else headers.get("x-api-key", "").strip()
        if key:
            return await self._known(connection, key, credentials.KEY)
        shown = connection.query_params.get("ticket") if ticket else None
        if shown:
            principal = await self.aside(sessions.use, self._engine, shown, job=job)
            _tell(connection, principal)
            return principal
        session = connection.cookies.get(self.cookie(connection)[0])
        if session:
            return await self._known(connection, session, credentials.SESSION)
        raise _Nobody


class _Nobody(UnauthenticatedError):  # noqa: N818 - nobody is not an error to count
    """There is no credential at all."""

    def __init__(self) -> None:
        super().__init__("this needs an API key or a session", hint="send `Authorization: Bearer ba_live_...`")


def _tell(connection: HTTPConnection, principal: Principal) -> None:
    """Write down that somebody came in: once a minute of each key and session, and of every ticket."""
    facts = {"kind": principal.kind, "actor": principal.actor, "owner": principal.owner}
    _log.info("caller_known", extra={**facts, "address": address(connection.scope)})


def is_required(doors: Doors, listening_host: str) -> bool:
    """Say whether callers have to say who they are.

    A server on this machine alone that others reach all the same has a proxy before it, which everybody comes through.
    """
    public = urlsplit(doors.public_url or "").hostname
    alone = is_here(listening_host) and not doors.proxies and (public is None or is_here(public))
    return doors.auth == "on" or (doors.auth == "auto" and not alone)


def build(settings: Settings, engine: Engine, *, listening_host: str) -> tuple[Gate, list[Middleware]]:
    """Return the gate of an application, and its middlewares from the outermost in.

    Args:
        settings: `settings.doors` says who is let in.
        engine: the database that credentials are in.
        listening_host: the address that is listened on, which decides where `auth` is `auto`.

    Raises:
        ConfigError: what is set up cannot work.
    """
    doors = settings.doors
    names = Names(doors, listening_host)
    rates = Rates(settings.redis_url, rate=doors.rate, write_rate=doors.write_rate)
    gate = Gate(engine, names, rates, required=is_required(doors, listening_host))
    if not gate.required and not is_here(listening_host):
        _log.warning("doors_open_to_all", extra={"host": listening_host})
    layers = [Middleware(Shell, names=names)]
    if doors.proxies:
        layers.insert(0, Middleware(ProxyHeadersMiddleware, trusted_hosts=list(doors.proxies)))
    if doors.allowed_origins:
        layers.append(
            Middleware(
                CORSMiddleware, allow_origins=list(doors.allowed_origins), allow_credentials=True, max_age=_PREFLIGHT,
                allow_methods=["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"], allow_headers=list(_TAKEN),
                expose_headers=list(_SHOWN),
            )
        )  # fmt: skip
    layers += [
        Middleware(Callers, names=names),
        Middleware(Rated, rates=rates),
        Middleware(Bodies),
        Middleware(Noting, engine=engine, aside=gate.aside),
    ]
    return gate, layers
