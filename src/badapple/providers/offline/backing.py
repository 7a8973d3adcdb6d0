"""A background picture of someone else's, cut to the card and made calm enough to carry it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from badapple.errors import MediaError, PhotoError
from badapple.media.colour import contrast, mix
from badapple.models import HEIGHT, WIDTH, Box
from badapple.product.intake import take_in

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from badapple.media.colour import RGB
    from badapple.providers.offline.stage.look import Look

    Field = NDArray[np.float32]

__all__ = ["calmed", "covering", "extremes"]

_SOFT = 250.0  #: layout px over which a veil runs out
_AROUND = 30.0  #: layout px that a veil is wider than what it carries
_TINT = 0.16  #: share of the style's tone in the whole picture
_EDGE = 0.45  #: and at its edges
_FOREIGN = 4.0  #: contrast of the whole picture with the style's ink, below which it is of another kind
_TEXT = 3.0  #: least contrast that any text needs
_MARGIN = 1.12  #: contrast asked for over what is needed: light and grain lie on the picture afterwards


def covering(path: Path) -> NDArray[np.uint8]:
    """Read a picture of any size and return its middle as large as the card, RGB bytes (1920, 1080, 3).

    It is decoded in the limited child that product photos go through, and sized in linear light.

    Raises:
        MediaError: it cannot be used; says why.
    """
    try:
        pixels = take_in(path).pixels
    except PhotoError as error:
        said = str(error).replace("photo", "background picture", 1)
        raise MediaError(said, path=path) from error
    rows, columns = pixels.shape[:2]
    wide, tall = min(columns, rows * WIDTH / HEIGHT), min(rows, columns * HEIGHT / WIDTH)
    left, top = round((columns - wide) / 2), round((rows - tall) / 2)
    part = np.asarray(pixels[top : top + max(1, round(tall)), left : left + max(1, round(wide))])
    if part.shape[2] == 4:  # what shows through is white, as in photos
        alpha = part[..., 3:].astype(np.float32) / 255
        part = np.asarray(part[..., :3] * alpha + 255 * (1 - alpha) + 0.5, np.uint8)
    way = cv2.INTER_AREA if part.shape[1] > WIDTH else cv2.INTER_CUBIC
    sized = cv2.resize(_LINEAR[part], (WIDTH, HEIGHT), interpolation=way)
    return np.asarray(_encoded(np.clip(np.asarray(sized, np.float32), 0, 1)), np.uint8)


def calmed(
    rgb: NDArray[np.uint8], look: Look, *, product: Box | None, carries: Sequence[tuple[Box, RGB, float]]
) -> NDArray[np.uint8]:
    """Return the picture in the style's tone, quiet and plain enough behind everything that stands on it.

    Args:
        rgb: the card's whole ground.
        look: the style's colours.
        product: where it stands; the light gathers there.
        carries: what must be seen: its box, its colour, and the contrast it needs.
    """
    tone = max(look.stops, key=lambda stop: contrast(stop, look.ink))
    picture = rgb.astype(np.float32)
    # A picture of the wrong kind, bright in a dark style or dark in a light one, takes on more of the tone.
    red, green, blue = picture[::8, ::8].reshape(-1, 3).mean(axis=0).round().astype(int).tolist()
    strange = min(1.0, max(0.0, (_FOREIGN - contrast(look.ink, (red, green, blue))) / 2))
    picture += (np.asarray(tone, np.float32) - picture) * _vignette(_TINT + 0.34 * strange)
    if product is not None:
        picture = _lit(picture, look, product)
    still = cv2.GaussianBlur(cv2.resize(picture, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA), (0, 0), 5)
    still = np.asarray(cv2.resize(still, (WIDTH, HEIGHT), interpolation=cv2.INTER_LINEAR), np.float32)
    for box, ink, enough in carries:
        fade = _fade(box, product)
        picture += (still - picture) * (fade * _fade(box, None) * 0.85)
        picture += (np.asarray(tone, np.float32) - picture) * (fade * _strength(picture, box, ink, tone, enough))
    grain = np.random.default_rng(7).random(picture.shape[:2], dtype=np.float32)[..., None]
    return np.asarray(np.clip(picture + grain, 0, 255), np.uint8)


def extremes(pixels: NDArray[np.float32]) -> tuple[RGB, RGB]:
    """Return the mean colours of the darkest and of the lightest tenth of some pixels."""
    flat = pixels[::4, ::4].reshape(-1, 3)
    order = np.argsort(flat @ np.asarray([0.2126, 0.7152, 0.0722], np.float32))
    tenth = max(1, len(flat) // 10)
    dark, light = (flat[part].mean(axis=0).round().astype(int).tolist() for part in (order[:tenth], order[-tenth:]))
    return (dark[0], dark[1], dark[2]), (light[0], light[1], light[2])


def _strength(picture: Field, box: Box, ink: RGB, tone: RGB, enough: float) -> float:
    """Return the least share of the tone, from 0.2, with which the ink can be read everywhere in the box."""
    inside = picture[
        max(0, round(box.top)) : max(1, round(box.bottom)), max(0, round(box.left)) : max(1, round(box.right))
    ]
    grounds = extremes(inside)
    most = 1.0 if enough >= _TEXT else 0.5  # a button brings its own shadow
    for share in np.arange(0.2, most, 0.05):
        if min(contrast(ink, mix(ground, tone, float(share))) for ground in grounds) >= enough * _MARGIN:
            return float(share)
    return most


def _fade(box: Box, product: Box | None) -> Field:
    """Return a veil that is whole over the box, fades out towards the product and goes on to the frame's edge."""
    x = (np.arange(WIDTH, dtype=np.float32) + 0.5)[None, :, None]
    y = (np.arange(HEIGHT, dtype=np.float32) + 0.5)[:, None, None]
    above, below = box.top - _AROUND - y, y - box.bottom - _AROUND
    if product is None:
        away = np.maximum(above, below)
    elif box.bottom <= product.top:
        away = below
    elif box.top >= product.bottom:
        away = above
    elif box.left >= product.right:
        away = box.left - _AROUND - x
    else:
        away = x - box.right - _AROUND
    share = np.clip(1 - away / _SOFT, 0, 1)
    return np.asarray(share * share * (3 - 2 * share), np.float32)


def _vignette(least: float) -> Field:
    x = np.linspace(-1, 1, WIDTH, dtype=np.float32)[None]
    y = np.linspace(-1, 1, HEIGHT, dtype=np.float32)[:, None]
    away = np.clip((x * x * 0.8 + y * y - 0.5) / 1.2, 0, 1)
    return np.asarray(least + (max(_EDGE, least) - least) * away, np.float32)[..., None]


def _lit(picture: Field, look: Look, product: Box) -> Field:
    """Let light gather behind the product, so that its edge stands out: more of it where the product is dark."""
    bright = mix(look.stops[2], look.accent, 0.25) if look.mode == "dark" else mix(look.stops[2], (255, 255, 255), 0.5)
    x = (np.arange(WIDTH, dtype=np.float32) + 0.5 - (product.left + product.right) / 2) / (product.width * 0.5 + 240)
    y = (np.arange(HEIGHT, dtype=np.float32) + 0.5 - (product.top + product.bottom) / 2) / (product.height * 0.5 + 240)
    share = np.clip(1 - np.hypot(x[None], y[:, None]), 0, 1) ** 1.3 * (0.3 + 0.3 * look.glow)
    light = np.asarray(bright, np.float32)
    if look.mode != "dark":
        return np.asarray(picture + (light - picture) * share[..., None], np.float32)
    # Light is added: a dark room keeps its own colours behind it.
    return np.asarray(255 - (255 - picture) * (255 - light * share[..., None]) / 255, np.float32)


def _table() -> Field:
    value = np.arange(256, dtype=np.float32) / np.float32(255)
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4).astype(np.float32)


def _encoded(light: Field) -> Field:
    return np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055) * 255 + np.float32(0.5)


_LINEAR = _table()
