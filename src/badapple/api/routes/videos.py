"""Asking for an ad."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Header
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from badapple.api.answers import Accepted
from badapple.api.deps import DoorsDep, House, Writer
from badapple.api.documented import LOCATION, REPLAYED, TO_JOB, answer, body_of, problems
from badapple.api.incoming import form_fields, form_of, json_fields, media_type, photo_of
from badapple.api.ordering import Ordering, check_language, check_makers, once, refuse_unpaid
from badapple.api.problems import ProblemError
from badapple.api.schemas import GenerateForm, GenerateRequest

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from badapple.access import Principal
    from badapple.jobs.idempotency import Answer, Claim

__all__ = ["IdempotencyKey", "replied", "router"]

router = APIRouter(tags=["videos"])

IdempotencyKey = Annotated[
    str | None,
    Header(
        min_length=1,
        max_length=255,
        pattern=r"^[\x21-\x7e]+$",
        description="Makes the request one that may be sent again: whatever is sent under the same key within a week "
        "is done once and answered the same, with `Idempotent-Replayed: true`.",
    ),
]
_PHOTO = "product_image"
_EXAMPLE = {"product_name": "Aurora Desk Lamp", "style": "minimal", "cta_text": "Shop now"}
_BODY = body_of(
    json=(
        "application/json",
        {"schema": {"$ref": "#/components/schemas/GenerateRequest"}, "examples": {"words": {"value": _EXAMPLE}}},
    ),
    form=("multipart/form-data", {"schema": {"$ref": "#/components/schemas/GenerateForm"}}),
)


@router.post("/generate", include_in_schema=False, status_code=202)
@router.post(
    "/videos/generate",
    status_code=202,
    operation_id="createVideo",
    summary="Ask for an ad",
    response_model=Accepted,
    openapi_extra=_BODY,
    responses={
        **answer(202, "Accepted; it is made from here on.", headers={**LOCATION, **REPLAYED}, links=TO_JOB),
        **problems(402, 404, 409, 507),
    },
)
async def generate(request: Request, who: Writer, house: DoorsDep, idempotency_key: IdempotencyKey = None) -> Response:
    """Ask for an ad; the answer comes at once (202), the ad is made afterwards.

    As a form (`multipart/form-data`) with the photo in `product_image`, or as JSON with the `upload_id` of a photo that
    was uploaded before. Without a photo the film is made of words alone.
    """
    async with _ordering(request, who, house) as ordering:

        async def work(claim: Claim | None) -> Answer:
            return await ordering.submit(request, claim)

        done = await once(house, who, idempotency_key, ordering.asked, work)
    request.scope["badapple.audit"] = {"target": done.body["job_id"]}
    return replied(done)


def replied(answer: Answer) -> Response:
    """Return an answer as a response; one that was given before says so."""
    headers = dict(answer.headers)
    if answer.replayed:
        headers["Idempotent-Replayed"] = "true"
    return JSONResponse(answer.body, status_code=answer.status, headers=headers)


@contextlib.asynccontextmanager
async def _ordering(request: Request, who: Principal, house: House) -> AsyncIterator[Ordering]:
    """Yield what is asked for; its photo lies on the disk until the end."""
    kind = media_type(request)
    if kind == "application/json":
        wanted = await json_fields(request, GenerateRequest)
        await _check(wanted, house, photo=False)
        yield Ordering(house=house, who=who, wanted=wanted)
    elif kind in {"multipart/form-data", "application/x-www-form-urlencoded"}:
        async with form_of(request) as form:
            wanted = form_fields(form, GenerateForm, files=[_PHOTO])
            async with photo_of(form, _PHOTO, house.settings) as photo:
                await _check(wanted, house, photo=photo is not None)
                yield Ordering(house=house, who=who, wanted=wanted, photo=photo)
    else:
        raise ProblemError("unsupported_media_type", f"a body of the kind {kind[:80]!r} is not taken here")


async def _check(wanted: GenerateRequest, house: House, *, photo: bool) -> None:
    if wanted.image_url is not None and not house.settings.doors.image_urls:
        raise ProblemError("image_url_refused", "this server fetches no photos from the web", pointer="/image_url")
    if sum((photo, wanted.upload_id is not None, wanted.image_url is not None)) > 1:
        raise ProblemError(
            "invalid_input",
            "the photo comes in more than one way",
            hint="send `product_image`, `upload_id` or `image_url`",
        )
    await check_makers(wanted, house)
    refuse_unpaid(wanted, house)
    check_language(wanted, house)
