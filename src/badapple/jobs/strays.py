"""Files in the shared storage that no row names: whoever put them there died before it wrote the row."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sqlalchemy import Text, cast, literal, select
from sqlalchemy.orm import Session

from badapple.cache import Blob
from badapple.database import BrandRow, Call, Job, Receipt, Upload, once
from badapple.jobs import shelf
from badapple.jobs.leftovers import blobs_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Engine

    from badapple.ports import Storage

__all__ = ["remove_strays"]

_LONG = 2 * 24 * 3600.0  #: seconds; what is made or ordered now has its row long before
_KEY = re.compile(r"blobs/[0-9a-f]{2}/([0-9a-f]{64})(\.[a-z0-9]{1,7})?")


def remove_strays(engine: Engine, storage: Storage, *, dry_run: bool = False) -> int:
    """Remove parts and photos that nobody names and that were not written for two days; return how many there were.

    A storage that several databases share must not be swept so: what one does not know may be another's.

    Args:
        engine: the database.
        storage: what workers share.
        dry_run: only count.

    Raises:
        StorageError: the storage cannot be reached.
    """
    found = {match[1]: key for key in storage.resting("blobs", _LONG) if (match := _KEY.fullmatch(key))}
    if not found:
        return 0
    with Session(engine) as session:  # after the look at the storage: what was named meanwhile stays
        for named in _named(session):
            found.pop(named, None)
    return sum(_drop(engine, storage, sha256, key, dry_run=dry_run) for sha256, key in found.items())


def _named(session: Session) -> Iterator[str]:
    """Yield the content of all files that rows name."""
    for table in (Receipt.files, Call.files, Job.request["files"]):
        for files in session.scalars(select(table).execution_options(yield_per=500)):
            yield from (blob.sha256 for blob in blobs_of(files))
    for column in (Upload.sha256, BrandRow.logo_sha256):
        yield from (sha256 for sha256 in session.scalars(select(column)) if sha256 is not None)


def _drop(engine: Engine, storage: Storage, sha256: str, key: str, *, dry_run: bool) -> bool:
    def work(session: Session) -> bool:
        blob = Blob(sha256=sha256, size=0, suffix="")
        shelf.hold(session, [blob])
        made = (cast(column, Text).contains(sha256) for column in (Receipt.files, Call.files))
        if shelf.needed(session, blob) or any(session.scalar(select(literal(1)).where(one).limit(1)) for one in made):
            return False
        if not dry_run:
            storage.remove(key)
        return True

    return once(engine, work)
