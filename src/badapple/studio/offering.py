"""What the form of a new ad offers, and what of it is not set up here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from badapple import styles
from badapple.jobs import catalog

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from badapple.config import Settings
    from badapple.jobs.catalog import Language, ModelView, VoiceView

__all__ = ["CTAS", "Choice", "Offer", "Part", "Vendor", "offered"]

CTAS = ("Shop now", "Learn more", "Order today", "Get yours", "Try it today", "Discover it")
_VENDORS = {"anthropic": "Claude", "elevenlabs": "ElevenLabs", "replicate": "Replicate"}
#: Part -> field of the order, its name to people, and what its vendor does.
_PARTS = {"script": ("script_by", "Script"), "video": ("video_by", "Scenes"), "cta": ("cta_by", "End card")}
_DOES = {"script": "writes", "voice": "speaks", "video": "films", "cta": "paints the end card"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One maker of a part: `value` of the field, `label` for people."""

    value: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A part that a vendor may make.

    Attributes:
        name: of the part, as the catalog says it.
        field: of the order.
        title: for people.
        available: whether its vendor is set up here.
        choices: the vendor's, the usual one first, which has an empty value.
    """

    name: str
    field: str
    title: str
    available: bool
    choices: Sequence[Choice]


@dataclass(frozen=True, slots=True, kw_only=True)
class Vendor:
    """Somebody who is paid.

    Attributes:
        name: as settings say it.
        title: for people.
        does: what for, in words.
        variable: of the key.
        available: whether the key is set here.
    """

    name: str
    title: str
    does: str
    variable: str
    available: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """All that there is to choose from, beside the styles themselves.

    Attributes:
        ctas: calls to action to begin with.
        sets: style -> what its background is made of.
        grounds: style -> its background colours, as the style orders them.
        voices: style -> provider -> name of the voice.
        languages: what is spoken, and by whom.
        parts: what vendors may make, the voice left out.
        vendors: who would be paid.
        cap: dollars that one ad may cost here at most, or None.
    """

    ctas: Sequence[str]
    sets: Mapping[str, str]
    grounds: Mapping[str, Sequence[str]]
    voices: Mapping[str, Mapping[str, str]]
    languages: Sequence[Language]
    parts: Sequence[Part]
    vendors: Sequence[Vendor]
    cap: float | None

    @property
    def missing(self) -> Sequence[Vendor]:
        """Vendors that are not set up."""
        return [one for one in self.vendors if not one.available]

    @property
    def cloud(self) -> Mapping[str, str] | None:
        """Fields of an order that vendors make, as far as they are set up here; None where none is."""
        here = {part.field: part.available for part in self.parts} | {"voice_by": self.may("elevenlabs")}
        if not any(here.values()):
            return None
        return {"provider": "cloud"} | {field: "offline" for field, available in here.items() if not available}

    def may(self, vendor: str) -> bool:
        """Whether a vendor is set up."""
        return any(one.available for one in self.vendors if one.name == vendor)


def offered(settings: Settings) -> Offer:
    """Return what the form offers. Blocks."""
    models = catalog.models(settings)
    looks = {name: styles.load(name, settings.style_dirs) for name in styles.known(settings.style_dirs)}
    return Offer(
        ctas=CTAS, sets={name: one.motion.set for name, one in looks.items()},
        grounds={name: one.palette.background for name, one in looks.items()},
        voices=_voices(catalog.voices(settings)), languages=catalog.languages(),
        parts=[_part(name, models) for name in _PARTS], vendors=_vendors(models),
        cap=None if settings.max_cost is None else settings.max_cost / 1e6,
    )  # fmt: skip


def _voices(found: Sequence[VoiceView]) -> dict[str, dict[str, str]]:
    voices: dict[str, dict[str, str]] = {}
    for one in found:
        voices.setdefault(one.style, {}).setdefault(one.provider, one.name)  # the first choice is the one that is taken
    return voices


def _part(name: str, models: Sequence[ModelView]) -> Part:
    field, title = _PARTS[name]
    theirs = [one for one in models if one.part == name and one.provider != "offline"]
    theirs = [one for one in theirs if one.default or (name == "video" and one.price_usd is not None)]
    choices = [
        Choice(value="" if one.default else one.choose[field], label=_label(one))
        for one in sorted(theirs, key=lambda one: not one.default)
    ]
    available = any(one.available for one in theirs)
    return Part(name=name, field=field, title=title, available=available, choices=choices)


def _label(model: ModelView) -> str:
    vendor = _VENDORS.get(model.provider, model.provider)
    if model.part == "script":
        return vendor
    price = f", ${model.price_usd:.2f} a scene" if model.part == "video" and model.price_usd is not None else ""
    return f"{vendor}: {model.name.rpartition('/')[2]}{price}"


def _vendors(models: Sequence[ModelView]) -> list[Vendor]:
    found = []
    for name, title in _VENDORS.items():
        theirs = [one for one in models if one.provider == name]
        does = " and ".join(dict.fromkeys(_DOES[one.part] for one in theirs))
        variable = next((one.variable for one in theirs if one.variable), "")
        available = any(one.available for one in theirs)
        found.append(Vendor(name=name, title=title, does=does, variable=variable, available=available))
    return found
