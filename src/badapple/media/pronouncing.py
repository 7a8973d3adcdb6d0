"""Which shown words are said as one piece, and what is said for them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

__all__ = ["EDGE", "pieces"]

EDGE = re.compile(r"^(\W*)(.*?)(\W*)$", re.DOTALL)  #: marks before a word, the word, marks after it


def pieces(
    text: str, pronounce: Sequence[tuple[str, str]], *, is_sign: Callable[[str], bool]
) -> Iterator[tuple[tuple[str, ...], str | None]]:
    """Yield the shown words of a text piece by piece, with what is said for them where a rule says so.

    Args:
        text: as captions write it.
        pronounce: (written, said) pairs; the longest that fits wins, a genitive and the marks around are kept.
        is_sign: tells of a word without letters and digits whether it is said all the same.
    """
    shown = _glued(text.split(), is_sign)
    rules = sorted(
        ((tuple(_bare(word) for word in written.split()), said) for written, said in pronounce),
        key=lambda rule: -len(rule[0]),
    )
    at = 0
    while at < len(shown):
        rule = next((rule for rule in rules if rule[0] and _matches(shown, at, rule[0])), None)
        words = tuple(shown[at : at + (len(rule[0]) if rule else 1)])
        yield words, (_replaced(words, rule[1]) if rule else None)
        at += len(words)


def _glued(words: Sequence[str], is_sign: Callable[[str], bool]) -> list[str]:
    """Join marks that stand alone and are never spoken (dashes, emoji) to the word before."""
    out: list[str] = []
    lead = ""
    for word in words:
        if any(char.isalnum() for char in word) or is_sign(word):
            out.append(f"{lead}{word}")
            lead = ""
        elif out:
            out[-1] += f" {word}"
        else:
            lead += f"{word} "
    return out


def _bare(word: str) -> str:
    match = EDGE.match(word)
    return (match[2] if match else word).casefold()


def _matches(shown: Sequence[str], at: int, rule: tuple[str, ...]) -> bool:
    found = tuple(_bare(word) for word in shown[at : at + len(rule)])
    if found == rule:
        return True
    return found[:-1] == rule[:-1] and bool(found) and found[-1] in {f"{rule[-1]}'s", f"{rule[-1]}\u2019s"}


def _replaced(words: tuple[str, ...], said: str) -> str:
    """Put the spoken form in place of the words, with the marks around them and a genitive kept."""
    first, last = EDGE.match(words[0]), EDGE.match(words[-1])
    own = "'s" if _bare(words[-1]).endswith(("'s", "\u2019s")) and not said.endswith("'s") else ""
    return f"{first[1] if first else ''}{said}{own}{last[3] if last else ''}"
