"""The page of an ad for others: whoever has its link sees it, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Path
from starlette.requests import Request
from starlette.responses import Response

from badapple.api.addresses import root_of
from badapple.api.deps import DoorsDep, House
from badapple.errors import NotFoundError
from badapple.jobs import details, links
from badapple.process import in_thread
from badapple.studio.pages import PageRoute, render

if TYPE_CHECKING:
    from datetime import datetime

    from badapple.jobs import JobView

__all__ = ["router"]

_UNSEEN = {"x-robots-tag": "noindex, nofollow", "referrer-policy": "strict-origin"}  #: its address opens it
_FILES = ("video", "poster", "captions.vtt", "captions.srt")

router = APIRouter(route_class=PageRoute)


@router.api_route("/s/{token}", methods=["GET", "HEAD"])
async def shared(
    request: Request, house: DoorsDep, token: Annotated[str, Path(min_length=1, max_length=4096)]
) -> Response:
    """Show an ad to somebody who was given a link to it; nobody has to say who they are."""
    try:
        job, ends = await in_thread(links.open_page, house.signer, token, house.settings)
        facts = await in_thread(_facts, house, job, ends)
    except NotFoundError:  # too old, deleted or never made: a stranger learns no more than that
        return render(request, "share_ended.html", status=404, headers=_UNSEEN)
    root = root_of(request)
    return render(request, "share.html", headers=_UNSEEN, root=root, here=root + request.url.path, ends=ends, **facts)


def _facts(house: House, job: JobView, ends: datetime) -> dict[str, Any]:
    """Return what the page shows. Its files are links of their own, which end when it does."""
    if job.video_url is None:  # it is being made again
        raise NotFoundError("there is no video now", hint="come back later")
    found = details.detail(job.id, house.settings, owner=job.owner)
    canvas = found.options.get("canvas") or {}
    spoken = [scene.voiceover_text for scene in found.scenes if scene.voiceover_text]
    if found.end_card.voiceover:
        spoken.append(found.end_card.voiceover)
    return {
        "name": job.product_name, "cta": found.end_card.cta or job.cta_text, "spoken": spoken,
        "language": found.options.get("language") or "en",
        "size": (canvas.get("width", 1080), canvas.get("height", 1920)),
        "files": {file.replace(".", "_"): links.file_path(house.signer, job, file, ends) for file in _FILES},
    }  # fmt: skip
