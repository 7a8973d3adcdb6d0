"""What the API answers with."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003 - pydantic reads the annotations
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, JsonValue

if TYPE_CHECKING:
    from badapple.jobs.edit_prices import EditPrice
    from badapple.pipeline.quote import Quote

__all__ = [
    "Accepted",
    "Answered",
    "Deleted",
    "EditEstimate",
    "Estimate",
    "FieldProblem",
    "Problem",
    "ScriptAnswer",
    "Status",
    "UploadAnswer",
    "edit_estimate_of",
    "estimate_of",
]

Status = Literal["pending", "processing", "completed", "failed", "cancelled"]


class Answered(BaseModel):
    """Fields whose docstrings are their descriptions."""

    model_config = ConfigDict(use_attribute_docstrings=True)


_PROBLEM: dict[str, JsonValue] = {
    "type": "/problems/over_budget", "title": "The cap does not cover the price", "status": 402,
    "detail": "the ad is quoted at $0.87, and the cap is $0.50; nothing was bought",
    "instance": "/api/v1/videos/generate", "code": "over_budget", "retryable": False, "charged_usd": 0.0,
    "possibly_charged_usd": 0.0, "hint": "raise the cap (`max_cost_usd`), or give parts to the offline maker",
}  # fmt: skip
_JOB = "3eff31132b474640896a7b26d836ef73"
_ACCEPTED: dict[str, JsonValue] = {
    "job_id": _JOB, "status": "pending", "status_url": f"http://127.0.0.1:8000/api/v1/jobs/{_JOB}",
    "events_url": f"http://127.0.0.1:8000/api/v1/jobs/{_JOB}/events",
    "websocket_url": f"ws://127.0.0.1:8000/ws/job/{_JOB}", "estimated_seconds": 61.0,
    "estimated_completion_time": "2026-11-26T02:07:26Z", "estimated_cost_usd": 0.0, "max_cost_usd": None,
    "parent_id": None, "group_id": None,
}  # fmt: skip


class FieldProblem(Answered):
    """A field that cannot be used."""

    pointer: str
    """JSON pointer into the body; `#query/...`, `#path/...` or `#header/...` for what stands elsewhere."""
    detail: str
    """What is wrong with it."""


class Problem(Answered):
    """What went wrong (RFC 9457)."""

    model_config = ConfigDict(json_schema_extra={"examples": [_PROBLEM]})

    type: str
    """Address of a page that explains the code."""
    title: str
    """The code in words; the same each time."""
    status: int
    """The HTTP status."""
    detail: str
    """What happened this time, for people."""
    instance: str
    """The address that was asked for."""
    code: str
    """What programs decide by; a stable word of the documented list."""
    retryable: bool
    """Whether the same request may succeed later without any change."""
    charged_usd: float
    """What it cost all the same."""
    possibly_charged_usd: float
    """What vendors may still charge."""
    hint: str
    """What to do next."""
    errors: list[FieldProblem] | None = None
    """Each field that cannot be used."""
    request_id: str | None = None
    """By which the server's log tells more."""


class Accepted(Answered):
    """A job that was accepted."""

    model_config = ConfigDict(json_schema_extra={"examples": [_ACCEPTED]})

    job_id: str
    """Names it."""
    status: Status
    """`pending`, unless it was accepted before and has gone on since."""
    status_url: str
    """Ask here how far it is."""
    events_url: str
    """Its progress as Server-Sent Events."""
    websocket_url: str
    """Its progress over a WebSocket."""
    estimated_seconds: float
    """Seconds until it is probably done, from now."""
    estimated_completion_time: datetime
    """When it is probably done."""
    estimated_cost_usd: float = 0.0
    """What it will probably cost."""
    max_cost_usd: float | None = None
    """What it may cost at most; null where nothing is bought."""
    parent_id: str | None = None
    """The job that this one is an edit of."""
    group_id: str | None = None
    """Shared by variants."""


class ScriptAnswer(Answered):
    """A script that waits for approval."""

    job_id: str
    """The job."""
    script: dict[str, Any]
    """As it will be made."""


class UploadAnswer(Answered):
    """A photo that is kept: its pixels only."""

    upload_id: str
    """Names it in an order."""
    sha256: str
    """Of what is kept, hex."""
    size: int
    """Bytes of what is kept; they count against your quota."""
    width: int
    """Pixels of the picture as it was sent, upright."""
    height: int
    """Pixels."""
    name: str
    """As you called it."""
    created_at: datetime
    """When it came."""
    expires_at: datetime
    """When it goes, unless a job uses it."""


class EstimateLine(Answered):
    """The price of one part."""

    part: str
    """`script`, `voices`, `scenes` or `end card`."""
    vendor: str
    """Who gets the money."""
    model: str
    """What is bought."""
    calls: int
    """How many purchases."""
    found: int
    """Of these, paid before."""
    estimate_usd: float
    """Probably."""
    at_most_usd: float
    """What is reserved."""


class Estimate(Answered):
    """What an ad would cost in money and in time; nothing is bought or sent."""

    estimate_usd: float
    """Probably."""
    at_most_usd: float
    """With second tries; a good `max_cost_usd`."""
    parts: list[EstimateLine]
    """What is bought; what is made here is free and not listed."""
    sees: dict[str, str]
    """What leaves this server: vendor -> what it gets to see."""
    estimated_seconds: float
    """Seconds until it would probably be done, if it were submitted now."""


class EditEstimate(Answered):
    """What an edit would cost in money and in time; nothing is bought, sent or queued."""

    estimate_usd: float
    """Probably; what is paid for already is not in it."""
    at_most_usd: float
    """With second tries."""
    cap_usd: float | None = None
    """What the edit may cost at most, as its job may; null where nobody said, and nothing would be bought."""
    seconds: float
    """Until it would probably be done, if it were queued now."""
    lines: list[EstimateLine]
    """What is bought; none where it is free."""
    sees: dict[str, str]
    """What leaves this server: vendor -> what it gets to see."""


class Deleted(Answered):
    """What was removed."""

    job_id: str
    """The job that is gone."""
    files: int
    """How many files."""
    bytes: int
    """Their size."""


def estimate_of(quote: Quote, seconds: float) -> Estimate:
    """Return a quote, and how long the ad would take."""
    return Estimate(
        estimate_usd=quote.estimate / 1e6, at_most_usd=quote.cap / 1e6, parts=_lines(quote), sees=dict(quote.sees),
        estimated_seconds=round(seconds, 1),
    )  # fmt: skip


def edit_estimate_of(price: EditPrice) -> EditEstimate:
    """Return the price of an edit; only what is bought is listed."""
    quote = price.quote
    return EditEstimate(
        estimate_usd=quote.estimate / 1e6, at_most_usd=quote.cap / 1e6,
        cap_usd=None if price.cap is None else price.cap / 1e6, seconds=round(price.seconds, 1),
        lines=[line for line in _lines(quote) if line.calls > line.found], sees=dict(quote.sees),
    )  # fmt: skip


def _lines(quote: Quote) -> list[EstimateLine]:
    return [
        EstimateLine(
            part=line.part, vendor=line.vendor, model=line.model, calls=line.calls, found=line.found,
            estimate_usd=line.estimate / 1e6, at_most_usd=line.at_most / 1e6,
        )
        for line in quote.lines
    ]  # fmt: skip
