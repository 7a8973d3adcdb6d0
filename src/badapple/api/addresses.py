"""Addresses of this server, as callers reach it."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from starlette.requests import HTTPConnection

__all__ = ["V1", "job_address", "root_of", "socket_address", "v1_address"]

V1 = "/api/v1"


def root_of(connection: HTTPConnection) -> str:
    """Return how the caller reached this server, or `BADAPPLE_PUBLIC_URL` where it is set; without a slash at its end.

    The Host header has passed the guard by now.
    """
    public: str | None = connection.app.state.doors.settings.doors.public_url
    if public is not None:
        return public
    scheme = connection.url.scheme.replace("ws", "http", 1)
    return f"{scheme}://{connection.url.netloc}"


def v1_address(connection: HTTPConnection, path: str) -> str:
    """Return the whole address of a path under `/api/v1`."""
    return f"{root_of(connection)}{V1}{path}"


def job_address(connection: HTTPConnection, job_id: str, rest: str = "") -> str:
    """Return the whole address of a job, or of what lies below it."""
    return v1_address(connection, f"/jobs/{quote(job_id, safe='')}{rest}")


def socket_address(connection: HTTPConnection, job_id: str) -> str:
    """Return the address of a job's WebSocket."""
    root = root_of(connection).replace("http", "ws", 1)
    return f"{root}/ws/job/{quote(job_id, safe='')}"
