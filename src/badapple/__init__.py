"""One product photo in, a finished vertical video ad out."""

__version__ = "0.1.0"
__all__ = ["__version__"]
