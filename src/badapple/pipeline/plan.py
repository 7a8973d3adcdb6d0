"""The plan of one video: what was asked for, what the picture shows, what will be said and when."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from badapple.models import Asset, Brief, MakeOptions, Maker, Product, Script
    from badapple.styles import Style

__all__ = ["Plan", "fingerprint", "signature"]


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
    """

    brief: Brief
    options: MakeOptions
    style: Style
    product: Product
    product_asset: Asset
    script: Script


def signature(maker: Maker) -> str:
    """Return the maker as it enters the keys of what it makes."""
    return f"{maker.name}:{maker.model}"


def fingerprint(style: Style) -> str:
    """Return a hash of the look, so that an edited style file makes its films anew."""
    return hashlib.sha256(style.model_dump_json().encode()).hexdigest()[:16]
