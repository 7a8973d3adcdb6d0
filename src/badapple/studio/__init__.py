"""The studio: pages on which people make ads and watch them being made.

Every page is whole without a script: forms, links, a page that asks again by itself. Where the bundle was built (see
`docs/studio.md`), its scripts make the same pages live.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.routing import Mount, Route

from badapple.studio.assets import STATIC, Built, look_answer
from badapple.studio.bundle import Folder
from badapple.studio.pages import Studio
from badapple.studio.routes import router

if TYPE_CHECKING:
    from pathlib import Path

    from fastapi import FastAPI

__all__ = ["install"]


def install(app: FastAPI, *, static: Path = STATIC) -> None:
    """Add the studio's pages to an application whose `state.doors` is a `House`.

    Args:
        app: the application.
        static: the folder that the bundle was built into; there may be none.
    """
    app.state.studio = Studio(bundle=Folder(static))
    app.include_router(router)
    app.router.routes += [
        Route("/studio/looks/{name}", look_answer),
        Mount("/studio/built", Built(static)),
    ]
