"""The call-to-action button in the manner of each style."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from badapple.media.branding import button_words
from badapple.media.colour import BLACK, ENOUGH, WHITE, contrast, mix
from badapple.media.typeset import Face, set_in_few_lines, set_text
from badapple.models import Box
from badapple.providers.offline.sheet import rounded, slanted

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from badapple.media.colour import RGB
    from badapple.media.fonts import FontBook
    from badapple.media.typeset import Setting
    from badapple.providers.offline.sheet import Sheet
    from badapple.providers.offline.stage.look import Look
    from badapple.styles import Style

__all__ = ["Button", "design"]

_CAP = 0.7  #: height of capitals, em
_DARK: RGB = (14, 12, 10)
_GLOW = 1.25  #: contrast with its light or hard shadow that a button needs
_LEAST = 340.0  #: layout px, width


@dataclass(frozen=True, slots=True)
class Button:
    """A button that is set but not placed.

    Attributes:
        text: its set text.
        width: layout px.
        height: layout px.
        set: the style's set.
        fill: its colour at the top and at the bottom.
        glow: colour of the light or hard shadow around it.
    """

    text: Setting
    width: float
    height: float
    set: str
    fill: tuple[RGB, RGB]
    glow: RGB

    def draw(self, sheet: Sheet, box: Box) -> Box:
        """Draw it into the box; return the box of its text."""
        _BODIES[self.set](self, sheet, box)
        left = (box.left + box.right - self.text.width) / 2
        middle = (box.top + box.bottom) / 2
        top = middle - self.text.height / 2
        if len(self.text.lines) == 1:  # capitals stand in the middle, whatever hangs below them
            capitals = middle + self.text.size * _CAP / 2 - self.text.baselines[0]
            top = min(max(capitals, box.top + 14), box.bottom - 14 - self.text.height)
        return sheet.write(self.text, left, top)


@dataclass(frozen=True, slots=True)
class _Plan:
    """What a set asks of its button: colours and type."""

    fill: tuple[RGB, RGB]
    ink: RGB
    glow: RGB
    weight: int
    tracking: float
    height: float
    pad: float
    display: bool = False
    whole: bool = False


def design(
    text: str, *, style: Style, look: Look, book: FontBook, width: float, brand: Mapping[str, str] | None = None
) -> Button:
    """Set the text of a button that is at most `width` px wide, in a brand's accent where it has one.

    Raises:
        InputError: the text is too long for a button.
    """
    plan = _PLANS[style.motion.set](look)
    kind = style.type
    face = Face(kind.display, kind.display_weight) if plan.display else Face(kind.caption, plan.weight)
    if brand is not None and "accent" in brand:
        plan = _branded(plan, look.accent, ink=brand.get("ink"))
    ink = _ink((plan.ink, look.ink, BLACK, WHITE), plan.fill)
    pad = min(plan.pad, width * 0.11)

    def attempt(lines: int, smallest: float) -> Setting:
        return set_text(
            text, book=book, face=face, size=60 if plan.display else 50, smallest=smallest, width=width - 2 * pad,
            max_lines=lines, height=170, colour=ink, scale=1.0, tracking=plan.tracking, case=kind.case, leading=1.18,
        )  # fmt: skip

    setting = set_in_few_lines(attempt, floors=(40, 34, 24))
    height = max(plan.height, setting.height + 70)
    wide = width if plan.whole else min(width, max(_LEAST, setting.width + 2 * pad))
    return Button(setting, wide, height, style.motion.set, plan.fill, plan.glow)


def _ink(inks: tuple[RGB, ...], fill: tuple[RGB, RGB]) -> RGB:
    """Return the first ink that can be read on all of the fill; black or white always can on these."""

    def worst(ink: RGB) -> float:
        return min(contrast(ink, ground) for ground in fill)

    return next((ink for ink in inks if worst(ink) >= ENOUGH), None) or max(inks, key=worst)


def _branded(plan: _Plan, accent: RGB, *, ink: str | None) -> _Plan:
    """Return the set's button in a brand's own colour, exactly."""
    glow = plan.glow if contrast(plan.glow, accent) >= _GLOW else mix(accent, BLACK, 0.45)
    return replace(plan, fill=(accent, accent), ink=button_words(accent, ink), glow=glow)


def _gold(look: Look) -> _Plan:
    fill = mix(look.accent, (255, 250, 232), 0.45), mix(look.accent, (120, 78, 20), 0.16)
    ink = mix(look.accent, _DARK, 0.92)
    return _Plan(fill, ink, look.accent, weight=600, tracking=0.04, height=124, pad=78)


def _quiet(look: Look) -> _Plan:
    return _Plan((look.ink, look.ink), WHITE, _DARK, weight=600, tracking=0.01, height=120, pad=76)


def _loud(_: Look) -> _Plan:
    return _Plan((WHITE, WHITE), _DARK, _DARK, weight=800, tracking=0.02, height=132, pad=72, display=True)


def _heavy(look: Look) -> _Plan:
    ground = look.stops[1]
    fill = look.ink if contrast(look.ink, ground) > ENOUGH else look.accent
    ink = mix(ground, WHITE, 0.1)
    return _Plan((fill, fill), ink, look.accent, weight=900, tracking=0, height=140, pad=56, display=True, whole=True)


def _sweet(look: Look) -> _Plan:
    fill, lip = (mix(look.accent, WHITE, 0.22), look.accent), mix(look.accent, look.ink, 0.55)
    return _Plan(fill, WHITE, lip, weight=700, tracking=0.0, height=132, pad=80)


def _bright(look: Look) -> _Plan:
    fill = mix(look.accent, WHITE, 0.32), mix(look.accent, (0, 40, 160), 0.10)
    return _Plan(fill, mix(look.accent, (2, 4, 12), 0.95), look.accent, weight=700, tracking=0.005, height=124, pad=76)


_PLANS: dict[str, Callable[[Look], _Plan]] = {
    "bokeh": _gold,
    "horizon": _quiet,
    "poster": _loud,
    "slab": _heavy,
    "confetti": _sweet,
    "grid": _bright,
}


def _shaded(button: Button) -> NDArray[np.float32]:
    """Return a colour for each of 64 rows."""
    return np.linspace(*button.fill, 64, dtype=np.float32)


def _inset(box: Box, by: float) -> Box:
    return Box(left=box.left + by, top=box.top + by, right=box.right - by, bottom=box.bottom - by)


def _moved(box: Box, right: float, down: float) -> Box:
    return Box(left=box.left + right, top=box.top + down, right=box.right + right, bottom=box.bottom + down)


def _gold_pill(button: Button, sheet: Sheet, box: Box) -> None:
    radius = min(box.height / 2, 70)
    outer = rounded(box, radius)
    sheet.shadow(outer, button.glow, 0.30, soft=40, down=6)
    sheet.shadow(outer, (0, 0, 0), 0.55, soft=14, down=12)
    sheet.fill(outer, _shaded(button))
    line = rounded(_inset(box, 8), radius - 8)
    sheet.line(line, rounded(_inset(box, 9.6), radius - 9.6), mix(button.fill[1], (60, 36, 6), 0.72), 0.6)


def _plain_block(button: Button, sheet: Sheet, box: Box) -> None:
    outer = rounded(box, 8)
    sheet.shadow(outer, button.glow, 0.22, soft=22, down=16)
    sheet.fill(outer, button.fill[0])


def _hard_box(button: Button, sheet: Sheet, box: Box) -> None:
    sheet.fill(slanted(_moved(box, 14, 14), 22), button.glow)
    sheet.fill(slanted(box, 22), button.fill[0])


def _wide_block(button: Button, sheet: Sheet, box: Box) -> None:
    sheet.fill(slanted(_moved(box, 0, 16), 0), button.glow)
    sheet.fill(slanted(box, 0), button.fill[0])


def _candy_pill(button: Button, sheet: Sheet, box: Box) -> None:
    radius = min(box.height / 2, 70)
    sheet.shadow(rounded(_moved(box, 0, 12), radius), button.glow, 0.35, soft=24, down=18)
    sheet.fill(rounded(_moved(box, 0, 12), radius), button.glow)
    sheet.fill(rounded(box, radius), _shaded(button))
    shine = Box(left=box.left + radius * 0.7, top=box.top + 11, right=box.right - radius * 0.7, bottom=box.top + 24)
    sheet.fill(rounded(shine, 7), (255, 255, 255), 0.5)


def _lit_glass(button: Button, sheet: Sheet, box: Box) -> None:
    outer = rounded(box, 30)
    sheet.shadow(outer, button.glow, 0.55, soft=46, down=0)
    sheet.shadow(outer, button.glow, 0.6, soft=12, down=0)
    sheet.fill(outer, _shaded(button))
    sheet.line(outer, rounded(_inset(box, 2.2), 27.8), (255, 255, 255), 0.55)


_BODIES: dict[str, Callable[[Button, Sheet, Box], None]] = {
    "bokeh": _gold_pill,
    "horizon": _plain_block,
    "poster": _hard_box,
    "slab": _wide_block,
    "confetti": _candy_pill,
    "grid": _lit_glass,
}
