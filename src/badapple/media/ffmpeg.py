"""The ffmpeg that everything here calls."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import tempfile
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

from badapple import process
from badapple.errors import ConfigError, ToolError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "OUTSIDE_MEMORY", "Container", "check", "command", "desk", "locate", "outside", "sandbox", "source", "version",
]  # fmt: skip

OUTSIDE_MEMORY = 4 << 30  #: bytes of address space that reading a clip from outside may take

_FILTERS = frozenset(
    {"ass", "blackdetect", "ebur128", "freezedetect", "metadata", "scale", "setparams", "setpts", "sidechaincompress"}
)
_ENCODERS = frozenset({"aac", "libmp3lame", "libx264"})
_OWN = "mov,mp3,wav"  #: containers of the files that we write
_MOST_PIXELS = 4096 * 2304  #: of a frame from outside
_PCM = "pcm_u8,pcm_s16le,pcm_s24le,pcm_s32le,pcm_f32le,pcm_f64le"
#: What may be in a file from outside, by its container: the demuxer, these codecs, the kinds of stream left out.
_OUTSIDE = {
    "clip": ("mov", "h264,hevc,av1,libdav1d,vp9,mpeg4,prores,qtrle,png,aac,mp3", ("-an", "-sn", "-dn")),
    "mp3": ("mp3", "mp3,mp3float", ("-vn", "-sn", "-dn")),
    "wav": ("wav", _PCM, ("-vn", "-sn", "-dn")),
    "flac": ("flac", "flac", ("-vn", "-sn", "-dn")),
    "ogg": ("ogg", "vorbis,libvorbis,opus,libopus,flac", ("-vn", "-sn", "-dn")),
    "m4a": ("mov", "aac,alac,mp3,mp3float", ("-vn", "-sn", "-dn")),
}
Container: TypeAlias = Literal["clip", "mp3", "wav", "flac", "ogg", "m4a"]
_HINT = "unset BADAPPLE_FFMPEG to use the ffmpeg of imageio-ffmpeg, or name a build with libx264 and libass"


def locate(override: Path | None = None) -> Path:
    """Return the ffmpeg to use: the override, else the packaged one, else the one on PATH.

    The package's own look-up is not asked: it follows variables that `config` does not know, and starts a process to
    try what it found.

    Raises:
        ConfigError: there is none.
    """
    if override is not None:
        found = shutil.which(override)
        if found is None:
            raise ConfigError(f"BADAPPLE_FFMPEG names {str(override)!r}, which is no program", hint=_HINT)
        return Path(found).absolute()
    packaged = _packaged()
    if packaged is not None:
        return packaged
    found = shutil.which("ffmpeg")
    if found is None:
        hint = "pip install --force-reinstall imageio-ffmpeg, or set BADAPPLE_FFMPEG to an ffmpeg program"
        raise ConfigError("no ffmpeg found", hint=hint)
    return Path(found).absolute()


def check(ffmpeg: Path) -> None:
    """Make sure that this ffmpeg can do all that a video needs; the answer is remembered until the file changes.

    Raises:
        ConfigError: it cannot be run, or lacks something; names what.
    """
    _checked(ffmpeg, _age(ffmpeg))


def version(ffmpeg: Path) -> str:
    """Return what it calls its version, e.g. `n9.0.2`.

    Raises:
        ConfigError: it cannot be run.
    """
    return _version(ffmpeg, _age(ffmpeg))


def command(ffmpeg: Path, *args: str | Path, loglevel: str = "error") -> list[str]:
    """Return the command line of a call that never asks anything and says little."""
    return [str(ffmpeg), "-hide_banner", "-nostdin", "-nostats", "-loglevel", loglevel, *map(str, args)]


def source(path: Path) -> tuple[str, ...]:
    """Return the arguments that read a file of our own, and nothing that another one in its place may point to."""
    return ("-protocol_whitelist", "file,pipe", "-format_whitelist", _OWN, "-i", f"file:{path.absolute()}")


def outside(path: Path, *, seconds: float, container: Container = "clip") -> tuple[str, ...]:
    """Return the arguments that read a file from outside: what a vendor, a caller or anybody else sent.

    It must be of this container and its usual codecs, can point to no other file and to no network, and is read with
    one thread. Only pictures of a clip (MP4 or MOV) are looked at, and only sound of the others. Run it in `sandbox`.

    Args:
        path: the file.
        seconds: how much of it is read.
        container: what it must be.
    """
    demuxer, codecs, without = _OUTSIDE[container]
    return (
        *("-threads", "1", "-filter_threads", "1", "-protocol_whitelist", "file,pipe"),
        *("-format_whitelist", demuxer, "-f", demuxer, "-codec_whitelist", codecs),
        *("-max_pixels", str(_MOST_PIXELS), "-max_streams", "16"),
        *("-t", f"{seconds:.3f}", *without, "-i", f"file:{path.absolute()}"),
    )


def sandbox(path: Path) -> process.Sandbox:
    """Return what an ffmpeg that reads a file from outside may see: this file."""
    return process.Sandbox(trial=("-version",), reads=(path.absolute(),))


@contextlib.contextmanager
def desk(**files: Path | None) -> Iterator[Path]:
    """Lay files under plain names into a new folder, which goes away afterwards.

    A child that works in that folder can be given constant names: no path of a user's has to be quoted inside a filter
    or a list.
    """
    with tempfile.TemporaryDirectory(prefix="badapple-") as folder:
        for name, path in files.items():
            if path is not None:
                (Path(folder) / name).symlink_to(path.absolute())
        yield Path(folder)


@lru_cache(maxsize=1)
def _packaged() -> Path | None:
    try:
        folder = resources.files("imageio_ffmpeg.binaries")
    except ModuleNotFoundError:
        return None
    names = sorted(item.name for item in folder.iterdir() if item.name.startswith("ffmpeg-"))
    paths = [Path(str(folder / name)) for name in names]
    return next((path for path in reversed(paths) if os.access(path, os.X_OK)), None)


def _age(ffmpeg: Path) -> int:
    try:
        return ffmpeg.stat().st_mtime_ns
    except OSError as error:
        raise ConfigError(f"the ffmpeg {str(ffmpeg)!r} cannot be read: {error.strerror}", hint=_HINT) from error


@lru_cache(maxsize=8)
def _checked(ffmpeg: Path, age: int) -> None:  # noqa: ARG001 - the age is part of the cache's key
    lacks = sorted(_FILTERS - _listed(ffmpeg, "-filters")) + sorted(_ENCODERS - _listed(ffmpeg, "-encoders"))
    if lacks:
        raise ConfigError(f"the ffmpeg {str(ffmpeg)!r} lacks {', '.join(lacks)}", hint=_HINT)


@lru_cache(maxsize=8)
def _version(ffmpeg: Path, age: int) -> str:  # noqa: ARG001 - the age is part of the cache's key
    found = re.match(r"ffmpeg version (\S+)", _ask(ffmpeg, "-version"))
    if found is None:
        raise ConfigError(f"{str(ffmpeg)!r} is not an ffmpeg", hint=_HINT)
    return re.sub(r"-g[0-9a-f]{7,}.*", "", found[1])


def _listed(ffmpeg: Path, what: str) -> frozenset[str]:
    return frozenset(words[1] for line in _ask(ffmpeg, what).splitlines() if len(words := line.split()) > 1)


def _ask(ffmpeg: Path, question: str) -> str:
    try:
        return process.run([ffmpeg, "-hide_banner", question], limits=process.Limits(seconds=20)).stdout.decode(
            "utf-8", "replace"
        )
    except ToolError as error:
        raise ConfigError(f"the ffmpeg {str(ffmpeg)!r} cannot be used: {error}", hint=_HINT) from error
