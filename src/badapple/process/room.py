"""Writing what must not be lost: a disk that is full is waited for."""

from __future__ import annotations

import asyncio
import errno
import logging
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from badapple.process.threads import T

__all__ = ["PATIENCE", "is_full", "with_room"]

PATIENCE = 300.0  #: seconds for which room is waited for
_AGAIN = 2.0
_log = logging.getLogger("badapple.process")


def is_full(error: BaseException) -> bool:
    """Say whether an error says that a disk, or a share of one, is full."""
    return isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)


async def with_room(work: Callable[[], Awaitable[T]]) -> T:
    """Do work that writes something paid for; where the disk is full, do it again when it is not.

    Raises:
        OSError: the disk stayed full, or it is something else.
    """
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return await work()
        except OSError as error:
            if not is_full(error) or time.monotonic() > deadline:
                raise
            _log.warning("paid_goods_wait_for_room", extra={"reason": str(error)})
        await asyncio.sleep(_AGAIN)
