"""Segments and sound into the finished file, nothing encoded again."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from badapple import process
from badapple.errors import DiskError, MediaError, OutOfMemoryError, ToolError
from badapple.media import boxes, marking
from badapple.media.encode import TIMESCALE
from badapple.media.ffmpeg import command, desk
from badapple.media.probe import tracks
from badapple.media.whole import whole
from badapple.models import FPS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from badapple.media.probe import Track

__all__ = ["Segment", "assemble"]

_STEP = TIMESCALE // FPS  # ticks of a frame


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A piece of the film: a file, and how many frames it must have."""

    path: Path
    frames: int


def assemble(
    segments: Sequence[Segment], sound: Path, out: Path, *, ffmpeg: Path, tags: Mapping[str, str], source_type: str
) -> None:
    """Write the film: all segments in order with the sound, every packet copied.

    Args:
        segments: as `encode` writes them.
        sound: AAC as long as the film.
        out: MP4 that starts playing before it is loaded whole.
        ffmpeg: the program.
        tags: e.g. title and comment.
        source_type: IPTC digital source type, from `marking.source_type`.

    Raises:
        MediaError: a part is missing, cut short or not like its neighbours; `path` names it, so that it can be made
            again.
    """
    _check_parts(segments, sound, ffmpeg=ffmpeg)
    with whole(out) as part:
        _join(segments, sound, part, ffmpeg=ffmpeg, tags=tags)
        _check_film(part, sum(segment.frames for segment in segments), ffmpeg=ffmpeg)
        marking.mark(part, source_type)


def _join(segments: Sequence[Segment], sound: Path, part: Path, *, ffmpeg: Path, tags: Mapping[str, str]) -> None:
    names = {f"part{number}": segment.path for number, segment in enumerate(segments)}
    metadata = [word for key, value in tags.items() for word in ("-metadata", f"{key}={value}")]
    with desk(**names, sound=sound) as folder:
        (folder / "list").write_text("".join(f"file {name}\n" for name in names), encoding="ascii")
        process.run(
            command(
                ffmpeg,
                # All headers are equal: without conversion the packets stay as they are, headers out of band.
                *("-protocol_whitelist", "file,pipe", "-f", "concat", "-auto_convert", "0", "-i", "file:list"),
                *("-protocol_whitelist", "file,pipe", "-i", "file:sound"),
                *("-map", "0:v:0", "-map", "1:a:0", "-c", "copy", "-map_metadata", "-1"),
                *("-fflags", "+bitexact", *metadata),
                *(
                    "-video_track_timescale",
                    str(TIMESCALE),
                    "-movie_timescale",
                    str(TIMESCALE),
                    "-movflags",
                    "+faststart",
                ),
                *("-f", "mp4", "-y", f"file:{part.absolute()}"),
            ),
            cwd=folder,
        )


def _check_parts(segments: Sequence[Segment], sound: Path, *, ffmpeg: Path) -> None:
    if not segments:
        raise MediaError("a film needs at least one segment")
    paths = [*(segment.path for segment in segments), sound]
    for path in paths:
        if not path.is_file() or path.stat().st_size == 0:
            raise MediaError(f"{path.name} is missing or empty", path=path)
        boxes.top(path)  # ffmpeg itself forgives a file whose last box is cut short
    found = _read(paths, ffmpeg=ffmpeg)
    for segment, track in zip(segments, found, strict=False):
        _check_segment(segment, track, like=found[0])
    if found[-1].kind != "audio" or found[-1].codec != "aac":
        raise MediaError(f"{sound.name} is not AAC sound", path=sound)


def _read(paths: Sequence[Path], *, ffmpeg: Path) -> tuple[Track, ...]:
    """Read all at once, which costs one start of ffmpeg; one by one only to find out which is at fault."""
    try:
        found = tracks(*paths, ffmpeg=ffmpeg)
    except (DiskError, OutOfMemoryError):
        raise
    except ToolError:
        for path in paths:
            tracks(path, ffmpeg=ffmpeg)
        raise
    if len(found) != len(paths):
        wrong = next(path for path in paths if len(tracks(path, ffmpeg=ffmpeg)) != 1)
        raise MediaError(f"{wrong.name} has not exactly one track", path=wrong)
    return found


def _check_segment(segment: Segment, track: Track, *, like: Track) -> None:
    name = segment.path.name
    if track.kind != "video" or track.packets != segment.frames:
        raise MediaError(f"{name} has {track.packets} frames instead of {segment.frames}", path=segment.path)
    if track.step is None or track.first or track.step * track.tick != Fraction(1, FPS):
        raise MediaError(f"the frames of {name} do not stand at {FPS} a second", path=segment.path)
    if (track.codec, track.header, track.size) != (like.codec, like.header, like.size):
        raise MediaError(f"{name} was encoded in another way than the first segment", path=segment.path)


def _check_film(part: Path, frames: int, *, ffmpeg: Path) -> None:
    video = next((track for track in tracks(part, ffmpeg=ffmpeg) if track.kind == "video"), None)
    if video is None or (video.packets, video.first, video.step, video.end) != (frames, 0, _STEP, frames * _STEP):
        raise MediaError(f"the segments did not join into {frames} even frames: {video}")
