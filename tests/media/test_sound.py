"""The film's sound, measured on the encoded file."""

from __future__ import annotations

import wave
from typing import TYPE_CHECKING

import av
import numpy as np
import pytest

from badapple.errors import InputError, MediaError
from badapple.media.hearing import caption_offsets_ms, measure_sound
from badapple.media.loudness import loudness
from badapple.media.pcm import decode, samples_of
from badapple.media.sound import Placement, measured, mix

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

RATE = 48_000


def _write(path: Path, samples: NDArray[np.floating]) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1 if samples.ndim == 1 else samples.shape[1])
        file.setframerate(RATE)
        file.setsampwidth(2)
        file.writeframes((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())
    return path


def _speech(seconds: float, seed: int = 0) -> NDArray[np.float64]:
    """Something like speech: syllables of noise and a buzz, with pauses."""
    rng = np.random.default_rng(seed)
    time = np.arange(round(seconds * RATE)) / RATE
    buzz = sum(np.sin(2 * np.pi * 140 * n * time + rng.random() * 6) / n for n in range(1, 25))
    syllables = np.maximum(0, np.sin(2 * np.pi * 3.1 * time + rng.random())) ** 0.5
    return 0.1 * (buzz + 0.3 * rng.standard_normal(len(time))) * syllables * (0.6 + 0.4 * np.sin(time * 2))


def _music(seconds: float) -> NDArray[np.float64]:
    time = np.arange(round(seconds * RATE)) / RATE
    chord = sum(np.sin(2 * np.pi * hertz * time) for hertz in (110, 220, 277, 330, 660, 1320))
    side = np.sin(2 * np.pi * 440 * time)
    return 0.05 * np.stack([chord + side, chord - side], axis=1)


@pytest.fixture
def voice(tmp_path: Path) -> Path:
    return _write(tmp_path / "voice.wav", _speech(2.5))


@pytest.fixture
def music(tmp_path: Path) -> Path:
    return _write(tmp_path / "music.wav", _music(9.0))


def _place(voice: Path, *starts: float, length: float = 2.5) -> tuple[Placement, ...]:
    return tuple(Placement(voice=voice, start=0.0, end=length, at=at) for at in starts)


def _samples(path: Path, program: Path) -> NDArray[np.float32]:
    return samples_of(decode(path, ffmpeg=program))


def test_the_meter_agrees_with_ffmpeg(program: Path, music: Path) -> None:
    level, _ = measured(music, ffmpeg=program)
    assert loudness(_samples(music, program), RATE) == pytest.approx(level, abs=0.15)


def test_loudness_peak_length_and_format_are_met_by_the_encoded_file(
    program: Path, voice: Path, music: Path, tmp_path: Path
) -> None:
    out = tmp_path / "sound.m4a"
    mix(_place(voice, 0.5, 5.0), music, out, seconds=9.0, ffmpeg=program)
    level, peak = measured(out, ffmpeg=program)
    assert level == pytest.approx(-14, abs=0.3)
    assert peak <= -1
    assert len(_samples(out, program)) == 9 * RATE
    with av.open(str(out)) as file:
        stream = file.streams.audio[0]
        assert (stream.codec.name, stream.sample_rate, stream.channels) == ("aac", RATE, 2)
    assert not list(tmp_path.glob("*.part"))


@pytest.mark.parametrize("seed", range(2))
def test_a_quiet_voice_with_high_peaks_is_brought_up_all_the_same(program: Path, tmp_path: Path, seed: int) -> None:
    speech = _speech(4.0, seed) * 0.05
    rng = np.random.default_rng(seed)
    speech[rng.integers(0, len(speech), 25)] = 0.9 * rng.choice([-1, 1], 25)
    voice = _write(tmp_path / "peaky.wav", speech)
    out = tmp_path / "sound.m4a"
    mix(_place(voice, 0.5, length=4.0), None, out, seconds=5.0, ffmpeg=program)
    level, peak = measured(out, ffmpeg=program)
    assert level == pytest.approx(-14, abs=0.3)
    assert peak <= -1


def test_music_goes_down_under_the_voice_and_comes_back(
    program: Path, voice: Path, music: Path, tmp_path: Path
) -> None:
    out = tmp_path / "sound.m4a"
    mix(_place(voice, 3.0), music, out, seconds=9.0, ffmpeg=program)
    side = _samples(out, program) @ np.array([0.5, -0.5], np.float32)  # the voice is in the middle: this is music only

    def level(start: float, end: float) -> float:
        return float(20 * np.log10(np.std(side[round(start * RATE) : round(end * RATE)])))

    before, under, after = level(1.0, 2.4), level(3.3, 5.3), level(6.8, 7.1)
    assert 6 < before - under < 13
    assert abs(after - before) < 1.5
    assert level(2.7, 2.9) > under + 1  # no step: still on its way down
    spoken = _samples(out, program).mean(axis=1)[round(3.3 * RATE) : round(5.3 * RATE)]
    beneath = np.stack([side, -side], axis=1)[round(3.3 * RATE) : round(5.3 * RATE)]
    assert loudness(spoken, RATE) - loudness(beneath, RATE) > 9


def test_without_a_voice_music_plays_alone(program: Path, music: Path, tmp_path: Path) -> None:
    mix((), music, tmp_path / "sound.m4a", seconds=6.0, ffmpeg=program)
    level, peak = measured(tmp_path / "sound.m4a", ffmpeg=program)
    assert level == pytest.approx(-14, abs=0.3)
    assert peak <= -1


def test_without_anything_there_is_silence_of_the_right_length(program: Path, tmp_path: Path) -> None:
    mix((), None, tmp_path / "sound.m4a", seconds=3.0, ffmpeg=program)
    sound = _samples(tmp_path / "sound.m4a", program)
    assert len(sound) == 3 * RATE
    assert np.abs(sound).max() == 0


def test_short_music_is_repeated_without_a_hole_and_fades_at_the_end(program: Path, tmp_path: Path) -> None:
    short = _write(tmp_path / "short.wav", np.concatenate([np.zeros((RATE, 2)), _music(2.5)]))
    mix((), short, tmp_path / "sound.m4a", seconds=8.0, ffmpeg=program)
    sound = _samples(tmp_path / "sound.m4a", program)
    power = (sound[: 6 * RATE] ** 2).mean(axis=1).reshape(-1, RATE // 5).mean(axis=1)
    assert power[1:].min() > 0.2 * power[1:].max()
    assert np.abs(sound[-RATE // 20 :]).max() < 0.02 * np.abs(sound).max()


def test_music_that_is_no_music_is_refused_by_name(program: Path, tmp_path: Path) -> None:
    (tmp_path / "notes.mp3").write_text("no sound in here")
    with pytest.raises(InputError, match=r"notes\.mp3 is of another kind"):
        mix((), tmp_path / "notes.mp3", tmp_path / "sound.m4a", seconds=2.0, ffmpeg=program)
    silent = _write(tmp_path / "silent.wav", np.zeros(4 * RATE))
    with pytest.raises(InputError, match=r"silent\.wav has less than one second of sound"):
        mix((), silent, tmp_path / "sound.m4a", seconds=2.0, ffmpeg=program)


def test_a_playlist_cannot_make_it_fetch_anything(program: Path, tmp_path: Path) -> None:
    playlist = tmp_path / "music.m3u8"
    playlist.write_text("#EXTM3U\n#EXTINF:10,\nhttp://127.0.0.1:9/a.ts\n")
    with pytest.raises(InputError):
        mix((), playlist, tmp_path / "sound.m4a", seconds=2.0, ffmpeg=program)


def test_a_broken_voice_file_is_named(program: Path, tmp_path: Path) -> None:
    (tmp_path / "voice.mp3").write_bytes(b"\0" * 1000)
    with pytest.raises(MediaError, match=r"voice\.mp3"):
        mix(_place(tmp_path / "voice.mp3", 1.0), None, tmp_path / "sound.m4a", seconds=4.0, ffmpeg=program)


@pytest.mark.parametrize("shift", [0.0, 0.12, -0.2])
def test_voices_are_found_where_they_really_are(
    program: Path, voice: Path, music: Path, tmp_path: Path, shift: float
) -> None:
    out = tmp_path / "sound.m4a"
    mix(_place(voice, 1.0, 5.5 + shift), music, out, seconds=9.0, ffmpeg=program)
    report = measure_sound(out, _place(voice, 1.0, 5.5), ffmpeg=program)
    assert report.voice_offsets_ms == pytest.approx((0, 1000 * shift), abs=0.2)
    assert report.seconds == 9
    assert report.loudness == pytest.approx(-14, abs=0.3)


def test_a_voice_that_is_missing_is_told(program: Path, voice: Path, music: Path, tmp_path: Path) -> None:
    out = tmp_path / "sound.m4a"
    other = _write(tmp_path / "other.wav", _speech(2.5, seed=9)[::-1].copy())
    mix(_place(other, 4.0), music, out, seconds=9.0, ffmpeg=program)
    report = measure_sound(out, _place(voice, 1.0), ffmpeg=program)
    assert np.isnan(report.voice_offsets_ms[0])


def test_silences_are_found(program: Path, voice: Path, tmp_path: Path) -> None:
    out = tmp_path / "sound.m4a"
    mix(_place(voice, 1.0, 5.0), None, out, seconds=8.0, ffmpeg=program)
    silences = measure_sound(out, (), ffmpeg=program).silences
    assert [len(silences), silences[0][0]] == [3, 0]
    assert silences[1] == pytest.approx((3.5, 5.0), abs=0.2)
    assert silences[2] == pytest.approx((7.5, 8.0), abs=0.2)


def test_late_captions_are_told_by_how_late_they_are(program: Path, tmp_path: Path) -> None:
    speech = np.concatenate([_speech(0.8), np.zeros(RATE // 2), _speech(0.8)])
    voice = _write(tmp_path / "voice.wav", speech)
    out = tmp_path / "sound.m4a"
    mix(_place(voice, 1.0, length=2.1), None, out, seconds=4.0, ffmpeg=program)
    report = measure_sound(out, _place(voice, 1.0, length=2.1), ffmpeg=program)
    onsets = report.onsets[0]
    assert len(onsets) >= 2
    assert caption_offsets_ms(onsets, report) == pytest.approx([0] * len(onsets), abs=1)
    assert caption_offsets_ms([onsets[0] + 0.15], report)[0] == pytest.approx(150, abs=1)
    assert caption_offsets_ms([], report)[0] == float("inf")
