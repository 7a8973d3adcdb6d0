"""The stand-in for a language model."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from badapple.testing.simulators.copywriter import Copywriter, read_brief
from badapple.testing.simulators.phrases import colour_names
from badapple.testing.simulators.schemas import broken

_NAMES = st.sampled_from(
    ["scene_1", "voiceover_text", "colors", "duration", "cta", "headline", "x", "visible_text", "id"]
)
_LEAVES = st.sampled_from(
    [
        {"type": "string"},
        {"type": "string", "maxLength": 12},
        {"type": "integer", "minimum": 3, "maximum": 5},
        {"type": "number"},
        {"type": "boolean"},
        {"type": "null"},
        {"enum": ["a", 2, None]},
        {"const": 7},
        {"type": ["string", "null"]},
        {"anyOf": [{"type": "null"}, {"type": "integer"}]},
    ]
)


def _nested(inner: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    objects = st.dictionaries(_NAMES, inner, max_size=4).map(
        lambda parts: {"type": "object", "properties": parts, "required": list(parts), "additionalProperties": False}
    )
    lists = st.builds(
        lambda items, least, more: {"type": "array", "items": items, "minItems": least, "maxItems": least + more},
        inner, st.integers(0, 5), st.integers(0, 2),
    )  # fmt: skip
    return st.one_of(objects, lists)


@given(schema=st.recursive(_LEAVES, _nested, max_leaves=12))
@settings(max_examples=60, deadline=None)
def test_any_schema_is_kept(schema: dict[str, Any]) -> None:
    assert broken(schema, Copywriter({"product_name": "Blue Mug", "cta_text": "Buy now"}).fill(schema)) == []


def test_references_are_followed() -> None:
    schema = {
        "type": "object",
        "properties": {"scenes": {"type": "array", "items": {"$ref": "#/$defs/scene"}}},
        "$defs": {
            "scene": {"type": "object", "properties": {"id": {"type": "integer"}, "caption": {"type": "string"}}}
        },
    }
    scenes = Copywriter({}).fill(schema)["scenes"]
    assert [scene["id"] for scene in scenes] == [1, 2, 3, 4]
    assert len({scene["caption"] for scene in scenes}) == 4


@pytest.mark.parametrize("words", [3, 6, 9, 13])
@pytest.mark.parametrize("style", ["luxury", "playful", "bold", "nobody knows it"])
def test_no_sentence_is_longer_than_asked(words: int, style: str) -> None:
    name = "The Extraordinary Blue Mug of the North"
    spoken = {f"scene_{n}": {"type": "string", "description": f"voice, at most {words} words"} for n in range(1, 5)}
    schema = {"type": "object", "properties": {"voice": {"type": "object", "properties": spoken}}}
    written = Copywriter({"product_name": name, "style": style}).fill(schema)["voice"]
    assert all(1 <= len(text.split()) <= words for text in written.values())


def test_the_last_brief_counts() -> None:
    texts = ["rules", '<brief>{"name": "A"}</brief>', '<brief>{"name": "B"}</brief> again']
    assert read_brief(texts)["name"] == "B"
    assert read_brief(["<brief>no JSON</brief>"]) == {"": "<brief>no JSON</brief>"}


def test_the_colours_are_those_of_the_picture() -> None:
    picture = Image.new("RGB", (90, 90), (20, 60, 200))
    picture.paste((200, 30, 30), (0, 0, 90, 35))
    assert colour_names(picture) == ["blue", "red"]
