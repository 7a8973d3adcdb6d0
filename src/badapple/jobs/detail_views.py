"""What is shown of one job: its parts, scenes, money and versions, as values and as JSON."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from badapple.jobs.views import JobView
    from badapple.models import Framing

__all__ = [
    "CardView",
    "ErrorView",
    "FileView",
    "JobDetail",
    "MoneyView",
    "PartView",
    "SceneView",
    "VersionView",
]

_MONEY = frozenset({"cost", "charged", "under_way", "possibly_charged", "cap", "quoted"})


@dataclass(frozen=True, slots=True, kw_only=True)
class FileView:
    """A file of a part, as `part_file` finds it.

    Attributes:
        name: names it within its part, e.g. `footage`.
        media_type: of its content.
        size: bytes.
        sha256: of its content, hex.
    """

    name: str
    media_type: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PartView:
    """One part of a job: a voice, a clip, a segment, the end card, the film ...

    Attributes:
        label: names it within the job, e.g. `voice 1`, `footage 2`, `scene 2`, `end card`.
        kind: `product`, `script`, `voice`, `footage`, `segment`, `card`, `music`, `sound`, `film`, `qa` ...
        stage: the stage it belongs to.
        state: `pending`, `started`, `done`, `reused` or `failed`.
        maker: `name` and `model` of who makes it, and `generated` once it is made; empty for work of badapple's own
            that is under way.
        cost: micro-dollars that this job paid for it.
        seconds: what making it took.
        attempt: the job's attempt that it was made or found in.
        files: what it consists of; empty while it is not finished.
    """

    label: str
    kind: str
    stage: str
    state: str
    maker: Mapping[str, Any]
    cost: int
    seconds: float
    attempt: int
    files: tuple[FileView, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SceneView:
    """One of the four scenes, in the order in which they are played.

    Attributes:
        id: 1-4; what `regenerate` and edits name it by. It stays the same where scenes change places.
        position: 1-4, its place in the film.
        headline: words on screen.
        subline: the quieter line under them.
        points: facts shown as a list.
        voiceover_text: what the voice says.
        prompt: what a video model is asked for.
        take: how often it was asked for anew.
        framing: how near the product is, and where it stands.
        start: second of the film at which it begins, or None while there is no script.
        duration: seconds, overlaps with its neighbours included, or None.
        assets: `voice`, `footage` (where it is bought) and `segment` (as it is in the film), as far as they are known.
    """

    id: int
    position: int
    headline: str = ""
    subline: str = ""
    points: tuple[str, ...] = ()
    voiceover_text: str = ""
    prompt: str = ""
    take: int = 0
    framing: Framing = "auto"
    start: float | None = None
    duration: float | None = None
    assets: Mapping[str, PartView] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class CardView:
    """The end card.

    Attributes:
        cta: text of its button.
        line: the short line on it.
        voiceover: the sentence that is spoken over it.
        start: second of the film at which it begins, or None while there is no script.
        duration: seconds, or None.
        assets: `card` and `segment`, as far as they are known.
    """

    cta: str = ""
    line: str = ""
    voiceover: str = ""
    start: float | None = None
    duration: float | None = None
    assets: Mapping[str, PartView] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class MoneyView:
    """What a job costs, in micro-dollars.

    Attributes:
        charged: so far.
        under_way: what calls that have not ended can cost at most.
        possibly_charged: what calls may have cost whose outcome no vendor could tell.
        cap: what it may cost at most, or None.
        quoted: what its owner was told it would cost, or None.
    """

    charged: int
    under_way: int
    possibly_charged: int
    cap: int | None
    quoted: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorView:
    """Why a job failed.

    Attributes:
        message: for people.
        hint: what to do about it; may be empty.
        type: name of the error, or None.
        reason: one word of the vendor's failure, or None.
        stage: where, or None.
        retryable: whether later it may succeed.
        charged: micro-dollars.
        possibly_charged: micro-dollars.
    """

    message: str
    hint: str
    type: str | None
    reason: str | None
    stage: str | None
    retryable: bool
    charged: int
    possibly_charged: int


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionView:
    """Another version of the same ad.

    Attributes:
        id: the job.
        parent_id: the job that it is an edit of, or None.
        status: as of a job.
        change: what is different in it, for people; empty for the first.
        created_at: when it was accepted.
        video_url: where its video is, or None.
    """

    id: str
    parent_id: str | None
    status: str
    change: str
    created_at: datetime
    video_url: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class JobDetail:
    """A job with everything in it.

    Attributes:
        job: the job.
        seq: of its last event; whoever follows it from here on misses nothing.
        script: in the public shape, or None while it is not written.
        scenes: four, in the order in which they are played; without words while the script is not written.
        end_card: what comes after them.
        parts: every part that was begun, in the order of their names.
        money: what it costs.
        error: why it failed, or None.
        ancestors: the jobs that it came from, the first one first.
        children: edits of it, the oldest first.
        change: what is different from its parent, for people; may be empty.
        awaiting: `approval` where it waits for a person's word, else None.
        options: how it is made, as JSON values.
        has_photo: whether it has a product photo.
    """

    job: JobView
    seq: int
    script: Mapping[str, Any] | None
    scenes: tuple[SceneView, ...]
    end_card: CardView
    parts: tuple[PartView, ...]
    money: MoneyView
    error: ErrorView | None
    ancestors: tuple[VersionView, ...]
    children: tuple[VersionView, ...]
    change: str
    awaiting: str | None
    options: Mapping[str, Any]
    has_photo: bool

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON: the job's own fields, and the rest beside them; moments in ISO 8601, money in dollars."""
        body = asdict(replace(self, job=None))  # type: ignore[arg-type]  # it is written in its own way
        del body["job"]
        return {**self.job.to_json(), **_plain(body)}


def _plain(value: Any) -> Any:
    """Return a value as JSON has it: moments in ISO 8601, amounts of money in dollars."""
    if hasattr(value, "isoformat"):
        return value.isoformat()
    if isinstance(value, dict):
        return dict(_named(str(name), item) for name, item in value.items())
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


def _named(name: str, value: Any) -> tuple[str, Any]:
    if name in _MONEY and (value is None or isinstance(value, int)):
        return f"{name}_usd", None if value is None else value / 1e6
    return name, _plain(value)
