"""The open connections of this process: one client for each vendor and event loop."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Protocol, TypeVar, cast
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

__all__ = ["Closing", "close", "kept", "shared"]


class Closing(Protocol):
    """Anything with connections that can be closed."""

    def aclose(self) -> Awaitable[object]:
        """Close them."""
        ...


T = TypeVar("T", bound=Closing)

# A client lives in the loop that opened its connections: another loop gets another client.
_open: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[object, Closing]] = WeakKeyDictionary()
_users: WeakKeyDictionary[asyncio.AbstractEventLoop, int] = WeakKeyDictionary()


def shared(name: object, make: Callable[[], T]) -> T:
    """Return the running loop's client of that name, made when first asked for."""
    clients = _open.setdefault(asyncio.get_running_loop(), {})
    if name not in clients:
        clients[name] = make()
    return cast("T", clients[name])


async def close() -> None:
    """Close every client of the running loop; the next call opens new ones."""
    for client in _open.pop(asyncio.get_running_loop(), {}).values():
        with contextlib.suppress(Exception):
            await client.aclose()


@contextlib.asynccontextmanager
async def kept() -> AsyncIterator[None]:
    """Keep the clients of the running loop; the last such block to end closes them."""
    loop = asyncio.get_running_loop()
    _users[loop] = _users.get(loop, 0) + 1
    try:
        yield
    finally:
        _users[loop] -= 1
        if not _users[loop]:
            await close()
