"""The brand kit that the command line works with: the kept one, one in a file, or none."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from badapple.errors import InputError
from badapple.models import Brand

if TYPE_CHECKING:
    from badapple.config import Settings

__all__ = ["KEPT", "OFF", "read_kit"]

KEPT, OFF = "kept", "off"
_KEYS = ("name", "colours", "font", "cta_text", "forbidden", "logo")
_COLOURS = ("accent", "ink", "ground")
_MOST_BYTES = 64 * 1024


def read_kit(value: str, settings: Settings) -> tuple[Brand | None, Path | None]:
    """Return a brand kit and its logo.

    Args:
        value: `kept` for the one in the data folder, if any; `off`; or the path of a TOML file.
        settings: where the kept one is.

    Raises:
        InputError: the file cannot be read, or does not describe a kit; says what is wrong with it.
    """
    if value == OFF:
        return None, None
    from badapple.jobs import brand as kits  # noqa: PLC0415 - loads the database

    if value != KEPT:
        return _of_file(_place(value))
    view = kits.get(settings, "local")
    if view is None or view.brand == Brand():
        return None, None
    return view.brand, kits.logo(settings, "local") if view.logo is not None else None


def _of_file(path: Path) -> tuple[Brand, Path | None]:
    from badapple.jobs import brand as kits  # noqa: PLC0415 - as above
    from badapple.product.handed import read_handed  # noqa: PLC0415 - as above

    raw = read_handed(path, what="brand kit", most=_MOST_BYTES, error=InputError)
    try:
        body = tomllib.loads(raw.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:  # a hostile one is nested too deep
        raise InputError(f"the brand kit {path} is not TOML: {error}") from error
    colours = body.get("colours", {})
    if not isinstance(colours, dict):
        raise _wrong(path, "colours", "is no table")
    for known, table, where in ((_KEYS, body, ""), (_COLOURS, colours, "colours.")):
        if unknown := next((key for key in table if key not in known), None):
            raise _wrong(path, f"{where}{unknown}", f"is not known; there are {', '.join(known)}")
    forbidden = body.get("forbidden", [])
    if not isinstance(forbidden, list) or not all(isinstance(word, str) for word in forbidden):
        raise _wrong(path, "forbidden", "is no list of texts")
    texts: dict[str, Any] = {name: body[name] for name in ("name", "font", "cta_text") if name in body}
    _require_texts(path, {**texts, **colours, **({"logo": body["logo"]} if "logo" in body else {})})
    kit = kits.check(Brand(forbidden=tuple(forbidden), **texts, **colours))
    logo = (path.parent / _place(body["logo"])).absolute() if "logo" in body else None
    if logo is None:
        return kit, None
    if not logo.is_file():
        raise _wrong(path, "logo", f"there is no file {logo}")
    from badapple.cache import sha256_of  # noqa: PLC0415 - as above

    return replace(kit, logo=sha256_of(logo)), logo


def _place(text: str) -> Path:
    """Return a path; what looks like the home of somebody who is not there is the name of a file."""
    try:
        return Path(text).expanduser()
    except RuntimeError:
        return Path(text)


def _require_texts(path: Path, values: dict[str, Any]) -> None:
    for name, value in values.items():
        if not isinstance(value, str):
            raise _wrong(path, name, "is no text")


def _wrong(path: Path, key: str, why: str) -> InputError:
    return InputError(f"the brand kit {path}: {key}: {why}", hint="docs/brand.md shows such a file")
