"""Variants of one ad: asking for them, looking at them side by side, saying which one won."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated
from urllib.parse import quote

from fastapi import APIRouter, Path
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from badapple.api.addresses import job_address, socket_address, v1_address
from badapple.api.answers import Estimate, estimate_of
from badapple.api.deps import DoorsDep, House, Reader, Writer
from badapple.api.documented import LOCATION, REPLAYED, answer, json_of, problems
from badapple.api.incoming import json_fields
from badapple.api.ordering import branded, check_language, check_makers, handed_in, once, refuse_unpaid
from badapple.api.problems import ProblemError
from badapple.api.ranged import disposition
from badapple.api.routes.files import open_storage
from badapple.api.routes.videos import IdempotencyKey, replied
from badapple.api.telling import summary_of
from badapple.api.variant_schemas import GroupAnswer, VariantAnswer, VariantsAnswer, VariantsRequest, WinnerRequest
from badapple.jobs import JobOrder, archive, groups, idempotency, pricing, queue, variants
from badapple.jobs.idempotency import Answer
from badapple.pipeline.quote import together
from badapple.process import in_thread

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from badapple.access import Principal
    from badapple.cache import Blob
    from badapple.jobs.groups import GroupView
    from badapple.jobs.idempotency import Claim

__all__ = ["router"]

router = APIRouter(tags=["variants"])

GroupId = Annotated[str, Path(min_length=1, max_length=255, description="The group.")]
_EXAMPLE = {"product_name": "Aurora Desk Lamp", "styles": ["minimal", "bold"], "ctas": ["Shop now", "Get yours"]}
_TO_GROUP = {
    "GetGroup": {"operationId": "getGroup", "parameters": {"group_id": "$response.body#/group_id"}},
    "ChooseWinner": {"operationId": "chooseWinner", "parameters": {"group_id": "$response.body#/group_id"}},
    "ReadArchive": {"operationId": "readArchive", "parameters": {"group_id": "$response.body#/group_id"}},
}
_ZIP = {"content": {"application/zip": {"schema": {"type": "string", "format": "binary"}}}}


@router.post(
    "/variants", status_code=202, operation_id="createVariants", summary="Ask for variants of an ad",
    response_model=VariantsAnswer, openapi_extra=json_of("VariantsRequest", _EXAMPLE),
    responses={
        **answer(202, "Accepted, all of them.", headers={**LOCATION, **REPLAYED}, links=_TO_GROUP),
        **problems(402, 404, 409, 507),
    },
)  # fmt: skip
async def create(request: Request, who: Writer, house: DoorsDep, idempotency_key: IdempotencyKey = None) -> Response:
    """Ask for each style with each call to action, from one photo: all of them are accepted, or none.

    What they share is made and paid for once: the photo and its cut-out, and for each style script, voices and footage.
    `max_cost_usd` is what all may cost together.
    """
    wanted = await json_fields(request, VariantsRequest)
    await _check(wanted, house)

    async def work(claim: Claim | None) -> Answer:
        return await _submit(request, house, who, wanted, claim)

    asked = idempotency.fingerprint({"path": "variants", **wanted.model_dump(mode="json")})
    done = await once(house, who, idempotency_key, asked, work)
    facts = {"variants": len(done.body["jobs"])}
    request.scope["badapple.audit"] = {"target": done.body["group_id"], "facts": facts}
    return replied(done)


@router.post(
    "/variants/estimate", operation_id="estimateVariants", summary="Ask what variants would cost",
    responses=problems(402, 404, 409), openapi_extra=json_of("VariantsRequest", {**_EXAMPLE, "provider": "cloud"}),
)  # fmt: skip
async def estimate(request: Request, who: Reader, house: DoorsDep) -> Estimate:
    """Say what variants would cost together, in money and time; nothing is bought or sent.

    What they share is counted once, and what was paid for before costs nothing again.
    """
    wanted = await json_fields(request, VariantsRequest)
    await _check(wanted, house, priced=True)
    async with handed_in(house, who, image_url=wanted.image_url, upload_id=wanted.upload_id) as blob:
        orders = await _orders(wanted, house, who, blob)
        async with house.intakes:  # it looks at the photo and drafts scripts
            prices = await variants.price(orders, house.settings, who.owner, as_if_keys=wanted.asks_vendors)
    each = await in_thread(pricing.expected_seconds, orders[0], house.settings)
    return estimate_of(together(prices), each * len(orders))


@router.get(
    "/groups/{group_id}", operation_id="getGroup", summary="Look at variants side by side", responses=problems(404)
)
async def read(request: Request, who: Reader, house: DoorsDep, group_id: GroupId) -> GroupAnswer:
    """Return all jobs that share a `group_id`, and which of them was chosen."""
    return _group_of(await in_thread(groups.get, group_id, house.settings, owner=who.owner), request)


@router.put(
    "/groups/{group_id}/winner", operation_id="chooseWinner", summary="Say which variant won",
    responses=problems(404, 409),
)  # fmt: skip
async def choose(
    request: Request, who: Writer, house: DoorsDep, group_id: GroupId, chosen: WinnerRequest
) -> GroupAnswer:  # fmt: skip
    """Choose a finished variant; it takes the place of one that was chosen before. `null` takes the choice back."""
    group = await in_thread(groups.choose_winner, group_id, chosen.job_id, house.settings, owner=who.owner)
    return _group_of(group, request)


@router.get(
    "/groups/{group_id}/archive", operation_id="readArchive", summary="Download all finished variants",
    response_class=Response, responses={200: {"description": "A ZIP archive.", **_ZIP}, **problems(404)},
)  # fmt: skip
async def read_archive(request: Request, who: Reader, house: DoorsDep, group_id: GroupId) -> Response:
    """Download the finished videos of a group, and `variants.csv`: style, call to action, cost and length of each."""
    storage = open_storage(request, house)
    pieces = await in_thread(archive.archive, group_id, house.settings, owner=who.owner, storage=storage)
    told = {
        "content-disposition": disposition(f"variants-{group_id[:40]}.zip", inline=False),
        "cache-control": "private, no-store", "x-content-type-options": "nosniff",
    }  # fmt: skip
    return StreamingResponse(_sent(pieces), media_type="application/zip", headers=told)


async def _sent(pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    """Yield what is to be sent; whatever is open is closed when nobody listens any more."""
    try:
        while (piece := await in_thread(next, pieces, None)) is not None:
            yield piece
    finally:
        pieces.close()  # type: ignore[attr-defined]  # a generator: no thread is in it now


async def _check(wanted: VariantsRequest, house: House, *, priced: bool = False) -> None:
    if wanted.image_url is not None and not house.settings.doors.image_urls:
        raise ProblemError("image_url_refused", "this server fetches no photos from the web", pointer="/image_url")
    if wanted.upload_id is not None and wanted.image_url is not None:
        raise ProblemError(
            "invalid_input", "the photo comes in more than one way", hint="send `upload_id` or `image_url`"
        )
    await check_makers(wanted, house)
    if not priced:
        refuse_unpaid(wanted, house)
        check_language(wanted, house)


async def _orders(
    wanted: VariantsRequest, house: House, who: Principal, blob: Blob | None
) -> tuple[JobOrder, ...]:  # fmt: skip
    order = JobOrder(
        product_name=wanted.product_name, style=wanted.styles[0], options=wanted.options(),
        files={} if blob is None else {"photo": blob}, agreed=wanted.max_cost is not None,
    )  # fmt: skip
    # Dressed once, in one kit: somebody may change it in this very moment.
    order = await branded(order, wanted, house, who)
    return variants.crossed(order, wanted.styles, wanted.ctas or [order.cta_text])


async def _submit(
    request: Request, house: House, who: Principal, wanted: VariantsRequest, claim: Claim | None
) -> Answer:  # fmt: skip
    settings, owner = house.settings, who.owner
    # By the claim: whoever answers for a process that died has to find what it made.
    group_id = uuid.uuid5(uuid.NAMESPACE_OID, f"group {claim.job_id}").hex if claim is not None else uuid.uuid4().hex
    ready = None
    if claim is None or not claim.made:
        async with handed_in(house, who, image_url=wanted.image_url, upload_id=wanted.upload_id) as blob:
            orders = await _orders(wanted, house, who, blob)
            ready = await variants.agree(orders, settings, owner, group_id=group_id)
            await in_thread(
                queue.submit_all, ready.orders, settings, group_id=group_id, owner=owner, priority=wanted.priority,
                at_most=ready.at_most, claim=claim,
            )  # fmt: skip
    group = await in_thread(groups.get, group_id, settings, owner=owner)
    first = JobOrder(product_name=wanted.product_name, style=wanted.styles[0], options=wanted.options())
    seconds = await in_thread(pricing.expected_seconds, first, settings)  # they are in the queue by now
    return _accepted(request, group, seconds=seconds, ready=ready)


def _accepted(
    request: Request, group: GroupView, *, seconds: float, ready: variants.AgreedAll | None
) -> Answer:  # fmt: skip
    price, url = (ready.quote if ready is not None else None), v1_address(request, f"/groups/{group.id}")
    told = [
        VariantAnswer.model_validate({
            "job_id": job.id, "status": job.status, "style": job.style, "cta_text": job.cta_text,
            "status_url": job_address(request, job.id), "events_url": job_address(request, job.id, "/events"),
            "websocket_url": socket_address(request, job.id),
        })
        for job in group.jobs
    ]  # fmt: skip
    body = VariantsAnswer(
        group_id=group.id, group_url=url, jobs=told, estimated_seconds=round(seconds, 1),
        estimated_completion_time=datetime.now(UTC) + timedelta(seconds=seconds),
        estimated_cost_usd=price.estimate / 1e6 if price is not None else 0.0,
        max_cost_usd=ready.cap / 1e6 if ready is not None and ready.cap is not None else None,
    )  # fmt: skip
    return Answer(status=202, body=body.model_dump(mode="json"), headers={"Location": url})


def _group_of(group: GroupView, request: Request) -> GroupAnswer:
    archived = v1_address(request, f"/groups/{quote(group.id, safe='')}/archive") if group.finished else None
    return GroupAnswer(
        group_id=group.id, winner=group.winner, finished=len(group.finished), cost_usd=group.cost / 1e6,
        jobs=[summary_of(job, request) for job in group.jobs], archive_url=archived,
    )  # fmt: skip
