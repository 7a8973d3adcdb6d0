"""A font at one size: shaped by HarfBuzz, drawn by FreeType.

Pillow shapes only where the system has FriBiDi, which a bare server has not; both libraries here come in wheels.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import freetype
import numpy as np
import uharfbuzz

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["Glyphs"]

_UNIT = 64  # FreeType and HarfBuzz both count in 1/64 px here


class Glyphs:
    """Letters of one font file at one size.

    Args:
        path: font file.
        index: member of a collection.
        size: px of the em.
        axes: OpenType axis tag -> wanted value; kept within what a variable font has, nothing to others.
    """

    def __init__(self, path: Path, *, index: int, size: float, axes: Mapping[str, float]) -> None:
        self._lock = threading.Lock()  # neither library's font may be used by two threads at once
        self._face = freetype.Face(str(path), index)
        self._face.set_char_size(round(size * _UNIT))
        shaped = uharfbuzz.Face(uharfbuzz.Blob.from_file_path(str(path)), index)
        self._font = uharfbuzz.Font(shaped)
        self._font.scale = (round(size * _UNIT), round(size * _UNIT))
        if self._face.has_multiple_masters:
            known = self._face.get_variation_info().axes
            chosen = {
                axis.tag: max(axis.minimum, min(axis.maximum, axes.get(axis.tag, axis.default))) for axis in known
            }
            self._face.set_var_design_coords(list(chosen.values()))
            self._font.set_variations(chosen)

    def getlength(self, text: str, *, joined: bool = True) -> float:
        """Return the advance of a text in px; `joined` allows ligatures."""
        with self._lock:
            units: int = sum(position.x_advance for _, position in self._shape(text, None, joined=joined))
        return units / _UNIT

    def numbers(self, text: str) -> tuple[int, ...]:
        """Return the font's own numbers of the glyphs that are drawn; 0 is the box of a missing one."""
        with self._lock:
            return tuple(info.codepoint for info, _ in self._shape(text, None, joined=True))

    def ink(self, text: str) -> tuple[float, float, float, float]:
        """Return left, top, right and bottom of what is drawn, px from the baseline's left end, down positive."""
        with self._lock:
            pen, boxes = 0, []
            for info, position in self._shape(text, None, joined=True):
                extents = self._font.get_glyph_extents(info.codepoint)
                if extents is not None and extents.width:
                    left, top = pen + position.x_offset + extents.x_bearing, -position.y_offset - extents.y_bearing
                    boxes.append((left, top, left + extents.width, top - extents.height))
                pen += position.x_advance
        if not boxes:
            return 0.0, 0.0, 0.0, 0.0
        lefts, tops, rights, bottoms = zip(*boxes, strict=True)
        return min(lefts) / _UNIT, min(tops) / _UNIT, max(rights) / _UNIT, max(bottoms) / _UNIT

    def draw(
        self,
        mask: NDArray[np.uint8],
        text: str,
        *,
        x: float,
        y: float,
        direction: str = "ltr",
        stroke: float = 0.0,
        joined: bool = True,
    ) -> None:
        """Draw a text into a mask, its baseline at `y` and its left end at `x`, px.

        Args:
            mask: uint8 (height, width); the higher coverage of what was there and what is drawn stays.
            text: one run of one script and one direction.
            x: px, fractions count.
            y: px, fractions count.
            direction: `ltr` or `rtl`.
            stroke: px by which outlines are made bolder to every side; 0 for none.
            joined: allow ligatures.
        """
        with self._lock:
            pen_x, pen_y = x * _UNIT, y * _UNIT
            for info, position in self._shape(text, direction, joined=joined):
                self._stamp(mask, info.codepoint, pen_x + position.x_offset, pen_y - position.y_offset, stroke)
                pen_x += position.x_advance
                pen_y -= position.y_advance

    def _shape(
        self, text: str, direction: str | None, *, joined: bool
    ) -> list[tuple[uharfbuzz.GlyphInfo, uharfbuzz.GlyphPosition]]:
        buffer = uharfbuzz.Buffer()
        buffer.add_str(text)
        buffer.guess_segment_properties()
        if direction is not None:
            buffer.direction = direction
        uharfbuzz.shape(self._font, buffer, {} if joined else {"liga": False, "clig": False})
        return list(zip(buffer.glyph_infos, buffer.glyph_positions, strict=True))

    def _stamp(self, mask: NDArray[np.uint8], glyph: int, x: float, y: float, stroke: float) -> None:
        """Draw one glyph with its origin at (x, y), in 1/64 px."""
        self._face.load_glyph(glyph, freetype.FT_LOAD_NO_BITMAP | freetype.FT_LOAD_NO_HINTING)
        drawn = self._face.glyph.get_glyph()
        if stroke:
            pencil = freetype.Stroker()
            pencil.set(round(stroke * _UNIT), freetype.FT_STROKER_LINECAP_ROUND, freetype.FT_STROKER_LINEJOIN_ROUND, 0)
            drawn.stroke(pencil, True)
        whole_x, whole_y = int(x // _UNIT), int(y // _UNIT)
        part = freetype.Vector(round(x - whole_x * _UNIT), round(whole_y * _UNIT - y))
        picture = drawn.to_bitmap(freetype.FT_RENDER_MODE_NORMAL, part, True)
        bitmap = picture.bitmap
        if bitmap.width and bitmap.rows:
            ink = np.array(bitmap.buffer, np.uint8).reshape(bitmap.rows, bitmap.pitch)[:, : bitmap.width]
            _lay(mask, ink, whole_x + picture.left, whole_y - picture.top)


def _lay(mask: NDArray[np.uint8], ink: NDArray[np.uint8], left: int, top: int) -> None:
    height, width = mask.shape
    x0, y0 = max(0, left), max(0, top)
    x1, y1 = min(width, left + ink.shape[1]), min(height, top + ink.shape[0])
    if x0 < x1 and y0 < y1:
        there = mask[y0:y1, x0:x1]
        np.maximum(there, ink[y0 - top : y1 - top, x0 - left : x1 - left], out=there)
