"""What vendors tell us: webhooks of Replicate, which say that a prediction may be done."""

from __future__ import annotations

import asyncio
import json
import time
from typing import TYPE_CHECKING

from fastapi import APIRouter, Request, Response

from badapple.api.deps import DoorsDep
from badapple.api.guard import Gate
from badapple.errors import NotFoundError, ProviderError, UnauthenticatedError
from badapple.process import in_thread
from badapple.providers.replicate.webhook import WebhookError, verify

if TYPE_CHECKING:
    from badapple.config import Access
    from badapple.secrets import Secret

__all__ = ["router"]

router = APIRouter(prefix="/vendors", include_in_schema=False)
_AGAIN = 60.0  #: seconds between two questions for the secret
_LONGEST = 128  #: characters of a prediction's id


class _Secrets:
    """What Replicate signs with, asked for once; strangers cannot make us ask more often than once a minute."""

    def __init__(self) -> None:
        self._lock = asyncio.Lock()
        self._secret: Secret | None = None
        self._error: ProviderError | None = None
        self._at = -_AGAIN

    async def get(self, access: Access, *, anew: bool = False) -> Secret:
        """Return the secret.

        Args:
            access: to the API.
            anew: ask again, where that was not done just now.

        Raises:
            ProviderError: Replicate cannot be asked.
        """
        async with self._lock:
            if (anew or self._secret is None) and time.monotonic() - self._at >= _AGAIN:
                self._at = time.monotonic()
                try:
                    self._secret, self._error = await _ask(access), None
                except ProviderError as error:
                    self._error = error
            if self._secret is None:
                raise self._error or NotFoundError("Replicate told no secret")
            return self._secret


async def _ask(access: Access) -> Secret:
    from badapple.providers.replicate import ReplicateClient  # noqa: PLC0415 - its package is an extra

    client = ReplicateClient(access)
    try:
        return await client.webhook_secret()
    finally:
        await client.aclose()


@router.post("/replicate/webhook", status_code=204, operation_id="replicateWebhook")
async def replicate_webhook(request: Request, house: DoorsDep) -> Response:
    """Take a webhook of Replicate's. It is a hint only: whoever waits for the prediction asks Replicate itself.

    So it does no harm that one comes twice, late or not at all.
    """
    from badapple.providers.replicate.ringing import doorbells  # noqa: PLC0415 - only where Replicate is used

    access = house.settings.vendors["replicate"]
    if access.key is None:
        raise NotFoundError("Replicate is not set up here")
    body = await request.body()
    try:
        message = await _verified(request, access, body)
    except WebhookError as error:
        if isinstance(house.gate, Gate):
            await house.gate.wrong(request)
        raise UnauthenticatedError(str(error), hint="only Replicate calls this address") from error
    bells = doorbells(house.settings.redis_url)
    prediction = _prediction(body)
    if prediction and bells.is_new(message):
        await in_thread(bells.ring_everywhere, prediction)
    return Response(status_code=204)


async def _verified(request: Request, access: Access, body: bytes) -> str:
    state = request.app.state
    if not hasattr(state, "replicate_secrets"):
        state.replicate_secrets = _Secrets()
    secrets: _Secrets = state.replicate_secrets
    headers = dict(request.headers)
    # What has no signature at all, or is old, is refused before Replicate is asked for anything.
    known = await secrets.get(access) if headers.get("webhook-signature") else None
    try:
        return verify(headers, body, known) if known is not None else _unsigned()
    except WebhookError as error:
        if error.why != "signature":
            raise
        fresh = await secrets.get(access, anew=True)
        if fresh == known:
            raise
        return verify(headers, body, fresh)


def _unsigned() -> str:
    raise WebhookError("the webhook has no header webhook-signature", why="headers")


def _prediction(body: bytes) -> str:
    """Return the id of the prediction that a webhook tells of, or nothing."""
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    name = told.get("id") if isinstance(told, dict) else None
    return name if isinstance(name, str) and name.isascii() and 0 < len(name) <= _LONGEST else ""
