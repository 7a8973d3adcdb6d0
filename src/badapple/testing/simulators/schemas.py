"""What a JSON schema may say, and whether a value keeps to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jsonschema

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["broken", "unsupported"]

#: What Claude's constrained decoding refuses.
_REFUSED = frozenset(
    [
        "minimum",
        "maximum",
        "exclusiveMinimum",
        "exclusiveMaximum",
        "multipleOf",
        "minLength",
        "maxLength",
        "maxItems",
        "uniqueItems",
        "patternProperties",
        "minProperties",
        "maxProperties",
        "oneOf",
        "not",
        "if",
    ]
)


def unsupported(schema: Mapping[str, Any]) -> str:
    """Return what of a schema Claude's decoder does not take; empty where it takes all."""
    for part in _parts(schema):
        if refused := sorted(_REFUSED & set(part)):
            return f"For {part.get('type', 'this')!r} type, property {refused[0]!r} is not supported"
        if part.get("minItems", 0) not in {0, 1}:
            return "For 'array' type, 'minItems' values other than 0 or 1 are not supported"
        if part.get("type") == "object" and part.get("additionalProperties") is not False:
            return "For 'object' type, 'additionalProperties' must be explicitly set to false"
    return ""


def broken(schema: Mapping[str, Any], value: object) -> list[str]:
    """Return where a value breaks a schema, each as `path: what`."""
    validator = jsonschema.Draft202012Validator(schema)
    return [_said(error) for error in validator.iter_errors(value)]


def _said(error: jsonschema.ValidationError) -> str:
    # Of several ways to be right, the one that the value came nearest to says most.
    nearest = jsonschema.exceptions.best_match([error]) or error
    return f"{'.'.join(map(str, nearest.absolute_path)) or '(top)'}: {nearest.message[-200:]}"


def _parts(schema: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield schema
    for name in ("properties", "$defs", "definitions"):
        for part in (schema.get(name) or {}).values():
            yield from _parts(part)
    for name in ("anyOf", "allOf"):
        for part in schema.get(name) or ():
            yield from _parts(part)
    items = schema.get("items")
    if isinstance(items, dict):
        yield from _parts(items)
