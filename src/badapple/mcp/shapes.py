"""What the tools answer with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import BaseModel, Field

if TYPE_CHECKING:
    from badapple.jobs import JobView
    from badapple.pipeline.quote import Quote

__all__ = ["Ad", "Estimate", "EstimateLine", "Gone", "Problem", "Stage", "Style", "Styles"]


class Problem(BaseModel):
    """Why an ad failed, and what to do."""

    message: str
    hint: str = Field(default="", description="What to do next.")
    retryable: bool = Field(default=False, description="Whether the same may succeed later.")
    charged_usd: float = Field(default=0.0, description="What was charged all the same; it is not charged again.")
    possibly_charged_usd: float = 0.0


class Stage(BaseModel):
    """One of the five stages."""

    name: str
    status: str
    progress: int = Field(description="Percent.")


class Ad(BaseModel):
    """An ad, finished or not."""

    job_id: str
    status: str = Field(description="pending, processing, completed, failed or cancelled.")
    progress: int = Field(description="Percent of the whole.")
    product_name: str
    style: str
    cta_text: str
    cost_usd: float = Field(description="What vendors charged so far.")
    video: str | None = Field(default=None, description="Where the finished MP4 is.")
    parent_id: str | None = Field(default=None, description="The ad that this one is another version of.")
    awaiting: str | None = Field(default=None, description="`approval`: a person has to agree to the script first.")
    stages: list[Stage] = Field(default_factory=list)
    problem: Problem | None = None

    @classmethod
    def of(cls, view: JobView, *, video: str | None = None) -> Ad:
        """Return a job as an agent sees it; `video` is said instead of where it is stored."""
        failure = view.failure or {}
        problem = None
        if view.error_message and view.status == "failed":
            problem = Problem(
                message=view.error_message, hint=failure.get("hint") or "", retryable=bool(failure.get("retryable")),
                charged_usd=(failure.get("charged") or 0) / 1e6,
                possibly_charged_usd=(failure.get("possibly_charged") or 0) / 1e6,
            )  # fmt: skip
        return cls(
            job_id=view.id, status=view.status, progress=view.progress, product_name=view.product_name,
            style=view.style, cta_text=view.cta_text, cost_usd=view.cost / 1e6, problem=problem,
            video=video if view.video_url else None, parent_id=view.parent_id,
            awaiting=getattr(view, "awaiting", None),
            stages=[Stage(name=one.name, status=one.status, progress=one.progress) for one in view.stages],
        )  # fmt: skip


class EstimateLine(BaseModel):
    """What one part costs."""

    part: str
    vendor: str
    model: str
    calls: int
    estimate_usd: float
    at_most_usd: float


class Estimate(BaseModel):
    """What an ad would cost; nothing was bought."""

    estimate_usd: float
    at_most_usd: float = Field(description="A `max_cost_usd` that suffices for a second try at some of it.")
    expected_seconds: float = Field(description="From now until it is done, those that wait before it included.")
    lines: list[EstimateLine]

    @classmethod
    def of(cls, quote: Quote, seconds: float) -> Estimate:
        """Return a quote as an agent sees it."""
        lines = [
            EstimateLine(
                part=line.part, vendor=line.vendor, model=line.model, calls=line.calls - line.found,
                estimate_usd=line.estimate / 1e6, at_most_usd=line.at_most / 1e6,
            )
            for line in quote.lines
        ]  # fmt: skip
        return cls(
            estimate_usd=quote.estimate / 1e6, at_most_usd=quote.cap / 1e6,
            expected_seconds=round(seconds, 1), lines=lines,
        )  # fmt: skip


class Style(BaseModel):
    """A look."""

    name: str
    title: str
    description: str


class Styles(BaseModel):
    """The looks that there are."""

    styles: list[Style]


class Gone(BaseModel):
    """What became of an ad that was ended or removed."""

    job_id: str
    status: str = Field(description="cancelled or deleted.")
    charged_usd: float = 0.0
    possibly_charged_usd: float = Field(default=0.0, description="What vendors may still charge.")
