"""One job: its stages, its options, its events, its video."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Literal

from badapple.models.layout import FULL, Canvas, Framing

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from badapple.models.brand import Brand


def stamp() -> str:
    """Return the present moment as messages carry it: ISO 8601, UTC, milliseconds, `Z`."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class StageName(StrEnum):
    """The five rows of a job's progress, in four phases."""

    SCRIPT_GEN = "script_gen"  #: the script, with the look at the product photo before it
    VOICE_GEN = "voice_gen"  #: four voiceovers
    VIDEO_GEN = "video_gen"  #: four scenes
    CTA_GEN = "cta_gen"  #: the end card
    COMPOSITING = "compositing"  #: music, mix, seams, assembly, measuring


class JobStatus(StrEnum):
    """What a job row says of its job."""

    PENDING = "pending"  #: accepted, not begun
    PROCESSING = "processing"  #: being made
    COMPLETED = "completed"  #: the video is there
    FAILED = "failed"  #: ended without a video; `error_message` says why
    CANCELLED = "cancelled"  #: stopped by a person


class StageStatus(StrEnum):
    """What a stage row says of its stage."""

    PENDING = "pending"  #: not begun, or stopped because another stage failed
    PROCESSING = "processing"  #: being made
    COMPLETED = "completed"  #: done
    FAILED = "failed"  #: failed for good


@dataclass(frozen=True, slots=True, kw_only=True)
class Makers:
    """Who makes the parts, and what they may cost.

    Attributes:
        provider: `offline`; `cloud` for vendors wherever a part has one; `auto` for those vendors whose key is
            set, where spending is agreed to.
        quality: `fast` or `best`: which video model is the default.
        script_by: `offline` or `claude`; None follows `provider`.
        voice_by: `offline` or `elevenlabs`; None follows `provider`.
        video_by: `offline`, `replicate` or `replicate:OWNER/MODEL`; None follows `provider`.
        cta_by: `offline` or `replicate`; None follows `provider`.
        script_model: a model of Claude's, or None for the default.
        max_cost: micro-dollars that this job may cost at most; None means the configured cap.
        on_failure: what happens to a part whose vendor fails for good: `fail`, or `offline` makes that part offline.
        shared: names the jobs that have one cap together, or None.
        shared_cost: micro-dollars that those jobs may cost at most in all; None where there is no such cap.
    """

    provider: Literal["auto", "offline", "cloud"] = "auto"
    quality: Literal["fast", "best"] = "fast"
    script_by: str | None = None
    voice_by: str | None = None
    video_by: str | None = None
    cta_by: str | None = None
    script_model: str | None = None
    max_cost: int | None = None
    on_failure: Literal["fail", "offline"] = "fail"
    shared: str | None = None
    shared_cost: int | None = None


_EVERYTHING_OFFERED = Makers()


@dataclass(frozen=True, slots=True, kw_only=True)
class MakeOptions:
    """How one video is made, beyond its brief.

    Attributes:
        canvas: FULL, or DRAFT for a quick look.
        fresh: make every part anew.
        music: `style` for the style's bed, `off`, or a path to an audio file.
        captions: burn captions into the picture.
        facts: claims that the user vouches for.
        script: a script of the user's own, or None.
        language: BCP 47 code of the spoken language.
        say: how the product name is pronounced, or None.
        seed: picks among equally good words, moves and notes.
        output: where the video goes; None puts it into the data folder.
        assets_dir: folder that receives the voiceovers, clips and card under plain names, or None.
        makers: who makes the parts, and what they may cost.
        takes: for each scene by its id, how often it was asked for anew; another take is another picture.
        framings: for each scene by its id, one of `FRAMINGS`: how near the product is, and where it stands.
        approval: stop once the script is written, until a person approves it.
        script_from: signature of the maker whose script the file under `script` is an edit of, or None.
        script_for: the call to action that the script is written for, so that variants share it: the job's own takes
            its place afterwards. None where it is written for the job's own.
        brand: the brand kit as it was when the ad was asked for, or None; its call to action is in the brief already.
        logo: the brand's logo, or None.
    """

    canvas: Canvas = FULL
    fresh: bool = False
    music: str = "style"
    captions: bool = True
    facts: tuple[str, ...] = ()
    script: Path | None = None
    language: str = "en"
    say: str | None = None
    seed: int = 0
    output: Path | None = None
    assets_dir: Path | None = None
    makers: Makers = _EVERYTHING_OFFERED
    takes: tuple[int, int, int, int] = (0, 0, 0, 0)
    framings: tuple[Framing, Framing, Framing, Framing] = ("auto", "auto", "auto", "auto")
    approval: bool = False
    script_from: str | None = None
    script_for: str | None = None
    brand: Brand | None = None
    logo: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgressEvent:
    """One step of a job, as watchers see it.

    Attributes:
        job_id: the job.
        stage: a stage name, or `completed`, `cancelled`, `error` at the end.
        progress: percent of the whole job, 0-100, never falling.
        message: a sentence for people.
        timestamp: ISO 8601 UTC with milliseconds and `Z`.
        seq: 1, 2, 3 ... within the job.
        part: the part this is about (`scene 2`, `voice 1`, `seam 3`), or empty.
        part_state: `started`, `done` or `reused` where `part` is set, else empty.
        stage_progress: percent of the stage, 0-100.
        expected: seconds the whole job probably takes, or None where nothing is known yet.
    """

    job_id: str
    stage: str
    progress: int
    message: str
    timestamp: str
    seq: int
    part: str = ""
    part_state: str = ""
    stage_progress: int = 0
    expected: float | None = None

    def to_message(self) -> dict[str, Any]:
        """Return the public shape that Redis, WebSocket and SSE carry."""
        names = ("job_id", "stage", "progress", "message", "timestamp", "seq")
        return {name: getattr(self, name) for name in names}


@dataclass(frozen=True, slots=True, kw_only=True)
class Paid:
    """What one part cost now: who made it, micro-dollars."""

    part: str
    maker: str
    cost: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Video:
    """A finished video and what lies beside it.

    Attributes:
        path: the MP4, absolute; not there any more where only the storage has it, like all that lies beside it.
        poster: JPEG.
        qa: `qa.json`, what was measured on the file.
        manifest: `manifest.json`, who made what.
        srt: captions for players.
        vtt: captions for browsers.
        seconds: length.
        size: bytes.
        cost: micro-dollars.
        stage_seconds: stage name -> wall seconds it took.
        made: parts made now.
        reused: parts found finished.
        warnings: parts that another maker made than was wanted, and soft rules of the measuring that are not met.
        paid: what was paid for now, part by part.
        url: where everybody finds the MP4: its URI in the storage, else its absolute path.
    """

    path: Path
    poster: Path
    qa: Path
    manifest: Path
    srt: Path
    vtt: Path
    seconds: float
    size: int
    cost: int
    stage_seconds: Mapping[str, float]
    made: int
    reused: int
    warnings: tuple[str, ...] = ()
    paid: tuple[Paid, ...] = ()
    url: str = ""
