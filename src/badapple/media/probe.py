"""What an MP4 is, asked of ffmpeg and of the file's own boxes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING

from badapple import process
from badapple.errors import DiskError, MediaError, OutOfMemoryError, ToolError
from badapple.media import boxes
from badapple.media.ffmpeg import OUTSIDE_MEMORY, command, outside, sandbox, source

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

__all__ = ["MediaInfo", "Track", "check_decodes", "probe", "tracks"]

_LIMITS = process.Limits(seconds=120, output=8 << 20)  # some 100,000 packets, 40 times those of a film of ours
_OUTSIDE_LIMITS = process.Limits(seconds=120, memory=OUTSIDE_MEMORY, output=2 << 20)
_LONGEST = 60.0  # seconds of a file from outside that are looked at
_VIDEO = re.compile(
    r"Stream #0:\d+.*?: Video: (?P<codec>\w+)(?: \((?P<profile>[^()/]+)\))?.*?"
    r", (?P<pix_fmt>\w+)(?:\((?P<color>[^)]*)\))?, (?P<width>\d+)x(?P<height>\d+)(?: \[SAR (?P<sar>\d+:\d+))?"
)
_AUDIO = re.compile(r"Stream #0:\d+.*?: Audio: (?P<codec>\w+).*?, (?P<rate>\d+) Hz, (?P<layout>[^,]+)")
_CHANNELS = {"mono": 1, "stereo": 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """One track by its packets, none of them decoded.

    Attributes:
        kind: `video` or `audio`.
        codec: e.g. `h264`.
        header: length and checksum of the decoder's set-up (SPS and PPS); equal where tracks may be joined by copying.
        size: `270x480` of a video track, else empty.
        tick: seconds of one tick.
        packets: how many.
        first: earliest presentation time, ticks.
        end: end of the last packet shown, ticks.
        step: ticks from each packet to the next as shown, None where it varies.
    """

    kind: str
    codec: str
    header: str
    size: str
    tick: Fraction
    packets: int
    first: int
    end: int
    step: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaInfo:
    """What a finished video is.

    Attributes:
        width: px.
        height: px.
        fps: frames a second where the step is constant, else 0.
        frames: video packets.
        duration: seconds from the first picture to the end of the last.
        codec: e.g. `h264`.
        profile: e.g. `High`.
        pix_fmt: e.g. `yuv420p`.
        color: range and primaries as ffmpeg names them, e.g. `("tv", "bt709")`.
        sar: shape of a pixel, `1:1`.
        audio_codec: e.g. `aac`; empty without sound.
        audio_rate: samples a second; 0 without sound.
        audio_channels: 0 without sound.
        audio_duration: seconds; 0 without sound.
        constant: whether every frame lasts equally long and the first stands at 0.
        faststart: whether the index stands before the pictures.
        size: bytes.
    """

    width: int
    height: int
    fps: Fraction
    frames: int
    duration: float
    codec: str
    profile: str
    pix_fmt: str
    color: tuple[str, ...]
    sar: str
    audio_codec: str
    audio_rate: int
    audio_channels: int
    audio_duration: float
    constant: bool
    faststart: bool
    size: int


def probe(path: Path, *, ffmpeg: Path, foreign: bool = False) -> MediaInfo:
    """Read what a video is, without decoding it.

    Args:
        path: the file.
        ffmpeg: the program.
        foreign: it is a clip from outside: it must be an MP4 or MOV, its sound is not looked at, and neither is what
            comes after its first minute.

    Raises:
        MediaError: it cannot be read, has no picture or far too many packets.
    """
    said, found = _read(path, ffmpeg=ffmpeg, foreign=foreign)
    picture = _VIDEO.search(said)
    if picture is None or not any(track.kind == "video" for track in found):
        raise MediaError(f"{path.name} has no picture", path=path)
    video = next(track for track in found if track.kind == "video")
    audio = next((track for track in found if track.kind == "audio"), None)
    sound = _AUDIO.search(said)
    kinds = [box.kind for box in boxes.top(path)]
    return MediaInfo(
        width=int(picture["width"]),
        height=int(picture["height"]),
        fps=1 / (video.step * video.tick) if video.step else Fraction(0),
        frames=video.packets,
        duration=float((video.end - video.first) * video.tick),
        codec=picture["codec"],
        profile=picture["profile"] or "",
        pix_fmt=picture["pix_fmt"],
        color=tuple(word for word in (picture["color"] or "").split(", ") if word != "progressive"),
        sar=picture["sar"] or "",
        audio_codec=sound["codec"] if sound else "",
        audio_rate=int(sound["rate"]) if sound else 0,
        audio_channels=_CHANNELS.get(sound["layout"].strip(), 0) if sound else 0,
        audio_duration=float(audio.end * audio.tick) if audio else 0.0,
        constant=video.step is not None and video.first == 0,
        faststart=b"moov" in kinds and b"mdat" in kinds and kinds.index(b"moov") < kinds.index(b"mdat"),
        size=path.stat().st_size,
    )


def tracks(*paths: Path, ffmpeg: Path) -> tuple[Track, ...]:
    """Return the tracks of all files, in order.

    Raises:
        MediaError: one cannot be read; `path` names it where only one was asked for.
    """
    return _read(*paths, ffmpeg=ffmpeg)[1]


def check_decodes(path: Path, *, ffmpeg: Path, foreign: bool = False) -> None:
    """Decode every frame and sample and accept no flaw; of a foreign file, as with `probe`, the first minute's frames.

    Raises:
        MediaError: it is damaged or cut short.
    """
    chosen = ("-map", "0:V:0") if foreign else ()  # the one that is shown, where there are several
    args = ("-xerror", "-err_detect", "explode", *_opened(path, foreign=foreign), *chosen, "-f", "null", "-")
    _call(args, path=path, ffmpeg=ffmpeg, foreign=foreign)


def _opened(path: Path, *, foreign: bool) -> tuple[str, ...]:
    return outside(path, seconds=_LONGEST) if foreign else source(path)


def _read(*paths: Path, ffmpeg: Path, foreign: bool = False) -> tuple[str, tuple[Track, ...]]:
    inputs = [word for path in paths for word in _opened(path, foreign=foreign)]
    maps = [word for number in range(len(paths)) for word in ("-map", f"{number}:V:0" if foreign else str(number))]
    args = (*inputs, *maps, "-map_metadata", "-1", "-fflags", "+bitexact", "-c", "copy", "-f", "framecrc", "-")
    output = _call(args, path=paths[0] if len(paths) == 1 else None, ffmpeg=ffmpeg, foreign=foreign)
    return "\n".join(output.last_lines), _tracks(output.stdout.decode("ascii", "replace"))


def _call(args: Sequence[str], *, path: Path | None, ffmpeg: Path, foreign: bool) -> process.Output:
    name = path.name if path else "a file"
    limits, inside = (_OUTSIDE_LIMITS, sandbox(path)) if foreign and path else (_LIMITS, None)
    try:
        return process.run(command(ffmpeg, *args, loglevel="info"), limits=limits, sandbox=inside)
    except (DiskError, OutOfMemoryError):
        raise
    except ToolError as error:
        raise MediaError(
            f"{name} cannot be read: it is missing, damaged or cut short",
            path=path,
            last_lines=error.last_lines,
            returncode=error.returncode,
        ) from error


def _tracks(text: str) -> tuple[Track, ...]:
    heads: dict[int, dict[str, str]] = {}
    packets: dict[int, list[tuple[int, int]]] = {}
    for line in text.splitlines():
        process.check_stop()
        if line.startswith("#"):
            key, _, value = line[1:].partition(":")
            name, _, number = key.partition(" ")
            if number.isdecimal():
                heads.setdefault(int(number), {})[name] = value.strip()
        else:
            number, _, shown, lasts, *_ = line.split(",")
            packets.setdefault(int(number), []).append((int(shown), int(lasts)))
    return tuple(_track(head, sorted(packets.get(number, []))) for number, head in sorted(heads.items()))


def _track(head: Mapping[str, str], shown: Sequence[tuple[int, int]]) -> Track:
    steps = {later[0] - sooner[0] for sooner, later in pairwise(shown)} | {shown[-1][1] if shown else 0}
    return Track(
        kind=head["media_type"].rpartition(" ")[2],
        codec=head["codec_id"].rpartition(" ")[2],
        header=head.get("extradata", ""),
        size=head.get("dimensions", ""),
        tick=Fraction(head["tb"]),
        packets=len(shown),
        first=shown[0][0] if shown else 0,
        end=sum(shown[-1]) if shown else 0,
        step=steps.pop() if len(steps) == 1 else None,
    )
