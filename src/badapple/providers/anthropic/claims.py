"""The patterns of `claims.toml`: what an advertisement may not say unless the user says it."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

__all__ = [
    "AS_A_MODEL",
    "CAMERA",
    "CODES",
    "CONTACTS",
    "COUNTS",
    "MARKUP",
    "NUMBER",
    "ORDERS",
    "PERCENTS",
    "PRICES",
    "PROMISES",
    "PROPERTIES",
    "SECRETS",
    "value_of",
]

_LISTS: dict[str, Any] = tomllib.loads(Path(__file__).with_name("claims.toml").read_text(encoding="utf-8"))
_NUMBERS: dict[str, int] = _LISTS["numbers"]
_WORDS = {**_LISTS["words"], "numbers": "|".join(_NUMBERS)}


def _any(name: str) -> re.Pattern[str]:
    text = "|".join(f"(?:{pattern})" for pattern in _LISTS[name])
    for word, stands_for in _WORDS.items():
        text = text.replace(f"{{{word}}}", stands_for)
    return re.compile(text)


AS_A_MODEL = _any("as_a_model")
CAMERA = _any("camera")
CODES = _any("codes")
CONTACTS = _any("contacts")
COUNTS = _any("counts")
MARKUP = _any("markup")
NUMBER = re.compile(r"\d+(?:[.,:/']\d+)*")
ORDERS = _any("orders")
PERCENTS = _any("percents")
PRICES = _any("prices")
PROMISES = _any("promises")
PROPERTIES = _any("properties")
SECRETS = _any("secrets")


def value_of(words: str) -> str:
    """Return the number that English number words name, in digits; `0` where there is none."""
    total = 0
    for word in re.findall(r"[a-z]+", words):
        value = _NUMBERS.get(word, 0)
        total = max(total, 1) * value if value >= 100 else total + value
    return str(total)
