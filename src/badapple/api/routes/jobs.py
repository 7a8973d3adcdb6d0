"""Looking at jobs; ending, repeating and deleting them."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Header, Path, Query
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from badapple import jobs
from badapple.api import cursors
from badapple.api.answers import Deleted, Status
from badapple.api.deps import DoorsDep, Reader, Writer
from badapple.api.documented import ETAG, TO_FILES, TO_JOB, answer, problems
from badapple.api.job_answers import JobDetail, JobPage, JobSummary
from badapple.api.telling import detail_of, summary_of
from badapple.jobs import deleting, details, edits, pages, versions
from badapple.process import in_thread

__all__ = ["JobId", "router"]

router = APIRouter(tags=["jobs"])

JobId = Annotated[str, Path(min_length=1, max_length=255, description="The job.")]
_Short = Query(min_length=1, max_length=255)


@router.get(
    "/jobs",
    operation_id="listJobs",
    summary="List jobs",
    responses={**answer(200, "A page of jobs.", links={
        "NextPage": {"operationId": "listJobs", "parameters": {"cursor": "$response.body#/next_cursor"}},
        "FirstJob": {"operationId": "getJob", "parameters": {"job_id": "$response.body#/items/0/job_id"}},
    })},
)  # fmt: skip
async def listing(
    request: Request,
    who: Reader,
    house: DoorsDep,
    *,
    status: Annotated[Status | None, Query(description="Only those of this status.")] = None,
    q: Annotated[str | None, Query(max_length=100, description="Only those whose product's name holds this.")] = None,
    style: Annotated[str | None, Query(max_length=64, description="Only those of this style.")] = None,
    group_id: Annotated[str | None, Query(max_length=255, description="Only variants of this group.")] = None,
    parent_id: Annotated[str | None, Query(max_length=255, description="Only edits of this job.")] = None,
    limit: Annotated[int, Query(ge=1, le=pages.MOST, description="At most so many.")] = 20,
    cursor: Annotated[
        str | None, Query(max_length=4096, description="`next_cursor` of the page before, with the same filters.")
    ] = None,
) -> JobPage:
    """List your jobs, the newest first."""
    asked: dict[str, Any] = {"status": status, "q": q, "style": style, "group_id": group_id, "parent_id": parent_id}
    after = None if cursor is None else cursors.read(house.signer, cursor, owner=who.owner, asked=asked)
    page = await in_thread(pages.page, house.settings, who.owner, limit=limit, after=after, **asked)
    further = None if page.next is None else cursors.write(house.signer, page.next, owner=who.owner, asked=asked)
    return JobPage(items=[summary_of(view, request) for view in page.items], next_cursor=further)


@router.get(
    "/jobs/{job_id}",
    operation_id="getJob",
    summary="Look at a job",
    response_model=JobDetail,
    responses={
        **answer(200, "The job.", headers=ETAG, links={**TO_JOB, **TO_FILES}),
        304: {"description": "It is as it was.", "headers": ETAG},
        **problems(404),
    },
)
async def get(
    request: Request,
    who: Reader,
    house: DoorsDep,
    job_id: JobId,
    if_none_match: Annotated[str | None, Header(description="`ETag` of the version that you have.")] = None,
) -> Response:
    """Return a job: how far it is, its stages and scenes, what it cost, where its video is, or why there is none."""
    tag = f'W/"{await in_thread(versions.version, job_id, house.settings, owner=who.owner)}"'
    headers = {"etag": tag, "cache-control": "private, no-cache"}
    if _knows(if_none_match, tag):
        return Response(status_code=304, headers=headers)
    found = await in_thread(details.detail, job_id, house.settings, owner=who.owner)
    return JSONResponse(detail_of(found, request).model_dump(mode="json"), headers=headers)


@router.post(
    "/jobs/{job_id}/cancel", operation_id="cancelJob", summary="End a job",
    responses={**answer(200, "It has ended.", links=TO_JOB), **problems(404, 409, 502)},
)  # fmt: skip
async def cancel(request: Request, who: Writer, house: DoorsDep, job_id: JobId) -> JobSummary:
    """End a job: nothing more is sent for it, and vendors are told to stop what they have of it.

    Ending it again tells the vendors again, and is no mistake. `resume` goes on with it.
    """
    await jobs.cancel(job_id, house.settings, owner=who.owner)
    return await _now(request, house, who.owner, job_id)


@router.post(
    "/jobs/{job_id}/retry", status_code=202, operation_id="retryJob", summary="Try a failed job again",
    responses={**answer(202, "It is in the queue again.", links=TO_JOB), **problems(404, 409)},
)  # fmt: skip
async def retry(request: Request, who: Writer, house: DoorsDep, job_id: JobId) -> JobSummary:
    """Try a failed job again: finished parts are kept, what is paid for is not bought again."""
    await in_thread(jobs.retry, job_id, house.settings, owner=who.owner)
    return await _now(request, house, who.owner, job_id)


@router.post(
    "/jobs/{job_id}/resume", status_code=202, operation_id="resumeJob", summary="Go on with a cancelled job",
    responses={**answer(202, "It is in the queue again.", links=TO_JOB), **problems(404, 409)},
)  # fmt: skip
async def resume(request: Request, who: Writer, house: DoorsDep, job_id: JobId) -> JobSummary:
    """Go on with a cancelled job: finished parts are kept, what is paid for is not bought again."""
    await in_thread(jobs.resume, job_id, house.settings, owner=who.owner)
    return await _now(request, house, who.owner, job_id)


@router.post(
    "/jobs/{job_id}/approve", status_code=202, operation_id="approveJob", summary="Approve a job's script",
    responses={**answer(202, "It goes on.", links=TO_JOB), **problems(404, 409)},
)  # fmt: skip
async def approve(request: Request, who: Writer, house: DoorsDep, job_id: JobId) -> JobSummary:
    """Let a job go on that waits for approval of its script (`awaiting` is `approval`)."""
    await in_thread(edits.approve, job_id, house.settings, owner=who.owner)
    return await _now(request, house, who.owner, job_id)


@router.delete("/jobs/{job_id}", operation_id="deleteJob", summary="Delete a job", responses=problems(404, 409))
async def delete(who: Writer, house: DoorsDep, job_id: JobId) -> Deleted:
    """Remove an ended job everywhere: rows, events, video, and files that no other job needs.

    What vendors charged stays in the accounts, without what it was for.
    """
    purged = await in_thread(deleting.delete, job_id, house.settings, owner=who.owner)
    return Deleted(job_id=job_id, files=purged.files, bytes=purged.bytes)


async def _now(request: Request, house: DoorsDep, owner: str, job_id: str) -> JobSummary:
    view = await in_thread(jobs.get, job_id, house.settings, owner=owner)
    return summary_of(view, request)


def _knows(header: str | None, tag: str) -> bool:
    """Say whether `If-None-Match` names this version; its strength does not matter (RFC 9110, 13.1.2)."""
    if header is None:
        return False
    known = {one.strip().removeprefix("W/") for one in header.split(",")}
    return "*" in known or tag.removeprefix("W/") in known
