"""What a reply's audio may be."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

import psutil
import pytest

from badapple import process
from badapple.media import ffmpeg
from badapple.media.pcm import LONGEST
from badapple.providers.elevenlabs.recording import RATE, Recording, hear
from badapple.providers.elevenlabs.wording import word

if TYPE_CHECKING:
    from pathlib import Path


def _heard(folder: Path, seconds: float, *options: str, times: int = 1) -> Recording | None:
    """Hear a reply of so many seconds of a tone, written so many times."""
    audio, reply = folder / "audio", folder / "reply.json"
    source = ("-f", "lavfi", "-i", f"sine=frequency=330:sample_rate={RATE}:duration={seconds}")
    process.run(ffmpeg.command(ffmpeg.locate(), *source, *options, audio))
    reply.write_text(json.dumps({"audio_base64": base64.b64encode(audio.read_bytes() * times).decode()}))
    return hear(reply, word("Shop now."), speed=1.0, ffmpeg=ffmpeg.locate())


def test_an_mp3_is_heard(tmp_path: Path) -> None:
    found = _heard(tmp_path, 1.5, "-f", "mp3")
    assert found is not None
    assert found.seconds == pytest.approx(1.5, abs=0.1)


@pytest.mark.parametrize(
    "options",
    [("-f", "flac"), ("-f", "wav"), ("-c:a", "aac", "-f", "adts"), ("-c:a", "libmp3lame", "-f", "matroska")],
    ids=["flac", "wav", "aac", "matroska"],
)
def test_anything_else_holds_nothing_that_can_be_heard(tmp_path: Path, options: tuple[str, ...]) -> None:
    assert _heard(tmp_path, 1.5, *options) is None


def test_an_endless_recording_fills_no_memory(tmp_path: Path) -> None:
    before = psutil.Process().memory_info().rss
    found = _heard(tmp_path, 10, "-b:a", "32k", "-write_xing", "0", "-f", "mp3", times=360)
    assert found is not None
    assert found.seconds == pytest.approx(LONGEST, abs=0.5)
    assert psutil.Process().memory_info().rss - before < 150_000_000


def test_audio_that_decodes_to_far_too_much_holds_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("badapple.media.pcm.LONGEST", -0.5)  # leaves room for half a second
    monkeypatch.setattr("badapple.media.pcm.outside", lambda path, **_: ffmpeg.source(path))
    assert _heard(tmp_path, 5, "-f", "mp3") is None
