"""The files of paid calls: booked where they lie, then shared; looked for outside of any transaction.

A call whose goods the storage may not have yet says so: its reason is `unshared`, its error says where they are, and
its holder is whoever has to share them.
"""

from __future__ import annotations

import socket
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from badapple.cache import Blob
from badapple.database import Call, again, once
from badapple.journal import words
from badapple.journal.rows import latest
from badapple.models import CallState

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from sqlalchemy import Engine
    from sqlalchemy.orm import Session

    from badapple.cache import Cache

    Files = Mapping[str, Mapping[str, Any]]  # name -> a blob's fields, as a row has them

__all__ = ["Looked", "Stock", "fetched"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """What was seen of a call that is collected.

    Attributes:
        call: id of its row.
        files: as the row had them.
        paths: where they are, or None where neither this machine nor the storage has them all.
    """

    call: str
    files: Files
    paths: dict[str, Path] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    call: str
    state: str
    reason: str | None
    files: Files
    hidden: bool


class Stock:
    """The goods that this machine has.

    Args:
        engine: the database.
        cache: where they are kept.
    """

    def __init__(self, engine: Engine, cache: Cache) -> None:
        self._engine = engine
        self._cache = cache
        self._where = f"its files are only on {socket.gethostname()} ({cache.root}), which has to share them"

    @property
    def root(self) -> Path:
        """The cache's folder."""
        return self._cache.root

    def keep(self, files: Mapping[str, Path]) -> dict[str, dict[str, Any]]:
        """Take files into the cache of this machine; return them as a row has them.

        Raises:
            OSError: they cannot be kept.
        """
        return {name: asdict(self._cache.keep(path)) for name, path in files.items()}

    def here(self, files: Files) -> dict[str, Path] | None:
        """Return where files are on this machine, or None where one is gone."""
        paths = {name: self._cache.here(Blob(**blob)) for name, blob in files.items()}
        found = {name: path for name, path in paths.items() if path is not None}
        return found if len(found) == len(files) else None

    def book(self, row: Call, files: Files, claim: str) -> None:
        """Write down that a call is collected, by whom, and that its goods are not shared yet."""
        row.state, row.files = CallState.COLLECTED.value, {name: dict(blob) for name, blob in files.items()}
        shares = self._cache.shares
        row.reason, row.error, row.holder = (words.UNSHARED, self._where, claim) if shares else (None, None, None)

    def hidden(self, row: Call) -> bool:
        """Say whether goods that are not here lie on another machine, as far as the books know."""
        return row.reason == words.UNSHARED and row.error != self._where

    def bring(self, key: str) -> Looked | None:
        """Look for the goods of a key, fetch them if need be, and share what was not shared yet.

        Returns:
            What was seen, or None where the last attempt at the key is not collected.

        Raises:
            StorageError: the storage cannot be asked, or cannot take what is not shared yet.
        """
        seen = self._seen(key)
        if seen is None or seen.state != CallState.COLLECTED:
            return None
        paths = fetched(self._cache, seen.files)
        if paths is not None and seen.reason == words.UNSHARED:
            self.share(seen.call)
        return Looked(call=seen.call, files=seen.files, paths=paths)

    def has(self, key: str) -> bool:
        """Say whether the goods of a key can be had, or are paid for and on their way.

        Raises:
            StorageError: they are not here, and the storage cannot be asked.
        """
        seen = self._seen(key)
        if seen is None or seen.state != CallState.COLLECTED:
            return seen is not None and seen.state == CallState.SUBMITTED
        return seen.hidden or fetched(self._cache, seen.files) is not None

    def _seen(self, key: str) -> _Seen | None:
        def work(session: Session) -> _Seen | None:
            row = latest(session, key)
            if row is None:
                return None
            return _Seen(call=row.id, state=row.state, reason=row.reason, files=row.files, hidden=self.hidden(row))

        return again(self._engine, work)

    def share(self, call: str) -> None:
        """Share the goods of a call that were not shared yet, and write that down.

        Raises:
            StorageError: it cannot be done now.
        """

        def unshared(session: Session) -> Files | None:
            row = session.get_one(Call, call)
            return row.files if row.state == CallState.COLLECTED and row.reason == words.UNSHARED else None

        files = again(self._engine, unshared)
        if files is None:
            return
        for blob in files.values():
            self._cache.share(Blob(**blob))

        def shared(session: Session) -> None:
            row = session.get_one(Call, call, with_for_update=True)
            if row.reason == words.UNSHARED and row.state == CallState.COLLECTED and row.files == files:
                row.reason = row.error = row.holder = None

        once(self._engine, shared)

    def share_all(self) -> int:
        """Share all goods that this machine has and that were not shared yet; return of how many calls.

        Raises:
            StorageError: it cannot be done now.
        """
        if not self._cache.shares:
            return 0
        query = select(Call.id, Call.files).where(
            Call.state == CallState.COLLECTED.value, Call.reason == words.UNSHARED
        )
        rows = again(self._engine, lambda session: session.execute(query).all())
        mine = [row.id for row in rows if self.here(row.files) is not None]
        for call in mine:
            self.share(call)
        return len(mine)


def fetched(cache: Cache, files: Files) -> dict[str, Path] | None:
    """Return where files are, fetched from the storage if need be, or None where one is gone; for no transaction.

    Raises:
        StorageError: one is not here, and the storage cannot be asked.
        OSError: one cannot be kept here.
    """
    paths = {}
    for name, blob in files.items():
        path = cache.get(Blob(**blob))
        if path is None:
            return None
        paths[name] = path
    return paths
