"""What the doors take in and give out is forgotten when its time is over."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from datetime import timedelta
from typing import TYPE_CHECKING

from badapple.access import audit, sessions
from badapple.database.tables import now
from badapple.jobs import idempotency, shelf, uploads
from badapple.process import in_thread

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from sqlalchemy import Engine

    from badapple.config import Settings

__all__ = ["AUDIT_DAYS", "CREDENTIAL_DAYS", "keeping_house", "tidy"]

AUDIT_DAYS = 90  #: for which it is known who did what
CREDENTIAL_DAYS = 30  #: for which keys and sessions that are over are still listed
_FIRST, _EVERY = 60.0, 3600.0  #: seconds until the first round, and between two
_log = logging.getLogger("badapple.api")


@contextlib.asynccontextmanager
async def keeping_house(settings: Settings, engine: Engine) -> AsyncIterator[None]:
    """Tidy up every hour as long as the block runs; several processes may do it at once."""
    task = asyncio.ensure_future(_rounds(settings, engine))
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


def tidy(settings: Settings, engine: Engine) -> dict[str, int]:
    """Forget what is over, and return how much of each.

    Raises:
        StorageError: the storage cannot be reached; the next round goes on.
    """
    moment = now()
    return {
        "answers": idempotency.sweep(engine),
        "credentials": sessions.forget(engine, before=moment - timedelta(days=CREDENTIAL_DAYS)),
        "audit": audit.forget(engine, before=moment - timedelta(days=AUDIT_DAYS)),
        "uploads": uploads.sweep(settings),  # last: a storage that is away keeps nothing else
        "files": shelf.tidy(engine, settings),
    }


async def _rounds(settings: Settings, engine: Engine) -> None:
    await asyncio.sleep(_FIRST)
    while True:
        try:
            gone = await in_thread(tidy, settings, engine)
            if any(gone.values()):
                _log.info("house_tidied", extra=gone)
        except Exception as error:  # noqa: BLE001 - whatever is away comes back; the next round does all
            _log.warning("house_not_tidied", extra={"reason": str(error) or type(error).__name__})
        await asyncio.sleep(_EVERY)
