"""What the voice calls the product, and how it says the call to action."""

from __future__ import annotations

import re
import unicodedata

from badapple.providers.offline.pronounce import speakable

__all__ = ["cta_sentence", "is_plural", "sentence", "spoken_form", "spoken_name"]

_LONGEST_NAME = 42  #: characters of a name that can be said in one breath
_MOST_NAME_WORDS = 6
_LONGEST_CTA = 48
_GENERIC_CTA = "See more now."
#: Unicode categories that are shown but never said: emoji, trademark signs.
_UNSPOKEN = {"So", "Sk", "Cs", "Co", "Cn", "Cc", "Cf"}
_EDGES = " .,;:!?…-\u2013—·|/\\\"'“”\u2018\u2019()[]{}<>*_~"  #: marks that no name needs when it is said
_PLURALS = frozenset(
    [
        "shoes",
        "sneakers",
        "trainers",
        "boots",
        "sandals",
        "heels",
        "loafers",
        "slippers",
        "flats",
        "jeans",
        "pants",
        "trousers",
        "shorts",
        "leggings",
        "socks",
        "gloves",
        "mittens",
        "glasses",
        "sunglasses",
        "shades",
        "goggles",
        "spectacles",
        "headphones",
        "earphones",
        "earbuds",
        "buds",
        "pods",
        "speakers",
        "earrings",
        "studs",
        "hoops",
        "cufflinks",
        "rings",
        "bracelets",
        "beans",
        "cookies",
        "chips",
        "nuts",
        "candies",
        "crackers",
        "noodles",
        "chocolates",
        "treats",
        "snacks",
        "bites",
        "toys",
        "blocks",
        "bricks",
        "cards",
        "puzzles",
        "dumbbells",
        "weights",
        "skates",
        "skis",
        "flowers",
        "seeds",
        "succulents",
        "plants",
        "roses",
        "tulips",
        "books",
        "candles",
        "lamps",
        "cushions",
        "pillows",
        "mugs",
        "cups",
        "plates",
        "towels",
        "sheets",
        "lashes",
        "lipsticks",
    ]
)


def spoken_form(text: str) -> str:
    """Return the text in single spaces without what is shown but never said (emoji, trademark signs)."""
    kept = "".join(" " if unicodedata.category(char) in _UNSPOKEN or char in "\n\r\t" else char for char in text)
    return " ".join(re.sub(r"[\ufe0e\ufe0f\u20e3]", "", kept).split())


def spoken_name(name: str, *, say: str | None) -> str:
    """Return what the voice calls the product, or nothing where the name is too long or cannot be read.

    With a pronunciation given, a name in any script is kept as it is written.
    """
    said = spoken_form(name).strip(_EDGES)
    if len(said) > _LONGEST_NAME or len(said.split()) > _MOST_NAME_WORDS or not any(char.isalnum() for char in said):
        return ""
    return said if say or speakable(said) else ""


def is_plural(name: str) -> bool:
    """Say whether the product is spoken of as `them`."""
    return bool(name) and name.rsplit(maxsplit=1)[-1].casefold() in _PLURALS


def sentence(text: str) -> str:
    """Return the text as one sentence: first letter up, one mark at its end."""
    body = spoken_form(text).rstrip(" ,;:-\u2013—>→/|")
    body = re.sub(r"([!?])[!?.…]*$", r"\1", body)
    body = re.sub(r"[.…]+$", ".", body)
    if not any(char.isalnum() for char in body):
        return ""
    return _capital(body) if body.endswith((".", "!", "?")) else f"{_capital(body)}."


def cta_sentence(cta: str, *, name: str) -> str:
    """Return what the voice says over the end card: the name, then the call, unless the call has the name in it."""
    call = sentence(cta)
    if not call or len(call) > _LONGEST_CTA or not speakable(call):
        call = _GENERIC_CTA
    call = _relaxed(call, name=name)
    if not name:
        return call
    return call if name.casefold() in call.casefold() else f"{name}. {call}"


def _relaxed(call: str, *, name: str) -> str:
    """Turn button capitals (Shop Now, SHOP NOW) into a sentence; the product's name and odd spellings keep theirs."""
    words = call.split()
    letters = [word for word in words if any(char.isalpha() for char in word)]
    shouted = all(word.isupper() for word in letters)
    titled = len(letters) > 1 and all(word[0].isupper() or len(word) <= 3 for word in letters)
    if not (shouted or titled):
        return call
    kept = {part.strip(".,!?").casefold(): part for part in name.split()}
    return _capital(" ".join(_lower(word, kept=kept, shouted=shouted) for word in words))


def _lower(word: str, *, kept: dict[str, str], shouted: bool) -> str:
    bare = word.strip(".,!?")
    if bare.casefold() in kept:
        return word.replace(bare, kept[bare.casefold()])
    plain = bare.isupper() if shouted else bare[1:].islower() or bare in {"A", "I"}
    if bare == "I" or not plain:
        return word
    return word.lower()


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
