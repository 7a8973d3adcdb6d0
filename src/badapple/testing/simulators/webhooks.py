"""Signed messages about predictions, sent to whoever asked for them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import json
import threading
import time
import urllib.parse
from dataclasses import dataclass
from typing import TYPE_CHECKING

from badapple.testing.simulators.predictions import ENDED

if TYPE_CHECKING:
    from collections.abc import Mapping

    from badapple.testing.simulators.predictions import Prediction
    from badapple.testing.simulators.traffic import Json

__all__ = ["SECRET", "Delivery", "Postman", "due_events", "sign"]

SECRET = "whsec_" + base64.b64encode(b"badapple simulated secret, 32 b").decode("ascii")
_FORGED = "whsec_" + base64.b64encode(b"somebody else entirely, not us!").decode("ascii")
_LATE = 600
_TRIES, _BREAK, _PATIENCE = 3, 0.2, 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One webhook as it was sent; status 0 where nobody answered."""

    prediction: str
    event: str
    url: str
    headers: Mapping[str, str]
    body: bytes
    status: int


class Postman:
    """Sends webhooks and remembers them; safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sent: list[Delivery] = []

    def sent(self) -> tuple[Delivery, ...]:
        """Return what was sent, in its order."""
        with self._lock:
            return tuple(self._sent)

    def tell(self, url: str, event: str, body: Json, *, does: str | None) -> None:
        """Send an event, as often as it takes to be heard, and wrongly if told so."""
        raw = json.dumps(body).encode()
        told = f"{body['id']} {event}"
        name = f"msg_{hashlib.sha256(told.encode()).hexdigest()[:24]}"
        when = int(time.time()) - (_LATE if does == "late_webhook" else 0)
        headers = sign(raw, name=name, when=when, secret=_FORGED if does == "forged_webhook" else SECRET)
        for _ in range(2 if does == "duplicate_webhook" else 1):
            for _ in range(_TRIES):
                status = _post(url, headers, raw)
                with self._lock:
                    self._sent.append(
                        Delivery(prediction=body["id"], event=event, url=url, headers=headers, body=raw, status=status)
                    )
                if 200 <= status < 300:
                    break
                time.sleep(_BREAK)


def due_events(prediction: Prediction, now: float) -> list[str]:
    """Return the events of a prediction that have happened, in the order of their telling."""
    status, late = prediction.status(now), prediction.does == "reordered_webhook"
    begun = ["start"] if status != "starting" else []
    ended = ["output", "completed"] if status == "succeeded" else ["completed"] if status in ENDED else []
    due = (ended + begun if ended else []) if late else begun + ended
    return [event for event in due if event in prediction.events]


def sign(raw: bytes, *, name: str, when: int, secret: str = SECRET) -> dict[str, str]:
    """Return the headers of a webhook."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    mac = hmac.new(key, f"{name}.{when}.".encode() + raw, hashlib.sha256).digest()
    return {
        "content-type": "application/json",
        "webhook-id": name,
        "webhook-timestamp": str(when),
        "webhook-signature": f"v1,{base64.b64encode(mac).decode('ascii')}",
    }


def _post(url: str, headers: Mapping[str, str], raw: bytes) -> int:
    parts = urllib.parse.urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=_PATIENCE)
    try:
        connection.request(
            "POST", urllib.parse.urlunsplit(("", "", parts.path or "/", parts.query, "")), raw, dict(headers)
        )
        return connection.getresponse().status
    except OSError:
        return 0
    finally:
        connection.close()
