"""What things look and sound like before an ad is made of them, and while it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from badapple.api.addresses import v1_address
from badapple.api.answers import Accepted
from badapple.api.deps import DoorsDep, House, Reader, Writer
from badapple.api.documented import LOCATION, REPLAYED, TO_JOB, answer, json_of, problems
from badapple.api.incoming import json_fields
from badapple.api.ordering import once
from badapple.api.ranged import file_answer, is_known
from badapple.api.routes.videos import IdempotencyKey, replied
from badapple.api.sampling import SampleRequest, sample_order
from badapple.api.schemas import LINE
from badapple.jobs.previews import Previews

if TYPE_CHECKING:
    from badapple.jobs.idempotency import Answer, Claim
    from badapple.jobs.previews import Sight

__all__ = ["router"]

router = APIRouter(tags=["previews"])

_UploadId = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$", description="`upload_id` of an upload.")]
_JobId = Annotated[str, Path(min_length=1, max_length=255, description="The job.")]
_Scene = Annotated[int, Path(ge=1, le=4, description="`id` of the scene, wherever it is in the film.")]
_Style = Annotated[str, Path(min_length=1, max_length=64, description="Name of a style, from `GET /styles`.")]
_Provider = Annotated[Literal["offline", "elevenlabs"], Path(description="Who speaks, from `GET /voices`.")]
_Width = Annotated[Literal["270", "540", "1080"], Query(description="Pixels across; never more than the photo has.")]
_StillWidth = Annotated[Literal["270", "540"], Query(description="Pixels across; the picture is 9:16.")]
_Name = Annotated[
    str, Query(max_length=100, pattern=LINE, description="The product's name, which says what kind of thing it is.")
]
_OWN = "private, no-cache"  #: somebody's: asked for again each time, and seldom sent again
_SHARED = "private, max-age=3600, stale-while-revalidate=604800"  #: the same for everybody, until a new release


def _seen(kind: str, says: str, *more: int) -> dict[int | str, dict[str, Any]]:
    body = {"schema": {"type": "string", "format": "binary"}}
    return {
        200: {"description": says, "content": {kind: body}},
        304: {"description": "It is what `If-None-Match` says"},
        **problems(404, *more),
    }


class Look(BaseModel):
    """What a photo shows, and how it will be filmed."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    kind: Literal["object", "photo", "words"]
    """`object`: the product stands free and is filmed on a set; `photo`: the photo is shown whole; `words`: there is
    nothing to see on it, so that words carry the film."""
    reason: str
    """Why, as a sentence."""
    palette: list[str]
    """Colours of the product as `#rrggbb`, the most of it first."""
    accent: str | None
    """The colour among them that stands out, `#rrggbb`."""
    category: str
    """What kind of thing it is, as far as its name says so."""
    confidence: float = Field(ge=0, le=1)
    """Of the cut-out, 0-1."""
    cutout_url: str | None
    """The product without its background, where it stands free."""


@router.head("/uploads/{upload_id}/photo", include_in_schema=False)
@router.get(
    "/uploads/{upload_id}/photo", operation_id="readUploadPhoto", summary="An uploaded photo, small",
    response_class=Response, responses=_seen("image/jpeg", "The photo, JPEG"),
)  # fmt: skip
async def upload_photo(
    request: Request, who: Reader, house: DoorsDep, upload_id: _UploadId, width: _Width = "540"
) -> Response:
    """Return an uploaded photo as it is kept, upright and small."""
    desk = previews(request, house)
    return await _shown(request, desk, await desk.upload_photo(who.owner, upload_id, int(width)))


@router.get(
    "/uploads/{upload_id}/look", operation_id="getUploadLook", summary="What an uploaded photo shows",
    responses=problems(404),
)  # fmt: skip
async def upload_look(
    request: Request, who: Reader, house: DoorsDep, upload_id: _UploadId, product_name: _Name = ""
) -> Look:
    """Look at an uploaded photo as the film will: cut the product out, and take its colours.

    It takes a second or two the first time; an ad of this photo finds it done.
    """
    found = await previews(request, house).look(who.owner, upload_id)
    there = v1_address(request, f"/uploads/{upload_id}/cutout") if found.cut_out else None
    return Look(
        kind=found.kind, reason=found.reason, palette=list(found.palette), accent=found.accent,
        category=found.category(product_name), confidence=found.confidence, cutout_url=there,
    )  # fmt: skip


@router.head("/uploads/{upload_id}/cutout", include_in_schema=False)
@router.get(
    "/uploads/{upload_id}/cutout", operation_id="readUploadCutout", summary="The product without its background",
    response_class=Response, responses=_seen("image/webp", "The cut-out, WebP with alpha, 640 px at most"),
)  # fmt: skip
async def upload_cutout(request: Request, who: Reader, house: DoorsDep, upload_id: _UploadId) -> Response:
    """Return the product of an uploaded photo cut out, as the film shows it; not found where it does not stand free."""
    desk = previews(request, house)
    return await _shown(request, desk, await desk.cutout(who.owner, upload_id))


@router.head("/jobs/{job_id}/photo", include_in_schema=False)
@router.get(
    "/jobs/{job_id}/photo", operation_id="readJobPhoto", summary="A job's photo, small",
    response_class=Response, responses=_seen("image/jpeg", "The photo, JPEG"),
)  # fmt: skip
async def job_photo(request: Request, who: Reader, house: DoorsDep, job_id: _JobId, width: _Width = "540") -> Response:
    """Return the photo of the product that a job shows; not found where it shows words alone."""
    desk = previews(request, house)
    return await _shown(request, desk, await desk.job_photo(who.owner, job_id, int(width)))


@router.head("/jobs/{job_id}/scenes/{scene}/still", include_in_schema=False)
@router.get(
    "/jobs/{job_id}/scenes/{scene}/still", operation_id="readSceneStill", summary="A still of a scene",
    response_class=Response, responses=_seen("image/jpeg", "The still, JPEG 9:16"),
)  # fmt: skip
async def scene_still(  # noqa: PLR0917 - FastAPI calls it by name
    request: Request, who: Reader, house: DoorsDep, job_id: _JobId, scene: _Scene, width: _StillWidth = "270"
) -> Response:
    """Return a picture of a scene, as soon as there is a script: it need not be filmed yet.

    A scene that is drawn here shows what the film will show. Of one that a vendor films it is the picture that the clip
    begins with, and a frame of the clip once that is there. Not found before the script is written.
    """
    desk = previews(request, house)
    return await _shown(request, desk, await desk.scene_still(who.owner, job_id, scene, int(width)))


@router.head("/styles/{name}/sample", include_in_schema=False)
@router.get(
    "/styles/{name}/sample", operation_id="readStyleSample", summary="A style in motion",
    response_class=Response, responses={
        **_seen("video/mp4", "Three seconds without sound that can be looped, MP4 270x480", 416),
        206: {"description": "The range that was asked for"},
    },
)  # fmt: skip
async def style_sample(request: Request, _who: Reader, house: DoorsDep, name: _Style) -> Response:
    """Return a short film in a style, drawn as ads are; the first time it takes some seconds to make."""
    found = await previews(request, house).style_sample(name)
    return file_answer(request, found, {"cache-control": _SHARED})


@router.head("/styles/{name}/still", include_in_schema=False)
@router.get(
    "/styles/{name}/still", operation_id="readStyleStill", summary="A style as a picture",
    response_class=Response, responses=_seen("image/jpeg", "The still, JPEG 9:16"),
)  # fmt: skip
async def style_still(
    request: Request, _who: Reader, house: DoorsDep, name: _Style, width: _StillWidth = "270"
) -> Response:
    """Return a picture of an ad in a style."""
    found = await previews(request, house).style_still(name, int(width))
    return file_answer(request, found, {"cache-control": _SHARED})


@router.head("/voices/{provider}/{style}/sample", include_in_schema=False)
@router.get(
    "/voices/{provider}/{style}/sample", operation_id="readVoiceSample", summary="A voice to listen to",
    response_class=Response, responses={
        **_seen("audio/mpeg", "A sentence, MP3", 409, 416, 502),
        206: {"description": "The range that was asked for"},
    },
)  # fmt: skip
async def voice_sample(request: Request, _who: Reader, house: DoorsDep, provider: _Provider, style: _Style) -> Response:
    """Return what a style's voice sounds like: a sentence at its pace; of a vendor's voice, the vendor's own sample.

    Nothing is bought for it. A vendor's sample needs the vendor's key.
    """
    found = await previews(request, house).voice_sample(provider, style)
    return file_answer(request, found, {"cache-control": _SHARED})


@router.post(
    "/videos/sample",
    status_code=202,
    operation_id="createSample",
    summary="Ask for a sample ad",
    response_model=Accepted,
    openapi_extra=json_of("SampleRequest", {"style": "luxury"}),
    responses={
        **answer(202, "Accepted; it is made from here on.", headers={**LOCATION, **REPLAYED}, links=TO_JOB),
        **problems(409, 507),
    },
)
async def sample(request: Request, who: Writer, house: DoorsDep, idempotency_key: IdempotencyKey = None) -> Response:
    """Ask for an ad of the product photo that comes with badapple: free, and made like any other."""
    wanted = await json_fields(request, SampleRequest)
    ordering = await sample_order(house, who, wanted)

    async def work(claim: Claim | None) -> Answer:
        return await ordering.submit(request, claim)

    done = await once(house, who, idempotency_key, ordering.asked, work)
    request.scope["badapple.audit"] = {"target": done.body["job_id"]}
    return replied(done)


def previews(request: Request, house: House) -> Previews:
    """Return the desk where previews of this application are made; there is one."""
    state = request.app.state
    if not hasattr(state, "previews"):
        state.previews = Previews(house.settings, house.engine, fetches=house.fetches)
    found: Previews = state.previews
    return found


async def _shown(request: Request, desk: Previews, sight: Sight) -> Response:
    """Send a picture, or nothing where the caller has it already."""
    headers = {
        "etag": sight.etag, "cache-control": _OWN, "x-content-type-options": "nosniff",
        "content-security-policy": "sandbox; default-src 'none'",
    }  # fmt: skip
    if is_known(request, sight.etag):
        return Response(status_code=304, headers=headers)
    data = await desk.seen(sight)
    if request.method == "HEAD":
        headers["content-length"] = str(len(data))
        return Response(headers=headers, media_type=sight.media_type)
    return Response(data, headers=headers, media_type=sight.media_type)
