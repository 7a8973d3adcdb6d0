"""What the words of an order may be; the one table that every door reads."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import replace
from typing import TYPE_CHECKING

from badapple.errors import InputError

if TYPE_CHECKING:
    from badapple.jobs.orders import JobOrder

__all__ = ["CTA", "FACT", "FACTS", "NAME", "SAY", "checked", "language", "length", "owner_name", "storable", "text"]

NAME = 100  #: characters of a product's name, as people count them
CTA = 60
FACT = 80
FACTS = 20  #: facts of one order
SAY = 100
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,4}")
_UNSEEN = frozenset({"Cf", "Zs", "Mn"})  #: joiners, spaces, accents of nothing
_OWNER = re.compile(r"[a-z0-9._-]{1,64}")


def checked(order: JobOrder) -> JobOrder:
    """Return the order with its words trimmed and in one form (NFC).

    Raises:
        InputError: one is too long, empty, or no line of text.
    """
    options = order.options
    if len(options.facts) > FACTS:
        raise InputError(f"there are {len(options.facts)} facts; at most {FACTS} fit")
    say = None if options.say is None else text(options.say, what="the pronunciation", limit=SAY, least=1)
    facts = tuple(text(fact, what="a fact", limit=FACT, least=1) for fact in options.facts)
    return replace(
        order,
        product_name=text(order.product_name, what="the product name", limit=NAME, least=1),
        cta_text=text(order.cta_text, what="the call to action", limit=CTA),
        options=replace(options, facts=facts, say=say, language=language(options.language)),
    )


def text(words: str, *, what: str, limit: int, least: int = 0) -> str:
    """Return a line of text, trimmed and in NFC.

    Args:
        words: as they came.
        what: names them in errors.
        limit: characters, as people count them.
        least: the same.

    Raises:
        InputError: it is too long or too short, has control characters, or is no valid text.
    """
    words = unicodedata.normalize("NFC", words.strip())
    if any(unicodedata.category(mark) == "Cs" for mark in words):
        raise InputError(f"{what} is not valid text", hint="send it as UTF-8")
    if bad := next((mark for mark in words if unicodedata.category(mark) in {"Cc", "Zl", "Zp"}), None):
        hint = "write it on one line, without tabs or line breaks"
        raise InputError(f"{what} has a control character (U+{ord(bad):04X})", hint=hint)
    size = length(words) if any(unicodedata.category(mark) not in _UNSEEN for mark in words) else 0
    if size < least:
        raise InputError(f"{what} is empty")
    if size > limit:
        raise InputError(f"{what} has {size} characters; at most {limit} fit")
    return words


def length(words: str) -> int:
    """Count characters as people see them: an accent, a flag or a family emoji is no character more."""
    if words.isascii():
        return len(words)
    from uniseg.graphemecluster import grapheme_clusters  # noqa: PLC0415 - loads tables

    return sum(1 for _ in grapheme_clusters(words))


def language(code: str) -> str:
    """Return a language code (BCP 47).

    Raises:
        InputError: it is none.
    """
    if not _LANGUAGE.fullmatch(code):
        raise InputError(f"{code[:40]!r} is no language code", hint="write it like en or pt-BR")
    return code


def owner_name(name: str) -> str:
    """Return the name of an owner.

    Raises:
        InputError: it is not made of 1 to 64 small letters, digits, dots, dashes and underlines.
    """
    if not _OWNER.fullmatch(name):
        raise InputError(
            f"{name[:80]!r} cannot be the name of an owner",
            hint="1 to 64 small letters, digits, dots, dashes and underlines",
        )
    return name


def storable(words: str) -> bool:
    """Say whether a database can hold this text: what it cannot hold, it cannot have either."""
    return "\0" not in words and not any("\ud800" <= mark <= "\udfff" for mark in words)
