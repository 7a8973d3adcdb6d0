"""What can go wrong at the API: every code, its status, what it means and what to do."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["KINDS", "Kind", "markdown", "markdown_of", "of_status"]


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of problem.

    Attributes:
        code: its name; stable.
        status: HTTP status.
        title: the same for every occurrence.
        means: what happened, for people who look the code up.
        remedy: what to do.
        retryable: whether the same request may succeed later without any change.
    """

    code: str
    status: int
    title: str
    means: str
    remedy: str
    retryable: bool = False


_ALL = (
    # What was sent cannot be used.
    Kind(
        "malformed_request",
        400,
        "The request cannot be read",
        "The body is not valid JSON or no valid form, or a header is broken.",
        "Send well-formed JSON in UTF-8, or a multipart form with its boundary.",
    ),
    Kind(
        "invalid_cursor",
        400,
        "The cursor is not one of ours",
        "A list was asked to go on from a cursor that this server did not sign, or signed for another list.",
        "Take `next_cursor` from the last page as it is and keep the filters, or begin again without a cursor.",
    ),
    Kind(
        "invalid_request",
        422,
        "A field cannot be used",
        "The request is well-formed, and one or more fields are missing, unknown or outside of what they may be.",
        "`errors` lists each field with a JSON pointer and a sentence; correct them.",
    ),
    Kind(
        "invalid_input",
        422,
        "What was handed in cannot be used",
        "A word, an option or a file makes no sense together with the rest of the request.",
        "`detail` says which and why, `hint` what to change.",
    ),
    Kind(
        "invalid_photo",
        422,
        "The product photo cannot be used",
        "The photo is no picture that is taken, too small, too large in pixels, or damaged.",
        "Send a JPEG, PNG, WebP, GIF or HEIC with a short side of at least 64 pixels; `detail` says what is wrong.",
    ),
    Kind(
        "invalid_script",
        422,
        "The script cannot be used",
        "A script of your own breaks one of its rules.",
        "`detail` names the field; correct it and send the script again.",
    ),
    Kind(
        "unknown_style",
        422,
        "There is no such style",
        "The style is none of those that this server has.",
        "Take a name from GET /api/v1/styles.",
    ),
    Kind(
        "unsupported_characters",
        422,
        "No font here can draw these characters",
        "The name, the call to action or a fact has characters that none of the server's fonts holds.",
        "Use other words, or install the font that `hint` names on the server.",
    ),
    Kind(
        "server_path_refused",
        422,
        "A path on the server is not taken",
        "`product_image_path` names a file on the server; from the network no such path is read.",
        "Send the photo as `product_image`, or upload it and send its `upload_id`.",
    ),
    Kind(
        "image_url_refused",
        403,
        "Photos are not taken by address here",
        "`image_url` names a photo on the web, and this server does not fetch such photos.",
        "Send the photo itself. An operator may switch addresses on with BADAPPLE_IMAGE_URLS=on.",
    ),
    Kind(
        "max_cost_required",
        402,
        "Nothing is bought without a cap",
        "A paid vendor was asked for without `max_cost_usd`.",
        "Ask POST /api/v1/estimate for the price and send `max_cost_usd`, or use `provider: offline`.",
    ),
    Kind(
        "over_budget",
        402,
        "The cap does not cover the price",
        "What was asked for is quoted above the cap; nothing was bought.",
        "Raise `max_cost_usd`, or give parts to the offline maker.",
    ),
    Kind(
        "vendor_not_available",
        409,
        "This vendor is not set up here",
        "A vendor was asked for whose key this server does not have.",
        "Use `provider: offline`, or set the key on the server; `hint` names the variable.",
    ),
    Kind(
        "language_not_available",
        409,
        "Nobody here speaks this language",
        "The makers that come with badapple write and speak English; other languages need vendors.",
        "Use `language: en`, or vendors for script and voice under `max_cost_usd`; GET /api/v1/voices lists languages.",
    ),
    Kind(
        "idempotency_mismatch",
        422,
        "The key was used for something else",
        "This Idempotency-Key came before with another request.",
        "Use a new key for a new request; send the same request again under the old one.",
    ),
    Kind(
        "unsupported_media_type",
        415,
        "This kind of body is not taken",
        "The Content-Type is none that this address takes.",
        "Send application/json or multipart/form-data; uploads also take image/*.",
    ),
    Kind(
        "too_large",
        413,
        "The body is too large",
        "The body has more bytes than are taken here.",
        "A photo may have 25 MiB, any other body 1 MiB.",
    ),
    Kind(
        "request_timeout",
        408,
        "The body stopped coming in",
        "No more of the body came for half a minute, or not all of it within ten minutes.",
        "Send the request again, over a connection that lasts.",
        retryable=True,
    ),
    # Who asks, and from where.
    Kind(
        "unauthenticated",
        401,
        "Who asks is not known",
        "There is no key, session or ticket, or it is wrong, revoked or has expired.",
        "Send `Authorization: Bearer <API key>`, or sign in.",
    ),
    Kind(
        "forbidden",
        403,
        "This is not allowed",
        "The key lacks the scope, or the page that asks is of another origin that is not allowed in.",
        "Use a key with the scope that `detail` names; name the page's origin in ALLOWED_ORIGINS on the server.",
    ),
    Kind(
        "misdirected",
        421,
        "This server does not answer to that name",
        "The Host header names a host that this server does not serve.",
        "Use the server's own address, or name the host in BADAPPLE_HOSTS on the server.",
    ),
    # What is asked for is not there, or not so.
    Kind(
        "not_found",
        404,
        "There is no such thing",
        "There is no such address, job, upload or file, or it belongs to somebody else: the two look the same.",
        "Check the id; GET /api/v1/jobs lists your jobs.",
    ),
    Kind(
        "method_not_allowed",
        405,
        "This method is not taken here",
        "The address exists, and takes other methods.",
        "Use one that the `Allow` header lists.",
    ),
    Kind(
        "not_acceptable",
        406,
        "No such representation",
        "The answer cannot be given in a form that `Accept` asks for.",
        "Ask for application/json or */*.",
    ),
    Kind(
        "conflict",
        409,
        "It is not in a state for that",
        "The job is running, has ended or waits, and what was asked does not fit that.",
        "Look at the job's `status` first; `hint` says what is possible now.",
    ),
    Kind(
        "idempotency_in_flight",
        409,
        "The first request of this key is still at work",
        "Another request with the same Idempotency-Key has not been answered yet.",
        "Send the same request again after a moment: it gets the same answer.",
        retryable=True,
    ),
    Kind(
        "needs_decision",
        409,
        "A person has to decide first",
        "A vendor may have charged for a call and cannot tell, so it is not sent again by itself.",
        "Look at your account there, then follow `hint`.",
    ),
    Kind(
        "gone",
        410,
        "It is not there any more",
        "The link has expired, or the file was removed.",
        "Ask for a new link, or make the ad again.",
    ),
    Kind(
        "precondition_failed",
        412,
        "It has changed meanwhile",
        "`If-Match` names another version than the present one.",
        "Fetch it again and repeat the change.",
    ),
    Kind(
        "range_not_satisfiable",
        416,
        "The file has no such bytes",
        "`Range` asks for bytes past the end of the file.",
        "`Content-Range` says how many there are.",
    ),
    # Too much at once.
    Kind(
        "rate_limited",
        429,
        "Too many requests",
        "This key or address sent more requests in a minute than it may.",
        "Wait for the seconds that `Retry-After` says.",
        retryable=True,
    ),
    Kind(
        "too_many_jobs",
        429,
        "Too many jobs at once",
        "As many of your jobs wait or run as may at once.",
        "Wait until some have ended, or cancel some.",
        retryable=True,
    ),
    Kind(
        "upload_quota",
        429,
        "Your uploads take all the room there is for them",
        "The uploads that are kept for you have reached their quota.",
        "Delete uploads that no job needs, or wait until they expire.",
        retryable=True,
    ),
    Kind(
        "daily_cap",
        429,
        "The day's budget is spent",
        "What was bought today, together with what is reserved, has reached the cap of a day.",
        "Wait until tomorrow (UTC), or make the ad offline.",
        retryable=True,
    ),
    Kind(
        "too_many_sockets",
        429,
        "Too many live connections",
        "As many live connections of yours are open as may be at once.",
        "Close some, or follow many jobs over one with GET /api/v1/events?jobs=...",
        retryable=True,
    ),
    Kind(
        "too_many",
        429,
        "Too much at once",
        "Some other limit has been reached; `detail` says which.",
        "Wait for the seconds that `Retry-After` says.",
        retryable=True,
    ),
    # It lies with the server, or behind it.
    Kind(
        "internal_error",
        500,
        "Something is wrong with this server",
        "A mistake in badapple or in how the server is set up. The details are in its log, under the request id.",
        "Tell the operator the `request_id`.",
    ),
    Kind(
        "vendor_failed",
        502,
        "A vendor failed",
        "A vendor of scripts, voices or pictures did not do what it was asked.",
        "`detail` says what happened and `charged_usd` what it cost; try again later.",
        retryable=True,
    ),
    Kind(
        "database_away",
        503,
        "The database is away",
        "The database cannot be reached or is too busy. Jobs that were accepted are not lost.",
        "Send the same request again after the seconds that `Retry-After` says, with the same Idempotency-Key.",
        retryable=True,
    ),
    Kind(
        "storage_away",
        503,
        "The storage is away",
        "The storage of files cannot be reached or written.",
        "Send the same request again after the seconds that `Retry-After` says.",
        retryable=True,
    ),
    Kind(
        "busy",
        503,
        "The server is too busy",
        "There was no memory or no time left for this request.",
        "Send the same request again after the seconds that `Retry-After` says.",
        retryable=True,
    ),
    Kind(
        "disk_full",
        507,
        "The server's disk is full",
        "The server cannot write what was sent to its disk.",
        "The operator has to free some space.",
        retryable=True,
    ),
)

KINDS: dict[str, Kind] = {kind.code: kind for kind in _ALL}
_BY_STATUS = {
    400: "malformed_request", 401: "unauthenticated", 403: "forbidden", 404: "not_found", 405: "method_not_allowed",
    406: "not_acceptable", 408: "request_timeout", 409: "conflict", 410: "gone", 412: "precondition_failed",
    413: "too_large", 415: "unsupported_media_type", 416: "range_not_satisfiable", 421: "misdirected",
    422: "invalid_request", 429: "rate_limited", 502: "vendor_failed", 503: "busy", 507: "disk_full",
}  # fmt: skip


def of_status(status: int) -> Kind:
    """Return the kind of problem that a bare status tells of."""
    usual = "malformed_request" if status < 500 else "internal_error"
    return KINDS[_BY_STATUS.get(status, usual)]


def markdown() -> str:
    """Return what every code means as Markdown; `docs/errors.md` holds it."""
    return "\n".join(markdown_of(kind) for kind in _ALL)


def markdown_of(kind: Kind) -> str:
    """Return what a code means as Markdown."""
    again = "yes" if kind.retryable else "no"
    return (
        f"### `{kind.code}`\n\n{kind.title} (HTTP {kind.status}). {kind.means}\n\n"
        f"What to do: {kind.remedy}\n\nMay the same request succeed later: {again}.\n"
    )
