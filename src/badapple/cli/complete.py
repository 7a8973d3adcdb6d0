"""Words for the shell to complete; must be quick, so nothing heavy is loaded."""

from __future__ import annotations

import contextlib
from pathlib import Path

from badapple.config import get_settings
from badapple.errors import ConfigError


def styles(typed: str) -> list[str]:
    """Return the styles that begin with what was typed."""
    folders = [Path(__file__).parent.parent / "styles"]  # not badapple.styles.known: importing it loads pydantic
    with contextlib.suppress(ConfigError):
        folders += get_settings().style_dirs
    return sorted({file.stem for folder in folders for file in folder.glob("*.toml") if file.stem.startswith(typed)})
