"""The printed paper label on the front of the flacon."""

from __future__ import annotations

from typing import TYPE_CHECKING

import fontpkg
import numpy as np
from PIL import Image, ImageDraw, ImageFont

if TYPE_CHECKING:
    from photo_studio.rays import Floats

WIDTH, HEIGHT = 3.5, 2.5  # cm
_DOTS = 280  # per cm: nearly three per pixel of the photo
_PAPER = (0.86, 0.825, 0.76)
_INK = (0.030, 0.020, 0.016)


def draw_label() -> tuple[Floats, Floats]:
    """Draw the label: linear reflectance (rows, columns, 3) and gold foil (rows, columns, 1), first row at the top."""
    size = (round(WIDTH * _DOTS), round(HEIGHT * _DOTS))
    ink = Image.new("L", size)
    foil = Image.new("L", size)
    _print_words(ImageDraw.Draw(ink))
    _print_foil(ImageDraw.Draw(foil))
    grain = np.random.default_rng(5).normal(0, 0.012, (size[1], size[0], 1)).astype(np.float32)
    cover = np.asarray(ink, np.float32)[..., None] / 255
    paper = np.asarray(_PAPER, np.float32) * (1 + grain)
    reflectance = paper * (1 - cover) + np.asarray(_INK, np.float32) * cover
    return reflectance.astype(np.float32), np.asarray(foil, np.float32)[..., None] / 255


def _print_words(draw: ImageDraw.ImageDraw) -> None:
    _spaced(draw, "SOLENNE", "Playfair Display", 500, at=1.28, height=0.50, spacing=0.085)
    _spaced(draw, "EAU DE PARFUM", "Montserrat", 600, at=1.82, height=0.158, spacing=0.07)
    _spaced(draw, "50 ML · 1.7 FL OZ", "Montserrat", 600, at=2.12, height=0.112, spacing=0.045)


def _print_foil(draw: ImageDraw.ImageDraw) -> None:
    inset, line = 0.13 * _DOTS, max(2, round(0.022 * _DOTS))
    draw.rectangle((inset, inset, WIDTH * _DOTS - inset, HEIGHT * _DOTS - inset), outline=255, width=line)
    middle, top = WIDTH / 2 * _DOTS, 0.60 * _DOTS
    for index in range(13):  # half a rising sun
        angle = np.pi * index / 12
        ray = (0.25 if index % 2 == 0 else 0.19) * _DOTS
        start = 0.125 * _DOTS
        points = [(middle - np.cos(angle) * reach, top - np.sin(angle) * reach) for reach in (start, ray)]
        draw.line([*points[0], *points[1]], fill=255, width=max(2, round(0.020 * _DOTS)))
    disc = 0.085 * _DOTS
    draw.pieslice((middle - disc, top - disc, middle + disc, top + disc), 180, 360, fill=255)
    draw.line((middle - 0.36 * _DOTS, top + line * 1.4, middle + 0.36 * _DOTS, top + line * 1.4), fill=255, width=line)


def _spaced(
    draw: ImageDraw.ImageDraw,
    words: str,
    family: str,
    weight: int,
    *,
    at: float,
    height: float,
    spacing: float,
) -> None:
    """Set letter-spaced words, centred, middle line `at` cm below the top edge."""
    font = ImageFont.truetype(str(fontpkg.path(family, weight, nearest=True)), round(height * _DOTS))
    font.set_variation_by_axes([weight])
    gap = spacing * _DOTS
    widths = [font.getlength(letter) for letter in words]
    x = (WIDTH * _DOTS - sum(widths) - gap * (len(words) - 1)) / 2
    for letter, advance in zip(words, widths, strict=True):
        draw.text((x, at * _DOTS), letter, font=font, fill=255, anchor="lm")
        x += advance + gap
