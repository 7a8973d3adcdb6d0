"""The frozen values that flow between the stages of one video."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

FPS = 30  #: frames a second of every video
WIDTH, HEIGHT = 1080, 1920  #: px of the finished video; all layout is written in this space
TOTAL_FRAMES = 900  #: 30 s
OVERLAP = 15  #: frames that two neighbouring scenes share in their transition
SCENES = 4  #: filmed scenes before the CTA scene


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


class Family(StrEnum):
    """How the scenes are staged, by what the photo allows."""

    CUTOUT = "cutout"  #: the product stands free of its background
    PHOTO = "photo"  #: the photo is shown whole, as a framed or full-bleed picture
    TYPE = "type"  #: no usable picture: words carry the film


@dataclass(frozen=True, slots=True, kw_only=True)
class Canvas:
    """Size and effort of the encoded picture.

    Attributes:
        width: px, even.
        height: px, even.
        preset: x264 preset.
        crf: x264 constant rate factor.
    """

    width: int = WIDTH
    height: int = HEIGHT
    preset: str = "veryfast"
    crf: int = 20

    @property
    def scale(self) -> float:
        """Canvas px per layout px (layout is always 1080x1920)."""
        return self.width / WIDTH


FULL = Canvas()
DRAFT = Canvas(width=270, height=480, preset="ultrafast", crf=28)


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A rectangle in layout px (1080x1920 space), top left inclusive, bottom right exclusive."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def width(self) -> float:
        """Px from left to right."""
        return self.right - self.left

    @property
    def height(self) -> float:
        """Px from top to bottom."""
        return self.bottom - self.top

    def holds(self, other: Box) -> bool:
        """Say whether the other box lies wholly inside this one."""
        return (
            self.left <= other.left
            and self.top <= other.top
            and self.right >= other.right
            and self.bottom >= other.bottom
        )

    def meets(self, other: Box) -> bool:
        """Say whether the two boxes share any area."""
        return (
            self.left < other.right and other.left < self.right and self.top < other.bottom and other.top < self.bottom
        )


#: Where text may stand so that no platform's own buttons cover it: the worst case of TikTok, Reels and Shorts.
SAFE_ZONE = Box(left=120, top=220, right=960, bottom=1480)
#: Where captions stand, inside the safe zone; scenes keep the product's face and their own text out of it.
CAPTION_BAND = Box(left=120, top=1270, right=960, bottom=1470)


@dataclass(frozen=True, slots=True, kw_only=True)
class TextBox:
    """Text on screen: where and when.

    Attributes:
        text: what is written.
        box: layout px, at its rest position.
        start: first frame, counted from the scene's own first frame.
        end: frame after the last.
    """

    text: str
    box: Box
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Maker:
    """Who made a part: it enters the part's key and the manifest.

    Attributes:
        name: provider, e.g. `offline` or `replicate`.
        model: model or method with its version, e.g. `hibari-0.2.1/heart`.
        generated: True where a generative model made it, False where it is composited or rule-made.
    """

    name: str
    model: str
    generated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Brief:
    """What the user asked for.

    Attributes:
        product_name: 1 to 100 characters.
        style: name of a style.
        cta_text: used word for word; empty asks the script writer for one.
        photo: the product photo, or None.
        facts: claims that the user vouches for; no other claim may appear.
        language: BCP 47 code of the spoken language.
        seed: picks among equally good words, moves and notes.
        say: how the product name is pronounced, or None.
    """

    product_name: str
    style: str
    cta_text: str
    photo: Path | None = None
    facts: tuple[str, ...] = ()
    language: str = "en"
    seed: int = 0
    say: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Swatch:
    """A colour of the product: sRGB bytes and the share of product pixels near it (0-1)."""

    rgb: tuple[int, int, int]
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """What is known of the product picture; the files lie beside it under fixed names.

    Attributes:
        family: how scenes may be staged.
        photo: `photo.png`, RGB or RGBA, upright, re-encoded, longest side <= 2160 px; None without a picture.
        cutout: `cutout.png`, RGBA, cropped to the product; None unless family is CUTOUT.
        size: px of `photo.png`.
        subject: box of the product in `photo.png`, px (the whole picture where unknown).
        focus: point of interest in `photo.png`, fractions of width and height.
        palette: product colours, largest share first; may be empty.
        accent: the liveliest product colour, or None.
        category: `drink`, `shoe`, `apparel`, ... or `default`, from the words of the name.
        confidence: 0-1, of the cut-out.
        source_size: px of the picture as it was handed in, upright.
        reason: why the family was chosen, in words.
    """

    family: Family
    photo: Path | None
    cutout: Path | None
    size: tuple[int, int]
    subject: tuple[int, int, int, int]
    focus: tuple[float, float]
    palette: tuple[Swatch, ...]
    accent: tuple[int, int, int] | None
    category: str
    confidence: float
    source_size: tuple[int, int]
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SceneOffer:
    """What a scene renderer sells.

    Attributes:
        lengths: scene lengths in frames it can deliver, ascending; empty means any length.
        frames: True where it hands out `Frames` drawn on demand, False where it hands out clip files.
    """

    lengths: tuple[int, ...] = ()
    frames: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """One filmed scene of the script.

    Attributes:
        id: 1-4.
        frames: length, overlaps with its neighbours included.
        headline: few words on screen, may be empty.
        subline: a quieter line under it, may be empty.
        points: user-given facts shown as a list, may be empty.
        voiceover_text: what the voice says.
        video_prompt_template: what a video model is asked for.
    """

    id: int
    frames: int
    headline: str
    subline: str
    points: tuple[str, ...]
    voiceover_text: str
    video_prompt_template: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """Four scenes and the CTA scene; 900 frames in all.

    Attributes:
        cta: text of the button, word for word.
        cta_line: a short line on the end card, may be empty.
        cta_voiceover: the sentence that voice 4 ends with; it starts on the card's first frame.
        cta_frames: length of the CTA scene, its overlap with scene 4 included.
        spoken_name: what the voice calls the product, or empty where it cannot be spoken.
    """

    style: str
    product_name: str
    cta: str
    scenes: tuple[Scene, ...]
    cta_line: str
    cta_voiceover: str
    cta_frames: int
    spoken_name: str

    @property
    def starts(self) -> tuple[int, ...]:
        """First frame of each scene and of the CTA scene on the film's timeline: 5 numbers."""
        starts = [0]
        for scene in self.scenes:
            starts.append(starts[-1] + scene.frames - OVERLAP)
        return tuple(starts)

    @property
    def total_frames(self) -> int:
        """Length of the film."""
        return self.starts[-1] + self.cta_frames

    def to_json(self) -> dict[str, Any]:
        """Return the script in the public shape (durations in seconds)."""
        body = asdict(self)
        body["total_duration"] = self.total_frames / FPS
        for scene in body["scenes"]:
            scene["duration"] = scene["frames"] / FPS
        return body

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> Self:
        """Read what `to_json` wrote."""
        names = ("id", "frames", "headline", "subline", "voiceover_text", "video_prompt_template")
        scenes = tuple(
            Scene(points=tuple(item["points"]), **{name: item[name] for name in names}) for item in body["scenes"]
        )
        rest = ("style", "product_name", "cta", "cta_line", "cta_voiceover", "cta_frames", "spoken_name")
        return cls(scenes=scenes, **{name: body[name] for name in rest})


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """A spoken word: text as shown, start and end in seconds from the start of its file."""

    text: str
    start: float
    end: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Utterance:
    """A run of speech that is placed on the timeline as a whole.

    Attributes:
        start: seconds in the voice file where it begins.
        end: seconds where it ends.
        words: its words, times from the start of the file.
    """

    start: float
    end: float
    words: tuple[Word, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Voice:
    """A finished voiceover: an MP3 (44.1 kHz, mono, 128 kbit/s) and where its words are.

    Attributes:
        path: the MP3.
        duration: seconds.
        utterances: one for each text of the order (voice 4 has two: its scene's and the CTA sentence).
        speed: pace relative to the voice's own.
    """

    path: Path
    duration: float
    utterances: tuple[Utterance, ...]
    speed: float


@dataclass(frozen=True, slots=True, kw_only=True)
class VoiceOrder:
    """What a speech synthesizer is asked for.

    Attributes:
        texts: utterances to speak, in order (one, or two for voice 4); an empty text is silence.
        slots: seconds that each utterance may last, same order.
        style: name of the style (voice and pace come from it).
        language: BCP 47 code.
        seed: makes it repeatable.
        pronounce: (written, said) pairs, e.g. `("Nuvé", "noo-vay")`.
    """

    texts: tuple[str, ...]
    slots: tuple[float, ...]
    style: str
    language: str = "en"
    seed: int = 0
    pronounce: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SceneOrder:
    """What a scene renderer is asked for: one scene, complete in itself.

    Attributes:
        scene: the script's scene.
        style: name of the style.
        product_name: shown where the scene shows the name.
        product: the analysed picture.
        canvas: size of the frames wanted.
        seed: makes it repeatable.
        take: 0 first, +1 for each regenerate.
    """

    scene: Scene
    style: str
    product_name: str
    product: Product
    canvas: Canvas = FULL
    seed: int = 0
    take: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class CardOrder:
    """What an image painter is asked for: the end card."""

    product_name: str
    cta: str
    line: str
    style: str
    product: Product
    seed: int = 0
    take: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """The finished end card.

    Attributes:
        path: `cta.png`, RGB, 1080x1920.
        boxes: its text.
        button: where the button is, layout px.
        product: where the product is, layout px, or None.
    """

    path: Path
    boxes: tuple[TextBox, ...]
    button: Box
    product: Box | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MusicOrder:
    """What a music source is asked for: a bed of `seconds`, whose cuts fall on `cuts` (seconds)."""

    style: str
    seconds: float
    cuts: tuple[float, ...]
    seed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Clip:
    """A scene as a file, from a vendor or a user."""

    path: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetRequest:
    """An order for one asset, made of scalars and the keys of other assets only.

    Attributes:
        kind: `product`, `script`, `voice`, `card`, `music`, `segment`, ...
        params: scalars and nested tuples and mappings of scalars; JSON after `json.dumps`.
        inputs: name -> digest of an asset or blob it is made from.
        stage: the stage it belongs to.
        label: few words for people, e.g. `scene 2`.
        schema: raised whenever the making of this kind changes.
    """

    kind: str
    params: Mapping[str, Any]
    inputs: Mapping[str, str] = field(default_factory=dict)
    stage: StageName = StageName.COMPOSITING
    label: str = ""
    schema: int = 1

    def identity(self) -> str:
        """Return the canonical JSON that the asset's key is the hash of."""
        body = {"kind": self.kind, "params": self.params, "inputs": dict(self.inputs), "schema": self.schema}
        return json.dumps(body, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """A finished asset: files on the local disk and what is known of them.

    Attributes:
        key: SHA-256 of the request's identity, hex.
        kind: as requested.
        files: name -> path, all present and of the recorded size.
        digest: SHA-256 over the names and contents of its files and its facts; what depends on it names this.
        facts: JSON values that describe it.
        maker: who made it.
        seconds: what making it took.
        cost: micro-dollars.
        reused: True where it was there already.
    """

    key: str
    kind: str
    files: Mapping[str, Path]
    digest: str
    facts: Mapping[str, Any]
    maker: Maker
    seconds: float
    cost: int = 0
    reused: bool = False


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
class Video:
    """A finished video and what lies beside it.

    Attributes:
        path: the MP4, absolute.
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
        warnings: soft rules of the measuring that are not met.
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
