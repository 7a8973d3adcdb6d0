"""What there is to choose from."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict

from badapple.api.deps import DoorsDep, Reader
from badapple.jobs import catalog
from badapple.process import in_thread

__all__ = ["router"]

router = APIRouter(tags=["catalog"])


class _Answer(BaseModel):
    model_config = ConfigDict(use_attribute_docstrings=True, from_attributes=True)


class Style(_Answer):
    """A look."""

    name: str
    """Names it in an order."""
    title: str
    """For people."""
    description: str
    """A sentence."""
    palette: dict[str, str | list[str]]
    """`mode` (dark, light, vivid), and colours as `#rrggbb`."""
    fonts: dict[str, str]
    """Role (`display`, `text`, `caption`) -> family."""
    transition: str
    """How scenes follow each other."""
    music: str
    """What plays."""
    own: bool
    """Whether it is one of this server's own."""


class Styles(_Answer):
    """Every style."""

    items: list[Style]
    """By name."""


class Voice(_Answer):
    """Who speaks in a style."""

    provider: str
    """`offline` or `elevenlabs`."""
    name: str
    """Of the voice."""
    style: str
    """Where it is heard."""
    languages: list[str]
    """BCP 47 codes."""
    pace: float
    """Relative to the voice's own."""
    available: bool
    """Whether it can be used here now."""


class Language(_Answer):
    """A language that can be spoken."""

    code: str
    """BCP 47."""
    name: str
    """In English."""
    providers: list[str]
    """By whom."""


class Voices(_Answer):
    """Every voice, and what they speak."""

    items: list[Voice]
    """By style."""
    languages: list[Language]
    """All that somebody speaks."""


class Model(_Answer):
    """What makes parts, and what it costs."""

    provider: str
    """`offline`, `anthropic`, `elevenlabs` or `replicate`."""
    name: str
    """As an order names it."""
    part: str
    """`script`, `voice`, `video` or `cta`."""
    price: str | None
    """As its maker says it."""
    price_usd: float | None
    """Dollars of one `unit`; null where it is free."""
    unit: str | None
    """What the price is for."""
    offers: list[float]
    """Seconds of scenes that are sold, where that is limited."""
    default: bool
    """Whether it is taken where nothing is said."""
    quality: str | None
    """`fast` or `best`, where it is the default of one."""
    variable: str | None
    """Of the key that the server needs for it."""
    choose: dict[str, str]
    """Fields of an order that choose it."""
    available: bool
    """Whether it can be used here now."""


class Models(_Answer):
    """Every model."""

    items: list[Model]
    """By part."""


class OrderLimits(_Answer):
    """What an order may be."""

    product_name: int
    """Characters."""
    cta_text: int
    """Characters."""
    fact: int
    """Characters of one fact."""
    facts: int
    """How many facts."""
    photo_bytes: int
    """Of the file."""
    photo_pixels: int
    """Width times height."""
    photo_side: int
    """Pixels of its short side at least."""
    photo_formats: list[str]
    """By content."""
    max_jobs: int
    """Of yours that may wait or run at once."""
    upload_quota: int
    """Bytes of your uploads."""
    upload_days: int
    """Days that an upload is kept which no job uses."""


@router.get("/styles", operation_id="listStyles", summary="List the styles")
async def styles(_who: Reader, house: DoorsDep) -> Styles:
    """Return every style that this server has."""
    found = await in_thread(catalog.styles, house.settings)
    return Styles(items=[Style.model_validate(one) for one in found])


@router.get("/voices", operation_id="listVoices", summary="List the voices")
async def voices(_who: Reader, house: DoorsDep) -> Voices:
    """Return who speaks in which style, and in which languages."""
    found = await in_thread(catalog.voices, house.settings)
    spoken = [Language.model_validate(one) for one in catalog.languages()]
    return Voices(items=[Voice.model_validate(one) for one in found], languages=spoken)


@router.get("/models", operation_id="listModels", summary="List the models")
async def models(_who: Reader, house: DoorsDep) -> Models:
    """Return what can make parts, whether it can be used here, and what it costs."""
    found = await in_thread(catalog.models, house.settings)
    return Models(items=[Model.model_validate(one) for one in found])


@router.get("/limits", operation_id="getLimits", summary="Ask what an order may be")
async def limits(_who: Reader, house: DoorsDep) -> OrderLimits:
    """Return how long texts, how large photos and how many jobs may be."""
    return OrderLimits.model_validate(await in_thread(catalog.limits, house.settings))
