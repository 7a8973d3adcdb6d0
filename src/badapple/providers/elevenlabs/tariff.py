"""What speech costs: characters, the vendor's credits, micro-dollars."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from badapple.costs import prices
from badapple.providers.elevenlabs.failures import PROVIDER

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["CHEAP", "MODEL", "credits_of", "micros_of"]

MODEL = "eleven_multilingual_v2"
CHEAP = "eleven_flash_v2_5"
_HALF = frozenset({CHEAP, "eleven_flash_v2", "eleven_turbo_v2_5", "eleven_turbo_v2"})  #: half a credit a character


def credits_of(model: str, characters: int) -> int:
    """Return the credits that so many characters take off the account."""
    return math.ceil(characters * _share(model))


def micros_of(model: str, characters: int, credits_taken: int | None = None, *, own: Path | None = None) -> int:
    """Return micro-dollars for a text.

    Args:
        model: the vendor's name of the model.
        characters: of the text as it is sent.
        credits_taken: what the vendor says that it took; None where it says nothing.
        own: a price list of the user's own.

    Raises:
        ConfigError: the model has no price.
    """
    taken = credits_of(model, characters) if credits_taken is None else credits_taken
    # Whole credits are what is paid for: half a credit more makes the last character of a text dearer.
    return prices.cost(PROVIDER, model, own=own, characters=math.ceil(taken / _share(model)))


def _share(model: str) -> float:
    return 0.5 if model in _HALF else 1.0
