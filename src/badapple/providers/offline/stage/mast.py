"""What carries words over a photo: the style's own panel or fade above, calm below, and something in the air."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import cv2
import numpy as np

from badapple.models import CAPTION_BAND, SAFE_ZONE, Box
from badapple.providers.offline.stage.lettering import place, readable
from badapple.providers.offline.stage.look import mix
from badapple.providers.offline.stage.motion import Pose, ease_in_out, enter, hold
from badapple.providers.offline.stage.paint import ellipse, quad, rounded
from badapple.providers.offline.stage.props import outside, particles, soft_disc
from badapple.providers.offline.stage.sprites import Ground, Sprite
from badapple.providers.offline.stage.timeline import Timeline

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from badapple.providers.offline.stage.lettering import Words
    from badapple.providers.offline.stage.look import RGB
    from badapple.providers.offline.stage.motion import Path
    from badapple.providers.offline.stage.staging import Stage

__all__ = ["LEAD", "SLOPE", "TOP", "air", "along", "display", "foot", "hairline", "mast", "say", "seen", "tall"]

TOP = SAFE_ZONE.top + 14  #: layout px where words begin
LEAD = 40.0  #: layout px between a headline and the line under it
SLOPE = -0.16  #: px down per px right of slanted edges
_CONFETTI: tuple[RGB, ...] = ((255, 92, 122), (255, 190, 60), (74, 190, 255), (62, 207, 142), (157, 110, 255))
_SOFT = {"bokeh", "horizon", "grid"}  #: sets whose panel fades into the photo


def display(stage: Stage, size: float) -> float:
    """Return the largest size of display type: capitals are set larger."""
    return size * 1.4 if stage.style.type.case == "upper" else size


def tall(words: list[Words | None]) -> float:
    """Return the layout px that words need under each other."""
    heights = [item.setting.height for item in words if item is not None]
    return sum(heights) + LEAD * max(0, len(heights) - 1)


def seen(stage: Stage, ground: NDArray[np.uint8], *, frame: int = 60) -> NDArray[np.uint8]:
    """Return what is on the canvas so far at a frame, RGB bytes: what words are measured against."""
    margin = (ground.shape[1] - stage.canvas.width) // 2
    still = Timeline(
        stage.count,
        (),
        stage.canvas,
        Ground.of(np.ascontiguousarray(ground), margin=margin),
        lambda _: (0.0, 0.0),
        tuple(stage.layers),
    )
    out = np.empty((stage.canvas.height * 3 // 2, stage.canvas.width), np.uint8)
    still.draw(min(frame, stage.count - 1), out)
    return np.asarray(cv2.cvtColor(out, cv2.COLOR_YUV2RGB_I420), np.uint8)


def say(
    stage: Stage, words: list[Words | None], *, top: float, shown: NDArray[np.uint8], manner: str, start: float = 6
) -> float:
    """Bring words in under each other, each in the first colour that reads on what is shown; return their foot."""
    look, scale = stage.look, stage.scale
    for number, item in enumerate(words):
        if item is None:
            continue
        left = SAFE_ZONE.left if item.align == "left" else 540 - item.setting.width / 2
        rows = slice(round(top * scale), round((top + item.setting.height) * scale) + 1)
        patch = np.ascontiguousarray(shown[rows, round(left * scale) : round((left + item.setting.width) * scale) + 1])
        choices = ((look.muted,) if number else ()) + (look.ink, (255, 255, 255), (18, 16, 14))
        colour = readable(choices, patch)
        arrives = manner if number == 0 else "rise"
        place(stage, item, top=top, start=start + 7 * number, manner=arrives, colour=colour)
        top += item.setting.height + LEAD
    return top - LEAD


def mast(stage: Stage, painted: NDArray[np.uint8], *, edge: float) -> None:
    """Put the upper part of a painted backdrop over the photo, down to about `edge` layout px, and its trim."""
    kind, look = stage.style.motion.set, stage.look
    if kind in _SOFT:
        _fade(stage, painted, edge)
        return
    reach = edge + 130
    if kind == "poster":
        points = [(-60, -60), (1140, -60), (1140, edge + 600 * SLOPE), (-60, edge - 600 * SLOPE)]
        outline = np.array(points, np.float64)
    elif kind == "confetti":
        x = np.linspace(-60, 1140, 120)
        wave = np.stack([x, edge + 26 * np.sin(x / 96)], axis=1)
        outline = np.concatenate([wave, [(1140, -60), (-60, -60)]])
    else:
        outline = quad(-60, -60, 1140, edge)
    picture = stage.picture(1088, reach)
    picture.origin = (-4, 0)
    trim = {"poster": look.accent, "confetti": (255, 255, 255)}.get(kind, look.stops[0])
    picture.shape_in(outline + np.array((0, 30 if kind != "confetti" else 22)), trim)
    shown = np.zeros((*picture.shape, 3), np.float32)
    margin = (painted.shape[1] - stage.canvas.width) // 2
    pad = (picture.shape[1] - stage.canvas.width) // 2
    area = painted[margin : margin + picture.shape[0], margin - pad : margin - pad + picture.shape[1]]
    shown[: area.shape[0], : area.shape[1]] = area
    picture.lay(picture.mask(outline), shown)
    way = (-900.0, -900 * SLOPE * 0.2) if kind == "poster" else (0.0, -reach)
    stage.add(picture, enter(hold(540, 0), start=0, length=14, offset=way, fade=0), anchor=(0.5, 0))


def _fade(stage: Stage, painted: NDArray[np.uint8], edge: float) -> None:
    top, end = edge - 40, edge + 130
    rows = round(end * stage.scale)
    margin = (painted.shape[1] - stage.canvas.width) // 2
    area = painted[margin : margin + rows, margin - 2 : margin + stage.canvas.width + 2]
    y = (np.arange(area.shape[0], dtype=np.float32) + 0.5) / stage.scale
    t = np.clip((y - top) / (end - top), 0, 1)
    fall = 1 - t * t * (3 - 2 * t)
    noise = stage.rng.random(area.shape[:2], dtype=np.float32)
    alpha = np.clip(fall[:, None] * 255 + noise * (fall[:, None] < 1), 0, 255).astype(np.uint8)
    stage.add(np.dstack([area, alpha]), hold(540, 0), anchor=(0.5, 0))


def foot(stage: Stage, *, opacity: float = 0.8) -> None:
    """Lay calm under the captions, in a colour they read on, deeper towards the frame's foot."""
    look = stage.look
    light = look.mode == "light"
    tone = mix(look.stops[2], (255, 255, 255), 0.35) if light else mix(look.stops[0], (0, 0, 0), 0.35)
    first, last = CAPTION_BAND.top - 130, 1920.0
    rows = round((last - first) * stage.scale)
    y = (np.arange(rows, dtype=np.float32) + 0.5) / stage.scale
    t, deep = np.clip(y / 190, 0, 1), np.clip((y - 320) / 300, 0, 1)
    # Below the captions the photo comes out again.
    fall = t * t * (3 - 2 * t) * opacity * (1 - 0.45 * deep)
    rgba = np.empty((rows, stage.canvas.width + 4, 4), np.uint8)
    rgba[..., :3] = tone
    rgba[..., 3] = np.clip(fall[:, None] * 255 + stage.rng.random(rgba.shape[:2], dtype=np.float32), 0, 255)
    stage.add(rgba, hold(540, first), anchor=(0.5, 0))


def air(stage: Stage) -> None:
    """Let something small fly: lights, streaks, confetti or dust, whatever the style has."""
    kind, look = stage.style.motion.set, stage.look
    if kind == "bokeh":
        lights = [
            soft_disc(stage, size, mix(look.accent, (255, 244, 220), 0.4), opacity=opacity, soft=soft, rim=0.4)
            for size, opacity, soft in ((46, 0.13, 7), (24, 0.2, 5), (8, 0.5, 3), (4.5, 0.7, 2))
        ]
        particles(stage, lights, count=18, speed=(0.25, -0.8), twinkle=0.8, avoid=True)
    elif kind == "grid":
        dust = [
            soft_disc(stage, size, mix(look.accent, (255, 255, 255), 0.4), opacity=opacity, soft=2)
            for size, opacity in ((2.5, 0.9), (4, 0.6), (6, 0.4))
        ]
        particles(stage, dust, count=18, speed=(0.15, -0.9), twinkle=0.8)
    elif kind == "confetti":
        particles(stage, _pieces(stage), count=20, speed=(0.5, 3.4), sway=26, spin=3.2, twinkle=0.0, avoid=True)
    elif kind == "poster":
        _streaks(stage)
    elif kind == "horizon":
        motes = [soft_disc(stage, size, (255, 255, 255), opacity=0.5, soft=4) for size in (5, 8)]
        particles(stage, motes, count=9, speed=(0.3, -0.35), twinkle=0.7)


def _pieces(stage: Stage) -> list[NDArray[np.uint8]]:
    pieces = []
    for number, colour in enumerate(_CONFETTI * 2):
        picture = stage.picture(48, 48)
        outlines = (
            rounded(-19, -6, 19, 6, 6),
            ellipse(0, 0, 11),
            [ellipse(0, 0, 14), ellipse(0, 0, 8.5)],
            quad(-10, -10, 10, 10),
        )
        picture.shape_in(outlines[number % 4], colour)
        pieces.append(picture.rgba())
    return pieces


def _streaks(stage: Stage) -> None:
    look = stage.look
    for number in range(9):
        long, thick = float(stage.rng.uniform(160, 420)), float(stage.rng.choice([4, 6, 9]))
        picture = stage.picture(long, long * abs(SLOPE) + thick + 6)
        x, y, half = long / 2, long / 2 * SLOPE, thick / 2
        line = np.array([(-x, -y - half), (x, y - half), (x, y + half), (-x, -y + half)], np.float64)
        picture.shape_in(line, (look.accent, look.ink, look.stops[2])[number % 3], 0.8)
        stage.add(picture, _dash(stage, float(stage.rng.uniform(18, 36))))


def _dash(stage: Stage, speed: float) -> Path:
    x, y = float(stage.rng.uniform(-400, 1480)), float(stage.rng.uniform(60, 2050))
    boxes = stage.keep_out

    def at(frame: float) -> Pose:
        along = (x + 500 + speed * frame) % 2080 - 500
        height = y + along * SLOPE
        return Pose(along, height, 1.0, 0.0, min(1.0, outside(along, height, boxes, soft=120)))

    return at


def along(stage: Stage, reach: float) -> Callable[[float], tuple[float, float]]:
    """Return a slow straight drift of a ground, `reach` layout px to either side of its middle."""
    angle, count = float(stage.rng.uniform(0.6, 1.2)) * float(stage.rng.choice([-1, 1])), stage.count
    dx, dy = math.cos(angle) * reach * 0.5, math.sin(angle) * reach
    return lambda frame: (dx * (2 * frame / count - 1), dy * (2 * frame / count - 1))


def hairline(
    stage: Stage, box: Box, *, colour: RGB, width: float = 2.5, opacity: float = 0.9, start: float = 8
) -> None:
    """Draw a thin rectangle that fades in: four sprites, so that its clear middle costs nothing."""
    for left, top, right, bottom in (
        (box.left, box.top, box.right, box.top + width),
        (box.left, box.bottom - width, box.right, box.bottom),
        (box.left, box.top, box.left + width, box.bottom),
        (box.right - width, box.top, box.right, box.bottom),
    ):
        picture = stage.picture(right - left, bottom - top)
        picture.shape_in(quad(-2000, -2000, 2000, 2000), colour, opacity)
        path = enter(hold((left + right) / 2, (top + bottom) / 2), start=start, length=20, fade=1, ease=ease_in_out)
        stage.add(Sprite.of(picture.rgba()), path)
