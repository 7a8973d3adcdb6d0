"""A vendor's clip as the frames of a scene: cut to the canvas, in our colours, at our pace."""

from __future__ import annotations

import contextlib
import re
from bisect import bisect_right
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from badapple import process
from badapple.errors import DiskError, MediaError, OutOfMemoryError, ToolError
from badapple.media import planes
from badapple.media.ffmpeg import OUTSIDE_MEMORY, command, outside, sandbox
from badapple.media.titles import Overlay
from badapple.models import FPS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from badapple.models import Canvas, TextBox
    from badapple.ports import Frames

__all__ = ["SLOWEST", "ClipFrames", "Overlay", "pace"]

SLOWEST = Fraction(28, 25)  #: a clip may last this many times as long as it was made for; slower, movement looks wrong
_MOST_BYTES = 400 << 20
_MOST_PIXELS = 4096 * 2304
_MOST_FRAMES = 4000  # half a minute at 120 a second
_LIMITS = process.Limits(seconds=60, memory=OUTSIDE_MEMORY, output=2 << 20)
_STRICT = ("-xerror", "-err_detect", "explode")
_STREAM = re.compile(
    r"^  Stream #0:\d+\S*: Video: .*?, (?P<format>[a-z]\w+)(?:\((?P<colour>[^)]*)\))?, (?P<width>\d+)x(?P<height>\d+)",
    re.MULTILINE,
)
_MATRICES = {"bt709", "smpte170m", "bt470bg", "smpte240m", "fcc", "bt2020nc", "gbr"}
_HDR = {"smpte2084", "arib-std-b67"}
_CLEAR = re.compile(r"yuva|gbrap|rgba|argb|bgra|abgr|ya\d")  # names of pixel formats with transparency


class ClipFrames:
    """A clip of any size, rate and length as `count` frames; implements `ports.Frames`.

    The middle of the picture covers the canvas. A clip that is too long is cut, one that is a little too short is
    slowed evenly: its own frames are repeated, none is blended or made up, so that what the vendor drew stays sharp
    (and making up frames costs more than encoding them).

    Frames are decoded anew for each run that is read, always from the first on: the same numbers give the same bytes,
    and nothing that is large is kept. Read them with `reading`; `draw` alone decodes the clip for a single frame.
    """

    count: int
    boxes: tuple[TextBox, ...]

    def __init__(
        self,
        path: Path,
        *,
        count: int,
        canvas: Canvas,
        ffmpeg: Path,
        overlay: Overlay | None = None,
        boxes: tuple[TextBox, ...] = (),
    ) -> None:
        """Look at the clip; a flaw inside a frame is found only when that frame is read.

        Args:
            path: MP4 or MOV from outside, with or without sound.
            count: frames wanted.
            canvas: size of the frames.
            ffmpeg: the program.
            overlay: words to lay over the picture.
            boxes: text that is in the clip's own picture.

        Raises:
            MediaError: it cannot be read, is too short, too large, or not of a kind that can be shown; says why.
        """
        self.count = count
        self.boxes = (*boxes, *(overlay.boxes if overlay is not None else ()))
        self._path = path
        self._canvas = canvas
        self._ffmpeg = ffmpeg
        self._overlay = overlay
        picture, self._sources = self._looked_at()
        self._filters = _conform(picture, canvas)

    def draw(self, index: int, out: NDArray[np.uint8]) -> None:
        """Draw frame `index`; costs a decoding of the clip up to there."""
        with self.reading(index, 1) as run:
            run.draw(index, out)

    @contextlib.contextmanager
    def reading(self, first: int, count: int) -> Iterator[Frames]:
        """Open a run of frames to be drawn in order by one thread; leaving the block ends its decoder."""
        if not 0 <= first < first + count <= self.count:
            raise IndexError(f"frames {first} to {first + count - 1} of {self.count}")
        start, last = self._sources[first], self._sources[first + count - 1]
        filters = f"trim=start_frame={start}:end_frame={last + 1},{self._filters}"
        output = ("-vf", filters, "-fps_mode", "passthrough", "-pix_fmt", "yuv420p", "-f", "rawvideo", "pipe:1")
        with process.stream(self._call(*output), limits=_LIMITS, sandbox=sandbox(self._path)) as fill:

            def read(buffer: memoryview) -> None:
                try:
                    done = fill(buffer)
                except (DiskError, OutOfMemoryError):
                    raise
                except ToolError as error:
                    raise self._broken(error) from error
                if not done:
                    raise self._refused("has fewer frames than its table says")

            yield _Run(self, read=read, at=start, canvas=self._canvas)

    def source(self, index: int) -> int:
        """Return the number of the clip's own frame that frame `index` shows."""
        return self._sources[index]

    def finish(self, index: int, out: NDArray[np.uint8]) -> None:
        """Lay the words over a frame."""
        if self._overlay is not None:
            self._overlay.draw(index, out)

    def _call(self, *output: str, loglevel: str = "error") -> list[str]:
        """Return the command that decodes the picture with one thread: whoever encodes needs the others."""
        opened = outside(self._path, seconds=float(Fraction(self.count, FPS)) + 1)
        return command(self._ffmpeg, *_STRICT, *opened, "-map", "0:V:0", *output, loglevel=loglevel)

    def _looked_at(self) -> tuple[_Picture, tuple[int, ...]]:
        """Read what the picture is, and choose the clip's frame for each of ours; nothing is decoded yet."""
        with contextlib.suppress(OSError):
            size = self._path.stat().st_size
            if size > _MOST_BYTES:
                raise self._refused(f"has {size >> 20} MiB; {_MOST_BYTES >> 20} are the most")
        wanted = Fraction(self.count, FPS)
        listed = ("-map_metadata", "-1", "-fflags", "+bitexact", "-c", "copy", "-frames:v", str(_MOST_FRAMES + 1))
        try:
            args = self._call(*listed, "-f", "framecrc", "pipe:1", loglevel="info")
            said = process.run(args, limits=_LIMITS, sandbox=sandbox(self._path))
        except (DiskError, OutOfMemoryError):
            raise
        except ToolError as error:
            raise self._broken(error) from error
        picture = self._checked(_STREAM.search("\n".join(said.last_lines)))
        begins, end = _shown(said.stdout.decode("ascii", "replace"))
        if not begins:
            raise self._refused("has no picture")
        if len(begins) > _MOST_FRAMES:
            raise self._refused(f"has more than {_MOST_FRAMES} frames in {float(wanted) + 1:.0f} s")
        if end * SLOWEST < wanted:
            raise self._refused(
                f"lasts {float(end):.2f} s, which is too short for {float(wanted):.2f} s: it may be slowed by "
                f"{float(SLOWEST - 1):.0%} at most"
            )
        return picture, pace(begins, end, count=self.count)

    def _checked(self, found: re.Match[str] | None) -> _Picture:
        if found is None:
            raise self._refused("has no picture")
        words = [word.split("/") for word in (found["colour"] or "").split(", ")]
        tagged = any(word[0] in _MATRICES for word in words)  # matrix/primaries/transfer, or one word for all three
        picture = _Picture(int(found["width"]), int(found["height"]), found["format"], tagged=tagged)
        if picture.width * picture.height > _MOST_PIXELS:
            raise self._refused(f"is {picture.width}x{picture.height} px, which is too large")
        if any(_HDR.intersection(word) for word in words):
            raise self._refused("is in HDR; ordinary colours (BT.709) are needed")
        return picture

    def _refused(self, why: str) -> MediaError:
        return MediaError(f"the clip {self._path.name} {why}", path=self._path)

    def _broken(self, error: ToolError) -> MediaError:
        return MediaError(
            f"the clip {self._path.name} cannot be read: it is missing, damaged, cut short or no MP4",
            path=self._path,
            last_lines=error.last_lines,
            returncode=error.returncode,
        )


def pace(begins: Sequence[Fraction], end: Fraction, *, count: int) -> tuple[int, ...]:
    """Choose the frame of a clip that each of `count` frames of ours shows.

    Each shows what is on screen in the middle of its time; where the clip ends too early, all times are stretched.

    Args:
        begins: seconds at which each frame of the clip appears, ascending, the first at 0.
        end: seconds at which the last one goes.
        count: frames wanted.
    """
    share = min(Fraction(1), end / Fraction(count, FPS))
    return tuple(bisect_right(begins, share * Fraction(2 * index + 1, 2 * FPS)) - 1 for index in range(count))


def _shown(listed: str) -> tuple[list[Fraction], Fraction]:
    """Return the seconds at which the frames of a list of packets appear, from the first one on, and their end."""
    tick, packets = Fraction(0), []
    for line in listed.splitlines():
        process.check_stop()
        if line.startswith("#tb 0:"):
            tick = Fraction(line.partition(":")[2].strip())
        elif not line.startswith("#"):
            _, _, at, lasts, *rest = line.split(",")
            hidden = any(word.strip().startswith("F=") and int(word.strip()[2:], 0) & 4 for word in rest)
            if not hidden:  # else its frame lies outside the edit list
                packets.append((int(at), int(lasts)))
    packets.sort()
    first = packets[0][0] if packets else 0
    end = max((at + lasts for at, lasts in packets), default=0) - first
    return [(at - first) * tick for at, _ in packets], end * tick


class _Picture(NamedTuple):
    """What ffmpeg says of a video stream: size before any rotation, pixel format, whether it names its matrix."""

    width: int
    height: int
    format: str
    tagged: bool


def _conform(picture: _Picture, canvas: Canvas) -> str:
    """Return the filters that bring a picture onto the canvas; rotation is undone before the first of them."""
    steps = []
    if not picture.tagged and picture.format.startswith("yuv"):
        # Nobody says which matrix: the rule of the players, so that colours are those the vendor saw.
        high = picture.width >= 1280 or picture.height > 576
        steps.append(f"setparams=colorspace={'bt709' if high else 'smpte170m'}")
    if _CLEAR.match(picture.format):
        steps.append("format=gbrap,premultiply=inplace=1")  # what shows through is black
    shape = f"{canvas.width}/{canvas.height}"
    steps += [
        f"crop=w='min(iw,ih*{shape}/sar)':h='min(ih,iw*sar/({shape}))'",
        f"scale={canvas.width}:{canvas.height}:flags=lanczos+accurate_rnd:out_color_matrix=bt709:out_range=tv",
        "format=yuv420p",
    ]
    return ",".join(steps)


class _Run:
    """Frames that are read from a decoder in their order."""

    def __init__(self, clip: ClipFrames, *, read: Callable[[memoryview], None], at: int, canvas: Canvas) -> None:
        self.count = clip.count
        self.boxes = clip.boxes
        self._clip = clip
        self._read = read
        self._shown = at - 1
        self._kept: NDArray[np.uint8] | None = None
        self._canvas = canvas

    def draw(self, index: int, out: NDArray[np.uint8]) -> None:
        """Draw frame `index`; one that lies before the last drawn is decoded apart."""
        wanted = self._clip.source(index)
        if self._kept is None:
            self._kept = planes.blank(self._canvas.width, self._canvas.height)
        elif wanted < self._shown:
            self._clip.draw(index, out)
            return
        while self._shown < wanted:
            self._read(self._kept.data.cast("B"))
            self._shown += 1
        np.copyto(out, self._kept)
        self._clip.finish(index, out)
