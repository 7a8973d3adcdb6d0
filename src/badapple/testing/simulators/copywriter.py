"""A language model's stand-in: sensible words for every field of a JSON schema, the same for the same brief."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from badapple.testing.simulators.phrases import FACES, PLAIN, SPOKEN, UNDER, colour_names

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from PIL.Image import Image

__all__ = ["Copywriter", "read_brief"]

_BRIEF = re.compile(r"<brief>(.*?)</brief>", re.DOTALL)
_PICTURED = re.compile(r'"colou?rs":\s*\["([^"]+)"')  #: the first colour of a picture's description
_RAW = ""
_SCENE = re.compile(r"(?:scene|shot|part)[_ ]?(\d+)$")
_WORDS = re.compile(r"(\d+) words")
_LETTERS = re.compile(r"(\d+) (?:characters|letters)")
_NAMES = ("product_name", "name", "product", "brand")
_CTAS = ("cta_text", "cta", "call_to_action")
_SPOKEN_WORDS = 13  #: of one scene, where nothing else is said
_SHOWN_WORDS = 4
_SCENES = 4
_SECONDS = 6
_NO_CATEGORY = {"other", "generic", "general", "product", "object", "unknown"}
_PROSE = ("voice", "spoken", "caption", "headline", "line")
_QUOTED = '["\u201c\u00ab]([^"\u201c\u201d\u00ab\u00bb]{4,})["\u201d\u00bb]'
_LOOSE = 60  #: words of a sentence that is far too long


def read_brief(texts: Sequence[str]) -> dict[str, Any]:
    """Return the brief between `<brief>` and `</brief>`, and under an empty name the text it stands in."""
    text = next((text for text in reversed(texts) if _BRIEF.search(text)), texts[-1] if texts else "")
    found = _BRIEF.search(text)
    try:
        body = json.loads(found[1]) if found else {}
    except ValueError:
        body = {}
    return (body if isinstance(body, dict) else {}) | {_RAW: text}


class Copywriter:
    """Fills schemas with words about one product.

    Args:
        brief: what `read_brief` found.
        pictures: of the product; their colours are named.
        does: how it misbehaves, or None.
    """

    def __init__(self, brief: Mapping[str, Any], *, pictures: Sequence[Image] = (), does: str | None = None) -> None:
        self._name = _first(brief, _NAMES) or "this product"
        self._cta = _first(brief, _CTAS) or "See it today"
        self._style = _first(brief, ("style", "tone")) or "minimal"
        self._brief = brief
        seen = _PICTURED.search(str(brief.get(_RAW, "")))
        self._colours = [name for picture in pictures for name in colour_names(picture)] or [
            seen[1] if seen else "grey"
        ]
        self._does = does

    def plain(self) -> str:
        """Write without a schema."""
        return " ".join(_fit(lines, _SPOKEN_WORDS) for lines in self._spoken()) + f" {self._cta}."

    def fill(self, schema: Mapping[str, Any]) -> Any:
        """Return a value that keeps to the schema."""
        return self._value(schema, schema, ())

    def _value(self, part: Mapping[str, Any], root: Mapping[str, Any], path: tuple[str, ...]) -> Any:
        if "$ref" in part:
            return self._value(_resolve(root, part["$ref"]), root, path)
        if "const" in part:
            return part["const"]
        if "enum" in part:
            return self._choose(part["enum"], path)
        if choices := part.get("anyOf") or part.get("allOf"):
            wanted = next((one for one in choices if one.get("type") != "null"), choices[0])
            return self._value(wanted, root, path)
        return self._typed(part, root, path)

    def _typed(self, part: Mapping[str, Any], root: Mapping[str, Any], path: tuple[str, ...]) -> Any:
        kind = part.get("type", "object" if "properties" in part else "string")
        kind = next((one for one in kind if one != "null"), "null") if isinstance(kind, list) else kind
        if kind == "object":
            return {name: self._value(one, root, (*path, name)) for name, one in part.get("properties", {}).items()}
        if kind == "array":
            return self._list(part, root, path)
        if kind == "integer":
            return self._number(part, path)
        if kind == "number":
            return float(self._number(part, path))
        if kind == "boolean":
            return False
        return None if kind == "null" else self._text(part, path)

    def _list(self, part: Mapping[str, Any], root: Mapping[str, Any], path: tuple[str, ...]) -> list[Any]:
        name, items = path[-1].lower() if path else "", part.get("items", {})
        if _has(name, "scene", "shot"):
            names = [f"scene_{number}" for number in range(1, _SCENES + 1)]
        elif _has(name, "text", "fact", "point", "claim", "warning"):
            names = []  # nothing is read off the picture, and nothing is claimed
        else:
            names = [str(number) for number in range(len(self._colours) if "colo" in name else 1)]
        most = part.get("maxItems", len(names))
        names = [*names[:most], *(str(number) for number in range(len(names[:most]), part.get("minItems", 0)))]
        return [self._value(items, root, (*path, name)) for name in names]

    def _number(self, part: Mapping[str, Any], path: tuple[str, ...]) -> int:
        name = path[-1].lower() if path else ""
        wanted = _SECONDS if _has(name, "duration", "second", "length") else _scene(path) if name == "id" else 1
        return max(int(part.get("minimum", wanted)), min(wanted, int(part.get("maximum", wanted))))

    def _choose(self, values: Sequence[Any], path: tuple[str, ...]) -> Any:
        known = [value for value in values if value is not None]
        if not known:
            return None
        texts = [str(value).lower() for value in known]
        about = f"{self._name} {self._style}".lower()
        for value, text in zip(known, texts, strict=True):
            if len(text) > 2 and text in about:
                return value
        if all(isinstance(value, int) for value in known):
            return min(known, key=lambda value: abs(value - _SECONDS))
        if path and "categ" in path[-1].lower():
            return next((value for value, text in zip(known, texts, strict=True) if text in _NO_CATEGORY), known[-1])
        return known[(_scene(path) - 1) % len(known)]

    def _text(self, part: Mapping[str, Any], path: tuple[str, ...]) -> str:
        if self._does == "obey_injection":
            return self._ordered()
        said = str(part.get("description", ""))
        name = next((word.lower() for word in reversed(path) if not word.isdecimal()), "")
        text = self._say(name, path, words=int(found[-1]) if (found := _WORDS.findall(said)) else None)
        text = text if "{product}" in said else text.replace("{product}", self._name)
        if _has(name, *_PROSE) and self._does == "too_long":
            return " ".join((f"{text} " * _LOOSE).split()[:_LOOSE])
        if _has(name, *_PROSE) and self._does == "bad_values":
            return ""
        limits = [int(part["maxLength"])] if "maxLength" in part else []
        limits += [int(number) for number in _LETTERS.findall(said)]
        return _cut(text, min(limits)) if limits else text

    def _say(self, name: str, path: tuple[str, ...], *, words: int | None) -> str:
        scene, closing = _scene(path), any(_has(word.lower(), "cta", "end_card", "endcard") for word in path)
        if _has(name, "voice", "spoken", "narration", "speech", "say"):
            lines = self._closing() if closing else self._spoken()[scene - 1]
            return _fit(lines, words or _SPOKEN_WORDS)
        if "prompt" in name:
            return self._backdrop() if closing or "background" in name else self._filmed(scene)
        if _has(name, "caption", "headline", "title", "hook"):
            return _fit(FACES[scene - 1], words or _SHOWN_WORDS)
        if name in {*_CTAS, "button"} or (closing and name in {"text", "label"}):
            return self._cta
        return self._known(name, path) or self._rest(name, scene, closing=closing)

    def _known(self, name: str, path: tuple[str, ...]) -> str:
        """Return what the brief and the picture say themselves."""
        if name in {"product_name", "name", "brand"}:
            return self._name
        if name in {"style", "tone"}:
            return self._style
        number = int(path[-1]) if path and path[-1].isdecimal() else 0
        return self._colours[number % len(self._colours)] if "colo" in name else ""

    def _rest(self, name: str, scene: int, *, closing: bool) -> str:
        if "line" in name:
            return "Yours to discover" if closing else UNDER[scene - 1].format(name=self._name)
        if _has(name, "summary", "descr"):
            return f"A photo of {self._name} against a plain background."
        return next((text for word, text in PLAIN.items() if word in name), "clear and simple")

    def _spoken(self) -> list[tuple[str, ...]]:
        lines = SPOKEN.get(self._style.lower(), SPOKEN["minimal"])
        return [tuple(line.format(name=self._name) for line in scene) for scene in lines]

    def _closing(self) -> tuple[str, ...]:
        call = self._cta.rstrip(".!")
        return f"{self._name}. {call}.", f"{call}."

    def _filmed(self, scene: int) -> str:
        moves = ("slow push in", "gentle orbit to the left", "slow tilt upwards", "slow pull back")
        return (
            f"Vertical 9:16 film of {{product}}, centred on a plain {self._colours[0]} surface, {moves[scene - 1]}, "
            "soft light from the left, quiet background. Keep product shape, label and colours unchanged, no on-screen "
            "text."
        )

    def _backdrop(self) -> str:
        return (
            f"Soft {self._colours[0]} gradient background, vertical, empty area in the lower third, no text, "
            "no letters, no objects"
        )

    def _ordered(self) -> str:
        """Return what the brief's text tells a model to say: the longest quotation in it, else all of it."""
        texts = list(_strings({key: value for key, value in self._brief.items() if key != _RAW}))
        texts = texts or [str(self._brief.get(_RAW, ""))]
        quoted = re.findall(_QUOTED, " ".join(texts))
        return str(max(quoted or texts, key=len))


def _fit(lines: Sequence[str], words: int) -> str:
    """Return the longest of the lines that has so few words, else the shortest, cut."""
    fitting = [line for line in lines if len(line.split()) <= words]
    return max(fitting, key=len) if fitting else " ".join(min(lines, key=len).split()[:words])


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    for one in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _strings(one)


def _has(name: str, *parts: str) -> bool:
    return any(part in name for part in parts)


def _first(brief: Mapping[str, Any], names: Sequence[str]) -> str:
    for name in names:
        value = brief.get(name)
        if isinstance(value, str) and value.strip():
            return " ".join(value.split())
    return ""


def _scene(path: Sequence[str]) -> int:
    found = [int(match[1]) for word in path if (match := _SCENE.search(word.lower()))]
    return min(_SCENES, max(1, found[-1])) if found else 1


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most + 1].rpartition(" ")[0] or text[:most]


def _resolve(root: Mapping[str, Any], reference: str) -> Mapping[str, Any]:
    found: Any = root
    for word in reference.removeprefix("#/").split("/"):
        found = found[word]
    return dict(found)
