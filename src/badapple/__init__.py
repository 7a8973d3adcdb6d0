"""One product photo in, a finished vertical video ad out."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from badapple.making import make, make_async
    from badapple.models import Video

__version__ = "0.1.0"
__all__ = ["Video", "__version__", "make", "make_async"]

_HOMES = {"Video": "badapple.models", "make": "badapple.making", "make_async": "badapple.making"}


def __getattr__(name: str) -> object:
    """Load what is asked for: importing the package itself stays quick."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module  # noqa: PLC0415 - as above

    return getattr(import_module(_HOMES[name]), name)
