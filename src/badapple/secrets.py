"""Secrets: values that never show, and texts that are freed of them and of whatever a terminal would obey."""

from __future__ import annotations

import json
import logging
import re
import threading
import unicodedata
from typing import Self
from urllib.parse import urlsplit

__all__ = ["Secret", "SecretFilter", "hide_password", "plain", "scrub"]

_SHOWN = "[secret]"
_SHORTEST = 6  #: characters; a shorter value would be found in innocent words
#: What keys of the vendors look like, for those that nobody registered.
_LOOKS = re.compile(
    r"\b(?:sk-[A-Za-z0-9_-]{12,}|sk_[A-Za-z0-9]{16,}|r8_[A-Za-z0-9]{16,}|whsec_[A-Za-z0-9+/=]{12,}"
    r"|xi-[A-Za-z0-9]{16,}|ba_[a-z]+_[0-9a-f]{16}_[A-Za-z0-9_-]{43})|(?i:(?<=bearer )[A-Za-z0-9._~+/=-]{8,})"
)
_OBEYED = frozenset({"Cc", "Cf", "Co", "Cs"})
_known: set[str] = set()
_lock = threading.Lock()


class Secret:
    """A text that is shown to nobody by accident; `reveal` hands it out on purpose."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text
        remember(text)

    def reveal(self) -> str:
        """Return the text."""
        return self._text

    def __repr__(self) -> str:
        return _SHOWN

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        return hash(self._text)

    def __reduce__(self) -> tuple[type[Self], tuple[str]]:
        """Refuse to be written down."""
        raise TypeError("a secret is not written down")


class SecretFilter(logging.Filter):
    """Frees log records of secrets, arguments and tracebacks included."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Scrub the record in place; it always goes on."""
        record.msg, record.args = scrub(record.getMessage()), None
        if record.exc_info and not record.exc_text:
            record.exc_text = logging.Formatter().formatException(record.exc_info)
        if record.exc_text:
            record.exc_text = scrub(record.exc_text)
        for name, value in vars(record).items():
            if isinstance(value, str) and name not in {"msg", "exc_text", "levelname", "name"}:
                setattr(record, name, scrub(value))
        return True


def remember(text: str) -> None:
    """Let `scrub` know a secret, also as Python and JSON show it; one under six characters is left alone."""
    if len(text) >= _SHORTEST:
        with _lock:
            _known.update((text, repr(text)[1:-1], json.dumps(text)[1:-1]))


def hide_password(url: str) -> None:
    """Remember the password of a URL, if it has one."""
    try:
        password = urlsplit(url).password
    except ValueError:
        return
    if password:
        remember(password)


def scrub(text: str) -> str:
    """Return the text without any secret in it."""
    with _lock:
        known = sorted(_known, key=len, reverse=True)
    for secret in known:
        if secret in text:
            text = text.replace(secret, _SHOWN)
    return _LOOKS.sub(_SHOWN, text)


def plain(text: str) -> str:
    """Return the text without control characters and marks that turn letters around; they show as question marks.

    What others say ends up on terminals, which obey escape sequences.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(char if char in "\n\t" or unicodedata.category(char) not in _OBEYED else "?" for char in text)
