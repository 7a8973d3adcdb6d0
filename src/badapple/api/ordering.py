"""From what a caller asks for to a job in the queue."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from badapple import jobs
from badapple.api.addresses import job_address, socket_address
from badapple.api.answers import Accepted
from badapple.api.problems import ProblemError
from badapple.errors import BadappleError
from badapple.jobs import JobOrder, brand, catalog, idempotency, pricing, uploads
from badapple.jobs.idempotency import Answer
from badapple.process import in_thread
from badapple.providers.choice import agreed, choose

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from starlette.requests import Request

    from badapple.access import Principal
    from badapple.api.deps import House
    from badapple.api.incoming import Photo
    from badapple.api.schemas import AdBase, GenerateRequest
    from badapple.cache import Blob
    from badapple.config import Settings
    from badapple.jobs.idempotency import Claim
    from badapple.jobs.pricing import Agreed

__all__ = [
    "Ordering",
    "accepted",
    "branded",
    "check_language",
    "check_makers",
    "choices",
    "handed_in",
    "once",
    "photo_of_upload",
    "refuse_unpaid",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ordering:
    """One request for an ad.

    Attributes:
        house: what all requests share.
        who: asks.
        wanted: what was asked for.
        photo: the photo that was sent with it, or None.
    """

    house: House
    who: Principal
    wanted: GenerateRequest
    photo: Photo | None = None

    @property
    def asked(self) -> str:
        """What was asked for, to be compared with what comes again under the same key."""
        body = self.wanted.model_dump(mode="json")
        return idempotency.fingerprint({**body, "photo": self.photo.sha256 if self.photo is not None else None})

    async def submit(self, request: Request, claim: Claim | None) -> Answer:
        """Put the job into the queue.

        Raises:
            BadappleError: nothing was queued; says why.
        """
        house, who, wanted = self.house, self.who, self.wanted
        if claim is not None and claim.made:
            return await in_thread(self._made, request, claim.job_id)
        async with handed_in(
            house, who, photo=self.photo, image_url=wanted.image_url, upload_id=wanted.upload_id
        ) as blob:
            order = await branded(self._order(blob), wanted, house, who)
            ready = await pricing.agreed_order(order, house.settings, who.owner)
            seconds = await in_thread(pricing.expected_seconds, ready.order, house.settings)
            job_id = await in_thread(
                jobs.submit, ready.order, house.settings, owner=who.owner, priority=wanted.priority, claim=claim,
                at_most=ready.at_most, group_id=wanted.group_id,
            )  # fmt: skip
        return accepted(request, job_id, seconds=seconds, ready=ready, group_id=wanted.group_id)

    def _order(self, blob: Blob | None) -> JobOrder:
        wanted = self.wanted
        return JobOrder(
            product_name=wanted.product_name, style=wanted.style, cta_text=wanted.cta_text,
            options=wanted.options(approval=wanted.approval), files={} if blob is None else {"photo": blob},
            agreed=wanted.max_cost is not None,
        )  # fmt: skip

    def _made(self, request: Request, job_id: str) -> Answer:
        """Answer for a job that was made by a process which died before it said so."""
        settings = self.house.settings
        view = jobs.get(job_id, settings, owner=self.who.owner)
        order = JobOrder(product_name=view.product_name, style=view.style, cta_text=view.cta_text)
        seconds = pricing.expected_seconds(order, settings)
        return accepted(request, job_id, seconds=seconds, status=view.status, group_id=view.group_id)


@contextlib.asynccontextmanager
async def handed_in(
    house: House,
    who: Principal,
    *,
    photo: Photo | None = None,
    image_url: str | None = None,
    upload_id: str | None = None,
) -> AsyncIterator[Blob | None]:
    """Yield a photo's content; one that came with the request is no upload afterwards: only its jobs have it."""
    own: str | None = None
    if photo is not None:
        async with house.intakes:
            own = (await in_thread(uploads.take, house.settings, who.owner, photo.path, name=photo.name)).id
    elif image_url is not None:
        async with house.fetches:
            own = (await uploads.take_url(house.settings, who.owner, image_url, intakes=house.intakes)).id
    upload_id = own or upload_id
    try:
        yield None if upload_id is None else await photo_of_upload(house, who, upload_id)
    finally:
        if own is not None:
            with contextlib.suppress(BadappleError):  # it expires by itself
                await in_thread(uploads.remove, house.settings, who.owner, own)


async def once(
    house: House, who: Principal, key: str | None, asked: str, work: Callable[[Claim | None], Awaitable[Answer]]
) -> Answer:
    """Do the work; under a key, only if no request of the same key has done it.

    Raises:
        IdempotencyError: another request came under this key, or the same is being worked on.
    """
    if key is None:
        return await work(None)
    return await idempotency.answered_once(house.engine, who.owner, key, asked, work)


def accepted(
    request: Request,
    job_id: str,
    *,
    seconds: float,
    status: str = "pending",
    ready: Agreed | None = None,
    **more: Any,
) -> Answer:
    """Return the answer that tells of a job which was accepted."""
    quote = ready.quote if ready is not None else None
    cap = ready.order.options.makers.max_cost if ready is not None and quote is not None else None
    url = job_address(request, job_id)
    body = Accepted.model_validate({
        "job_id": job_id, "status": status, "status_url": url, "events_url": f"{url}/events",
        "websocket_url": socket_address(request, job_id), "estimated_seconds": round(seconds, 1),
        "estimated_completion_time": datetime.now(UTC) + timedelta(seconds=seconds),
        "estimated_cost_usd": quote.estimate / 1e6 if quote is not None else 0.0,
        "max_cost_usd": cap / 1e6 if cap is not None else None, **more,
    })  # fmt: skip
    return Answer(status=202, body=body.model_dump(mode="json"), headers={"Location": url})


async def photo_of_upload(house: House, who: Principal, upload_id: str) -> Blob:
    """Return the content of a photo that was uploaded.

    Raises:
        NotFoundError: there is no such upload of theirs.
    """
    return await in_thread(uploads.order_photo, house.settings, who.owner, upload_id)


async def branded(order: JobOrder, wanted: AdBase, house: House, who: Principal) -> JobOrder:
    """Return the order in its owner's brand kit, unless they want it without."""
    return await in_thread(brand.dressed, order, house.settings, who.owner) if wanted.brand else order


def check_language(wanted: AdBase, house: House) -> None:
    """Refuse a language that nobody writes or speaks who would be asked.

    Raises:
        ProblemError: the ad could only fail.
        MissingKeyError: a vendor is asked for whose key is not set.
    """
    makers = wanted.options().makers
    chosen = choose(makers, house.settings, agreed=agreed(makers, house.settings))
    offline = {one.code for one in catalog.languages() if "offline" in one.providers}
    if (chosen.script and chosen.voice) or wanted.language.partition("-")[0].lower() in offline:
        return
    raise ProblemError(
        "language_not_available",
        f"the makers that come with badapple know no {wanted.language!r}",
        hint="write with `script_by: claude` and speak with `voice_by: elevenlabs`, under `max_cost_usd`",
        pointer="/language",
    )


async def check_makers(wanted: AdBase, house: House) -> None:
    """Refuse models that are none.

    Raises:
        ProblemError: there is one.
    """
    known = await in_thread(choices, house.settings)
    for name, value in (("video_by", wanted.video_by), ("script_model", wanted.script_model)):
        if value is not None and value not in known[name]:
            raise ProblemError(
                "invalid_request", f"/{name}: Input should be one of {', '.join(known[name])}", pointer=f"/{name}"
            )


def refuse_unpaid(wanted: AdBase, house: House) -> None:
    """Refuse an ad by vendors that nobody said may cost anything.

    Raises:
        ProblemError: it is one.
    """
    if wanted.asks_vendors and wanted.max_cost is None and house.settings.max_cost is None:
        raise ProblemError(
            "max_cost_required",
            "paid vendors are asked for, and `max_cost_usd` does not say what they may cost",
            pointer="/max_cost_usd",
        )


def choices(settings: Settings) -> dict[str, list[str]]:
    """Return what `video_by` and `script_model` may be on this server."""
    found = [model.choose for model in catalog.models(settings)]
    return {
        "video_by": list(
            dict.fromkeys(["offline", "replicate", *(one["video_by"] for one in found if "video_by" in one)])
        ),
        "script_model": list(dict.fromkeys(one["script_model"] for one in found if "script_model" in one)),
    }
