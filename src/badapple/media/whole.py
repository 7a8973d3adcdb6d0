"""Files that appear whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import os
from typing import TYPE_CHECKING

from badapple.errors import DiskError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["whole"]


@contextlib.contextmanager
def whole(out: Path) -> Iterator[Path]:
    """Yield the path to write to; afterwards the file stands at `out`, safe on the disk.

    If the block fails, nothing is left and an older `out` stays as it was.

    Raises:
        DiskError: the disk is full or cannot be written.
    """
    part = out.with_name(out.name + ".part")
    try:
        try:
            out.parent.mkdir(parents=True, exist_ok=True)
            yield part
            _settle(part)
            part.replace(out)
            _settle(out.parent)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise _disk_error(error, out) from error


def _settle(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _disk_error(error: OSError, out: Path) -> DiskError:
    if error.errno == errno.ENOSPC:
        return DiskError(
            "the disk is full", hint="free some space, then run the same command again: finished parts are kept"
        )
    return DiskError(
        f"{str(out)!r} cannot be written: {error.strerror or error}", hint="choose a folder that can be written to"
    )
