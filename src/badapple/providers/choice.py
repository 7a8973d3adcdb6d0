"""Which vendor makes which part, decided before anything is bought."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from badapple.errors import ConfigError, MissingKeyError

if TYPE_CHECKING:
    from badapple.config import Settings
    from badapple.models import Makers

__all__ = ["PARTS", "SCRIPT_MODEL", "VENDORS", "Choice", "agreed", "choose", "possible"]

#: Words of a part's option -> vendor; `offline` is a word of every part.
_WORDS = {
    "script": {"claude": "anthropic"},
    "voice": {"elevenlabs": "elevenlabs"},
    "video": {"replicate": "replicate"},
    "cta": {"replicate": "replicate"},
}
#: Vendor -> the parts that it makes where it is asked to.
PARTS = {
    vendor: tuple(part for part, words in _WORDS.items() if vendor in words.values())
    for vendor in ("anthropic", "elevenlabs", "replicate")
}
#: Vendor -> its name for people.
VENDORS = {"anthropic": "Claude", "elevenlabs": "ElevenLabs", "replicate": "Replicate"}
SCRIPT_MODEL = "claude-haiku-5-5"


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Models by part; None where the part is made offline.

    Attributes:
        script: a model of Claude's.
        voice: True where ElevenLabs speaks.
        video: a video model on Replicate.
        cta: True where FLUX on Replicate paints behind the end card's words.
        stand_in: whether offline makers step in for a vendor that fails for good.
    """

    script: str | None = None
    voice: bool = False
    video: str | None = None
    cta: bool = False
    stand_in: bool = False

    @property
    def vendors(self) -> tuple[str, ...]:
        """The vendors that get to make something."""
        named = {"anthropic": self.script, "elevenlabs": self.voice, "replicate": self.video or self.cta}
        return tuple(vendor for vendor, wanted in named.items() if wanted)


def choose(makers: Makers, settings: Settings, *, agreed: bool, own_script: bool = False) -> Choice:
    """Return who makes what.

    Args:
        makers: what was asked for.
        settings: keys.
        agreed: whether spending was agreed to: without it `auto` chooses no vendor, whatever keys lie around.
        own_script: the script comes from a file.

    Raises:
        MissingKeyError: a vendor was asked for whose key is not set.
        ConfigError: a part's maker is not known.
    """
    asked = {"script": makers.script_by, "voice": makers.voice_by, "video": makers.video_by, "cta": makers.cta_by}
    if own_script:
        asked["script"] = "offline"
    chosen = {part: _vendor_of(part, word, makers, settings, agreed=agreed) is not None for part, word in asked.items()}
    script = makers.script_model or SCRIPT_MODEL
    video = (makers.video_by or "").partition(":")[2]
    if chosen["video"] and not video:
        from badapple.providers.replicate import catalogue  # noqa: PLC0415 - most films are made without it

        video = catalogue.default(makers.quality)
    return Choice(
        script=script if chosen["script"] else None,
        voice=chosen["voice"],
        video=video if chosen["video"] else None,
        cta=chosen["cta"],
        stand_in=makers.on_failure == "offline",
    )


def agreed(makers: Makers, settings: Settings) -> bool:
    """Say whether spending was agreed to: by a cap given with the job, or by a configured one."""
    return makers.max_cost is not None or settings.max_cost is not None


def possible(makers: Makers, settings: Settings) -> bool:
    """Say whether `auto` would choose a vendor, were spending agreed to."""
    return makers.provider == "auto" and any(access.key is not None for access in settings.vendors.values())


def _vendor_of(part: str, word: str | None, makers: Makers, settings: Settings, *, agreed: bool) -> str | None:
    """Return the vendor of one part, or None for offline."""
    words = _WORDS[part]
    if word is not None:
        name, _, model = word.partition(":")
        if name == "offline" and not model:
            return None
        if name not in words or (model and part != "video"):
            raise ConfigError(f"--{part}-by {word} is not known", hint=f"it is offline or {' or '.join(_forms(part))}")
        return _with_key(words[name], settings)
    vendor = next(iter(words.values()))
    if makers.provider == "cloud":
        return _with_key(vendor, settings)
    if makers.provider == "auto" and agreed and settings.vendors[vendor].key is not None:
        return vendor
    return None


def _forms(part: str) -> list[str]:
    return [*_WORDS[part], *(["replicate:OWNER/MODEL"] if part == "video" else [])]


def _with_key(vendor: str, settings: Settings) -> str:
    access = settings.vendors[vendor]
    if access.key is None:
        raise MissingKeyError(access.variable, vendor=VENDORS[vendor])
    return vendor
