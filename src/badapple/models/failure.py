"""Errors as JSON, so that a part that failed on one machine fails with the same error on another."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from badapple import errors

__all__ = ["dump", "load"]


def dump(error: BaseException) -> dict[str, Any]:
    """Return an error as JSON values."""
    ours = isinstance(error, errors.BadappleError)
    facts = {
        name: str(value) if isinstance(value, Path) else value
        for name, value in vars(error).items()
        if isinstance(value, str | int | float | tuple | list | Path) or value is None
    }
    message = str(error) or type(error).__name__
    return {
        "type": type(error).__name__,
        "message": message if ours else f"{type(error).__name__}: {message}",
        "facts": facts if ours else {},
    }


def load(body: dict[str, Any]) -> Exception:
    """Return the error again; what is no error of badapple's comes back as a RuntimeError."""
    kind = getattr(errors, str(body.get("type")), None)
    message = str(body.get("message", ""))
    if not (isinstance(kind, type) and issubclass(kind, errors.BadappleError)):
        return RuntimeError(message)
    error: errors.BadappleError = kind.__new__(kind)
    Exception.__init__(error, message)
    for name, value in dict(body.get("facts", {})).items():
        setattr(error, name, _value(name, value))
    return error


def _value(name: str, value: Any) -> Any:
    if name == "path" and isinstance(value, str):
        return Path(value)
    return tuple(value) if isinstance(value, list) else value
