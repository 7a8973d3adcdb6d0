"""The script of one film."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Self

from badapple.models.layout import FPS, OVERLAP

if TYPE_CHECKING:
    from collections.abc import Mapping


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
        id: 1-4; it stays the same where scenes change places.
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
        scenes: in the order in which they are played.
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

    @property
    def texts(self) -> tuple[tuple[str, str], ...]:
        """All that is heard or read, each with its place in the script (`scenes.2.headline`)."""
        said = [("cta", self.cta), ("cta_line", self.cta_line), ("cta_voiceover", self.cta_voiceover)]
        for scene in self.scenes:
            own = (("headline", scene.headline), ("subline", scene.subline), ("voiceover_text", scene.voiceover_text))
            points = (("points", point) for point in scene.points)
            said += [(f"scenes.{scene.id}.{name}", text) for name, text in (*own, *points)]
        return tuple(said)

    def to_json(self) -> dict[str, Any]:
        """Return the script in the public shape (durations in seconds)."""
        body = asdict(self)
        body["total_duration"] = self.total_frames / FPS
        for scene in body["scenes"]:
            scene["duration"] = scene["frames"] / FPS
        order = [scene.id for scene in self.scenes]
        if order != sorted(order):
            body["order"] = order
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
