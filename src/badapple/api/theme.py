"""Light or dark, as somebody chose it for the pages that they see."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.requests import Request

__all__ = ["THEME", "theme_of"]

THEME = "badapple_theme"  #: the cookie: `light`, `dark`, or none where the system says it


def theme_of(request: Request) -> str:
    """Return `light` or `dark`, or nothing where the system says it."""
    theme = request.cookies.get(THEME, "")
    return theme if theme in {"light", "dark"} else ""
