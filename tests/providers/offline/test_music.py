"""The six beds, judged by their scores and their sound."""

from __future__ import annotations

import wave
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pytest

from badapple import styles
from badapple.media.loudness import loudness
from badapple.models import MusicOrder
from badapple.ports import MusicSource
from badapple.providers.offline.music import OfflineMusic
from badapple.providers.offline.music.beds import BEDS
from badapple.providers.offline.music.harmony import chord_tones, parse_key, voiced
from badapple.providers.offline.music.render import render
from badapple.providers.offline.music.score import Score, compose, grid_for

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

RATE = 48_000
SECONDS = 12.0
CUTS = (3.3, 6.4, 9.1)
TEMPO = {"pads": 72, "plucks": 84, "arps": 100, "marimba": 112, "pulse": 126, "stomp": 104}


@pytest.fixture(scope="module", params=sorted(BEDS))
def piece(request: pytest.FixtureRequest) -> tuple[str, Score, NDArray[np.float32]]:
    """A bed's name, its score and its sound."""
    name = request.param
    score = compose(BEDS[name], "A minor", grid_for(CUTS, SECONDS, TEMPO[name]), seed=1)
    return name, score, render(score, BEDS[name], seconds=SECONDS, energy=0.6, seed=1)


def _read(path: Path) -> tuple[tuple[int, int, int], NDArray[np.float64]]:
    with wave.open(str(path)) as file:
        shape = (file.getnchannels(), file.getframerate(), file.getsampwidth())
        return shape, np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, 2) / 32768


@pytest.mark.parametrize("bpm", [72, 100, 126])
def test_every_cut_falls_on_a_beat_of_nearly_the_tempo(bpm: int) -> None:
    grid = grid_for((6.5, 12.5, 18.5, 24.5), 30.0, bpm)
    assert [grid.at(beat) for beat in grid.beats] == pytest.approx([0, 6.5, 12.5, 18.5, 24.5, 30])
    for (first, last), (start, end) in zip(grid.sections, pairwise(grid.seconds), strict=True):
        assert (last - first) * 60 / (end - start) == pytest.approx(bpm, rel=0.11)


@pytest.mark.parametrize("key", ["C major", "F# minor", "Bb major", "D minor"])
def test_chords_belong_to_the_key_and_voices_move_little(key: str) -> None:
    parsed = parse_key(key)
    chords = voiced(parsed, (0, 5, 2, 6, 3, 4, 0), rich=False)
    for chord in chords:
        assert {note % 12 for note in chord.voices} == set(chord_tones(parsed, chord.degree, rich=False))
    for before, after in pairwise(chords):
        assert max(abs(a - b) for a, b in zip(before.voices, after.voices, strict=True)) <= 7
    assert chords[-1].bass % 12 == parsed.tonic


def test_the_harmony_moves_and_comes_home_on_the_end_card(piece: tuple[str, Score, NDArray[np.float32]]) -> None:
    _, score, _ = piece
    chords = [notes for _, notes in score.chords]
    assert len(set(chords)) >= 3
    at_card = next(notes for at, notes in score.chords if at == pytest.approx(CUTS[-1]))
    assert at_card[0] % 12 == 9
    assert {note % 12 for note in chords[-1]} == {9, 0, 4}


def test_loudness_and_peaks_leave_room(piece: tuple[str, Score, NDArray[np.float32]]) -> None:
    _, _, sound = piece
    assert sound.shape == (round(SECONDS * RATE), 2)
    assert loudness(sound, RATE) == pytest.approx(-18, abs=1)
    assert np.abs(sound).max() < 0.9


def test_the_spectrum_is_neither_muddy_nor_harsh(piece: tuple[str, Score, NDArray[np.float32]]) -> None:
    _, _, sound = piece
    power = np.abs(np.fft.rfft(sound.mean(axis=1))) ** 2
    hertz = np.fft.rfftfreq(len(sound), 1 / RATE)
    share = {band: power[(hertz >= band[0]) & (hertz < band[1])].sum() / power.sum() for band in BANDS}
    assert share[BANDS[0]] < 0.55
    assert share[BANDS[1]] > 0.015
    assert share[BANDS[2]] < 0.05


BANDS = ((0, 120), (2000, 8000), (8000, 24_000))


def test_it_is_wide_but_not_hollow(piece: tuple[str, Score, NDArray[np.float32]]) -> None:
    _, _, sound = piece
    together = float(np.corrcoef(sound[:, 0], sound[:, 1])[0, 1])
    assert 0.2 < together < 0.95


def test_it_grows_and_rings_out_to_nothing(piece: tuple[str, Score, NDArray[np.float32]]) -> None:
    _, score, sound = piece
    first = loudness(sound[: round(CUTS[0] * RATE)], RATE)
    late = loudness(sound[round(CUTS[1] * RATE) : round(CUTS[2] * RATE)], RATE)
    ring = loudness(sound[round(score.ring * RATE) : round((score.ring + 0.8) * RATE)], RATE)
    assert late > first - 0.5
    assert ring > late - 8
    assert np.abs(sound[-RATE // 20 :]).max() < 0.01


async def test_the_file_is_a_wav_and_the_same_order_gives_the_same_bytes(tmp_path: Path) -> None:
    order = MusicOrder(style="luxury", seconds=6.0, cuts=(2.0, 4.0), seed=7)
    port: MusicSource = OfflineMusic()
    await port.bed(order, tmp_path / "first.wav")
    await OfflineMusic().bed(order, tmp_path / "again.wav")
    shape, sound = _read(tmp_path / "first.wav")
    assert shape == (2, RATE, 2)
    assert len(sound) == 6 * RATE
    assert (tmp_path / "first.wav").read_bytes() == (tmp_path / "again.wav").read_bytes()


async def test_another_seed_plays_something_else(tmp_path: Path) -> None:
    for seed in (1, 2):
        order = MusicOrder(style="luxury", seconds=5.0, cuts=(2.5,), seed=seed)
        await OfflineMusic().bed(order, tmp_path / f"{seed}.wav")
    assert (tmp_path / "1.wav").read_bytes() != (tmp_path / "2.wav").read_bytes()


@pytest.mark.parametrize("cuts", [(), (0.1,), (1.0, 1.2, 1.4), (3.9,)])
def test_odd_cuts_still_give_music_of_the_right_length(cuts: tuple[float, ...]) -> None:
    score = compose(BEDS["plucks"], "C major", grid_for(cuts, 4.0, 90), seed=0)
    sound = render(score, BEDS["plucks"], seconds=4.0, energy=0.4, seed=0)
    assert len(sound) == 4 * RATE
    assert loudness(sound, RATE) > -20


def test_every_style_has_a_bed_that_exists() -> None:
    assert {styles.load(name).music.bed for name in styles.known()} <= set(BEDS)
