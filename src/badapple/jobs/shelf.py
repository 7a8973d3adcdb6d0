"""The shelf where files of orders and uploads lie, and who needs them.

Whoever begins to need a file, and whoever removes one that nobody needs, does so in a transaction behind the lock of
that file: so no file is removed that somebody has just begun to need.
"""

from __future__ import annotations

import contextlib
import time
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import Text, cast, func, select
from sqlalchemy.orm import Session

from badapple.cache import Blob
from badapple.database import BrandRow, Job, Upload
from badapple.database.transactions import once
from badapple.jobs.leftovers import Leftovers
from badapple.jobs.orders import FILES
from badapple.storage import shared

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from datetime import datetime

    from sqlalchemy import Engine

    from badapple.config import Settings

__all__ = ["blob_of", "clear", "drop", "hold", "lies", "logo_of", "needed", "tidy", "used"]

_APART = timedelta(minutes=10)
_LONG = 24 * 3600.0  #: seconds after which a file that nobody needs was left behind


def hold(session: Session, blobs: Iterable[Blob]) -> None:
    """Hold the locks of files until the transaction ends; on SQLite a transaction that writes is alone anyway."""
    if session.get_bind().dialect.name == "postgresql":
        for sha256 in sorted({blob.sha256 for blob in blobs}):
            session.execute(select(func.pg_advisory_xact_lock(func.hashtext(f"badapple blob {sha256}"))))


def lies(blob: Blob, settings: Settings) -> bool:
    """Say whether a file is where every worker finds it.

    Raises:
        StorageError: the storage cannot be asked.
    """
    key = f"blobs/{blob.sha256[:2]}/{blob.sha256}{blob.suffix}"
    storage = shared(settings)
    if storage is not None:
        return storage.size(key) == blob.size
    path = settings.data_dir / "orders" / key
    return path.is_file() and path.stat().st_size == blob.size


def needed(
    session: Session, blob: Blob, *, but: Collection[str] = (), since: datetime | None = None
) -> bool:  # fmt: skip
    """Say whether any upload or brand needs a file, or a job: one that is not named, of those new since a moment."""
    uploads = select(Upload.id).where(Upload.sha256 == blob.sha256).limit(1)
    brands = select(BrandRow.owner).where(BrandRow.logo_sha256 == blob.sha256).limit(1)
    kept = any(session.scalar(one) is not None for one in (uploads, brands))
    return kept or used(session, blob, but=but, since=since)


def used(session: Session, blob: Blob, *, but: Collection[str] = (), since: datetime | None = None) -> bool:
    """Say whether a job needs a file: one that is not named, and of those new since a moment."""
    jobs = select(Job.id).where(cast(Job.request, Text).contains(blob.sha256))
    if since is not None:  # clocks of machines differ
        jobs = jobs.where(Job.updated_at >= since - _APART)
    return any(job not in but for job in session.scalars(jobs))


def drop(engine: Engine, settings: Settings, blob: Blob) -> None:
    """Remove a file if nobody needs it.

    Raises:
        StorageError: the storage cannot be reached.
    """

    def work(session: Session) -> None:
        hold(session, [blob])
        if not needed(session, blob):
            clear(blob, settings)

    once(engine, work)


def tidy(engine: Engine, settings: Settings) -> int:
    """Remove files that were taken in by processes which died before a job or an upload needed them; return how many.

    Only the data folder is looked through: nobody can tell files of orders from parts in a storage.

    Raises:
        StorageError: the storage cannot be reached.
    """
    before = time.time() - _LONG
    with Session(engine) as session:
        files = Job.request["files"]
        known = [select(files[name]["sha256"].as_string()).distinct() for name in FILES]
        known += [select(Upload.sha256), select(BrandRow.logo_sha256)]
        wanted = {sha256 for one in known for sha256 in session.scalars(one)}
    gone = 0
    for path in (settings.data_dir / "orders" / "blobs").glob("??/*"):
        with contextlib.suppress(FileNotFoundError):
            if path.stem not in wanted and path.stat().st_mtime < before:
                drop(engine, settings, Blob(sha256=path.stem, size=path.stat().st_size, suffix=path.suffix))
                gone += not path.exists()
    return gone


def clear(blob: Blob, settings: Settings) -> None:
    """Remove a file here and in the storage.

    Raises:
        StorageError: the storage cannot be reached.
    """
    Leftovers(settings, shared(settings), dry_run=False).remove_blob(blob)


def blob_of(upload: Upload) -> Blob:
    """Return what an upload keeps."""
    return Blob(sha256=upload.sha256, size=upload.size, suffix=upload.suffix)


def logo_of(row: BrandRow) -> Blob | None:
    """Return the logo that a brand kit keeps, or None."""
    return None if row.logo_sha256 is None else Blob(sha256=row.logo_sha256, size=row.logo_size, suffix=".png")
