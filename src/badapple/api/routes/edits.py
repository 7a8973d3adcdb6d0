"""Changing an ad: a scene anew, other words, another script."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Path
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from badapple import jobs
from badapple.api.answers import Accepted, EditEstimate, edit_estimate_of
from badapple.api.deps import DoorsDep, House, Reader, Writer
from badapple.api.documented import LOCATION, REPLAYED, TO_JOB, answer, json_of, problems
from badapple.api.edit_schemas import EditEstimateRequest, EditRequest, ScriptRequest
from badapple.api.incoming import json_fields
from badapple.api.job_answers import Versions
from badapple.api.ordering import accepted, once
from badapple.api.routes.jobs import JobId
from badapple.api.routes.videos import IdempotencyKey, replied
from badapple.api.telling import family_version_of
from badapple.jobs import edit_prices, edits, family, idempotency, pricing
from badapple.jobs.changes import Changes
from badapple.process import in_thread

if TYPE_CHECKING:
    from collections.abc import Callable

    from badapple.access import Principal
    from badapple.jobs.idempotency import Answer, Claim

__all__ = ["router"]

router = APIRouter(tags=["jobs"])

_CHILD = {
    **answer(202, "Accepted, as a job of its own.", headers={**LOCATION, **REPLAYED}, links=TO_JOB),
    **problems(402, 404, 409, 507),
}


@router.post(
    "/jobs/{job_id}/scenes/{scene}/regenerate", status_code=202, operation_id="regenerateScene",
    summary="Make a scene anew", response_model=Accepted, responses=_CHILD,
)  # fmt: skip
async def regenerate(  # noqa: PLR0917 - FastAPI calls it by name
    request: Request,
    who: Writer,
    house: DoorsDep,
    job_id: JobId,
    scene: Annotated[int, Path(ge=1, le=4, description="`id` of the scene.")],
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Make the same ad with one scene filmed anew, as a job of its own; the job itself stays as it is.

    All other parts are found finished and cost nothing again. The cap of the job holds for the new one too.
    """

    def queue(claim: Claim | None) -> str:
        return edits.regenerate(job_id, scene, house.settings, owner=who.owner, claim=claim)

    return await _child(request, who, house, job_id, key=idempotency_key, asked={"scene": scene}, queue=queue)


@router.post(
    "/jobs/{job_id}/edits", status_code=202, operation_id="editJob", summary="Change an ad",
    response_model=Accepted, responses=_CHILD, openapi_extra=json_of("EditRequest", {"cta_text": "Try it now"}),
)  # fmt: skip
async def edit(
    request: Request,
    who: Writer,
    house: DoorsDep,
    job_id: JobId,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Make the same ad with something changed, as a job of its own; the job itself stays as it is.

    What is not changed is found finished and costs nothing again.
    """
    wanted = await json_fields(request, EditRequest)
    changes = wanted.changes()

    def queue(claim: Claim | None) -> str:
        return edits.edit(job_id, changes, house.settings, owner=who.owner, claim=claim)

    return await _child(
        request, who, house, job_id, key=idempotency_key, asked=wanted.model_dump(mode="json"), queue=queue
    )


@router.post(
    "/jobs/{job_id}/edits/estimate", operation_id="estimateEdit", summary="Ask what a change would cost",
    responses=problems(404, 409), openapi_extra=json_of("EditEstimateRequest", {"regenerate": 1}),
)  # fmt: skip
async def estimate(request: Request, who: Reader, house: DoorsDep, job_id: JobId) -> EditEstimate:
    """Say what a change of an ad, or a scene anew, would cost in money and time; nothing is bought, sent or queued.

    What was paid for before costs nothing again.
    """
    wanted = await json_fields(request, EditEstimateRequest)
    if wanted.regenerate is not None:
        plan = functools.partial(edits.plan_regenerate, job_id, wanted.regenerate)
    else:
        plan = functools.partial(edits.plan_edit, job_id, wanted.changes())
    planned = await in_thread(plan, house.settings, owner=who.owner)
    async with house.intakes:  # it may look at the photo, and draft a script
        return edit_estimate_of(await edit_prices.price(planned, house.settings))


@router.get(
    "/jobs/{job_id}/versions", operation_id="listVersions", summary="List the versions of an ad",
    responses=problems(404),
)  # fmt: skip
async def versions(request: Request, who: Reader, house: DoorsDep, job_id: JobId) -> Versions:
    """List all versions of the ad that a job is one of: the first, its edits, and theirs, the oldest first."""
    found = await in_thread(family.versions, job_id, house.settings, owner=who.owner)
    return Versions(items=[family_version_of(one, request) for one in found])


@router.post(
    "/jobs/{job_id}/restore", status_code=202, operation_id="restoreJob", summary="Go back to a version",
    response_model=Accepted, responses=_CHILD,
)  # fmt: skip
async def restore(
    request: Request,
    who: Writer,
    house: DoorsDep,
    job_id: JobId,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Make an earlier version the newest one, as a job of its own; all versions stay.

    Its parts are found finished and cost nothing again.
    """

    def queue(claim: Claim | None) -> str:
        return edits.restore(job_id, house.settings, owner=who.owner, claim=claim)

    return await _child(request, who, house, job_id, key=idempotency_key, asked={"restore": True}, queue=queue)


@router.put(
    "/jobs/{job_id}/script", operation_id="putScript", summary="Change a job's script",
    response_model=None, openapi_extra=json_of("ScriptRequest"),
    responses={
        200: {"description": "The script that waits for approval now.", "content": {"application/json": {
            "schema": {"$ref": "#/components/schemas/ScriptAnswer"}
        }}},
        202: {"description": "Accepted, as a job of its own.", "headers": LOCATION, "links": TO_JOB, "content": {
            "application/json": {"schema": {"$ref": "#/components/schemas/Accepted"}}
        }},
        **problems(402, 404, 409, 507),
    },
)  # fmt: skip
async def put_script(
    request: Request,
    who: Writer,
    house: DoorsDep,
    job_id: JobId,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Put another script in the place of a job's own.

    Where the job waits for approval, its script is changed and it goes on waiting (200). Where it has ended, the ad is
    made with this script as a job of its own (202).
    """
    body = (await json_fields(request, ScriptRequest)).model_dump(exclude_none=True)
    view = await in_thread(jobs.get, job_id, house.settings, owner=who.owner)
    if view.awaiting is not None:
        written = await in_thread(edits.put_script, job_id, body, house.settings, owner=who.owner)
        return JSONResponse({"job_id": job_id, "script": dict(written)})
    changes = Changes(script=body)

    def queue(claim: Claim | None) -> str:
        return edits.edit(job_id, changes, house.settings, owner=who.owner, claim=claim)

    return await _child(request, who, house, job_id, key=idempotency_key, asked={"script": body}, queue=queue)


async def _child(
    request: Request,
    who: Principal,
    house: House,
    parent: str,
    *,
    key: str | None,
    asked: dict[str, Any],
    queue: Callable[[Claim | None], str],
) -> Response:
    """Queue an edit, and answer with its job."""

    async def work(claim: Claim | None) -> Answer:
        seconds = await in_thread(_seconds, house, who, parent)
        made = claim is not None and claim.made
        job_id = claim.job_id if claim is not None and made else await in_thread(queue, claim)
        return await in_thread(_told, request, house, who, job_id, seconds=seconds)

    print_ = idempotency.fingerprint({"parent": parent, "path": request.url.path, **asked})
    done = await once(house, who, key, print_, work)
    request.scope["badapple.audit"] = {"target": done.body["job_id"], "facts": {"of": parent}}
    return replied(done)


def _seconds(house: House, who: Principal, parent: str) -> float:
    """Return the seconds that an edit of a job will take at most: as many as the job anew."""
    view = jobs.get(parent, house.settings, owner=who.owner)
    order = jobs.JobOrder(product_name=view.product_name, style=view.style, cta_text=view.cta_text)
    return pricing.expected_seconds(order, house.settings)


def _told(request: Request, house: House, who: Principal, job_id: str, *, seconds: float) -> Answer:
    view = jobs.get(job_id, house.settings, owner=who.owner)
    return accepted(
        request, job_id, seconds=seconds, status=view.status, parent_id=view.parent_id, group_id=view.group_id
    )
