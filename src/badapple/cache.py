"""Files by the hash of their content, on the local disk, under a size limit."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import tempfile
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["Blob", "Cache", "sha256_of"]

_STALE_SECONDS = 24 * 3600


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
    """

    def __init__(self, root: Path, *, max_bytes: int = 10_000_000_000) -> None:
        self._root = root
        self._max_bytes = max_bytes

    @property
    def root(self) -> Path:
        """The folder."""
        return self._root

    def _path(self, blob: Blob) -> Path:
        return self._root / "blobs" / blob.sha256[:2] / f"{blob.sha256}{blob.suffix}"

    @contextlib.contextmanager
    def workplace(self) -> Iterator[Path]:
        """Yield an empty folder on the cache's own disk; it is removed at the end."""
        parent = self._root / "tmp"
        parent.mkdir(parents=True, exist_ok=True)
        folder = type(parent)(tempfile.mkdtemp(dir=parent))
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def put(self, file: Path) -> Blob:
        """Take a finished file over (it must lie in a `workplace`)."""
        blob = Blob(sha256=sha256_of(file), size=file.stat().st_size, suffix=file.suffix)
        target = self._path(blob)
        target.parent.mkdir(parents=True, exist_ok=True)
        with file.open("rb") as stream:
            os.fsync(stream.fileno())
        file.replace(target)
        return blob

    def get(self, blob: Blob) -> Path | None:
        """Return the blob's path, or None where it is gone, cut short or changed."""
        path = self._path(blob)
        try:
            if path.stat().st_size != blob.size or sha256_of(path) != blob.sha256:
                return None
            os.utime(path)
        except FileNotFoundError:
            return None
        except OSError:
            # A cache that may be read but not written still serves.
            return path if path.is_file() else None
        return path

    def size(self) -> tuple[int, int]:
        """Return (bytes, files) of all blobs."""
        sizes = [stat.st_size for _, stat in self._blobs()]
        return sum(sizes), len(sizes)

    def trim(self, *, keep: frozenset[str] = frozenset()) -> int:
        """Remove stale workplaces and the least recently used blobs beyond the limit; return the bytes freed.

        Args:
            keep: SHA-256 of blobs that stay whatever their age.
        """
        for folder in (self._root / "tmp").glob("*"):
            with contextlib.suppress(OSError):
                if folder.stat().st_mtime < time.time() - _STALE_SECONDS:
                    shutil.rmtree(folder, ignore_errors=True)
        blobs = sorted(self._blobs(), key=lambda item: item[1].st_mtime)
        excess = sum(stat.st_size for _, stat in blobs) - self._max_bytes
        freed = 0
        for path, stat in blobs:
            if freed >= excess:
                break
            if path.stem not in keep:
                path.unlink(missing_ok=True)
                freed += stat.st_size
        return freed

    def clear(self) -> int:
        """Remove every blob; return the bytes freed."""
        freed, _ = self.size()
        shutil.rmtree(self._root / "blobs", ignore_errors=True)
        shutil.rmtree(self._root / "tmp", ignore_errors=True)
        return freed

    def _blobs(self) -> Iterator[tuple[Path, os.stat_result]]:
        for path in (self._root / "blobs").glob("??/*"):
            with contextlib.suppress(FileNotFoundError):
                yield path, path.stat()


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file's content, hex."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
