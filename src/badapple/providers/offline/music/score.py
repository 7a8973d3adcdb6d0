"""The score of a bed: which note sounds when."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from badapple.providers.offline.music.harmony import chord_tones, parse_key, progression, voiced

if TYPE_CHECKING:
    from collections.abc import Iterator

    from badapple.providers.offline.music.beds import Bed, Layer
    from badapple.providers.offline.music.harmony import Chord, Key

__all__ = ["Grid", "Note", "Score", "compose", "grid_for"]

_BAR = 4  #: beats
_RING = 2.4  #: seconds, about, that the last chord rings out
_BEND = 0.07  #: share by which the tempo may leave the style's, so that beats fall on the cuts
#: Rhythms of a two-bar motif, in beats.
_MOTIFS = (
    (0.0, 1.0, 1.5, 3.0, 4.0, 6.5),
    (0.0, 0.5, 2.0, 3.0, 4.5, 6.0),
    (0.0, 1.5, 2.5, 4.0, 5.0, 5.5),
    (0.5, 1.0, 2.5, 4.0, 5.5, 6.0),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """One note: instrument, seconds, MIDI number, velocity 0-1, and the layer's place in the mix."""

    plays: str
    at: float
    seconds: float
    note: int
    velocity: float
    pan: float
    room: float
    drum: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """Seconds of beats: even inside a section, bent so that each cut is on a beat.

    Attributes:
        beats: whole beats of the start, the cuts and the end.
        seconds: when they are.
    """

    beats: tuple[int, ...]
    seconds: tuple[float, ...]

    def at(self, beat: float) -> float:
        """Return when a beat is."""
        return float(np.interp(beat, self.beats, self.seconds))

    @property
    def sections(self) -> tuple[tuple[int, int], ...]:
        """First beat of each section and of what follows it; the last is the end card's."""
        return tuple(pairwise(self.beats))


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """Everything that is played, and where it ends."""

    notes: tuple[Note, ...]
    kicks: tuple[float, ...]
    ring: float
    chords: tuple[tuple[float, tuple[int, ...]], ...]
    grid: Grid


def grid_for(cuts: tuple[float, ...], seconds: float, bpm: float) -> Grid:
    """Choose the tempo near `bpm` whose beats fall nearest to the cuts, then bend the rest away."""
    marks = [0.0, *(cut for cut in sorted(cuts) if 0.5 < cut < seconds - 0.5), seconds]
    tempos = bpm * np.linspace(1 - _BEND, 1 + _BEND, 141)
    exact = np.outer(tempos / 60, marks[:-1])
    cost = ((exact - np.round(exact)) ** 2).sum(axis=1) + 4 * (tempos / bpm - 1) ** 2
    tempo = float(tempos[int(np.argmin(cost))])
    beats = [0]
    for mark in marks[1:]:
        beats.append(max(beats[-1] + 1, round(mark * tempo / 60)))
    return Grid(beats=tuple(beats), seconds=tuple(marks))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Bar:
    """A bar: its beats, degree and intensity (-1 for the last chord), and the half of the motif that it plays."""

    start: int
    stop: int
    degree: int
    intensity: float
    half: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Piece:
    """What holds for the whole piece."""

    key: Key
    grid: Grid
    rich: bool
    motif: tuple[tuple[float, int], ...]


def compose(bed: Bed, key_name: str, grid: Grid, *, seed: int) -> Score:
    """Write the score: parts A and B by turns, more players from section to section, home on the end card."""
    rng = np.random.default_rng(seed)
    piece = _Piece(key=parse_key(key_name), grid=grid, rich=bed.rich, motif=_motif(rng))
    bars = _bars(piece, seed)
    chords = voiced(piece.key, tuple(bar.degree for bar in bars), rich=bed.rich)
    notes: list[Note] = []
    for bar, chord in zip(bars, chords, strict=True):
        for layer in bed.layers:
            if layer.enters <= bar.intensity:
                notes += _played(layer, bar, chord, piece)
    notes += _fills(bed, grid)
    ring = grid.at(bars[-1].start)
    notes += _ending(bed, piece.key, chords[-1], (ring, grid.seconds[-1]))
    notes = [_human(note, grid, bed.swing, rng) for note in notes]
    kicks = tuple(sorted(note.at for note in notes if note.plays == "kick"))
    timed = tuple((grid.at(bar.start), (chord.bass, *chord.voices)) for bar, chord in zip(bars, chords, strict=True))
    return Score(notes=tuple(notes), kicks=kicks, ring=ring, chords=timed, grid=grid)


def _bars(piece: _Piece, seed: int) -> list[_Bar]:
    """Return the bars: a section begins a new one, parts go on where they were, the last holds the chord that rings."""
    grid, bars, played = piece.grid, list[_Bar](), {"A": 0, "B": 0}
    *scenes, (card, end) = grid.sections
    for number, (start, stop) in enumerate(scenes):
        part = "B" if number % 2 else "A"
        degrees = progression(piece.key, part, seed // 2 if part == "A" else seed)
        full = 0.5 + 0.5 * number / max(1, len(scenes) - 1)
        starts = list(range(start, max(start + 1, stop - 1), _BAR))
        for place, (low, high) in enumerate(pairwise([*starts, stop])):
            intensity = full if number or place else 0.45
            degree = degrees[played[part] % 4]
            played[part] += 1
            bars.append(_Bar(start=low, stop=high, degree=degree, intensity=intensity, half=place % 2))
    if len(bars) > 2:  # the chord before the end card wants to go home
        bars[-1] = replace(bars[-1], degree=4 if piece.key.mode == "major" else 6)
    beat = (grid.seconds[-1] - grid.seconds[-2]) / max(1, end - card)
    ring = max(card, end - max(2, round(_RING / beat)))
    for place, low in enumerate(range(card, ring, _BAR)):
        bars.append(_Bar(start=low, stop=min(low + _BAR, ring), degree=3 * (place % 2), intensity=1.0, half=place % 2))
    return [*bars, _Bar(start=ring, stop=end, degree=0, intensity=-1.0)]


def _played(layer: Layer, bar: _Bar, chord: Chord, piece: _Piece) -> Iterator[Note]:
    if layer.role == "tune":
        yield from _tune(layer, bar, chord, piece)
        return
    for beat, what, velocity in layer.steps:
        if bar.start + beat >= bar.stop - 0.01:
            continue
        hold = min(layer.hold, bar.stop - bar.start - beat)
        for pitch, pan in _pitches(layer, chord, what):
            yield _note(layer, piece.grid, (bar.start + beat, hold), pitch, velocity=velocity, pan=pan)


def _pitches(layer: Layer, chord: Chord, what: int) -> Iterator[tuple[int, float]]:
    up = 12 * layer.octave
    if layer.role == "chord":
        yield from ((voice + up, (-0.75, 0.45, -0.35, 0.75)[place % 4]) for place, voice in enumerate(chord.voices))
    elif layer.role == "line":
        yield chord.voices[what % 4] + 12 * (what // 4) + up, (-0.55, 0.3, -0.2, 0.6)[what % 4]
    elif layer.role == "bass":
        yield chord.bass + what, 0.0
    else:
        yield 60, layer.pan


def _note(layer: Layer, grid: Grid, when: tuple[float, float], pitch: int, *, velocity: float, pan: float) -> Note:
    """Return a note of a layer; `when` is its beat and how many beats it is held."""
    beat, hold = when
    at = grid.at(beat)
    return Note(
        plays=layer.plays,
        at=at,
        seconds=grid.at(beat + hold) - at,
        note=pitch,
        velocity=velocity * layer.level,
        pan=pan,
        room=layer.room,
        drum=layer.role == "drum",
    )


def _motif(rng: np.random.Generator) -> tuple[tuple[float, int], ...]:
    """Return (beat in two bars, steps of the scale from the last note): a line that goes up and comes back."""
    rhythm = _MOTIFS[int(rng.integers(len(_MOTIFS)))]
    rise = [int(step) for step in rng.choice([1, 1, 2, 2, -1], len(rhythm) // 2)]
    fall = [-int(step) for step in rng.choice([1, 1, 2, -1], len(rhythm) - len(rise))]
    return tuple(zip(rhythm, [*rise, *fall], strict=True))


def _tune(layer: Layer, bar: _Bar, chord: Chord, piece: _Piece) -> Iterator[Note]:
    """Play the motif's bar; notes on the beat belong to the chord, others step along the scale's five calm notes."""
    key = piece.key
    tones = set(chord_tones(key, chord.degree, rich=piece.rich)[:3])
    calm = {key.pitch(step) % 12 for step in ((0, 1, 2, 4, 5) if key.mode == "major" else (0, 2, 3, 4, 6))} | tones
    floor = 60 + 12 * (layer.octave - 1)
    pitch = chord.voices[-1] + 12 * (layer.octave - 1)
    for beat, step in piece.motif:
        own = beat - _BAR * bar.half
        if not 0 <= own < bar.stop - bar.start:
            continue
        strong = own % 1 == 0
        pitch = _snapped(pitch + 2 * step, tones if strong else calm, floor)
        when = (bar.start + own, min(layer.hold, bar.stop - bar.start - own))
        pan = 0.35 if step > 0 else -0.3
        yield _note(layer, piece.grid, when, pitch, velocity=0.75 if strong else 0.6, pan=pan)


def _snapped(pitch: int, allowed: set[int], floor: int) -> int:
    """Return the nearest allowed note inside a tune's range of an octave and a half."""
    return min(
        (note for note in range(floor, floor + 19) if note % 12 in allowed), key=lambda note: (abs(note - pitch), note)
    )


def _fills(bed: Bed, grid: Grid) -> Iterator[Note]:
    """Lead into each cut with the bed's own drum, a little louder each time."""
    if not bed.fill:
        return
    level = {"tom": 0.34, "clap": 0.15, "snap": 0.22, "stomp": 0.26}[bed.fill]
    for number, cut in enumerate(grid.beats[1:-1]):
        count = 4 if number % 2 else 3
        for step in range(count):
            yield Note(
                plays=bed.fill,
                at=grid.at(cut - (count - step) * 0.25),
                seconds=0.3,
                note=52 - 3 * step,
                velocity=level * (0.75 + 0.08 * min(number, 3)) * (0.55 + 0.15 * step),
                pan=-0.4 + 0.8 * step / 3,
                room=0.3,
                drum=True,
            )


def _ending(bed: Bed, key: Key, chord: Chord, span: tuple[float, float]) -> Iterator[Note]:
    """Strike the tonic once more and let it ring; `span` is when it starts and ends."""
    at, end = span
    for layer in bed.layers:
        if layer.role not in {"chord", "line"}:
            continue
        for place, (pitch, pan) in enumerate(zip(chord.voices, (-0.6, 0.3, -0.3, 0.6), strict=True)):
            start = at + (0.0 if layer.role == "chord" else 0.045 * place)
            yield Note(
                plays=layer.plays,
                at=start,
                seconds=max(0.3, end - start - 0.5),
                note=pitch,
                velocity=0.85 * layer.level,
                pan=pan,
                room=min(1.0, layer.room + 0.25),
                drum=False,
            )
    top = min(note for note in range(72, 84) if note % 12 == key.tonic)
    long = max(0.3, end - at - 0.6)
    yield Note(plays="bell", at=at, seconds=2.0, note=top, velocity=0.16, pan=0.2, room=0.8, drum=False)
    yield Note(plays="bass", at=at, seconds=long, note=chord.bass, velocity=0.2, pan=0.0, room=0.1, drum=False)


def _human(note: Note, grid: Grid, swing: float, rng: np.random.Generator) -> Note:
    """Move a note a little in time and strength, as a hand would; every second eighth swings."""
    beat = float(np.interp(note.at, grid.seconds, grid.beats))
    late = 0.0
    if abs(beat % 1 - 0.5) < 0.02 and swing:
        late = swing * 0.5 * (grid.at(beat + 0.5) - note.at)
    steady = note.plays in {"kick", "bass", "stomp"}
    at = note.at + late + float(rng.normal(0, 0.002 if steady else 0.006))
    return replace(
        note, at=max(0.0, at), velocity=note.velocity * float(np.clip(rng.normal(1, 0.05 if steady else 0.1), 0.7, 1.3))
    )
