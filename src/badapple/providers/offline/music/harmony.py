"""Chords of a key, with voices that move as little as they can."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations_with_replacement, pairwise

__all__ = ["Chord", "Key", "chord_tones", "parse_key", "progression", "voiced"]

_NOTES = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_SCALES = {"major": (0, 2, 4, 5, 7, 9, 11), "minor": (0, 2, 3, 5, 7, 8, 10)}
#: Degrees (0 is the tonic) of each eight-bar part, by mode: A is home, B leads away and back.
_PARTS = {
    ("major", "A"): ((0, 4, 5, 3), (0, 5, 3, 4), (0, 2, 3, 4)),
    ("major", "B"): ((5, 3, 0, 4), (3, 4, 2, 5), (1, 4, 5, 3)),
    ("minor", "A"): ((0, 5, 2, 6), (0, 3, 5, 6), (0, 6, 5, 6)),
    ("minor", "B"): ((3, 0, 5, 6), (5, 6, 0, 2), (3, 5, 2, 6)),
}
_LOW, _HIGH = 53, 74  #: MIDI range of the upper voices
_BASS_LOW = 36  #: lowest MIDI note of the bass


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A key: pitch class of its tonic and its seven steps in semitones."""

    tonic: int
    scale: tuple[int, ...]
    mode: str

    def pitch(self, degree: int) -> int:
        """Return semitones above C of a scale degree; degrees beyond 6 are an octave up."""
        return self.tonic + self.scale[degree % 7] + 12 * (degree // 7)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chord:
    """A chord that sounds: bass note and upper voices, MIDI numbers, low to high."""

    degree: int
    bass: int
    voices: tuple[int, ...]


def parse_key(text: str) -> Key:
    """Read a key such as `F# minor`."""
    name, mode = text.split()
    shift = {"#": 1, "b": -1}.get(name[1:], 0)
    return Key(tonic=(_NOTES[name[0]] + shift) % 12, scale=_SCALES[mode], mode=mode)


def progression(key: Key, part: str, seed: int) -> tuple[int, ...]:
    """Return the four degrees of a part; a film keeps one choice, its seed picks it."""
    choices = _PARTS[key.mode, part]
    return choices[seed % len(choices)]


def chord_tones(key: Key, degree: int, *, rich: bool) -> tuple[int, ...]:
    """Return the pitch classes of the chord on a degree: a triad, or with its seventh and ninth."""
    steps = (0, 2, 4, 6, 8) if rich else (0, 2, 4)
    tones = tuple(key.pitch(degree + step) % 12 for step in steps)
    if rich and (tones[-1] - tones[0]) % 12 == 1:
        return tones[:-1]  # a minor ninth over the root grates
    return tones


def voiced(key: Key, degrees: tuple[int, ...], *, rich: bool) -> tuple[Chord, ...]:
    """Return chords whose four upper voices step to the nearest tones; the last is plain, so that it closes."""
    chords: list[Chord] = []
    before = tuple(range(57, 73, 4))
    for place, degree in enumerate(degrees):
        tones = chord_tones(key, degree, rich=rich and place < len(degrees) - 1)
        before = _nearest(tones, before)
        root = key.pitch(degree) % 12
        chords.append(Chord(degree=degree, bass=_BASS_LOW + (root - _BASS_LOW) % 12, voices=before))
    return tuple(chords)


def _nearest(tones: tuple[int, ...], before: tuple[int, ...]) -> tuple[int, ...]:
    """Return the voicing of the tones that moves least; every tone of a triad sounds."""
    pool = [note for note in range(_LOW, _HIGH) if note % 12 in tones]
    need = set(tones[1:3]) if len(tones) > 3 else set(tones)
    best, least = before, float("inf")
    for voices in combinations_with_replacement(pool, 4):
        gaps = [high - low for low, high in pairwise(voices)]
        if min(gaps) < 2 or max(gaps) > 9 or not need <= {note % 12 for note in voices}:
            continue
        moved = sum(abs(a - b) for a, b in zip(voices, before, strict=True)) + 0.05 * abs(sum(voices) / 4 - 63)
        if moved < least:
            best, least = voices, moved
    return best
