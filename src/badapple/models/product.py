"""What was asked for, what the picture shows."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


class Family(StrEnum):
    """How the scenes are staged, by what the photo allows."""

    CUTOUT = "cutout"  #: the product stands free of its background
    PHOTO = "photo"  #: the photo is shown whole, as a framed or full-bleed picture
    TYPE = "type"  #: no usable picture: words carry the film


@dataclass(frozen=True, slots=True, kw_only=True)
class Brief:
    """What the user asked for.

    Attributes:
        product_name: 1 to 100 characters.
        style: name of a style.
        cta_text: used word for word; empty asks the script writer for one.
        photo: the product photo, or None.
        facts: claims that the user vouches for; no other claim may appear.
        language: BCP 47 code of the spoken language.
        seed: picks among equally good words, moves and notes.
        say: how the product name is pronounced, or None.
        forbidden: words that the script must not use.
    """

    product_name: str
    style: str
    cta_text: str
    photo: Path | None = None
    facts: tuple[str, ...] = ()
    language: str = "en"
    seed: int = 0
    say: str | None = None
    forbidden: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Swatch:
    """A colour of the product: sRGB bytes and the share of product pixels near it (0-1)."""

    rgb: tuple[int, int, int]
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """What is known of the product picture; the files lie beside it under fixed names.

    Attributes:
        family: how scenes may be staged.
        photo: `photo.png`, RGB or RGBA, upright, re-encoded, longest side <= 2160 px; None without a picture.
        cutout: `cutout.png`, RGBA, cropped to the product; None unless family is CUTOUT.
        size: px of `photo.png`.
        subject: box of the product in `photo.png`, px (the whole picture where unknown).
        focus: point of interest in `photo.png`, fractions of width and height.
        palette: product colours, largest share first; may be empty.
        accent: the liveliest product colour, or None.
        category: `drink`, `shoe`, `apparel`, ... or `default`, from the words of the name.
        confidence: 0-1, of the cut-out.
        source_size: px of the picture as it was handed in, upright.
        reason: why the family was chosen, in words.
    """

    family: Family
    photo: Path | None
    cutout: Path | None
    size: tuple[int, int]
    subject: tuple[int, int, int, int]
    focus: tuple[float, float]
    palette: tuple[Swatch, ...]
    accent: tuple[int, int, int] | None
    category: str
    confidence: float
    source_size: tuple[int, int]
    reason: str
