"""Values read back from assets and requests."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from badapple import product as products
from badapple.media import sound
from badapple.models import Box, Brief, Canvas, CardOrder, Scene, SceneOffer, SceneOrder, TextBox, VoiceOrder

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from badapple.models import Asset, AssetRequest, Product

__all__ = [
    "brief_of",
    "card_order",
    "offer_of",
    "placements_of",
    "product_of",
    "scene_of",
    "scene_order",
    "shifted",
    "text_box_of",
    "voice_order",
]


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


def brief_of(what: Mapping[str, Any]) -> Brief:
    """Return what the user asked for, from the params of a script's request."""
    names = ("product_name", "style", "cta_text", "language", "seed", "say")
    forbidden = tuple(what.get("forbidden", ()))
    return Brief(**{name: what[name] for name in names}, facts=tuple(what["facts"]), forbidden=forbidden)


def offer_of(what: Mapping[str, Any]) -> SceneOffer:
    """Return what the scene renderer sells, from the params of a script's request."""
    return SceneOffer(lengths=tuple(what["lengths"]), frames=what["frames"])


def voice_order(what: Mapping[str, Any]) -> VoiceOrder:
    """Return the order for a voice, from the params of its request."""
    return VoiceOrder(
        texts=tuple(what["texts"]), slots=tuple(what["slots"]), style=what["style"], language=what["language"],
        seed=what["seed"], pronounce=tuple((written, said) for written, said in what["pronounce"]),
    )  # fmt: skip


def scene_order(what: Mapping[str, Any], product: Product, *, canvas: Canvas) -> SceneOrder:
    """Return the order for a scene, from what describes it."""
    return SceneOrder(
        scene=scene_of(what["scene"]), style=what["style"], product_name=what["product_name"], product=product,
        canvas=canvas, seed=what["seed"], take=what.get("take", 0),
        framing=what.get("framing", "auto"),
        brand=what.get("brand"),
    )  # fmt: skip


def card_order(what: Mapping[str, Any], product: Product, *, logo: Path | None = None) -> CardOrder:
    """Return the order for an end card, from the params of its request; the logo is one of its inputs."""
    return CardOrder(
        product_name=what["product_name"], cta=what["cta"], line=what["line"], style=what["style"], product=product,
        seed=what["seed"], brand=what.get("brand"), logo=logo,
    )  # fmt: skip


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
