"""A recording: what was bought, cut to its sound, with the times of its words."""

from __future__ import annotations

import base64
import binascii
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from pydantic import ValidationError

from badapple import process
from badapple.errors import DiskError, OutOfMemoryError, ToolError
from badapple.media.loudness import levelled
from badapple.media.pcm import decode_mp3, samples_of
from badapple.media.timing import bounds, onsets
from badapple.models import Utterance, Word
from badapple.providers.elevenlabs.replies import SpeechReply, read_alignment
from badapple.providers.elevenlabs.timings import known_spans, words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from badapple.providers.elevenlabs.wording import Wording

    Samples = NDArray[np.float32]

__all__ = ["RATE", "Recording", "encode", "fitted", "hear", "joined"]

RATE = 44_100  #: samples a second
_EDGE, _GAP = 0.05, 0.5  #: seconds of silence around and between utterances
_PREROLL, _TAIL = 0.010, 0.045  #: seconds kept before the first and after the last sound
_FADE_IN, _FADE_OUT = 0.005, 0.030  #: seconds
_SLACK = 0.25  #: seconds that a vendor's time may lie behind the end of its audio
_SAFE = 0.004  #: seconds by which a hastened recording is aimed under its slot


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """One spoken text.

    Attributes:
        samples: mono, cut to its sound.
        words: as shown, in seconds from the first sample.
        speed: pace relative to the voice's own.
    """

    samples: Samples
    words: tuple[Word, ...]
    speed: float

    @property
    def seconds(self) -> float:
        """How long it lasts."""
        return len(self.samples) / RATE


def hear(reply: Path, wording: Wording, *, speed: float, ffmpeg: Path) -> Recording | None:
    """Read a vendor's reply; None where nothing can be heard in it.

    Raises:
        ToolError: ffmpeg cannot be started.
        DiskError: the disk is full.
    """
    try:
        body = SpeechReply.model_validate_json(reply.read_bytes())
        samples = _decoded(base64.b64decode(body.audio_base64, validate=True), ffmpeg)
    except (ValidationError, binascii.Error):
        return None
    low, high = bounds(samples, RATE)
    if high <= low:
        return None
    known = known_spans(read_alignment(body.alignment), wording.text, limit=len(samples) / RATE + _SLACK)
    start, end = max(0.0, low - _PREROLL), min(len(samples) / RATE, high + _TAIL)
    found = words(wording, known, (start, high), onsets(samples, RATE))
    cut = samples[round(start * RATE) : round(end * RATE)].copy()
    return Recording(samples=_faded(cut), words=_moved(found, -start, 1.0), speed=speed)


def fitted(recording: Recording, slot: float, *, ffmpeg: Path) -> Recording:
    """Return the recording at its loudness, hastened a little where it is too long by a little.

    Raises:
        ToolError: ffmpeg failed.
    """
    if recording.seconds > slot:
        tempo = recording.seconds / (slot - _SAFE)
        samples = _hastened(recording.samples, tempo, ffmpeg)[: round(slot * RATE)]
        recording = Recording(
            samples=_faded(samples), words=_moved(recording.words, 0.0, 1 / tempo), speed=recording.speed * tempo
        )
    return replace(recording, samples=levelled(recording.samples, RATE))


def joined(recordings: Sequence[Recording | None]) -> tuple[Samples, tuple[Utterance, ...]]:
    """Lay recordings one after the other into one file; None is silence without length."""
    edge, gap = np.zeros(round(_EDGE * RATE), np.float32), np.zeros(round(_GAP * RATE), np.float32)
    pieces, utterances, at = [edge], [], len(edge)
    for number, recording in enumerate(recordings):
        if number:
            pieces.append(gap)
            at += len(gap)
        samples = recording.samples if recording else edge[:0]
        found = _moved(recording.words, at / RATE, 1.0) if recording else ()
        utterances.append(Utterance(start=at / RATE, end=(at + len(samples)) / RATE, words=found))
        pieces.append(samples)
        at += len(samples)
    return np.concatenate([*pieces, edge]), tuple(utterances)


def encode(samples: Samples, out: Path, *, ffmpeg: Path) -> None:
    """Write the MP3; its Xing header makes decoders drop LAME's delay, so times in the file are ours.

    Raises:
        ToolError: ffmpeg failed.
    """
    part = out.with_name(f"{out.name}.part")
    process.run(
        [
            *(ffmpeg, "-hide_banner", "-y", "-f", "f32le", "-ar", str(RATE), "-ac", "1", "-i", "pipe:0"),
            *("-c:a", "libmp3lame", "-b:a", "128k", "-ac", "1", "-map_metadata", "-1"),
            *("-fflags", "+bitexact", "-flags:a", "+bitexact", "-f", "mp3", part),
        ],
        stdin=samples.astype("<f4").tobytes(),
    )
    part.replace(out)


def _decoded(audio: bytes, ffmpeg: Path) -> Samples:
    """Return the samples of an MP3, the first minute at most; none where ffmpeg cannot read it."""
    with tempfile.TemporaryDirectory(prefix="badapple-") as folder:
        file = Path(folder) / "speech"
        file.write_bytes(audio)
        try:
            return samples_of(decode_mp3(file, ffmpeg=ffmpeg, rate=RATE, channels=1), 1)[:, 0]
        except (DiskError, OutOfMemoryError):
            raise
        except ToolError as error:
            if error.returncode is None:  # not started, or stopped: that says nothing about the audio
                raise
            return np.zeros(0, np.float32)


def _hastened(samples: Samples, tempo: float, ffmpeg: Path) -> Samples:
    raw = ("-f", "f32le", "-ar", str(RATE), "-ac", "1")
    done = process.run(
        [ffmpeg, "-hide_banner", *raw, "-i", "pipe:0", "-af", f"atempo={tempo:.6f}", *raw, "pipe:1"],
        stdin=samples.astype("<f4").tobytes(),
    )
    return samples_of(done, 1)[:, 0].copy()


def _faded(samples: Samples) -> Samples:
    """Fade the cuts, in place."""
    fade_in, fade_out = round(_FADE_IN * RATE), round(_FADE_OUT * RATE)
    if len(samples) > fade_in + fade_out:
        samples[:fade_in] *= np.linspace(0, 1, fade_in, dtype=np.float32)
        samples[-fade_out:] *= np.linspace(1, 0, fade_out, dtype=np.float32) ** 2
    return samples


def _moved(found: Sequence[Word], by: float, scale: float) -> tuple[Word, ...]:
    return tuple(
        Word(text=word.text, start=round(word.start * scale + by, 4), end=round(word.end * scale + by, 4))
        for word in found
    )
