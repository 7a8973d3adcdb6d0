"""What the API tells of jobs."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003 - pydantic reads the annotations
from typing import Annotated, Any, Literal

from pydantic import Field

from badapple.api.answers import Answered, Status
from badapple.models import Framing  # noqa: TC001 - as above

__all__ = [
    "EndCard",
    "FamilyVersion",
    "JobDetail",
    "JobFailure",
    "JobLinks",
    "JobPage",
    "JobSummary",
    "Money",
    "Part",
    "PartFile",
    "Scene",
    "Stage",
    "Version",
    "Versions",
]

Percent = Annotated[int, Field(ge=0, le=100)]


class JobFailure(Answered):
    """Why a job failed, and what to do."""

    code: str
    """In one word: a reason of a vendor's like `rate_limit`, `quota`, `timeout`, `network`, `refused`; `quality`, \
`budget`, `disk`, `photo`, `script`, `crashed` ..., or `failed`."""
    message: str
    """What happened, for people."""
    stage: str | None = None
    """The stage that failed."""
    hint: str = ""
    """What to do next."""
    retryable: bool = False
    """Whether `POST .../retry` may succeed without any change."""
    charged_usd: float = 0.0
    """What vendors charged for this job so far."""
    possibly_charged_usd: float = 0.0
    """What vendors may still charge."""


class JobLinks(Answered):
    """Where to go from a job."""

    self: str
    """The job."""
    events: str
    """Its progress as Server-Sent Events."""
    websocket: str
    """Its progress over a WebSocket."""
    video: str | None = None
    """The MP4, where it is finished; likewise below."""
    poster: str | None = None
    """A still, JPEG."""
    captions_vtt: str | None = None
    """Captions for browsers."""
    captions_srt: str | None = None
    """Captions for players."""
    qa: str | None = None
    """What was measured on the file."""
    manifest: str | None = None
    """Who made what."""


class JobSummary(Answered):
    """A job as it is now."""

    job_id: str
    """Names it."""
    status: Status
    """`pending` waits, `processing` is being made; the others have ended."""
    awaiting: Literal["approval"] | None = None
    """`approval` where it stops until somebody approves its script."""
    product_name: str
    """As it was asked for; likewise the next two."""
    style: str
    """Its look."""
    cta_text: str
    """Call to action; empty where the writer chooses."""
    progress: Percent
    """Percent of the whole, never falling within an attempt."""
    position: int | None = None
    """How many jobs go first, where it waits in the queue."""
    priority: str
    """`low`, `normal` or `high`."""
    attempt: int
    """1, 2, 3 ...; each retry and each resume is one more."""
    cost_usd: float
    """What it cost so far."""
    video_url: str | None = None
    """Where to download the video, when it is finished."""
    error_message: str | None = None
    """Why it failed, or that it was cancelled, in a sentence."""
    error: JobFailure | None = None
    """The same as facts, where it failed."""
    parent_id: str | None = None
    """The job that this one is an edit of."""
    group_id: str | None = None
    """Shared by variants."""
    created_at: datetime
    """When it was accepted."""
    started_at: datetime | None = None
    """When this attempt began."""
    ended_at: datetime | None = None
    """When it ended."""
    links: JobLinks
    """Where to go from here."""


class Stage(Answered):
    """One of the five stages of a job."""

    name: str
    """`script_gen`, `voice_gen`, `video_gen`, `cta_gen` or `compositing`."""
    status: Literal["pending", "processing", "completed", "failed"]
    """How it stands."""
    progress: Percent
    """Percent of the stage."""
    started_at: datetime | None = None
    """When it began."""
    completed_at: datetime | None = None
    """When it ended."""
    error_message: str | None = None
    """Why it failed."""


class PartFile(Answered):
    """A file of a part."""

    name: str
    """Names it within its part."""
    media_type: str
    """Of its content."""
    size: int
    """Bytes."""
    sha256: str
    """Of its content, hex."""
    url: str
    """Where to download it."""


class Part(Answered):
    """One part of a job: a voice, a clip, a segment, the end card, the film ..."""

    label: str
    """Names it within the job, e.g. `voice 1`, `footage 2`, `scene 2`, `end card`."""
    kind: str
    """`product`, `script`, `voice`, `footage`, `segment`, `card`, `music`, `sound`, `film`, `qa` ..."""
    stage: str
    """The stage it belongs to."""
    state: Literal["pending", "started", "done", "reused", "failed"]
    """`reused` was found finished and cost nothing."""
    maker: dict[str, Any]
    """`name` and `model` of who makes it; `generated` says whether a model made its content up."""
    cost_usd: float
    """What this job paid for it."""
    seconds: float
    """What making it took."""
    attempt: int
    """The attempt that it was made or found in."""
    files: list[PartFile]
    """What it consists of, once it is finished."""


class Scene(Answered):
    """One of the four scenes, in the order in which they are played."""

    id: int
    """1 to 4; what `regenerate` and edits name it by."""
    position: int
    """Its place in the film, 1 to 4."""
    headline: str
    """Words on screen."""
    subline: str
    """The quieter line under them."""
    points: list[str]
    """Facts shown as a list."""
    voiceover_text: str
    """What the voice says."""
    prompt: str
    """What a video model is asked for."""
    take: int
    """How often it was asked for anew."""
    framing: Framing = "auto"
    """How near the product is, and where it stands."""
    start: float | None = None
    """Second of the film at which it begins; null while there is no script."""
    duration: float | None = None
    """Seconds, overlaps with its neighbours included."""
    assets: dict[str, Part]
    """`voice`, `footage` (where it is bought) and `segment`, as far as they are known."""


class EndCard(Answered):
    """What comes after the scenes."""

    cta: str
    """Text of its button."""
    line: str
    """The short line on it."""
    voiceover: str
    """The sentence that is spoken over it."""
    start: float | None = None
    """Second of the film at which it begins; null while there is no script."""
    duration: float | None = None
    """Seconds."""
    assets: dict[str, Part]
    """`card` and `segment`, as far as they are known."""


class Money(Answered):
    """What a job costs, in dollars."""

    charged_usd: float
    """So far."""
    under_way_usd: float
    """What calls that have not ended can cost at most."""
    possibly_charged_usd: float
    """What calls may have cost whose outcome no vendor could tell."""
    cap_usd: float | None = None
    """What it may cost at most."""
    quoted_usd: float | None = None
    """What was quoted."""


class Version(Answered):
    """Another version of the same ad."""

    job_id: str
    """The job."""
    parent_id: str | None = None
    """The job that it is an edit of."""
    status: Status
    """How it stands."""
    change: str
    """What is different in it, for people."""
    created_at: datetime
    """When it was accepted."""
    video_url: str | None = None
    """Where to download its video."""


class FamilyVersion(Answered):
    """One version of an ad."""

    job_id: str
    """The job."""
    parent_id: str | None = None
    """The job that it is an edit of."""
    number: int
    """1, 2, 3 ... by age, among those that there are."""
    change: str
    """What is different in it, for people; empty for the first."""
    status: Status
    """How it stands."""
    created_at: datetime
    """When it was accepted."""
    cost_usd: float
    """What it cost so far, beyond what the others had paid for."""
    current: bool
    """Whether it is the newest that is finished."""
    links: JobLinks
    """Where to go from here."""


class Versions(Answered):
    """All versions of an ad, the oldest first."""

    items: list[FamilyVersion]
    """The versions; of very many, the newest 500."""


class JobDetail(JobSummary):
    """A job with everything in it."""

    seq: int
    """Of its last event: whoever follows it with `?after=` this misses nothing."""
    stages: list[Stage]
    """The five stages, in order."""
    script: dict[str, Any] | None = None
    """Its script; null while it is not written."""
    scenes: list[Scene]
    """Four, without words while there is no script."""
    end_card: EndCard
    """What comes after them."""
    parts: list[Part]
    """Every part that was begun."""
    money: Money
    """What it costs."""
    ancestors: list[Version]
    """The jobs that it came from, the first one first."""
    children: list[Version]
    """Edits of it, the oldest first."""
    change: str
    """What is different from its parent, for people."""
    has_photo: bool
    """Whether it has a product photo."""
    options: dict[str, Any]
    """How it is made."""


class JobPage(Answered):
    """Some jobs, the newest first."""

    items: list[JobSummary]
    """The jobs."""
    next_cursor: str | None = None
    """Ask again with `cursor=` for the next page; null at the end."""
