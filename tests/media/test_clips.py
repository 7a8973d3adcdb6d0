"""Clips from outside as frames: every pixel where and when it belongs, every child ended."""

from __future__ import annotations

import asyncio
import itertools
import threading
import time
from fractions import Fraction
from typing import TYPE_CHECKING

import cv2
import numpy as np
import psutil
import pytest
from tests.media.conftest import crowd

from badapple import process
from badapple.errors import MediaError
from badapple.media import boxes, clips, encode, ffmpeg, planes, seams
from badapple.media.clips import ClipFrames, pace
from badapple.media.reading import reading
from badapple.models import FPS, Box, Canvas, TextBox

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    from badapple.ports import Frames

    Clips = Callable[..., Path]

TINY = Canvas(width=54, height=96, preset="ultrafast", crf=28)
#: A second of it is more than any pipe holds: its decoder cannot be done before its frames are read.
WIDE = Canvas(width=540, height=960, preset="ultrafast", crf=28)
#: Frame n of this source is one shade of grey: 16 + 4 n.
SHADES = "nullsrc=s=64x96:r={rate}:d={seconds},geq=lum='16+4*N':cb=128:cr=128"
RED = (63, 102, 240)  # BT.709, limited range


@pytest.fixture(scope="module")
def made(program: Path, tmp_path_factory: pytest.TempPathFactory) -> Clips:
    """Make a clip of a lavfi source, with further output options."""
    folder, numbers = tmp_path_factory.mktemp("clips"), itertools.count()

    def make(source: str, *options: str, suffix: str = "mp4", given: tuple[str, ...] = ()) -> Path:
        out = folder / f"clip{next(numbers)}.{suffix}"
        codec = () if "-c:v" in options else ("-c:v", "libx264", "-preset", "ultrafast", "-qp", "4")
        args = (*given, "-f", "lavfi", "-i", source, *codec, *options, "-y", out)
        process.run(ffmpeg.command(program, *args))
        return out

    return make


@pytest.fixture
def frames(program: Path) -> Callable[..., ClipFrames]:
    """Open a clip on a tiny canvas."""

    def open_clip(path: Path, count: int, canvas: Canvas = TINY) -> ClipFrames:
        return ClipFrames(path, count=count, canvas=canvas, ffmpeg=program)

    return open_clip


def _all(clip: Frames, first: int = 0, count: int | None = None) -> list[NDArray[np.uint8]]:
    return [frame.copy() for frame in encode.body(clip, first, count or clip.count, canvas=TINY)]


def _shades(pictures: list[NDArray[np.uint8]]) -> list[int]:
    """Return the numbers of the source's frames by their shade of grey."""
    return [round((float(picture[: TINY.height].mean()) - 16) / 4) for picture in pictures]


def _colour(frame: NDArray[np.uint8]) -> tuple[float, ...]:
    return tuple(float(np.median(plane)) for plane in planes.split(frame))


def _decoders() -> list[psutil.Process]:
    return [child for child in psutil.Process().children(recursive=True) if "ffmpeg" in child.name()]


@pytest.mark.parametrize(("rate", "seconds", "count"), [(30, 1, 30), (25, 1, 30), (24, 1.5, 40), (50, 0.6, 18)])
def test_each_frame_shows_what_is_on_screen_in_the_middle_of_its_time(
    made: Clips, frames: Callable[..., ClipFrames], rate: int, seconds: float, count: int
) -> None:
    clip = frames(made(SHADES.format(rate=rate, seconds=seconds)), count)
    assert _shades(_all(clip)) == [int((index + 0.5) * rate / FPS) for index in range(count)]


def test_a_clip_a_little_too_short_is_slowed_evenly_to_its_last_frame(
    made: Clips, frames: Callable[..., ClipFrames]
) -> None:
    shown = _shades(_all(frames(made(SHADES.format(rate=25, seconds=1.8)), 60)))
    assert (len(shown), shown[0], shown[-1]) == (60, 0, 44)
    steps = np.diff(shown)
    assert set(steps.tolist()) == {0, 1}
    still = np.flatnonzero(steps == 0)
    assert 2 <= np.diff(still).min() <= np.diff(still).max() <= 5  # repeated frames never bunch


def test_a_clip_far_too_short_is_refused_in_seconds(made: Clips, frames: Callable[..., ClipFrames]) -> None:
    path = made(SHADES.format(rate=25, seconds=1.6))
    with pytest.raises(MediaError, match=r"lasts 1\.60 s, which is too short for 2\.00 s: .* 12% at most") as caught:
        frames(path, 60)
    assert caught.value.path == path


def test_times_are_exact_for_any_rate() -> None:
    ntsc = [Fraction(1001 * n, 30_000) for n in range(180)]
    assert pace(ntsc, Fraction(1001 * 180, 30_000), count=180) == tuple(range(180))
    slow = pace([Fraction(n, 24) for n in range(141)], Fraction(141, 24), count=180)
    assert (slow[0], slow[-1], sorted(set(slow))) == (0, 140, list(range(141)))


def test_a_rate_that_changes_is_kept_in_time(made: Clips, frames: Callable[..., ClipFrames]) -> None:
    slower = "setpts='if(lt(N,10),N,10+(N-10)*3)/30/TB'"
    path = made(f"{SHADES.format(rate=30, seconds=1)},{slower}", "-fps_mode", "vfr", "-enc_time_base", "1/30")
    shown = _shades(_all(frames(path, 40)))
    assert shown == [*range(10), *[10 + index // 3 for index in range(30)]]


def test_the_picture_is_that_of_a_plain_decoding(made: Clips, frames: Callable[..., ClipFrames], program: Path) -> None:
    path = made("testsrc2=s=108x192:r=30:d=0.5", "-pix_fmt", "yuv420p", "-colorspace", "bt709")
    raw = process.run(
        ffmpeg.command(program, "-i", path, "-vf", "scale=54:96:flags=lanczos", "-f", "rawvideo", "-")
    ).stdout
    wanted = np.frombuffer(raw, np.uint8).reshape(15, 144, 54)
    for mine, other in zip(_all(frames(path, 15)), wanted, strict=True):
        assert cv2.PSNR(mine, np.ascontiguousarray(other)) > 40


def test_any_order_and_any_thread_give_the_same_bytes(made: Clips, frames: Callable[..., ClipFrames]) -> None:
    clip = frames(made("testsrc2=s=64x96:r=24:d=0.9"), 28)
    wanted = _all(clip)
    found: dict[int, NDArray[np.uint8]] = {}

    def run(first: int, count: int) -> None:
        found.update(enumerate(_all(clip, first, count), start=first))

    threads = [threading.Thread(target=run, args=part) for part in ((0, 10), (10, 13), (23, 5))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    alone = planes.blank(TINY.width, TINY.height)
    for index in (27, 3, 14):
        clip.draw(index, alone)
        assert np.array_equal(alone, wanted[index])
    assert all(np.array_equal(found[index], wanted[index]) for index in range(28))


def test_a_run_may_go_back(made: Clips, frames: Callable[..., ClipFrames]) -> None:
    clip = frames(made(SHADES.format(rate=30, seconds=0.6)), 18)
    out, shown = planes.blank(TINY.width, TINY.height), []
    with reading(clip, 4, 10) as run:
        for index in (6, 6, 4, 9, 8, 13):
            run.draw(index, out)
            shown += _shades([out])
    assert shown == [6, 6, 4, 9, 8, 13]


def test_frames_there_are_not_are_an_error(made: Clips, frames: Callable[..., ClipFrames]) -> None:
    clip = frames(made(SHADES.format(rate=30, seconds=0.6)), 18)
    with pytest.raises(IndexError, match="frames 10 to 19 of 18"), reading(clip, 10, 10):
        pass


@pytest.mark.parametrize(
    "options",
    [
        ("-pix_fmt", "yuv420p", "-vf", "scale=out_color_matrix=bt709", "-colorspace", "bt709"),
        ("-pix_fmt", "yuv420p", "-vf", "scale=out_color_matrix=smpte170m", "-colorspace", "smpte170m"),
        ("-pix_fmt", "yuv420p", "-vf", "scale=out_color_matrix=smpte170m,setparams=colorspace=unknown"),
        ("-pix_fmt", "yuv444p", "-vf", "scale=out_color_matrix=bt709:out_range=pc", "-colorspace", "bt709",
         "-color_range", "pc"),
        ("-pix_fmt", "yuv420p10le", "-vf", "scale=out_color_matrix=bt709", "-colorspace", "bt709"),
        ("-c:v", "libx265", "-pix_fmt", "yuv420p10le", "-vf", "scale=out_color_matrix=bt709", "-colorspace", "bt709",
         "-x265-params", "log-level=error"),
        ("-c:v", "libx264rgb", "-pix_fmt", "rgb24", "-preset", "ultrafast", "-qp", "0"),
        ("-c:v", "qtrle", "-pix_fmt", "argb"),
    ],
    ids=["bt709", "bt601", "untagged", "full range", "10 bit", "hevc", "rgb", "alpha"],
)  # fmt: skip
def test_red_is_red_however_it_was_written(
    made: Clips, frames: Callable[..., ClipFrames], options: tuple[str, ...]
) -> None:
    path = made("color=red:s=66x98:r=30:d=0.2,format=gbrp", *options, suffix="mov")
    assert _colour(_all(frames(path, 6))[3]) == pytest.approx(RED, abs=2.1)


def test_an_untagged_picture_of_hd_size_counts_as_bt709(made: Clips, frames: Callable[..., ClipFrames]) -> None:
    matrix = "scale=out_color_matrix=bt709,setparams=colorspace=unknown"
    path = made("color=red:s=432x768:r=30:d=0.1,format=gbrp", "-pix_fmt", "yuv420p", "-vf", matrix)
    assert _colour(_all(frames(path, 3))[0]) == pytest.approx(RED, abs=2.1)


def test_what_is_transparent_is_black(made: Clips, frames: Callable[..., ClipFrames]) -> None:
    path = made("color=red@0.0:s=64x96:r=30:d=0.1,format=argb", "-c:v", "qtrle", "-pix_fmt", "argb", suffix="mov")
    assert _colour(_all(frames(path, 3))[0]) == pytest.approx((16, 128, 128), abs=1)


@pytest.mark.parametrize("size", ["160x90", "90x160", "96x96", "75x131"])
def test_the_middle_covers_the_canvas_and_keeps_its_shape(
    made: Clips, frames: Callable[..., ClipFrames], size: str
) -> None:
    width, height = (int(side) for side in size.split("x"))
    side = min(width, height) // 4
    square = f"drawbox=x={(width - side) // 2}:y={(height - side) // 2}:w={side}:h={side}:color=white:t=fill"
    path = made(f"color=black:s={size}:r=30:d=0.1,format=yuv444p,{square}")
    luma = planes.split(_all(frames(path, 3))[0])[0]
    left, top, wide, tall = cv2.boundingRect((luma > 125).astype(np.uint8))
    assert wide == pytest.approx(tall, abs=1)
    assert (left + wide / 2, top + tall / 2) == pytest.approx((27, 48), abs=1)
    assert wide == pytest.approx(side * max(54 / width, 96 / height), abs=1.5)


def test_pixels_that_are_not_square_are_made_so(made: Clips, frames: Callable[..., ClipFrames]) -> None:
    square = "drawbox=x=24:y=42:w=6:h=12:color=white:t=fill,setsar=2"
    luma = planes.split(_all(frames(made(f"color=black:s=54x96:r=30:d=0.1,{square}"), 3))[0])[0]
    _, _, wide, tall = cv2.boundingRect((luma > 125).astype(np.uint8))
    assert wide == pytest.approx(tall, abs=1)


def test_a_picture_on_its_side_is_set_upright(
    made: Clips, frames: Callable[..., ClipFrames], program: Path, tmp_path: Path
) -> None:
    flat = made("color=black:s=96x54:r=30:d=0.1,drawbox=w=48:h=54:color=white:t=fill")
    turned = tmp_path / "turned.mp4"
    process.run(ffmpeg.command(program, "-display_rotation", "90", "-i", flat, "-c", "copy", turned))
    luma = planes.split(_all(frames(turned, 3))[0])[0]
    assert sorted((float(luma[:40].mean()), float(luma[56:].mean()))) == pytest.approx([16, 235], abs=4)


def test_sound_and_a_late_start_do_no_harm(made: Clips, frames: Callable[..., ClipFrames]) -> None:
    sound = ("-f", "lavfi", "-i", "sine=duration=1")
    path = made(SHADES.format(rate=25, seconds=0.8), "-c:a", "aac", "-output_ts_offset", "0.5", given=sound)
    assert _shades(_all(frames(path, 24))) == [int((index + 0.5) * 25 / FPS) for index in range(24)]


def test_a_body_becomes_a_segment_of_exactly_its_frames(
    made: Clips, frames: Callable[..., ClipFrames], program: Path, tmp_path: Path
) -> None:
    clip = frames(made("testsrc2=s=96x170:r=24:d=0.98"), 30)
    how = encode.Encoding(ffmpeg=program, canvas=TINY)
    out = tmp_path / "body.mp4"
    encode.encode(encode.body(clip, 5, 20, canvas=TINY), out, at=5, count=20, how=how)
    assert boxes.samples(out) == 20
    assert not _decoders()


def test_a_seam_reads_the_end_of_one_and_the_beginning_of_the_other(
    made: Clips, frames: Callable[..., ClipFrames]
) -> None:
    left, right = (frames(made(SHADES.format(rate=30, seconds=1)), 30) for _ in range(2))
    shown = [picture.copy() for picture in seams.seam("dissolve", left, right, canvas=TINY, count=10)]
    assert len(shown) == 10
    assert _shades([shown[0]])[0] == pytest.approx(20, abs=1)
    assert _shades([shown[-1]])[0] == pytest.approx(9, abs=1)
    assert not _decoders()


def test_a_reader_that_goes_away_leaves_no_decoder(made: Clips, frames: Callable[..., ClipFrames]) -> None:
    clip = frames(made("testsrc2=s=640x1136:r=30:d=2"), 60, WIDE)
    body = encode.body(clip, 0, 60, canvas=WIDE)
    next(body)
    assert len(_decoders()) == 1
    body.close()
    assert not _decoders()
    body = encode.body(clip, 0, 60, canvas=WIDE)
    next(body)
    del body
    assert not _decoders()


def test_an_encoding_that_fails_leaves_no_decoder(
    made: Clips, frames: Callable[..., ClipFrames], program: Path, tmp_path: Path
) -> None:
    clip = frames(made("testsrc2=s=640x1136:r=30:d=2"), 60)
    body = encode.body(clip, 0, 60, canvas=TINY)
    with pytest.raises(MediaError, match="more than 3 frames"):
        encode.encode(body, tmp_path / "x.mp4", at=0, count=3, how=encode.Encoding(ffmpeg=program, canvas=TINY))
    assert not _decoders()


async def test_a_cancelled_thread_leaves_no_decoder(made: Clips, frames: Callable[..., ClipFrames]) -> None:
    clip = frames(made("testsrc2=s=640x1136:r=30:d=2"), 60)
    begun = threading.Event()

    def work() -> None:
        for _ in encode.body(clip, 0, 60, canvas=TINY):
            begun.set()
            time.sleep(0.05)

    task = asyncio.create_task(process.in_thread(work))
    while not begun.is_set():
        await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not _decoders()


@pytest.mark.parametrize("kind", ["missing", "empty", "playlist", "list", "cut short", "sound only", "matroska"])
def test_what_is_no_clip_is_refused(
    made: Clips, frames: Callable[..., ClipFrames], program: Path, tmp_path: Path, kind: str
) -> None:
    path, good = tmp_path / "evil.mp4", made("testsrc2=s=64x96:r=30:d=1", "-movflags", "+faststart")
    if kind == "sound only":
        process.run(ffmpeg.command(program, "-f", "lavfi", "-i", "sine=duration=1", "-c:a", "aac", path))
    elif kind == "matroska":
        process.run(ffmpeg.command(program, "-i", good, "-c", "copy", "-f", "matroska", path))
    elif kind != "missing":
        body = {
            "empty": b"",
            "playlist": f"#EXTM3U\n#EXTINF:1,\n{good}\n#EXT-X-ENDLIST\n".encode(),
            "list": f"ffconcat version 1.0\nfile '{good}'\n".encode(),
            "cut short": good.read_bytes()[: -good.stat().st_size // 3],
        }[kind]
        path.write_bytes(body)
    with pytest.raises(MediaError, match=r"the clip evil\.mp4") as caught:
        frames(path, 30)
    assert caught.value.path == path


def test_damage_inside_is_found_when_it_is_read(made: Clips, frames: Callable[..., ClipFrames], tmp_path: Path) -> None:
    data = bytearray(made("testsrc2=s=320x568:r=30:d=1", "-movflags", "+faststart").read_bytes())
    for at in range(len(data) * 2 // 3, len(data) * 5 // 6, 97):
        data[at] ^= 0x5A
    (tmp_path / "hurt.mp4").write_bytes(data)
    clip = frames(tmp_path / "hurt.mp4", 30)
    with pytest.raises(MediaError, match=r"hurt\.mp4 cannot be read"):
        _all(clip)
    assert not _decoders()


@pytest.mark.parametrize(
    ("source", "options", "why"),
    [
        ("color=red:s=64x96:r=30:d=1,format=yuv420p,setparams=color_trc=smpte2084", (), "is in HDR"),
        ("color=red:s=4098x2400:r=30:d=0.03", (), "is 4098x2400 px, which is too large"),
    ],
)
def test_what_cannot_be_shown_is_refused_in_words(
    made: Clips, frames: Callable[..., ClipFrames], source: str, options: tuple[str, ...], why: str
) -> None:
    path = made(source, "-pix_fmt", "yuv420p", *options)
    with pytest.raises(MediaError, match=why):
        frames(path, 3)


def test_a_clip_of_very_many_packets_fills_no_memory(frames: Callable[..., ClipFrames], tmp_path: Path) -> None:
    path = crowd(tmp_path / "crowd.mp4", 1_500_000)
    before, begun = psutil.Process().memory_info().rss, time.monotonic()
    with pytest.raises(MediaError, match="has more than 4000 frames in 2 s"):
        frames(path, 30)
    assert psutil.Process().memory_info().rss - before < 20_000_000
    assert time.monotonic() - begun < 10


def test_as_many_frames_as_a_quick_camera_makes_are_fine(frames: Callable[..., ClipFrames], tmp_path: Path) -> None:
    clip = frames(crowd(tmp_path / "quick.mp4", 4000, scale=4000), 30)
    assert [clip.source(index) for index in (0, 29)] == [66, 3933]


def test_reading_a_list_of_packets_can_be_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped() -> None:
        raise process.Stopped

    monkeypatch.setattr(process, "check_stop", stopped)
    with pytest.raises(process.Stopped):
        clips._shown("#tb 0: 1/30\n")


def test_text_in_the_clip_itself_is_told(made: Clips, program: Path) -> None:
    box = TextBox(text="SALE", box=Box(left=200, top=300, right=400, bottom=380), start=0, end=6)
    path = made(SHADES.format(rate=30, seconds=0.2))
    assert ClipFrames(path, count=6, canvas=TINY, ffmpeg=program, boxes=(box,)).boxes == (box,)
