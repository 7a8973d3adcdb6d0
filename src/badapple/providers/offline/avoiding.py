"""The offline script writer's sentences without those that a brand forbids."""

from __future__ import annotations

from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING, TypeVar

from badapple.errors import InputError
from badapple.models import forbidden_in
from badapple.providers.offline.copybook import NEUTRAL, SCENES, TONES, Copy, Line, copy_for

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from badapple.models import Script

__all__ = ["allowed", "require_allowed"]

T = TypeVar("T", str, Line)


def allowed(copy: Copy, *, tone: str, category: str, forbidden: tuple[str, ...]) -> Copy:
    """Return the sentences that use none of the forbidden words; others of the same purpose stand in where they must.

    Raises:
        InputError: there is no sentence left for a purpose.
    """
    others = tuple(_others(tone, category))
    own = {}
    for scene in SCENES:
        lines = chain([copy.own[scene]], copy.shared.get(scene, ()), (other.own[scene] for other in others))
        own[scene] = _first(lines, forbidden)
    facts = _kept(copy.facts, forbidden) or (_first(chain(*(other.facts for other in others)), forbidden),)
    cta = _kept(copy.cta, forbidden) or (_first(chain(*(other.cta for other in others)), forbidden),)
    return replace(
        copy, own=own, facts=facts, cta=cta, cta_line=_kept(copy.cta_line, forbidden),
        shared={scene: _kept(lines, forbidden) for scene, lines in copy.shared.items()},
        after={scene: _kept(said, forbidden) for scene, said in copy.after.items()},
    )  # fmt: skip


def require_allowed(script: Script, forbidden: tuple[str, ...]) -> None:
    """Make sure that a script that is written here says none of the forbidden words.

    Raises:
        InputError: it does, and this writer knows no other way.
    """
    for _, text in script.texts:
        if word := forbidden_in(text, forbidden):
            raise _speechless(word)


def _others(tone: str, category: str) -> Iterator[Copy]:
    """Yield sentences of the nearest tones and categories, the nearest first."""
    yield copy_for(tone, "default")
    yield copy_for(NEUTRAL, category)
    for name in TONES:
        yield copy_for(name, "default")


def _kept(lines: Iterable[T], forbidden: tuple[str, ...]) -> tuple[T, ...]:
    return tuple(line for line in lines if not _said(line, forbidden))


def _first(lines: Iterable[T], forbidden: tuple[str, ...]) -> T:
    word = ""
    for line in lines:
        if not (found := _said(line, forbidden)):
            return line
        word = word or found
    raise _speechless(word)


def _said(line: str | Line, forbidden: tuple[str, ...]) -> str:
    return forbidden_in(line if isinstance(line, str) else f"{line.shown} {line.said}", forbidden)


def _speechless(word: str) -> InputError:
    return InputError(
        f"the offline writer finds no words without {word!r}, which the brand kit forbids",
        hint="take it out of the brand kit, bring a script of your own, or have Claude write",
    )
