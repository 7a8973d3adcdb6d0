"""Values read back from assets and requests."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from badapple import product as products
from badapple.media import sound
from badapple.models import Box, Scene, TextBox

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from badapple.models import Asset, AssetRequest, Product

__all__ = ["placements_of", "product_of", "scene_of", "shifted", "text_box_of"]


def product_of(asset: Asset, *, category: str) -> Product:
    """Return the analysed picture; its category comes from the product's name, which the picture does not know."""
    found = products.from_facts(asset.facts, Path())
    return replace(found, category=category, photo=asset.files.get("photo.png"), cutout=asset.files.get("cutout.png"))


def scene_of(body: Mapping[str, Any]) -> Scene:
    """Return the scene that `dataclasses.asdict` wrote."""
    return Scene(**{**body, "points": tuple(body["points"])})


def text_box_of(body: Mapping[str, Any]) -> TextBox:
    """Return the box that `dataclasses.asdict` wrote."""
    return TextBox(**{**body, "box": Box(**body["box"])})


def shifted(box: TextBox, frames: int) -> TextBox:
    """Return the same box some frames later."""
    return replace(box, start=box.start + frames, end=box.end + frames)


def placements_of(request: AssetRequest, inputs: Mapping[str, Asset]) -> list[sound.Placement]:
    """Return where each utterance of the request lies, with the voice files at hand."""
    places: Iterable[Mapping[str, Any]] = request.params["placements"]
    return [
        sound.Placement(**{**place, "voice": inputs[place["voice"]].files["voice"]})  # start, end and at as they are
        for place in places
    ]
