"""What went wrong with a call: one table from HTTP statuses and broken connections to this package's errors."""

from __future__ import annotations

import email.utils
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from badapple.errors import OutcomeUnknownError, PermanentProviderError, ProviderError, TransientProviderError
from badapple.providers.replies import UnfitReplyError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from badapple.errors import Reason

__all__ = ["VENDOR", "explained", "explained_free", "largest_side", "unreadable"]

VENDOR = "anthropic"
_FREE = "nothing was charged"
_UNSURE = "whether it was charged is not known"
_LONGEST = 200  #: characters of the vendor's own words
_LONGEST_WAIT = 3600.0  #: seconds
_OUR_BUG = "run again with --script-by offline, and report this"
_KEY = "check the key and what it may do at the vendor's console"
_CREDIT = "top up or raise the limit at the vendor's console, or use --script-by offline"
_LATER = "run the same command again in a minute"
_UNSURE_HINT = "run the same command again; the vendor's console shows what was used"


@dataclass(frozen=True, slots=True)
class _Row:
    kind: type[ProviderError]
    reason: Reason
    said: str
    hint: str = _LATER


def _free(reason: Reason, said: str, hint: str) -> _Row:
    return _Row(PermanentProviderError, reason, said, hint)


def _again(reason: Reason, said: str) -> _Row:
    return _Row(TransientProviderError, reason, said)


def _unsure(reason: Reason, said: str) -> _Row:
    return _Row(OutcomeUnknownError, reason, said, _UNSURE_HINT)


#: By HTTP status. A status that says the request was turned away bought nothing. One that may come from a model at
#: work (500, 502, 504 and the proxies' 520 and 524) leaves the question open: what was generated may be on the bill.
_STATUS: dict[int, _Row] = {
    400: _free("input", "Claude did not take the request", _OUR_BUG),
    401: _free("key", "Claude did not take the key", _KEY),
    402: _free("quota", "Claude says that the account is out of credit", _CREDIT),
    403: _free("key", "Claude says that the key may not do this", _KEY),
    404: _free("input", "Claude knows no such model, or no longer does", "choose another with --script-model"),
    408: _again("network", "the request reached Claude too slowly"),
    409: _again("server", "Claude was busy with a conflicting request"),
    413: _free("input", "the request is too large for Claude", "use a smaller photo or fewer facts"),
    425: _again("server", "Claude was not ready for the request"),
    429: _again("rate_limit", "Claude asks for fewer requests"),
    499: _unsure("network", "the connection to Claude was closed early"),
    500: _unsure("server", "Claude failed while answering"),
    501: _free("input", "Claude cannot do what was asked", _OUR_BUG),
    502: _unsure("server", "the answer was lost on the vendor's side"),
    503: _again("server", "Claude is not available"),  # turned away at the door, before any model
    504: _unsure("timeout", "Claude did not finish in time"),
    521: _again("server", "Claude cannot be reached"),
    522: _again("server", "Claude cannot be reached"),
    523: _again("server", "Claude cannot be reached"),
    525: _again("server", "Claude cannot be reached"),
    526: _again("server", "Claude cannot be reached"),
    529: _again("server", "Claude is overloaded"),  # refused before anything is generated
    530: _again("server", "Claude cannot be reached"),
}
_TURNED_AWAY = _free("input", "Claude did not take the request", _OUR_BUG)  # any other 4xx
_BROKEN = _unsure("server", "Claude failed while answering")  # any other 5xx
_ASTRAY = _free("network", "the address does not lead to Claude", "check ANTHROPIC_BASE_URL")  # 1xx and 3xx

#: By `error.details.error_code`, before the status.
_CODES: dict[str, _Row] = {
    "image_dimensions_too_large": _free("image", "the picture is too large for Claude", "use a smaller photo"),
    "organization_on_hold": _free("key", "Claude says that the account is on hold", _KEY),
    "ramp_limit_exceeded": _again("rate_limit", "Claude asks to raise the load more slowly"),
}
_SPENT = _free("quota", "Claude says that a spend limit is reached", _CREDIT)  # any code with `spend_limit` in it

#: By the class of the connection's error. What broke before the request was whole bought nothing.
_CONNECTION: dict[str, _Row] = {
    "ConnectTimeout": _again("network", "Claude could not be reached in time"),
    "ConnectError": _again("network", "Claude cannot be reached"),
    "PoolTimeout": _again("network", "no connection to Claude was free"),
    "ProxyError": _again("network", "the proxy does not lead to Claude"),
    "WriteTimeout": _again("network", "the request could not be sent whole"),
    "WriteError": _again("network", "the request could not be sent whole"),
    "LocalProtocolError": _free("input", "the request could not be written", _OUR_BUG),
    "UnsupportedProtocol": _ASTRAY,
    "InvalidURL": _ASTRAY,
    "TooManyRedirects": _ASTRAY,
    "ReadTimeout": _unsure("timeout", "Claude did not answer in time"),
}
_CUT = _unsure("network", "the connection broke before Claude's answer was here")
_LATE = _unsure("timeout", "Claude did not answer in time")
_SIGN_IN = _free("key", "the key for Claude could not be used", _KEY)


def explained(error: BaseException) -> ProviderError:
    """Return the error of this package that says what an error of the SDK means."""
    status = getattr(error, "status_code", None)
    if isinstance(status, int) and 200 <= status < 300:
        return unreadable("it is not what was asked for", status=status)
    if isinstance(status, int):
        return _by_status(error, status)
    if unfit := _unfit(error):
        return unreadable(str(unfit), status=200)
    return _made(_by_connection(error), status=None, details="")


def explained_free(error: BaseException) -> ProviderError:
    """Return the error of a call that never costs anything: what is not known of it may be asked again."""
    made = explained(error)
    if not isinstance(made, OutcomeUnknownError):
        return made
    return TransientProviderError(
        f"{str(made).removesuffix(_UNSURE)}{_FREE}", provider=VENDOR, status_code=made.status_code, reason=made.reason,
        hint=_LATER,
    )  # fmt: skip


def unreadable(what: str, *, status: int) -> OutcomeUnknownError:
    """Return the error for a reply that came, and so was generated, but cannot be read."""
    return OutcomeUnknownError(
        f"Claude's reply cannot be read ({what}); {_UNSURE}", provider=VENDOR, status_code=status, reason="network",
        hint=_UNSURE_HINT,
    )  # fmt: skip


def largest_side(error: BaseException | None) -> int | None:
    """Return the largest side in px that the vendor names for a picture it did not take; None where it names none."""
    side = getattr(getattr(error, "details", None), "max_side_length_pixels", None)
    return side if isinstance(side, int) and side > 0 else None


def _by_status(error: BaseException, status: int) -> ProviderError:
    code = str(getattr(error, "error_code", None) or "")
    said = str(getattr(error, "api_message", None) or "")
    row = _SPENT if "spend_limit" in code else _CODES.get(code) or _STATUS.get(status)
    if row is None:
        row = _ASTRAY if status < 400 else _TURNED_AWAY if status < 500 else _BROKEN
    if status == 400 and "credit balance" in said:  # how an empty account was reported before there was a 402
        row = _STATUS[402]
    named = getattr(error, "request_id", None)
    details = f": {' '.join(said.split())[:_LONGEST]}" if said else ""
    made = _made(row, status=status, details=f" (HTTP {status}{f', {named}' if named else ''}){details}")
    if isinstance(made, TransientProviderError):
        made.retry_after = _wait(getattr(getattr(error, "response", None), "headers", {}))
    return made


def _unfit(error: BaseException) -> UnfitReplyError | None:
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, UnfitReplyError):
        cause = cause.__cause__
    return cause


def _by_connection(error: BaseException) -> _Row:
    cause: BaseException | None = error
    while cause is not None:  # the SDK wraps what its HTTP library raised
        if row := _CONNECTION.get(type(cause).__name__):
            return row
        cause = cause.__cause__
    names = {kind.__name__ for kind in type(error).__mro__}
    if "TimeoutError" in names or "APITimeoutError" in names:
        return _LATE
    if "AnthropicError" in names and "APIError" not in names:
        return _SIGN_IN  # raised by the SDK before it sends anything
    return _CUT


def _made(row: _Row, *, status: int | None, details: str) -> ProviderError:
    charged = _UNSURE if row.kind is OutcomeUnknownError else _FREE
    return row.kind(
        f"{row.said}{details}; {charged}", provider=VENDOR, status_code=status, reason=row.reason, hint=row.hint
    )


def _wait(headers: Mapping[str, str]) -> float | None:
    """Return the seconds that the vendor asks to wait."""
    exact, plain = headers.get("retry-after-ms", ""), headers.get("retry-after", "")
    for text, scale in ((exact, 1000.0), (plain, 1.0)):
        try:
            return _bounded(float(text) / scale)
        except ValueError:
            continue
    moment = email.utils.parsedate_tz(plain) if plain else None
    try:
        return _bounded(email.utils.mktime_tz(moment) - time.time()) if moment else None
    except (ValueError, OverflowError):  # no day of any calendar
        return None


def _bounded(seconds: float) -> float:
    return min(_LONGEST_WAIT, max(0.0, seconds))
