"""Photos that are handed in before the job that shall use them."""

from __future__ import annotations

import contextlib
import re
import uuid
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from badapple.cache import Blob, sha256_of
from badapple.database import Job, Upload, open_database
from badapple.database.tables import now
from badapple.database.transactions import once
from badapple.errors import ConflictError, InputError, LimitExceededError, NotFoundError
from badapple.jobs import keeping, looks, shelf, wording
from badapple.process import in_thread
from badapple.product.limits import MAX_BYTES
from badapple.secrets import plain

if TYPE_CHECKING:
    import asyncio
    from datetime import datetime
    from pathlib import Path

    from sqlalchemy import Engine

    from badapple.config import Settings

__all__ = ["UploadView", "get", "listing", "order_photo", "remove", "sweep", "take", "take_url"]

_ID = re.compile(r"[0-9a-f]{32}")
_TYPES = ("image/", "application/octet-stream", "binary/octet-stream")  #: what the content is, the decoder tells
_NAME = 255  #: characters of a name that are kept


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadView:
    """A photo as it is kept: an upright PNG in sRGB of at most 2160 px, without any of the file's own metadata.

    Attributes:
        id: names it in an order.
        owner: whose it is.
        name: as the caller called it, for showing only.
        sha256: of what is kept, hex.
        size: bytes of what is kept; they count against the owner's quota.
        width: px of the picture as it was handed in, upright.
        height: px.
        created_at: when it was handed in.
        expires_at: when it goes, unless a job uses it.
    """

    id: str
    owner: str
    name: str
    sha256: str
    size: int
    width: int
    height: int
    created_at: datetime
    expires_at: datetime

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON; moments in ISO 8601."""
        body = asdict(self)
        return {**body, "created_at": self.created_at.isoformat(), "expires_at": self.expires_at.isoformat()}


def take(settings: Settings, owner: str, file: Path, *, name: str = "", upload_id: str | None = None) -> UploadView:
    """Take a photo in; an event loop calls it in a thread.

    It is decoded in the limited child process and written anew: nothing but its pixels is kept.

    Args:
        settings: database, storage and quota.
        owner: whose it will be.
        file: the photo; it may be removed afterwards.
        name: as the caller calls it; only its last part is kept, without control characters.
        upload_id: 32 hex digits; None makes one. One that the owner has already is returned as it is.

    Raises:
        PhotoError: it cannot be used; says why.
        LimitExceededError: the owner's uploads would be larger than the quota (`upload_quota`).
        StorageError: the storage that workers share cannot be written.
        DiskError: the data folder cannot be written.
    """
    engine, place = open_database(settings.database_url), keeping.open_shelf(settings)
    wording.owner_name(owner)
    with Session(engine) as session:  # a full shelf shall not keep us busy with photos
        _refuse_more(session, owner, 1, settings)
    with keeping.writing_on(place), place.workplace() as folder:
        photo = folder / "photo.png"
        width, height = keeping.rewrite(file, photo)
        blob = Blob(sha256=sha256_of(photo), size=photo.stat().st_size, suffix=".png")
        row = {
            "id": _checked_id(upload_id), "owner": owner, "sha256": blob.sha256, "size": blob.size,
            "suffix": blob.suffix, "name": _shown(name), "width": width, "height": height,
        }  # fmt: skip
        # The row first: so the quota holds, and no file is left that nobody knows.
        view = once(engine, lambda session: _enter(session, row, blob, settings))
        try:
            place.put(photo)
        except BaseException:
            once(engine, lambda session: _strike(session, view.id))
            raise
    return view


async def take_url(
    settings: Settings, owner: str, url: str, *, name: str = "", intakes: asyncio.Semaphore | None = None
) -> UploadView:
    """Fetch a photo from the web and take it in.

    Args:
        settings: as for `take`.
        owner: whose it will be.
        url: where it is.
        name: as the caller calls it; empty takes the last part of the address.
        intakes: how many photos are taken in at once. Fetching does not count: it takes as long as others like.

    Raises:
        InputError: photos are not taken by address here, or the address may not or cannot be fetched.
        PhotoError: it cannot be used.
        LimitExceededError: as `take`.
    """
    if not settings.doors.image_urls:
        raise InputError(
            "photos are not taken by their address here", hint="send the file itself, or set BADAPPLE_IMAGE_URLS=on"
        )
    from badapple.fetching import Rules, fetch  # noqa: PLC0415 - most photos come as files

    rules = Rules(most=MAX_BYTES, types=_TYPES, private_hosts=settings.doors.private_hosts)
    place = keeping.open_shelf(settings)
    with keeping.writing_on(place), place.workplace() as folder:
        fetched = await fetch(url, folder / "fetched", rules=rules)
        shown = name or urlsplit(fetched.url).path
        async with intakes or contextlib.nullcontext():
            return await in_thread(take, settings, owner, fetched.path, name=shown)


def get(settings: Settings, owner: str, upload_id: str) -> UploadView:
    """Return an upload.

    Raises:
        NotFoundError: there is no such upload of this owner.
    """
    with Session(open_database(settings.database_url)) as session:
        return _view(_of(session, owner, upload_id))


def listing(settings: Settings, owner: str, *, limit: int = 100) -> tuple[UploadView, ...]:
    """Return an owner's uploads, the newest first."""
    wanted = select(Upload).where(Upload.owner == owner).order_by(Upload.created_at.desc(), Upload.id.desc())
    with Session(open_database(settings.database_url)) as session:
        return tuple(_view(row) for row in session.scalars(wanted.limit(limit)))


def order_photo(settings: Settings, owner: str, upload_id: str) -> Blob:
    """Return the upload's content for `JobOrder(files={"photo": blob})`; nothing is copied.

    Raises:
        NotFoundError: there is no such upload of this owner.
    """
    with Session(open_database(settings.database_url)) as session:
        return shelf.blob_of(_of(session, owner, upload_id))


def remove(settings: Settings, owner: str, upload_id: str) -> None:
    """Remove an upload; jobs that use its photo keep it.

    Raises:
        NotFoundError: there is no such upload of this owner.
        StorageError: the storage cannot be reached; the upload is still there.
    """
    engine = open_database(settings.database_url)
    with Session(engine) as session:
        blob = shelf.blob_of(_of(session, owner, upload_id))
    once(engine, lambda session: _remove(session, settings, upload_id, blob))


def sweep(settings: Settings) -> int:
    """Remove uploads whose time is over and that no job uses; return how many.

    Raises:
        StorageError: the storage cannot be reached.
    """
    engine = open_database(settings.database_url)
    return sum(_sweep(engine, settings, upload_id, blob) for upload_id, blob in _over(engine))


def _sweep(engine: Engine, settings: Settings, upload_id: str, blob: Blob) -> int:
    return once(engine, lambda session: _remove(session, settings, upload_id, blob, unused=True))


def _enter(session: Session, row: dict[str, Any], blob: Blob, settings: Settings) -> UploadView:
    """Write the row of an upload, if the owner's quota has room for it."""
    owner = str(row["owner"])
    if session.get_bind().dialect.name == "postgresql":  # a transaction that writes is alone on SQLite
        session.execute(select(func.pg_advisory_xact_lock(func.hashtext(f"badapple uploads {owner}"))))
    there = session.get(Upload, row["id"])
    if there is not None:
        if there.owner != owner:
            raise ConflictError("there is an upload of this id already", hint="give another id, or none")
        return _view(there)
    _refuse_more(session, owner, blob.size, settings)
    shelf.hold(session, [blob])
    moment = now()
    upload = Upload(**row, created_at=moment, expires_at=moment + timedelta(days=settings.doors.upload_days))
    session.add(upload)
    session.flush()
    return _view(upload)


def _refuse_more(session: Session, owner: str, size: int, settings: Settings) -> None:
    sums = select(func.sum(Upload.size), func.min(Upload.expires_at)).where(Upload.owner == owner)
    found, first = session.execute(sums).one()
    there, most = int(found or 0), settings.doors.upload_quota  # Postgres adds up big integers as decimals
    if there + size <= most:
        return
    raise LimitExceededError(
        f"the uploads have {there / 1e6:.1f} MB, this one {size / 1e6:.1f} MB, and {most / 1e6:.0f} MB are the most",
        code="upload_quota",
        retry_after=max(1.0, (first - now()).total_seconds()) if there else None,
        hint="remove some that no job needs, or raise BADAPPLE_UPLOAD_QUOTA_MB",
    )


def _strike(session: Session, upload_id: str) -> None:
    row = session.get(Upload, upload_id, with_for_update=True)
    if row is not None:
        session.delete(row)
        session.flush()


def _remove(session: Session, settings: Settings, upload_id: str, blob: Blob, *, unused: bool = False) -> int:
    """Remove a row, and its file where nobody else needs it; return how many rows went.

    Args:
        session: in a transaction that writes.
        settings: where things lie.
        upload_id: the upload.
        blob: what it keeps.
        unused: only if no job uses it.
    """
    shelf.hold(session, [blob])
    if unused and shelf.used(session, blob):
        return 0
    row = session.get(Upload, upload_id, with_for_update=True)
    if row is None:
        return 0
    session.delete(row)
    session.flush()
    if not shelf.needed(session, blob):
        looks.forget(session, settings, blob)
        shelf.clear(blob, settings)
    return 1


def _over(engine: Engine) -> list[tuple[str, Blob]]:
    """Return uploads whose time is over and that no job uses now."""
    with Session(engine) as session:
        rows = session.scalars(select(Upload).where(Upload.expires_at < now())).all()
        if not rows:
            return []
        photo = Job.request["files"]["photo"]["sha256"].as_string()
        used = set(session.scalars(select(photo).distinct()))
        return [(row.id, shelf.blob_of(row)) for row in rows if row.sha256 not in used]


def _of(session: Session, owner: str, upload_id: str) -> Upload:
    row = session.get(Upload, upload_id) if _ID.fullmatch(upload_id) else None
    if row is None or row.owner != owner:
        raise NotFoundError(f"there is no upload {upload_id[:40]!r}", hint="hand the photo in again")
    return row


def _view(row: Upload) -> UploadView:
    return UploadView(
        id=row.id, owner=row.owner, name=row.name, sha256=row.sha256, size=row.size, width=row.width,
        height=row.height, created_at=row.created_at, expires_at=row.expires_at,
    )  # fmt: skip


def _checked_id(upload_id: str | None) -> str:
    if upload_id is not None and not _ID.fullmatch(upload_id):
        raise InputError("the id of an upload is 32 hex digits")
    return upload_id or uuid.uuid4().hex


def _shown(name: str) -> str:
    """Return a file's name as it may be shown: no folders, nothing that turns letters around."""
    last = re.split(r"[/\\]", name)[-1]
    return plain(last.encode("utf-8", "replace").decode()).strip()[:_NAME]
