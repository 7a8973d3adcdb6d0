"""What callers may send to change an ad."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from badapple.api.schemas import LANGUAGE, Line, Whole, Words
from badapple.errors import InputError
from badapple.jobs.changes import Changes, SceneChange
from badapple.models import Framing  # noqa: TC001 - pydantic reads the annotations

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["EditEstimateRequest", "EditRequest", "SceneEdit", "ScriptRequest", "ScriptScene"]


def _partial(least: int) -> Callable[[dict[str, Any]], None]:
    """Say in the schema what `_Partial` checks: a field that is there has a value, and so many are there."""

    def say(schema: dict[str, Any]) -> None:
        _without_null(schema)
        schema["minProperties"] = least

    return say


def _without_null(schema: dict[str, Any]) -> None:
    for name, one in schema["properties"].items():
        left = [kind for kind in one.pop("anyOf", ()) if kind != {"type": "null"}]
        schema["properties"][name] = {**(left[0] if left else {}), **one}
        schema["properties"][name].pop("default", None)


class _Partial(BaseModel):
    """What is left out stays as it is."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    @model_validator(mode="before")
    @classmethod
    def _say_something(cls, body: Any) -> Any:
        if isinstance(body, dict):
            for name, value in body.items():
                if value is None:
                    raise ValueError(f"{name[:60]} is null; leave out what shall stay as it is")
            if not set(body) - {"id"}:
                raise ValueError("Nothing is changed; say what shall be different")
        return body


class SceneEdit(_Partial):
    """New words of one scene, or another framing; what is left out stays as it is."""

    model_config = ConfigDict(json_schema_extra=_partial(2))

    id: Annotated[int, Field(ge=1, le=4), Whole]
    """Of the scene."""
    voiceover_text: Annotated[Line, Field(max_length=300)] | None = None
    """What the voice says; empty for silence."""
    headline: Annotated[Line, Field(max_length=100)] | None = None
    """Words on screen."""
    subline: Annotated[Line, Field(max_length=100)] | None = None
    """The quieter line under them."""
    points: Annotated[list[Annotated[Words, Field(min_length=1, max_length=100)]], Field(max_length=3)] | None = None
    """Facts shown as a list."""
    prompt: Annotated[Line, Field(max_length=2000)] | None = None
    """What a video model is asked for."""
    framing: Framing | None = None
    """How near the product is, and where it stands; `auto` leaves that to the scene. A clip that was bought is bought \
anew for it."""


class EditRequest(_Partial):
    """What shall be different; what is left out stays as it is, and costs nothing again."""

    model_config = ConfigDict(json_schema_extra=_partial(1))

    scenes: Annotated[list[SceneEdit], Field(min_length=1, max_length=4)] | None = None
    """New words of scenes, and how they are framed."""
    order: (
        Annotated[
            list[Annotated[int, Field(ge=1, le=4), Whole]],
            Field(min_length=4, max_length=4, json_schema_extra={"uniqueItems": True}),
        ]
        | None
    ) = None
    """Ids of the four scenes in the order in which they shall be played."""
    cta_text: Annotated[Line, Field(max_length=60)] | None = None
    """Call to action, word for word; it is spoken too, unless `cta_voiceover` says something else."""
    cta_line: Annotated[Line, Field(max_length=60)] | None = None
    """The short line on the end card."""
    cta_voiceover: Annotated[Line, Field(max_length=300)] | None = None
    """The sentence that is spoken over the end card."""
    captions: bool | None = None
    """Burn captions into the picture."""
    music: Literal["style", "off"] | None = None
    """The style's own music, or none."""
    style: Annotated[str, Field(min_length=1, max_length=64, examples=["bold"])] | None = None
    """Another look."""
    language: Annotated[str, Field(pattern=LANGUAGE)] | None = None
    """Spoken language, a BCP 47 code."""
    say: Annotated[Words, Field(min_length=1, max_length=100)] | None = None
    """How the product's name is pronounced."""
    voice_by: Literal["offline", "elevenlabs"] | None = None
    """Who speaks."""

    def changes(self) -> Changes:
        """Return them as jobs take them.

        Raises:
            InputError: a scene comes twice.
        """
        scenes = {one.id: _scene_change(one) for one in self.scenes or ()}
        if len(scenes) < len(self.scenes or ()):
            raise InputError("a scene comes twice", hint="say everything about a scene in one place")
        same = {name: getattr(self, name) for name in EditRequest.model_fields if name not in {"scenes", "order"}}
        return Changes(scenes=scenes, order=None if self.order is None else tuple(self.order), **same)


def _scene_change(one: SceneEdit) -> SceneChange:
    return SceneChange(
        voiceover_text=one.voiceover_text, headline=one.headline, subline=one.subline,
        points=None if one.points is None else tuple(one.points), prompt=one.prompt, framing=one.framing,
    )  # fmt: skip


class EditEstimateRequest(EditRequest):
    """An edit whose price is asked for, or a scene anew."""

    regenerate: Annotated[int, Field(ge=1, le=4), Whole] | None = None
    """`id` of a scene that would be made anew; nothing else beside it."""

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if self.regenerate is not None and len(self.model_fields_set) > 1:
            raise ValueError("A scene is made anew, or something is changed; ask for one after the other")
        return self


class ScriptScene(BaseModel):
    """One scene of a script."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    id: Annotated[int, Field(ge=1, le=4), Whole]
    """1 to 4, each once."""
    duration: Annotated[float, Field(gt=0, le=30, allow_inf_nan=False)] | None = None
    """Seconds; give all four, or none: then they follow from the words."""
    voiceover_text: Annotated[str, Field(max_length=300)] = ""
    """What the voice says."""
    video_prompt_template: Annotated[str, Field(max_length=2000)] = ""
    """What a video model is asked for."""
    headline: Annotated[str, Field(max_length=100)] = ""
    """Words on screen."""
    subline: Annotated[str, Field(max_length=100)] = ""
    """The quieter line under them."""
    points: Annotated[list[Annotated[str, Field(min_length=1, max_length=100)]], Field(max_length=3)] = []
    """Facts shown as a list."""
    frames: Annotated[int, Whole] | None = None
    """As `duration` says; taken so that a script that was read can be sent back."""


class ScriptRequest(BaseModel):
    """A whole script: one that `GET /jobs/{job_id}` showed, changed, or one of your own."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    scenes: Annotated[list[ScriptScene], Field(min_length=4, max_length=4)]
    """Four, with the ids 1 to 4."""
    total_duration: Annotated[float, Field(ge=0, le=3600, allow_inf_nan=False)] | None = None
    """30, where it is given."""
    style: str | None = None
    """As of the job."""
    product_name: Annotated[str, Field(max_length=100)] | None = None
    """As of the job."""
    cta: Annotated[str, Field(max_length=60)] = ""
    """Call to action; takes the place of the order's."""
    cta_line: Annotated[str, Field(max_length=60)] = ""
    """The short line on the end card."""
    cta_voiceover: Annotated[str, Field(max_length=300)] | None = None
    """The sentence that is spoken over the end card."""
    spoken_name: Annotated[str, Field(max_length=100)] | None = None
    """How the product's name is written where it is spoken."""
    cta_frames: Annotated[int, Whole] | None = None
    """Follows from the scenes."""
    order: Annotated[list[Annotated[int, Whole]], Field(max_length=4)] | None = None
    """Ids in the order in which they are played."""
