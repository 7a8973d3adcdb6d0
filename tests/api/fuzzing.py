"""Hooks of schemathesis: what a schema cannot say of photos and of keys that may be used once."""

from __future__ import annotations

import io
import uuid
from typing import Any

import schemathesis
from hypothesis import strategies as st
from PIL import Image


def _photo(kind: str) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (64, 64), (170, 90, 30)).save(out, format=kind)
    return out.getvalue()


PHOTOS = {kind: _photo(kind) for kind in ("JPEG", "PNG", "WEBP", "GIF")}

for _kind, _data in PHOTOS.items():
    schemathesis.openapi.media_type(f"image/{_kind.lower()}", st.just(_data))
schemathesis.openapi.media_type("image/heic", st.just(PHOTOS["PNG"]))  # by content, whatever it is called
schemathesis.openapi.format("binary", st.sampled_from(list(PHOTOS.values())))


@schemathesis.hook
def before_call(_context: schemathesis.HookContext, case: schemathesis.Case[Any], _kwargs: dict[str, Any]) -> None:
    """Give each request a key of its own: the same key for another one is refused, as it should be."""
    for name, value in list((case.headers or {}).items()):
        if name.lower() == "idempotency-key" and str(value).isascii() and str(value).isprintable():
            case.headers[name] = f"{str(value).strip()[:200]}{uuid.uuid4().hex}" if str(value).strip() else value
