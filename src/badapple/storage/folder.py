"""A folder as the storage: on one machine, or a network share that every worker mounts."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import shutil
import stat
import time
from pathlib import Path
from typing import TYPE_CHECKING

from badapple.errors import StorageError
from badapple.process import check_stop, is_full
from badapple.storage.content import FileContent, open_below
from badapple.storage.keys import checked

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import IO

__all__ = ["FolderStorage"]

_CHUNK = 4 << 20
_MARK = ".badapple"  #: stands in the folder, so that a share that is not mounted is no empty storage
_PARTS = ".parts"  #: where uploads grow
_STALE_SECONDS = 3600
_ABSENT = (FileNotFoundError, IsADirectoryError, NotADirectoryError)


class FolderStorage:
    """Objects as files below a folder.

    An upload grows in a folder of its own and is renamed when it is whole and safe on the disk. What a killed process
    leaves there is removed by the next upload an hour later.

    Args:
        root: the folder, absolute; made with its parents.

    Raises:
        StorageError: it cannot be made; or it is empty, was not made here and nothing is mounted there, as when a share
            is missing. Taken for a new storage, it would say of all that was paid for that it is gone.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        with self._asking("made"):
            if root.exists() and not root.is_mount() and not any(root.iterdir()):
                raise StorageError(
                    f"the storage {root} is empty, and nothing is mounted there",
                    hint=f"mount the share; or, to begin a new storage on this disk: touch {root / _MARK}",
                )
            if not root.exists():
                _make(root)
            elif not (root / _MARK).exists():
                (root / _MARK).touch()

    def put(self, file: Path, key: str) -> str:
        """Store a file and return its absolute path; see the port."""
        target, parts = self._root / checked(key), self._root / _PARTS
        with file.open("rb") as source, self._asking("written"):
            self._be_there()
            parts.mkdir(exist_ok=True)
            part = parts / secrets.token_hex(16)
            try:
                with part.open("xb") as sink:
                    self._sweep(sink)
                    while data := source.read(_CHUNK):
                        check_stop()
                        sink.write(data)
                    sink.flush()
                    os.fsync(sink.fileno())
                target.parent.mkdir(parents=True, exist_ok=True)
                part.replace(target)
                _settle(target.parent)
            finally:
                part.unlink(missing_ok=True)
        return str(target)

    def get(self, key: str, out: Path) -> bool:
        """Write an object to `out`; see the port."""
        with self._asking("read"):
            try:
                source = (self._root / checked(key)).open("rb")
            except _ABSENT:
                self._be_there()
                return False
        part = out.with_name(f"{out.name}.{secrets.token_hex(4)}.part")
        with source:
            try:
                with part.open("xb") as sink:
                    while True:
                        check_stop()
                        with self._asking("read"):
                            data = source.read(_CHUNK)
                        if not data:
                            break
                        sink.write(data)
                part.replace(out)
            finally:
                part.unlink(missing_ok=True)
        return True

    def size(self, key: str) -> int | None:
        """Return the bytes of an object, or None; see the port."""
        with self._asking("read"):
            try:
                found = (self._root / checked(key)).stat()
            except _ABSENT:
                self._be_there()
                return None
        return found.st_size if stat.S_ISREG(found.st_mode) else None

    def open(self, key: str) -> FileContent | None:
        """Open a file to be read; see the port."""
        with self._asking("read"):
            found = open_below(self._root, checked(key).split("/"))
            if found is None:
                self._be_there()
        return found

    def link(self, key: str, _seconds: float) -> None:
        """Return None: a folder has no address that others can read; see the port."""
        checked(key)

    def resting(self, prefix: str, seconds: float) -> Iterator[str]:
        """Yield the keys of what was not written for so long; see the port."""
        before = time.time() - seconds
        with self._asking("read"):
            self._be_there()
            for folder, _, files in os.walk(self._root / checked(prefix)):
                check_stop()
                for path in (Path(folder) / name for name in files):
                    with contextlib.suppress(FileNotFoundError):
                        if path.stat().st_mtime < before:
                            yield path.relative_to(self._root).as_posix()

    def remove(self, prefix: str) -> int:
        """Remove what lies at the prefix; see the port."""
        place, gone = self._root / checked(prefix), 0
        with self._asking("written"):
            self._be_there()
            for folder, folders, files in os.walk(place, topdown=False):
                for name in files:
                    (place / folder / name).unlink(missing_ok=True)
                    gone += 1
                for name in folders:
                    _remove_empty(place / folder / name)
            if place.is_dir():
                _remove_empty(place)
            elif place.exists():
                place.unlink(missing_ok=True)
                gone += 1
        return gone

    def _be_there(self) -> None:
        if not (self._root / _MARK).exists():
            raise StorageError(
                f"the storage {self._root} is gone",
                hint="mount it again; what was going on can then be run again, finished parts are kept",
            )

    def _sweep(self, sink: IO[bytes]) -> None:
        """Remove uploads that nobody has written to for an hour, by the clock of the disk itself."""
        with contextlib.suppress(OSError):
            now = os.fstat(sink.fileno()).st_mtime
            for part in (self._root / _PARTS).iterdir():
                if part.stat().st_mtime < now - _STALE_SECONDS:
                    part.unlink(missing_ok=True)

    @contextlib.contextmanager
    def _asking(self, done: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            full = is_full(error)
            raise StorageError(
                f"the storage {self._root} " + ("is full" if full else f"cannot be {done}: {error.strerror or error}"),
                hint="free some space there, then run it again: finished parts are kept"
                if full
                else "see that it is mounted and may be read and written, then run it again: finished parts are kept",
            ) from error


def _make(root: Path) -> None:
    """Make the folder with its mark: nobody ever sees the one without the other."""
    root.parent.mkdir(parents=True, exist_ok=True)
    new = root.with_name(f".{root.name}-{secrets.token_hex(8)}")
    new.mkdir()
    (new / _MARK).touch()
    try:
        new.rename(root)
    except OSError:
        if not root.is_dir():  # else another process made it in this moment
            raise
    finally:
        shutil.rmtree(new, ignore_errors=True)


def _remove_empty(folder: Path) -> None:
    try:
        folder.rmdir()
    except FileNotFoundError:
        return
    except OSError as error:
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):  # somebody stores something there just now
            raise


def _settle(folder: Path) -> None:
    """Make the names in a folder safe on the disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
