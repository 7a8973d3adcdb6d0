"""Light or dark: kept in a cookie, so that the first thing a page shows is right already."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from fastapi import APIRouter, Form
from starlette.requests import Request
from starlette.responses import Response

from badapple.api.routes.access import GateDep
from badapple.studio.pages import THEME, PageRoute
from badapple.studio.showing import go

__all__ = ["router"]

_YEAR = 365 * 24 * 3600
_OWN = re.compile(r"/(?![/\\])[\x21-\x5b\x5d-\x7e]{0,6000}")  #: a path of this server, nothing that leads elsewhere

router = APIRouter(route_class=PageRoute)


@router.post("/theme")
async def choose(
    request: Request,
    gate: GateDep,
    theme: Annotated[Literal["system", "light", "dark"], Form()] = "system",
    back: Annotated[str, Form(max_length=65536)] = "/",
) -> Response:
    """Keep what somebody chose, and lead back to where they were; nobody has to say who they are."""
    answer = go(back if _OWN.fullmatch(back) else "/")
    secure = gate.cookie(request)[1]
    chosen = "" if theme == "system" else theme
    # Scripts set it too: it says nothing that they should not know.
    answer.set_cookie(THEME, chosen, max_age=_YEAR if chosen else 0, path="/", secure=secure, samesite="lax")
    return answer
