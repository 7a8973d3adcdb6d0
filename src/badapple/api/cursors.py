"""Cursors of lists: signed, so that they can only be passed on unchanged, and only for the same list."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from badapple.api.problems import ProblemError
from badapple.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from badapple.access.signing import Signer

__all__ = ["read", "write"]

_PURPOSE = "cursor"


def write(signer: Signer, after: tuple[str, str], *, owner: str, asked: Mapping[str, Any]) -> str:
    """Return a cursor.

    Args:
        signer: of this server.
        after: where the page ended.
        owner: whose list it is.
        asked: the filters of the list.
    """
    return signer.sign(_PURPOSE, {"a": list(after), "o": owner, "f": _told(asked)})


def read(signer: Signer, cursor: str, *, owner: str, asked: Mapping[str, Any]) -> tuple[str, str]:
    """Return where the page before ended.

    Raises:
        ProblemError: the cursor was not made here, or for another list.
    """
    try:
        body = signer.read(_PURPOSE, cursor)
    except InputError as error:
        raise ProblemError("invalid_cursor", "the cursor was not handed out here", pointer="#query/cursor") from error
    if body.get("o") != owner or body.get("f") != _told(asked):
        raise ProblemError("invalid_cursor", "the cursor belongs to another list", pointer="#query/cursor")
    moment, job_id = body["a"]
    return moment, job_id


def _told(asked: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in asked.items() if value is not None}
