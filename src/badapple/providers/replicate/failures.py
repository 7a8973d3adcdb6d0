"""Every way in which a call to Replicate fails, as one of our errors."""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Literal

from badapple.errors import OutcomeUnknownError, PermanentProviderError, ProviderError, TransientProviderError
from badapple.providers.replies import UnfitReplyError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from badapple.errors import Reason

__all__ = ["AGAIN", "PROVIDER", "from_reply", "from_transport", "prediction_reason", "unreadable"]

PROVIDER = "replicate"
_LONGEST_WAIT = 3600.0
_SPOKEN = ("detail", "title", "error")  #: where a body says in words what is wrong
AGAIN = "run the same command again: what is finished is kept"


@dataclass(frozen=True, slots=True)
class _Row:
    """What a failure means.

    Attributes:
        kind: `never` helps to try again; `later` may help; `perhaps` the vendor acted all the same.
        reason: in one word.
        says: completes the sentence `Replicate ...`.
        hint: what to do next; `{key}` is the variable of the key.
    """

    kind: Literal["never", "later", "perhaps"]
    reason: Reason
    says: str
    hint: str = ""


_INPUT = _Row("never", "input", "does not take what was sent", "choose another model, or report this as a bug")
_BROKEN = _Row("perhaps", "server", "has trouble of its own", AGAIN)
#: By status; what is not named goes by its hundred.
_STATUSES = {
    300: _Row("never", "input", "sends us elsewhere", "check REPLICATE_BASE_URL: it is no address of the API"),
    400: _INPUT,
    401: _Row("never", "key", "does not accept the key", "check {key}: it begins with r8_ and may be revoked"),
    402: _Row(
        "never", "quota", "has no credit left for this account",
        "add credit in the billing page of your Replicate account, then " + AGAIN,
    ),
    403: _Row("never", "key", "does not let this key do that", "check what {key} may do"),
    404: _Row("never", "input", "does not know what was asked for", "the model may be gone: choose another one"),
    408: _Row("perhaps", "timeout", "waited for us in vain", AGAIN),
    413: _Row("never", "image", "finds the picture too large", "use a smaller photo"),
    425: _Row("later", "server", "is not ready yet", AGAIN),
    429: _Row("later", "rate_limit", "gets too many calls from this account", AGAIN),
    500: _BROKEN,
}  # fmt: skip
_UNREACHED = _Row("later", "network", "cannot be reached", "check the connection, then " + AGAIN)
_LOST = _Row("perhaps", "network", "broke off in the middle of the call", AGAIN)
_SLOW = _Row("perhaps", "timeout", "did not answer in time", AGAIN)
_MISDIRECTED = _Row("never", "input", "cannot be called at this address", "check REPLICATE_BASE_URL")
#: By the class of httpx's error; what is not named goes by the next class above it.
_TRANSPORT = {
    "ConnectError": _UNREACHED,
    "ConnectTimeout": _UNREACHED,
    "PoolTimeout": _UNREACHED,
    "ProxyError": _UNREACHED,
    "UnsupportedProtocol": _MISDIRECTED,
    "InvalidURL": _MISDIRECTED,
    "LocalProtocolError": _MISDIRECTED,
    "TooManyRedirects": _MISDIRECTED,
    "CookieConflict": _LOST,
    "TimeoutException": _SLOW,
    "TimeoutError": _SLOW,
    "HTTPError": _LOST,
    "StreamError": _LOST,
    "UnfitReplyError": _Row("perhaps", "server", "answered what cannot be taken", AGAIN),
}
#: What a failed prediction says, in the order of asking.
_SAID: tuple[tuple[Reason, str], ...] = (
    ("refused", r"nsfw|sensitive|safety|moderation|content policy|prohibited|not allowed by|inappropriate|\bE005\b"),
    ("image", r"(identify|open|decode|read|load|download)\b.{0,40}\b(image|picture|input file)"),
    ("image", r"(image|picture)\b.{0,60}(too (small|large)|must be|invalid|unsupported)|invalid.{0,20}(image|picture)"),
    ("server", r"cuda|out of memory|\boom\b|gpu|interrupted|please retry|try again|upstream|bad gateway|unavailable"),
    ("server", r"overloaded|internal|high demand|rate.?limit|too many requests|connection|server error|\b5\d\d\b"),
    ("server", r"\bE(1000|1001|8765|9243)\b"),
    ("timeout", r"timed? ?out|deadline|\bE6716\b"),
    ("input", r"invalid|validation|required|unexpected|unsupported"),
)


def from_reply(
    status: int, headers: Mapping[str, str], body: bytes, *, paid: bool, key: str = "the key"
) -> ProviderError:
    """Return the error of an answer that is no success.

    Args:
        status: of the answer.
        headers: of the answer, any case.
        body: of the answer.
        paid: whether the call would have bought something.
        key: the variable that holds the key.
    """
    row = _STATUSES.get(status) or _STATUSES.get(status // 100 * 100) or _BROKEN
    told = _parsed(body)
    error = _error(row, paid=paid, status=status, detail=_detail(told), key=key)
    if isinstance(error, TransientProviderError):
        error.retry_after = _wait({name.lower(): value for name, value in headers.items()}, told)
    return error


def from_transport(error: BaseException, *, paid: bool) -> ProviderError:
    """Return the error of a call that got no answer, or none that can be taken."""
    row = next((_TRANSPORT[kind.__name__] for kind in type(error).__mro__ if kind.__name__ in _TRANSPORT), _LOST)
    detail = str(error) if isinstance(error, UnfitReplyError) else ""
    return _error(row, paid=paid, status=None, detail=detail, key="the key")


def unreadable(*, paid: bool, status: int) -> ProviderError:
    """Return the error of a success that cannot be read."""
    row = _Row("perhaps", "server", "answered what cannot be read", AGAIN)
    return _error(row, paid=paid, status=status, detail="", key="the key")


def prediction_reason(text: str) -> Reason:
    """Return why a prediction failed, by what it says."""
    return next((reason for reason, words in _SAID if re.search(words, text, re.IGNORECASE)), "unknown")


def _error(row: _Row, *, paid: bool, status: int | None, detail: str, key: str) -> ProviderError:
    kind: type[ProviderError] = PermanentProviderError
    after = "nothing was bought" if paid else "this call costs nothing"
    if row.kind == "later" or (row.kind == "perhaps" and not paid):
        kind = TransientProviderError
    elif row.kind == "perhaps":
        kind, after = OutcomeUnknownError, "it may have been charged"
    number = f" ({status})" if status is not None else ""
    said = f": {detail}" if detail else ""
    return kind(
        f"Replicate {row.says}{number}{said}; {after}",
        provider=PROVIDER,
        status_code=status,
        reason=row.reason,
        hint=row.hint.format(key=key),
    )


def _parsed(body: bytes) -> dict[str, Any]:
    """Return the object that a body is, its sentences as text; empty where it is none."""
    try:
        told = json.loads(body)
        return told | {name: str(told[name]) for name in _SPOKEN if told.get(name)} if isinstance(told, dict) else {}
    except (ValueError, RecursionError):
        return {}


def _detail(told: Mapping[str, Any]) -> str:
    said = next((told[name] for name in _SPOKEN if told.get(name)), "")
    return " ".join(said.split())[:200].rstrip(".;")


def _wait(headers: Mapping[str, str], told: Mapping[str, Any]) -> float | None:
    """Return the seconds to wait that an answer asks for: by its body, its header or its sentence."""
    spoken = re.search(r"(?:available in|resets in) ~?(\d+(?:\.\d+)?) ?(m?)", told.get("detail") or "")
    sentence = float(spoken[1]) * (60 if spoken[2] else 1) if spoken else None
    for seconds in (_number(told.get("retry_after")), _header(headers.get("retry-after", "")), sentence):
        if seconds is not None:
            return min(max(0.0, seconds), _LONGEST_WAIT)
    return None


def _header(text: str) -> float | None:
    """Read seconds, or a date as HTTP writes it."""
    seconds = _number(text)
    if seconds is not None or not text:
        return seconds
    try:
        when = parsedate_to_datetime(text)
    except ValueError:
        return None
    return ((when if when.tzinfo else when.replace(tzinfo=UTC)) - datetime.now(UTC)).total_seconds()


def _number(value: object) -> float | None:
    try:
        number = float(str(value))
    except (ValueError, RecursionError):
        return None
    return number if math.isfinite(number) else None
