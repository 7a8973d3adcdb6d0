"""Shares what was bought while the storage was away, also what a worker left that died meanwhile."""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING

from badapple.journal.goods import Stock

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from badapple.cache import Cache

__all__ = ["Sharer"]

_EVERY = 60.0
_log = logging.getLogger("badapple.worker")


class Sharer:
    """Looks once a minute, in a thread of its own: an upload may take long.

    Args:
        database: of the calls.
        cache: of this machine, with the storage behind it.
    """

    def __init__(self, database: Engine, cache: Cache) -> None:
        self._stock = Stock(database, cache)
        self._thread = threading.Thread(target=self._work, name="badapple-sharer", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def _work(self) -> None:
        while True:
            try:
                shared = self._stock.share_all()
                if shared:
                    _log.info("goods_shared_late", extra={"count": shared})
            except Exception as error:  # noqa: BLE001 - storage or database is away: the next round tries again
                _log.warning("goods_not_shared", extra={"reason": str(error)})
            time.sleep(_EVERY)
