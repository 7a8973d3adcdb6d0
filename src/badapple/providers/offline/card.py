"""The end card: product, name and button, composed without a model."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from badapple import process, styles
from badapple.media.colour import contrast, luminance, readable, rgb
from badapple.media.typeset import Face, set_in_few_lines, set_text
from badapple.models import CAPTION_BAND, HEIGHT, SAFE_ZONE, WIDTH, Box, Card, Maker, TextBox
from badapple.providers.offline.button import design
from badapple.providers.offline.sheet import Sheet, rounded
from badapple.providers.offline.hero import load_hero

if TYPE_CHECKING:
    from pathlib import Path

    from badapple.media.colour import RGB
    from badapple.media.fonts import FontBook
    from badapple.media.typeset import Setting
    from badapple.models import CardOrder, Product
    from badapple.providers.offline.button import Button
    from badapple.providers.offline.hero import Hero
    from badapple.styles import Style

__all__ = ["OfflineCardPainter"]

_TOP = SAFE_ZONE.top + 6
_HERO_TOP = 150.0  #: a picture may stand higher than text may
_FLOOR = CAPTION_BAND.top - 34  #: the lowest px of the button: captions and its shadow need air
_WIDE = SAFE_ZONE.width
_HERO_WIDTH = 900.0  #: pictures may pass the safe zone a little, text may not
_HERO_LEAST = 200.0
_UNDER = 30.0  #: from the name to the line
_LARGE = 3.0  #: contrast that large type needs (WCAG AA)
#: Sets whose name stands over the product, which has the floor to itself; in the others it stands between product and button.
_NAME_FIRST = {"bokeh", "horizon", "grid"}


class OfflineCardPainter:
    """Composes end cards from the product's picture, type and the style's ground."""

    maker = Maker(name="offline", model="card-1", generated=False)

    def __init__(self, *, book: FontBook, style_dirs: tuple[Path, ...] = ()) -> None:
        self._book = book
        self._style_dirs = style_dirs

    async def paint(self, order: CardOrder, out: Path) -> Card:
        """Write the card as a PNG to `out`."""
        return await process.in_thread(self._paint, order, out)

    def _paint(self, order: CardOrder, out: Path) -> Card:
        style = styles.load(order.style, self._style_dirs)
        sheet, card = compose(order, style=style, book=self._book, out=out)
        part = out.with_name(out.name + ".part")
        out.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(sheet.bytes()).save(part, "PNG", compress_level=3)
        os.replace(part, out)
        return card


@dataclass(frozen=True, slots=True)
class _Parts:
    """Everything on the card, set but not placed."""

    name: Setting
    line: Setting | None
    button: Button
    hero: Hero | None


@dataclass(frozen=True, slots=True)
class _Places:
    """Where everything stands."""

    name: float
    line: float
    hero: Box | None
    button: Box


def compose(order: CardOrder, *, style: Style, book: FontBook, out: Path) -> tuple[Sheet, Card]:
    """Draw the card and say where its parts are."""
    sheet = Sheet(_ground(style, order.product, seed=order.seed + 1000 * order.take))
    hero = load_hero(order.product, style)
    middle = _mean(sheet, SAFE_ZONE)
    button = design(order.cta, style=style, book=book, ground=middle, width=_WIDE)
    name = _set_name(order.product_name, style=style, book=book, alone=hero is None)
    line = _set_line(order.line, style=style, book=book) if order.line.strip() else None
    parts = _Parts(name, line, button, hero)
    places = _place(parts, name_first=style.motion.set in _NAME_FIRST)
    process.check_stop()
    if places.hero is not None and hero is not None:
        dark = luminance(middle) < 0.25
        hero.draw(sheet, places.hero, accent=rgb(style.palette.accent), ink=rgb(style.palette.ink), ground=middle, dark=dark)
    boxes = [_write(sheet, order.product_name, name, places.name, rgb(style.palette.ink))]
    if line is not None:
        boxes.append(_write(sheet, order.line, line, places.line, rgb(style.palette.muted)))
    boxes.append(TextBox(text=order.cta, box=button.draw(sheet, places.button), start=0, end=0))
    return sheet, Card(path=out, boxes=tuple(boxes), button=places.button, product=places.hero)


def _ground(style: Style, product: Product, *, seed: int) -> np.ndarray:
    stops = np.asarray([rgb(stop) for stop in style.palette.background], np.float32)
    rows = np.linspace(0, 2, HEIGHT)
    column = np.stack([np.interp(rows, [0, 1, 2], stops[:, i]) for i in range(3)], axis=1)
    return np.repeat(column[:, None], WIDTH, axis=1).astype(np.uint8)


def _mean(sheet: Sheet, box: Box) -> RGB:
    red, green, blue = (round(float(value)) for value in sheet.around(box).mean(axis=(0, 1)))
    return red, green, blue


def _set_name(text: str, *, style: Style, book: FontBook, alone: bool) -> Setting:
    face = Face(style.type.display, style.type.display_weight)

    def attempt(lines: int, smallest: float) -> Setting:
        return set_text(
            text, book=book, face=face, size=220 if alone else 124, smallest=smallest, width=_WIDE, max_lines=lines,
            height=640 if alone else 300, colour=(0, 0, 0), scale=1.0, tracking=style.type.tracking,
            case=style.type.case, leading=1.04,
        )  # fmt: skip

    return set_in_few_lines(attempt, floors=(180, 110, 80, 60, 40, 34) if alone else (84, 72, 52, 34))


def _set_line(text: str, *, style: Style, book: FontBook) -> Setting:
    face = Face(style.type.text, style.type.text_weight)
    return set_text(
        text, book=book, face=face, size=46, smallest=26, width=_WIDE * 0.92, max_lines=2, colour=(0, 0, 0), scale=1.0, leading=1.2,
    )  # fmt: skip


def _place(parts: _Parts, *, name_first: bool) -> _Places:
    """Share the height between the parts: the product takes what the type leaves."""
    words = parts.name.height + (parts.line.height + _UNDER if parts.line else 0)
    top = _TOP if name_first or parts.hero is None else _HERO_TOP
    room = _FLOOR - top - words - parts.button.height
    if parts.hero is None:
        return _place_words(parts, words, room)
    near, far = (46.0, 62.0) if name_first else (58.0, 56.0)
    width, height = parts.hero.fitted(_HERO_WIDTH, max(_HERO_LEAST, room - near - far))
    spare = max(0.0, room - near - far - height)
    near, far = near + min(spare * 0.25, 50), far + min(spare * 0.25, 50)
    top += max(0.0, room - near - far - height) * 0.5
    if name_first:
        name, start = top, top + words + near
        button = start + height + far
    else:
        name, start = top + height + near, top
        button = name + words + far
    left = (WIDTH - width) / 2
    hero = Box(left=left, top=start, right=left + width, bottom=start + height)
    return _Places(name, name + parts.name.height + _UNDER, hero, _button_box(parts.button, button))


def _place_words(parts: _Parts, words: float, room: float) -> _Places:
    gap = min(120.0, room * 0.4)
    name = _TOP + (room - gap) * 0.55
    return _Places(name, name + parts.name.height + _UNDER, None, _button_box(parts.button, name + words + gap))


def _button_box(button: Button, top: float) -> Box:
    left = round((WIDTH - button.width) / 2)
    return Box(left=left, top=round(top), right=left + round(button.width), bottom=round(top) + round(button.height))


def _write(sheet: Sheet, text: str, setting: Setting, top: float, ink: RGB) -> TextBox:
    """Write centred text in the ink, or in black or white where the ink cannot be read on the pixels behind it."""
    left = (WIDTH - setting.width) / 2
    behind = _mean(sheet, Box(left=left, top=top, right=left + setting.width, bottom=top + setting.height))
    colour = readable(ink, behind, enough=_LARGE)
    placed = setting.coloured(colour)
    return TextBox(text=text, box=sheet.write(placed, left, top), start=0, end=0)
