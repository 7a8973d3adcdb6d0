"""The studio: pages on which people make ads and watch them being made.

Every page is whole without a script: forms, links, a page that asks again by itself. Where the bundle was built (see
`docs/studio.md`), its scripts make the same pages live.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from fastapi import APIRouter
from starlette.routing import Mount, Route

from badapple.studio.assets import STATIC, Built, look_answer
from badapple.studio.bundle import Folder
from badapple.studio.pages import Studio
from badapple.studio.routes import router

if TYPE_CHECKING:
    from pathlib import Path

    from fastapi import FastAPI
    from starlette.routing import BaseRoute

__all__ = ["install"]


def install(app: FastAPI, *, static: Path = STATIC) -> None:
    """Add the studio's pages to an application whose `state.doors` is a `House`.

    Args:
        app: the application.
        static: the folder that the bundle was built into; there may be none.
    """
    app.state.studio = Studio(bundle=Folder(static))
    app.router.routes += [
        *_pages(),
        Route("/studio/looks/{name}", look_answer),
        Mount("/studio/built", Built(static)),
    ]


@lru_cache(maxsize=1)
def _pages() -> list[BaseRoute]:
    """Return the routes of the pages, the same for every application."""
    pages = APIRouter()
    pages.include_router(router)
    return pages.routes
