"""The pages, and the forms on them."""

from __future__ import annotations

from fastapi import APIRouter

from badapple.studio.routes import ads, library, making, settings, sharing, theme, variants

__all__ = ["router"]

router = APIRouter(include_in_schema=False)
for _part in (making, ads, library, variants, settings, sharing, theme):
    router.include_router(_part.router)
