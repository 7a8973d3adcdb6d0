"""The door for product photos: checks a file, has a child decode it, keeps only clean pixels."""

from __future__ import annotations

import errno
import hashlib
import json
import signal
import stat
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from badapple import process
from badapple.errors import DiskError, OutOfMemoryError, PhotoError, ToolError
from badapple.product.limits import LONGEST, MAX_BYTES

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from cv2.typing import MatLike

__all__ = ["Intake", "identify", "read_photo", "take_in", "write_png"]

#: Wall time of the decoding child. Its CPU time is bounded at 4 s (HEIC: 8 s), and it waits for nothing;
#: the rest is room for a busy machine.
_SECONDS = 20.0
_COMMAND = (sys.executable, "-I", "-m", "badapple.product.decode")
#: One memory arena, so that the child's address space is what it uses; nothing of the caller's environment goes in.
_ENV = {"MALLOC_ARENA_MAX": "1", "LC_ALL": "C.UTF-8"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """A photo after decoding.

    Attributes:
        pixels: uint8, shape (height, width, 3 or 4), sRGB, upright.
        source_size: px of the picture as it was handed in, upright.
    """

    pixels: MatLike
    source_size: tuple[int, int]


def identify(photo: Path) -> str:
    """Return the SHA-256 of the file, in hex.

    Raises:
        PhotoError: it is missing, not a file, empty or too large.
    """
    return hashlib.sha256(read_photo(photo)).hexdigest()


def read_photo(photo: Path) -> bytes:
    """Return the file's bytes.

    Raises:
        PhotoError: it is missing, not a file, empty or too large.
    """
    try:
        status = photo.stat()
        if not stat.S_ISREG(status.st_mode):  # a pipe or device could keep us waiting for ever
            raise PhotoError(
                f"the photo {_name(photo)} is {_what(status.st_mode)}, not a file; give the path of a picture"
            )
        if status.st_size > MAX_BYTES:
            raise _too_large(photo, status.st_size)
        with photo.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError as error:
        raise PhotoError(f"there is no photo {_name(photo, whole=True)}; check the path") from error
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise PhotoError(
            f"the photo {_name(photo, whole=True)} cannot be read ({why}); check the path and its rights"
        ) from error
    if not data:
        raise PhotoError(f"the photo {_name(photo)} is empty; download or export it again and use the new file")
    if len(data) > MAX_BYTES:
        raise _too_large(photo, len(data))
    return data


def take_in(photo: Path, *, command: Sequence[str] = _COMMAND, seconds: float = _SECONDS) -> Intake:
    """Decode a photo in a limited child process.

    Args:
        photo: the file.
        command: the child, which answers as `badapple.product.decode` does.
        seconds: its wall time.

    Raises:
        PhotoError: it cannot be used; says why and what to do.
        OutOfMemoryError: the system ended the child because memory ran out.
    """
    data = read_photo(photo)
    try:
        output = process.run(command, limits=process.Limits(seconds=seconds), stdin=data, env=_ENV)
    except DiskError:
        raise
    except ToolError as error:
        if isinstance(error, OutOfMemoryError) and error.returncode in {None, -signal.SIGKILL}:
            raise  # the system's memory ran out, not what the child may use: that says nothing about the photo
        raise PhotoError(f"the photo {_name(photo)} {_fate(error)}") from error
    head, _, body = output.stdout.partition(b"\n")
    return _unpack(photo, head, body)


def write_png(pixels: MatLike, path: Path) -> None:
    """Write RGB or RGBA pixels as a PNG that appears whole.

    Raises:
        DiskError: the disk is full or cannot be written.
    """
    import cv2  # noqa: PLC0415 - `identify` must be quick

    order = cv2.COLOR_RGBA2BGRA if pixels.shape[2] == 4 else cv2.COLOR_RGB2BGR
    # OpenCV's own defaults (level 1, SUB filter, run lengths) are twice as fast as any level given by number.
    done, data = cv2.imencode(".png", cv2.cvtColor(pixels, order))
    if not done:  # pragma: no cover - OpenCV reports it so when memory runs out
        raise ToolError(f"{path.name} cannot be encoded")
    part = path.with_name(path.name + ".part")
    try:
        part.write_bytes(data.data)
        part.replace(path)
    except OSError as error:
        full = error.errno in {errno.ENOSPC, errno.EDQUOT}
        hint = "free some space, then run the same command again" if full else "choose a folder that can be written"
        raise DiskError(f"{path} cannot be written: {error.strerror or error}", hint=hint) from error


def _unpack(photo: Path, head: bytes, body: bytes) -> Intake:
    """Check the child's answer and return its pixels."""
    import numpy as np  # noqa: PLC0415 - `identify` must be quick

    try:
        answer: dict[str, Any] = json.loads(head)
        if "refused" in answer:
            raise PhotoError(f"the photo {_name(photo)} {_printable(str(answer['refused']))}")
        width, height, channels = (int(answer[key]) for key in ("width", "height", "channels"))
        wide, high = (int(side) for side in answer["source"])
    except (ValueError, KeyError, TypeError) as error:
        raise PhotoError(
            f"the photo {_name(photo)} broke the program that reads it; save it again as JPEG or PNG"
        ) from error
    plausible = 1 <= width <= LONGEST and 1 <= height <= LONGEST and channels in {3, 4} and wide >= 1 and high >= 1
    if not plausible or len(body) != width * height * channels:
        raise PhotoError(f"the photo {_name(photo)} broke the program that reads it; save it again as JPEG or PNG")
    pixels = np.frombuffer(body, np.uint8).reshape(height, width, channels)
    return Intake(pixels=pixels, source_size=(wide, high))


def _fate(error: ToolError) -> str:
    """Say what became of a child that did not answer."""
    if error.returncode in {None, -signal.SIGXCPU}:  # None: it was stopped after its wall time
        return "takes too long to open; save it again as an ordinary JPEG or PNG"
    return "broke the program that reads it; save it again as JPEG or PNG"


def _too_large(photo: Path, size: int) -> PhotoError:
    mib = size / 1024 / 1024
    return PhotoError(
        f"the photo {_name(photo)} has {mib:.1f} MiB; save it with at most {MAX_BYTES // 1024 // 1024} MiB"
    )


def _what(mode: int) -> str:
    if stat.S_ISDIR(mode):
        return "a folder"
    return "a pipe" if stat.S_ISFIFO(mode) else "a device or socket"


def _name(photo: Path, *, whole: bool = False) -> str:
    """Return the file's name for a message, on one line."""
    return repr(_printable(str(photo) if whole else photo.name))


def _printable(text: str) -> str:
    return "".join(char if char.isprintable() else "?" for char in text)[:300]
