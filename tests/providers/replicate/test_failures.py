"""Every way in which a call fails has one meaning."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx
import pytest

from badapple.errors import OutcomeUnknownError, PermanentProviderError, TransientProviderError
from badapple.providers.replicate.failures import from_reply, from_transport, prediction_reason, unreadable

NEVER, LATER, PERHAPS = PermanentProviderError, TransientProviderError, OutcomeUnknownError
STATUSES = [
    (302, NEVER, NEVER, "input"),
    (400, NEVER, NEVER, "input"),
    (401, NEVER, NEVER, "key"),
    (402, NEVER, NEVER, "quota"),
    (403, NEVER, NEVER, "key"),
    (404, NEVER, NEVER, "input"),
    (408, PERHAPS, LATER, "timeout"),
    (409, NEVER, NEVER, "input"),
    (413, NEVER, NEVER, "image"),
    (418, NEVER, NEVER, "input"),
    (422, NEVER, NEVER, "input"),
    (425, LATER, LATER, "server"),
    (429, LATER, LATER, "rate_limit"),
    (500, PERHAPS, LATER, "server"),
    (502, PERHAPS, LATER, "server"),
    (503, PERHAPS, LATER, "server"),
    (524, PERHAPS, LATER, "server"),
    (700, PERHAPS, LATER, "server"),
]
UNSENT = {"ConnectError", "ConnectTimeout", "PoolTimeout", "ProxyError"}
OURS = {"UnsupportedProtocol", "InvalidURL", "LocalProtocolError", "TooManyRedirects"}


@pytest.mark.parametrize(("status", "paid", "free", "reason"), STATUSES)
def test_a_status_means_one_thing(status: int, paid: type, free: type, reason: str) -> None:
    for kind, is_paid in ((paid, True), (free, False)):
        error = from_reply(status, {}, b'{"detail": "So it is."}', paid=is_paid, key="REPLICATE_API_TOKEN")
        assert type(error) is kind
        assert (error.provider, error.status_code, error.reason, error.charged) == ("replicate", status, reason, 0)
        assert "So it is" in str(error)
        assert error.hint
        if is_paid:
            said = "may have been charged" if kind is PERHAPS else "nothing was bought"
            assert said in str(error)


def _below(kind: type[BaseException]) -> set[type[BaseException]]:
    return {kind}.union(*(_below(one) for one in kind.__subclasses__()))


def _any(kind: type[BaseException]) -> BaseException:
    """Return an error of this kind, whatever its constructor wants."""
    return (OSError if issubclass(kind, OSError) else BaseException).__new__(kind)


def test_no_error_of_the_http_library_is_unmapped() -> None:
    kinds: set[type[BaseException]] = {httpx.InvalidURL, httpx.CookieConflict, TimeoutError}
    kinds |= _below(httpx.HTTPError) | _below(httpx.StreamError)
    assert len(kinds) > 20
    for kind in kinds:
        error = from_transport(_any(kind), paid=True)
        expected = LATER if kind.__name__ in UNSENT else NEVER if kind.__name__ in OURS else PERHAPS
        assert type(error) is expected, kind
        assert error.reason != "unknown"
        assert not isinstance(from_transport(_any(kind), paid=False), OutcomeUnknownError)


def test_a_success_that_cannot_be_read_may_have_been_charged() -> None:
    assert type(unreadable(paid=True, status=201)) is OutcomeUnknownError
    assert type(unreadable(paid=False, status=200)) is TransientProviderError


@pytest.mark.parametrize(
    ("headers", "body", "seconds"),
    [
        ({"Retry-After": "7"}, b"", 7.0),
        ({"retry-after": "7"}, b'{"detail": "x", "status": 429, "retry_after": 5}', 5.0),
        ({}, b'{"detail": "Request was throttled. Expected available in 1 second."}', 1.0),
        ({}, b'{"detail": "Request was throttled. Expected available in 90 seconds."}', 90.0),
        ({}, b'{"detail": "Your rate limit resets in ~30s."}', 30.0),
        ({}, b'{"detail": "Expected available in 2 minutes."}', 120.0),
        ({"retry-after": "soon"}, b"<html>", None),
        ({"retry-after": "inf"}, b'{"retry_after": null}', None),
        ({"retry-after": "-3"}, b"[]", 0.0),
        ({"retry-after": "99999999"}, b"", 3600.0),
    ],
)
def test_a_rate_limit_says_how_long_to_wait(headers: dict[str, str], body: bytes, seconds: float | None) -> None:
    error = from_reply(429, headers, body, paid=True)
    assert isinstance(error, TransientProviderError)
    assert error.retry_after == seconds


def test_a_rate_limit_may_name_a_date() -> None:
    when = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)
    error = from_reply(429, {"retry-after": when}, b"", paid=True)
    assert isinstance(error, TransientProviderError)
    assert error.retry_after == pytest.approx(30, abs=2)


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("All generated images contained NSFW content. Try running it again with a different prompt.", "refused"),
        ("The input or output was flagged as sensitive. Please try again with different inputs. (E005)", "refused"),
        ("cannot identify image file", "image"),
        ("Failed to download the input file", "image"),
        ("The short side of the image must be over 300 px", "image"),
        ("CUDA out of memory. Tried to allocate 2.50 GiB", "server"),
        ("Prediction interrupted; please retry (code: PA)", "server"),
        ("upstream returned 503", "server"),
        ("Service is temporarily unavailable due to high demand", "server"),
        ("The model timed out after 1800 s", "timeout"),
        ("duration: unexpected value", "input"),
        ("something else", "unknown"),
        ("", "unknown"),
    ],
)
def test_a_failed_prediction_says_why(said: str, reason: str) -> None:
    assert prediction_reason(said) == reason
