"""The page of one ad, and its buttons."""

from __future__ import annotations

import json
import secrets
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Path
from starlette.requests import Request
from starlette.responses import Response

from badapple import jobs
from badapple.access import WRITE
from badapple.api.deps import DoorsDep, House, Reader, Writer
from badapple.api.incoming import form_of
from badapple.api.routes.access import GateDep, end_session
from badapple.api.telling import detail_of
from badapple.errors import BadappleError
from badapple.jobs import catalog, deleting, details, edits, files
from badapple.models import FULL
from badapple.process import in_thread
from badapple.storage import shared
from badapple.studio import ordering, words
from badapple.studio.pages import PageRoute, render
from badapple.studio.posters import poster_of
from badapple.studio.showing import expected, go, page_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from badapple.api.job_answers import JobDetail
    from badapple.config import Settings

__all__ = ["router"]

router = APIRouter(route_class=PageRoute)
JobId = Annotated[str, Path(min_length=1, max_length=255)]


@router.api_route("/ads/{job_id}", methods=["GET", "HEAD"])
async def run(request: Request, who: Reader, house: DoorsDep, job_id: JobId) -> Response:
    """Show one ad: how far it is, the video, or why there is none."""
    found = await in_thread(details.detail, job_id, house.settings, owner=who.owner)
    job = detail_of(found, request)
    facts = await in_thread(_more, job, house.settings, who.owner)
    return render(
        request, "run.html", script="run", job=job, may=who.may(WRITE), at=page_of(job_id),
        once=secrets.token_hex(16), **facts,
    )  # fmt: skip


@router.post("/sign-out")
async def sign_out(request: Request, who: Reader, house: DoorsDep, gate: GateDep) -> Response:
    """End the session that somebody came in with."""
    ended = await end_session(house, gate, who, request)
    answer = go("/")
    for name in ("set-cookie", "clear-site-data"):
        answer.headers[name] = ended.headers[name]
    return answer


async def _cancel(house: House, owner: str, job_id: str) -> str:
    await jobs.cancel(job_id, house.settings, owner=owner)
    return page_of(job_id)


async def _retry(house: House, owner: str, job_id: str) -> str:
    await in_thread(jobs.retry, job_id, house.settings, owner=owner)
    return page_of(job_id)


async def _resume(house: House, owner: str, job_id: str) -> str:
    await in_thread(jobs.resume, job_id, house.settings, owner=owner)
    return page_of(job_id)


async def _approve(house: House, owner: str, job_id: str) -> str:
    await in_thread(edits.approve, job_id, house.settings, owner=owner)
    return page_of(job_id)


async def _delete(house: House, owner: str, job_id: str) -> str:
    await in_thread(deleting.delete, job_id, house.settings, owner=owner)
    return "/library"


def _button(verb: str, act: Callable[[House, str, str], Awaitable[str]]) -> Any:
    async def press(request: Request, who: Writer, house: DoorsDep, job_id: JobId) -> Response:
        request.scope["badapple.audit"] = {"action": f"job.{verb}", "target": job_id}
        return go(await act(house, who.owner, job_id))

    return press


for _verb, _act in {
    "cancel": _cancel, "retry": _retry, "resume": _resume, "approve": _approve, "delete": _delete,
}.items():  # fmt: skip
    router.add_api_route(f"/ads/{{job_id}}/{_verb}", _button(_verb, _act), methods=["POST"])


@router.post("/ads/{job_id}/edit")
async def edit(request: Request, who: Writer, house: DoorsDep, job_id: JobId) -> Response:
    """Take in other words of an ad, and go on to the version that is made of them."""
    request.scope["badapple.audit"] = {"action": "job.edit", "target": job_id}  # where it is refused too
    async with form_of(request) as form:
        filled = {name: value for name, value in form.multi_items() if isinstance(value, str)}
    made = await ordering.change(who, house, job_id, filled)
    request.scope["badapple.audit"] = {"action": "job.edit", "target": made, "facts": {"of": job_id}}
    return go(page_of(made))


def _more(job: JobDetail, settings: Settings, owner: str) -> dict[str, Any]:
    """Return what a job's page shows beside the job."""
    draft = int((job.options.get("canvas") or {}).get("width", FULL.width)) < FULL.width
    seconds = expected(settings)["draft" if draft else "full"] if job.status in {"pending", "processing"} else 0.0
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
