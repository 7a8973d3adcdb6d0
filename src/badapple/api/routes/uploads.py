"""Photos that are handed in before the ad that shall show them."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Path, Query
from fastapi.exceptions import RequestValidationError
from starlette.requests import Request
from starlette.responses import Response

from badapple.api.addresses import v1_address
from badapple.api.answers import Answered, UploadAnswer
from badapple.api.deps import DoorsDep, House, Reader, Writer
from badapple.api.documented import LOCATION, REPLAYED, answer, body_of, problems
from badapple.api.incoming import form_of, media_type, photo_of, raw_photo
from badapple.api.ordering import once
from badapple.api.problems import ProblemError
from badapple.api.routes.videos import IdempotencyKey, replied
from badapple.jobs import uploads
from badapple.jobs.idempotency import Answer, fingerprint
from badapple.process import in_thread

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from badapple.api.incoming import Photo
    from badapple.jobs.idempotency import Claim
    from badapple.jobs.uploads import UploadView

__all__ = ["router"]

router = APIRouter(tags=["uploads"])

_Id = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$", description="`upload_id` of an upload.")]
_FILE = {"type": "string", "format": "binary", "contentMediaType": "image/*"}
_BODY = body_of(
    form=(
        "multipart/form-data",
        {
            "schema": {
                "type": "object", "required": ["file"], "additionalProperties": False,
                "properties": {"file": {**_FILE, "description": "JPEG, PNG, WebP, GIF or HEIC, up to 25 MiB."}},
            }
        },
    ),
    **{kind: (f"image/{kind}", {"schema": _FILE}) for kind in ("jpeg", "png", "webp", "gif", "heic")},
)  # fmt: skip
_LINKS = {
    name: {"operationId": operation, "parameters": {"upload_id": "$response.body#/upload_id"}}
    for name, operation in (
        ("GetUpload", "getUpload"), ("DeleteUpload", "deleteUpload"), ("LookAtUpload", "getUploadLook"),
        ("ReadUploadPhoto", "readUploadPhoto"), ("ReadUploadCutout", "readUploadCutout"),
    )
}  # fmt: skip
_LINKS["CreateVideo"] = {
    "operationId": "createVideo",
    "description": "Ask for an ad that shows it.",
    "requestBody": {"product_name": "Aurora Desk Lamp", "upload_id": "$response.body#/upload_id"},
}


class Uploads(Answered):
    """Your uploads."""

    items: list[UploadAnswer]
    """The newest first."""


@router.post(
    "/uploads",
    status_code=201,
    operation_id="createUpload",
    summary="Upload a photo",
    response_model=UploadAnswer,
    openapi_extra=_BODY,
    responses={**answer(201, "It is kept.", headers={**LOCATION, **REPLAYED}, links=_LINKS), **problems(409, 507)},
)
async def create(request: Request, who: Writer, house: DoorsDep, idempotency_key: IdempotencyKey = None) -> Response:
    """Upload a photo, as `file` of a form or as the whole body.

    It is decoded and written anew: only its pixels are kept, neither place nor date nor anything else it carried.
    """
    async with _photo(request, house) as photo:

        async def work(claim: Claim | None) -> Answer:
            async with house.intakes:
                view = await in_thread(
                    uploads.take, house.settings, who.owner, photo.path, name=photo.name,
                    upload_id=claim.job_id if claim is not None else None,
                )  # fmt: skip
            url = v1_address(request, f"/uploads/{view.id}")
            return Answer(status=201, body=_told(view).model_dump(mode="json"), headers={"Location": url})

        asked = fingerprint({"upload": photo.sha256})
        return replied(await once(house, who, idempotency_key, asked, work))


@router.get("/uploads", operation_id="listUploads", summary="Your uploads")
async def list_all(
    who: Reader,
    house: DoorsDep,
    *,
    limit: Annotated[int, Query(ge=1, le=100, description="At most so many.")] = 20,
) -> Uploads:
    """List the photos that you handed in and that are kept now, the newest first."""
    found = await in_thread(uploads.listing, house.settings, who.owner, limit=limit)
    return Uploads(items=[_told(view) for view in found])


@router.get("/uploads/{upload_id}", operation_id="getUpload", summary="Look at an upload", responses=problems(404))
async def get(who: Reader, house: DoorsDep, upload_id: _Id) -> UploadAnswer:
    """Return what is kept of an uploaded photo."""
    return _told(await in_thread(uploads.get, house.settings, who.owner, upload_id))


@router.delete(
    "/uploads/{upload_id}", status_code=204, operation_id="deleteUpload", summary="Delete an upload",
    responses=problems(404),
)  # fmt: skip
async def delete(who: Writer, house: DoorsDep, upload_id: _Id) -> Response:
    """Delete an uploaded photo; jobs that use it keep it."""
    await in_thread(uploads.remove, house.settings, who.owner, upload_id)
    return Response(status_code=204)


@contextlib.asynccontextmanager
async def _photo(request: Request, house: House) -> AsyncIterator[Photo]:
    kind = media_type(request)
    if kind.startswith("image/") or kind == "application/octet-stream":
        async with raw_photo(request, house.settings) as photo:
            yield photo
    elif kind == "multipart/form-data":
        async with form_of(request) as form, photo_of(form, "file", house.settings) as sent:
            if sent is None:
                raise RequestValidationError([_wrong("file", "Field required")])
            unknown = next((name for name in form if name != "file"), None)
            if unknown is not None:
                raise RequestValidationError([_wrong(unknown, "Extra inputs are not permitted")])
            yield sent
    else:
        raise ProblemError("unsupported_media_type", f"a body of the kind {kind[:80]!r} is not taken here")


def _wrong(name: str, sentence: str) -> dict[str, Any]:
    return {"type": "value_error", "loc": ("body", name), "msg": sentence}


def _told(view: UploadView) -> UploadAnswer:
    names = ("sha256", "size", "width", "height", "name", "created_at", "expires_at")
    return UploadAnswer(upload_id=view.id, **{name: getattr(view, name) for name in names})
