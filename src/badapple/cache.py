"""Files by the hash of their content: on the local disk under a size limit, and in the storage that workers share."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
import tempfile
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from badapple.errors import DiskError, StorageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from badapple.ports import Storage

__all__ = ["Blob", "Cache", "sha256_of"]

_STALE_SECONDS = 24 * 3600  #: for workplaces on a disk that knows no locks
_ROOM = 16_000_000  #: bytes that what a vendor sends next may need
_LOOKED = 60.0  #: seconds for which ample room is taken for granted, whoever on this machine looked
_AMPLE = 0.1  #: of the limit
_LOCKED = "work-"  #: begins the name of a workplace whose owner holds its lock


@dataclass(frozen=True, slots=True, kw_only=True)
class Blob:
    """Name of a cached file's content: SHA-256 in hex, size in bytes, and the suffix its file carries."""

    sha256: str
    size: int
    suffix: str


class Cache:
    """A folder of blobs; a blob appears whole or not at all.

    Args:
        root: the folder; made when first written to.
        max_bytes: `trim` removes the least recently used blobs beyond this.
        storage: where workers share blobs, or None.
    """

    def __init__(self, root: Path, *, max_bytes: int = 10_000_000_000, storage: Storage | None = None) -> None:
        self._root = root
        self._max_bytes = max_bytes
        self._storage = storage
        self._swept = False

    @property
    def root(self) -> Path:
        """The folder."""
        return self._root

    @property
    def shares(self) -> bool:
        """Whether there is a storage that workers share."""
        return self._storage is not None

    def _path(self, blob: Blob) -> Path:
        return self._root / _key(blob)

    @contextlib.contextmanager
    def workplace(self) -> Iterator[Path]:
        """Yield an empty folder on the cache's own disk; removed at the end, or by others if this process dies."""
        parent = self._root / "tmp"
        parent.mkdir(parents=True, exist_ok=True)
        if not self._swept:
            self._swept = True
            self._sweep()
        folder, lock = _locked_folder(parent)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
            os.close(lock)

    def put(self, file: Path) -> Blob:
        """Take a finished file over (it must lie in a `workplace`) and share it; afterwards every worker can get it.

        Raises:
            StorageError: it cannot be shared now; it is kept here, and the next `put` of it or `share` shares it.
            OSError: it cannot be kept.
        """
        blob = self.keep(file)
        self.share(blob)
        return blob

    def keep(self, file: Path) -> Blob:
        """Take a finished file over (it must lie in a `workplace`), here only.

        Raises:
            OSError: it cannot be kept.
        """
        blob = Blob(sha256=sha256_of(file), size=file.stat().st_size, suffix=file.suffix)
        _settle(file)
        self._settle_at(file, blob)
        return blob

    def require_room(self, size: int = _ROOM) -> None:
        """Make sure that so many bytes can be written.

        Raises:
            DiskError: they cannot.
        """
        with contextlib.suppress(FileNotFoundError):
            free = shutil.disk_usage(self._root).free
            if free < size:
                raise DiskError(
                    f"the disk of the cache {self._root} is full: {free / 1e6:.0f} MB are free, {size / 1e6:.0f} MB "
                    "are needed; nothing was sent",
                    hint="free some space, or set BADAPPLE_CACHE_DIR to another disk",
                )

    def share(self, blob: Blob) -> None:
        """Make sure that the storage has a blob that is here; does nothing without a storage.

        Raises:
            StorageError: it cannot be shared now, or it is not here either.
        """
        if self._storage is None or self._storage.size(_key(blob)) == blob.size:
            return
        try:
            self._storage.put(self._path(blob), _key(blob))
        except FileNotFoundError as error:
            raise StorageError(
                f"a finished part vanished from the cache at {self._root} before it was shared",
                hint="run it again: it is made again",
            ) from error

    def get(self, blob: Blob) -> Path | None:
        """Return the blob's path, fetched from the storage if need be; None where it is gone, cut short or changed.

        Raises:
            StorageError: it is not here, and the storage cannot be asked: nobody can tell whether it is gone.
            OSError: it cannot be kept here.
        """
        return self.here(blob) or self._fetch(blob)

    def here(self, blob: Blob) -> Path | None:
        """Return the path of a blob that is here, or None where it is gone from here, cut short or changed."""
        path = self._path(blob)
        try:
            if not _is(path, blob):
                return None
            os.utime(path)
        except FileNotFoundError:
            return None
        except OSError:
            # A cache that may be read but not written still serves.
            return path if path.is_file() else None
        return path

    def _fetch(self, blob: Blob) -> Path | None:
        if self._storage is None:
            return None
        with self.workplace() as folder:
            file = folder / "blob"
            for _ in range(2):  # the second time tells a bad transfer from a bad object
                if not self._storage.get(_key(blob), file):
                    return None
                if _is(file, blob):
                    _settle(file)
                    return self._settle_at(file, blob)
        with contextlib.suppress(StorageError):
            self._storage.remove(_key(blob))  # whoever makes it again, or has it, stores it again
        return None

    def _settle_at(self, file: Path, blob: Blob) -> Path:
        target = self._path(blob)
        target.parent.mkdir(parents=True, exist_ok=True)
        file.replace(target)
        _settle(target.parent)
        return target

    def size(self) -> tuple[int, int]:
        """Return (bytes, files) of all blobs."""
        sizes = [stat.st_size for _, stat in self._blobs()]
        return sum(sizes), len(sizes)

    def trim(self, *, keep: frozenset[str] = frozenset()) -> int:
        """Remove workplaces of the dead and the least recently used blobs beyond the limit; return the bytes freed.

        Args:
            keep: SHA-256 of blobs that stay whatever their age.
        """
        self._sweep()
        blobs = sorted(self._blobs(), key=lambda item: item[1].st_mtime)
        excess = sum(stat.st_size for _, stat in blobs) - self._max_bytes
        freed = 0
        for path, stat in blobs:
            if freed >= excess:
                break
            if path.stem not in keep:
                path.unlink(missing_ok=True)
                freed += stat.st_size
        with contextlib.suppress(OSError):
            self._looked.write_text(str(freed - excess), encoding="ascii")
        return freed

    def keep_under_limit(self, *, keep: frozenset[str] = frozenset()) -> int:
        """Trim, unless somebody found ample room a moment ago; return the bytes freed.

        Looking takes 7 µs a blob, and each job does it.

        Args:
            keep: as `trim` has it.
        """
        try:
            age, room = time.time() - self._looked.stat().st_mtime, int(self._looked.read_text(encoding="ascii"))
        except (OSError, ValueError):
            return self.trim(keep=keep)
        return 0 if 0 <= age < _LOOKED and room > _AMPLE * self._max_bytes else self.trim(keep=keep)

    @property
    def _looked(self) -> Path:
        """Its age says when somebody looked, its words how many bytes there was room for below the limit."""
        return self._root / "room"

    def clear(self) -> int:
        """Remove every blob; return the bytes freed."""
        freed, _ = self.size()
        shutil.rmtree(self._root / "blobs", ignore_errors=True)
        shutil.rmtree(self._root / "tmp", ignore_errors=True)
        return freed

    def _sweep(self) -> None:
        """Remove workplaces whose owners are dead."""
        for folder in (self._root / "tmp").glob("*"):
            with contextlib.suppress(OSError):
                _remove_abandoned(folder)

    def _blobs(self) -> Iterator[tuple[Path, os.stat_result]]:
        for path in (self._root / "blobs").glob("??/*"):
            with contextlib.suppress(FileNotFoundError):
                yield path, path.stat()


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file's content, hex."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _key(blob: Blob) -> str:
    return f"blobs/{blob.sha256[:2]}/{blob.sha256}{blob.suffix}"


def _is(path: Path, blob: Blob) -> bool:
    return path.stat().st_size == blob.size and sha256_of(path) == blob.sha256


def _settle(path: Path) -> None:
    """Make a file's content, or the names in a folder, safe on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _locked_folder(parent: Path) -> tuple[Path, int]:
    """Make a folder and hold its lock, which falls with this process; return both."""
    while True:
        folder = type(parent)(tempfile.mkdtemp(prefix=_LOCKED, dir=parent))
        with contextlib.suppress(FileNotFoundError):  # swept before it was locked
            lock = os.open(folder, os.O_RDONLY)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:  # being swept just now
                os.close(lock)
                continue
            except OSError:  # a disk without locks
                return folder, lock
            if folder.exists():
                return folder, lock
            os.close(lock)


def _remove_abandoned(folder: Path) -> None:
    lock = os.open(folder, os.O_RDONLY)
    try:
        locks = folder.name.startswith(_LOCKED)
        if locks:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return
            except OSError:
                locks = False
        if locks or folder.stat().st_mtime < time.time() - _STALE_SECONDS:
            shutil.rmtree(folder, ignore_errors=True)
    finally:
        os.close(lock)
