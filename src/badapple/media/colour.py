"""Colours: contrast between them, and which of them can be read on a ground."""

from __future__ import annotations

from typing import TypeAlias

__all__ = ["BLACK", "ENOUGH", "RGB", "WHITE", "contrast", "luminance", "mix", "readable", "rgb"]

RGB: TypeAlias = tuple[int, int, int]  #: sRGB bytes

BLACK: RGB = (16, 16, 16)
WHITE: RGB = (255, 255, 255)
ENOUGH = 4.5  #: contrast that body text needs (WCAG AA)


def rgb(text: str) -> RGB:
    """Read `#rrggbb`."""
    return int(text[1:3], 16), int(text[3:5], 16), int(text[5:7], 16)


def mix(first: RGB, second: RGB, share: float) -> RGB:
    """Return `share` (0-1) of the second colour in the first."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(first, second, strict=True))
    return red, green, blue


def luminance(colour: RGB) -> float:
    """Return the relative luminance, 0-1 (WCAG 2)."""
    red, green, blue = (byte / 255 / 12.92 if byte <= 10 else ((byte / 255 + 0.055) / 1.055) ** 2.4 for byte in colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(first: RGB, second: RGB) -> float:
    """Return the contrast ratio, 1-21 (WCAG 2)."""
    low, high = sorted((luminance(first), luminance(second)))
    return (high + 0.05) / (low + 0.05)


def readable(ink: RGB, ground: RGB, *, enough: float = ENOUGH) -> RGB:
    """Return the ink if it can be read on the ground, else black or white, whichever reads better."""
    if contrast(ink, ground) >= enough:
        return ink
    return max((BLACK, WHITE), key=lambda colour: contrast(colour, ground))
