"""Frames into a segment that joins its neighbours by copying."""

from __future__ import annotations

import contextlib
from collections.abc import Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from badapple import process
from badapple.errors import MediaError
from badapple.media import boxes, ffmpeg, planes
from badapple.media.reading import reading
from badapple.media.whole import whole
from badapple.models import FPS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from badapple.models import Canvas
    from badapple.ports import Frames

__all__ = ["TIMESCALE", "Encoding", "body", "encode"]

TIMESCALE = 15360  #: ticks a second of every segment; a frame is 512
#: Pinned, so that every preset writes the same headers: segments of different presets still make one track.
_PINNED = "keyint=60:min-keyint=1:stitchable=1:ref=1:bframes=3:b-pyramid=2:weightp=1:8x8dct=1:cabac=1:trellis=0"
_TAGS = "range=tv:color_primaries=bt709:color_trc=bt709:colorspace=bt709"


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoding:
    """How the segments of one film are encoded.

    Attributes:
        ffmpeg: the program.
        canvas: size and effort.
        captions: ASS file in film time to burn in, or None.
        fonts: folder with the fonts that the captions name, or None.
        threads: of the encoder; 1 where several segments are encoded at once.
    """

    ffmpeg: Path
    canvas: Canvas
    captions: Path | None = None
    fonts: Path | None = None
    threads: int = 1


def encode(pictures: Iterable[NDArray[np.uint8]], out: Path, *, at: int, count: int, how: Encoding) -> None:
    """Write a segment.

    Args:
        pictures: I420 frames, uint8 (height * 3 // 2, width). Each is written before the next is asked for: one buffer
            will do.
        out: MP4 with one track, no sound.
        at: the segment's first frame on the film's timeline; captions are in film time.
        count: frames there must be.
        how: size, effort, captions.

    Raises:
        MediaError: there are fewer or more frames, or one has another shape.
        ToolError: ffmpeg failed.
    """
    shape = (how.canvas.height * 3 // 2, how.canvas.width)
    with whole(out) as part, ffmpeg.desk(captions=how.captions, fonts=how.fonts) as folder, _closing(pictures):
        with process.pipe(_command(part, at=at, how=how), cwd=folder) as write:
            _feed(write, pictures, count=count, shape=shape, name=out.name)
        written = boxes.samples(part)
        if written != count:
            raise MediaError(f"{out.name} has {written} frames instead of {count}", path=out)


def body(frames: Frames, first: int, count: int, *, canvas: Canvas) -> Generator[NDArray[np.uint8], None, None]:
    """Draw frames `first` to `first + count - 1`, each into the same buffer.

    Nothing is drawn ahead in a thread: ffmpeg reads frames ahead of its encoder, so that drawing and encoding overlap
    already.
    """
    buffer = planes.blank(canvas.width, canvas.height)
    with reading(frames, first, count) as run:
        for index in range(first, first + count):
            process.check_stop()
            run.draw(index, buffer)
            yield buffer


@contextlib.contextmanager
def _closing(pictures: Iterable[NDArray[np.uint8]]) -> Iterator[None]:
    """Close a generator afterwards, however that comes about: what it reads from may be a child process."""
    try:
        yield
    finally:
        if isinstance(pictures, Generator):
            pictures.close()


def _feed(
    write: Callable[[memoryview], None],
    pictures: Iterable[NDArray[np.uint8]],
    *,
    count: int,
    shape: tuple[int, int],
    name: str,
) -> None:
    done = 0
    for picture in pictures:
        if picture.shape != shape or picture.dtype.name != "uint8" or not picture.flags.c_contiguous:
            raise MediaError(f"frame {done} of {name} is {picture.dtype} {picture.shape} instead of uint8 {shape}")
        if done == count:
            raise MediaError(f"{name} was given more than {count} frames")
        write(picture.data.cast("B"))
        done += 1
    if done != count:
        raise MediaError(f"{name} was given {done} frames instead of {count}")


def _command(part: Path, *, at: int, how: Encoding) -> list[str]:
    filters = ["setsar=1", f"setparams={_TAGS}"]
    if how.captions is not None:
        fonts = ":fontsdir=fonts" if how.fonts is not None else ""
        # The ASS filter reads the frame's own time: it is set to film time for the burning and back again.
        filters += ["settb=1/30", f"setpts=N+{at}", f"ass=filename=captions{fonts}", "setpts=N"]
    size, preset, crf = f"{how.canvas.width}x{how.canvas.height}", how.canvas.preset, str(how.canvas.crf)
    return ffmpeg.command(
        how.ffmpeg,
        *("-f", "rawvideo", "-pix_fmt", "yuv420p", "-s", size, "-framerate", str(FPS)),
        *("-protocol_whitelist", "pipe", "-i", "pipe:0"),
        *("-vf", ",".join(filters), "-fps_mode", "passthrough", "-an"),
        *("-c:v", "libx264", "-preset", preset, "-crf", crf, "-profile:v", "high", "-pix_fmt", "yuv420p"),
        *("-x264-params", _PINNED, "-threads", str(how.threads), "-fflags", "+bitexact"),
        *("-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709", "-color_range", "tv"),
        # The edit list counts in the movie's time: in milliseconds, the default, most lengths are rounded, and segments
        # then no longer join without a gap.
        *("-video_track_timescale", str(TIMESCALE), "-movie_timescale", str(TIMESCALE)),
        *("-f", "mp4", "-y", f"file:{part.absolute()}"),
    )
