"""The settings: who makes the parts, what may be spent, the brand, and who may come in."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from badapple.access import ADMIN, WRITE
from badapple.api.deps import DoorsDep, Reader
from badapple.process import in_thread
from badapple.studio.pages import PageRoute, render
from badapple.studio.showing import posters
from badapple.studio.words import ACTIONS

__all__ = ["router"]

router = APIRouter(route_class=PageRoute)


@router.api_route("/settings", methods=["GET", "HEAD"])
async def settings(request: Request, who: Reader, house: DoorsDep) -> Response:
    """Show the settings; what is in them comes from the API."""
    drawn = await in_thread(posters, house.settings)
    return render(
        request, "settings.html", script="settings", may=who.may(WRITE), admin=who.may(ADMIN), kind=who.kind,
        drawn=next((one for one in drawn if one.name == "minimal"), drawn[0]), actions=ACTIONS,
    )  # fmt: skip
