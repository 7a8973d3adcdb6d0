"""Phonemes of spoken text, each tied to the word it belongs to."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

from badapple.errors import ScriptError
from badapple.providers.offline.pronounce import say, speakable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from badapple.providers.offline.pronounce import Said

__all__ = ["MARKS", "Reading", "Sentence", "read"]

#: Characters of the phoneme alphabet that are pauses, not sounds.
MARKS = frozenset(' ;:,.!?—…"“”()')
_LONGEST = 380  #: phonemes that the model takes at once
_lock = threading.Lock()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentence:
    """What the model speaks in one go.

    Attributes:
        phonemes: misaki alphabet.
        owners: for each phoneme the index of its unit in the reading, or -1 for a pause.
    """

    phonemes: str
    owners: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A text made ready to be spoken."""

    units: tuple[Said, ...]
    sentences: tuple[Sentence, ...]


@lru_cache(maxsize=256)
def read(text: str, pronounce: tuple[tuple[str, str], ...] = ()) -> Reading:
    """Find the phonemes of a text.

    Raises:
        ScriptError: the English voice cannot read it; names the word.
    """
    units = say(text, pronounce)
    for unit in units:
        if any(char.isalpha() for char in unit.text) and not speakable(unit.text):
            raise ScriptError(
                f"the offline voice reads English only and cannot say {' '.join(unit.shown)!r}",
                hint="say how it is pronounced in Latin letters, or leave it out of the spoken text",
            )
    words = [(word, index) for index, unit in enumerate(units) for word in unit.text.split()]
    with _lock:
        sentences = tuple(sentence for part in _sentences(words) for sentence in _phonemize(part))
    return Reading(units=units, sentences=sentences)


@lru_cache(maxsize=1)
def _g2p() -> Any:
    return import_module("hibari.g2p").G2P()  # late: loads megabytes of lexicon


def _sentences(words: Sequence[tuple[str, int]]) -> list[list[tuple[str, int]]]:
    parts, at = [], 0
    for sentence in import_module("hibari").Hibari.split_sentences(" ".join(word for word, _ in words)):
        count = len(sentence.split())
        parts.append(list(words[at : at + count]))
        at += count
    return parts


def _phonemize(words: list[tuple[str, int]]) -> list[Sentence]:
    sentence = _one_sentence(words)
    if len(sentence.phonemes) <= _LONGEST or len(words) < 2:
        return [sentence] if sentence.phonemes else []
    middle = len(words) // 2
    return _phonemize(words[:middle]) + _phonemize(words[middle:])


def _one_sentence(words: list[tuple[str, int]]) -> Sentence:
    g2p = _g2p()
    normal: str = import_module("hibari.g2p").normalize(" ".join(word for word, _ in words))
    owners = _aligned([word for word, _ in words], normal.split())
    phonemes, owned, at = "", [], 0
    for token in g2p.phonemize_tokens(g2p.tokenize(normal)):
        owner = words[owners[min(at, len(owners) - 1)]][1] if owners else -1
        sound = token.phonemes or ""
        phonemes += sound
        owned += [-1 if mark in MARKS - {" "} else owner for mark in sound]
        if token.whitespace:
            phonemes += " "
            owned.append(-1)
            at += 1
    start, end = len(phonemes) - len(phonemes.lstrip()), len(phonemes.rstrip())
    return Sentence(phonemes=phonemes[start:end], owners=tuple(owned[start:end]))


def _aligned(said: Sequence[str], normal: Sequence[str]) -> list[int]:
    """Return for each normalised word the index of the said word it stems from."""
    owners = [0] * len(normal)
    for _, low, high, start, end in SequenceMatcher(None, said, normal, autojunk=False).get_opcodes():
        for at in range(start, end):
            owners[at] = (
                min(low + (at - start) * (high - low) // (end - start), len(said) - 1)
                if high > low
                else max(low - 1, 0)
            )
    return owners
