"""One photo, several ads: styles by last words, side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Path
from starlette.requests import Request
from starlette.responses import Response

from badapple.access import WRITE
from badapple.api.deps import DoorsDep, House, Reader
from badapple.api.telling import summary_of
from badapple.errors import NotFoundError
from badapple.jobs import catalog, pages
from badapple.jobs.variants import MOST
from badapple.process import in_thread
from badapple.studio.offering import offered
from badapple.studio.pages import PageRoute, render
from badapple.studio.showing import posters, tiles

if TYPE_CHECKING:
    from badapple.access import Principal

__all__ = ["router"]

_FEW, _SEEN = 6, 4  #: groups that the form's page shows, and ads of each

router = APIRouter(route_class=PageRoute)


@router.api_route("/variants", methods=["GET", "HEAD"])
async def variants(request: Request, who: Reader, house: DoorsDep) -> Response:
    """Show the form for several ads at once."""
    return render(
        request, "variants.html", script="variants", posters=await in_thread(posters, house.settings),
        limits=catalog.limits(house.settings), offer=await in_thread(offered, house.settings), most=MOST,
        may=who.may(WRITE), groups=await in_thread(_newest, request, who, house),
    )  # fmt: skip


@router.api_route("/variants/{group_id}", methods=["GET", "HEAD"])
async def group(
    request: Request, who: Reader, house: DoorsDep, group_id: Annotated[str, Path(min_length=1, max_length=255)]
) -> Response:
    """Show the ads of one group beside each other."""
    page = await in_thread(pages.page, house.settings, who.owner, group_id=group_id, limit=pages.MOST)
    if not page.items:
        raise NotFoundError("there are no such variants", hint="they were deleted, or never made")
    jobs = [summary_of(view, request) for view in reversed(page.items)]
    return render(
        request, "group.html", script="variants", group_id=group_id, tiles=tiles(jobs, {}),
        posters=await in_thread(posters, house.settings), may=who.may(WRITE),
    )  # fmt: skip


def _newest(request: Request, who: Principal, house: House) -> list[dict[str, Any]]:
    """Return the newest groups, each with some of its ads."""
    found = []
    for name in pages.groups(house.settings, who.owner, limit=_FEW):
        page = pages.page(house.settings, who.owner, group_id=name, limit=pages.MOST)
        jobs = [summary_of(view, request) for view in reversed(page.items)]
        if jobs:
            there = f"/variants/{quote(name, safe='')}"
            found.append({"page": there, "tiles": tiles(jobs[:_SEEN], {}), "many": len(jobs), "first": jobs[0]})
    return found
