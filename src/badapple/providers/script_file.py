"""A script of the user's own, read from a JSON file."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from badapple import styles
from badapple.errors import ScriptError
from badapple.media.timeline import plan_lengths, speaking_seconds
from badapple.models import FPS, OVERLAP, SCENES, TOTAL_FRAMES, Maker, Scene, Script, forbidden_in
from badapple.ports import WorksHere
from badapple.product.handed import read_handed

if TYPE_CHECKING:
    from pathlib import Path

    from badapple.models import Brief, Product, SceneOffer

__all__ = ["FileScriptWriter", "read_script"]

_MOST_BYTES = 64 * 1024
_SHORTEST_SCENE, _SHORTEST_CTA = 45, 75  #: frames
_HINT = "the README shows a script file; `total_duration` is 30, and there are four scenes with ids 1 to 4"

Short = Annotated[str, StringConstraints(strip_whitespace=True, max_length=60)]
Named = Annotated[str, StringConstraints(strip_whitespace=True, max_length=100)]
Fact = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
Spoken = Annotated[str, StringConstraints(strip_whitespace=True, max_length=300)]
Prompt = Annotated[str, StringConstraints(strip_whitespace=True, max_length=2000)]
Seconds = Annotated[float, Field(gt=0, le=30, allow_inf_nan=False)]


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _Scene(_Table):
    id: Literal[1, 2, 3, 4]
    duration: Seconds | None = None
    voiceover_text: Spoken = ""
    video_prompt_template: Prompt = ""
    headline: Named = ""
    subline: Named = ""
    points: tuple[Fact, ...] = Field((), max_length=3)
    frames: int | None = None  # written by badapple itself; `duration` says the same


class _File(_Table):
    scenes: tuple[_Scene, ...] = Field(min_length=SCENES, max_length=SCENES)
    total_duration: Annotated[float, Field(ge=0, le=3600, allow_inf_nan=False)] | None = None
    style: str | None = None
    product_name: Named | None = None
    cta: Short = ""
    cta_voiceover: Spoken | None = None
    cta_line: Short = ""
    spoken_name: Named | None = None
    cta_frames: int | None = None  # follows from the scenes
    order: tuple[int, ...] | None = None  # ids in the order in which they are played; by id where it is missing


class FileScriptWriter(WorksHere):
    """Reads the script from a file; what it claims is the user's own.

    Args:
        path: JSON in the public shape, 64 KiB at most; durations may be left out and then follow from the texts.
        style_dirs: folders with the user's own styles.
        origin: signature of the maker whose script the file is an edit of, or None.
    """

    def __init__(self, path: Path, *, style_dirs: tuple[Path, ...] = (), origin: str | None = None) -> None:
        self._path = path
        self._reader = _Reader(called=f"the script {path}", style_dirs=style_dirs)
        self.maker = _maker(origin)

    async def write(self, brief: Brief, product: Product, offer: SceneOffer) -> Script:  # noqa: ARG002 - the file knows its product
        """Return the file's script, with the brief's name, style and CTA where those are given.

        Raises:
            ScriptError: the file cannot be read or breaks a rule; names the field.
        """
        raw = read_handed(self._path, what="script", most=_MOST_BYTES, error=ScriptError)
        return self._reader.script(raw, brief=brief, offer=offer)


def read_script(raw: bytes, *, brief: Brief, offer: SceneOffer, style_dirs: tuple[Path, ...] = ()) -> Script:
    """Return the script that a caller sent, by the rules of one in a file.

    Args:
        raw: JSON in the public shape.
        brief: its name, style and CTA are taken where they are given.
        offer: what the scene renderer sells.
        style_dirs: folders with the user's own styles.

    Raises:
        ScriptError: it breaks a rule; names the field.
    """
    if len(raw) > _MOST_BYTES:
        raise ScriptError(f"the script has {len(raw) / 1024:.0f} KiB; at most {_MOST_BYTES // 1024} KiB fit")
    return _Reader(called="the script", style_dirs=style_dirs).script(raw, brief=brief, offer=offer)


def _maker(origin: str | None) -> Maker:
    """Return who the script is by: an edit of what a model wrote is still, in part, what a model wrote."""
    if origin is None:
        return Maker(name="file", model="script-1", generated=False)
    name, _, model = origin.partition(":")
    by = Maker(name=name, model=model, generated=True)
    return Maker(name="file", model=f"script-1, an edit of {origin}", generated=by.hosted)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reader:
    """Reads scripts.

    Attributes:
        called: how errors name it.
        style_dirs: folders with the user's own styles.
    """

    called: str
    style_dirs: tuple[Path, ...]

    def script(self, raw: bytes, *, brief: Brief, offer: SceneOffer) -> Script:
        """Return the script.

        Raises:
            ScriptError: it breaks a rule; names the field.
        """
        body = self._read(raw)
        cta = " ".join((brief.cta_text or body.cta).split())
        if not cta:
            raise self._wrong("cta", "is missing, and no --cta is given")
        name = " ".join((brief.product_name or body.product_name or "").split())
        play = body.order or range(1, SCENES + 1)
        scenes = sorted(body.scenes, key=lambda scene: play.index(scene.id))
        voice = f"{cta.rstrip('.')}." if body.cta_voiceover is None else body.cta_voiceover
        lengths, cta_frames = self._lengths(scenes, voice, brief=brief, offer=offer)
        script = Script(
            style=brief.style, product_name=name, cta=cta, cta_line=body.cta_line, cta_voiceover=voice,
            cta_frames=cta_frames,
            scenes=tuple(_scene(scene, frames) for scene, frames in zip(scenes, lengths, strict=True)),
            spoken_name=name if body.spoken_name is None else body.spoken_name,
        )  # fmt: skip
        self._refuse_forbidden(script, brief.forbidden)
        return script

    def _read(self, raw: bytes) -> _File:
        try:
            body = _File.model_validate(json.loads(raw.decode("utf-8-sig")))
        except ValidationError as error:
            first = error.errors()[0]
            raise self._wrong(_field(first["loc"]), first["msg"][:1].lower() + first["msg"][1:]) from error
        except (ValueError, RecursionError) as error:
            raise ScriptError(f"{self.called} is not JSON: {error}", hint=_HINT) from error
        if sorted(scene.id for scene in body.scenes) != list(range(1, SCENES + 1)):
            raise self._wrong("scenes", "the ids are not 1, 2, 3 and 4")
        if body.order is not None and sorted(body.order) != list(range(1, SCENES + 1)):
            raise self._wrong("order", "does not name the scenes 1, 2, 3 and 4, each once")
        if body.total_duration is not None and round(body.total_duration * FPS) != TOTAL_FRAMES:
            raise self._wrong("total_duration", f"is {body.total_duration:g} instead of {TOTAL_FRAMES // FPS}")
        return body

    def _refuse_forbidden(self, script: Script, words: tuple[str, ...]) -> None:
        for where, text in script.texts:
            if word := forbidden_in(text, words):
                raise ScriptError(
                    f"{self.called}: {where}: says {word!r}, which the brand kit forbids",
                    hint="write it otherwise, take the word out of the brand kit, or ask for the ad without the kit",
                )

    def _lengths(
        self, scenes: list[_Scene], cta_voice: str, *, brief: Brief, offer: SceneOffer
    ) -> tuple[tuple[int, ...], int]:
        given = [None if scene.duration is None else round(scene.duration * FPS) for scene in scenes]
        frames = tuple(length for length in given if length is not None)
        if not frames:
            style = styles.load(brief.style, self.style_dirs)
            texts = [*(scene.voiceover_text for scene in scenes), cta_voice]
            needs = [speaking_seconds(text, style.voice.pace) for text in texts]
            return plan_lengths(needs, bpm=style.music.bpm, offer=offer)
        for scene, length in zip(scenes, given, strict=True):
            where = f"scenes.{scene.id}.duration"
            if length is None:
                raise self._wrong(where, "is missing: give all four durations, or none")
            if length < _SHORTEST_SCENE:
                raise self._wrong(where, f"is {length / FPS:g} s; the shortest scene lasts {_SHORTEST_SCENE / FPS:g} s")
            if offer.lengths and length not in offer.lengths:
                sold = ", ".join(f"{choice / FPS:g}" for choice in offer.lengths)
                raise self._wrong(where, f"is {length / FPS:g} s; this renderer films scenes of {sold} s")
        rest = TOTAL_FRAMES - sum(frames) + SCENES * OVERLAP
        if rest < _SHORTEST_CTA:
            most = (TOTAL_FRAMES + SCENES * OVERLAP - _SHORTEST_CTA) / FPS
            said = f"the durations add up to {sum(frames) / FPS:g} s; at most {most:g} s leave room for the end card"
            raise self._wrong("scenes", said)
        return frames, rest

    def _wrong(self, field: str, why: str) -> ScriptError:
        return ScriptError(f"{self.called}: {field}: {why}", hint=_HINT)


def _scene(scene: _Scene, frames: int) -> Scene:
    return Scene(
        id=scene.id, frames=frames, headline=scene.headline, subline=scene.subline, points=scene.points,
        voiceover_text=" ".join(scene.voiceover_text.split()), video_prompt_template=scene.video_prompt_template,
    )  # fmt: skip


def _field(location: tuple[Any, ...]) -> str:
    """Return the place in the file as people count: `scenes.2.headline`."""
    return ".".join(str(part + 1) if isinstance(part, int) else str(part) for part in location) or "the file"
