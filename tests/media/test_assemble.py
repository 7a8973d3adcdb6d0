"""Segments and sound into the finished file."""

from __future__ import annotations

import shutil
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import av
import pytest

from badapple import process
from badapple.errors import MediaError
from badapple.media import encode, ffmpeg, marking
from badapple.media.assemble import Segment, assemble
from badapple.media.probe import check_decodes, probe
from badapple.models import DRAFT, Canvas

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

TERM = marking.source_type(generated=False)


@pytest.fixture
def parts(segments: tuple[Segment, ...], tmp_path: Path) -> list[Segment]:
    """Copies that a test may break."""
    (tmp_path / "it's a place").mkdir()
    copies = [tmp_path / "it's a place" / segment.path.name for segment in segments]
    for segment, copy in zip(segments, copies, strict=True):
        shutil.copyfile(segment.path, copy)
    return [replace(segment, path=copy) for segment, copy in zip(segments, copies, strict=True)]


@pytest.fixture
def sound(tone: Callable[[Path, float], Path], tmp_path: Path) -> Path:
    return tone(tmp_path / "tone.m4a", 2.0)


def refused(parts: list[Segment], sound: Path, program: Path) -> MediaError:
    out = sound.with_name("out.mp4")
    with pytest.raises(MediaError) as caught:
        assemble(parts, sound, out, ffmpeg=program, tags={}, source_type=TERM)
    assert not out.exists()
    assert not out.with_name("out.mp4.part").exists()
    return caught.value


def test_joined_frames_follow_each_other_evenly(parts: list[Segment], sound: Path, program: Path) -> None:
    out = sound.with_name("o'ut.mp4")

    assemble(parts, sound, out, ffmpeg=program, tags={"title": "Nuvé = 'x'; [y]"}, source_type=TERM)

    with av.open(str(out)) as file:
        assert file.metadata["title"] == "Nuvé = 'x'; [y]"
        stamps = sorted(packet.pts for packet in file.demux(video=0) if packet.pts is not None)
    assert stamps == list(range(0, 60 * 512, 512))
    check_decodes(out, ffmpeg=program)
    assert probe(out, ffmpeg=program).faststart


def test_no_picture_is_encoded_again(parts: list[Segment], sound: Path, program: Path) -> None:
    out = sound.with_name("out.mp4")

    assemble(parts, sound, out, ffmpeg=program, tags={}, source_type=TERM)

    joined = []
    for path in (*(part.path for part in parts), out):
        with av.open(str(path)) as file:
            joined.append([bytes(packet) for packet in file.demux(video=0) if packet.size])
    assert joined[0] + joined[1] + joined[2] == joined[3]


@pytest.mark.parametrize("keep", [0.0, 0.5, 0.98])
def test_a_segment_cut_short_is_named(parts: list[Segment], sound: Path, program: Path, keep: float) -> None:
    whole = parts[1].path.read_bytes()
    parts[1].path.write_bytes(whole[: int(len(whole) * keep)])

    assert refused(parts, sound, program).path == parts[1].path


def test_a_segment_that_is_gone_is_named(parts: list[Segment], sound: Path, program: Path) -> None:
    parts[2].path.unlink()

    assert refused(parts, sound, program).path == parts[2].path


def test_a_segment_with_too_few_frames_is_named(parts: list[Segment], sound: Path, program: Path) -> None:
    parts[1] = replace(parts[1], frames=16)

    error = refused(parts, sound, program)

    assert error.path == parts[1].path
    assert "15 frames instead of 16" in str(error)


@pytest.mark.parametrize("canvas", [Canvas(width=280, height=480), replace(DRAFT, preset="medium")])
def test_a_segment_unlike_the_others_is_named(
    parts: list[Segment], sound: Path, how: encode.Encoding, canvas: Canvas, drifting: Any
) -> None:
    extra = [] if canvas.preset != "medium" else ["-x264-params", "ref=5"]
    raw = ("-f", "lavfi", "-i", f"testsrc2=size={canvas.width}x{canvas.height}:rate=30", "-frames:v", "15")
    made = (
        "-pix_fmt",
        "yuv420p",
        "-c:v",
        "libx264",
        "-preset",
        canvas.preset,
        *extra,
        "-video_track_timescale",
        "15360",
    )
    process.run(ffmpeg.command(how.ffmpeg, *raw, *made, "-y", parts[1].path))

    assert refused(parts, sound, how.ffmpeg).path == parts[1].path


def test_sound_that_is_no_sound_is_named(parts: list[Segment], sound: Path, program: Path) -> None:
    shutil.copyfile(parts[0].path, sound)

    assert refused(parts, sound, program).path == sound


def test_a_film_that_cannot_be_joined_leaves_the_older_one(parts: list[Segment], sound: Path, program: Path) -> None:
    out = sound.with_name("film.mp4")
    out.write_bytes(b"older")
    parts[0].path.write_bytes(b"broken")

    with pytest.raises(MediaError):
        assemble(parts, sound, out, ffmpeg=program, tags={}, source_type=TERM)

    assert out.read_bytes() == b"older"


@pytest.mark.parametrize("counts", [(7, 13, 11), (157, 20, 31), (1, 2, 4, 8, 16)])
def test_segments_of_any_length_join_evenly(
    counts: tuple[int, ...], how: encode.Encoding, sound: Path, program: Path, drifting: Any
) -> None:
    """No length is a whole number of milliseconds unless it is a multiple of three."""
    made = []
    for number, count in enumerate(counts):
        path = sound.with_name(f"segment{number}.mp4")
        encode.encode(encode.body(drifting(count, shade=90), 0, count, canvas=DRAFT), path, at=0, count=count, how=how)
        made.append(Segment(path=path, frames=count))
    out = sound.with_name("out.mp4")

    assemble(made, sound, out, ffmpeg=program, tags={}, source_type=TERM)

    with av.open(str(out)) as file:
        stamps = sorted(packet.pts for packet in file.demux(video=0) if packet.pts is not None)
    assert stamps == list(range(0, sum(counts) * 512, 512))
