"""What the simulators do wrong on purpose."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, Literal, Self

from badapple.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["BEHAVIOURS", "ROUTES", "Fault", "FaultScript"]

#: The routes that a fault can name, by vendor.
ROUTES: dict[str, tuple[str, ...]] = {
    "anthropic": ("messages", "models", "model_info"),
    "elevenlabs": ("tts", "history", "history_item", "history_audio", "subscription", "voices", "models"),
    "replicate": ("create", "get", "list", "cancel", "file", "files", "model", "account", "secret"),
}

#: Every named behaviour, with the routes that know it.
BEHAVIOURS: dict[str, str] = {
    "rate_limit": "every route: 429 with the header Retry-After",
    "rate_limit_json": "create: 429 of an account with little credit, `retry_after` in the JSON body only",
    "throttled": "every Replicate route: 429 with neither header nor number, only the sentence",
    "low_credit": "create: 6 a minute with a burst of 1 on the clock, else 429 as rate_limit_json",
    "early_output": "create: the output is there while the status is still `processing`",
    "no_credit": "create: 402 of an account without credit; messages: 402 billing_error",
    "overloaded": "messages: 529 overloaded_error; tts: 429 system_busy; create: 503",
    "spend_limit": "messages: 429 enforced_spend_limit_reached",
    "unauthorized": "every route: 401, as with a wrong key",
    "image_too_large": "messages: 400 image_dimensions_too_large",
    "retired": "messages: 404 not_found_error; models, model_info: lifecycle `retired`",
    "refusal": "messages: stop_reason `refusal`, charged by its tokens",
    "max_tokens": "messages: text cut in the middle, stop_reason `max_tokens`, charged",
    "bad_json": "messages: text that is no JSON, stop_reason `end_turn`, charged",
    "bad_values": "messages: JSON in the right shape whose values break the stated lengths",
    "too_long": "messages: sentences far too long to be spoken",
    "obey_injection": "messages: the obedient model that says whatever the brief's text tells it",
    "quota_exceeded": "tts: 401 quota_exceeded",
    "voice_not_found": "tts: 404 voice_not_found",
    "too_many": "tts: 429 too_many_concurrent_requests",
    "bad_alignment": "tts: the last third of the characters is missing from both alignments",
    "no_alignment": "tts: both alignments are null",
    "silence": "tts: audio of the right length without a sound",
    "failed": "create: the prediction ends `failed`, with `body` as its error",
    "nsfw": "create: the prediction ends `failed` for its content",
    "canceled": "create: the prediction ends `canceled` after it started",
    "aborted": "create: the prediction ends `aborted` before it starts",
    "data_removed": "create, get: output gone, `data_removed` true",
    "short_clip": "create: the clip lasts 3 s",
    "stuck": "create: the prediction never leaves `starting`",
    "wrong_media": "file: an HTML page instead of the file",
    "gone": "file: 404",
    "schema_change": "model: an input has another name, from now on",
    "forged_webhook": "create: the webhook is signed with another secret",
    "duplicate_webhook": "create: the webhook comes twice under one id",
    "reordered_webhook": "create: `completed` comes first, then an older `start`",
    "late_webhook": "create: the webhook comes 600 s late by its own timestamp",
    "hang": "every route: does nothing and never answers",
    "hang_after": "every route: acts and charges, and never answers",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that goes wrong.

    Attributes:
        vendor: `anthropic`, `elevenlabs`, `replicate`, or None for each of them.
        route: name of the route, or None for each of them.
        nth: which of the requests it meets, the first being 1; None for every one.
        match: text that must occur in the request's path or body, or None.
        status: answer with this status and do nothing (unless `acts`).
        acts: do the work and charge for it although `status` says that it failed.
        body: what to answer instead; a dict is sent as JSON. With `does="failed"` the error's text.
        headers: added to the answer.
        delay: seconds to wait before anything is done.
        drop: close the connection `before` doing anything, or `after` having done everything.
        drip: bytes a second at which the answer is sent.
        truncate: bytes after which the answer ends; with `drop="after"` its header promises the whole.
        content_type: sent instead of the true one.
        does: a behaviour with a name, see `BEHAVIOURS`.
        retry_after: seconds that a rate limit asks for.
    """

    vendor: Literal["anthropic", "elevenlabs", "replicate"] | None = None
    route: str | None = None
    nth: tuple[int, ...] | None = None
    match: str | None = None
    status: int | None = None
    acts: bool = False
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    delay: float = 0.0
    drop: Literal["before", "after"] | None = None
    drip: float | None = None
    truncate: int | None = None
    content_type: str | None = None
    does: str | None = None
    retry_after: float = 1.0

    def __post_init__(self) -> None:
        if self.does is not None and self.does not in BEHAVIOURS:
            raise ConfigError(f"no fault does {self.does!r}; known: {', '.join(BEHAVIOURS)}")
        if self.vendor not in {None, *ROUTES}:
            raise ConfigError(f"no simulator is called {self.vendor!r}; known: {', '.join(ROUTES)}")
        known = ROUTES[self.vendor] if self.vendor else tuple(name for names in ROUTES.values() for name in names)
        if self.route not in {None, *known}:
            raise ConfigError(f"{self.vendor or 'no vendor'} has no route {self.route!r}; known: {', '.join(known)}")

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> Self:
        """Read one from its fields.

        Raises:
            ConfigError: a field or behaviour does not exist.
        """
        known = {item.name for item in fields(cls)}
        if unknown := sorted(set(body) - known):
            raise ConfigError(f"a fault has no {', '.join(unknown)}; known: {', '.join(sorted(known))}")
        nth = body.get("nth")
        numbers = (nth,) if isinstance(nth, int) else tuple(nth) if nth is not None else None
        return cls(**{**body, "nth": numbers})

    @classmethod
    def read(cls, text: str) -> tuple[Self, ...]:
        """Read a list of them from JSON text.

        Raises:
            ConfigError: it is no JSON list of faults.
        """
        try:
            items = json.loads(text)
        except ValueError as error:
            raise ConfigError(f"the faults are not JSON: {error}") from error
        if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
            raise ConfigError("the faults must be a JSON list of objects")
        return tuple(cls.from_json(item) for item in items)

    def meets(self, vendor: str, route: str, text: str) -> bool:
        """Tell whether a request is one of those that this fault counts."""
        right = self.vendor in {None, vendor} and self.route in {None, route}
        return right and (self.match is None or self.match in text)


class FaultScript:
    """Counts requests and hands out the fault that is due; safe to use from several threads."""

    def __init__(self, faults: Sequence[Fault] = ()) -> None:
        self._lock = threading.Lock()
        self.set(faults)

    def set(self, faults: Sequence[Fault]) -> None:
        """Begin a new script; counting starts again."""
        with self._lock:
            self._faults = [(fault, [0]) for fault in faults]

    def due(self, vendor: str, route: str, text: str) -> Fault | None:
        """Count a request; return the first fault that is due for it, None where there is none."""
        found = None
        with self._lock:
            for fault, seen in self._faults:
                if fault.meets(vendor, route, text):
                    seen[0] += 1
                    if found is None and (fault.nth is None or seen[0] in fault.nth):
                        found = fault
        return found
