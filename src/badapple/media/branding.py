"""A style in a brand's colours and letters, and how well its words can be read.

A kit's colours take the place of the style's. One with which words could not be read is corrected where it is drawn,
never in the kit: `contrasts` says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from badapple import styles
from badapple.media.colour import BLACK, ENOUGH, WHITE, contrast, luminance, mix, readable, rgb

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from badapple.media.colour import RGB
    from badapple.models import Brand
    from badapple.styles import Palette, Style

__all__ = ["FONTS", "Pair", "branded", "button_words", "contrasts", "dressed"]

#: Families that come with badapple, by slug -> as people write them.
FONTS = {
    "anton": "Anton", "archivo": "Archivo", "cormorant-garamond": "Cormorant Garamond", "dm-sans": "DM Sans",
    "fredoka": "Fredoka", "inter": "Inter", "manrope": "Manrope", "montserrat": "Montserrat",
    "noto-sans": "Noto Sans", "nunito": "Nunito", "playfair-display": "Playfair Display", "rubik": "Rubik",
    "space-grotesk": "Space Grotesk", "unbounded": "Unbounded",
}  # fmt: skip
SEEN = 1.25  #: contrast that a button needs with what it stands on, so that its edge is seen
_APART = 1.6  #: contrast that a button gets which has less
_DARK, _LIGHT = 0.12, 0.45  #: relative luminance below and above which a ground is dark or light
_QUIET = 0.25  #: share of the ground in quieter words


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two colours that are drawn on each other.

    Attributes:
        pair: what they are, e.g. `ink on ground`.
        front: the kit's colour in front, `#rrggbb`.
        back: the colour behind it.
        ratio: WCAG 2 contrast, 1-21, to two places.
        least: what it has to be.
        good: whether it is.
        drawn: the colour in front that is drawn: another one where it is not good.
        style: the style whose colour stands in for one that the kit leaves open, or empty.
    """

    pair: str
    front: str
    back: str
    ratio: float
    least: float
    good: bool
    drawn: str
    style: str = ""


def dressed(name: str, look: Mapping[str, str] | None, folders: tuple[Path, ...] = ()) -> Style:
    """Return a style by its name, in a brand's look where there is one.

    Raises:
        UnknownStyleError: there is no such style.
        ConfigError: its file does not describe one.
    """
    style = styles.load(name, folders)
    return branded(style, look) if look else style


def branded(style: Style, look: Mapping[str, str]) -> Style:
    """Return the style with a brand's `look` (see `models.Brand.look`) in the place of its own.

    A ground brings its own lightness: a dark style on a white ground becomes a light one. Words that could not be read
    on it are drawn in the style's ink, or else in black or white.
    """
    update = {"palette": _palette(style.palette, look, kind=style.motion.set)}
    if look.get("font"):
        kind = style.type
        update["type"] = kind.model_copy(update={"display": look["font"]})  # type: ignore[assignment]
    return style.model_copy(update=update)


def button_words(accent: RGB, ink: str | None = None) -> RGB:
    """Return the colour of a button's words on an accent: the kit's ink where it can be read there, or black or white.

    White goes first where the kit has no ink, as on most buttons.
    """
    return readable(rgb(ink) if ink is not None else WHITE, accent)


def contrasts(kit: Brand, looks: Iterable[Style]) -> tuple[Pair, ...]:
    """Return how well a kit's colours can be told from what they are drawn on.

    A colour that the kit leaves open is the style's: of all the styles, the worst is told.
    """
    looks, pairs = tuple(looks), []
    if kit.ink or kit.ground:
        pairs.append(min((_words(kit, style) for style in looks), key=lambda pair: pair.ratio))
    if kit.accent:
        words = button_words(rgb(kit.accent), kit.ink)
        front = kit.ink or _hex(words)
        pairs.append(_pair("button words on accent", front, kit.accent, least=ENOUGH, drawn=_hex(words)))
        pairs.append(min((_button(kit, style) for style in looks), key=lambda pair: pair.ratio))
    return tuple(pairs)


def _words(kit: Brand, style: Style) -> Pair:
    shown = branded(style, kit.light).palette
    lent = "" if kit.ink and kit.ground else style.name
    front, back = kit.ink or style.palette.ink, shown.background[1]
    return _pair("ink on ground", front, back, least=ENOUGH, drawn=shown.ink, style=lent)


def _button(kit: Brand, style: Style) -> Pair:
    shown = branded(style, kit.light).palette
    lent = "" if kit.ground else style.name
    return _pair("button on ground", kit.accent or "", shown.background[1], least=SEEN, drawn=shown.accent, style=lent)


def _pair(pair: str, front: str, back: str, *, least: float, drawn: str, style: str = "") -> Pair:
    ratio = contrast(rgb(front), rgb(back))
    return Pair(
        pair=pair, front=front, back=back, ratio=round(ratio, 2), least=least, good=ratio >= least,
        drawn=front if ratio >= least else drawn, style=style,
    )  # fmt: skip


def _palette(own: Palette, look: Mapping[str, str], *, kind: str) -> Palette:
    stops, mode, follow = tuple(rgb(stop) for stop in own.background), own.mode, own.follow
    accent = rgb(look.get("accent", own.accent))
    if "ground" in look:
        ground = rgb(look["ground"])
        mode, follow, accent = _mode(own, ground), 0.0, _apart(accent, ground)
        stops = _stops(ground, mode, accent=accent, kind=kind)
    elif "accent" in look:
        accent = _apart(accent, stops[1])
    ink, muted = rgb(own.ink), rgb(own.muted)
    if look.keys() & {"ink", "ground"}:
        wanted = (rgb(look.get("ink", own.ink)), ink, BLACK, WHITE)
        ink = next((one for one in wanted if contrast(one, stops[1]) >= ENOUGH), None) or readable(ink, stops[1])
        quiet = mix(ink, stops[1], _QUIET)
        muted = quiet if contrast(quiet, stops[1]) >= ENOUGH else ink
    return own.model_copy(
        update={
            "mode": mode, "background": tuple(_hex(stop) for stop in stops), "ink": _hex(ink), "muted": _hex(muted),
            "accent": _hex(accent), "follow": follow,
        }
    )  # fmt: skip


def _mode(own: Palette, ground: RGB) -> Literal["dark", "light", "vivid"]:
    light = luminance(ground)
    if light < _DARK:
        return "dark"
    if light > _LIGHT:
        return "light"
    return "vivid" if own.mode == "vivid" else "dark" if contrast(WHITE, ground) >= ENOUGH else "light"


def _stops(ground: RGB, mode: str, *, accent: RGB, kind: str) -> tuple[RGB, RGB, RGB]:
    """Return three stops as the style's set (`kind`) orders them, around the ground: the scenes' light and shade."""
    if kind == "slab":  # flat blocks: black or white, the ground, a second colour
        block = max((BLACK, WHITE), key=lambda end: contrast(end, ground))
        return block, ground, accent if contrast(accent, block) >= SEEN else mix(ground, block, 0.25)
    if kind == "confetti":  # three pastels
        return mix(ground, accent, 0.2), ground, mix(ground, BLACK if mode == "light" else WHITE, 0.08)
    if mode == "light":
        return mix(ground, BLACK, 0.1), ground, mix(ground, WHITE, 0.6)
    if mode == "dark":
        return mix(ground, (0, 0, 0), 0.5), ground, mix(ground, accent, 0.14)
    return mix(ground, (0, 0, 0), 0.3), ground, mix(ground, WHITE, 0.25)


def _apart(colour: RGB, ground: RGB) -> RGB:
    """Return the colour, darker or lighter as far as it takes to be seen on the ground."""
    if contrast(colour, ground) >= SEEN:
        return colour
    target = max((BLACK, WHITE), key=lambda end: contrast(end, ground))
    return next(
        (one for step in range(1, 20) if contrast(one := mix(colour, target, step / 20), ground) >= _APART), target
    )


def _hex(colour: RGB) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour)
