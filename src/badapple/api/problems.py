"""Errors as problem details (RFC 9457): one table from class to status, code and title."""

from __future__ import annotations

import json
import logging
import re
import uuid
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from badapple import errors
from badapple.api.problem_table import KINDS, Kind, of_status
from badapple.database.away import is_away

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fastapi.exceptions import RequestValidationError

__all__ = [
    "MEDIA_TYPE",
    "ProblemError",
    "api_words",
    "kind_of",
    "problem_of",
    "problem_response",
    "validation_problem",
]

MEDIA_TYPE = "application/problem+json"
_PAUSE = 2  #: seconds after which a request that met an outage may come again
_MANY = 20  #: wrong fields that are listed
_log = logging.getLogger("badapple.api")

#: The first class that fits counts: the special ones stand before the general.
_CLASSES: tuple[tuple[type[BaseException], str], ...] = (
    (errors.UnauthenticatedError, "unauthenticated"),
    (errors.AccessError, "forbidden"),
    (errors.NotFoundError, "not_found"),
    (errors.ConflictError, "conflict"),
    (errors.TooLargeError, "too_large"),
    (errors.PhotoError, "invalid_photo"),
    (errors.ScriptError, "invalid_script"),
    (errors.InputError, "invalid_input"),
    (errors.UnknownStyleError, "unknown_style"),
    (errors.MissingFontError, "unsupported_characters"),
    (errors.MissingKeyError, "vendor_not_available"),
    (errors.MissingCapError, "max_cost_required"),
    (errors.BudgetError, "over_budget"),
    (errors.LimitExceededError, "too_many"),
    (errors.StorageError, "storage_away"),
    (errors.DiskError, "disk_full"),
    (errors.OutOfMemoryError, "busy"),
    (errors.JobError, "conflict"),
    (errors.OutcomeUnknownError, "needs_decision"),
    (errors.ProviderError, "vendor_failed"),
)
#: Their words name folders, addresses and programs of the server: they are for its log.
_FOR_THE_LOG = ("internal_error", "storage_away", "disk_full", "busy", "database_away")


class ProblemError(errors.BadappleError):
    """A problem that only a door knows of; `code` is one of `KINDS`, `pointer` the field at fault."""

    def __init__(
        self, code: str, message: str, *, hint: str = "", pointer: str = "", headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message, hint=hint)
        self.code = code
        self.pointer = pointer
        self.headers = dict(headers or {})


def kind_of(error: BaseException) -> Kind:
    """Return what kind of problem an error is."""
    match error:
        case HTTPException():
            return of_status(error.status_code)
        case ProblemError() | errors.LimitExceededError():
            code = error.code if error.code in KINDS else "too_many"
        case errors.IdempotencyError():
            code = "idempotency_mismatch" if error.mismatch else "idempotency_in_flight"
        case SQLAlchemyError():
            code = "database_away" if is_away(error) else "internal_error"
        case errors.PipelineOrchestrationError() if error.cause is not None:
            return kind_of(error.cause)
        case _:
            code = next((code for known, code in _CLASSES if isinstance(error, known)), "internal_error")
    return KINDS[code]


def problem_of(error: BaseException, *, instance: str = "", request_id: str = "") -> Response:
    """Return the answer to a request that an error ended.

    An error that is none of ours is logged with the request id, and nothing of it is told.
    """
    kind = kind_of(error)
    secret = kind.code in _FOR_THE_LOG
    if secret:
        request_id = request_id or uuid.uuid4().hex
        level = logging.ERROR if kind.code == "internal_error" else logging.WARNING
        facts = {"request_id": request_id, "code": kind.code, "reason": str(error) or type(error).__name__}
        _log.log(level, "request_failed", exc_info=error if level == logging.ERROR else None, extra=facts)
    pointer = getattr(error, "pointer", "")
    detail = kind.means if secret else _detail(error, kind)
    return problem_response(
        kind.code,
        detail,
        instance=instance,
        hint="" if secret else api_words(str(getattr(error, "hint", ""))),
        wrong=[{"pointer": pointer, "detail": detail}] if pointer else (),
        retryable=_retryable(error, kind),
        charged=int(getattr(error, "charged", 0) or 0),
        possibly_charged=int(getattr(error, "possibly_charged", 0) or 0),
        headers=_headers(error, kind),
        request_id=request_id if secret else "",
    )


def problem_response(
    code: str,
    detail: str,
    *,
    instance: str = "",
    hint: str = "",
    wrong: Sequence[Mapping[str, str]] = (),
    retryable: bool | None = None,
    charged: int = 0,
    possibly_charged: int = 0,
    headers: Mapping[str, str] | None = None,
    request_id: str = "",
) -> Response:
    """Return a problem as a response; it is an ASGI application too, so middlewares can use it.

    Args:
        code: one of `KINDS`; says status and title.
        detail: what happened this time, for people.
        instance: the address that was asked for.
        hint: what to do next; the code's own advice where it is empty.
        wrong: fields that cannot be used: `pointer` and `detail` of each.
        retryable: whether the same request may succeed later; None asks the table.
        charged: micro-dollars that it cost all the same.
        possibly_charged: micro-dollars that vendors may still charge.
        headers: of the response.
        request_id: by which the server's log tells more.
    """
    kind = KINDS[code]
    body: dict[str, Any] = {
        "type": f"/problems/{kind.code}", "title": kind.title, "status": kind.status, "detail": detail,
        "instance": instance, "code": kind.code, "retryable": kind.retryable if retryable is None else retryable,
        "charged_usd": charged / 1e6, "possibly_charged_usd": possibly_charged / 1e6, "hint": hint or kind.remedy,
    }  # fmt: skip
    if wrong:
        body["errors"] = [dict(one) for one in wrong]
    if request_id:
        body["request_id"] = request_id
    told = {"cache-control": "no-store", **{name.lower(): value for name, value in (headers or {}).items()}}
    if kind.status == HTTPStatus.UNAUTHORIZED:
        told.setdefault("www-authenticate", 'Bearer realm="badapple"')
    if kind.status in {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}:
        told.setdefault("retry-after", str(_PAUSE))
    text = json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")
    return Response(text, status_code=kind.status, media_type=MEDIA_TYPE, headers=told)


def api_words(hint: str) -> str:
    """Return a hint in words of the API, where it speaks of the command line."""
    hint = re.sub(r"`badapple jobs (retry|resume|cancel|approve) ([^` ]+)`", r"`POST /api/v1/jobs/\2/\1`", hint)
    hint = re.sub(r"`badapple jobs show ([^` ]+)`", r"`GET /api/v1/jobs/\1`", hint)
    hint = hint.replace("`badapple jobs ls`", "`GET /api/v1/jobs`").replace("--max-cost", "`max_cost_usd`")
    return re.sub(r"--([a-z]+(?:-[a-z]+)*)", lambda found: f"`{found[1].replace('-', '_')}`", hint)


def validation_problem(error: RequestValidationError, *, instance: str = "") -> Response:
    """Return what is wrong with a request's fields; what was sent in them is not repeated."""
    found = error.errors()
    broken = next((one for one in found if one["type"] == "json_invalid"), None)
    if broken is not None:
        return problem_response("malformed_request", "The body is not valid JSON.", instance=instance)
    wrong = [{"pointer": _pointer(one["loc"]), "detail": _sentence(one)} for one in found[:_MANY]]
    first = wrong[0] if wrong else {"pointer": "", "detail": "A field cannot be used."}
    more = f" ({len(found) - 1} more)" if len(found) > 1 else ""
    detail = f"{first['pointer']}: {first['detail']}{more}" if first["pointer"] else f"{first['detail']}{more}"
    return problem_response("invalid_request", detail, instance=instance, wrong=wrong)


def _pointer(place: Sequence[str | int]) -> str:
    """Return where a field stands: a JSON pointer into the body, else the kind of place and its name."""
    where, *path = (str(part) for part in place) if place else ("body",)
    escaped = [part.replace("~", "~0").replace("/", "~1")[:100] for part in path]
    return "/".join(["", *escaped]) if where == "body" else "/".join([f"#{where}", *escaped])


def _sentence(one: Mapping[str, Any]) -> str:
    """Return pydantic's sentence, which repeats nothing of a value; a sentence of our own as it is."""
    text = str(one["msg"]).removeprefix("Value error, ")
    return text[:1].upper() + text[1:]


def _detail(error: BaseException, kind: Kind) -> str:
    if isinstance(error, HTTPException):
        usual = HTTPStatus(error.status_code).phrase if error.status_code in set(HTTPStatus) else ""
        told = str(error.detail or "")
        return told if told and told not in {usual, "Content Too Large"} else kind.means
    return str(error) or kind.means


def _retryable(error: BaseException, kind: Kind) -> bool:
    if isinstance(error, errors.PermanentProviderError | errors.OutcomeUnknownError):
        return False
    if isinstance(error, errors.PipelineOrchestrationError):
        return error.retryable
    return kind.retryable


def _headers(error: BaseException, kind: Kind) -> dict[str, str]:
    headers = {name.lower(): value for name, value in (getattr(error, "headers", None) or {}).items()}
    after = getattr(error, "retry_after", None)
    if after is not None and kind.retryable:
        headers.setdefault("retry-after", str(max(1, round(after + 0.5))))
    return headers
