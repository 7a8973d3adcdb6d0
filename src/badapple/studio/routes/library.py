"""The library: all ads, found again and thrown away."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Form, Query
from starlette.requests import Request
from starlette.responses import Response

from badapple import jobs
from badapple.access import WRITE
from badapple.api.deps import DoorsDep, House, Reader, Writer
from badapple.errors import BadappleError
from badapple.jobs import deleting
from badapple.process import in_thread
from badapple.studio.pages import PageRoute, render, told
from badapple.studio.showing import expected, go, posters, shelf

if TYPE_CHECKING:
    from badapple.access import Principal

__all__ = ["router"]

_MANY = 100  #: ads that one form throws away

router = APIRouter(route_class=PageRoute)


@router.api_route("/library", methods=["GET", "HEAD"])
async def library(
    request: Request,
    who: Reader,
    house: DoorsDep,
    *,
    q: Annotated[str, Query(max_length=100)] = "",
    status: Annotated[str, Query(max_length=16)] = "",
    style: Annotated[str, Query(max_length=64)] = "",
    cursor: Annotated[str, Query(max_length=4096)] = "",
) -> Response:
    """Show the ads that there are, the newest first."""
    found = await shelf(request, who, house, asked={"q": q, "status": status, "style": style}, cursor=cursor)
    return await _shown(request, who, house, found)


@router.api_route("/library/delete", methods=["GET", "HEAD"])
async def ask(
    request: Request, who: Writer, house: DoorsDep, job: Annotated[list[str] | None, Query(max_length=_MANY)] = None
) -> Response:
    """Ask whether ads shall be thrown away."""
    wanted = _wanted(job)
    if not wanted:
        return go("/library")
    views = [await in_thread(jobs.get, one, house.settings, owner=who.owner) for one in wanted]
    return render(request, "sure.html", jobs=views)


@router.post("/library/delete")
async def delete(
    request: Request, who: Writer, house: DoorsDep, job: Annotated[list[str] | None, Form(max_length=_MANY)] = None
) -> Response:
    """Throw ads away, and tell what could not be."""
    wanted, kept = _wanted(job), []
    request.scope["badapple.audit"] = {"action": "job.delete", "facts": {"jobs": wanted}}  # if it is cut off too
    for one in wanted:
        try:
            await in_thread(deleting.delete, one, house.settings, owner=who.owner)
        except BadappleError as error:
            kept.append({"name": await _name(one, house, who), "problem": told(request, error)})
    gone = len(wanted) - len(kept)
    facts = {"jobs": wanted, "gone": gone}
    request.scope["badapple.audit"] = {"action": "job.delete", "target": wanted[0] if wanted else "", "facts": facts}
    if not kept:
        return go("/library")
    return await _shown(request, who, house, await shelf(request, who, house), kept=kept, gone=gone)


def _wanted(given: list[str] | None) -> list[str]:
    return [one for one in dict.fromkeys(given or ()) if 0 < len(one) <= 255]


async def _name(job_id: str, house: House, who: Principal) -> str:
    try:
        return (await in_thread(jobs.get, job_id, house.settings, owner=who.owner)).product_name
    except BadappleError:
        return job_id


async def _shown(
    request: Request,
    who: Principal,
    house: House,
    found: dict[str, Any],
    *,
    kept: list[Any] | None = None,
    gone: int = 0,
) -> Response:
    drawn = await in_thread(posters, house.settings)
    seconds = await in_thread(expected, house.settings) if not found["items"] else {"draft": 0.0}
    return render(
        request, "library.html", script="library", status=409 if kept else 200, shelf=found, posters=drawn,
        seconds=seconds, may=who.may(WRITE), kept=kept or [], gone=gone,
    )  # fmt: skip
