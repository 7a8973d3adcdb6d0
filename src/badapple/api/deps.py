"""What routes are given: the settings, the database, and who asks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Protocol

from fastapi import Depends
from starlette.requests import HTTPConnection  # noqa: TC002 - FastAPI reads the annotations

from badapple.access import ADMIN, READ, WRITE, Principal

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from badapple.config import Settings
    from badapple.jobs import Doorbell

__all__ = ["Admin", "DoorsDep", "Gate", "House", "Reader", "Writer", "doors"]


class Gate(Protocol):
    """Says who asks; `badapple.api.guard.Gate` is the one that is used."""

    async def admit(self, connection: HTTPConnection) -> Principal:
        """Return who it is.

        Raises:
            UnauthenticatedError: nobody knows.
            ForbiddenError: their page, their host or their address is not allowed in.
        """
        ...


@dataclass(slots=True, kw_only=True)
class House:
    """What all requests of a process share; `app.state.doors`.

    Attributes:
        settings: of this process.
        engine: the database.
        gate: says who asks.
        bell: rings when there may be news of some job, or None.
        signer: signs cursors and links (`badapple.access.signing.Signer`).
    """

    settings: Settings
    engine: Engine
    gate: Gate
    bell: Doorbell | None = None
    signer: Any = None


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


async def _who(connection: HTTPConnection, scope: str) -> Principal:
    principal = await doors(connection).gate.admit(connection)
    principal.need(scope)
    connection.scope["badapple.principal"] = principal
    return principal


Reader = Annotated[Principal, Depends(_reader)]
Writer = Annotated[Principal, Depends(_writer)]
Admin = Annotated[Principal, Depends(_admin)]
