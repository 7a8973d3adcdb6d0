"""Where log lines go: a shared file, and standard error. A line that cannot be written is counted."""

from __future__ import annotations

import contextlib
import errno
import os
import sys
from typing import TYPE_CHECKING, Protocol

from badapple.telemetry import metrics
from badapple.telemetry.lines import notice

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["LogFile", "Sink", "StandardError"]


class Sink(Protocol):
    """Takes lines."""

    def write(self, line: bytes) -> None:
        """Write a whole line with its end, or drop and count it; never fails."""

    def close(self) -> None:
        """Let go of what is open."""


class StandardError:
    """Standard error, whatever it is at the moment."""

    def write(self, line: bytes) -> None:
        """Write a line; dropped where nobody reads."""
        stream = sys.stderr
        try:
            buffer = getattr(stream, "buffer", None)
            if buffer is None:  # a stand-in of somebody's
                stream.write(line.decode())
            else:
                stream.flush()
                buffer.write(line)
            stream.flush()
        except (OSError, ValueError, AttributeError):
            metrics.line_dropped()

    def close(self) -> None:
        """Leave it open: it is not ours."""


class LogFile:
    """A file that any number of processes append to, whole lines only.

    Each line is one `write` on a descriptor opened with O_APPEND: the kernel puts it at the end, in one piece. The file
    is opened again once somebody moved or removed it. A full disk costs lines, never an error: they are counted, said
    once on standard error, and written down as `log_lines_dropped` when there is room again.

    Args:
        path: the file; its folder is made.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: int | None = None
        self._which = (0, 0)
        self._said = False
        self.dropped = 0  #: lines since the last one that was written

    def write(self, line: bytes) -> None:
        """Write a line, or drop and count it."""
        try:
            self._put(line)
            if self.dropped:
                self._put(notice("warning", "log_lines_dropped", count=self.dropped))
                self.dropped = 0
        except OSError as error:
            self._drop(error)

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _put(self, line: bytes) -> None:
        file = self._opened()
        written = os.write(file, line)
        if written < len(line):  # the disk was full in the middle of it
            with contextlib.suppress(OSError):
                end = os.lseek(file, 0, os.SEEK_CUR)
                if os.fstat(file).st_size == end:
                    os.ftruncate(file, end - written)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def _opened(self) -> int:
        """Return the descriptor of the file that has the name now."""
        with contextlib.suppress(FileNotFoundError):
            status = os.stat(self._path)  # noqa: PTH116 - once a line
            if self._file is not None and (status.st_dev, status.st_ino) == self._which:
                return self._file
        self.close()
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._file = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o640)
        status = os.fstat(self._file)
        self._which = (status.st_dev, status.st_ino)
        return self._file

    def _drop(self, error: OSError) -> None:
        self.dropped += 1
        metrics.line_dropped()
        if not self._said:
            self._said = True
            reason = error.strerror or type(error).__name__
            StandardError().write(notice("error", "log_file_not_written", path=str(self._path), reason=reason))
