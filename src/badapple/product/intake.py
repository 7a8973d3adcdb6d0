"""The door for product photos: checks a file, has a child decode it, keeps only clean pixels."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import signal
import sys
import threading
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from badapple import process
from badapple.errors import DiskError, OutOfMemoryError, PhotoError, ToolError
from badapple.product.handed import read_handed
from badapple.product.limits import LONGEST, MAX_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cv2.typing import MatLike

__all__ = [
    "Decoder", "Intake", "broken", "decoder", "identify", "read_photo", "take_in", "unpacked", "write_png",
]  # fmt: skip

#: Wall time of the decoding child. Its CPU time is bounded at 4 s (HEIC: 8 s), and it waits for nothing;
#: the rest is room for a busy machine.
_SECONDS = 60.0
_START = "import sys; sys.path[:0] = {homes}; from badapple.product import decode; {then}"
_PACKAGES = ("badapple", "PIL", "pi_heif")  #: all that the child imports besides the standard library
#: One memory arena, so that the child's address space is what it uses; nothing of the caller's environment goes in.
_ENV = {"MALLOC_ARENA_MAX": "1", "LC_ALL": "C.UTF-8"}


_AT_ONCE = max(1, min(4, os.cpu_count() or 1))  #: children of this process; a crowd of uploads waits for its turn
_turns = threading.BoundedSemaphore(_AT_ONCE)
_MOST_ANSWER = LONGEST * LONGEST * 4 + 4096  #: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoder:
    """The decoding child.

    Attributes:
        command: its command line; the photo goes to its standard input.
        sandbox: what it sees.
        homes: where its packages lie.
    """

    command: tuple[str, ...]
    sandbox: process.Sandbox
    homes: tuple[str, ...]


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
    return read_handed(photo, what="photo", most=MAX_BYTES, error=PhotoError)


@lru_cache(maxsize=1)
def decoder() -> Decoder:
    """Return the child that decodes, and the sandbox that it runs in.

    It loads its packages from where this process would, a user's own folder among them, and nothing else: no
    start-up file, no variable and no file of the working directory counts.
    """
    python = Path(sys.executable).resolve()
    specs = [find_spec(name) for name in _PACKAGES]
    homes = dict.fromkeys(Path(spec.origin).parent.parent for spec in specs if spec is not None and spec.origin)
    places = [str(home) for home in homes]
    command, trial = (_START.format(homes=places, then=f"decode.{call}()") for call in ("main", "load"))
    # Of a checkout only the package: what lies beside it is none of the child's business.
    package = Path(__file__).parent.parent
    needs = tuple(package if home == package.parent and home.name == "src" else home for home in homes)
    return Decoder(
        command=(str(python), "-I", "-S", "-c", command),
        sandbox=process.Sandbox(trial=("-I", "-S", "-c", trial), needs=needs),
        homes=tuple(places),
    )


def take_in(photo: Path, *, command: Sequence[str] | None = None, seconds: float = _SECONDS) -> Intake:
    """Decode a photo in a limited child process.

    Args:
        photo: the file.
        command: another child, which answers as `badapple.product.decode` does.
        seconds: its wall time.

    Raises:
        PhotoError: it cannot be used; says why and what to do.
        OutOfMemoryError: the system ended the child because memory ran out.
    """
    data = read_photo(photo)
    try:
        with _turn():
            output = process.run(
                command or decoder().command,
                limits=process.Limits(seconds=seconds, output=_MOST_ANSWER),
                stdin=data,
                env=_ENV,
                sandbox=decoder().sandbox,
            )
    except DiskError:
        raise
    except ToolError as error:
        if isinstance(error, OutOfMemoryError) and error.returncode in {None, -signal.SIGKILL}:
            raise  # the system's memory ran out, not what the child may use: that says nothing about the photo
        raise broken(photo, error) from error
    return unpacked(photo, output.stdout)


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


@contextlib.contextmanager
def _turn() -> Iterator[None]:
    """Wait until few enough photos are being decoded in this process: each may take a gigabyte for a moment."""
    while not _turns.acquire(timeout=0.1):
        process.check_stop()
    try:
        yield
    finally:
        _turns.release()


def unpacked(photo: Path, answer: bytes) -> Intake:
    """Check the child's answer and return its pixels.

    Raises:
        PhotoError: the child refused the photo, or what it says cannot be.
    """
    import numpy as np  # noqa: PLC0415 - `identify` must be quick

    head, _, body = answer.partition(b"\n")
    try:
        facts: dict[str, Any] = json.loads(head)
        if "refused" in facts:
            raise PhotoError(f"the photo {_name(photo)} {_printable(str(facts['refused']))}")
        width, height, channels = (int(facts[key]) for key in ("width", "height", "channels"))
        wide, high = (int(side) for side in facts["source"])
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
        raise PhotoError(
            f"the photo {_name(photo)} broke the program that reads it; save it again as JPEG or PNG"
        ) from error
    plausible = 1 <= width <= LONGEST and 1 <= height <= LONGEST and channels in {3, 4} and wide >= 1 and high >= 1
    if not plausible or len(body) != width * height * channels:
        raise PhotoError(f"the photo {_name(photo)} broke the program that reads it; save it again as JPEG or PNG")
    pixels = np.frombuffer(body, np.uint8).reshape(height, width, channels)
    return Intake(pixels=pixels, source_size=(wide, high))


def broken(photo: Path, error: ToolError) -> PhotoError:
    """Return the error for a photo whose child did not answer."""
    if error.returncode in {None, -signal.SIGXCPU}:  # None: it was stopped after its wall time
        fate = "takes too long to open; save it again as an ordinary JPEG or PNG"
    else:
        fate = "broke the program that reads it; save it again as JPEG or PNG"
    return PhotoError(f"the photo {_name(photo)} {fate}")


def _name(photo: Path) -> str:
    """Return the file's name for a message, on one line."""
    return repr(_printable(photo.name))


def _printable(text: str) -> str:
    return "".join(char if char.isprintable() else "?" for char in text)[:300]
