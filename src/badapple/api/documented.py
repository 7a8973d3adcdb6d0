"""What the OpenAPI document says of answers: problems, headers, and the links from one operation to the next."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from badapple.api.problem_table import KINDS

__all__ = [
    "ETAG",
    "LOCATION",
    "REPLAYED",
    "TO_FILES",
    "TO_JOB",
    "USUAL",
    "answer",
    "body_of",
    "json_of",
    "problem",
    "problems",
]

Responses = dict[int | str, dict[str, Any]]

#: What every operation may answer: whatever is sent, whoever asks, whatever is down.
USUAL = (400, 401, 403, 421, 422, 429, 500, 503)
_PROBLEM = {"schema": {"$ref": "#/components/schemas/Problem"}}
_TEXT = {"schema": {"type": "string"}}
LOCATION = {"Location": {"description": "Address of what was made.", "required": True, **_TEXT}}
ETAG = {"ETag": {"description": "Version; send it back as `If-None-Match`.", "required": True, **_TEXT}}
REPLAYED = {"Idempotent-Replayed": {"description": "`true` where it was answered before.", **_TEXT}}
_LATER = {"Retry-After": {"description": "Seconds.", "required": True, "schema": {"type": "string"}}}


def _to(operation: str, description: str, **parameters: str) -> dict[str, Any]:
    return {"operationId": operation, "description": description, "parameters": parameters}


def _job_links() -> dict[str, Any]:
    job = {"job_id": "$response.body#/job_id"}
    return {
        "GetJob": _to("getJob", "How far it is.", **job),
        "CancelJob": _to("cancelJob", "End it.", **job),
        "RetryJob": _to("retryJob", "Try it again, where it failed.", **job),
        "ResumeJob": _to("resumeJob", "Go on with it, where it was cancelled.", **job),
        "ApproveJob": _to("approveJob", "Approve its script, where it waits for that.", **job),
        "EditJob": _to("editJob", "Change it, once it has ended.", **job),
        "RegenerateScene": _to("regenerateScene", "Make a scene anew.", **job, scene="1"),
        "PutScript": _to("putScript", "Give it another script.", **job),
        "FollowJob": _to("followJob", "Follow it.", **job),
        "DeleteJob": _to("deleteJob", "Remove it and all its files, once it has ended.", **job),
    }


TO_JOB = _job_links()
TO_FILES = {
    name: _to(name, "Once it is finished.", job_id="$response.body#/job_id")
    for name in ("readVideo", "readPoster", "readCaptionsVtt", "readCaptionsSrt", "readQa", "readManifest", "makeLink")
} | {
    "readPart": _to(
        "readPart", "A file of its first part.", job_id="$response.body#/job_id",
        label="$response.body#/parts/0/label", file="$response.body#/parts/0/files/0/name",
    ),
    "readJobPhoto": _to("readJobPhoto", "Its photo, where it has one.", job_id="$response.body#/job_id"),
    "readSceneStill": _to(
        "readSceneStill", "Once its script is written.", job_id="$response.body#/job_id", scene="1"
    ),
}  # fmt: skip


def problem(status: int) -> dict[str, Any]:
    """Return what the document says of one status that a problem has."""
    codes = [kind for kind in KINDS.values() if kind.status == status]
    told = "; ".join(f"`{kind.code}`: {kind.title[:1].lower()}{kind.title[1:]}" for kind in codes)
    body: dict[str, Any] = {
        "description": f"{HTTPStatus(status).phrase}. {told}." if told else HTTPStatus(status).phrase,
        "content": {"application/problem+json": _PROBLEM},
    }
    return {**body, "headers": _LATER} if status in {429, 503} else body


def problems(*statuses: int) -> Responses:
    """Return what the document says of problems that an operation may end with, besides the usual ones."""
    return {status: problem(status) for status in statuses}


def answer(
    status: int, description: str, *, headers: dict[str, Any] | None = None, links: dict[str, Any] | None = None
) -> Responses:
    """Return what the document says of a good answer, besides its body."""
    body: dict[str, Any] = {"description": description}
    if headers:
        body["headers"] = headers
    if links:
        body["links"] = links
    return {status: body}


def json_of(name: str, example: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return what the document says of a JSON body that is read by hand, by the name of its schema."""
    body: dict[str, Any] = {"schema": {"$ref": f"#/components/schemas/{name}"}}
    return body_of(json=("application/json", body if example is None else {**body, "example": example}))


def body_of(**media: tuple[str, dict[str, Any]]) -> dict[str, Any]:
    """Return what the document says of a body that is read by hand.

    Args:
        media: any name -> media type, and its schema or what stands beside one.
    """
    return {"requestBody": {"required": True, "content": dict(media.values())}}
