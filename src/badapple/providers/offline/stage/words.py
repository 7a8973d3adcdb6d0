"""The four scenes of a film without a picture: name, wall, list and seal."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from badapple.errors import InputError
from badapple.media.typeset import Face, set_text
from badapple.models import SAFE_ZONE, Box, TextBox
from badapple.providers.offline.stage.backdrop import scenery_of
from badapple.providers.offline.stage.lettering import Words, ghost_row, headline, readable, subline
from badapple.providers.offline.stage.look import contrast, mix
from badapple.providers.offline.stage.mast import TOP, air, along, display, say, seen, tall
from badapple.providers.offline.stage.motion import drift, ease_back, ease_out, enter, hold
from badapple.providers.offline.stage.paint import polygon_star, quad, rounded
from badapple.providers.offline.stage.scenery import Kind
from badapple.providers.offline.stage.signs import bar, mark, on, plate, shape
from badapple.providers.offline.stage.staging import MARGIN, Spot, Stage, framing

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from badapple.media.fonts import FontBook
    from badapple.models import SceneOrder
    from badapple.providers.offline.stage.look import RGB
    from badapple.providers.offline.stage.motion import Path
    from badapple.providers.offline.stage.timeline import Timeline
    from badapple.styles import Style

__all__ = ["film"]

_FLOOR = 1240.0  #: layout px; no text of a scene stands lower
_MIDDLE = (TOP + _FLOOR) / 2
_DARK: RGB = (18, 16, 14)
_WHITE: RGB = (255, 255, 255)


def film(order: SceneOrder, style: Style, book: FontBook) -> Timeline:
    """Set the scene that the order's place in the script calls for."""
    stage = Stage(order, style, book)
    scenes: tuple[Callable[[Stage], Timeline], ...] = (_name, _wall, _list, _seal)
    return scenes[framing(replace(order, framing="auto"))](stage)  # without a product nothing is near or far


def _ground(stage: Stage, kind: Kind, spot: Spot) -> NDArray[np.uint8]:
    picture = stage.backdrop()
    scenery_of(stage.style).ground(picture, stage.look, stage.rng, kind=kind, spot=spot)
    return picture.ground(stage.rng)


def _finish(stage: Stage, ground: NDArray[np.uint8]) -> Timeline:
    return stage.finish(ground, along(stage, MARGIN - 10))


def _huge(stage: Stage, text: str, *, size: float, width: float, height: float, align: str = "center") -> Words | None:
    """Set text as large as it gets in a room, in as many lines as that takes; None for an empty text."""
    if not text.strip():
        return None
    kind = stage.style.type
    found = []
    for lines in range(1, 8):
        with contextlib.suppress(InputError):
            found.append(
                set_text(
                    text,
                    book=stage.book,
                    face=Face(kind.display, kind.display_weight),
                    size=size,
                    smallest=34,
                    width=width,
                    height=height,
                    max_lines=lines,
                    colour=stage.look.ink,
                    scale=stage.scale,
                    align="left" if align == "left" else "center",
                    tracking=kind.tracking,
                    case=kind.case,
                    leading=0.98 if kind.case == "upper" else 1.06,
                )
            )
    if not found:
        return headline(stage, text, size=90, height=height, align=align, lines=5)
    largest = max(setting.size for setting in found)
    return Words(next(setting for setting in found if setting.size >= largest * 0.94), text, align)


def _name(stage: Stage) -> Timeline:
    """Let the name fill the frame, word by word, before its own first letter."""
    scene = stage.order.scene
    text = scene.headline or stage.order.product_name
    sub = subline(stage, scene.subline, size=56)
    words = [_huge(stage, text, size=display(stage, 300), width=SAFE_ZONE.width, height=760 if sub else 900), sub]
    ground = _ground(stage, Kind.HERO, Spot(540, 1500, 900, 900, sky=TOP))
    _letter(stage, text, ground)
    air(stage)
    height = tall(words)
    top = min(max(TOP, _MIDDLE - height / 2 - 30), _FLOOR - height)
    bar(stage, ground, top - 62)
    say(stage, words, top=top, shown=seen(stage, ground), manner=scenery_of(stage.style).manner)
    return _finish(stage, ground)


def _letter(stage: Stage, text: str, ground: NDArray[np.uint8]) -> None:
    """Put the first letter, as tall as the frame and hollow, behind everything; it drifts slowly."""
    first = next((letter for letter in text if letter.isalnum()), "")
    if not first:
        return
    kind = stage.style.type
    colour = on(stage, ground, 540, 960)
    with contextlib.suppress(InputError):
        setting = set_text(
            first,
            book=stage.book,
            face=Face(kind.display, kind.display_weight),
            size=1500,
            smallest=300,
            width=1240,
            height=1500,
            max_lines=1,
            colour=mix(colour, stage.look.accent, 0.4),
            scale=stage.scale,
            case="upper",
            outline=0.004,
        )
        image = setting.pieces[0].image.copy()
        image[..., 3] = (image[..., 3] * 0.36).astype(np.uint8)
        path = drift(hold(560, 1000), count=stage.count, by=(-40, -60))
        stage.add(image, enter(path, start=0, length=24, fade=1))


def _wall(stage: Stage) -> Timeline:
    """Run the name over the whole frame, in rows that pass each other, round a plate with the words."""
    scene = stage.order.scene
    words = [_huge(stage, scene.headline, size=display(stage, 150), width=740, height=420), None]
    words[1] = subline(stage, scene.subline, size=46)
    look, text, energy = stage.look, stage.order.product_name, stage.style.motion.energy
    ground = _ground(stage, Kind.DETAIL, Spot(540, 1900, 700, 400))
    colour = mix(on(stage, ground, 540, 300), look.accent, 0.2)
    size = 230.0 if len(text) < 26 else 150.0
    hollow = ghost_row(stage, text, size=size, colour=colour, opacity=0.62, outline=0.011)
    filled = ghost_row(stage, text, size=size, colour=colour, opacity=0.2, outline=0.0)
    step, speed = size * 1.02, 1.2 + 3.4 * energy
    rows = [y for y in np.arange(40.0, 1960.0, step).tolist() if not 1180 < y < 1520]
    for number, y in enumerate(rows):
        row = filled if number % 3 == 1 else hollow
        row.run(stage, y=y, speed=speed * (-1) ** number * (1 + 0.2 * (number % 3)), shift=210.0 * number)
    height = tall(words)
    top = _MIDDLE - height / 2
    if height:
        plate(stage, Box(left=90, top=top - 84, right=990, bottom=top + height + 84))
    air(stage)
    say(stage, words, top=top, shown=seen(stage, ground), manner=scenery_of(stage.style).manner, start=9)
    return _finish(stage, ground)


def _list(stage: Stage) -> Timeline:
    """List the facts as large plates; without facts, say the line one word after the other."""
    scene = stage.order.scene
    if not scene.points:
        return _turns(stage)
    words = [_huge(stage, scene.headline, size=display(stage, 120), width=SAFE_ZONE.width, height=250), None]
    words[1] = subline(stage, scene.subline, size=44)
    points = scene.points[:4]
    ground = _ground(stage, Kind.FACTS, Spot(540, 1420, 900, 800, sky=TOP))
    air(stage)
    height = tall(words)
    gap, room = 26.0, _FLOOR - TOP - height - (80 if height else 0)
    each = min(172.0, (room - gap * (len(points) - 1)) / len(points))
    whole = height + (80 if height else 0) + each * len(points) + gap * (len(points) - 1)
    top = TOP + (_FLOOR - TOP - whole) * 0.42
    say(stage, words, top=top, shown=seen(stage, ground), manner=scenery_of(stage.style).manner)
    first = top + height + (80 if height else 0)
    for number, point in enumerate(points):
        _fact(stage, point, number, top=first + number * (each + gap), height=each)
    return _finish(stage, ground)


def _fact(stage: Stage, point: str, number: int, *, top: float, height: float) -> None:
    chip = scenery_of(stage.style).chip(stage.look, number)
    x, y, scale = 420.0, height / 2, stage.scale
    middle_x = 540.0 + (0.0, -44.0, 44.0)[stage.order.take % 3] * (-1) ** number  # further takes stagger them
    picture = stage.picture(2 * x + 60, height + 20)
    outline = rounded(-x, -y, x, y, min(chip.radius, y)) if not chip.skew else quad(-x, -y, x, y, skew=chip.skew)
    fill = chip.fill or stage.look.stops[1]
    picture.shape_in(outline, fill)
    if chip.edge is not None:
        picture.shape_in([outline, outline * (1 - 2 / x, 1 - 2 / y)], chip.edge, 0.9)
    spark = polygon_star(-x + 78, 0, 30, 12, 4 if stage.style.motion.set in {"bokeh", "grid"} else 6)
    picture.shape_in(spark, chip.mark)
    middle = top + height / 2
    start = 14 + 8 * number
    ease = ease_back if stage.style.motion.energy > 0.6 else ease_out
    side = -200.0 if number % 2 else 200.0

    def way(px: float, py: float) -> Path:
        rest = drift(hold(px, py), count=stage.count, by=(0, -6))
        return enter(rest, start=start, length=16 * stage.calm, offset=(side, 0), fade=0.5, ease=ease)

    stage.add(picture, way(middle_x, middle), start=start)
    setting = set_text(
        point,
        book=stage.book,
        face=Face(stage.style.type.text, max(600, stage.style.type.text_weight)),
        size=64,
        smallest=20,
        width=640,
        height=height - 36,
        max_lines=3 if len(point) > 40 else 2 if len(point) > 16 else 1,
        colour=chip.ink
        if contrast(chip.ink, fill) >= 4.5
        else readable((_WHITE, _DARK), np.full((4, 4, 3), fill, np.uint8)),
        scale=scale,
        align="left",
    )
    left, upper = middle_x - x + 140, middle - setting.height / 2
    for piece in setting.pieces:
        tallness, width = piece.image.shape[0] / scale, piece.image.shape[1] / scale
        stage.add(piece.image, way(left + piece.left + width / 2, upper + piece.top + tallness / 2), start=start)
    box = Box(left=left, top=upper, right=left + setting.width, bottom=upper + setting.height)
    stage.boxes.append(TextBox(text=point, box=box, start=start, end=stage.count))
    stage.keep_out.append(Box(left=middle_x - x, top=top, right=middle_x + x, bottom=top + height))


def _turns(stage: Stage) -> Timeline:
    """Show the words of the line one at a time, each as large as it gets, on a shape that turns."""
    text = stage.order.scene.headline or stage.order.product_name
    ground = _ground(stage, Kind.FACTS, Spot(540, 1420, 900, 800, sky=TOP))
    radius = shape(stage, 540, _MIDDLE + 10)
    air(stage)
    shown = seen(stage, ground, frame=40)
    parts = text.split()
    if len(parts) < 2 or len(parts) > 6:
        parts = [text]
    end = stage.count - 6
    beat = min(24.0, (end - 60) / max(1, len(parts)))
    if beat < 10:
        parts, beat = [text], 0.0
    whole = _huge(stage, text, size=display(stage, 190), width=radius * 1.66, height=radius * 1.2)
    clock = 5.0
    if len(parts) > 1:
        for part in parts:
            word = _huge(stage, part, size=display(stage, 260), width=radius * 1.66, height=radius * 1.1)
            if word is not None:
                _flash(stage, word, shown, start=clock, end=clock + beat)
            clock += beat
    if whole is not None:
        top = _MIDDLE + 10 - whole.setting.height / 2
        say(stage, [whole], top=top, shown=shown, manner=scenery_of(stage.style).manner, start=clock)
    _under(stage, shown, _MIDDLE + radius + 50)
    return _finish(stage, ground)


def _flash(stage: Stage, word: Words, shown: NDArray[np.uint8], *, start: float, end: float) -> None:
    """Show a word for a beat."""
    before, noted, kept = len(stage.layers), len(stage.boxes), len(stage.keep_out)
    top = _MIDDLE + 10 - word.setting.height / 2
    say(stage, [word], top=top, shown=shown, manner="slam" if stage.style.motion.energy > 0.6 else "rise", start=start)
    stage.layers[before:] = [replace(layer, end=round(end)) for layer in stage.layers[before:]]
    stage.boxes[noted:] = [replace(note, end=round(end)) for note in stage.boxes[noted:]]
    del stage.keep_out[kept:]


def _under(stage: Stage, shown: NDArray[np.uint8], top: float) -> None:
    line = subline(stage, stage.order.scene.subline, size=46, lines=1)
    if line is not None and top + line.setting.height < _FLOOR:
        say(stage, [None, line], top=top, shown=shown, manner="rise", start=10)


def _seal(stage: Stage) -> Timeline:
    """Close with the line between two lines of sparks that turn."""
    scene = stage.order.scene
    text = scene.headline or stage.order.product_name
    sub = subline(
        stage, scene.subline or (stage.order.product_name if text != stage.order.product_name else ""), size=48
    )
    words = [_huge(stage, text, size=display(stage, 210), width=SAFE_ZONE.width, height=560), sub]
    ground = _ground(stage, Kind.CLOSING, Spot(540, 1360, 900, 1000, sky=TOP))
    air(stage)
    height = tall(words)
    top = min(max(TOP + 230, _MIDDLE + 70 - height / 2), _FLOOR - height)
    shown = seen(stage, ground)
    mark(stage, ground, 540, top - 150)
    say(stage, words, top=top, shown=shown, manner=scenery_of(stage.style).manner, start=10)
    return _finish(stage, ground)
