"""What jobs leave on disks: folders, kept files, logs; found, counted and removed."""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from badapple.cache import Blob

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from badapple.config import Settings
    from badapple.database import Job
    from badapple.ports import Storage

__all__ = ["Leftovers", "blobs_of", "folder_name", "mentions", "parts_of", "plain"]

_LEAST = 3  #: letters of a name below which every text would mention it


class Leftovers:
    """Removes files, here and in the storage, and counts them.

    Args:
        settings: where things lie.
        storage: what workers share, or None.
        dry_run: only count.

    Attributes:
        files: how many there were.
        bytes: their size.
    """

    def __init__(self, settings: Settings, storage: Storage | None, *, dry_run: bool) -> None:
        self._settings = settings
        self._storage = storage
        self._dry_run = dry_run
        self.files = self.bytes = 0

    def remove_blob(self, blob: Blob) -> None:
        """Remove a blob from the cache, from the files of orders and from the storage."""
        key = f"blobs/{blob.sha256[:2]}/{blob.sha256}{blob.suffix}"
        for root in (self._settings.cache_dir, self._settings.data_dir / "orders"):
            self._remove(root / key)
        if self._storage is not None and self._storage.size(key) is not None:
            self.files += 1
            self.bytes += blob.size
            if not self._dry_run:
                self._storage.remove(key)

    def remove_job(self, job_id: str) -> None:
        """Remove a job's videos and its temporary files; a place that its caller chose is the caller's."""
        name = folder_name(job_id)
        for folder in (self._settings.data_dir / "videos" / name, self._settings.data_dir / "tmp" / name):
            for path in folder.rglob("*"):
                self._remove(path)
            if not self._dry_run:
                shutil.rmtree(folder, ignore_errors=True)
        if self._storage is not None and not self._dry_run:
            self.files += self._storage.remove(f"videos/{name}")

    def remove_mentions(self, names: Iterable[str]) -> None:
        """Remove error logs that speak of a product."""
        for path in (self._settings.data_dir / "logs").glob("error-*.txt"):
            with contextlib.suppress(OSError):
                text = plain(path.read_text(encoding="utf-8", errors="replace"))
                if any(name in text for name in names if name):
                    self._remove(path)

    def _remove(self, path: Path) -> None:
        with contextlib.suppress(FileNotFoundError):
            status = path.lstat()
            if path.is_dir() and not path.is_symlink():
                return
            if not self._dry_run:
                path.unlink()
            self.files += 1
            self.bytes += status.st_size


def folder_name(job_id: str) -> str:
    """Return the name of a job's folders, as `AssetManager` names them."""
    return hashlib.sha256(job_id.encode()).hexdigest()[:24]


def parts_of(row: Job) -> set[str]:
    """Return the keys of the receipts that a job used: by its row, or by the manifest beside its video."""
    listed = (row.options or {}).get("parts")
    if isinstance(listed, list):
        return {str(key) for key in listed}
    if not row.video_url or "://" in row.video_url:
        return set()
    video = Path(row.video_url)
    try:
        body = json.loads(video.with_name(f"{video.stem}.manifest.json").read_text(encoding="utf-8"))
        return {str(part["key"]) for part in body["parts"]}
    except (OSError, ValueError, KeyError, TypeError):
        return set()


def blobs_of(files: object) -> set[Blob]:
    """Return what a row's `files` name."""
    values = files.values() if isinstance(files, Mapping) else ()
    return {
        Blob(sha256=item["sha256"], size=item["size"], suffix=item.get("suffix", ""))
        for item in values
        if isinstance(item, Mapping) and {"sha256", "size"} <= item.keys()
    }


def plain(text: str) -> str:
    """Return a text in small letters, its words with one space between them."""
    return " ".join(re.findall(r"\w+", text.casefold()))


def mentions(facts: Mapping[str, Any], names: Iterable[str]) -> bool:
    """Say whether facts speak of a product, whole or in words that follow each other."""
    names = [name for name in names if len(name) >= _LEAST]
    if not names:
        return False
    text = f" {plain(' '.join(_texts(facts)))} "
    return any(f" {name} " in text for name in names)


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _texts(item)
