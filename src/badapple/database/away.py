"""Whether an error says that the database is away, and not that something is wrong with what was asked of it."""

from __future__ import annotations

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, TimeoutError  # noqa: A004 - as below

__all__ = ["is_away"]


def is_away(error: BaseException) -> bool:
    """Say whether the same may succeed when the database is back, or less busy."""
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return True
    return isinstance(error, OperationalError | InterfaceError | TimeoutError)  # the last: no connection became free
