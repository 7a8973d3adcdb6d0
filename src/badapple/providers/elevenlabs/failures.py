"""What went wrong at ElevenLabs, as an error of ours: one table."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from badapple.errors import (
    OutcomeUnknownError,
    PermanentProviderError,
    ProviderError,
    TransientProviderError,
)
from badapple.providers.replies import UnfitReplyError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from badapple.errors import Reason

__all__ = ["PROVIDER", "NoVoiceError", "ScopeError", "broken", "refused", "said"]

PROVIDER = "elevenlabs"
_FREE = "nothing was charged"
_OPEN = "it may have been charged"
_LONGEST = 200  #: characters of the vendor's own words that are passed on
_LONGEST_WAIT = 3600.0  #: seconds
_CROWDED = 1.0  #: seconds to wait for a slot where the vendor names no time

_TOP_UP = "add credit at elevenlabs.io, or choose the offline voice"
_KEY = "check ELEVENLABS_API_KEY, and what the key is allowed to do"
_TEXT = "change the text, or choose the offline voice"
_PATIENCE = "try again later"


class NoVoiceError(PermanentProviderError):
    """The account cannot use this voice; another may do."""


class ScopeError(PermanentProviderError):
    """The key is right, and may not do this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """How one failure is told."""

    error: type[ProviderError]
    reason: Reason
    what: str
    hint: str
    wait: float | None = None


def _permanent(reason: Reason, what: str, hint: str) -> _Row:
    return _Row(error=PermanentProviderError, reason=reason, what=what, hint=hint)


_QUOTA = _permanent("quota", "has no credit left for this text", _TOP_UP)
_DENIED = _permanent("key", "does not accept the key", _KEY)
_NOT_ALLOWED = _permanent("key", "does not let this account do that", _KEY)
_SCOPE = _Row(error=ScopeError, reason="key", what="does not let this key do that", hint=_KEY)
_LONG = _permanent("input", "finds the text too long", "shorten the text")
_UNFIT = _permanent("input", "does not accept what was asked for", _TEXT)
_REFUSED = _permanent("refused", "refuses to speak this text", _TEXT)
_NO_VOICE = _Row(
    error=NoVoiceError, reason="input", what="does not have this voice for this account",
    hint="write the id of a voice of your own account into the style",
)  # fmt: skip
_FULL = _Row(
    error=TransientProviderError, reason="rate_limit", what="is speaking as much at once as the plan allows",
    hint=_PATIENCE, wait=_CROWDED,
)  # fmt: skip
_BUSY = _Row(error=TransientProviderError, reason="rate_limit", what="is busy", hint=_PATIENCE)
_AGAIN = _Row(error=TransientProviderError, reason="server", what="asks to try again", hint=_PATIENCE)

#: By the vendor's own code, of both generations of its error bodies.
_CODES: dict[str, _Row] = {
    "quota_exceeded": _QUOTA,
    "insufficient_credits": _QUOTA,
    "insufficient_quota": _QUOTA,
    "credit_limit_exceeded": _QUOTA,
    "character_limit_exceeded": _QUOTA,
    "payment_required": _QUOTA,
    "payment_issue": _QUOTA,
    "invalid_api_key": _DENIED,
    "missing_api_key": _DENIED,
    "needs_authorization": _DENIED,
    "missing_permissions": _SCOPE,
    "insufficient_permissions": _SCOPE,
    "only_for_creator+": _NOT_ALLOWED,
    "detected_unusual_activity": _NOT_ALLOWED,
    "model_access_denied": _NOT_ALLOWED,
    "voice_not_found": _NO_VOICE,
    "voice_access_denied": _NO_VOICE,
    "voice_not_fine_tuned": _NO_VOICE,
    "free_users_not_allowed": _NO_VOICE,  # of voices out of the public library
    "max_character_limit_exceeded": _LONG,
    "text_too_long": _LONG,
    "content_policy_violation": _REFUSED,
    "content_against_policy": _REFUSED,
    "too_many_concurrent_requests": _FULL,
    "concurrent_limit_exceeded": _FULL,
    "rate_limit_exceeded": _BUSY,
}

#: By the status of the reply, where its code says nothing; other 4xx are `_UNFIT`.
_STATUSES: dict[int, _Row] = {
    401: _DENIED,
    402: _QUOTA,
    403: _NOT_ALLOWED,
    409: _AGAIN,
    413: _LONG,
    425: _AGAIN,
    429: _BUSY,
    451: _REFUSED,
}

#: Failures of httpx, by class, that happen before anything was sent.
_UNSENT = frozenset({"ConnectError", "ConnectTimeout", "PoolTimeout", "ProxyError"})
#: Requests that cannot be sent at all.
_UNSENDABLE = frozenset({"UnsupportedProtocol", "InvalidURL"})


def refused(status: int, headers: Mapping[str, str], body: bytes, *, buying: bool) -> ProviderError:
    """Return the error for a reply that is no success.

    Args:
        status: of the reply.
        headers: of the reply, names in lower case.
        body: of the reply.
        buying: whether it answers a request that costs money.
    """
    code, message = said(body)
    words = f": {message}" if message else ""
    if 300 <= status < 400:
        return PermanentProviderError(
            f"ElevenLabs answered HTTP {status} instead of doing it; {_FREE}",
            provider=PROVIDER, status_code=status, reason="network", hint="check ELEVENLABS_BASE_URL",
        )  # fmt: skip
    if status >= 500 or status in {408, 499} or status < 200:
        return _unclear(f"ElevenLabs failed with HTTP {status}{words}", "server", status=status, buying=buying)
    row = _CODES.get(code) or _STATUSES.get(status, _UNFIT)
    error = row.error(
        f"ElevenLabs {row.what}{words} (HTTP {status}); {_FREE}",
        provider=PROVIDER, status_code=status, reason=row.reason, hint=row.hint,
    )  # fmt: skip
    if isinstance(error, TransientProviderError):
        error.retry_after = _seconds(headers, row.wait)
    return error


def broken(error: Exception, *, buying: bool) -> ProviderError:
    """Return the error for a request that got no reply, or none that can be taken.

    Args:
        error: what httpx raised, a TimeoutError, or an UnfitReplyError.
        buying: whether the request costs money.
    """
    kind = type(error).__name__
    words = f": {error}" if str(error) else ""
    if kind in _UNSENDABLE:
        return PermanentProviderError(
            f"ElevenLabs cannot be asked ({kind}){words}; {_FREE}",
            provider=PROVIDER, reason="network", hint="check ELEVENLABS_BASE_URL",
        )  # fmt: skip
    if kind in _UNSENT:
        reason: Reason = "timeout" if kind.endswith("Timeout") else "network"
        return TransientProviderError(
            f"ElevenLabs cannot be reached ({kind}){words}; {_FREE}",
            provider=PROVIDER, reason=reason, hint="check the internet connection",
        )  # fmt: skip
    if isinstance(error, UnfitReplyError):
        return _unclear(f"ElevenLabs answered what cannot be taken: {error}", "server", buying=buying)
    if isinstance(error, TimeoutError) or kind.endswith("Timeout"):
        return _unclear("ElevenLabs did not answer in time", "timeout", buying=buying)
    return _unclear(f"the connection to ElevenLabs broke ({kind}){words}", "network", buying=buying)


def said(body: bytes) -> tuple[str, str]:
    """Return the vendor's code and message out of an error body of either generation; empty where it has none."""
    try:
        return _said(json.loads(body))
    except (ValueError, RecursionError):
        return "", ""


def _said(detail: Any) -> tuple[str, str]:
    detail = detail.get("detail", detail) if isinstance(detail, dict) else detail
    if isinstance(detail, list):  # what FastAPI says of a request that does not fit its schema
        places = _short("; ".join(_place(item) for item in detail if isinstance(item, dict)))
        return "validation_error" if places else "", places
    if not isinstance(detail, dict):
        return "", _short(str(detail or ""))
    codes = [str(detail[name]) for name in ("code", "status", "type") if detail.get(name)]
    code = next((code for code in codes if code in _CODES), codes[0] if codes else "")
    return code, _short(str(detail.get("message") or code))


def _place(item: Mapping[str, Any]) -> str:
    where = item.get("loc")
    path = ".".join(map(str, where)) if isinstance(where, list) else ""
    return f"{path}: {item.get('msg', '')}".strip(": ")


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."


def _unclear(what: str, reason: Reason, *, buying: bool, status: int | None = None) -> ProviderError:
    """Return what a lost answer means: for a purchase that nobody knows, for a question that it may be asked again."""
    if buying:
        return OutcomeUnknownError(
            f"{what}; {_OPEN}", provider=PROVIDER, status_code=status, reason=reason,
            hint="run the same command again: the history at ElevenLabs is searched before anything is bought",
        )  # fmt: skip
    return TransientProviderError(
        f"{what}; {_FREE}", provider=PROVIDER, status_code=status, reason=reason, hint=_PATIENCE
    )


def _seconds(headers: Mapping[str, str], usual: float | None) -> float | None:
    """Return the seconds that the vendor asks to wait."""
    text = headers.get("retry-after", "").strip()
    if not text:
        return usual
    try:
        return _bounded(float(text))
    except ValueError:
        pass
    try:
        return _bounded(parsedate_to_datetime(text).timestamp() - time.time())
    except (ValueError, OverflowError):
        return usual


def _bounded(seconds: float) -> float:
    return min(_LONGEST_WAIT, max(0.0, seconds))
