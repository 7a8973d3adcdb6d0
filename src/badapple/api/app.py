"""The application: every route, behind its guard."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, FastAPI
from fastapi.exceptions import RequestValidationError
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.routing import Match

from badapple import __version__, errors, process, studio
from badapple.access.signing import signer_of
from badapple.api import guard
from badapple.api.addresses import V1
from badapple.api.agents import agents
from badapple.api.deps import House
from badapple.api.health import health_routes
from badapple.api.housekeeping import keeping_house
from badapple.api.openapi import describe
from badapple.api.pages import page_routes
from badapple.api.problems import problem_of, validation_problem
from badapple.api.routes import root_routers, routers, webhooks
from badapple.database import open_database
from badapple.jobs import RedisDoorbell

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import BaseRoute

    from badapple.config import Settings
    from badapple.jobs import Doorbell

__all__ = ["create_app"]

#: Pages, scripts and JSON; media, event streams and parts of files go as they are. Sizes tell nobody anything: no
#: answer holds a secret beside a stranger's words, and cookies travel with no request that another site makes.
_SMALLER = Middleware(GZipMiddleware, minimum_size=1_000, compresslevel=5)
_THREADS = 32  #: of blocking work at once, most of it short questions to the database
_ASKED = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")


def create_app(
    settings: Settings,
    *,
    alive: Callable[[], Mapping[str, bool]] = dict,
    ready: Callable[[], Awaitable[Mapping[str, bool]]] | None = None,
    listening_host: str = "127.0.0.1",
    bell: Doorbell | None = None,
) -> FastAPI:
    """Return the application; what it opens is closed when it ends.

    Args:
        settings: where things lie, and who is let in.
        alive: check -> whether it holds, for `/healthz`.
        ready: the same for `/readyz`; None asks the database.
        listening_host: the address that is listened on: beyond this machine, callers have to say who they are.
        bell: rings when there may be news of a job, where there is no Redis that does.

    Raises:
        ConfigError: what is set up cannot work.
    """
    engine = open_database(settings.database_url)
    gate, middlewares = guard.build(settings, engine, listening_host=listening_host)
    redis = RedisDoorbell(settings.redis_url) if settings.redis_url is not None else None
    house = House(settings=settings, engine=engine, gate=gate, bell=redis or bell, signer=signer_of(settings))

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="api")
        asyncio.get_running_loop().set_default_executor(threads)
        try:
            async with webhooks.delivering(app), agents(app), keeping_house(settings, engine):
                yield
        finally:
            await gate.close()
            if redis is not None:
                await redis.close()

    app = FastAPI(
        title="badapple", version=__version__, openapi_url=None, docs_url=None, redoc_url=None,
        redirect_slashes=False, lifespan=lifespan, middleware=[*middlewares, _SMALLER],
    )  # fmt: skip
    app.state.doors = house
    _answer_errors(app)
    app.router.routes.extend(_routes())
    checks = ready or (lambda: _database_answers(house))
    app.router.routes.extend([*health_routes(alive=alive, ready=checks), *page_routes()])
    studio.install(app)
    _describe_once(app, settings, required=gate.required)
    return app


@lru_cache(maxsize=1)
def _routes() -> list[BaseRoute]:
    """Return the routes of every application: what FastAPI makes of them is the same for all, and takes its time."""
    every = APIRouter()
    for router in routers():
        every.include_router(router, prefix=V1)
        every.include_router(router, prefix="/api", include_in_schema=False)
    for router in root_routers():
        every.include_router(router, include_in_schema=False)
    return every.routes


def _answer_errors(app: FastAPI) -> None:
    async def problem(request: Request, error: Exception) -> Response:
        if isinstance(error, HTTPException):
            if isinstance(error.__cause__, errors.BadappleError):  # FastAPI's own word for a body that was refused
                error = error.__cause__
            elif error.status_code == 405:
                error = HTTPException(405, headers={"allow": ", ".join(_allowed(app, request))})
        return problem_of(error, instance=request.url.path, request_id=request.scope.get("badapple.request_id", ""))

    async def invalid(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for these alone
        return validation_problem(error, instance=request.url.path)

    for kind in (errors.BadappleError, SQLAlchemyError, HTTPException):
        app.add_exception_handler(kind, problem)
    app.add_exception_handler(RequestValidationError, invalid)


def _allowed(app: FastAPI, request: Request) -> list[str]:
    """Return the methods that an address takes: several routes may share it."""

    def takes(method: str) -> bool:
        scope = {**request.scope, "method": method}
        return any(route.matches(scope)[0] is Match.FULL for route in app.router.routes)

    return [method for method in _ASKED if takes(method)]


async def _database_answers(house: House) -> Mapping[str, bool]:
    def ask() -> bool:
        with house.engine.connect() as connection:
            connection.execute(text("SELECT 1"))
        return True

    try:
        return {"database": await process.in_thread(ask)}
    except SQLAlchemyError:
        return {"database": False}


def _describe_once(app: FastAPI, settings: Settings, *, required: bool) -> None:
    """Make the OpenAPI document when it is first asked for."""
    lock = threading.Lock()

    def document() -> dict[str, Any]:
        with lock:
            if app.openapi_schema is None:
                app.openapi_schema = describe(app, settings, required=required)
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign]  # FastAPI's own way
