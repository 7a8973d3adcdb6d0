"""A caller's own music: what it may be, told by its content, and its samples."""

from __future__ import annotations

from typing import TYPE_CHECKING

from badapple.errors import DiskError, InputError, OutOfMemoryError, ToolError
from badapple.media.pcm import decode_outside, samples_of
from badapple.product.handed import open_handed

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from badapple.media.ffmpeg import Container

__all__ = ["ACCEPTED", "MAX_BYTES", "check", "read"]

ACCEPTED = ("MP3", "WAV", "M4A", "OGG", "FLAC")  #: by content, as people call them
MAX_BYTES = 100 * 2**20  #: of the file; half an hour of MP3, ten minutes of WAV
_HINT = f"use a sound file of {', '.join(ACCEPTED[:-1])} or {ACCEPTED[-1]}"
_PROBED = 1.0  #: seconds that a look before all work decodes
_SOUND_BRANDS = (b"M4A ", b"M4B ", b"mp42", b"mp41", b"isom", b"iso2", b"dash", b"qt  ")


def check(path: Path, *, ffmpeg: Path) -> None:
    """Look at a music file before anything is spent on its film: its kind, its size, its first second.

    Raises:
        InputError: it cannot be used; says why.
    """
    read(path, ffmpeg=ffmpeg, seconds=_PROBED)


def read(path: Path, *, ffmpeg: Path, seconds: float) -> NDArray[np.float32]:
    """Return the beginning of a music file, at most so many seconds: float32, 48 kHz, shape (n, 2).

    Raises:
        InputError: it is missing, too large, damaged, or no sound file of an accepted kind; says why.
    """
    with open_handed(path, what="music file", most=MAX_BYTES, error=InputError) as file:
        container = _container(file.read(64))
    if container is None:
        raise InputError(f"the music file {path.name} is of another kind", hint=_HINT)
    try:
        return samples_of(decode_outside(path, ffmpeg=ffmpeg, container=container, seconds=seconds))
    except (DiskError, OutOfMemoryError):
        raise
    except ToolError as error:
        raise InputError(
            f"the music file {path.name} cannot be read: it is damaged or cut short", hint=_HINT
        ) from error


def _container(head: bytes) -> Container | None:
    """Return the container that a file begins like."""
    if head.startswith(b"RIFF") and head[8:12] == b"WAVE":
        return "wav"
    if head.startswith(b"fLaC"):
        return "flac"
    if head.startswith(b"OggS"):
        return "ogg"
    if head[4:8] == b"ftyp" and head[8:12] in _SOUND_BRANDS:
        return "m4a"
    tagged = head.startswith(b"ID3")
    layer_3 = len(head) > 1 and head[0] == 0xFF and head[1] & 0xE6 == 0xE2  # sync, any version, layer III
    return "mp3" if tagged or layer_3 else None
