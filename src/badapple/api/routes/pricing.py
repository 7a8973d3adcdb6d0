"""What an ad would cost."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request

from badapple.api.answers import Estimate, estimate_of
from badapple.api.deps import DoorsDep, Reader
from badapple.api.documented import json_of, problems
from badapple.api.incoming import json_fields
from badapple.api.ordering import branded, check_makers, photo_of_upload
from badapple.api.schemas import EstimateRequest
from badapple.jobs import JobOrder, pricing
from badapple.process import in_thread

__all__ = ["router"]

router = APIRouter(tags=["pricing"])


@router.post(
    "/estimate", operation_id="estimateVideo", summary="Ask what an ad would cost", responses=problems(402, 404, 409),
    openapi_extra=json_of("EstimateRequest", {"product_name": "Aurora Desk Lamp", "provider": "cloud"}),
)  # fmt: skip
async def estimate(request: Request, who: Reader, house: DoorsDep) -> Estimate:
    """Say what an ad would cost in money and time; nothing is bought or sent.

    `provider: cloud` and vendors by name are priced whether their keys are set here or not. What was paid for before
    costs nothing again.
    """
    wanted = await json_fields(request, EstimateRequest)
    await check_makers(wanted, house)
    blob = None if wanted.upload_id is None else await photo_of_upload(house, who, wanted.upload_id)
    order = JobOrder(
        product_name=wanted.product_name, style=wanted.style, cta_text=wanted.cta_text, options=wanted.options(),
        files={} if blob is None else {"photo": blob},
    )  # fmt: skip
    order = await branded(order, wanted, house, who)
    async with house.intakes:  # it looks at the photo and drafts a script
        quote = await pricing.quote(order, house.settings, who.owner, as_if_keys=wanted.asks_vendors)
    return estimate_of(quote, await in_thread(pricing.expected_seconds, order, house.settings))
