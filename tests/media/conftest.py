"""Small real films to test with: drawn frames, a tone, segments."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import pytest

from badapple import process
from badapple.media import encode, ffmpeg, marking
from badapple.media.assemble import Segment, assemble
from badapple.models import DRAFT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from badapple.models import TextBox


class Drifting:
    """A scene that implements `ports.Frames`: a bright block drifts over one shade of grey."""

    boxes: tuple[TextBox, ...] = ()

    def __init__(self, count: int, shade: int = 90, chroma: int = 128, step: int = 4) -> None:
        self.count = count
        self.shade = shade
        self.chroma = chroma
        self.step = step

    def draw(self, index: int, out: NDArray[np.uint8]) -> None:
        assert 0 <= index < self.count
        out[: DRAFT.height] = self.shade
        out[DRAFT.height :] = self.chroma
        left = index * self.step % (DRAFT.width - 60)
        out[200:260, left : left + 60] = 220


def crowd(out: Path, packets: int, *, scale: int = 1_000_000) -> Path:
    """Write a film of very many packets, each of one byte and one tick, which a small table lists."""

    def box(kind: bytes, *parts: bytes) -> bytes:
        body = b"".join(parts)
        return struct.pack(">I4s", len(body) + 8, kind) + body

    head, unit = box(b"ftyp", b"isom\0\0\2\0isom"), struct.pack(">9I", 1 << 16, 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 30)
    times = struct.pack(">5I", 0, 0, 0, scale, packets)
    entry = struct.pack(">6xH16xHHII4xH32xHH", 1, 480, 854, 72 << 16, 72 << 16, 1, 24, 0xFFFF)
    table = box(
        b"stbl",
        box(b"stsd", struct.pack(">II", 0, 1), box(b"rle ", entry)),
        box(b"stts", struct.pack(">4I", 0, 1, packets, 1)),
        box(b"stsc", struct.pack(">5I", 0, 1, 1, packets, 1)),
        box(b"stsz", struct.pack(">3I", 0, 1, packets)),
        box(b"stco", struct.pack(">3I", 0, 1, len(head) + 8)),
    )
    data = box(b"dinf", box(b"dref", struct.pack(">II", 0, 1), box(b"url ", b"\0\0\0\1")))
    info = box(b"minf", box(b"vmhd", struct.pack(">I8x", 1)), data, table)
    kind = box(b"hdlr", struct.pack(">II4s12xx", 0, 0, b"vide"))
    media = box(b"mdia", box(b"mdhd", times, struct.pack(">HH", 0x55C4, 0)), kind, info)
    track = struct.pack(">6I", 3, 0, 0, 1, 0, packets) + bytes(16) + unit + struct.pack(">II", 480 << 16, 854 << 16)
    movie = box(b"mvhd", times, struct.pack(">IH10x", 1 << 16, 256), unit, bytes(24), struct.pack(">I", 2))
    out.write_bytes(head + box(b"mdat", bytes(packets)) + box(b"moov", movie, box(b"trak", box(b"tkhd", track), media)))
    return out


@pytest.fixture(scope="session")
def drifting() -> type[Drifting]:
    """The class of small drawn scenes."""
    return Drifting


@pytest.fixture(scope="session")
def program() -> Path:
    """An ffmpeg that can do everything."""
    found = ffmpeg.locate()
    ffmpeg.check(found)
    return found


@pytest.fixture(scope="session")
def how(program: Path) -> encode.Encoding:
    """How small segments are encoded."""
    return encode.Encoding(ffmpeg=program, canvas=DRAFT)


@pytest.fixture(scope="session")
def tone(program: Path) -> Callable[[Path, float], Path]:
    """Write so many seconds of a tone as AAC."""

    def write(out: Path, seconds: float) -> Path:
        made = (
            "-f",
            "lavfi",
            "-i",
            f"sine=frequency=330:duration={seconds}:sample_rate=48000",
            "-ac",
            "2",
            "-c:a",
            "aac",
        )
        process.run(ffmpeg.command(program, *made, "-y", out))
        return out

    return write


@pytest.fixture(scope="session")
def segments(how: encode.Encoding, tmp_path_factory: pytest.TempPathFactory) -> tuple[Segment, ...]:
    """Three segments of 20, 15 and 25 frames; read only."""
    folder = tmp_path_factory.mktemp("segments")
    made = []
    for number, count in enumerate((20, 15, 25)):
        path = folder / f"segment{number}.mp4"
        scene = Drifting(count, shade=60 + 40 * number)
        encode.encode(encode.body(scene, 0, count, canvas=DRAFT), path, at=0, count=count, how=how)
        made.append(Segment(path=path, frames=count))
    return tuple(made)


@pytest.fixture(scope="session")
def film(
    segments: tuple[Segment, ...],
    tone: Callable[[Path, float], Path],
    program: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """A finished film of 60 frames; read only."""
    folder = tmp_path_factory.mktemp("film")
    out = folder / "film.mp4"
    sound = tone(folder / "tone.m4a", 2.0)
    assemble(segments, sound, out, ffmpeg=program, tags={}, source_type=marking.source_type(generated=True))
    return out
