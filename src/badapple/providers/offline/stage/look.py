"""The colours of one film: a style's palette, leaned towards the product and kept away from its edge."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

    from badapple.models import Product
    from badapple.styles import Style

__all__ = ["RGB", "Look", "contrast", "mix", "resolve", "rgb_of", "shift"]

RGB = tuple[int, int, int]

_LEAN = 16.0  #: degrees that a hue leans to the product's, at most
_APART = 34.0  #: Lab distance below which a product's edge sinks into the ground


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """Resolved colours.

    Attributes:
        mode: dark, light or vivid.
        stops: three background colours, as the style orders them.
        ink: text.
        muted: quieter text.
        accent: rules, shapes, highlights.
        pop: the product's own liveliest colour, or the accent.
        glow: 0-1, how much light a dark product needs behind it.
        hard: True for white products on light grounds: stronger shadow and edge.
    """

    mode: str
    stops: tuple[RGB, RGB, RGB]
    ink: RGB
    muted: RGB
    accent: RGB
    pop: RGB
    glow: float
    hard: bool


def rgb_of(text: str) -> RGB:
    """Read `#rrggbb`."""
    return int(text[1:3], 16), int(text[3:5], 16), int(text[5:7], 16)


def mix(one: RGB, other: RGB, share: float) -> RGB:
    """Return `one` with `share` (0-1) of `other` in it."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue


def contrast(one: RGB, other: RGB) -> float:
    """Return the WCAG contrast ratio, 1-21."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: RGB) -> float:
    parts = [value / 255 for value in colour]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _lab(colour: RGB) -> tuple[float, float, float]:
    pixel = np.array([[colour]], np.float32) / 255
    light, a, b = cv2.cvtColor(pixel, cv2.COLOR_RGB2LAB)[0, 0].tolist()
    return light, a, b


def _from_lab(light: float, a: float, b: float) -> RGB:
    # Chroma gives way until the colour exists in sRGB; clipping single channels would turn the hue.
    for share in np.linspace(1, 0, 21):
        pixel = cv2.cvtColor(np.array([[[light, a * share, b * share]]], np.float32), cv2.COLOR_LAB2RGB)[0, 0]
        if pixel.min() >= -0.004 and pixel.max() <= 1.004:
            break
    red, green, blue = (round(float(value) * 255) for value in np.clip(pixel, 0, 1))
    return red, green, blue


def shift(colour: RGB, *, light: float = 0.0, chroma: float = 1.0, hue: float = 0.0) -> RGB:
    """Return the colour with Lab lightness added, chroma multiplied and hue turned (degrees)."""
    lightness, a, b = _lab(colour)
    angle, length = math.atan2(b, a) + math.radians(hue), math.hypot(a, b) * chroma
    return _from_lab(min(100.0, max(0.0, lightness + light)), length * math.cos(angle), length * math.sin(angle))


def resolve(style: Style, product: Product) -> Look:
    """Choose the film's colours; the same style and product always give the same."""
    base = tuple(rgb_of(stop) for stop in style.palette.background)
    edge = _edge(product)
    accent, ink, muted = (rgb_of(text) for text in (style.palette.accent, style.palette.ink, style.palette.muted))
    stops = _stops(style, (base[0], base[1], base[2]), product, edge)
    edge_light = float(np.mean([_lab(colour)[0] for colour in edge])) if edge else 50.0
    glow = min(1.0, max(0.0, (52 - edge_light) / 34)) if style.palette.mode == "dark" else 0.0
    pop = product.accent if product.accent is not None and _chroma(product.accent) > 14 else accent
    return Look(
        mode=style.palette.mode,
        stops=stops,
        ink=ink,
        muted=muted,
        accent=accent,
        pop=pop,
        glow=glow,
        hard=edge_light > 76 and style.palette.mode == "light",
    )


def _chroma(colour: RGB) -> float:
    return math.hypot(*_lab(colour)[1:])


def _stops(style: Style, base: tuple[RGB, RGB, RGB], product: Product, edge: tuple[RGB, ...]) -> tuple[RGB, RGB, RGB]:
    """Return the first set of stops, in order of taste, from which the product's edge stands apart."""
    choices = [base]
    follow, accent = style.palette.follow, product.accent
    if accent is not None and follow > 0 and _chroma(accent) > 14:
        turn = _turn(base[1], accent)
        lean = max(-_LEAN, min(_LEAN, turn * follow))
        choices.insert(0, _each(base, hue=lean))
        if style.palette.mode == "vivid":
            # Turned away from red and yellow, the same lightness looks paler: light words need a darker ground.
            choices += [_each(base, hue=turn + away, light=-9) for away in (180, 120, -120)]
    # Dark sets stay dark: there a product with dark edges gets light behind it instead.
    steps = {"light": (-7, -13, -20), "vivid": (-14, 12), "dark": ()}[style.palette.mode]
    choices += [_each(choices[0], light=step) for step in steps]
    if not edge:
        return choices[0]
    for stops in choices:
        if _distance(stops, edge) >= _APART:
            return stops
    return max(choices, key=lambda stops: _distance(stops, edge))


def _each(stops: tuple[RGB, RGB, RGB], *, light: float = 0.0, hue: float = 0.0) -> tuple[RGB, RGB, RGB]:
    first, second, third = (shift(stop, light=light, hue=hue) for stop in stops)
    return first, second, third


def _turn(one: RGB, other: RGB) -> float:
    """Return degrees from the first colour's hue to the second's, -180 to 180."""
    first, second = (math.degrees(math.atan2(lab[2], lab[1])) for lab in (_lab(one), _lab(other)))
    return (second - first + 180) % 360 - 180


def _distance(stops: tuple[RGB, RGB, RGB], edge: tuple[RGB, ...]) -> float:
    """Return how far the product's edge is from the middle of the ground, Lab, the nearer edges counting most."""
    ground = np.array(_lab(stops[1]))
    apart = sorted(float(np.linalg.norm(np.array(_lab(colour)) - ground)) for colour in edge)
    return float(np.mean(apart[: max(1, len(apart) // 2)]))


def _edge(product: Product) -> tuple[RGB, ...]:
    """Return colours along the product's outline, or its palette where it has none."""
    if product.cutout is not None and product.cutout.is_file():
        return _rim(product.cutout, product.cutout.stat().st_mtime_ns)
    return tuple(swatch.rgb for swatch in product.palette if swatch.share > 0.1)


@lru_cache(maxsize=16)
def _rim(cutout: Path, _changed: int) -> tuple[RGB, ...]:
    """Return the mean colour of eight stretches of the outline, going round."""
    picture = cv2.imread(str(cutout), cv2.IMREAD_UNCHANGED)
    if picture is None or picture.ndim != 3 or picture.shape[2] != 4:
        return ()
    small = cv2.resize(picture, (160, 160), interpolation=cv2.INTER_AREA)
    solid = (small[..., 3] > 200).astype(np.uint8)
    band = solid - cv2.erode(solid, np.ones((9, 9), np.uint8), borderValue=0)
    rows, columns = np.nonzero(band)
    if len(rows) < 16:
        return ()
    sector = ((np.arctan2(rows - 80, columns - 80) + np.pi) / (2 * np.pi) * 8).astype(int) % 8
    colours = small[rows, columns, 2::-1].astype(float)
    means = [colours[sector == number].mean(axis=0) for number in range(8) if (sector == number).any()]
    return tuple((int(mean[0]), int(mean[1]), int(mean[2])) for mean in means)
