"""Files opened to be read in parts, never through a link that leads elsewhere."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import stat
from typing import TYPE_CHECKING

from badapple.errors import StorageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

__all__ = ["FileContent", "open_below"]

_PIECE = 1 << 20
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC  # a pipe would make whoever opens it wait
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_NOT_A_FILE = (errno.ELOOP, errno.ENXIO, errno.ENAMETOOLONG)  # a link, a socket, a name that no file can have


class FileContent:
    """A regular file that is open.

    Args:
        handle: its descriptor, which this closes.
        size: bytes.
        etag: changes with whatever is written there.
    """

    def __init__(self, handle: int, *, size: int, etag: str) -> None:
        self._handle = handle
        self.size = size
        self.etag = etag

    def read(self, start: int, end: int) -> Iterator[bytes]:
        """Yield bytes; see the port."""
        while start < end:
            try:
                data = os.pread(self._handle, min(_PIECE, end - start), start)
            except OSError as error:
                raise StorageError(f"a file cannot be read: {error.strerror or error}") from error
            if not data:
                raise StorageError("a file has become shorter while it was read")
            start += len(data)
            yield data

    def close(self) -> None:
        """Let go of it; see the port."""
        handle, self._handle = self._handle, -1
        if handle >= 0:
            os.close(handle)


def open_below(root: Path, parts: Sequence[str]) -> FileContent | None:
    """Return a file below a folder, or None where there is none.

    No part may be a link: what lies outside of the folder is never reached, whatever was put into it.

    Args:
        root: the folder.
        parts: names of folders below it, and of the file at last.

    Raises:
        OSError: it is there and cannot be opened.
    """
    if not parts or any(part in ("", ".", "..") or "/" in part or "\0" in part for part in parts):
        return None
    with contextlib.ExitStack() as stack:
        try:
            place = os.open(root, _FOLDER)
            stack.callback(os.close, place)
            for part in parts[:-1]:
                place = os.open(part, _FOLDER | os.O_NOFOLLOW, dir_fd=place)
                stack.callback(os.close, place)
            handle = os.open(parts[-1], _FILE, dir_fd=place)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            if error.errno in _NOT_A_FILE:
                return None
            raise
    found = os.fstat(handle)
    if not stat.S_ISREG(found.st_mode):
        os.close(handle)
        return None
    mark = hashlib.sha256(f"{found.st_mtime_ns}-{found.st_size}".encode()).hexdigest()[:32]
    return FileContent(handle, size=found.st_size, etag=f'"{mark}"')
