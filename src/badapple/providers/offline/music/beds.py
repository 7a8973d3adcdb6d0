"""The six beds as data: who plays, which steps, from which intensity on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["BEDS", "Bed", "Layer"]

Steps = tuple[tuple[float, int, float], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """One player.

    Attributes:
        plays: instrument.
        role: `chord` sounds all voices, `line` one voice per step, `bass` the root plus so many semitones, `tune` a
            motif of the film's own, `drum` no pitch.
        steps: (beat in the bar, what, velocity 0-1); `what` is the voice of a line (4 and more: an octave up) or
            the semitones over the root.
        level: gain.
        hold: beats that a step is held.
        enters: intensity of a section (0-1) from which it plays.
        pan: -1 left to 1 right; spread to both sides for chords and lines.
        room: share sent to the reverb.
        octave: octaves up.
    """

    plays: str
    role: Literal["chord", "line", "bass", "tune", "drum"]
    steps: Steps
    level: float
    hold: float = 1.0
    enters: float = 0.0
    pan: float = 0.0
    room: float = 0.2
    octave: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Bed:
    """A kind of music.

    Attributes:
        layers: players.
        rich: chords with sevenths and ninths.
        swing: share of an eighth by which every second eighth is late.
        pump: how far tones give way to the bass drum (0-1).
        room: seconds until the reverb has fallen by 60 dB.
        fill: drum that leads into the cuts, or none.
    """

    layers: tuple[Layer, ...]
    rich: bool = False
    swing: float = 0.0
    pump: float = 0.0
    room: float = 1.6
    fill: str = ""


def _even(count: int, picks: tuple[int, ...], low: float, high: float) -> Steps:
    """Spread so many steps over a bar; the first of each beat is accented."""
    beat = 4 / count
    return tuple((at * beat, picks[at % len(picks)], high if (at * beat) % 1 == 0 else low) for at in range(count))


_OFFBEATS = tuple((beat + 0.5, 0, 0.8) for beat in range(4))
_BEATS = tuple((float(beat), 0, 0.9 if beat % 2 == 0 else 0.8) for beat in range(4))
_BACKBEAT = ((1.0, 0, 0.85), (3.0, 0, 0.9))
_BAR = ((0.0, 0, 0.8),)

BEDS: dict[str, Bed] = {
    "pads": Bed(
        rich=True,
        room=2.6,
        layers=(
            Layer(plays="pad", role="chord", steps=_BAR, level=0.20, hold=4, room=0.5),
            Layer(
                plays="bass",
                role="bass",
                steps=((0.0, 0, 0.8), (2.5, 12, 0.35)),
                level=0.24,
                hold=2.2,
                enters=0.4,
                room=0.05,
            ),
            Layer(
                plays="keys",
                role="line",
                steps=((0.0, 1, 0.7), (0.5, 2, 0.45), (1.0, 3, 0.55), (1.5, 5, 0.5), (2.5, 3, 0.4), (3.0, 2, 0.5)),
                level=0.20,
                hold=1.5,
                enters=0.55,
                room=0.45,
            ),
            Layer(plays="bell", role="tune", steps=_BAR, level=0.17, hold=2, room=0.7, octave=1),
            Layer(
                plays="stomp", role="drum", steps=((0.0, 0, 0.55), (2.5, 0, 0.35)), level=0.14, enters=0.7, room=0.35
            ),
            Layer(
                plays="shaker", role="drum", steps=_even(8, (0,), 0.35, 0.6), level=0.17, enters=0.8, pan=0.3, room=0.3
            ),
        ),
    ),
    "plucks": Bed(
        rich=True,
        room=1.8,
        layers=(
            Layer(
                plays="pluck", role="line", steps=_even(8, (0, 2, 1, 3, 2, 4, 3, 1), 0.55, 0.8), level=0.34, room=0.3
            ),
            Layer(plays="pad", role="chord", steps=_BAR, level=0.10, hold=4, enters=0.5, room=0.5),
            Layer(
                plays="bass",
                role="bass",
                steps=((0.0, 0, 0.85), (1.5, 0, 0.5), (2.0, 7, 0.6)),
                level=0.24,
                hold=1.2,
                enters=0.45,
                room=0.04,
            ),
            Layer(plays="keys", role="tune", steps=_BAR, level=0.26, hold=1, enters=0.6, room=0.4, octave=1),
            Layer(plays="snap", role="drum", steps=_BACKBEAT, level=0.26, enters=0.65, pan=-0.15, room=0.3),
            Layer(
                plays="shaker",
                role="drum",
                steps=_even(8, (0,), 0.45, 0.75),
                level=0.22,
                enters=0.75,
                pan=0.35,
                room=0.15,
            ),
            Layer(
                plays="kick",
                role="drum",
                steps=((0.0, 0, 0.7), (2.0, 0, 0.6), (2.75, 0, 0.35)),
                level=0.26,
                enters=0.6,
                room=0.03,
            ),
        ),
    ),
    "arps": Bed(
        rich=True,
        pump=0.35,
        room=1.7,
        fill="tom",
        layers=(
            Layer(
                plays="arp",
                role="line",
                steps=_even(16, (0, 2, 3, 5, 1, 3, 6, 4, 0, 3, 2, 5, 7, 5, 3, 1), 0.5, 0.8),
                level=0.27,
                room=0.28,
            ),
            Layer(plays="pad", role="chord", steps=_BAR, level=0.15, hold=4, room=0.45),
            Layer(
                plays="bass",
                role="bass",
                steps=_even(8, (0, 0, 0, 12, 0, 0, 7, 12), 0.6, 0.85),
                level=0.21,
                hold=0.42,
                enters=0.55,
                room=0.02,
            ),
            Layer(plays="kick", role="drum", steps=_BEATS, level=0.33, enters=0.6, room=0.02),
            Layer(plays="clap", role="drum", steps=_BACKBEAT, level=0.18, enters=0.7, room=0.3),
            Layer(
                plays="hat", role="drum", steps=_even(16, (0,), 0.3, 0.55), level=0.20, enters=0.75, pan=0.25, room=0.06
            ),
            Layer(plays="bell", role="tune", steps=_BAR, level=0.14, hold=1, enters=0.5, room=0.6, octave=1),
        ),
    ),
    "marimba": Bed(
        swing=0.22,
        room=1.1,
        fill="snap",
        layers=(
            Layer(
                plays="marimba",
                role="line",
                steps=(
                    (0.0, 0, 0.9),
                    (0.5, 2, 0.55),
                    (1.0, 3, 0.7),
                    (1.5, 1, 0.5),
                    (2.0, 2, 0.8),
                    (2.5, 4, 0.6),
                    (3.0, 3, 0.7),
                    (3.5, 1, 0.5),
                ),
                level=0.36,
                room=0.22,
            ),
            Layer(
                plays="pluck",
                role="chord",
                steps=((0.5, 0, 0.5), (1.5, 0, 0.6), (2.5, 0, 0.5), (3.5, 0, 0.6)),
                level=0.11,
                enters=0.55,
                room=0.25,
            ),
            Layer(
                plays="bass",
                role="bass",
                steps=((0.0, 0, 0.9), (1.5, 0, 0.55), (2.0, 7, 0.75), (3.5, 12, 0.45)),
                level=0.24,
                hold=0.6,
                enters=0.4,
                room=0.03,
            ),
            Layer(plays="marimba", role="tune", steps=_BAR, level=0.36, hold=0.5, enters=0.6, room=0.3, octave=1),
            Layer(plays="snap", role="drum", steps=_BACKBEAT, level=0.31, pan=-0.2, room=0.3),
            Layer(
                plays="kick",
                role="drum",
                steps=((0.0, 0, 0.8), (1.5, 0, 0.45), (2.0, 0, 0.7)),
                level=0.30,
                enters=0.5,
                room=0.03,
            ),
            Layer(
                plays="shaker", role="drum", steps=_even(8, (0,), 0.5, 0.7), level=0.24, enters=0.7, pan=0.3, room=0.1
            ),
            Layer(plays="pad", role="chord", steps=_BAR, level=0.09, hold=4, enters=0.8, room=0.4),
        ),
    ),
    "pulse": Bed(
        pump=0.5,
        room=1.5,
        fill="clap",
        layers=(
            Layer(
                plays="stab",
                role="chord",
                steps=((0.0, 0, 0.8), (0.75, 0, 0.55), (1.5, 0, 0.7), (2.5, 0, 0.7), (3.25, 0, 0.55)),
                level=0.145,
                hold=0.4,
                room=0.25,
            ),
            Layer(
                plays="arp",
                role="line",
                steps=_even(16, (0, 3, 1, 4, 2, 5, 3, 6), 0.4, 0.65),
                level=0.17,
                enters=0.7,
                room=0.25,
            ),
            Layer(
                plays="bass",
                role="bass",
                steps=tuple((beat + late, 0, 0.85) for beat in range(4) for late in (0.5, 0.75)),
                level=0.25,
                hold=0.24,
                enters=0.4,
                room=0.02,
            ),
            Layer(plays="kick", role="drum", steps=_BEATS, level=0.36, enters=0.45, room=0.02),
            Layer(plays="clap", role="drum", steps=_BACKBEAT, level=0.23, enters=0.55, room=0.25),
            Layer(plays="hat", role="drum", steps=_OFFBEATS, level=0.34, enters=0.6, pan=0.15, room=0.06),
            Layer(
                plays="shaker",
                role="drum",
                steps=_even(16, (0,), 0.3, 0.5),
                level=0.20,
                enters=0.8,
                pan=-0.35,
                room=0.08,
            ),
            Layer(plays="pad", role="chord", steps=_BAR, level=0.13, hold=4, room=0.45),
            Layer(plays="lead", role="tune", steps=_BAR, level=0.15, hold=0.5, enters=0.75, room=0.35, octave=1),
        ),
    ),
    "stomp": Bed(
        room=1.9,
        fill="stomp",
        layers=(
            Layer(
                plays="stomp",
                role="drum",
                steps=((0.0, 0, 1.0), (1.5, 0, 0.6), (2.0, 0, 0.95), (2.5, 0, 0.45)),
                level=0.38,
                room=0.3,
            ),
            Layer(plays="clap", role="drum", steps=_BACKBEAT, level=0.34, room=0.35),
            Layer(
                plays="stab",
                role="chord",
                steps=((0.0, 0, 0.9), (1.5, 0, 0.6), (2.0, 0, 0.8)),
                level=0.15,
                hold=0.5,
                enters=0.55,
                room=0.3,
            ),
            Layer(
                plays="bass",
                role="bass",
                steps=((0.0, 0, 0.95), (0.75, 0, 0.5), (1.5, 0, 0.8), (2.0, 0, 0.9), (3.0, 7, 0.6), (3.5, 12, 0.6)),
                level=0.27,
                hold=0.5,
                enters=0.4,
                room=0.03,
            ),
            Layer(plays="pluck", role="line", steps=_even(8, (0, 3, 2, 3, 1, 3, 2, 4), 0.5, 0.8), level=0.26, room=0.2),
            Layer(
                plays="hat", role="drum", steps=_even(8, (0,), 0.4, 0.7), level=0.22, enters=0.7, pan=0.25, room=0.08
            ),
            Layer(plays="lead", role="tune", steps=_BAR, level=0.17, hold=0.7, enters=0.75, room=0.35, octave=1),
            Layer(plays="pad", role="chord", steps=_BAR, level=0.10, hold=4, enters=0.6, room=0.4),
        ),
    ),
}
