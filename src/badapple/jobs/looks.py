"""What was found out about files that somebody handed in: kept like parts, though no job need list it among its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Text, cast, select

from badapple.assets.runner import ingest_key, key_of
from badapple.database import Part, Receipt
from badapple.jobs.leftovers import Leftovers, blobs_of
from badapple.models import AssetRequest
from badapple.storage import shared

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy.orm import Session

    from badapple.cache import Blob
    from badapple.config import Settings

__all__ = ["forget", "keys_of"]

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


def forget(session: Session, settings: Settings, blob: Blob) -> None:
    """Remove the look at a photo that nobody needs any more, with its files here and in the storage.

    Args:
        session: in a transaction that writes.
        settings: where things lie.
        blob: the photo as it was handed in.

    Raises:
        StorageError: the storage cannot be reached.
    """
    keys = keys_of(session, [blob])
    used = set(session.scalars(select(Part.key).where(Part.key.in_(keys))))
    rows = session.scalars(select(Receipt).where(Receipt.key.in_(keys - used))).all()
    files = {one for row in rows for one in blobs_of(row.files)}
    for row in rows:
        session.delete(row)
    session.flush()
    left = Leftovers(settings, shared(settings), dry_run=False)
    for file in files:
        others = select(Receipt.key).where(cast(Receipt.files, Text).contains(file.sha256)).limit(1)
        if session.scalar(others) is None:
            left.remove_blob(file)
