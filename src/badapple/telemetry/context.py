"""Keys that stand on every line logged inside a block: `job_id`, `stage`, `provider`."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from structlog import contextvars

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["bind", "bound", "keys"]


def bind(**keys: object) -> None:
    """Put keys on every line that this task or thread logs from now on, and the tasks it starts."""
    contextvars.bind_contextvars(**keys)


@contextlib.contextmanager
def bound(**keys: object) -> Iterator[None]:
    """Put keys on every line logged inside the block, also by tasks and `process.in_thread` started there.

    What the keys were before stands again afterwards.
    """
    with contextvars.bound_contextvars(**keys):
        yield


def keys() -> dict[str, object]:
    """Return what is bound here."""
    return contextvars.get_contextvars()
