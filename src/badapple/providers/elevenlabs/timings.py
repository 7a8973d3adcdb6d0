"""When each word of a recording is heard."""

from __future__ import annotations

from typing import TYPE_CHECKING

from badapple.models import Word
from badapple.providers.elevenlabs.wording import sounding

if TYPE_CHECKING:
    from collections.abc import Sequence

    from badapple.providers.elevenlabs.replies import Alignment
    from badapple.providers.elevenlabs.wording import Wording

    Span = tuple[float, float]

__all__ = ["known_spans", "words"]

_WEIGHTS = {**dict.fromkeys(",;:", 2.0), **dict.fromkeys(".!?", 4.0), " ": 0.8}  #: lengths beside a letter's
_DIGIT = 3.0
_NEAR, _NEAR_GUESS = 0.10, 0.30  #: seconds that a word may be from an onset to be taken for what begins there


def known_spans(alignment: Alignment | None, text: str, *, limit: float = float("inf")) -> list[Span]:
    """Return start and end of the text's characters, as many as the vendor's times agree with from the first on.

    Args:
        alignment: the vendor's, of the text as it was sent.
        text: as it was sent.
        limit: seconds of the audio; times beyond are nonsense.
    """
    known: list[Span] = []
    for characters, start, end in alignment.spans() if alignment else ():
        if end > limit or not text.startswith(characters, len(known)):
            break
        step = (end - start) / max(1, len(characters))
        known += [(start + number * step, start + (number + 1) * step) for number in range(len(characters))]
    return known


def words(wording: Wording, known: Sequence[Span], sound: Span, onsets: Sequence[float] = ()) -> tuple[Word, ...]:
    """Return the shown words and their times; characters without a known time share what is left of the sound.

    Args:
        wording: what was sent, and shown for it.
        known: start and end of its first characters.
        sound: seconds at which the first sound begins and the last one ends.
        onsets: seconds at which speech begins, the first and after each pause.
    """
    spans = [*known, *_guessed(wording.text[len(known) :], (known[-1][1] if known else sound[0], sound[1]))]
    near = _NEAR if len(known) == len(wording.text) else _NEAR_GUESS
    times = _snapped([_heard(wording, spans, number) for number in range(len(wording.units))], onsets, near)
    out: list[Word] = []
    now = sound[0]
    for unit, (start, end) in zip(wording.units, times, strict=True):
        low = min(max(start, now), sound[1]) if out else sound[0]
        high = min(max(end, low), sound[1])
        letters = [len(shown) for shown in unit.shown]
        for number, shown in enumerate(unit.shown):
            begin, stop = (low + (high - low) * sum(letters[: number + more]) / sum(letters) for more in (0, 1))
            out.append(Word(text=shown, start=begin, end=stop))
        now = high
    return tuple(out)


def _heard(wording: Wording, spans: Sequence[Span], number: int) -> Span:
    unit = wording.units[number]
    first, last = sounding(wording.text[unit.start : unit.end])
    return spans[unit.start + first][0], spans[unit.start + last - 1][1]


def _guessed(text: str, room: Span) -> list[Span]:
    """Spread characters over a stretch of sound by their usual lengths; the last full stop makes none."""
    spoken = len(text.rstrip(" .,;:!?…\"'”\u2019)"))
    weights = [_weight(char) if at < spoken else 0.0 for at, char in enumerate(text)]
    scale = max(0.0, room[1] - room[0]) / (sum(weights) or 1.0)
    spans, now = [], room[0]
    for weight in weights:
        spans.append((now, now + weight * scale))
        now += weight * scale
    return spans


def _weight(char: str) -> float:
    return _DIGIT if char.isdecimal() else _WEIGHTS.get(char, 1.0)


def _snapped(times: list[Span], onsets: Sequence[float], near: float) -> list[Span]:
    """Let the word nearest to each onset begin there: what is heard counts more than what is said about it."""
    out = list(times)
    for onset in onsets[1:]:
        number = min(range(len(out)), key=lambda at: abs(out[at][0] - onset), default=0)
        if number and abs(out[number][0] - onset) <= near:
            before, (_, end) = out[number - 1], out[number]
            out[number - 1] = (min(before[0], onset), min(before[1], onset))
            out[number] = (onset, max(end, onset))
    return out
