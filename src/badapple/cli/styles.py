"""`badapple styles`: the looks there are."""

from __future__ import annotations

import json
from typing import Annotated

import typer


def styles(
    *,
    as_json: Annotated[bool, typer.Option("--json", help="As a JSON list on standard output.")] = False,
) -> int:
    """List the styles, your own included."""
    from badapple import styles as looks  # noqa: PLC0415 - loads pydantic
    from badapple.config import get_settings  # noqa: PLC0415

    folders = get_settings().style_dirs
    found = [looks.load(name, folders) for name in looks.known(folders)]
    if as_json:
        typer.echo(json.dumps([{"name": look.name, "title": look.title, "summary": look.summary} for look in found]))
        return 0
    width = max((len(look.name) for look in found), default=0)
    for look in found:
        typer.echo(f"{look.name:<{width}}  {look.summary}")
    return 0
