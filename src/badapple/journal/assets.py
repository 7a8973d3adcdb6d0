"""Receipts: what was begun, what is finished, and where its files are.

A receipt's life: `intent` (committed before the work begins) -> `collected` (committed after its files are in
the cache). Each step is its own short transaction.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from badapple.database import Receipt, again
from badapple.database.rows import ensure
from badapple.journal.goods import fetched
from badapple.models import Asset, Maker

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from sqlalchemy import Engine
    from sqlalchemy.orm import Session

    from badapple.cache import Cache
    from badapple.models import AssetRequest

__all__ = ["Journal"]


class Journal:
    """Receipts in a database, files in a cache."""

    def __init__(self, engine: Engine, cache: Cache) -> None:
        self._engine = engine
        self._cache = cache

    def find(self, key: str) -> Asset | None:
        """Return the finished asset, or None where it was never finished or a file of it is gone or damaged."""
        return self._fetched(again(self._engine, lambda session: _written(session.get(Receipt, key))))

    def find_digest(self, digest: str) -> Asset | None:
        """Return a finished asset with this content, or None."""
        same = select(Receipt).where(Receipt.digest == digest, Receipt.state == "collected")

        def work(session: Session) -> list[_Written | None]:
            return [_written(row) for row in session.scalars(same)]

        found = (self._fetched(written) for written in again(self._engine, work))
        return next((asset for asset in found if asset is not None), None)

    def begin(self, key: str, request: AssetRequest, maker: Maker, *, anew: bool = True) -> None:
        """Write down that the making of an asset begins.

        Args:
            key: of the asset.
            request: what is made.
            maker: who makes it.
            anew: False leaves one that is finished as it is: others build on it already.
        """

        def work(session: Session) -> None:
            # What vendors make has no file lock: two may begin the same receipt in the same moment.
            ensure(session, Receipt, key=key, kind=request.kind, state="intent", maker=asdict(maker), begun=0, made=0)
            row = session.get_one(Receipt, key, with_for_update=True)
            if row.state == "collected" and not anew:
                return
            row.label, row.maker, row.state, row.digest = request.label, asdict(maker), "intent", None
            row.begun += 1

        again(self._engine, work)

    def collect(
        self, key: str, files: Mapping[str, Path], *, facts: Mapping[str, Any], seconds: float, cost: int = 0
    ) -> Asset:
        """Take an asset's files into the cache, share them, and write down that it is finished.

        Shared before it is written down: whoever reads of a finished part can have it. Where another process finished
        the same asset since `begin`, that one is returned: others build on it already, and the same recipe need not
        give the same bytes on every machine.

        Raises:
            StorageError: they cannot be shared now.
            OSError: they cannot be kept.
        """
        blobs = {name: self._cache.put(path) for name, path in files.items()}
        content = json.dumps([sorted((name, blob.sha256) for name, blob in blobs.items()), facts], sort_keys=True)

        def work(session: Session, *, first_stays: bool) -> _Written | None:
            row = session.get_one(Receipt, key, with_for_update=True)
            first = _written(row, reused=False)
            if first is not None and first_stays:
                row.made, row.cost = row.made + 1, max(row.cost, cost)  # of two that buy the same, one pays
                return replace(first, asset=replace(first.asset, seconds=seconds, cost=cost))
            row.state, row.files = "collected", {name: asdict(blob) for name, blob in blobs.items()}
            row.facts, row.seconds, row.cost = dict(facts), seconds, cost
            row.digest = hashlib.sha256(content.encode()).hexdigest()
            row.made += 1
            session.flush()
            return _written(row, reused=False)

        asset = self._fetched(again(self._engine, lambda session: work(session, first_stays=True)))
        if asset is None:  # the first one's files are gone again
            asset = self._fetched(again(self._engine, lambda session: work(session, first_stays=False)))
        if asset is None:
            raise FileNotFoundError(f"the files of {key} vanished from the cache at {self._cache.root}")
        return asset

    def _fetched(self, written: _Written | None) -> Asset | None:
        # Outside of the transaction: a storage may take its time.
        paths = None if written is None else fetched(self._cache, written.files)
        return None if written is None or paths is None else replace(written.asset, files=paths)


@dataclass(frozen=True, slots=True)
class _Written:
    """A finished asset as its receipt has it: without its files' places."""

    asset: Asset
    files: Mapping[str, Mapping[str, Any]]


def _written(row: Receipt | None, *, reused: bool = True) -> _Written | None:
    if row is None or row.state != "collected" or row.digest is None:
        return None
    asset = Asset(
        key=row.key, kind=row.kind, files={}, digest=row.digest, facts=row.facts, maker=Maker(**row.maker),
        seconds=row.seconds, cost=row.cost, reused=reused,
    )  # fmt: skip
    return _Written(asset, row.files)
