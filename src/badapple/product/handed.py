"""Files that a caller hands in by their path: opened without waiting, regular, small enough."""

from __future__ import annotations

import contextlib
import os
import stat
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import BinaryIO

    from badapple.errors import InputError

__all__ = ["open_handed", "read_handed"]

_KINDS = {stat.S_IFDIR: "a folder", stat.S_IFIFO: "a pipe"}
_WANTED = {"photo": "give the path of a picture", "script": "give the path of a JSON file"}


@contextlib.contextmanager
def open_handed(path: Path, *, what: str, most: int, error: type[InputError]) -> Iterator[BinaryIO]:
    """Open a caller's file to be read.

    Args:
        path: the file; a link is followed, being the caller's own.
        what: what it is to people, e.g. `photo`.
        most: bytes it may have.
        error: what is raised.

    Raises:
        InputError: of the type asked for: it is missing, not a file, empty or too large.
    """
    try:
        # A pipe would keep us waiting for whoever writes to it, and what the path leads to may change after any look.
        number = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    except FileNotFoundError as reason:
        raise error(f"there is no {what} {_name(str(path))}; check the path") from reason
    except (OSError, ValueError) as reason:
        raise _unreadable(path, reason, what=what, error=error) from reason
    try:
        _check(path, os.fstat(number), what=what, most=most, error=error)
    except BaseException:
        os.close(number)
        raise
    with os.fdopen(number, "rb") as file:
        yield file


def read_handed(path: Path, *, what: str, most: int, error: type[InputError]) -> bytes:
    """Return the bytes of a caller's file.

    Raises:
        InputError: of the type asked for: it is missing, not a file, empty or too large.
    """
    with open_handed(path, what=what, most=most, error=error) as file:
        try:
            data = file.read(most + 1)
        except OSError as reason:
            raise _unreadable(path, reason, what=what, error=error) from reason
    if len(data) > most:  # it grew meanwhile
        raise _too_large(path, len(data), most=most, what=what, error=error)
    return data


def _check(path: Path, status: os.stat_result, *, what: str, most: int, error: type[InputError]) -> None:
    if not stat.S_ISREG(status.st_mode):
        kind = _KINDS.get(stat.S_IFMT(status.st_mode), "a device or socket")
        wanted = _WANTED.get(what, f"give the path of a {what}")
        raise error(f"the {what} {_name(path.name)} is {kind}, not a file; {wanted}")
    if status.st_size > most:
        raise _too_large(path, status.st_size, most=most, what=what, error=error)
    if status.st_size == 0:
        raise error(f"the {what} {_name(path.name)} is empty; download or export it again and use the new file")


def _too_large(path: Path, size: int, *, most: int, what: str, error: type[InputError]) -> InputError:
    limit = f"{most // 2**20} MiB" if most >= 2**20 else f"{most // 1024} KiB"
    return error(f"the {what} {_name(path.name)} has {size / 2**20:.1f} MiB; save it with at most {limit}")


def _unreadable(path: Path, reason: Exception, *, what: str, error: type[InputError]) -> InputError:
    why = getattr(reason, "strerror", None) or reason
    return error(f"the {what} {_name(str(path))} cannot be read ({why}); check the path and its rights")


def _name(text: str) -> str:
    """Return a name for a message, on one line."""
    return repr("".join(char if char.isprintable() else "?" for char in text)[:300])
