"""What callers may send to have variants made, and what they are answered."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003 - pydantic reads the annotations
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from badapple.api.answers import Answered, Status
from badapple.api.job_answers import JobSummary  # noqa: TC001 - as above
from badapple.api.schemas import AdBase, ImageUrl, UploadId, Words
from badapple.jobs.variants import MOST

__all__ = ["GroupAnswer", "VariantAnswer", "VariantsAnswer", "VariantsRequest", "WinnerRequest"]

_UNIQUE = {"uniqueItems": True}


class VariantsRequest(AdBase):
    """Variants of one ad: each style with each call to action, 12 at most."""

    styles: Annotated[
        list[Annotated[str, Field(min_length=1, max_length=64)]],
        Field(min_length=1, max_length=MOST, json_schema_extra=_UNIQUE, examples=[["minimal", "bold"]]),
    ]
    """Looks: names from `GET /styles`."""
    ctas: Annotated[
        list[Annotated[Words, Field(min_length=1, max_length=60)]],
        Field(max_length=MOST, default_factory=list, json_schema_extra=_UNIQUE, examples=[["Shop now", "Get yours"]]),
    ]
    """Calls to action, word for word; written for you where there is none. A style's script is the same for all."""
    priority: Literal["low", "normal", "high"] = "normal"
    """Jobs of a higher one go first."""
    upload_id: UploadId | None = None
    """A photo that was uploaded with `POST /uploads`; without one they are made of words alone."""
    image_url: ImageUrl | None = None
    """Address of a photo on the web, where this server takes such."""

    @model_validator(mode="after")
    def _few(self) -> Self:
        for name in ("styles", "ctas"):
            given = getattr(self, name)
            if len(set(given)) < len(given):
                raise ValueError(f"{name} names one twice")
        if (count := len(self.styles) * max(1, len(self.ctas))) > MOST:
            raise ValueError(f"{count} variants are asked for; {MOST} at once are the most")
        return self


class WinnerRequest(BaseModel):
    """Which variant won."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    job_id: Annotated[str, Field(min_length=1, max_length=255)] | None
    """The job; null takes the choice back."""


class VariantAnswer(Answered):
    """One of the variants."""

    job_id: str
    """Names it."""
    status: Status
    """`pending`, unless it was accepted before and has gone on since."""
    style: str
    """Its look."""
    cta_text: str
    """Its call to action; empty where the writer chooses."""
    status_url: str
    """Ask here how far it is."""
    events_url: str
    """Its progress as Server-Sent Events."""
    websocket_url: str
    """Its progress over a WebSocket."""


class VariantsAnswer(Answered):
    """Variants that were accepted, all of them."""

    group_id: str
    """Shared by them."""
    group_url: str
    """All of them, as they are."""
    jobs: list[VariantAnswer]
    """One style after the other, each with all calls to action."""
    estimated_seconds: float
    """Seconds until all are probably done, from now."""
    estimated_completion_time: datetime
    """When all are probably done."""
    estimated_cost_usd: float = 0.0
    """What all will probably cost; what they share is in it once."""
    max_cost_usd: float | None = None
    """What all may cost at most; null where nothing is bought."""


class GroupAnswer(Answered):
    """Variants as they are now."""

    group_id: str
    """Shared by them."""
    winner: str | None = None
    """The job that was chosen."""
    finished: int
    """How many have a video."""
    cost_usd: float
    """What all cost so far."""
    jobs: list[JobSummary]
    """The variants, and edits of them, the oldest first; of very many, the oldest 200."""
    archive_url: str | None = None
    """Where to download all finished videos, where there is one."""
