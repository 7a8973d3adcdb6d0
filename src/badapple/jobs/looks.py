"""What was found out about files that somebody handed in: kept like parts, though no job need list it among its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Text, cast, select

from badapple.assets.runner import ingest_key, key_of
from badapple.database import Part, Receipt, once
from badapple.jobs import shelf
from badapple.jobs.leftovers import Leftovers, blobs_of
from badapple.models import AssetRequest
from badapple.storage import shared

if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Set as AbstractSet
    from datetime import datetime

    from sqlalchemy import Engine
    from sqlalchemy.orm import Session

    from badapple.cache import Blob
    from badapple.config import Settings

__all__ = ["forget", "keys_of", "left_behind", "needed"]

_KINDS = ("photo", "track", "logo file")  #: as the pipeline takes files of orders in


def keys_of(session: Session, blobs: Iterable[Blob]) -> set[str]:
    """Return the keys of the receipts that keep these files as inputs, and of the looks at them."""
    found = set()
    for blob in blobs:
        for kind in _KINDS:
            row = session.get(Receipt, ingest_key(kind, blob.sha256))
            if row is not None:
                found.add(row.key)
            if row is not None and kind == "photo" and row.digest is not None:
                found.add(key_of(AssetRequest(kind="product", params={}, inputs={"photo": row.digest})))
    return found


def left_behind(session: Session, since: datetime, blobs: Iterable[Blob]) -> set[str]:
    """Return the keys of looks that no job lists, and that were not made since a moment.

    An earlier release's looks have other names than this one's: whoever removes their photo does not find them.

    Args:
        session: reads only.
        since: younger ones are left out.
        blobs: photos that somebody needs; looks at them by this release are left out.
    """
    old = select(Receipt.key).where(
        Receipt.kind == "product", Receipt.state == "collected", Receipt.updated_at < since,
        Receipt.key.not_in(select(Part.key)),
    )  # fmt: skip
    return set(session.scalars(old)) - keys_of(session, blobs)


def needed(engine: Engine, settings: Settings, blob: Blob, *, look: str | None = None) -> bool:
    """Say whether anybody needs a photo still; where nobody does, the look at it is removed.

    Args:
        engine: the database.
        settings: where things lie.
        blob: the photo as it was handed in.
        look: key of the look, for whoever removed the photo meanwhile may have found no more than its beginning.

    Raises:
        StorageError: the storage cannot be reached.
    """

    def work(session: Session) -> bool:
        shelf.hold(session, [blob])
        stays = shelf.needed(session, blob)
        if not stays:
            forget(session, settings, blob, also={look} if look is not None else set())
        return stays

    return once(engine, work)


def forget(session: Session, settings: Settings, blob: Blob, *, also: AbstractSet[str] = frozenset()) -> None:
    """Remove the look at a photo that nobody needs any more, with its files here and in the storage.

    One that is being made stays: whoever makes it asks `needed` afterwards.

    Args:
        session: in a transaction that writes.
        settings: where things lie.
        blob: the photo as it was handed in.
        also: keys of further receipts of it.

    Raises:
        StorageError: the storage cannot be reached.
    """
    keys = keys_of(session, [blob]) | also
    used = set(session.scalars(select(Part.key).where(Part.key.in_(keys))))
    wanted = select(Receipt).where(Receipt.key.in_(keys - used), Receipt.state == "collected")
    rows = session.scalars(wanted).all()
    files = {one for row in rows for one in blobs_of(row.files)}
    for row in rows:
        session.delete(row)
    session.flush()
    left = Leftovers(settings, shared(settings), dry_run=False)
    for file in files:
        others = select(Receipt.key).where(cast(Receipt.files, Text).contains(file.sha256)).limit(1)
        if session.scalar(others) is None:
            left.remove_blob(file)
