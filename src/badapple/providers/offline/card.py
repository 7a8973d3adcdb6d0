"""The end card: product, name and button, on the style's own ground or on a picture of someone else's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PIL import Image

from badapple import process
from badapple.media.branding import dressed
from badapple.media.colour import BLACK, ENOUGH, WHITE, contrast
from badapple.models import HEIGHT, TOTAL_FRAMES, WIDTH, Box, Card, Maker, TextBox
from badapple.ports import WorksHere
from badapple.providers.offline.arrange import arrange
from badapple.providers.offline.backing import calmed, covering, extremes
from badapple.providers.offline.hero import load_hero
from badapple.providers.offline.mark import load_mark
from badapple.providers.offline.sheet import Sheet, rounded
from badapple.providers.offline.stage.backdrop import paint_backdrop
from badapple.providers.offline.stage.look import resolve
from badapple.providers.offline.stage.staging import Spot

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from badapple.media.colour import RGB
    from badapple.media.fonts import FontBook
    from badapple.models import CardOrder
    from badapple.providers.offline.arrange import Arrangement, Text
    from badapple.providers.offline.stage.look import Look
    from badapple.styles import Style

__all__ = ["OfflineCardPainter", "compose"]

_CARD = 4  #: variant of the backdrop
_LARGE = 3.0  #: contrast that large type needs (WCAG AA)
_SHAPE = 1.7  #: contrast of a button with what is around it
_BOLD = 700  #: weight from which the line counts as large type
#: Where light gathers when there is no product.
_WORDS = Box(left=140, top=420, right=940, bottom=1000)


class OfflineCardPainter(WorksHere):
    """Composes end cards from the product's picture, type and the style's backdrop."""

    maker = Maker(name="offline", model="card-1", generated=False)

    def __init__(self, *, book: FontBook, style_dirs: tuple[Path, ...] = ()) -> None:
        self._book = book
        self._style_dirs = style_dirs

    async def paint(self, order: CardOrder, out: Path) -> Card:
        """Write the card as a PNG to `out`.

        Raises:
            InputError: the words do not fit.
            MissingFontError: no installed font draws some of them.
        """
        return await process.in_thread(self._paint, order, None, out)

    async def compose(self, order: CardOrder, ground: Path, out: Path) -> Card:
        """Write the card as a PNG to `out`, over a background picture of any size, whose middle covers it.

        Raises:
            InputError: the words do not fit.
            MissingFontError: no installed font draws some of them.
            MediaError: the background picture cannot be used.
        """
        return await process.in_thread(self._paint, order, ground, out)

    def _paint(self, order: CardOrder, ground: Path | None, out: Path) -> Card:
        style = dressed(order.style, order.brand, self._style_dirs)
        sheet, card = compose(order, style=style, book=self._book, out=out, ground=ground)
        out.parent.mkdir(parents=True, exist_ok=True)
        part = out.with_name(out.name + ".part")
        Image.fromarray(sheet.bytes()).save(part, "PNG", compress_level=1)
        part.replace(out)
        return card


def compose(
    order: CardOrder, *, style: Style, book: FontBook, out: Path, ground: Path | None = None
) -> tuple[Sheet, Card]:
    """Draw the card and say where its parts are; its text stands as long as the card is shown."""
    look = resolve(style, order.product)
    hero = load_hero(order.product, style)
    mark = load_mark(order.logo) if order.logo is not None else None
    plan = arrange(order, style=style, look=look, book=book, hero=hero, mark=mark)
    process.check_stop()
    if ground is None:
        sheet = Sheet(_ground(style, order, plan.hero))
    else:
        carries = _carried(plan, look, bold=style.type.text_weight >= _BOLD)
        sheet = Sheet(calmed(covering(ground), look, product=plan.hero, carries=carries))
    process.check_stop()
    if plan.hero is not None and hero is not None:
        hero.draw(sheet, plan.hero, look=look, mirrored=ground is None)
    if plan.logo is not None and mark is not None:
        mark.draw(sheet, plan.logo)
    if plan.rule is not None:
        sheet.fill(rounded(plan.rule, 0), look.accent)
    boxes = [_write(sheet, order.product_name, plan.name, (look.ink,), enough=_LARGE)]
    if plan.line is not None:
        enough = _LARGE if style.type.text_weight >= _BOLD else ENOUGH
        boxes.append(_write(sheet, order.line, plan.line, (look.muted, look.ink), enough=enough))
    label = plan.button.draw(sheet, plan.button_box)
    boxes.append(TextBox(text=order.cta, box=label, start=0, end=TOTAL_FRAMES))
    shown = hero.inside(plan.hero) if hero is not None and plan.hero is not None else None
    return sheet, Card(path=out, boxes=tuple(boxes), button=plan.button_box, product=shown, logo=plan.logo)


def _carried(plan: Arrangement, look: Look, *, bold: bool) -> list[tuple[Box, RGB, float]]:
    """Return what must be seen on a ground that is not ours: its box, its colour, and the contrast it needs."""
    carried = [(plan.name.box, look.ink, _LARGE), (plan.button_box, plan.button.fill[0], _SHAPE)]
    if plan.line is not None:
        carried.append((plan.line.box, look.ink, _LARGE if bold else ENOUGH))
    return carried


def _ground(style: Style, order: CardOrder, hero: Box | None) -> NDArray[np.uint8]:
    """Paint the style's backdrop, its light and floor gathered where the product stands."""
    stands = hero or _WORDS
    spot = Spot((stands.left + stands.right) / 2, stands.bottom, stands.width, stands.height)
    seed = order.seed + 1000 * order.take
    return paint_backdrop(style, order.product, width=WIDTH, height=HEIGHT, seed=seed, variant=_CARD, spot=spot)


def _write(sheet: Sheet, text: str, placed: Text, inks: tuple[RGB, ...], *, enough: float) -> TextBox:
    """Write text in the first ink that can be read on the pixels behind it, or else in what reads best."""
    grounds = extremes(sheet.around(placed.box))

    def worst(ink: RGB) -> float:
        return min(contrast(ink, ground) for ground in grounds)

    ink = next((ink for ink in inks if worst(ink) >= enough), None) or max((*inks, BLACK, WHITE), key=worst)
    box = sheet.write(placed.setting.coloured(ink), placed.left, placed.top)
    return TextBox(text=text, box=box, start=0, end=TOTAL_FRAMES)
