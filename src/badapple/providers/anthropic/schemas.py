"""The JSON schemas that Claude's answers are decoded by."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, get_args

from badapple.product.category import CATEGORIES

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Motion", "Shot", "picture", "script"]

Shot = Literal["wide shot", "medium shot", "close-up", "macro detail", "top view", "low angle"]
Motion = Literal[
    "slow push in", "slow pull back", "gentle orbit", "slide sideways", "slow tilt", "handheld follow", "locked off"
]


def picture() -> dict[str, Any]:
    """Return the schema of a picture's description."""
    return _object(
        product=_object(
            category={"type": "string", "enum": list(CATEGORIES)},
            visible_text=_list("words printed on the product, letter for letter"),
            colors=_list("a plain colour name"),
            materials=_list("what a surface looks like"),
            shape=_text("the outline and its parts, at most 20 words"),
            do_not_change=_list("a visible part that must stay as it is"),
            setting_ideas=_list("a quiet place that suits the product"),
        )
    )


def script(most_words: Sequence[int]) -> dict[str, Any]:
    """Return the schema of a script: the decoder itself sees to it that there are four scenes."""
    scenes = {f"scene_{number}": _scene(words) for number, words in enumerate(most_words, start=1)}
    cta = _object(
        text=_text("the brief's cta_text letter for letter, or a call of at most 4 words"),
        line=_text("a quiet line for the end card, at most 36 characters"),
        voiceover=_text("one short sentence that ends with the call to action, at most 12 words"),
    )
    return _object(**scenes, cta=cta)


def _scene(words: int) -> dict[str, Any]:
    return _object(
        shot={"type": "string", "enum": list(get_args(Shot))},
        motion={"type": "string", "enum": list(get_args(Motion))},
        headline=_text("2 to 4 words, at most 28 characters"),
        subline=_text("at most 42 characters, or empty"),
        voiceover_text=_text(f"what the voice says, at most {words} words"),
        video_prompt=_text("what the camera films, in English, 25 to 55 words, the product written as {product}"),
    )


def _object(**properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object", "properties": properties, "required": list(properties), "additionalProperties": False,
    }  # fmt: skip


def _text(says: str) -> dict[str, Any]:
    return {"type": "string", "description": says}


def _list(of: str) -> dict[str, Any]:
    return {"type": "array", "items": _text(of)}
