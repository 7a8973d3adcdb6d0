"""What callers may send: the fields of an ad, checked at the door."""

from __future__ import annotations

import unicodedata
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from badapple.models import DRAFT, FULL, MakeOptions, Makers

__all__ = [
    "LANGUAGE",
    "LINE",
    "AdBase",
    "AdFields",
    "EstimateRequest",
    "GenerateForm",
    "GenerateRequest",
    "ImageUrl",
    "Line",
    "PathId",
    "UploadId",
    "Whole",
    "Words",
]

#: One line of text: neither control characters nor line breaks, and not only blanks. ECMA and Rust read it alike.
_CONTROL = r"\u0000-\u001f\u007f-\u009f\u2028\u2029"
LINE = rf"^[^{_CONTROL}]*$"
WORDS = rf"^[^{_CONTROL}]*[^\s{_CONTROL}][^{_CONTROL}]*$"
LANGUAGE = r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$"
_SEED = 2**31 - 1
_DOLLARS = 1_000_000


def _whole(text: str) -> str:
    """Return the text as it is kept: composed letters, no blanks around it."""
    return unicodedata.normalize("NFC", text).strip()


def _number(value: Any) -> Any:
    """Return 3.0 as 3: to JSON the two are the same whole number."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


Whole = BeforeValidator(_number)  #: after the bounds, or the document would not tell them
Words = Annotated[str, StringConstraints(pattern=WORDS), AfterValidator(_whole)]
Line = Annotated[str, StringConstraints(pattern=LINE), AfterValidator(_whole)]
PathId = Annotated[str, StringConstraints(pattern=r"^[^/\u0000-\u001f\u007f-\u009f]{1,255}$")]
UploadId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]
ImageUrl = Annotated[str, Field(max_length=2000, pattern=r"^https?://[!-~]+$")]


class AdBase(BaseModel):
    """What an ad is to be like, whatever its look and its call to action."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    product_name: Annotated[Words, Field(min_length=1, max_length=100, examples=["Aurora Desk Lamp"])]
    """Name of the product, shown and spoken word for word."""
    facts: Annotated[list[Annotated[Words, Field(min_length=1, max_length=80)]], Field(max_length=20)] = []
    """Claims that you vouch for; no other claim is made."""
    say: Annotated[Words, Field(min_length=1, max_length=100)] | None = None
    """How the product's name is pronounced, where that is not as it is written."""
    language: Annotated[str, Field(pattern=LANGUAGE, examples=["en"])] = "en"
    """Spoken language, a BCP 47 code."""
    music: Literal["style", "off"] = "style"
    """The style's own music, or none."""
    captions: bool = True
    """Burn captions into the picture."""
    seed: Annotated[int, Field(ge=0, le=_SEED), Whole] = 0
    """Another number picks other words, moves and notes; the same number picks the same."""
    brand: bool = True
    """In your brand kit's look and words, where you have one (`PUT /brand`)."""
    draft: bool = False
    """Small and quick, for a first look: 270x480."""
    provider: Literal["auto", "offline", "cloud"] = "auto"
    """Who makes the parts: `offline` is free; `cloud` asks paid vendors; `auto` those that are set up, under a cap."""
    quality: Literal["fast", "best"] = "fast"
    """Of the video model, where one is asked."""
    script_by: Literal["offline", "claude"] | None = None
    """Who writes, where it is not as `provider` says."""
    voice_by: Literal["offline", "elevenlabs"] | None = None
    """Who speaks, where it is not as `provider` says."""
    video_by: Annotated[str, Field(max_length=150)] | None = None
    """Who films, where it is not as `provider` says: `offline`, `replicate`, or a model from `GET /models`."""
    cta_by: Literal["offline", "replicate"] | None = None
    """Who paints behind the end card's words, where it is not as `provider` says."""
    script_model: Annotated[str, Field(max_length=100)] | None = None
    """A model of Claude's, where the usual one is not wanted; `GET /models` lists them."""
    max_cost_usd: Annotated[float, Field(ge=0, le=_DOLLARS, allow_inf_nan=False, examples=[1.5])] | None = None
    """Buy, and never for more. Without it nothing is bought, unless the server has a cap of its own."""
    on_vendor_failure: Literal["fail", "offline"] = "fail"
    """What happens to a part whose vendor fails for good: the job fails, or the part is made offline."""

    @property
    def asks_vendors(self) -> bool:
        """Whether a paid vendor is asked for by name."""
        named = (self.script_by, self.voice_by, self.video_by, self.cta_by)
        rest = self.provider == "cloud" and any(one is None for one in named)
        return rest or any(one not in {None, "offline"} for one in named)

    @property
    def max_cost(self) -> int | None:
        """The cap in micro-dollars, rounded down."""
        return None if self.max_cost_usd is None else int(self.max_cost_usd * 1_000_000 + 1e-3)

    def options(self, **more: Any) -> MakeOptions:
        """Return them as the pipeline takes them."""
        makers = Makers(
            provider=self.provider, quality=self.quality, script_by=self.script_by, voice_by=self.voice_by,
            video_by=self.video_by, cta_by=self.cta_by, script_model=self.script_model, max_cost=self.max_cost,
            on_failure=self.on_vendor_failure,
        )  # fmt: skip
        return MakeOptions(
            canvas=DRAFT if self.draft else FULL, music=self.music, captions=self.captions, facts=tuple(self.facts),
            language=self.language, say=self.say, seed=self.seed, makers=makers, **more,
        )  # fmt: skip


class AdFields(AdBase):
    """What an ad is to be like."""

    style: Annotated[str, Field(min_length=1, max_length=64, examples=["minimal"])] = "minimal"
    """Its look: a name from `GET /styles`."""
    cta_text: Annotated[Line, Field(max_length=60, examples=["Shop now"])] = ""
    """Call to action, word for word; written for you where it is empty."""


class EstimateRequest(AdFields):
    """An ad whose price is asked for."""

    upload_id: UploadId | None = None
    """A photo that was uploaded; without one the film is made of words alone."""


class _Wanted(AdFields):
    priority: Literal["low", "normal", "high"] = "normal"
    """Jobs of a higher one go first."""
    approval: bool = False
    """Stop once the script is written, so that it can be read, changed and approved before anything else is made."""
    group_id: Annotated[str, Field(pattern=r"^[A-Za-z0-9._:-]{1,64}$", examples=["spring-campaign"])] | None = None
    """Shared by variants of one ad; `GET /jobs?group_id=` lists them."""
    upload_id: UploadId | None = None
    """A photo that was uploaded with `POST /uploads`."""


class GenerateRequest(_Wanted):
    """An ad that is to be made. Without a photo it is made of words alone."""

    image_url: ImageUrl | None = None
    """Address of a photo on the web, where this server takes such."""


class GenerateForm(GenerateRequest):
    """The same as a form, with the photo itself."""
