"""What there is to choose from: styles, voices, models, languages, and the limits of each order."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

from badapple import styles as looks
from badapple.costs import prices
from badapple.errors import ConfigError
from badapple.jobs import wording
from badapple.product import limits as photos
from badapple.providers.choice import SCRIPT_MODEL
from badapple.providers.elevenlabs import tariff
from badapple.providers.elevenlabs.narrators import narrators
from badapple.providers.replicate import catalogue

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from badapple.config import Settings

__all__ = [
    "Language",
    "Limits",
    "ModelView",
    "StyleView",
    "VoiceView",
    "languages",
    "limits",
    "models",
    "styles",
    "voices",
]

_HEART = "Heart"  #: the voice inside the package
_OFFLINE = ("en",)  #: what it speaks
_QUALITIES: tuple[Literal["fast"], Literal["best"]] = ("fast", "best")
#: What ElevenLabs' Multilingual v2 speaks, by the vendor's list of languages.
_LANGUAGES = {
    "ar": "Arabic", "bg": "Bulgarian", "cs": "Czech", "da": "Danish", "de": "German", "el": "Greek", "en": "English",
    "es": "Spanish", "fi": "Finnish", "fil": "Filipino", "fr": "French", "hi": "Hindi", "hr": "Croatian",
    "id": "Indonesian", "it": "Italian", "ja": "Japanese", "ko": "Korean", "ms": "Malay", "nl": "Dutch",
    "pl": "Polish", "pt": "Portuguese", "ro": "Romanian", "ru": "Russian", "sk": "Slovak", "sv": "Swedish",
    "ta": "Tamil", "tr": "Turkish", "uk": "Ukrainian", "zh": "Chinese",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class StyleView:
    """A look.

    Attributes:
        name: names it in an order.
        title: for people.
        description: a sentence.
        palette: what it is made of: `mode` (dark, light, vivid) and colours as `#rrggbb`.
        fonts: role (`display`, `text`, `caption`) -> family.
        transition: how scenes follow each other.
        music: what the bed is, with its tempo: `pads at 84 bpm in D minor`.
        own: whether it is one of the user's own.
    """

    name: str
    title: str
    description: str
    palette: dict[str, str | list[str]]
    fonts: dict[str, str]
    transition: str
    music: str
    own: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class VoiceView:
    """Who speaks in a style.

    Attributes:
        provider: `offline` or `elevenlabs`.
        name: of the voice.
        style: where it is heard.
        languages: BCP 47 codes that it speaks.
        pace: relative to the voice's own.
        available: whether it can be used now: offline always, else where the key is set.
    """

    provider: str
    name: str
    style: str
    languages: tuple[str, ...]
    pace: float
    available: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelView:
    """A model that makes parts, and what it costs.

    Attributes:
        provider: `offline`, `anthropic`, `elevenlabs` or `replicate`.
        name: of the model.
        part: `script`, `voice`, `video` or `cta`.
        choose: what an order says to have it, e.g. `{"video_by": "replicate:OWNER/MODEL"}`.
        price: in words, with all that it depends on, or None where it is free.
        price_usd: dollars of one `unit`, or None where it is free or nobody knows.
        unit: what `price_usd` is for, or None.
        offers: seconds of scenes that are sold; empty where any length is made.
        default: whether its provider takes it where nothing is said.
        quality: `fast` or `best`, where it is what that word means, else None.
        variable: of the key that it needs, or None.
        available: whether it can be used now.
    """

    provider: str
    name: str
    part: str
    choose: dict[str, str] = field(default_factory=dict)
    price: str | None = None
    price_usd: float | None = None
    unit: str | None = None
    offers: tuple[float, ...] = ()
    default: bool = False
    quality: str | None = None
    variable: str | None = None
    available: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """A language that can be spoken: BCP 47 code, its English name, and by whom."""

    code: str
    name: str
    providers: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What an order may be.

    Attributes:
        product_name: characters as people count them.
        cta_text: the same.
        fact: the same, of one fact.
        facts: how many facts.
        photo_bytes: of the file.
        photo_pixels: width times height.
        photo_side: px of its short side at least.
        photo_formats: by content.
        max_jobs: of one owner that may wait or run at once.
        upload_quota: bytes of one owner's uploads.
        upload_days: days that an upload is kept which no job uses.
    """

    product_name: int
    cta_text: int
    fact: int
    facts: int
    photo_bytes: int
    photo_pixels: int
    photo_side: int
    photo_formats: tuple[str, ...]
    max_jobs: int
    upload_quota: int
    upload_days: int


def styles(settings: Settings) -> tuple[StyleView, ...]:
    """Return every style, the user's own included, by name."""
    return tuple(_style(looks.load(name, settings.style_dirs), settings) for name in looks.known(settings.style_dirs))


def voices(settings: Settings) -> tuple[VoiceView, ...]:
    """Return the voices of every style, those that come with badapple first."""
    return tuple(
        voice
        for name in looks.known(settings.style_dirs)
        for voice in _voices(looks.load(name, settings.style_dirs), settings)
    )


def models(settings: Settings) -> tuple[ModelView, ...]:
    """Return what can make parts, those that come with badapple first."""
    own = settings.data_dir / "prices.toml"
    priced = own if own.is_file() else None
    listed = {(row.vendor, row.model): row.price for row in reversed(prices.describe(own=priced))}
    found = [*_offline(), *_scripts(priced, listed), *_spoken(priced, listed), *_pictures(priced, listed)]
    return tuple(replace(model, **_access(model.provider, settings)) for model in found)


def languages() -> tuple[Language, ...]:
    """Return the languages that can be spoken."""
    return tuple(
        Language(code=code, name=name, providers=("offline", "elevenlabs") if code in _OFFLINE else ("elevenlabs",))
        for code, name in sorted(_LANGUAGES.items(), key=lambda pair: pair[1])
    )


def limits(settings: Settings) -> Limits:
    """Return what an order may be."""
    doors = settings.doors
    return Limits(
        product_name=wording.NAME, cta_text=wording.CTA, fact=wording.FACT, facts=wording.FACTS,
        photo_bytes=photos.MAX_BYTES, photo_pixels=photos.MAX_PIXELS, photo_side=photos.MIN_SIDE,
        photo_formats=photos.ACCEPTED, max_jobs=doors.max_jobs, upload_quota=doors.upload_quota,
        upload_days=doors.upload_days,
    )  # fmt: skip


def _style(style: looks.Style, settings: Settings) -> StyleView:
    palette, music = style.palette, style.music
    families = {"display": style.type.display, "text": style.type.text, "caption": style.type.caption}
    return StyleView(
        name=style.name, title=style.title, description=style.summary,
        palette={
            "mode": palette.mode, "background": list(palette.background), "ink": palette.ink, "muted": palette.muted,
            "accent": palette.accent,
        },
        fonts={role: slug.replace("-", " ").title() for role, slug in families.items()},
        transition=style.motion.transition, music=f"{music.bed} at {music.bpm} bpm in {music.key}",
        own=any((folder / f"{style.name}.toml").is_file() for folder in settings.style_dirs),
    )  # fmt: skip


def _voices(style: looks.Style, settings: Settings) -> tuple[VoiceView, ...]:
    pace, known = style.voice.pace, settings.vendors["elevenlabs"].key is not None
    acted = style.voice.acting.speed or pace
    here = VoiceView(
        provider="offline", name=_HEART, style=style.name, languages=_OFFLINE, pace=pace, available=True
    )  # fmt: skip
    bought = (
        VoiceView(
            provider="elevenlabs", name=one.name, style=style.name, languages=tuple(_LANGUAGES), pace=acted,
            available=known,
        )
        for one in narrators(style)
    )  # fmt: skip
    return here, *bought


def _offline() -> tuple[ModelView, ...]:
    free = ModelView(provider="offline", name="badapple", part="script", default=True)
    parts = (("script", "copybook"), ("voice", _HEART), ("video", "stage"), ("cta", "card"))
    return tuple(replace(free, name=name, part=part, choose={f"{part}_by": "offline"}) for part, name in parts)


def _scripts(own: Path | None, listed: Mapping[tuple[str, str], str]) -> Iterator[ModelView]:
    for vendor, name in listed:
        if vendor == "anthropic":
            yield ModelView(
                provider=vendor, name=name, part="script", price=listed[vendor, name],
                price_usd=prices.cost(vendor, name, own=own, output_tokens=1_000_000) / 1e6,
                unit="million tokens written", default=name == SCRIPT_MODEL,
                choose={"script_by": "claude", "script_model": name},
            )  # fmt: skip


def _spoken(own: Path | None, listed: Mapping[tuple[str, str], str]) -> Iterator[ModelView]:
    yield ModelView(
        provider="elevenlabs", name=tariff.MODEL, part="voice", price=listed.get(("elevenlabs", tariff.MODEL)),
        price_usd=tariff.micros_of(tariff.MODEL, 1000, own=own) / 1e6, unit="thousand characters", default=True,
        choose={"voice_by": "elevenlabs"},
    )  # fmt: skip


def _pictures(own: Path | None, listed: Mapping[tuple[str, str], str]) -> Iterator[ModelView]:
    for name in catalogue.known(kind="video"):
        model = catalogue.model(name, kind="video")
        cost, unit = _price(model, own)
        quality = next((word for word in _QUALITIES if catalogue.default(word) == name), None)
        yield ModelView(
            provider="replicate", name=name, part="video", price=listed.get(("replicate", name)), price_usd=cost,
            unit=unit, offers=tuple(float(seconds) for seconds, _ in model.lengths), quality=quality,
            default=quality == _QUALITIES[0], choose={"video_by": f"replicate:{name}"},
        )  # fmt: skip
    name = catalogue.default("picture")  # the only one that an order gets
    cost, unit = _price(catalogue.model(name, kind="picture"), own)
    yield ModelView(
        provider="replicate", name=name, part="cta", price=listed.get(("replicate", name)), price_usd=cost, unit=unit,
        default=True, choose={"cta_by": "replicate"},
    )  # fmt: skip


def _price(model: catalogue.Model, own: Path | None) -> tuple[float | None, str | None]:
    """Return the dollars of one clip or picture, and what they are for; None where nobody knows."""
    seconds = model.lengths[0][0] if model.lengths else 0
    resolution = str(model.constants.get("resolution", "")) or None
    try:
        if model.kind == "picture":
            return prices.cost("replicate", model.name, own=own, outputs=1) / 1e6, "picture"
        cost = prices.cost("replicate", model.name, own=own, resolution=resolution, seconds=seconds, outputs=1)
    except ConfigError:
        return None, None
    return cost / 1e6, f"scene of {seconds} s"


def _access(vendor: str, settings: Settings) -> dict[str, Any]:
    access = settings.vendors.get(vendor)
    if access is None:
        return {"variable": None, "available": True}
    return {"variable": access.variable, "available": access.key is not None}
