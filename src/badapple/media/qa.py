"""What was measured on a finished video, and whether it may go out."""

from __future__ import annotations

import json
import math
import re
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from badapple import process
from badapple.errors import DiskError, MediaError, OutOfMemoryError, ToolError
from badapple.media.ffmpeg import command, source
from badapple.media.probe import MediaInfo, probe
from badapple.models import FPS, HEIGHT, SAFE_ZONE, TOTAL_FRAMES, WIDTH

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from badapple.media.hearing import SoundReport
    from badapple.models import TextBox

__all__ = ["Expected", "PictureReport", "Report", "Verdict", "judge", "measure_picture"]

#: Shortest spells that count, seconds.
_BLACK, _FROZEN = 0.25, 1.0
#: A black px is one of at most 4 % of the way from black to white, so that a dark scene is none; a black frame has
#: hardly any other px.
_LOOK = (
    f"scale=w=270:h=-2:flags=area,blackdetect=d={_BLACK}:pix_th=0.04:pic_th=0.998,"
    f"freezedetect=n=0.001:d={_FROZEN},metadata=print:file=-"
)
_LOUDNESS, _LOUDNESS_SLACK, _PEAK = -14.0, 1.0, -1.0  # LUFS, LU, dBTP
_UNHEARD = -50.0  # LUFS; what is quieter counts as no sound at all
_SYNC, _CAPTION = 40.0, 120.0  # ms


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureReport:
    """What the picture was measured to be.

    Attributes:
        info: what the file is.
        looked: frames that were decoded and looked at: those that others refer to, about every second one.
        black: spells without a picture, (start, end) in seconds.
        frozen: spells without motion, (start, end) in seconds.
    """

    info: MediaInfo
    looked: int
    black: tuple[tuple[float, float], ...]
    frozen: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """All that was measured.

    Attributes:
        picture: from the file.
        sound: from the file, or None where it has no sound.
        caption_offsets_ms: caption starts against the words heard, positive late.
        boxes: all text on screen, captions too.
    """

    picture: PictureReport
    sound: SoundReport | None
    caption_offsets_ms: tuple[float, ...] = ()
    boxes: tuple[TextBox, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the report as JSON values; what could not be measured is null."""
        text = json.dumps(asdict(self), default=str)
        # Python writes NaN and Infinity, which JSON does not know.
        body: dict[str, Any] = json.loads(text, parse_constant=lambda _: None)
        return body


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What the video was meant to be.

    Attributes:
        width: px.
        height: px.
        frames: length.
        hole: seconds without any sound that are too long.
    """

    width: int = WIDTH
    height: int = HEIGHT
    frames: int = TOTAL_FRAMES
    hole: float = 4.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Broken rules as sentences: hard ones fail the job, soft ones warn."""

    hard: tuple[str, ...]
    soft: tuple[str, ...]


def measure_picture(video: Path, *, ffmpeg: Path) -> PictureReport:
    """Decode the picture once and look for black and frozen spells.

    Frames that no other refers to are not decoded: at most two in a row, far shorter than any spell that counts. Nor
    are block edges smoothed: black is as black without it, and it costs a quarter of the pass.

    Raises:
        MediaError: it is missing, damaged or cut short.
    """
    info = probe(video, ffmpeg=ffmpeg)
    quick = ("-threads", "1", "-skip_frame", "noref", "-skip_loop_filter", "all")
    args = ("-xerror", "-err_detect", "explode", *quick, *source(video), "-map", "0:v:0", "-vf", _LOOK)
    try:
        output = process.run(command(ffmpeg, *args, "-fps_mode", "passthrough", "-f", "framecrc", "pipe:1"))
    except (DiskError, OutOfMemoryError):
        raise
    except ToolError as error:
        raise MediaError(f"{video.name} is damaged or cut short", path=video, last_lines=error.last_lines) from error
    said = output.stdout.decode("ascii", "replace")
    return PictureReport(
        info=info,
        looked=len(re.findall(r"^0, ", said, re.MULTILINE)),
        black=tuple(_spells(said, "black_start", "black_end", info.duration, _BLACK)),
        frozen=tuple(_spells(said, "freezedetect.freeze_start", "freezedetect.freeze_end", info.duration, _FROZEN)),
    )


def judge(report: Report, *, expected: Expected) -> Verdict:
    """Hold the report against the rules."""
    hard = (
        *_shape(report.picture.info, expected),
        *_blackness(report.picture),
        *_silence(report, expected),
        *_sync(report.sound),
    )
    soft = (
        *_level(report.sound),
        *_frozenness(report.picture),
        *_text(report.boxes),
        *_captions(report.caption_offsets_ms),
        *_start(report),
    )
    return Verdict(hard=hard, soft=soft)


def _spells(said: str, start: str, end: str, until: float, shortest: float) -> Iterator[tuple[float, float]]:
    begun: float | None = None
    for name, value in re.findall(r"lavfi\.([\w.]+)=([\d.]+)", said):
        if name == start:
            begun = float(value)
        elif name == end and begun is not None:
            if float(value) - begun >= shortest:
                yield begun, float(value)
            begun = None
    if begun is not None and until - begun >= shortest:  # the last spell has no end of its own
        yield begun, until


def _shape(info: MediaInfo, expected: Expected) -> Iterator[str]:
    if (info.width, info.height) != (expected.width, expected.height):
        yield f"the picture is {info.width}x{info.height} instead of {expected.width}x{expected.height}"
    if not info.constant or info.fps != FPS:
        yield f"the frame rate is not a constant {FPS} a second"
    if info.frames != expected.frames:
        yield f"the film has {info.frames} frames instead of {expected.frames}"
    if (info.codec, info.profile, info.pix_fmt) != ("h264", "High", "yuv420p"):
        yield f"the picture is {info.codec} {info.profile} {info.pix_fmt} instead of h264 High yuv420p"


def _blackness(picture: PictureReport) -> Iterator[str]:
    for start, end in picture.black:
        yield f"the picture is black from {start:.2f} to {end:.2f} s"


def _silence(report: Report, expected: Expected) -> Iterator[str]:
    info, sound = report.picture.info, report.sound
    if sound is None or not info.audio_codec:
        yield "there is no sound"
        return
    if not sound.loudness > _UNHEARD:  # NaN too
        yield "nothing can be heard"
    if abs(info.audio_duration - info.duration) > 0.1:
        yield f"the sound lasts {info.audio_duration:.2f} s and the picture {info.duration:.2f} s"
    for start, end in sound.silences:
        if end - start > expected.hole:
            yield f"nothing can be heard from {start:.2f} to {end:.2f} s"


def _sync(sound: SoundReport | None) -> Iterator[str]:
    for number, offset in enumerate(sound.voice_offsets_ms if sound else (), 1):
        if not math.isfinite(offset):
            yield f"voice {number} cannot be found in the sound"
        elif abs(offset) > _SYNC:
            yield f"voice {number} is {abs(offset):.0f} ms {'late' if offset > 0 else 'early'}"


def _level(sound: SoundReport | None) -> Iterator[str]:
    if sound is None:
        return
    if abs(sound.loudness - _LOUDNESS) > _LOUDNESS_SLACK:
        yield f"the loudness is {sound.loudness:.1f} LUFS instead of {_LOUDNESS:.0f}"
    if sound.true_peak > _PEAK:
        yield f"the true peak is {sound.true_peak:.1f} dBTP, over {_PEAK:.0f}"


def _frozenness(picture: PictureReport) -> Iterator[str]:
    for start, end in picture.frozen:
        yield f"the picture stands still from {start:.2f} to {end:.2f} s"


def _text(boxes: Sequence[TextBox]) -> Iterator[str]:
    for box in boxes:
        if not SAFE_ZONE.holds(box.box):
            yield f"the text {box.text!r} leaves the safe zone"


def _captions(offsets: Sequence[float]) -> Iterator[str]:
    wrong = [offset for offset in offsets if not abs(offset) <= _CAPTION]  # NaN too
    if wrong:
        yield f"{len(wrong)} of {len(offsets)} captions are more than {_CAPTION:.0f} ms early or late"


def _start(report: Report) -> Iterator[str]:
    if not report.picture.info.faststart:
        yield "the file must be loaded whole before it plays"
    if report.picture.info.color[:2] != ("tv", "bt709"):
        yield "the colours are not marked as BT.709"
