"""The plan of one video: what was asked for, what the picture shows, what will be said and when."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from badapple.models import Asset, AssetRequest, Brief, MakeOptions, Product, Script
    from badapple.styles import Style

__all__ = ["Plan", "Shot", "StoodIn", "branded", "fingerprint"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Everything that the assets are ordered from.

    Attributes:
        brief: what was asked for.
        options: how the video is made.
        style: the look.
        product: what is known of the picture.
        product_asset: the analysed picture.
        script: scenes, words, times.
        logo: digest of the brand's logo, or None.
    """

    brief: Brief
    options: MakeOptions
    style: Style
    product: Product
    product_asset: Asset
    script: Script
    logo: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    """What one scene is shown from, as JSON values that describe it completely.

    Attributes:
        source: what its segments are made of: a scene to be drawn, or footage.
        footage: the order for the footage, or None where the scene is drawn.
        otherwise: a scene to be drawn where the footage cannot be had, or None.
    """

    source: dict[str, Any]
    footage: AssetRequest | None = None
    otherwise: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoodIn:
    """A part that another maker made than was wanted.

    Attributes:
        part: which.
        wanted: signature of the maker that failed.
        because: why, for people.
    """

    part: str
    wanted: str
    because: str


def fingerprint(style: Style) -> str:
    """Return a hash of the look, so that an edited style file makes its films anew."""
    return hashlib.sha256(style.model_dump_json().encode()).hexdigest()[:16]


def branded(options: MakeOptions, *, words: bool = True) -> dict[str, Any]:
    """Return what a part that shows a brand's look is ordered with; nothing where there is none.

    Args:
        options: with the brand kit.
        words: whether the part shows large words, whose font the kit may choose.
    """
    kit = options.brand
    look = {} if kit is None else kit.look if words else kit.light
    return {"brand": look} if look else {}
