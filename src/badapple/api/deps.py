"""What routes are given: the settings, the database, and who asks."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Protocol

from fastapi import Depends
from starlette.requests import HTTPConnection  # noqa: TC002 - FastAPI reads the annotations

from badapple.access import ADMIN, READ, WRITE, Principal

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from badapple.access.signing import Signer
    from badapple.config import Settings
    from badapple.jobs import Doorbell

__all__ = ["Admin", "DoorsDep", "Gate", "House", "Reader", "Watcher", "Writer", "doors"]

_INTAKES, _FETCHES = 4, 16


class Gate(Protocol):
    """Says who asks; `badapple.api.guard.Gate` is the one that is used."""

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
        ...

    async def stands(self, principal: Principal) -> bool:
        """Say whether what they came in with is still good; live connections ask every second."""
        ...


@dataclass(slots=True, kw_only=True)
class House:
    """What all requests of a process share; `app.state.doors`.

    Attributes:
        settings: of this process.
        engine: the database.
        gate: says who asks.
        bell: rings when there may be news of some job, or None.
        signer: signs cursors and links.
        intakes: how many photos are taken in at once; each has a child process of its own.
        fetches: how many are fetched from the web at once, which takes as long as their servers like.
    """

    settings: Settings
    engine: Engine
    gate: Gate
    bell: Doorbell | None = None
    signer: Signer
    intakes: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_INTAKES))
    fetches: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_FETCHES))


def doors(connection: HTTPConnection) -> House:
    """Return what all requests share."""
    found: House = connection.app.state.doors
    return found


DoorsDep = Annotated[House, Depends(doors)]


async def _reader(connection: HTTPConnection) -> Principal:
    return await _who(connection, READ)


async def _writer(connection: HTTPConnection) -> Principal:
    return await _who(connection, WRITE)


async def _admin(connection: HTTPConnection) -> Principal:
    return await _who(connection, ADMIN)


async def _watcher(connection: HTTPConnection) -> Principal:
    return await _who(connection, READ, ticket=True)


async def _who(connection: HTTPConnection, scope: str, *, ticket: bool = False) -> Principal:
    job = connection.path_params.get("job_id")
    principal = await doors(connection).gate.admit(connection, ticket=ticket, job=job)
    connection.scope["badapple.principal"] = principal  # before it is refused: the audit log tells of that too
    principal.need(scope)
    return principal


Reader = Annotated[Principal, Depends(_reader)]
Writer = Annotated[Principal, Depends(_writer)]
Admin = Annotated[Principal, Depends(_admin)]
#: Reads, and may come with `?ticket=`, for what a browser opens by its address alone: sockets and event streams.
Watcher = Annotated[Principal, Depends(_watcher)]
