"""Words over footage in the manner of each style: on a veil that fades into the picture, or on plates."""

from __future__ import annotations

import contextlib
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from badapple.errors import InputError
from badapple.media.colour import ENOUGH, WHITE, contrast, mix, rgb
from badapple.media.layers import LEAVES, Layer, Layers, Manner
from badapple.media.plates import Plate, Sheet, line_boxes
from badapple.media.shapes import rounded
from badapple.media.typeset import Face, set_text
from badapple.models import OVERLAP, SAFE_ZONE, WIDTH, Box, TextBox

if TYPE_CHECKING:
    from badapple.media.colour import RGB
    from badapple.media.fonts import FontBook
    from badapple.media.typeset import Setting
    from badapple.models import Canvas, Scene
    from badapple.styles import Style

__all__ = ["Overlay"]

_TOP = SAFE_ZONE.top + 14.0  #: layout px where words begin, as in scenes that are drawn
_LEAD = 40.0  #: layout px between the inks of a headline and of the line under it
_START = 6  #: frame on which the first word comes
_STEP = 5  #: frames between one line and the next
_LEFT = 2  #: the scene whose words stand on the left: the close-up
_CHIP = 84.0  #: layout px, height of a fact's plate
_READING = 40  #: frames that a fact is shown, at least
_GAP = 18.0  #: layout px between plates
_VEIL = 0.66  #: opacity of the fade behind words
_FADE = 400.0  #: layout px in which it ends


@dataclass(frozen=True, slots=True, kw_only=True)
class _Manner:
    """How a style writes over footage.

    Attributes:
        veil: colour of the fade behind all words, or None where each line has a plate.
        rule: whether a short line in the accent stands over words on a veil.
        head: plate of a headline's line, or None.
        sub: plate of the line under it, or None.
        chip: plate of a fact.
        mark: colour of the mark before a fact.
        arrives: how headlines arrive.
        travel: layout px they come from.
    """

    veil: RGB | None
    head: Plate | None
    sub: Plate | None
    chip: Plate
    mark: RGB
    arrives: Manner
    travel: tuple[float, float]


def _manner(style: Style) -> _Manner:
    dark, middle, light = (rgb(stop) for stop in style.palette.background)
    ink, accent = rgb(style.palette.ink), rgb(style.palette.accent)
    return {
        "bokeh": lambda: _Manner(
            veil=mix(dark, middle, 0.25), head=None, sub=None, mark=accent, arrives="rise", travel=(0, 34),
            chip=Plate(fill=mix(dark, light, 0.35), ink=ink, radius=4, edge=mix(accent, dark, 0.45), opacity=0.86),
        ),
        "horizon": lambda: _Manner(
            veil=mix(light, WHITE, 0.4), head=None, sub=None, mark=ink, arrives="mask", travel=(0, 0),
            chip=Plate(fill=mix(light, WHITE, 0.75), ink=ink, radius=42),
        ),
        "grid": lambda: _Manner(
            veil=mix(dark, middle, 0.35), head=None, sub=None, mark=accent, arrives="slide", travel=(-46, 0),
            chip=Plate(
                fill=mix(middle, light, 0.4), ink=ink, radius=14, edge=mix(accent, middle, 0.35), opacity=0.9
            ),
        ),
        "poster": lambda: _Manner(
            veil=None, mark=accent, arrives="whip", travel=(-220, 0),
            head=Plate(fill=dark, ink=ink, pad=40, rise=24, slant=26, under=accent, offset=(-10, 12)),
            sub=Plate(fill=accent, ink=mix(dark, (0, 0, 0), 0.75), pad=30, rise=18, slant=16),
            chip=Plate(fill=mix(dark, (0, 0, 0), 0.45), ink=ink, slant=22),
        ),
        "slab": lambda: _Manner(
            veil=None, mark=middle, arrives="mask", travel=(0, 0),
            head=Plate(fill=middle, ink=ink, pad=34, rise=24, under=dark, offset=(12, 12), edge=dark, line=5),
            sub=Plate(fill=dark, ink=(255, 247, 230), pad=28, rise=18),
            chip=Plate(fill=dark, ink=(255, 247, 230)),
        ),
        "confetti": lambda: _Manner(
            veil=None, mark=accent, arrives="pop", travel=(0, 0),
            head=Plate(fill=WHITE, ink=ink, pad=38, rise=26, radius=46),
            sub=Plate(fill=middle, ink=ink, pad=30, rise=18, radius=40),
            chip=Plate(fill=WHITE, ink=ink, radius=42),
        ),
    }[style.motion.set]()  # fmt: skip


class Overlay(Layers):
    """A scene's headline, the line under it and its facts, over the upper end of any footage.

    They come after a few frames, one after the other, and are gone before the scene turns into the next; facts follow
    each other in one place, so that the footage stays free. No text ever reaches the captions.
    """

    def __init__(self, scene: Scene, *, style: Style, canvas: Canvas, book: FontBook) -> None:
        """Set the words.

        Args:
            scene: its words and its length.
            style: type, colours and manner.
            canvas: size of the frames.
            book: fonts.

        Raises:
            InputError: they do not fit.
            MissingFontError: no installed font draws some of them.
        """
        title = _Title(scene, style, canvas.scale, book)
        title.set()
        super().__init__(title.layers, title.boxes, size=(canvas.width, canvas.height))


class _Title:
    """The words of one scene while they are being set."""

    def __init__(self, scene: Scene, style: Style, scale: float, book: FontBook) -> None:
        self.layers: list[Layer] = []
        self.boxes: list[TextBox] = []
        self._scene = scene
        self._style = style
        self._scale = scale
        self._book = book
        self._how = _manner(style)
        self._left = scene.id == _LEFT
        self._end = scene.frames - OVERLAP

    def set(self) -> None:
        """Set all there is, from the top down."""
        head, sub, facts = self._headline(), self._subline(), self._facts()
        lines = [
            (text, setting, plate)
            for text, setting, plate in (
                (self._scene.headline, head, self._how.head),
                (self._scene.subline, sub, self._how.sub),
            )
            if setting is not None
        ]
        places, top = [], _TOP
        for _, setting, plate in lines:
            rise = plate.rise if plate is not None else 0.0
            places.append(top + rise)
            top += setting.height + 2 * rise + (_LEAD if plate is None else _GAP)
        if self._how.veil is not None and (lines or facts):
            self._lay_veil(top - _LEAD + (_CHIP + _LEAD if facts else 0.0), self._how.veil)
        start = _START
        for (text, setting, plate), at in zip(lines, places, strict=True):
            self._write(text, setting, plate, top=at, start=start)
            start += _STEP
        for number, (text, setting) in enumerate(facts):
            self._fact(text, setting, number, of=len(facts), top=top + 8, start=start + _STEP)

    def _headline(self) -> Setting | None:
        kind, plate = self._style.type, self._how.head
        upper = kind.case == "upper"
        return self._set(
            self._scene.headline, face=Face(kind.display, kind.display_weight), size=156 * (1.4 if upper else 1.0),
            pad=_room(plate), height=230, lines=3, display=True,
        )  # fmt: skip

    def _subline(self) -> Setting | None:
        kind, plate = self._style.type, self._how.sub
        weight = kind.text_weight if plate is None else max(600, kind.text_weight)
        return self._set(
            self._scene.subline, face=Face(kind.text, weight), size=56, pad=_room(plate), height=130, lines=2
        )

    def _facts(self) -> list[tuple[str, Setting]]:
        """Set as many facts as can be read in the time there is."""
        kind = self._style.type
        face = Face(kind.text, max(600, kind.text_weight))
        time = self._end - LEAVES - _START - 3 * _STEP
        texts = [text for text in self._scene.points if text.strip()][: max(1, min(3, time // _READING))]
        found = [(text, self._set(text, face=face, size=46, pad=72, height=_CHIP - 20, lines=2)) for text in texts]
        return [(text, setting) for text, setting in found if setting is not None]

    def _set(
        self, text: str, *, face: Face, size: float, pad: float, height: float, lines: int, display: bool = False
    ) -> Setting | None:
        """Set text as large as it gets, in no more lines than that takes; None where there is none."""
        if not text.strip():
            return None
        kind = self._style.type
        upper = display and kind.case == "upper"
        found = []
        for most in range(1, (min(lines, 2) if len(text) <= 30 else lines if len(text) < 60 else 5) + 1):
            with contextlib.suppress(InputError):
                found.append(
                    set_text(
                        text, book=self._book, face=face, size=size, smallest=22, width=SAFE_ZONE.width - 2 * pad,
                        height=height, max_lines=most, colour=WHITE, scale=self._scale,
                        align="left" if self._left else "center", tracking=kind.tracking if display else 0.0,
                        case="upper" if upper else "as-is", leading=1.0 if upper else 1.12,
                    )
                )  # fmt: skip
        if not found:
            raise InputError(f"the text {text[:40]!r} does not fit over a clip", hint="use a shorter text")
        largest = max(setting.size for setting in found)
        return next(setting for setting in found if setting.size >= largest * 0.9)

    def _write(self, text: str, setting: Setting, plate: Plate | None, *, top: float, start: int) -> None:
        """Put up one of the lines, on its plate or on the veil."""
        quiet = text is self._scene.subline and text is not self._scene.headline
        left = self._start_of(setting.width, _room(plate))
        manner: Manner = "rise" if quiet and self._how.veil is not None else self._how.arrives
        travel = (0.0, 34.0) if quiet and self._how.veil is not None else self._how.travel
        if plate is None:
            sheet = self._on_veil(setting, left, top, quiet=quiet)
        else:
            sheet = Sheet(self._scale)
            sheet.plates(line_boxes(setting, left, top, plate, self._scale), plate)
            sheet.write(setting, left, top, plate.ink)
        self._up(sheet, start=start, manner=manner, travel=travel)
        box = Box(left=left, top=top, right=left + setting.width, bottom=top + setting.height)
        self.boxes.append(TextBox(text=text, box=box, start=start, end=self._end))

    def _on_veil(self, setting: Setting, left: float, top: float, *, quiet: bool) -> Sheet:
        """Write in the style's ink with a soft shadow, and put the rule over the first line."""
        palette, veil = self._style.palette, self._how.veil or WHITE
        behind = mix(_worst(palette.mode), veil, _VEIL)
        inks = (rgb(palette.muted), mix(rgb(palette.muted), rgb(palette.ink), 0.5)) if quiet else ()
        ink = next((ink for ink in inks if contrast(ink, behind) >= ENOUGH), rgb(palette.ink))
        sheet = Sheet(self._scale)
        sheet.shadow(setting, left, top, veil)
        sheet.write(setting, left, top, ink)
        if not quiet and self._left:
            thick = 5.0
            rule = Box(left=left, top=top - 40, right=left + 120, bottom=top - 40 + thick)
            sheet.fill(rounded(rule, 0), rgb(palette.accent))
        return sheet

    def _fact(self, text: str, setting: Setting, number: int, *, of: int, top: float, start: int) -> None:
        """Put up a fact while its turn is; the last one stays."""
        chip, lasts = self._how.chip, (self._end - start) / of
        begins = round(start + number * lasts)
        ends = self._end if number == of - 1 else round(start + (number + 1) * lasts) + LEAVES // 2
        wide = setting.width + 132
        left = self._start_of(wide, 0.0)
        sheet = Sheet(self._scale)
        plate = Box(left=left, top=top, right=left + wide, bottom=top + _CHIP)
        sheet.plates([plate], chip)
        middle = top + _CHIP / 2
        tick = np.array([(-17, 1), (-10, -6), (-4, 1), (12, -16), (19, -9), (-4, 15)], np.float32)
        sheet.fill(tick + np.array((left + 54, middle), np.float32), self._how.mark)
        at = (left + 92, middle - setting.height / 2)
        sheet.write(setting, *at, chip.ink)
        self._up(sheet, start=begins, end=ends, manner="slide", travel=(-60, 0))
        box = Box(left=at[0], top=at[1], right=at[0] + setting.width, bottom=at[1] + setting.height)
        self.boxes.append(TextBox(text=text, box=box, start=begins, end=ends))

    def _start_of(self, width: float, pad: float) -> float:
        """Return the left of something that wide, layout px."""
        return SAFE_ZONE.left + pad if self._left else (SAFE_ZONE.left + SAFE_ZONE.right - width) / 2

    def _lay_veil(self, foot: float, colour: RGB) -> None:
        """Lay a fade over the frame's upper end: whole behind the words, clear a little below them."""
        rows, columns = round((foot + _FADE) * self._scale), math.ceil(WIDTH * self._scale / 2) * 2
        y = (np.arange(rows, dtype=np.float32) + 0.5) / self._scale
        step = np.clip((foot + _FADE - y) / _FADE, 0, 1)
        alpha = (step * step * (3 - 2 * step) * _VEIL)[:, None] * np.ones((1, columns), np.float32)
        # Eight bits of alpha would show as steps over a plain wall.
        alpha += (np.random.default_rng(1).random(alpha.shape, dtype=np.float32) - 0.5) / 255 * (alpha < _VEIL)
        tone = np.asarray(colour, np.float32) / 255
        rgba = np.dstack([alpha[..., None] * tone, alpha]).astype(np.float32)
        self.layers.append(Layer(rgba=np.clip(rgba, 0, 1), left=0, top=0, start=0, end=self._end))

    def _up(
        self, sheet: Sheet, *, start: int, manner: Manner, travel: tuple[float, float], end: int | None = None
    ) -> None:
        rgba, left, top = sheet.cut()
        way = (travel[0] * self._scale, travel[1] * self._scale)
        self.layers.append(
            Layer(rgba=rgba, left=left, top=top, start=start, end=end or self._end, manner=manner, travel=way)
        )


def _worst(mode: str) -> RGB:
    """Return what footage may be at worst under a veil: white behind light words, black behind dark ones."""
    return (0, 0, 0) if mode == "light" else (255, 255, 255)


def _room(plate: Plate | None) -> float:
    """Return the layout px that a plate needs left and right of its words."""
    return plate.pad + abs(plate.slant) / 2 if plate is not None else 0.0
