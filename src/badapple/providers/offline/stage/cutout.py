"""The four scenes of a product that stands free of its background."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from badapple.models import CAPTION_BAND, SAFE_ZONE, Box
from badapple.providers.offline.stage import light
from badapple.providers.offline.stage.backdrop import scenery_of
from badapple.providers.offline.stage.facts import chips, chips_height
from badapple.providers.offline.stage.lettering import ghost_row, headline, place, readable, subline
from badapple.providers.offline.stage.look import contrast, mix
from badapple.providers.offline.stage.motion import drift, ease_in_out, enter, hold
from badapple.providers.offline.stage.paint import quad
from badapple.providers.offline.stage.scenery import Dress, Kind, shadowed
from badapple.providers.offline.stage.staging import LEDGE, MARGIN, Spot, Stage, framed, framing, stand

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from badapple.media.fonts import FontBook
    from badapple.models import SceneOrder
    from badapple.providers.offline.stage.lettering import Words
    from badapple.providers.offline.stage.look import RGB
    from badapple.providers.offline.stage.scenery import Scenery
    from badapple.providers.offline.stage.timeline import Timeline
    from badapple.styles import Style

__all__ = ["film"]

_TOP = SAFE_ZONE.top + 14
_LEAD = 40.0  #: layout px between a headline and the line under it
_FOOT = 1236.0  #: where products stand when there is room
_BESIDE = 560.0  #: layout px where a product begins that is seen from near beside its facts


def film(order: SceneOrder, style: Style, book: FontBook) -> Timeline:
    """Set the scene that the order's place in the script calls for."""
    if order.product.cutout is None:
        raise ValueError("this product has no cut-out")
    stage = Stage(order, style, book, light.load(order.product.cutout))
    scenes: tuple[Callable[[Stage], Timeline], ...] = (_hero, _detail, _facts, _closing)
    return scenes[framing(order)](stage)


def _hero(stage: Stage) -> Timeline:
    wide = stage.source[0] / stage.source[1] > 1.5
    title = headline(
        stage,
        stage.order.scene.headline or stage.order.product_name,
        size=_display(stage, 156),
        height=400 if wide else 215,
    )
    words = [title, subline(stage, stage.order.scene.subline)]
    spot, top = _cluster(stage, words, Kind.HERO, tallest=780)
    return _play(stage, spot, Kind.HERO, words, top)


def _closing(stage: Stage) -> Timeline:
    words = [
        headline(stage, stage.order.scene.headline, size=_display(stage, 136), height=300),
        subline(stage, stage.order.scene.subline),
    ]
    spot, top = _cluster(stage, words, Kind.CLOSING, widest=760, tallest=640, foot=1150)
    return _play(stage, spot, Kind.CLOSING, words, top)


def _facts(stage: Stage) -> Timeline:
    scene = stage.order.scene
    words = [
        headline(stage, scene.headline, size=_display(stage, 112), height=230),
        subline(stage, scene.subline, size=44),
    ]
    how, slim = stage.order.framing, stage.source[0] / stage.source[1] < 0.68
    aside = how in {"left", "right"} or (how == "auto" and stage.order.take % 2 == 0)
    if scene.points and (how == "close" or (slim and aside)):
        return _beside(stage, words)
    tall = chips_height(scene.points)
    spot, top = _cluster(
        stage, words, Kind.FACTS, widest=840, tallest=700 - tall * 0.6, foot=(1236 if not scene.points else 1190) - tall
    )
    return _play(stage, spot, Kind.FACTS, words, top, points=scene.points)


def _beside(stage: Stage, words: list[Words | None]) -> Timeline:
    """Stand a tall product on the right, or the left, and list the facts beside it; from near, it leaves the frame."""
    top = _TOP + 10
    under = top + _height(words) + 84
    near = stage.order.framing == "close"
    widest, tallest = (1000.0, 1000.0) if near else (360.0, 860.0)
    spot = stand(stage.source, top=under, foot=1252, widest=widest, tallest=tallest, tilt=_tilt(stage, Kind.FACTS))
    x = SAFE_ZONE.right - 190.0
    if near:
        x = max(_BESIDE + spot.box.width / 2, SAFE_ZONE.right - spot.box.width / 2)
    elif stage.order.framing == "left":
        x = SAFE_ZONE.left + 190.0
    spot = replace(spot, x=x, sky=under - 62)
    return _play(stage, spot, Kind.FACTS, words, top, points=stage.order.scene.points, beside=True)


def _cluster(
    stage: Stage,
    words: list[Words | None],
    kind: Kind,
    *,
    widest: float = 910,
    tallest: float = 720,
    foot: float = _FOOT,
) -> tuple[Spot, float]:
    """Return the product's spot and the top of the words: one group, with no hole between them."""
    height = _height(words)
    spot = stand(
        stage.source,
        top=_TOP + height + (64 if height else 0),
        foot=foot,
        widest=widest,
        tallest=tallest,
        tilt=_tilt(stage, kind),
    )
    spot = framed(stage.order, spot)
    tall = spot.box.height
    slack = foot - tall - height - _TOP
    # Room that is left goes above the words, between, and (less) under the product.
    raised = min(104.0, max(0.0, slack - 90) * 0.3)
    gap = min(104.0, 64 + max(0.0, slack - 90) * 0.16)
    top = max(_TOP, foot - raised - tall - gap - height)
    return replace(spot, foot=foot - raised, sky=top + height + 22), top


def _tilt(stage: Stage, kind: Kind) -> float:
    return scenery_of(stage.style).tilt(kind, aspect=stage.source[0] / stage.source[1])


def _display(stage: Stage, size: float) -> float:
    """Return the largest size of display type: capitals are set larger, they are what such a picture is made of."""
    return size * 1.4 if stage.style.type.case == "upper" else size


def _height(words: list[Words | None]) -> float:
    heights = [item.setting.height for item in words if item is not None]
    return sum(heights) + _LEAD * max(0, len(heights) - 1)


def _play(
    stage: Stage,
    spot: Spot,
    kind: Kind,
    words: list[Words | None],
    top: float,
    *,
    points: tuple[str, ...] = (),
    beside: bool = False,
) -> Timeline:
    scenery = scenery_of(stage.style)
    ground = _ground(stage, scenery, kind, spot)
    _keep(stage, words, top)
    scenery.behind(stage, spot, kind)
    if kind is Kind.FACTS:
        _ghosts(stage, scenery, spot, ground)
    scenery.dress(stage, spot, kind)
    scenery.front(stage, spot, kind)
    _speak(stage, words, scenery, top=top, ground=ground)
    if points and beside:
        upper, left, right = spot.y - chips_height(points) / 2, SAFE_ZONE.left, spot.box.left - 40
        if stage.order.framing == "left":
            left, right = spot.box.right + 40, SAFE_ZONE.right
        chips(stage, scenery, points, top=upper, left=left, width=right - left)
    elif points:
        chips(stage, scenery, points, top=spot.foot + 62)
    return _finish(stage, ground, spot.box)


def _tops(words: list[Words | None], top: float) -> list[tuple[int, Words, float]]:
    """Return the number of each line that there is, the line, and its top, layout px."""
    found = []
    for number, item in enumerate(words):
        if item is not None:
            found.append((number, item, top))
            top += item.setting.height + _LEAD
    return found


def _keep(stage: Stage, words: list[Words | None], top: float) -> None:
    """Keep small things off the words that are to stand there."""
    for _, item, upper in _tops(words, top):
        left = SAFE_ZONE.left if item.align == "left" else 540 - item.setting.width / 2
        right, bottom = left + item.setting.width, upper + item.setting.height
        stage.keep_out.append(Box(left=left - 34, top=upper - 30, right=right + 34, bottom=bottom + 30))


def _speak(stage: Stage, words: list[Words | None], scenery: Scenery, *, top: float, ground: NDArray[np.uint8]) -> None:
    """Bring the lines in, one after the other: the first in the set's manner, what follows quietly."""
    for number, item, upper in _tops(words, top):
        manner, start = scenery.manner if number == 0 else "rise", 6 + 7 * number
        _say(stage, item, top=upper, ground=ground, start=start, manner=manner, quiet=number > 0)


def _say(
    stage: Stage, words: Words, *, top: float, ground: NDArray[np.uint8], start: float, manner: str, quiet: bool
) -> None:
    """Bring words in, in the first of the style's colours that reads on what is behind them."""
    look = stage.look
    margin, height, width = round(MARGIN * stage.scale), ground.shape[0], ground.shape[1]
    left = SAFE_ZONE.left if words.align == "left" else 540 - words.setting.width / 2
    rows = slice(
        max(0, round(top * stage.scale) + margin),
        min(height, round((top + words.setting.height) * stage.scale) + margin + 1),
    )
    columns = slice(
        max(0, round(left * stage.scale) + margin),
        min(width, round((left + words.setting.width) * stage.scale) + margin + 1),
    )
    choices = ((look.muted,) if quiet else ()) + (look.ink, (255, 255, 255), (18, 16, 14))
    place(
        stage,
        words,
        top=top,
        start=start,
        manner=manner,
        colour=readable(choices, np.ascontiguousarray(ground[rows, columns]), least=4.5 if quiet else 3.0),
    )


def _ground(stage: Stage, scenery: Scenery, kind: Kind, spot: Spot) -> NDArray[np.uint8]:
    picture = stage.backdrop()
    scenery.ground(picture, stage.look, stage.rng, kind=kind, spot=spot)
    return picture.ground(stage.rng)


def _finish(stage: Stage, ground: NDArray[np.uint8], product: Box) -> Timeline:
    reach = (0.7 + 0.28 * stage.style.motion.energy) * MARGIN
    angle = float(stage.rng.uniform(0, 2 * math.pi))
    dx, dy, count = math.cos(angle) * reach * 0.9, math.sin(angle) * reach * 0.5, stage.count
    return stage.finish(
        ground, lambda frame: (dx * (2 * frame / count - 1), dy * (2 * frame / count - 1)), product=product
    )


def _ghosts(stage: Stage, scenery: Scenery, spot: Spot, ground: NDArray[np.uint8]) -> None:
    """Run the product's name behind it, in rows that pass each other."""
    text = stage.order.product_name
    energy = stage.style.motion.energy
    tilt = 0.0 if energy < 0.4 else -7.0
    size = 250 if len(text) < 26 else 170
    middle = ground[ground.shape[0] // 2 - 8 : ground.shape[0] // 2 + 8, ::16].reshape(-1, 3).mean(axis=0)
    behind: RGB = (int(middle[0]), int(middle[1]), int(middle[2]))
    choices = (stage.look.ink, (255, 255, 255), (18, 16, 14))
    colour = readable(choices, np.full((8, 8, 3), behind, np.uint8))
    speed = 1.1 + 3.2 * energy
    tint = mix(colour, stage.look.accent, 0.3)
    hollow = ghost_row(stage, text, size=size, colour=tint, opacity=0.36, outline=0.012, tilt=tilt)
    filled = ghost_row(stage, text, size=size, colour=tint, opacity=0.13, outline=0.0, tilt=tilt)
    # The rows pass behind the product and go on under the captions, whose band stays clear.
    first = max(spot.y - size * 0.68 + 10, spot.sky + size * (0.42 if tilt == 0 else 0.6))
    rows = [y for y in (first, first + size * 0.82, first + size * 1.64) if y < CAPTION_BAND.top - size * 0.6]
    for number, y in enumerate(rows + ([1640.0, 1640 + size * 0.84] if scenery.open_foot else [])):
        (filled if number % 2 else hollow).run(stage, y=y, speed=speed * (-1) ** number, shift=260.0 * number)


def _detail(stage: Stage) -> Timeline:
    """Glide past the product from near: a tall one rises from behind the set's ledge, a wide one stands on it."""
    scene = stage.order.scene
    words = [
        headline(stage, scene.headline, size=_display(stage, 122), height=340, align="left"),
        subline(stage, scene.subline, size=46, align="left"),
    ]
    top = _TOP + 40
    near = _near(stage, top + _height(words) + 56)
    scenery = scenery_of(stage.style)
    ground = _ground(stage, scenery, Kind.DETAIL, near.spot)
    _keep(stage, words, top)
    scenery.behind(stage, near.spot, Kind.DETAIL)
    if near.stands:
        scenery.ledge(stage)
    _close_up(stage, near)
    if not near.stands:
        scenery.ledge(stage)
    scenery.front(stage, near.spot, Kind.DETAIL)
    _rule(stage, top - 42, ground)
    _speak(stage, words, scenery, top=top, ground=ground)
    return _finish(stage, ground, near.seen)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Near:
    """A close-up.

    Attributes:
        spot: where it begins.
        by: layout px it travels.
        push: share it grows.
        stands: on the ledge; otherwise the ledge hides its lower end.
    """

    spot: Spot
    by: tuple[float, float]
    push: float
    stands: bool

    @property
    def seen(self) -> Box:
        """What is seen of it over the whole scene."""
        box = self.spot.box
        return replace(box, top=box.top + min(0.0, self.by[1]), bottom=min(box.bottom, LEDGE))


def _near(stage: Stage, under: float) -> _Near:
    """Return a close-up that stays below `under` and above the ledge's edge all the time."""
    width, height = stage.source
    side, push = float(stage.rng.choice([-1, 1])), 0.04
    most, room = light.MOST / (1 + push), (LEDGE - 6 - under) / (1 + push)
    big = min(most, 1180 / width, max(1060 / width, 1320 / height), 1600 / height)
    big = min(big, room / 0.6 / height)  # most of it is seen, not only its cap
    if width / height > 1.25 or height * big < room * 1.4:
        scale = min(most, 2300 / width, room / height)
        long = width * scale
        travel = max(50.0, (long - 860) * 0.42) * side
        return _Near(
            spot=Spot(540 - travel / 2, LEDGE - 6, long, height * scale), by=(travel, 0), push=push, stands=True
        )
    long = height * big
    rise = min(130.0, (long - room) * 0.3)
    x = 540 + side * min(110.0, 40 + max(0.0, width * big - 1080))
    return _Near(spot=Spot(x, under + rise + long, width * big, long), by=(-side * 60, -rise), push=push, stands=False)


def _close_up(stage: Stage, near: _Near) -> None:
    look, spot, dark = stage.look, near.spot, stage.look.mode == "dark"
    rim = mix(look.accent, (255, 255, 255), 0.4)
    rgba = light.graded(stage.product(spot), rim=rim, strength=0.5 * look.glow if dark else 0.0)
    anchor = (0.5, 1.0 if near.stands else 0.0)
    path = drift(
        hold(spot.x, spot.foot if near.stands else spot.box.top), count=stage.count, by=near.by, push=near.push
    )
    # What stands comes along the ledge, what sinks comes up from behind it: neither ever reaches the captions.
    offset = (-math.copysign(180, near.by[0]), 0) if near.stands else (0, 130)
    path = enter(path, start=0, length=26 * stage.calm, offset=offset, fade=0.35)
    if near.stands:
        if dark:
            mirror = light.reflection(rgba, opacity=0.24, reach=0.2, soft=max(0.6, 4 * stage.scale))
            stage.add(mirror, path, anchor=(0.5, 0.0), slides=False)
        ink = (0, 0, 0) if dark else mix(look.stops[0], (0, 0, 0), 0.72)
        shade, foot = light.floor_shadow(rgba, colour=ink, opacity=0.7)
        stage.add(shade, path, anchor=foot, slides=False)
    elif not dark:
        how = Dress(wall=mix(look.stops[0], (0, 0, 0), 0.6), wall_opacity=0.3, wall_offset=(0, 30), wall_soft=34)
        rgba, anchor = shadowed(rgba, how, anchor, scale=stage.scale)
    stage.add(rgba, path, anchor=anchor, slides=False)


def _rule(stage: Stage, y: float, ground: NDArray[np.uint8]) -> None:
    """Draw a short accent line over the headline; it grows from the left."""
    row, column = round((y + MARGIN) * stage.scale), round((SAFE_ZONE.left + 60 + MARGIN) * stage.scale)
    red, green, blue = ground[row, column].tolist()
    seen = contrast(stage.look.accent, (red, green, blue)) > 1.7
    long, thick = 120, 6 if stage.style.motion.energy < 0.6 else 14
    picture = stage.picture(long, thick)
    picture.shape_in(quad(-long, -thick, long, thick), stage.look.accent if seen else stage.look.ink)
    clip = Box(left=SAFE_ZONE.left, top=y - thick, right=SAFE_ZONE.left + long + 2, bottom=y + thick + 2)
    stage.add(
        picture,
        enter(hold(SAFE_ZONE.left, y), start=4, length=18, offset=(-long, 0), fade=0, ease=ease_in_out),
        anchor=(0, 0.5),
        clip=clip,
    )
