"""A gate of a test's own, for routes that ask who somebody is and nothing more."""

from __future__ import annotations

from fastapi import APIRouter, FastAPI
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response

from badapple.access import READ, WRITE, Principal
from badapple.api.deps import House
from badapple.api.problems import problem_of
from badapple.errors import BadappleError, ForbiddenError, UnauthenticatedError


class Porter:
    """Lets in whoever names an owner as `Bearer NAME`, or has a ticket that nobody has used."""

    def __init__(self) -> None:
        self.tickets = {"fresh": "ada"}
        self.gone: set[str] = set()

    async def admit(self, connection: HTTPConnection, *, ticket: bool = False, job: str | None = None) -> Principal:
        if connection.headers.get("origin", "").endswith("evil.example"):
            raise ForbiddenError("pages of this origin are not let in")
        owner = connection.headers.get("authorization", "").removeprefix("Bearer ")
        if ticket and "ticket" in connection.query_params:
            owner = self.tickets.pop(connection.query_params["ticket"], "")
        if not owner:
            raise UnauthenticatedError("nobody knows you")
        return Principal(owner=owner, scopes=frozenset({READ, WRITE}), actor=owner, kind="key")

    async def stands(self, principal: Principal) -> bool:
        return principal.actor not in self.gone


def application(house: House, *routers: APIRouter, root: APIRouter | None = None) -> FastAPI:
    """Return an application of some routes, whose errors are answered as in the real one."""
    app = FastAPI(redirect_slashes=False)
    app.state.doors = house
    for router in routers:
        app.include_router(router, prefix="/api/v1")
    if root is not None:
        app.include_router(root)

    async def refused(_request: Request, error: Exception) -> Response:
        return problem_of(error)

    app.add_exception_handler(BadappleError, refused)
    return app


def bearer(owner: str = "ada") -> dict[str, str]:
    return {"authorization": f"Bearer {owner}"}
