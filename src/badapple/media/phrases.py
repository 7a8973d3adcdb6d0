"""Spoken words grouped into phrases that can be read."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from badapple.media import writing
from badapple.models import FPS, TOTAL_FRAMES, Utterance, Word

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Cue", "cues", "join"]

SHORTEST = 0.7  #: seconds that a phrase stands at least, where the speech leaves room
_LINE = 20  #: characters of a line that is easy to read
_IDEAL = 24  #: characters of a phrase
_SPREAD = 12
_EARLY = 0.06  #: seconds by which a phrase comes before its first word
_LINGER = 0.35  #: seconds that a phrase stays after its last word; shorter gaps to the next are closed
_LONGEST_WORD = 12  #: characters of a script without spaces that are kept together
_STOPS = (".", "!", "?", "…", "。", "\uff01", "\uff1f", "؟", "।")
_COMMAS = (",", ";", ":", "—", "\u2013", "،", "、", "\uff0c")
_QUOTES = "\"'”\u2019)"  #: what may follow the mark that ends a sentence
#: Words that lean on the next one: no phrase ends with them.
_LEANING = frozenset(
    [
        "a",
        "an",
        "the",
        "and",
        "or",
        "but",
        "nor",
        "of",
        "to",
        "in",
        "on",
        "at",
        "by",
        "for",
        "from",
        "with",
        "into",
        "onto",
        "over",
        "under",
        "your",
        "our",
        "their",
        "my",
        "his",
        "her",
        "its",
        "this",
        "that",
        "these",
        "is",
        "are",
        "was",
        "be",
        "you",
        "we",
        "they",
        "i",
        "no",
        "not",
        "so",
        "as",
        "if",
        "than",
        "then",
        "just",
        "very",
        "who",
        "what",
        "where",
        "when",
        "how",
        "let",
        "don't",
        "can't",
    ]
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cue:
    """A phrase on screen: film seconds, and its words with theirs."""

    text: str
    start: float
    end: float
    words: tuple[Word, ...]


def cues(utterances: Sequence[Utterance]) -> tuple[Cue, ...]:
    """Group spoken words, already in film time, into phrases; they never overlap."""
    spoken = sorted(utterances, key=lambda utterance: utterance.start)
    phrases = [phrase for utterance in spoken for phrase in _phrases(_split(utterance.words))]
    shown: list[Cue] = []
    for at, phrase in enumerate(phrases):
        following = phrases[at + 1][0].start - _EARLY if at + 1 < len(phrases) else TOTAL_FRAMES / FPS
        start = max(0.0, phrase[0].start - _EARLY, shown[-1].end if shown else 0.0)
        end = max(phrase[-1].end + _LINGER, start + SHORTEST)
        end = following if end > following or following - end < _LINGER else end
        end = max(end, start + 1 / FPS)
        text = join([word.text for word in phrase])
        shown.append(Cue(text=text, start=round(start, 4), end=round(end, 4), words=tuple(phrase)))
    return tuple(shown)


def join(words: Sequence[str]) -> str:
    """Write words in a row, without spaces where the script has none."""
    text = ""
    for word in words:
        tight = not text or not word or (writing.is_wide(text[-1]) and writing.is_wide(word[0]))
        text += word if tight else f" {word}"
    return text


def _split(words: Sequence[Word]) -> list[Word]:
    """Clean the words, drop empty ones, and cut what a script without spaces runs together."""
    found: list[Word] = []
    for word in words:
        kept = (" " if char.isspace() else char for char in word.text if _is_text(char))
        text = writing.clean("".join(kept))
        if not writing.visible(text):
            continue
        wide = any(writing.is_wide(char) for char in text)
        parts = writing.break_units(text) if wide and len(text) > _LONGEST_WORD else [text]
        each = (word.end - word.start) / len(text)
        at = word.start
        for part in parts:
            found.append(replace(word, text=part.strip(), start=at, end=at + each * len(part)))
            at += each * len(part)
    return found


def _is_text(char: str) -> bool:
    return char.isprintable() or char.isspace() or writing.is_ignorable(char)


def _phrases(words: list[Word]) -> list[list[Word]]:
    """Divide an utterance at the cheapest places."""
    best: list[tuple[float, int]] = [(0.0, 0)]
    for end in range(1, len(words) + 1):
        best.append(min((best[start][0] + _cost(words, start, end), start) for start in range(max(0, end - 12), end)))
    cuts, end = [], len(words)
    while end:
        cuts.append((best[end][1], end))
        end = best[end][1]
    return [words[start:end] for start, end in reversed(cuts)]


def _cost(words: list[Word], start: int, end: int) -> float:
    """Weigh a phrase: length, where it breaks, how long it stands."""
    phrase = words[start:end]
    text = join([word.text for word in phrase])
    if len(phrase) > 1 and not _fits(phrase):
        return 1000.0
    until = words[end].start if end < len(words) else phrase[-1].end + _LINGER
    stands = until - phrase[0].start
    crossed = sum(word.text.rstrip(_QUOTES).endswith(_STOPS) for word in phrase[:-1])
    cost = ((len(text) - _IDEAL) / _SPREAD) ** 2 + 1.1 * crossed
    cost += 6.0 * max(0.0, SHORTEST - stands) + 2.0 * (stands < SHORTEST)
    return cost + _end_cost(phrase, last=end == len(words))


def _end_cost(phrase: list[Word], *, last: bool) -> float:
    word = phrase[-1].text.rstrip(_QUOTES)
    stopped = word.endswith(_STOPS)
    cost = 0.0 if stopped or last else 0.3 if word.endswith(_COMMAS) else 1.0
    if not stopped and not last and word.casefold() in _LEANING:
        cost += 1.6
    alone = len(phrase) == 1 and len(word) < _LONGEST_WORD
    return cost + (0.4 if stopped else 2.0) * alone


def _fits(phrase: list[Word]) -> bool:
    """Say whether two lines of readable length hold the phrase."""
    for cut in range(len(phrase) + 1):
        sides = [join([word.text for word in side]) for side in (phrase[:cut], phrase[cut:])]
        if all(len(side) <= _LINE for side in sides):
            return True
    return False
