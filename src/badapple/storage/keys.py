"""Which keys objects may have."""

from __future__ import annotations

import re

from badapple.errors import InputError

__all__ = ["checked"]

_PART = r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}"
_KEY = re.compile(rf"{_PART}(/{_PART})*")
_LONGEST = 800  #: characters; S3 takes 1024 with its prefix


def checked(key: str) -> str:
    """Return a key that names the same object in every storage, and no place outside of it.

    Raises:
        InputError: it is none.
    """
    if len(key) > _LONGEST or not _KEY.fullmatch(key):
        raise InputError(
            f"{key[:100]!r} cannot be the key of an object",
            hint="parts of letters, digits, dots, dashes and underlines, with slashes between them",
        )
    return key
