"""The four scenes of a product that is shown as a photo: cover, print, strips and split."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import cv2
import numpy as np

from badapple.models import Box
from badapple.providers.offline.stage import light
from badapple.providers.offline.stage.backdrop import scenery_of
from badapple.providers.offline.stage.facts import chips, chips_height
from badapple.providers.offline.stage.lettering import ghost_row, headline, readable, subline
from badapple.providers.offline.stage.look import mix
from badapple.providers.offline.stage.mast import TOP, air, along, display, foot, hairline, mast, say, seen, tall
from badapple.providers.offline.stage.motion import Pose, drift, hold
from badapple.providers.offline.stage.openings import split_opening, strip_outline, trim
from badapple.providers.offline.stage.plate import Mount, Photo, Window, mounted
from badapple.providers.offline.stage.scenery import Kind
from badapple.providers.offline.stage.sprites import Sprite
from badapple.providers.offline.stage.staging import MARGIN, Spot, Stage, framed, framing

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from badapple.media.fonts import FontBook
    from badapple.models import SceneOrder
    from badapple.providers.offline.stage.lettering import Words
    from badapple.providers.offline.stage.motion import Path
    from badapple.providers.offline.stage.timeline import Timeline
    from badapple.styles import Style

__all__ = ["film"]

_REACH = 44.0  #: layout px that a full-bleed photo may drift to either side
_FLOOR = 1236.0  #: where prints stand
_STRIPS = 3
_PLAIN = 40.0  #: spread of tones below which a close view shows nothing
_TINY = 300.0  #: layout px; a photo that can be shown no larger hangs in a wide mat


def film(order: SceneOrder, style: Style, book: FontBook) -> Timeline:
    """Set the scene that the order's place in the script calls for."""
    photo = Photo.of(order.product)
    # A photo brings its own ground: the set need not stand apart from the product's colours.
    stage = Stage(replace(order, product=replace(order.product, palette=())), style, book)
    if order.framing in {"wide", "left", "right"}:
        return _whole(stage, photo)
    if order.framing == "close":
        photo, order = photo.near(), replace(order, framing="auto")
    scenes: tuple[Callable[[Stage, Photo], Timeline], ...] = (_cover, _print, _strips, _split)
    return scenes[framing(order)](stage, photo)


def _whole(stage: Stage, photo: Photo) -> Timeline:
    """Stand the whole photo on the set, small or off to one side, whatever the scene does else."""
    scene = stage.order.scene
    kind = (Kind.HERO, Kind.HERO, Kind.FACTS, Kind.CLOSING)[(scene.id - 1) % 4]
    words = _words(stage, size=122, height=260)
    return _play(stage, photo, kind, words, points=scene.points if kind is Kind.FACTS else ())


def _tiny(photo: Photo) -> bool:
    return max(photo.size) * light.MOST < _TINY


def _words(stage: Stage, *, size: float, height: float) -> list[Words | None]:
    scene = stage.order.scene
    flat = 1 if scene.id == 2 and len(scene.headline) <= 24 else 3
    text = scene.headline or (stage.order.product_name if scene.id == 1 else "")
    return [
        headline(stage, text, size=display(stage, size), height=height, lines=flat),
        subline(stage, scene.subline, size=48),
    ]


def _painted(stage: Stage, kind: Kind, spot: Spot) -> NDArray[np.uint8]:
    picture = stage.backdrop()
    scenery_of(stage.style).ground(picture, stage.look, stage.rng, kind=kind, spot=spot)
    return picture.ground(stage.rng)


def _keep_clear(stage: Stage, words: list[Words | None], top: float) -> None:
    if any(words):
        stage.keep_out.append(Box(left=90, top=top - 30, right=990, bottom=top + tall(words) + 30))


def _cover(stage: Stage, photo: Photo) -> Timeline:
    """Let the photo fill the frame and drift slowly; the words stand on the style's own panel above it."""
    words = _words(stage, size=150, height=270)
    edge = TOP + tall(words) + (74 if stage.style.motion.set != "poster" else 108)
    ground = _spread(stage, photo, edge)
    if ground is None:
        return _cover_small(stage, photo, words)
    painted = _painted(stage, Kind.HERO, Spot(540, 1700, 900, 600))
    _keep_clear(stage, words, TOP)
    foot(stage, opacity=0.56)
    air(stage)
    mast(stage, painted, edge=edge)
    if stage.style.motion.set in {"bokeh", "grid"}:
        hairline(stage, Box(left=44, top=44, right=1036, bottom=1876), colour=stage.look.accent, opacity=0.75)
    say(stage, words, top=TOP, shown=seen(stage, ground), manner=scenery_of(stage.style).manner)
    return stage.finish(ground, along(stage, _REACH - 8))


def _spread(stage: Stage, photo: Photo, edge: float) -> NDArray[np.uint8] | None:
    """Return the photo filling the frame below `edge` with a margin, or None where it is too small for that."""
    wide, down = photo.size
    kind = stage.style.motion.set
    # What lies above is behind the panel, or, where there is air above the subject, more of that air.
    first = edge - (150.0 if kind == "poster" else 90.0)
    width, height = 1080 + 2 * _REACH, 1920 + _REACH - first
    scale = max(width / wide, height / down)
    if scale > light.MOST:
        return None
    airy = photo.subject.top * scale > 40 and kind != "poster"
    # The subject starts just under the words where the photo reaches far enough.
    top = edge + (110 if kind in {"bokeh", "horizon", "grid"} else 50) - photo.subject.top * scale
    top = min(edge + 24 if airy else first, max(top, 1920 + _REACH - down * scale))
    start = max(-_REACH, top)
    across = width / scale
    left = min(max(0.0, _middle(photo, across) - across / 2), wide - across)
    part = Box(left=left, top=(start - top) / scale, right=left + across, bottom=(1920 + _REACH - top) / scale)
    margin = round(_REACH * stage.scale / 2) * 2
    size = (stage.canvas.width + 2 * margin, stage.canvas.height + 2 * margin)
    ground = np.empty((size[1], size[0], 3), np.uint8)
    row = round((start + _REACH) / (1920 + 2 * _REACH) * size[1])
    shown = photo.drawn(part, size[0], size[1] - row)
    ground[row:] = shown
    above = cv2.GaussianBlur(shown[:1], (0, 0), 40 * stage.scale, sigmaY=0.1)
    ground[:row] = above
    # The first rows of the photo come out of that blur, so that no line shows where it begins.
    rows = min(round(70 * stage.scale), len(shown)) if row else 0
    share = np.linspace(0, 1, rows, dtype=np.float32)[:, None, None]
    ground[row : row + rows] = shown[:rows] * share + above * (1 - share)
    return ground


def _middle(photo: Photo, across: float) -> float:
    subject = photo.subject
    return (subject.left + subject.right) / 2 if subject.width < across else photo.focus[0]


def _cover_small(stage: Stage, photo: Photo, words: list[Words | None]) -> Timeline:
    """Hang the sharp picture, as large as it bears, before itself far out of focus; a tiny one before the set."""
    if _tiny(photo):
        return _play(stage, photo, Kind.HERO, words)
    margin = round(MARGIN * stage.scale / 2) * 2
    look = stage.look
    tint = look.stops[0] if look.mode == "dark" else look.stops[1]
    size = (stage.canvas.width + 2 * margin, stage.canvas.height + 2 * margin)
    ground = photo.blurred(*size, tint=tint, share=0.45)
    painted = _painted(stage, Kind.HERO, Spot(540, 1700, 900, 600))
    top = TOP + tall(words)
    foot(stage, opacity=0.6)
    mast(stage, painted, edge=top + (74 if stage.style.motion.set != "poster" else 108))
    air(stage)
    card, spot = _card(stage, photo, top=top + 150)
    stage.cutout = card
    scenery_of(stage.style).dress(stage, spot, Kind.FACTS)
    say(stage, words, top=TOP, shown=seen(stage, ground), manner=scenery_of(stage.style).manner)
    return stage.finish(ground, along(stage, MARGIN - 10), product=spot.box)


def _print(stage: Stage, photo: Photo) -> Timeline:
    """Stand the photo as a print on the style's set."""
    words = _words(stage, size=122, height=260)
    if _tiny(photo):
        return _wall(stage, photo, words)
    return _play(stage, photo, Kind.HERO, words)


def _card(
    stage: Stage,
    photo: Photo,
    *,
    top: float,
    widest: float = 800,
    bottom: float = _FLOOR,
    kind: Kind = Kind.HERO,
) -> tuple[NDArray[np.uint8], Spot]:
    """Return the mounted photo, as large as there is room and it bears, and its spot."""
    mount = Mount.of(stage.look, stage.style.motion.set)
    wide, down = photo.size
    shape = min(max(wide / down, 0.86), 1.5)
    tilt = scenery_of(stage.style).tilt(kind, aspect=1.0) * 0.5
    # A leaning print needs a little more room.
    room = (bottom - top) * (0.93 if tilt else 1.0)
    matted = 90.0 if _tiny(photo) else 0.0
    height = min(room - mount.mat - mount.foot - 2 * matted, (widest - 2 * mount.mat - 2 * matted) / shape)
    part = photo.cut(shape, 1)
    height = min(height, part.height * light.MOST)
    if _tiny(photo):
        # The mat makes up for what the picture lacks.
        matted = min(190.0, (room - mount.mat - mount.foot - height) / 2)
    card = mounted(photo, part, mount, width=height * shape, matted=matted, scale=stage.scale)
    spot_width, spot_height = card.shape[1] / stage.scale, card.shape[0] / stage.scale
    spot = Spot(540, 0, spot_width, spot_height, tilt=tilt)
    slack = max(0.0, bottom - top - spot.box.height)
    return card, replace(spot, foot=bottom - slack * 0.4, sky=top - 40)


def _play(
    stage: Stage, photo: Photo, kind: Kind, words: list[Words | None], *, points: tuple[str, ...] = ()
) -> Timeline:
    """Play the print as other films play a product: on the set, dressed by it."""
    scenery = scenery_of(stage.style)
    height = tall(words)
    listed = chips_height(points)
    bottom = _FLOOR - listed - (40 if points else 0)
    card, spot = _card(stage, photo, top=TOP + height + (74 if height else 20), bottom=bottom, kind=kind)
    stage.cutout = card
    top = TOP + max(0.0, spot.box.top - TOP - height - 74) * 0.5 if height else TOP
    spot = framed(stage.order, spot)
    ground = _painted(stage, kind, spot)
    _keep_clear(stage, words, top)
    # A print hides what turns behind it on these two sets, which is dear to draw.
    quiet = {"grid": Kind.FACTS, "confetti": Kind.DETAIL}.get(stage.style.motion.set, kind)
    scenery.behind(stage, spot, quiet if kind is Kind.HERO else kind)
    if kind is Kind.FACTS:
        _ghosts(stage, ground, spot)
    scenery.dress(stage, spot, kind)
    scenery.front(stage, spot, kind)
    say(stage, words, top=top, shown=seen(stage, ground), manner=scenery.manner)
    if points:
        chips(stage, scenery, points, top=spot.foot + 54)
    return stage.finish(ground, along(stage, MARGIN - 10), product=spot.box)


def _wall(stage: Stage, photo: Photo, words: list[Words | None]) -> Timeline:
    """Hang a tiny picture many times, like a sheet of stamps, in rows that pass each other."""
    mount = Mount.of(stage.look, stage.style.motion.set)
    scenery = scenery_of(stage.style)
    painted = _painted(stage, Kind.DETAIL, Spot(540, 1900, 300, 300))
    part = photo.cut(1, 1)
    side = min(180.0, part.width * light.MOST)
    mat = replace(mount, mat=26, foot=26, inner=0.0)
    stamp = Sprite.of(mounted(photo, part, mat, width=side, matted=0, scale=stage.scale))
    stamp.flat()
    step = side + 52 + 44
    pace = 0.5 + 0.9 * stage.style.motion.energy
    for row in range(6):
        y = TOP + tall(words) + 90 + step * (row + 0.5)
        if y > 2000:
            break
        for column in range(7):
            stage.add(stamp, _belt(column * step, y, step * 7, pace * (-1) ** row))
    foot(stage, opacity=0.72)
    mast(stage, painted, edge=TOP + tall(words) + 66)
    air(stage)
    say(stage, words, top=TOP, shown=seen(stage, painted), manner=scenery.manner)
    return stage.finish(painted, along(stage, MARGIN - 10))


def _belt(x: float, y: float, period: float, pace: float) -> Path:
    return lambda frame: Pose((x + pace * frame) % period - (period - 1080) / 2, y)


def _ghosts(stage: Stage, ground: NDArray[np.uint8], spot: Spot) -> None:
    """Run the product's name behind the picture."""
    look, energy, text = stage.look, stage.style.motion.energy, stage.order.product_name
    size = 230.0 if len(text) < 26 else 160.0
    middle = ground[ground.shape[0] // 2 - 8 : ground.shape[0] // 2 + 8, ::16].reshape(-1, 3).mean(axis=0)
    behind = np.full((8, 8, 3), middle.astype(np.uint8), np.uint8)
    colour = mix(readable((look.ink, (255, 255, 255), (18, 16, 14)), behind), look.accent, 0.3)
    row = ghost_row(stage, text, size=size, colour=colour, opacity=0.3, outline=0.012)
    speed = 1.1 + 3.2 * energy
    rows = [y for y in (spot.box.top + size * 0.4, spot.box.top + size * 1.25) if y < 1150]
    for number, y in enumerate([*rows, 1640.0]):
        row.run(stage, y=y, speed=speed * (-1) ** number, shift=260.0 * number)


def _strips(stage: Stage, photo: Photo) -> Timeline:
    """Look at the photo from near through three openings, in which it glides up and down."""
    points = stage.order.scene.points
    words = _words(stage, size=112, height=240)
    height = tall(words)
    first = TOP + height + (72 if height else 20)
    last = 1240 - (chips_height(points) + 46 if points else 0)
    travel, kind = 54.0, stage.style.motion.set
    area = Box(left=60, top=first, right=1020, bottom=last)
    whole = (area.width + 80, area.height + 2 * travel + 70)
    if not photo.fills(*whole) or (points and stage.order.take % 2):
        return _play(stage, photo, Kind.FACTS, words, points=points)
    zoom = min(1.45, light.MOST / max(whole[0] / photo.size[0], whole[1] / photo.size[1]))
    part = photo.cut(*whole, zoom=zoom)
    if photo.detail(part) < _PLAIN:
        part = photo.cut(*whole)
    size = (round(whole[0] * stage.scale), round(whole[1] * stage.scale))
    shown = photo.drawn(part, *size)
    sprite = Sprite.of(np.dstack([shown, np.full(shown.shape[:2], 255, np.uint8)]))
    spot = Spot(540, last, area.width, area.height, sky=first - 30)
    ground = _painted(stage, Kind.FACTS, spot)
    scenery = scenery_of(stage.style)
    _keep_clear(stage, words, TOP)
    _foot_rows(stage, ground)
    air(stage)
    gap = 44 if kind == "slab" else 24
    wide = (area.width - gap * (_STRIPS - 1)) / _STRIPS
    for number in range(_STRIPS):
        left = area.left + number * (wide + gap)
        drop = (0.0, 34.0, 12.0)[number]
        box = Box(left=left, top=first + drop, right=left + wide, bottom=last - (34 - drop))
        way = travel * (-1) ** number
        rest = hold(540, (first + last) / 2 - way)
        _strip(stage, box, sprite, drift(rest, count=stage.count, by=(0, 2 * way)), number=number)
    say(stage, words, top=TOP, shown=seen(stage, ground), manner=scenery.manner)
    if points:
        chips(stage, scenery, points, top=last + 40)
    return stage.finish(ground, along(stage, MARGIN - 10), product=area)


def _strip(stage: Stage, box: Box, sprite: Sprite, path: Path, *, number: int) -> None:
    kind = stage.style.motion.set
    points = strip_outline(kind, box)
    trim(stage, kind, box, points, start=2 + 5 * number)
    outline = Window.shape(box, points, scale=stage.scale)
    sprite.flat()
    stage.layers.append(
        Window(
            sprite,
            path,
            start=2 + 5 * number,
            clip=box,
            outline=outline,
            length=20 * stage.calm,
            edge="top" if number % 2 else "bottom",
        )
    )


def _foot_rows(stage: Stage, ground: NDArray[np.uint8]) -> None:
    look, text = stage.look, stage.order.product_name
    low = ground[-round(300 * stage.scale) :: 4, ::16].reshape(-1, 3).mean(axis=0)
    colour = readable((look.ink, (255, 255, 255), (18, 16, 14)), np.full((8, 8, 3), low.astype(np.uint8), np.uint8))
    size = 180.0 if len(text) < 26 else 140.0
    speed = 1.0 + 3.0 * stage.style.motion.energy
    hollow = ghost_row(stage, text, size=size, colour=colour, opacity=0.34, outline=0.012)
    for number, y in enumerate((1610.0, 1610 + size * 1.06)):
        hollow.run(stage, y=y, speed=speed * (-1) ** number, shift=300.0 * number)


def _split(stage: Stage, photo: Photo) -> Timeline:
    """Open a large window onto the photo above, and let the words close the film below it."""
    words = _words(stage, size=128, height=280)
    height = tall(words)
    low = 1226 - height
    bottom = low - (92 if height else 0)
    kind = stage.style.motion.set
    box, points = split_opening(kind, bottom=min(bottom, 1130.0))
    top = min(low, box.bottom + 92)
    travel = 36.0
    whole = (box.width + 30, box.height + 2 * travel)
    if not photo.fills(*whole):
        return _play(stage, photo, Kind.CLOSING, words)
    part = photo.cut(*whole)
    shown = photo.drawn(part, round(whole[0] * stage.scale), round(whole[1] * stage.scale))
    sprite = Sprite.of(np.dstack([shown, np.full(shown.shape[:2], 255, np.uint8)]))
    sprite.flat()
    ground = _painted(stage, Kind.CLOSING, Spot(540, 1330, 860, 900, sky=200))
    _keep_clear(stage, words, top)
    air(stage)
    trim(stage, kind, box, points, start=0)
    rest = hold((box.left + box.right) / 2, (box.top + box.bottom) / 2 - travel)
    stage.layers.append(
        Window(
            sprite,
            drift(rest, count=stage.count, by=(0, 2 * travel)),
            start=0,
            clip=box,
            outline=Window.shape(box, points, scale=stage.scale),
            length=22 * stage.calm,
            edge={"poster": "left", "slab": "right"}.get(kind, "bottom"),
        )
    )
    say(stage, words, top=top, shown=seen(stage, ground), manner=scenery_of(stage.style).manner)
    return stage.finish(ground, along(stage, MARGIN - 10), product=box)
