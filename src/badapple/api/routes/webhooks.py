"""Webhooks: have another server told what became of jobs.

The application runs what sends them for as long as it serves:

    async with webhooks.delivering(app):
        yield
"""

from __future__ import annotations

import contextlib
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from badapple.api.addresses import v1_address
from badapple.api.deps import DoorsDep, House, Reader, Writer
from badapple.api.documented import LOCATION, answer, problems
from badapple.api.problems import ProblemError
from badapple.errors import InputError
from badapple.jobs import deliveries, webhooks
from badapple.jobs.posting import Deliverer
from badapple.process import in_thread

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from fastapi import FastAPI

__all__ = ["delivering", "router"]

router = APIRouter(prefix="/webhooks", tags=["webhooks"])

EventName = Literal["job.completed", "job.failed", "job.cancelled", "job.awaiting_approval"]
State = Literal["pending", "delivered", "failed"]
_CURSOR = "webhook deliveries"
_Url = Annotated[str, Field(min_length=1, max_length=2000, examples=["https://example.com/hooks/badapple"])]
_Events = Annotated[list[EventName], Field(max_length=4)]
_Id = Annotated[str, Path(pattern=r"^[0-9a-z_]{1,32}$", description="`id` of a webhook.")]
_DeliveryId = Annotated[str, Path(pattern=r"^[0-9a-z_]{1,40}$", description="`id` of a delivery.")]
_LINKS = {
    name: {"operationId": operation, "parameters": {"webhook_id": "$response.body#/id"}}
    for name, operation in (
        ("GetWebhook", "getWebhook"), ("ChangeWebhook", "changeWebhook"), ("DeleteWebhook", "deleteWebhook"),
        ("RotateWebhookSecret", "rotateWebhookSecret"), ("TestWebhook", "testWebhook"),
        ("ListDeliveries", "listDeliveries"),
    )
}  # fmt: skip


class _Answer(BaseModel):
    model_config = ConfigDict(use_attribute_docstrings=True)


class _Asked(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class WebhookRequest(_Asked):
    """A webhook to be made."""

    url: _Url
    """Where messages go: an https address of the public internet, at port 443 or 8443."""
    events: _Events = []
    """What is told; all where it is empty."""


class WebhookChange(_Asked):
    """What is to be changed; what is left out or null stays."""

    url: _Url | None = None
    """Where messages go."""
    events: _Events | None = None
    """What is told; all where it is empty."""
    enabled: bool | None = None
    """Whether anything is sent. What happens while it is switched off is not told later."""


class Webhook(_Answer):
    """An address that wants to be told."""

    id: str
    """Names it."""
    url: str
    """Where messages go."""
    events: list[EventName]
    """What is told; all where it is empty."""
    enabled: bool
    """Whether anything is sent."""
    disabled_because: str | None = None
    """Why nothing is sent, where it was not you who said so."""
    created_at: datetime
    """When it was made."""
    updated_at: datetime
    """When it was changed last."""


class WebhookSecret(_Answer):
    """What messages are signed with."""

    secret: str
    """Begins with `whsec_`. It is shown this once; ask for another with `rotate`."""


class NewWebhook(Webhook, WebhookSecret):
    """A webhook that was just made."""


class Webhooks(_Answer):
    """Your webhooks."""

    items: list[Webhook]
    """The oldest first."""


class Try(_Answer):
    """One try to send a message."""

    at: datetime
    """When."""
    status: int | None = None
    """The status that the receiver answered with; null where it did not."""
    ms: int
    """Milliseconds that it took."""
    error: str
    """Why it was not taken; empty where it was."""
    reply: str
    """The answer's first 200 bytes."""


class Delivery(_Answer):
    """One message to one webhook."""

    id: str
    """The header `webhook-id` of the message, the same in every try."""
    webhook_id: str
    """Whom it goes to."""
    type: str
    """What it tells: `job.completed` ... or `webhook.test`."""
    job_id: str
    """The job it tells of; empty for a test."""
    state: State
    """`pending` until it is taken, or given up."""
    attempts: int
    """How often it was sent."""
    next_at: datetime | None = None
    """When it is sent next, where it is pending."""
    log: list[Try]
    """The last ten tries."""
    created_at: datetime
    """When it was made."""
    ended_at: datetime | None = None
    """When it was taken or given up."""


class DeliveryPage(_Answer):
    """Some deliveries, the newest first."""

    items: list[Delivery]
    """The deliveries."""
    next_cursor: str | None = None
    """Ask again with `cursor=` for the next page; null at the end."""


@contextlib.asynccontextmanager
async def delivering(app: FastAPI) -> AsyncIterator[None]:
    """Send what webhooks are to be told, for as long as the block runs."""
    house: House = app.state.doors
    async with Deliverer(house.settings, house.engine, bell=house.bell).running() as deliverer:
        app.state.deliverer = deliverer
        try:
            yield
        finally:
            app.state.deliverer = None


@router.get("", operation_id="listWebhooks")
async def list_webhooks(house: DoorsDep, who: Reader) -> Webhooks:
    """List your webhooks; no secret is shown again."""
    views = await in_thread(webhooks.listing, house.settings, owner=who.owner)
    return Webhooks(items=[Webhook.model_validate(view.to_json()) for view in views])


@router.post(
    "",
    operation_id="createWebhook",
    status_code=201,
    response_model=NewWebhook,
    responses=answer(201, "Made; the secret is in the answer, once.", headers=LOCATION, links=_LINKS),
)
async def create_webhook(
    asked: WebhookRequest, house: DoorsDep, who: Writer, request: Request, response: Response
) -> NewWebhook:
    """Make a webhook: from now on a message is sent there for every job of yours that ends, or waits for you.

    Messages are signed as standardwebhooks.com says. One that is not taken is sent again for three days.
    """
    view, secret = await in_thread(
        webhooks.create, house.settings, asked.url, owner=who.owner, events=tuple(asked.events)
    )
    response.headers["location"] = v1_address(request, f"/webhooks/{view.id}")
    return NewWebhook.model_validate({**view.to_json(), "secret": secret})


@router.get("/{webhook_id}", operation_id="getWebhook", responses=problems(404))
async def get_webhook(webhook_id: _Id, house: DoorsDep, who: Reader) -> Webhook:
    """Return a webhook."""
    return _told(await in_thread(webhooks.get, webhook_id, house.settings, owner=who.owner))


@router.patch("/{webhook_id}", operation_id="changeWebhook", responses=problems(404))
async def change_webhook(webhook_id: _Id, asked: WebhookChange, house: DoorsDep, who: Writer) -> Webhook:
    """Change where a webhook's messages go, what is told, or whether anything is sent."""
    view = await in_thread(
        webhooks.change, webhook_id, house.settings, owner=who.owner, url=asked.url, events=asked.events,
        enabled=asked.enabled,
    )  # fmt: skip
    return _told(view)


@router.delete(
    "/{webhook_id}", operation_id="deleteWebhook", status_code=204, responses={**answer(204, "Gone."), **problems(404)}
)
async def delete_webhook(webhook_id: _Id, house: DoorsDep, who: Writer) -> Response:
    """Remove a webhook, with the log of what was sent to it."""
    await in_thread(webhooks.delete, webhook_id, house.settings, owner=who.owner)
    return Response(status_code=204)


@router.post("/{webhook_id}/rotate", operation_id="rotateWebhookSecret", responses=problems(404))
async def rotate_secret(webhook_id: _Id, house: DoorsDep, who: Writer) -> WebhookSecret:
    """Give a webhook another secret. For 24 hours messages carry a signature of the old one, too."""
    return WebhookSecret(secret=await in_thread(webhooks.rotate, webhook_id, house.settings, owner=who.owner))


@router.post(
    "/{webhook_id}/test",
    operation_id="testWebhook",
    status_code=202,
    responses={**answer(202, "It is being sent."), **problems(404, 409)},
)
async def test_webhook(webhook_id: _Id, house: DoorsDep, who: Writer, request: Request) -> Delivery:
    """Send a message of the type `webhook.test`, to see whether it comes."""
    view = await in_thread(deliveries.test, webhook_id, house.settings, owner=who.owner)
    _wake(request)
    return _delivery(view)


@router.get("/{webhook_id}/deliveries", operation_id="listDeliveries", responses=problems(404))
async def list_deliveries(
    *,
    webhook_id: _Id,
    house: DoorsDep,
    who: Reader,
    state: Annotated[State | None, Query(description="Only those.")] = None,
    limit: Annotated[int, Query(ge=1, le=200, description="At most so many.")] = 50,
    cursor: Annotated[str | None, Query(max_length=1000, description="`next_cursor` of the last page.")] = None,
) -> DeliveryPage:
    """List what was sent to a webhook in the last 30 days, what is, and what became of it; the newest first."""
    kind = {"webhook": webhook_id, "state": state}
    after = None if cursor is None else _read(house, kind, cursor)
    views = await in_thread(
        deliveries.listing, webhook_id, house.settings, owner=who.owner, state=state, limit=limit + 1, after=after
    )
    last = views[limit - 1] if len(views) > limit else None
    seen = {**kind, "at": last.created_at.isoformat(), "id": last.id} if last else None
    return DeliveryPage(
        items=[_delivery(view) for view in views[:limit]],
        next_cursor=house.signer.sign(_CURSOR, seen) if seen else None,
    )


@router.post(
    "/{webhook_id}/deliveries/{delivery_id}/resend",
    operation_id="resendDelivery",
    status_code=202,
    responses={**answer(202, "It is being sent."), **problems(404, 409)},
)
async def resend_delivery(
    webhook_id: _Id, delivery_id: _DeliveryId, house: DoorsDep, who: Writer, request: Request
) -> Delivery:
    """Send a message again, under the same id."""
    view = await in_thread(deliveries.resend, webhook_id, delivery_id, house.settings, owner=who.owner)
    _wake(request)
    return _delivery(view)


def _told(view: webhooks.WebhookView) -> Webhook:
    return Webhook.model_validate(view.to_json())


def _delivery(view: deliveries.DeliveryView) -> Delivery:
    return Delivery.model_validate(view.to_json())


def _wake(request: Request) -> None:
    deliverer: Deliverer | None = getattr(request.app.state, "deliverer", None)
    if deliverer is not None:
        deliverer.wake()


def _read(house: House, kind: dict[str, str | None], cursor: str) -> tuple[datetime, str]:
    try:
        last: dict[str, Any] = house.signer.read(_CURSOR, cursor)
    except InputError:
        last = {}
    if {name: last.get(name) for name in kind} != kind or "at" not in last:
        raise ProblemError("invalid_cursor", "this cursor is not of this list", pointer="#query/cursor")
    return datetime.fromisoformat(last["at"]), str(last["id"])
