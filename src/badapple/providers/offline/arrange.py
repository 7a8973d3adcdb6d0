"""Where the parts of an end card stand: under each other, beside a tall product, or words alone."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import TYPE_CHECKING, Literal, TypeAlias

from badapple.errors import InputError
from badapple.media import writing
from badapple.media.typeset import Face, set_in_few_lines, set_text, stack
from badapple.models import CAPTION_BAND, SAFE_ZONE, WIDTH, Box
from badapple.providers.offline.button import design

if TYPE_CHECKING:
    from collections.abc import Sequence

    from badapple.media.fonts import FontBook
    from badapple.media.typeset import Setting
    from badapple.models import CardOrder
    from badapple.providers.offline.button import Button
    from badapple.providers.offline.hero import Hero
    from badapple.providers.offline.mark import Mark
    from badapple.providers.offline.stage.look import Look
    from badapple.styles import Style

Align: TypeAlias = Literal["left", "center", "right"]

__all__ = ["Arrangement", "Text", "arrange"]

_TOP = SAFE_ZONE.top + 6
_HERO_TOP = 150.0  # a picture may stand higher than text may
_FLOOR = CAPTION_BAND.top - 34  # lowest px of the button: captions and its shadow need air
_WIDE = SAFE_ZONE.width
_HERO_WIDTH = 900.0  # pictures may pass the safe zone a little, text may not
_HERO_LEAST = 200.0
_UNDER = 30.0  # from the name to the line
_TALL = 0.5  # width over height below which words stand beside the product
_BESIDE_HEIGHT = 960.0
_BESIDE_LEAST = 620.0  # a shorter product is better shown over the words
_BESIDE_GAP = 62.0
_OVER, _AIR = 12.0, 58.0  # over and under a logo
_STACK = 760.0  # height that a poster of words may have
#: Sets whose name stands over the product, which has the floor to itself; in the others it stands under it.
_NAME_FIRST = {"bokeh", "horizon", "grid"}


@dataclass(frozen=True, slots=True)
class Text:
    """Set text and the top left of its ink, layout px."""

    setting: Setting
    left: float
    top: float

    @property
    def box(self) -> Box:
        """The box of its ink."""
        right, bottom = self.left + self.setting.width, self.top + self.setting.height
        return Box(left=self.left, top=self.top, right=right, bottom=bottom)


@dataclass(frozen=True, slots=True)
class Arrangement:
    """A card whose parts all have their place; `rule` is a short line over words that stand alone without a logo."""

    name: Text
    line: Text | None
    button: Button
    button_box: Box
    hero: Box | None
    rule: Box | None = None
    logo: Box | None = None


def arrange(
    order: CardOrder, *, style: Style, look: Look, book: FontBook, hero: Hero | None, mark: Mark | None = None
) -> Arrangement:
    """Set the words and place them, the product and the brand's logo.

    Raises:
        InputError: the words are too long for a card.
    """
    setter = _Setter(order, style, look, book, mark.size if mark is not None else None)
    if hero is None:
        return _words_alone(setter)
    if hero.shape < _TALL and hero.fitted(400, _BESIDE_HEIGHT)[1] > _BESIDE_LEAST:
        with contextlib.suppress(InputError):  # long words need the whole width
            return _beside(setter, hero)
    return _stacked(setter, hero)


@dataclass(frozen=True, slots=True)
class _Setter:
    """Sets the card's words in the style's type."""

    order: CardOrder
    style: Style
    look: Look
    book: FontBook
    logo: tuple[float, float] | None = None

    @property
    def head(self) -> float:
        """Height that the logo takes over everything else, with its air."""
        return 0.0 if self.logo is None else _OVER + self.logo[1] + _AIR

    def logo_box(self, *, left: float | None = None, top: float) -> Box | None:
        """Place the logo into the head that begins at `top`: in the middle, or from `left` on."""
        if self.logo is None:
            return None
        width, height = self.logo
        start = round((WIDTH - width) / 2 if left is None else left)
        return Box(left=start, top=round(top + _OVER), right=start + width, bottom=round(top + _OVER) + height)

    def name(
        self,
        *,
        width: float,
        size: float,
        height: float,
        floors: Sequence[float],
        align: Align = "center",
    ) -> Setting:
        """Set the product's name; `floors` as in `set_in_few_lines`."""
        kind = self.style.type

        def attempt(lines: int, smallest: float) -> Setting:
            setting = set_text(
                self.order.product_name, book=self.book, face=Face(kind.display, kind.display_weight), size=size,
                smallest=smallest, width=width, max_lines=lines, height=height, colour=self.look.ink, scale=1.0,
                tracking=kind.tracking, case=kind.case, leading=1.0 if kind.case == "upper" else 1.06, align=align,
            )  # fmt: skip
            if lines < len(floors) and self._breaks_a_word(setting):
                raise InputError("a word would be broken")  # smaller is better
            return setting

        return set_in_few_lines(attempt, floors=floors)

    def _breaks_a_word(self, setting: Setting) -> bool:
        """Say whether a line of the name ends where none should."""
        text = writing.clean(self.order.product_name)
        units = writing.break_units(text.upper() if self.style.type.case == "upper" else text)
        ends = set(accumulate(len(unit.replace(" ", "")) for unit in units))
        return any(end not in ends for end in accumulate(len(line.replace(" ", "")) for line in setting.lines))

    def line(self, *, width: float, align: Align = "center") -> Setting | None:
        """Set the quieter line, if there is one."""
        if not self.order.line.strip():
            return None
        face = Face(self.style.type.text, self.style.type.text_weight)
        return set_text(
            self.order.line, book=self.book, face=face, size=46, smallest=24, width=width, max_lines=4, height=210,
            colour=self.look.muted, scale=1.0, leading=1.2, align=align,
        )  # fmt: skip

    def button(self, *, width: float) -> Button:
        """Set the button."""
        return design(
            self.order.cta, style=self.style, look=self.look, book=self.book, width=width, brand=self.order.brand
        )

    def poster(self, words: Setting) -> Setting:
        """Set every line of the name as wide as the card allows; as it was, where that grows too tall."""
        kind = self.style.type
        face = Face(kind.display, kind.display_weight)
        rows = [
            set_text(
                line, book=self.book, face=face, size=words.size * 1.9,
                smallest=words.size * 0.5, width=_WIDE, max_lines=1, colour=self.look.ink, scale=1.0,
                tracking=kind.tracking,
            )
            for line in words.lines
        ]  # fmt: skip
        whole = stack(rows, gap=words.size * 0.16)
        return whole if whole.height <= _STACK else words


def _stacked(setter: _Setter, hero: Hero) -> Arrangement:
    """Name, product and button under each other; the product takes what the words leave."""
    name = setter.name(width=_WIDE, size=124, height=300, floors=(84, 72, 52, 34))
    line, button = setter.line(width=_WIDE * 0.92), setter.button(width=_WIDE)
    name_first = setter.style.motion.set in _NAME_FIRST
    words = name.height + (line.height + _UNDER if line else 0)
    head = setter.head
    top = _TOP + head if name_first or head else _HERO_TOP
    room = _FLOOR - top - words - button.height
    near, far = (46.0, 62.0) if name_first else (58.0, 56.0)
    width, height = hero.fitted(_HERO_WIDTH, max(_HERO_LEAST, room - near - far))
    spare = max(0.0, room - near - far - height)
    near, far = near + min(spare * 0.25, 50), far + min(spare * 0.25, 50)
    top += max(0.0, room - near - far - height) * 0.5
    name_top = top if name_first else top + height + near
    hero_top = top + words + near if name_first else top
    button_top = hero_top + height + far if name_first else name_top + words + far
    box = Box(left=(WIDTH - width) / 2, top=hero_top, right=(WIDTH + width) / 2, bottom=hero_top + height)
    placed = _centred(name, line, button, name_top=name_top, button_top=button_top, hero=box)
    return replace(placed, logo=setter.logo_box(top=top - head))


def _beside(setter: _Setter, hero: Hero) -> Arrangement:
    """A tall product where the reader's eye enters, words and button beside it; mirrored for right-to-left names."""
    width, height = hero.fitted(400, _BESIDE_HEIGHT)
    mirrored = writing.base_level(setter.order.product_name) == 1
    column = SAFE_ZONE.right - (SAFE_ZONE.left - 10 + width + _BESIDE_GAP)
    align: Align = "right" if mirrored else "left"
    name = setter.name(width=column, size=150, height=430, floors=(90, 84, 66, 52, 44, 38), align=align)
    line, button = setter.line(width=column, align=align), setter.button(width=column)
    under = _UNDER + 10
    head = setter.head
    whole = head + name.height + (line.height + under if line else 0) + 84 + button.height
    hero_top = (_HERO_TOP + 60 + _FLOOR - height) / 2
    top = max(_TOP, min(hero_top + height * 0.52 - whole / 2, _FLOOR - whole))

    def left(wide: float) -> float:
        return SAFE_ZONE.left + column - wide if mirrored else SAFE_ZONE.right - column

    placed = Text(line, left(line.width), top + head + name.height + under) if line else None
    button_box = _button_box(button, left=left(button.width), top=top + whole - button.height)
    start = SAFE_ZONE.right + 10 - width if mirrored else SAFE_ZONE.left - 10
    box = Box(left=start, top=hero_top, right=start + width, bottom=hero_top + height)
    logo = setter.logo_box(left=left(setter.logo[0]), top=top) if setter.logo is not None else None
    return Arrangement(Text(name, left(name.width), top + head), placed, button, button_box, box, logo=logo)


def _words_alone(setter: _Setter) -> Arrangement:
    """Large words with the button under them."""
    name = setter.name(width=_WIDE, size=230, height=640, floors=(190, 120, 100, 88, 74, 60, 34))
    name = name if setter.style.motion.set in _NAME_FIRST else setter.poster(name)
    line, button = setter.line(width=_WIDE * 0.92), setter.button(width=_WIDE)
    words = name.height + (line.height + _UNDER if line else 0)
    head = setter.head
    room = _FLOOR - _TOP - head - words - button.height
    gap = min(120.0, room * 0.4)
    top = _TOP + head + (room - gap) * 0.55
    placed = _centred(name, line, button, name_top=top, button_top=top + words + gap, hero=None)
    placed = replace(placed, logo=setter.logo_box(top=top - head))
    if setter.style.motion.set not in _NAME_FIRST or setter.logo is not None:
        return placed
    return replace(placed, rule=Box(left=WIDTH / 2 - 56, top=top - 66, right=WIDTH / 2 + 56, bottom=top - 62))


def _centred(
    name: Setting, line: Setting | None, button: Button, *, name_top: float, button_top: float, hero: Box | None
) -> Arrangement:
    placed = Text(line, (WIDTH - line.width) / 2, name_top + name.height + _UNDER) if line else None
    button_box = _button_box(button, left=(WIDTH - button.width) / 2, top=button_top)
    return Arrangement(Text(name, (WIDTH - name.width) / 2, name_top), placed, button, button_box, hero)


def _button_box(button: Button, *, left: float, top: float) -> Box:
    x, y = round(left), round(top)
    return Box(left=x, top=y, right=x + round(button.width), bottom=y + round(button.height))
