"""What a simulated Replicate says of its models, and whether an input is one they take."""

from __future__ import annotations

import base64
import binascii
import hashlib
import io
import urllib.parse
import urllib.request
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from badapple.testing.simulators.schemas import broken

if TYPE_CHECKING:
    from collections.abc import Mapping

    from badapple.testing.simulators.catalogue import Hosted
    from badapple.testing.simulators.traffic import Json

__all__ = ["NEW_PICTURE", "changed", "described", "fetch", "invalid", "output_names", "picture_flaw"]

_PATIENCE = 10.0
_SMALLEST_SIDE = 300
_NARROWEST, _WIDEST = 2 / 5, 5 / 2
NEW_PICTURE = "start_image"  #: what the input that takes a picture is called after a change
_NEW_NAMES = {"first_frame_image": NEW_PICTURE, "image": NEW_PICTURE, "aspect_ratio": "size"}


def described(model: Hosted, address: str) -> Json:
    """Return a model as the API shows it, with the schema of its newest version."""
    owner, _, name = model.id.partition("/")
    version = {
        "id": hashlib.sha256(model.id.encode()).hexdigest(),
        "created_at": "2026-06-01T00:00:00.000000Z",
        "cog_version": "0.14.0",
        "openapi_schema": _openapi(model),
    }
    unknown = dict.fromkeys(("github_url", "paper_url", "license_url", "cover_image_url", "default_example"))
    return unknown | {
        "url": f"{address}/{model.id}",
        "owner": owner,
        "name": name,
        "description": model.about,
        "visibility": "public",
        "is_official": True,
        "run_count": 1000,
        "latest_version": version,
    }


def changed(model: Hosted) -> Hosted:
    """Return the model with one of its inputs under another name."""
    old = next(name for name in _NEW_NAMES if name in model.inputs)
    inputs = {_NEW_NAMES[old] if name == old else name: schema for name, schema in model.inputs.items()}
    required = tuple(_NEW_NAMES[old] if name == old else name for name in model.required)
    picture = _NEW_NAMES[old] if model.picture == old else model.picture
    return replace(model, inputs=inputs, required=required, picture=picture)


def invalid(model: Hosted, inputs: Json) -> list[str]:
    """Return what is wrong with an input, in the vendor's words; empty where nothing is."""
    known = dict(model.inputs)
    missing = [f"{name} is required" for name in model.required if name not in inputs]
    strange = [f"Additional property {name} is not allowed" for name in inputs if name not in known]
    schema = {"type": "object", "properties": known}
    return [*missing, *strange, *(said.replace("(top): ", "") for said in broken(schema, inputs))]


def output_names(model: Hosted, inputs: Mapping[str, Any]) -> list[str]:
    """Return the names of the files that a run with this input makes."""
    if "output_format" in model.inputs:
        return [
            f"out-{number}.{inputs.get('output_format', 'webp')}" for number in range(int(inputs.get("num_outputs", 1)))
        ]
    return ["out-0.mp4"]


def fetch(source: str, uploads: Mapping[str, bytes]) -> bytes | None:
    """Return the bytes behind a data URL, an uploaded file's URL or any other; None where there are none."""
    if source.startswith("data:"):
        head, _, data = source.partition(",")
        try:
            return base64.b64decode(data, validate=True) if head.endswith(";base64") else None
        except binascii.Error:
            return None
    upload = urllib.parse.urlsplit(source).path.removeprefix("/v1/files/").partition("/")[0]
    if upload in uploads:
        return uploads[upload]
    try:
        with urllib.request.urlopen(source, timeout=_PATIENCE) as answer:  # noqa: S310 - the caller's own address
            return bytes(answer.read())
    except (OSError, ValueError):
        return None


def picture_flaw(model: Hosted, picture: bytes | None) -> str:
    """Return why a model cannot use a picture; empty where it can."""
    from PIL import Image, UnidentifiedImageError  # noqa: PLC0415 - only pictures need it

    if picture is None:
        return "Failed to download the input file"
    try:
        with Image.open(io.BytesIO(picture)) as opened:
            width, height = opened.size
            opened.load()
    except (OSError, UnidentifiedImageError):
        return "cannot identify image file"
    if model.id.startswith("minimax/hailuo"):
        if min(width, height) <= _SMALLEST_SIDE:
            return f"The short side of the image must be over {_SMALLEST_SIDE} px"
        if not _NARROWEST <= width / height <= _WIDEST:
            return "The aspect ratio of the image must be between 2:5 and 5:2"
    return ""


def _openapi(model: Hosted) -> Json:
    inputs, choices = {}, {}
    for order, (name, schema) in enumerate(model.inputs.items()):
        if "enum" in schema:  # as the vendor writes it: a choice is a schema of its own
            kept = {key: value for key, value in schema.items() if key not in {"enum", "type"}}
            choices[name] = {
                "title": name,
                "description": "An enumeration.",
                "type": schema["type"],
                "enum": schema["enum"],
            }
            inputs[name] = {"allOf": [{"$ref": f"#/components/schemas/{name}"}], **kept, "x-order": order}
        else:
            inputs[name] = {"title": name.replace("_", " ").capitalize(), **schema, "x-order": order}
    uri = {"type": "string", "format": "uri", "title": "Output"}
    output = {"type": "array", "items": {"type": "string", "format": "uri"}, "title": "Output"} if model.lists else uri
    schemas = {
        "Input": {"type": "object", "title": "Input", "required": list(model.required), "properties": inputs},
        "Output": output,
        **choices,
    }
    return {
        "openapi": "3.0.2",
        "info": {"title": "Cog", "version": "0.1.0"},
        "paths": {},
        "components": {"schemas": schemas},
    }
