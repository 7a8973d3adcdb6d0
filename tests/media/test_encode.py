"""Frames into segments."""

from __future__ import annotations

import asyncio
import itertools
import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import av
import fontpkg
import numpy as np
import pytest
from fontTools.ttLib import TTFont

from badapple import process
from badapple.errors import MediaError
from badapple.media import encode
from badapple.media.planes import blank
from badapple.media.probe import tracks
from badapple.models import DRAFT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

_ASS = """[Script Info]
ScriptType: v4.00+
PlayResX: 1080
PlayResY: 1920
[V4+ Styles]
Format: Name, Fontname, Fontsize, PrimaryColour, Alignment, MarginV
Style: Default,Sans,120,&H00FFFFFF,5,0
[Events]
Format: Layer, Start, End, Style, Text
Dialogue: 0,0:00:10.00,0:00:10.20,Default,{\\p1}m 0 0 l 400 0 400 200 0 200{\\p0}
"""


def luma(path: Path) -> NDArray[np.uint8]:
    """Return Y of all frames."""
    with av.open(str(path)) as file:
        return np.stack([frame.to_ndarray(format="gray") for frame in file.decode(video=0)])


def shades(*values: int) -> Iterator[NDArray[np.uint8]]:
    """Yield flat frames out of one buffer."""
    frame = blank(DRAFT.width, DRAFT.height)
    for value in values:
        frame[: DRAFT.height] = value
        yield frame


def test_every_frame_arrives_in_order_from_one_buffer(how: encode.Encoding, tmp_path: Path) -> None:
    values = list(range(30, 210, 6))

    encode.encode(shades(*values), tmp_path / "out.mp4", at=0, count=len(values), how=how)

    seen = luma(tmp_path / "out.mp4").mean(axis=(1, 2))
    expected = (np.array(values) - 16) * 255 / 219  # PyAV's grey is full range
    assert np.abs(seen - expected).max() < 4


@pytest.mark.parametrize("given", [4, 6])
def test_another_number_of_frames_leaves_no_file(how: encode.Encoding, tmp_path: Path, given: int) -> None:
    with pytest.raises(MediaError, match="frames"):
        encode.encode(shades(*range(100, 100 + given)), tmp_path / "out.mp4", at=0, count=5, how=how)

    assert list(tmp_path.iterdir()) == []


def test_frames_of_another_shape_are_refused(how: encode.Encoding, tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="instead of uint8"):
        encode.encode([blank(540, 960)], tmp_path / "out.mp4", at=0, count=1, how=how)


def test_body_draws_the_frames_asked_for(drifting: Any) -> None:
    scene = drifting(20)
    expected = blank(DRAFT.width, DRAFT.height)

    drawn = [frame.copy() for frame in encode.body(scene, 5, 3, canvas=DRAFT)]

    for index, frame in zip((5, 6, 7), drawn, strict=True):
        scene.draw(index, expected)
        assert np.array_equal(frame, expected)


def test_captions_are_burned_in_at_film_time(how: encode.Encoding, tmp_path: Path) -> None:
    captions = tmp_path / "cap'tions, [1]: x.ass"
    captions.write_text(_ASS)
    flat = [60] * 30

    encode.encode(shades(*flat), tmp_path / "out.mp4", at=290, count=30, how=replace(how, captions=captions))

    changed = np.ptp(luma(tmp_path / "out.mp4"), axis=(1, 2)) > 60
    assert np.flatnonzero(changed).tolist() == list(range(10, 16))  # 10.0 s is frame 300, 10.2 s is frame 306


def test_captions_use_the_fonts_of_the_folder(how: encode.Encoding, tmp_path: Path) -> None:
    fonts = tmp_path / "fonts: it's here"
    fonts.mkdir()
    font = TTFont(fontpkg.path("anton"))
    for name in font["name"].names:
        if name.nameID in (1, 4, 16):
            name.string = "Only Here"
    font.save(fonts / "only.ttf")
    captions = tmp_path / "captions.ass"
    captions.write_text(
        _ASS.replace("Sans", "Only Here").replace("{\\p1}m 0 0 l 400 0 400 200 0 200{\\p0}", "Some words")
    )

    widths = []
    for folder in (fonts, None):
        look = replace(how, captions=captions, fonts=folder)
        encode.encode(shades(*[60] * 3), tmp_path / "out.mp4", at=300, count=3, how=look)
        columns = np.flatnonzero((luma(tmp_path / "out.mp4")[1] > 150).any(axis=0))
        widths.append(int(columns[-1] - columns[0]))

    assert widths[0] < 0.85 * widths[1]  # Anton is narrow


def test_presets_share_one_header(how: encode.Encoding, tmp_path: Path) -> None:
    paths = []
    for preset in ("superfast", "veryfast", "faster"):
        path = tmp_path / f"{preset}.mp4"
        look = replace(how, canvas=replace(DRAFT, preset=preset, crf=20))
        encode.encode(shades(*range(50, 80)), path, at=0, count=30, how=look)
        paths.append(path)

    assert len({track.header for track in tracks(*paths, ffmpeg=how.ffmpeg)}) == 1


async def test_cancelling_stops_ffmpeg_and_leaves_no_file(how: encode.Encoding, tmp_path: Path) -> None:
    loop, begun = asyncio.get_running_loop(), asyncio.Event()

    def endless() -> Iterator[NDArray[np.uint8]]:
        for number in itertools.count():
            if number == 20:
                loop.call_soon_threadsafe(begun.set)
            yield from shades(90)

    out = tmp_path / "film" / "out.mp4"
    work = asyncio.create_task(process.in_thread(encode.encode, endless(), out, at=0, count=10**9, how=how))
    await begun.wait()

    work.cancel()

    with pytest.raises(asyncio.CancelledError):
        await work
    assert os.listdir(out.parent) == []  # noqa: PTH208 - a path's own method would need a thread here
