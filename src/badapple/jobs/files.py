"""The files of a job that callers may read: found by what the job is, never by a path that somebody names."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy.orm import Session

from badapple.database import open_database
from badapple.errors import NotFoundError, StorageError
from badapple.jobs.details import part_blob
from badapple.jobs.keeping import open_cache
from badapple.jobs.leftovers import folder_name
from badapple.jobs.queue import LOCAL
from badapple.jobs.views import of
from badapple.storage.content import open_below

if TYPE_CHECKING:
    from badapple.config import Settings
    from badapple.database import Job
    from badapple.ports import Content, Storage

__all__ = ["FILES", "Found", "Kind", "find", "find_part"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One of the files that a finished job has.

    Attributes:
        ending: of its name, beside the video's name without `.mp4`.
        media_type: of its content.
        inline: whether browsers show it; else they save it.
        says: what it is, for people.
    """

    ending: str
    media_type: str
    inline: bool = False
    says: str = ""


FILES = {
    "video": Kind(ending=".mp4", media_type="video/mp4", inline=True, says="The video, MP4"),
    "poster": Kind(ending=".poster.jpg", media_type="image/jpeg", inline=True, says="A still of it, JPEG"),
    "captions.srt": Kind(ending=".srt", media_type="application/x-subrip", says="Its captions, for players"),
    "captions.vtt": Kind(ending=".vtt", media_type="text/vtt; charset=utf-8", says="Its captions, for browsers"),
    "qa": Kind(ending=".qa.json", media_type="application/json", says="What was measured on it"),
    "manifest": Kind(ending=".manifest.json", media_type="application/json", says="Who made which part of it"),
}
_PARTS = {
    ".mp3": "audio/mpeg", ".mp4": "video/mp4", ".m4a": "audio/mp4", ".wav": "audio/wav", ".png": "image/png",
    ".jpg": "image/jpeg", ".json": "application/json",
}  # fmt: skip
_SHOWN = ("audio/", "video/", "image/")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A file that is there; whoever asked closes its content.

    Attributes:
        content: to read from.
        name: what it is called where it is saved.
        media_type: of the content.
        inline: whether browsers show it.
        key: of the object in the storage, or None where it is a file here.
    """

    content: Content
    name: str
    media_type: str
    inline: bool
    key: str | None = None


def find(
    job_id: str, file: str, settings: Settings, *, owner: str | None = None, storage: Storage | None = None
) -> Found:
    """Open one of a finished job's files. Blocks.

    Args:
        job_id: the job.
        file: one of `FILES`.
        settings: where things lie.
        owner: whose job it must be; None looks at everybody's.
        storage: what workers share, or None.

    Raises:
        NotFoundError: there is no such job of this owner, or no such file of it.
        StorageError: it cannot be read now.
    """
    kind = FILES.get(file)
    with Session(open_database(settings.database_url)) as session:
        row = of(session, job_id, owner=owner)
        session.expunge(row)
    if kind is None:
        raise NotFoundError(f"jobs have no file {file[:40]!r}", hint=f"they have {', '.join(FILES)}")
    if not row.video_url:
        hint = "wait for its events to end" if row.ended_at is None else "see its error_message"
        raise NotFoundError(f"the job {job_id!r} is {row.status} and has no video", hint=hint)
    try:
        content, key = _open(row, kind, settings, storage)
    except OSError as error:
        raise StorageError(f"a file of the job {job_id!r} cannot be read: {error.strerror or error}") from error
    if content is None:
        raise NotFoundError(f"the {file} of the job {job_id!r} is gone", hint="it was removed, or lies elsewhere")
    return Found(
        content=content, name=f"{_title(row)}{kind.ending}", media_type=kind.media_type, inline=kind.inline, key=key
    )


def find_part(job_id: str, label: str, file: str, settings: Settings, *, owner: str | None = None) -> Found:
    """Open a file of one of a job's parts; it is fetched from the storage if need be. Blocks.

    Args:
        job_id: the job.
        label: of the part, like `voice 1`.
        file: name of the file within the part.
        settings: where things lie.
        owner: whose job it must be; None looks at everybody's.

    Raises:
        NotFoundError: there is no such job of this owner, or no such finished part or file.
        StorageError: it cannot be read now.
    """
    blob, cache = part_blob(job_id, label, file, settings, owner=owner), open_cache(settings)
    path = cache.get(blob)
    try:
        content = open_below(path.parent, (path.name,)) if path is not None else None
    except OSError as error:
        raise StorageError(f"a part of the job {job_id!r} cannot be read: {error.strerror or error}") from error
    if content is None:
        raise NotFoundError(f"the file of {label!r} is gone from the cache", hint="the video itself is kept longer")
    content.etag = f'"{blob.sha256}"'
    media_type = _PARTS.get(blob.suffix, "application/octet-stream")
    name = re.sub(r"[^A-Za-z0-9]+", "-", label).strip("-") or "part"
    return Found(
        content=content, name=f"{name}{blob.suffix}", media_type=media_type, inline=media_type.startswith(_SHOWN)
    )


def _open(
    row: Job, kind: Kind, settings: Settings, storage: Storage | None
) -> tuple[Content, str | None] | tuple[None, None]:
    """Open a file of a job: in the storage, in the folder of its videos, or where its caller wanted it."""
    folder, stem = folder_name(row.id), _stem(row)
    if stem is not None:
        key = f"videos/{folder}/{stem}{kind.ending}"
        if storage is not None and (there := storage.open(key)) is not None:
            return there, key
        if (here := open_below(settings.data_dir / "videos", (folder, f"{stem}{kind.ending}"))) is not None:
            return here, None
        return None, None
    chosen = _chosen(row)
    here = open_below(chosen.parent, (f"{chosen.stem}{kind.ending}",)) if chosen is not None else None
    return (here, None) if here is not None else (None, None)


def _stem(row: Job) -> str | None:
    """Return what the video is called, where it lies in the job's own folder; of what the row says, only the name."""
    place, _, name = (row.video_url or "").rpartition("/")
    if not place.endswith(f"/videos/{folder_name(row.id)}") or not name.endswith(".mp4") or not _NAME.fullmatch(name):
        return None
    return name.removesuffix(".mp4")


def _chosen(row: Job) -> Path | None:
    """Return the place that the caller of a job on this machine chose, as the order says it."""
    paths = (row.request or {}).get("paths")
    chosen = paths.get("output") if isinstance(paths, dict) else None
    # Only `badapple make -o` and `submit -o` write such a place, and both work for the owner of this machine.
    if row.owner != LOCAL or not isinstance(chosen, str) or row.video_url is None:
        return None
    video = Path(row.video_url)
    # A place that was named relatively was so to a folder that nobody knows any more.
    same = video.is_absolute() and (str(video) == chosen or (not chosen.startswith("/") and video.match(chosen)))
    return video if same and video.suffix == ".mp4" else None


def _title(row: Job) -> str:
    """Return what people call the video: the product, without what file names cannot have."""
    plain = re.sub(r'[\x00-\x1f\x7f/\\:*?"<>|]+', " ", row.product_name)
    return " ".join(plain.split())[:100].strip(" .") or "ad"
