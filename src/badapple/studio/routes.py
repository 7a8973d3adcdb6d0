"""The pages, and the forms on them."""

from __future__ import annotations

import json
import secrets
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Path, Query
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from badapple import jobs
from badapple.access import WRITE
from badapple.api import cursors
from badapple.api.deps import DoorsDep, House, Reader, Writer
from badapple.api.routes.access import GateDep, end_session
from badapple.api.telling import detail_of, summary_of
from badapple.errors import BadappleError
from badapple.jobs import JobOrder, catalog, deleting, details, edits, files, pages, pricing
from badapple.models import DRAFT, FULL, MakeOptions
from badapple.process import in_thread
from badapple.storage import shared
from badapple.studio import ordering, words
from badapple.studio.pages import ERRORS, PageRoute, Problem, problem_page, render, told
from badapple.studio.posters import poster_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from badapple.access import Principal
    from badapple.api.job_answers import JobDetail
    from badapple.config import Settings

__all__ = ["router"]

_SHELF = 24  #: ads of one page of the library
_CTAS = ("Shop now", "Learn more", "Order today", "Get yours")
_FRESH: dict[str, str] = {"style": "minimal", "product_name": "", "cta_text": ""}

router = APIRouter(route_class=PageRoute, include_in_schema=False)
JobId = Annotated[str, Path(min_length=1, max_length=255)]


@router.api_route("/", methods=["GET", "HEAD"])
async def front(
    request: Request,
    who: Reader,
    house: DoorsDep,
    *,
    q: Annotated[str, Query(max_length=100)] = "",
    status: Annotated[str, Query(max_length=16)] = "",
    cursor: Annotated[str, Query(max_length=4096)] = "",
) -> Response:
    """Show the form for a new ad, and the ads that there are."""
    shelf = await _shelf(request, who, house, q=q, status=status, cursor=cursor)
    return await _front(request, who, house, shelf=shelf)


@router.post("/videos/generate")
async def generate(request: Request, who: Writer, house: DoorsDep) -> Response:
    """Take the form in, and go on to the page of its job."""
    values: Mapping[str, str] = _FRESH
    try:
        async with ordering.filled(request) as form:
            values = {**_FRESH, **form.values}
            job_id = await ordering.submit(request, who, house, form)
    except ERRORS as error:
        problem = told(request, error)
        if problem.status in {413, 415}:  # what came in was not read to its end: there is nothing to show again
            return problem_page(request, problem)
        shelf = await _shelf(request, who, house)
        return await _front(request, who, house, shelf=shelf, values=values, problem=problem)
    request.scope["badapple.audit"] = {"action": "job.create", "target": job_id}
    return _go(_page_of(job_id))


@router.api_route("/ads/{job_id}", methods=["GET", "HEAD"])
async def run(request: Request, who: Reader, house: DoorsDep, job_id: JobId) -> Response:
    """Show one ad: how far it is, the video, or why there is none."""
    found = await in_thread(details.detail, job_id, house.settings, owner=who.owner)
    job = detail_of(found, request)
    facts = await in_thread(_more, job, house.settings, who.owner)
    return render(request, "run.html", script="run", job=job, may=who.may(WRITE), at=_page_of(job_id), **facts)


@router.post("/sign-out")
async def sign_out(request: Request, who: Reader, house: DoorsDep, gate: GateDep) -> Response:
    """End the session that somebody came in with."""
    ended = await end_session(house, gate, who, request)
    answer = _go("/")
    answer.headers["set-cookie"] = ended.headers["set-cookie"]
    return answer


async def _cancel(house: House, owner: str, job_id: str) -> str:
    await jobs.cancel(job_id, house.settings, owner=owner)
    return _page_of(job_id)


async def _retry(house: House, owner: str, job_id: str) -> str:
    await in_thread(jobs.retry, job_id, house.settings, owner=owner)
    return _page_of(job_id)


async def _resume(house: House, owner: str, job_id: str) -> str:
    await in_thread(jobs.resume, job_id, house.settings, owner=owner)
    return _page_of(job_id)


async def _approve(house: House, owner: str, job_id: str) -> str:
    await in_thread(edits.approve, job_id, house.settings, owner=owner)
    return _page_of(job_id)


async def _delete(house: House, owner: str, job_id: str) -> str:
    await in_thread(deleting.delete, job_id, house.settings, owner=owner)
    return "/#library"


def _button(verb: str, act: Callable[[House, str, str], Awaitable[str]]) -> Any:
    async def press(request: Request, who: Writer, house: DoorsDep, job_id: JobId) -> Response:
        request.scope["badapple.audit"] = {"action": f"job.{verb}", "target": job_id}
        return _go(await act(house, who.owner, job_id))

    return press


for _verb, _act in {
    "cancel": _cancel, "retry": _retry, "resume": _resume, "approve": _approve, "delete": _delete,
}.items():  # fmt: skip
    router.add_api_route(f"/ads/{{job_id}}/{_verb}", _button(_verb, _act), methods=["POST"])


async def _shelf(
    request: Request, who: Principal, house: House, *, q: str = "", status: str = "", cursor: str = ""
) -> dict[str, Any]:
    """Return a page of the library."""
    asked = {"q": q.strip() or None, "status": status or None}
    after = cursors.read(house.signer, cursor, owner=who.owner, asked=asked) if cursor else None
    page = await in_thread(pages.page, house.settings, who.owner, limit=_SHELF, after=after, **asked)
    further = ""
    if page.next is not None:
        there = cursors.write(house.signer, page.next, owner=who.owner, asked=asked)
        further = "/?" + urlencode({"q": q, "status": status, "cursor": there}) + "#library"
    items = [summary_of(view, request) for view in page.items]
    pages_of = {job.job_id: _page_of(job.job_id) for job in items}
    return {"items": items, "pages": pages_of, "q": q, "status": status, "further": further, "paged": bool(cursor)}


async def _front(
    request: Request,
    who: Principal,
    house: House,
    *,
    shelf: Mapping[str, Any],
    values: Mapping[str, str] = _FRESH,
    problem: Problem | None = None,
) -> Response:
    seconds = await in_thread(_expected, house.settings)
    status = problem.status if problem is not None else 200
    return render(
        request, "new.html", script="new", status=status, headers=problem.headers if problem else None, values=values,
        problem=problem, shelf=shelf, ctas=_CTAS,
        posters=[poster_of(one) for one in await in_thread(catalog.styles, house.settings)],
        limits=catalog.limits(house.settings), seconds=seconds, may=who.may(WRITE), once=secrets.token_hex(16),
    )  # fmt: skip


def _expected(settings: Settings) -> dict[str, float]:
    """Return how long an ad takes from now: whole, and as a draft."""
    orders = {"full": MakeOptions(), "draft": MakeOptions(canvas=DRAFT)}
    return {
        name: pricing.expected_seconds(JobOrder(product_name="x", style="minimal", options=options), settings)
        for name, options in orders.items()
    }


def _more(job: JobDetail, settings: Settings, owner: str) -> dict[str, Any]:
    """Return what a job's page shows beside the job."""
    draft = int((job.options.get("canvas") or {}).get("width", FULL.width)) < FULL.width
    seconds = _expected(settings)["draft" if draft else "full"] if job.status in {"pending", "processing"} else 0.0
    done = job.status == "completed" and job.video_url is not None
    looks = catalog.styles(settings)
    drawn = poster_of(next((one for one in looks if one.name == job.style), looks[0]))
    found = _findings(job.job_id, settings, owner) if done else []
    return {"seconds": seconds, "draft": draft, "drawn": drawn, "findings": found}


def _findings(job_id: str, settings: Settings, owner: str) -> list[words.Finding]:
    try:
        found = files.find(job_id, "qa", settings, owner=owner, storage=shared(settings))
        try:
            return words.quality(json.loads(b"".join(found.content.read(0, found.content.size))))
        finally:
            found.content.close()
    except (BadappleError, ValueError, KeyError, TypeError, AttributeError):  # the page is good without it
        return []


def _page_of(job_id: str) -> str:
    return f"/ads/{quote(job_id, safe='')}"


def _go(where: str) -> Response:
    return RedirectResponse(where, status_code=303, headers={"cache-control": "no-store"})
