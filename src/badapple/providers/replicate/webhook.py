"""Webhooks of Replicate: whether one is genuine, and whom it wakes."""

from __future__ import annotations

import asyncio
import base64
import binascii
import contextlib
import hashlib
import hmac
import threading
import time
from collections import OrderedDict
from typing import TYPE_CHECKING, Literal

from badapple.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from badapple.secrets import Secret

__all__ = ["Doorbells", "WebhookError", "verify"]

_TOLERANCE = 300.0  #: seconds between its own time and ours
_REMEMBERED = 10_000  #: webhook ids and rings


class WebhookError(InputError):
    """A webhook that is not believed; `why` says it in one word."""

    def __init__(self, message: str, *, why: Literal["headers", "time", "signature", "secret"]) -> None:
        super().__init__(message)
        self.why = why


def verify(headers: Mapping[str, str], body: bytes, secret: Secret, *, now: float | None = None) -> str:
    """Return the id of a webhook that Replicate signed within the last five minutes.

    Args:
        headers: of the request, any case.
        body: of the request, exactly as it came.
        secret: what it was signed with (`ReplicateClient.webhook_secret`).
        now: seconds since 1970; the clock's by default.

    Raises:
        WebhookError: a header is missing, its time is off, or nobody signed it with that secret.
    """
    told = {name.lower(): value for name, value in headers.items()}
    names = ("webhook-id", "webhook-timestamp", "webhook-signature")
    for name in names:
        if not told.get(name):
            raise WebhookError(f"the webhook has no header {name}", why="headers")
    identity, when, signatures = (told[name] for name in names)
    if not when.isascii() or not when.isdigit() or len(when) > 15:
        raise WebhookError("the webhook's time is no number", why="time")
    if abs((time.time() if now is None else now) - int(when)) > _TOLERANCE:
        raise WebhookError("the webhook is too old, or from the future: check the clock of this machine", why="time")
    mac = hmac.new(_key(secret), f"{identity}.{when}.".encode() + body, hashlib.sha256).digest()
    wanted = b"v1," + base64.b64encode(mac)
    # Every signature is compared, so that the time it takes tells nothing of which was nearly right.
    right = [hmac.compare_digest(one.encode("utf-8", "replace"), wanted) for one in signatures.split()]
    if not any(right):
        raise WebhookError("the webhook is not signed by this Replicate account", why="signature")
    return identity


def _key(secret: Secret) -> bytes:
    try:
        key = base64.b64decode(secret.reveal().removeprefix("whsec_"), validate=True)
    except binascii.Error:
        key = b""
    if not key:
        raise WebhookError("the signing secret is none of Replicate's: it begins with whsec_", why="secret")
    return key


class Doorbells:
    """Wakes those who wait for a prediction; may be rung from any thread.

    A ring is only a hint, and may come twice, late or in the wrong order: whoever is woken asks Replicate itself.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: dict[str, set[tuple[asyncio.AbstractEventLoop, asyncio.Event]]] = {}
        self._rung: OrderedDict[str, None] = OrderedDict()
        self._seen: OrderedDict[str, None] = OrderedDict()

    def is_new(self, webhook_id: str) -> bool:
        """Tell whether a webhook comes for the first time, and remember it."""
        with self._lock:
            return _remember(self._seen, webhook_id)

    def ring(self, prediction_id: str) -> None:
        """Wake who waits for a prediction; if nobody does yet, the next one will not wait."""
        with self._lock:
            waiting = self._waiting.pop(prediction_id, None)
            if waiting is None:
                _remember(self._rung, prediction_id)
                return
        for loop, event in waiting:
            with contextlib.suppress(RuntimeError):  # its loop is closed: nobody waits there any more
                loop.call_soon_threadsafe(event.set)

    async def wait(self, prediction_id: str, seconds: float) -> bool:
        """Wait for a ring, but no longer than so many seconds; return whether it rang."""
        me = (asyncio.get_running_loop(), asyncio.Event())
        with self._lock:
            if prediction_id in self._rung:
                del self._rung[prediction_id]
                return True
            self._waiting.setdefault(prediction_id, set()).add(me)
        try:
            async with asyncio.timeout(seconds):
                return await me[1].wait()
        except TimeoutError:
            return False
        finally:
            with self._lock:
                rest = self._waiting.get(prediction_id, set())
                rest.discard(me)
                if not rest:
                    self._waiting.pop(prediction_id, None)


def _remember(kept: OrderedDict[str, None], name: str) -> bool:
    new = name not in kept
    kept[name] = None
    while len(kept) > _REMEMBERED:
        kept.popitem(last=False)
    return new
