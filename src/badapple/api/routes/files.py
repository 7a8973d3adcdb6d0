"""The files of jobs: videos and what lies beside them, parts, and links that anybody may follow for a while."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import RedirectResponse

from badapple.api.addresses import root_of
from badapple.api.deps import DoorsDep, House, Reader, Writer
from badapple.api.documented import answer, problems
from badapple.api.ranged import file_answer
from badapple.errors import NotFoundError
from badapple.jobs import files, get, links
from badapple.process import in_thread
from badapple.storage import shared

if TYPE_CHECKING:
    from badapple.jobs.files import Found
    from badapple.ports import Storage

__all__ = ["open_storage", "router"]

_SHORT = 300.0  #: seconds that a link to a bucket is good for
_DAY, _WEEK = 24 * 3600, 7 * 24 * 3600
#: Pages of other sites may show what they were given a link to.
_OPEN = {"cross-origin-resource-policy": "cross-origin"}
_JobId = Annotated[str, Path(min_length=1, max_length=255, description="The job.")]
_Label = Annotated[str, Path(min_length=1, max_length=64, description="Of the part, as the job lists it.")]
_PartFile = Annotated[str, Path(min_length=1, max_length=64, description="Of the part's files, as the job lists them.")]
_Token = Annotated[str, Path(min_length=1, max_length=4096, description="As it was handed out.")]
_NAMES = Literal["video", "poster", "captions.srt", "captions.vtt", "qa", "manifest"]
_Direct = Annotated[
    bool | None,
    Query(
        description="true answers with the address of the file in the bucket, false sends it from here; left out, "
        "videos are redirected to buckets that are reached over https."
    ),
]
_ANSWERS: dict[int | str, dict[str, Any]] = {
    206: {"description": "The range that was asked for"},
    304: {"description": "It is what `If-None-Match` says"},
    307: {"description": "It is to be had from the bucket, at an address that is good for five minutes"},
    **problems(404, 416),
}

router = APIRouter(tags=["files"])


class LinkForm(BaseModel):
    """What a link is wanted for."""

    model_config = ConfigDict(extra="forbid")

    file: _NAMES = Field(default="video", description="Which file of the job.")
    expires_in: int = Field(default=_DAY, ge=60, le=_WEEK, description="Seconds.")
    page: bool = Field(
        default=False,
        strict=True,
        description="true for a page that shows the video, its captions and its words; `file` is not looked at then.",
    )


class LinkView(BaseModel):
    """A link that anybody may follow."""

    url: str
    file: _NAMES
    page: bool = Field(default=False, description="Whether it leads to a page that shows the ad.")
    expires_at: datetime


def _reading(file: str) -> Any:
    async def read(request: Request, who: Reader, house: DoorsDep, job_id: _JobId, direct: _Direct = None) -> Response:
        storage = open_storage(request, house)
        found = await in_thread(files.find, job_id, file, house.settings, owner=who.owner, storage=storage)
        return await _answer(request, found, storage, direct=direct)

    return read


for _file, _kind in files.FILES.items():
    _text = _kind.media_type.split(";")[0]
    _body = {"type": "object"} if _text == "application/json" else {"type": "string", "format": "binary"}
    _media: dict[str, Any] = {_text: {"schema": _body}}
    _name = "read" + "".join(word.capitalize() for word in _file.split("."))
    router.add_api_route(
        f"/jobs/{{job_id}}/{_file}", _reading(_file), methods=["GET"], operation_id=_name, summary=_kind.says,
        response_class=Response, responses={**_ANSWERS, 200: {"description": _kind.says, "content": _media}},
    )  # fmt: skip
    router.add_api_route(f"/jobs/{{job_id}}/{_file}", _reading(_file), methods=["HEAD"], include_in_schema=False)


@router.head("/jobs/{job_id}/parts/{label}/{file}", include_in_schema=False)
@router.get(
    "/jobs/{job_id}/parts/{label}/{file}",
    operation_id="readPart",
    summary="A file of a part",
    responses=_ANSWERS,
    response_class=Response,
)
async def read_part(  # noqa: PLR0917 - FastAPI calls it by name
    request: Request, who: Reader, house: DoorsDep, job_id: _JobId, label: _Label, file: _PartFile
) -> Response:
    """Read a file of one of a job's parts, as the job lists them: a voice, a clip, the end card."""
    found = await in_thread(files.find_part, job_id, label, file, house.settings, owner=who.owner)
    return file_answer(request, found)


@router.post(
    "/jobs/{job_id}/links",
    status_code=201,
    operation_id="makeLink",
    summary="A link for others",
    responses={**answer(201, "The link."), **problems(404)},
)
async def make_link(request: Request, who: Writer, house: DoorsDep, job_id: _JobId, form: LinkForm) -> LinkView:
    """Make a link that needs no key, to one of a job's files or to a page of the ad, for a week at most.

    It ends with the job.
    """
    job = await in_thread(get, job_id, house.settings, owner=who.owner)
    if job.video_url is None:
        raise NotFoundError(f"the job {job_id!r} is {job.status} and has no video", hint="wait for its events to end")
    ends = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=form.expires_in)
    path = (
        links.page_path(house.signer, job, ends) if form.page else links.file_path(house.signer, job, form.file, ends)
    )
    return LinkView(url=f"{root_of(request)}{path}", file=form.file, page=form.page, expires_at=ends)


@router.head("/files/{token}", include_in_schema=False)
@router.get(
    "/files/{token}",
    operation_id="followLink",
    summary="What a link leads to",
    responses=_ANSWERS,
    response_class=Response,
)
async def follow_link(request: Request, house: DoorsDep, token: _Token, direct: _Direct = None) -> Response:
    """Read the file that a link leads to; nobody has to say who they are."""
    storage = open_storage(request, house)
    job, file = await in_thread(links.open_file, house.signer, token, house.settings)
    found = await in_thread(files.find, job.id, file, house.settings, owner=job.owner, storage=storage)
    return await _answer(request, found, storage, direct=direct, headers=_OPEN)


async def _answer(
    request: Request,
    found: Found,
    storage: Storage | None,
    *,
    direct: bool | None,
    headers: dict[str, str] | None = None,
) -> Response:
    """Send a file, or where to get it."""
    if storage is not None and found.key is not None and direct is not False:
        link = await in_thread(storage.link, found.key, _SHORT)
        # A bucket that is reached over http is one of our own net: others may not reach it, and pages must not.
        if link is not None and (direct or (found.media_type.startswith("video/") and link.startswith("https://"))):
            found.content.close()
            return RedirectResponse(link, status_code=307, headers={"cache-control": "no-store", **(headers or {})})
    return file_answer(request, found, headers)


def open_storage(request: Request, house: House) -> Storage | None:
    """Return the storage of an application, which is opened once."""
    state = request.app.state
    if not hasattr(state, "storage"):
        state.storage = shared(house.settings)
    found: Storage | None = state.storage
    return found
