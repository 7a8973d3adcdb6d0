"""From a form that a person filled in to a job in the queue."""

from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from starlette.datastructures import FormData

from badapple import jobs
from badapple.api.incoming import form_fields, form_of, media_type, photo_of
from badapple.api.ordering import Ordering, check_language, check_makers, once, refuse_unpaid
from badapple.api.problems import ProblemError
from badapple.api.sampling import sample_order
from badapple.api.schemas import GenerateForm
from badapple.jobs.idempotency import Answer, fingerprint
from badapple.process import in_thread
from badapple.studio import editing

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from starlette.requests import Request

    from badapple.access import Principal
    from badapple.api.deps import House
    from badapple.api.sampling import SampleRequest
    from badapple.jobs.idempotency import Claim

__all__ = ["FRESH", "Filled", "change", "filled", "sample", "submit"]

_PHOTO = "product_image"
_ONCE = "once"  #: field with the name of the page that was filled in
#: What stands in a form that nobody has touched.
FRESH = {
    "product_name": "", "style": "minimal", "cta_text": "", "say": "", "language": "en", "music": "style",
    "captions": "true", "brand": "true", "provider": "offline", "voice_by": "offline", "script_by": "", "video_by": "",
    "cta_by": "", "max_cost_usd": "", "on_vendor_failure": "fail",
}  # fmt: skip
_PAGE = re.compile(r"[0-9A-Za-z]{1,64}")


@dataclass(frozen=True, slots=True)
class Filled:
    """A form as it came in; its photo lies on the disk until the end."""

    form: FormData
    page: str

    @property
    def values(self) -> Mapping[str, str]:
        """What stood in it, to be shown again."""
        return {name: value for name, value in self.form.multi_items() if isinstance(value, str)}

    @property
    def facts(self) -> Sequence[str]:
        """The lines of facts in it, without the empty ones."""
        return [line for line in self.form.getlist("facts") if isinstance(line, str) and line.strip()]


@contextlib.asynccontextmanager
async def filled(request: Request) -> AsyncIterator[Filled]:
    """Yield the form that a request holds.

    Raises:
        ProblemError: it holds none.
        HTTPException: it is broken, or too large.
    """
    if (kind := media_type(request)) != "multipart/form-data":
        raise ProblemError("unsupported_media_type", f"a body of the kind {kind[:80]!r} is not taken here")
    async with form_of(request) as form:
        rest = FormData([(name, value) for name, value in form.multi_items() if name != _ONCE])
        page = str(form.get(_ONCE) or "")
        yield Filled(rest, page if _PAGE.fullmatch(page) else "")


async def submit(request: Request, who: Principal, house: House, form: Filled) -> str:
    """Put the job into the queue, and return its id; the same page sent twice makes one job.

    Raises:
        BadappleError: nothing was queued; says why.
        RequestValidationError: fields cannot be used.
    """
    wanted = form_fields(form.form, GenerateForm, files=[_PHOTO])
    async with photo_of(form.form, _PHOTO, house.settings) as photo:
        if photo is not None and (wanted.upload_id or wanted.image_url):
            raise ProblemError("invalid_input", "the photo comes in more than one way")
        if wanted.image_url is not None and not house.settings.doors.image_urls:
            raise ProblemError("image_url_refused", "this server fetches no photos from the web", pointer="/image_url")
        await check_makers(wanted, house)
        refuse_unpaid(wanted, house)
        check_language(wanted, house)
        return await _once(request, Ordering(house=house, who=who, wanted=wanted, photo=photo), page=form.page)


async def sample(request: Request, who: Principal, house: House, wanted: SampleRequest, *, page: str) -> str:
    """Put a sample ad into the queue, and return its job's id; the same page sent twice makes one job.

    Raises:
        BadappleError: nothing was queued; says why.
    """
    ordering = await sample_order(house, who, wanted)
    return await _once(request, ordering, page=page if _PAGE.fullmatch(page) else "")


async def change(who: Principal, house: House, job_id: str, filled: Mapping[str, str]) -> str:
    """Make of an ad what the form of its words says, and return the job to go on to; the same page twice makes one.

    Raises:
        BadappleError: nothing was changed; says why.
        RequestValidationError: fields cannot be used.
    """
    wanted = {name: value for name, value in filled.items() if name != _ONCE}

    async def work(claim: Claim | None) -> Answer:
        if claim is not None and claim.made:
            return Answer(status=303, body={"job_id": claim.job_id})
        made = await in_thread(editing.change, job_id, wanted, house.settings, owner=who.owner, claim=claim)
        return Answer(status=303, body={"job_id": made})

    page, asked = filled.get(_ONCE, ""), fingerprint({"words of": job_id, **wanted})
    view = await in_thread(jobs.get, job_id, house.settings, owner=who.owner)
    # A script that waits is changed in its place: the same words again take back what was changed since.
    key = f"page-{page}-{asked[:32]}" if view.awaiting is None and _PAGE.fullmatch(page) else None
    return str((await once(house, who, key, asked, work)).body["job_id"])


async def _once(request: Request, ordering: Ordering, *, page: str) -> str:
    async def work(claim: Claim | None) -> Answer:
        return await ordering.submit(request, claim)

    # What was changed on the page before it was sent again is another order, not the same one.
    key = f"page-{page}-{ordering.asked[:32]}" if page else None
    done = await once(ordering.house, ordering.who, key, ordering.asked, work)
    return str(done.body["job_id"])
