"""What Claude answered, read and measured."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, StringConstraints, ValidationError

from badapple.providers.anthropic.guard import Vouched, offences
from badapple.providers.anthropic.question import MOST_PICTURE
from badapple.providers.anthropic.schemas import Motion, Shot  # noqa: TC001 - pydantic reads them

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pydantic_core import ErrorDetails

    from badapple.providers.anthropic.guard import Kind

__all__ = ["Cta", "Message", "ScenePart", "ScriptParts", "message", "picture_facts", "script_parts"]


def _one_line(value: object) -> object:
    return " ".join(value.split()) if isinstance(value, str) else value


_Words = Annotated[str, BeforeValidator(_one_line)]
Headline = Annotated[_Words, StringConstraints(min_length=1, max_length=36)]
Line = Annotated[_Words, StringConstraints(max_length=56)]
Spoken = Annotated[_Words, StringConstraints(min_length=1, max_length=320)]
Filmed = Annotated[_Words, StringConstraints(min_length=12, max_length=900)]
Button = Annotated[_Words, StringConstraints(max_length=60)]
Closing = Annotated[_Words, StringConstraints(max_length=200)]


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Message(_Table):
    """The vendor's envelope.

    Attributes:
        content: blocks; those of type `text` are the answer.
        stop_reason: why it ended.
        stop_details: of a refusal, or None.
    """

    content: tuple[dict[str, Any], ...]
    stop_reason: str | None = None
    stop_details: dict[str, Any] | None = None

    @property
    def text(self) -> str:
        """The answer."""
        texts = (block.get("text") for block in self.content if block.get("type") == "text")
        return "".join(text for text in texts if isinstance(text, str))


class ScenePart(_Table):
    """Words of one scene."""

    shot: Shot
    motion: Motion
    headline: Headline
    subline: Line
    voiceover_text: Spoken
    video_prompt: Filmed


class Cta(_Table):
    """Words of the end card."""

    text: Button
    line: Line
    voiceover: Closing


class ScriptParts(_Table):
    """Words of a whole film."""

    scene_1: ScenePart
    scene_2: ScenePart
    scene_3: ScenePart
    scene_4: ScenePart
    cta: Cta

    @property
    def scenes(self) -> tuple[ScenePart, ScenePart, ScenePart, ScenePart]:
        """The four scenes in order."""
        return self.scene_1, self.scene_2, self.scene_3, self.scene_4

    def texts(self) -> Iterator[tuple[str, str, Kind]]:
        """Yield every text as its place in the answer, itself, and what it is for."""
        for number, scene in enumerate(self.scenes, start=1):
            yield f"scene_{number}.headline", scene.headline, "shown"
            yield f"scene_{number}.subline", scene.subline, "shown"
            yield f"scene_{number}.voiceover_text", scene.voiceover_text, "voice"
            yield f"scene_{number}.video_prompt", scene.video_prompt, "film"
        yield "cta.text", self.cta.text, "shown"
        yield "cta.line", self.cta.line, "shown"
        yield "cta.voiceover", self.cta.voiceover, "voice"


class _Seen(_Table):
    category: str = ""
    visible_text: tuple[Any, ...] = ()
    colors: tuple[Any, ...] = ()
    materials: tuple[Any, ...] = ()
    shape: Any = ""
    do_not_change: tuple[Any, ...] = ()
    setting_ideas: tuple[Any, ...] = ()


class _Picture(_Table):
    product: _Seen


#: How many entries of each list are kept, and how long each may be.
_LISTS = {
    "visible_text": (10, 60),
    "colors": (6, 24),
    "materials": (6, 40),
    "do_not_change": (6, 60),
    "setting_ideas": (4, 60),
}
_LONGEST_SHAPE = 200


def message(raw: bytes) -> Message:
    """Read the vendor's envelope.

    Raises:
        ValueError: it is none.
    """
    try:
        return Message.model_validate(json.loads(raw))
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def script_parts(text: str) -> tuple[ScriptParts | None, list[str]]:
    """Read a script; what breaks a length is named by its place."""
    try:
        return ScriptParts.model_validate(_json(text)), []
    except ValidationError as error:
        return None, [_fault(item) for item in error.errors()]
    except (ValueError, RecursionError) as error:
        return None, [f"the answer is not one JSON object: {error}"]


def picture_facts(text: str, *, prompts: Sequence[str]) -> dict[str, Any] | None:
    """Read a picture's description, without whatever in it speaks to a model or advertises; None where it is none."""
    try:
        seen = _Picture.model_validate(_json(text)).product
    except (ValueError, RecursionError):  # a ValidationError is a ValueError
        return None
    judge = Vouched.of((), prompts=prompts)
    facts: dict[str, Any] = {"category": seen.category if re.fullmatch(r"[a-z]{2,12}", seen.category) else "default"}
    for name, (count, length) in _LISTS.items():
        entries = (_entry(entry, length, judge) for entry in getattr(seen, name))
        facts[name] = [entry for entry in dict.fromkeys(entries) if entry][:count]
    facts["shape"] = _entry(seen.shape, _LONGEST_SHAPE, judge)
    while len(json.dumps(facts, ensure_ascii=False)) > MOST_PICTURE:
        max((facts[name] for name in _LISTS), key=lambda entries: len("".join(entries))).pop()
    return facts


def _entry(value: object, length: int, judge: Vouched) -> str:
    text = " ".join(value.split()) if isinstance(value, str) else ""
    return "" if len(text) > length or offences(text, judge, "seen") else text


def _json(text: str) -> Any:
    return json.loads(text.strip().removeprefix("```json").removesuffix("```"))


def _fault(error: ErrorDetails) -> str:
    where = ".".join(map(str, error["loc"])) or "the answer"
    limits, given = error.get("ctx", {}), error["input"]
    length = len(given) if isinstance(given, str) else 0
    if "max_length" in limits:
        return f"{where}: has {length} characters; at most {limits['max_length']} fit"
    if "min_length" in limits:
        return f"{where}: is {'too short' if length else 'empty'}"
    return f"{where}: {error['msg'][:1].lower()}{error['msg'][1:]}"
