"""The first page: the form for a new ad."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Form
from starlette.requests import Request
from starlette.responses import Response

from badapple.access import WRITE
from badapple.api.deps import DoorsDep, House, Reader, Writer
from badapple.api.sampling import SampleRequest
from badapple.jobs import brand, catalog
from badapple.process import in_thread
from badapple.studio import ordering
from badapple.studio.offering import offered
from badapple.studio.pages import ERRORS, PageRoute, Problem, problem_page, render, told
from badapple.studio.showing import expected, go, page_of, posters, shelf

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from badapple.access import Principal

__all__ = ["router"]

_FEW = 6  #: ads on the first page; the library has them all
_FRESH = ordering.FRESH

router = APIRouter(route_class=PageRoute)


@router.api_route("/", methods=["GET", "HEAD"])
async def front(request: Request, who: Reader, house: DoorsDep) -> Response:
    """Show the form for a new ad, and the newest ads that there are."""
    return await _front(request, who, house)


@router.post("/videos/generate")
async def generate(request: Request, who: Writer, house: DoorsDep) -> Response:
    """Take the form in, and go on to the page of its job."""
    values: Mapping[str, str] = _FRESH
    facts: Sequence[str] = ()
    try:
        async with ordering.filled(request) as form:
            values, facts = {**_FRESH, **form.values}, form.facts
            job_id = await ordering.submit(request, who, house, form)
    except ERRORS as error:
        problem = told(request, error)
        if problem.status in {413, 415}:  # what came in was not read to its end: there is nothing to show again
            return problem_page(request, problem)
        return await _front(request, who, house, values=values, facts=facts, problem=problem)
    request.scope["badapple.audit"] = {"action": "job.create", "target": job_id}
    return go(page_of(job_id))


@router.post("/videos/sample")
async def sample(  # noqa: PLR0917 - FastAPI calls it by name
    request: Request,
    who: Writer,
    house: DoorsDep,
    style: Annotated[str, Form(max_length=64)] = "luxury",
    draft: Annotated[bool, Form()] = False,  # noqa: FBT002 - a field of a form
    once: Annotated[str, Form(max_length=64)] = "",
) -> Response:
    """Have an ad made of the photo that comes with badapple, and go on to its page."""
    job_id = await ordering.sample(request, who, house, SampleRequest(style=style, draft=draft), page=once)
    request.scope["badapple.audit"] = {"action": "job.create", "target": job_id}
    return go(page_of(job_id))


async def _front(
    request: Request,
    who: Principal,
    house: House,
    *,
    values: Mapping[str, str] = _FRESH,
    facts: Sequence[str] = (),
    problem: Problem | None = None,
) -> Response:
    newest = await shelf(request, who, house, limit=_FEW)
    seconds = await in_thread(expected, house.settings)
    status = problem.status if problem is not None else 200
    return render(
        request, "new.html", scripts=("new", "library"), status=status, headers=problem.headers if problem else None,
        values=values, facts=facts, problem=problem, shelf=newest, posters=await in_thread(posters, house.settings),
        limits=catalog.limits(house.settings), seconds=seconds, may=who.may(WRITE), once=secrets.token_hex(16),
        offer=await in_thread(offered, house.settings), brand=await in_thread(brand.get, house.settings, who.owner),
    )  # fmt: skip
