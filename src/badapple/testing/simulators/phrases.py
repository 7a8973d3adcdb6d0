"""The words that the copywriter knows."""

from __future__ import annotations

import colorsys
from collections import Counter
from typing import TYPE_CHECKING

from PIL.Image import Resampling

if TYPE_CHECKING:
    from collections.abc import Iterator

    from PIL.Image import Image

__all__ = ["FACES", "PLAIN", "SPOKEN", "UNDER", "colour_names"]

_CALM = (
    (
        "Some things do not need to raise their voice to be noticed.",
        "Some things need no introduction.",
        "Look closer.",
    ),
    (
        "This is {name}, and every line of it is there for a reason.",
        "This is {name}, made with care.",
        "This is {name}.",
    ),
    ("Take a moment, and let the details speak for themselves.", "Let the details speak.", "See the details."),
    ("Quiet, considered, and at home wherever you put it.", "At home wherever you put it.", "Simply at home."),
)
_LIVELY = (
    ("Hey, got half a minute? You will want to see this one.", "You will want to see this.", "Look at this!"),
    ("Say hello to {name}, ready whenever you are.", "Say hello to {name}!", "It is {name}!"),
    (
        "Turn it, tilt it, take it along: it looks good from everywhere.",
        "It looks good from everywhere.",
        "Take it along.",
    ),
    ("More colour, more fun, and a good reason to smile today.", "A good reason to smile today.", "Smile!"),
)
_FIRM = (
    ("You know what you want, so why look at anything less?", "You know what you want.", "Look here."),
    ("Meet {name}: clear lines, a clear purpose, nothing in the way.", "Meet {name}: clear lines.", "Meet {name}."),
    ("Look at it from any side, and it holds its own.", "It holds its own.", "Any side."),
    ("Built to be used, and made to be seen every single day.", "Made to be seen every day.", "Made to be seen."),
)

#: Spoken lines by style: four scenes, each long, shorter and shortest.
SPOKEN: dict[str, tuple[tuple[str, ...], ...]] = {
    "luxury": _CALM,
    "minimal": _CALM,
    "natural": _CALM,
    "energetic": _LIVELY,
    "playful": _LIVELY,
    "bold": _FIRM,
    "tech": _FIRM,
    "corporate": _FIRM,
}

#: Words on the screen: four scenes, each longer and shorter.
FACES: tuple[tuple[str, ...], ...] = (
    ("Take a closer look", "Look closer"),
    ("Made with care", "With care"),
    ("See every detail", "Every detail"),
    ("Right at home", "At home"),
)

#: The quieter line below: four scenes.
UNDER: tuple[str, ...] = ("{name}", "For the small moments", "Turn it any way you like", "Made for every day")

#: What stands in other fields, by a part of their name.
PLAIN: dict[str, str] = {
    "categ": "everyday product",
    "setting": "a quiet table by a window",
    "shape": "a simple outline",
    "materi": "smooth surface",
    "change": "shape, label, proportions and colours",
    "keep": "shape, label, proportions and colours",
    "camera": "slow push in",
    "motion": "slow push in",
    "shot": "close view",
    "light": "soft daylight",
    "mood": "calm",
    "lang": "en",
}

_HUES = ("red", "orange", "yellow", "green", "teal", "blue", "violet", "pink")


def colour_names(picture: Image, *, most: int = 3) -> list[str]:
    """Name the colours of a picture's middle, the commonest first."""
    width, height = picture.size
    middle = picture.convert("RGB").crop((width // 4, height // 4, width - width // 4, height - height // 4))
    names = Counter(_colour_name(*pixel) for pixel in _pixels(middle))
    return [name for name, _ in names.most_common(most)]


def _pixels(picture: Image) -> Iterator[tuple[int, int, int]]:
    data = picture.resize((12, 12), Resampling.NEAREST).tobytes()
    return ((data[at], data[at + 1], data[at + 2]) for at in range(0, len(data), 3))


def _colour_name(red: int, green: int, blue: int) -> str:
    hue, light, strength = colorsys.rgb_to_hls(red / 255, green / 255, blue / 255)
    if strength < 0.15 or light < 0.12 or light > 0.9:
        return "black" if light < 0.25 else "white" if light > 0.8 else "grey"
    return _HUES[round(hue * len(_HUES)) % len(_HUES)]
