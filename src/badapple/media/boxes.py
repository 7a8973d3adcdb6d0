"""The boxes an MP4 file is made of."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

from badapple.errors import MediaError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["Mp4Box", "payload", "samples", "top"]

_ROOT = 8  # bytes of a short header


@dataclass(frozen=True, slots=True, kw_only=True)
class Mp4Box:
    """One box: its four letters, where its contents start, where it ends (bytes from the file's start)."""

    kind: bytes
    start: int
    end: int


def top(path: Path) -> tuple[Mp4Box, ...]:
    """Return the boxes of the outermost level, in order.

    Raises:
        MediaError: the file is missing, empty, cut short or no MP4.
    """
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            boxes = tuple(_walk(file, 0, size))
    except (OSError, ValueError, struct.error) as error:
        raise MediaError(f"{path.name} is missing, cut short or no MP4: {error}", path=path) from error
    if not boxes or boxes[0].kind != b"ftyp":
        raise MediaError(f"{path.name} is empty or no MP4", path=path)
    return boxes


def payload(path: Path, box: Mp4Box) -> bytes:
    """Return the contents of a box."""
    with path.open("rb") as file:
        file.seek(box.start)
        return file.read(box.end - box.start)


def samples(path: Path) -> int:
    """Return how many samples the first track has, by its table.

    Raises:
        MediaError: the file has no such table.
    """
    moov = next((box for box in top(path) if box.kind == b"moov"), None)
    try:
        with path.open("rb") as file:
            inner = _down(file, moov, b"trak", b"mdia", b"minf", b"stbl", b"stsz")
            file.seek(inner.start)
            return int(struct.unpack(">III", file.read(12))[2])
    except (OSError, ValueError, struct.error) as error:
        raise MediaError(f"{path.name} has no table of frames", path=path) from error


def _down(file: IO[bytes], box: Mp4Box | None, *kinds: bytes) -> Mp4Box:
    for kind in kinds:
        box = box and next((inner for inner in _walk(file, box.start, box.end) if inner.kind == kind), None)
    if box is None:
        raise ValueError(f"no {kinds[-1].decode()} box")
    return box


def _walk(file: IO[bytes], start: int, end: int) -> Iterator[Mp4Box]:
    while start < end:
        file.seek(start)
        size, kind = struct.unpack(">I4s", file.read(_ROOT))
        head = _ROOT
        if size == 1:
            size, head = struct.unpack(">Q", file.read(8))[0], 16
        stop = end if size == 0 else start + size
        if stop > end or stop < start + head:
            raise ValueError(f"box at byte {start} does not end inside the file")
        yield Mp4Box(kind=kind, start=start + head, end=stop)
        start = stop
