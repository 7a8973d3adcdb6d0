"""What Claude's errors mean, and whether they cost anything."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import anthropic
import httpx2
import pytest

from badapple.config import Access
from badapple.errors import (
    OutcomeUnknownError,
    PermanentProviderError,
    ProviderError,
    TransientProviderError,
)
from badapple.providers.anthropic import faults
from badapple.secrets import Secret
from badapple.testing.simulators import Fault

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.providers.anthropic.conftest import Desk

over_http = pytest.mark.asyncio(loop_scope="module")
FREE, AGAIN, UNSURE = PermanentProviderError, TransientProviderError, OutcomeUnknownError


def error_body(code: str) -> dict[str, Any]:
    details = {"error_code": code}
    return {"type": "error", "error": {"type": "x", "message": "no", "details": details}, "request_id": "req_1"}


ROWS = [
    (Fault(does="unauthorized"), FREE, "key", 401),
    (Fault(does="no_credit"), FREE, "quota", 402),
    (Fault(status=403), FREE, "key", 403),
    (Fault(does="retired"), FREE, "input", 404),
    (Fault(status=400), FREE, "input", 400),
    (Fault(status=400, body=error_body("organization_on_hold")), FREE, "key", 400),
    (Fault(status=413), FREE, "input", 413),
    (Fault(status=422), FREE, "input", 422),
    (Fault(does="rate_limit"), AGAIN, "rate_limit", 429),
    (Fault(status=429, body=error_body("ramp_limit_exceeded")), AGAIN, "rate_limit", 429),
    (Fault(does="spend_limit"), FREE, "quota", 429),
    (Fault(status=429, body=error_body("contract_spend_limit_reached")), FREE, "quota", 429),
    (Fault(status=402, body=error_body("linked_organization_spend_limit_reached")), FREE, "quota", 402),
    (Fault(status=408), AGAIN, "network", 408),
    (Fault(status=500), UNSURE, "server", 500),
    (Fault(status=502), UNSURE, "server", 502),
    (Fault(status=503), AGAIN, "server", 503),
    (Fault(status=504), UNSURE, "timeout", 504),
    (Fault(status=520), UNSURE, "server", 520),
    (Fault(does="overloaded"), AGAIN, "server", 529),
    (Fault(drop="before"), UNSURE, "network", None),
    (Fault(drop="after"), UNSURE, "network", None),
    (Fault(truncate=40), UNSURE, "network", 200),
    (Fault(truncate=40, drop="after"), UNSURE, "network", None),
    (Fault(body="<html>a portal</html>", content_type="text/html"), UNSURE, "network", 200),
    (Fault(body={"type": "error"}), UNSURE, "network", 200),
    (Fault(does="hang"), UNSURE, "timeout", None),
    (Fault(does="hang_after"), UNSURE, "timeout", None),
    (Fault(drip=20.0), UNSURE, "timeout", None),
]


@pytest.mark.parametrize(
    ("fault", "kind", "reason", "status"), ROWS, ids=[f"{row[2]} {row[3]} {at}" for at, row in enumerate(ROWS)]
)
@over_http
async def test_every_failure_says_what_it_means(
    desk: Desk, fault: Fault, kind: type[ProviderError], reason: str, status: int | None
) -> None:
    desk.sims.set_faults([fault])
    with pytest.raises(ProviderError) as caught:
        await desk.write(seconds=0.3 if reason == "timeout" and status is None else 5.0)
    error = caught.value
    assert type(error) is kind
    assert (error.provider, error.reason, error.status_code, error.charged) == ("anthropic", reason, status, 0)
    assert ("charged is not known" in str(error) or "cannot be read" in str(error)) == (kind is UNSURE)
    assert ("nothing was charged" in str(error)) == (kind is not UNSURE)
    assert error.hint
    retried = kind is AGAIN
    assert len(desk.sent) == (2 if retried else 1)
    if kind is not UNSURE:
        assert sum(desk.charges) == 0


@over_http
async def test_a_rate_limit_says_how_long_to_wait(desk: Desk) -> None:
    desk.sims.set_faults([Fault(does="rate_limit", retry_after=7)])
    with pytest.raises(TransientProviderError) as caught:
        await desk.write()
    assert caught.value.retry_after == 7


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after-ms": "1500", "retry-after": "9"}, 1.5),
        ({"retry-after": "2"}, 2.0),
        ({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0.0),
        ({"retry-after": "soon"}, None),
        ({}, None),
    ],
)
def test_every_way_to_ask_for_patience_is_understood(headers: dict[str, str], seconds: float | None) -> None:
    response = httpx2.Response(429, headers=headers, request=httpx2.Request("POST", "http://x"))
    found = faults.explained(anthropic.RateLimitError("no", response=response, body=None))
    assert isinstance(found, TransientProviderError)
    assert found.retry_after == seconds


@over_http
async def test_what_failed_for_a_moment_is_tried_again(desk: Desk) -> None:
    desk.sims.set_faults([Fault(vendor="anthropic", nth=(1,), does="overloaded")])
    assert (await desk.write()).total_frames == 900
    assert len(desk.charges) == 1


@pytest.mark.parametrize("address", ["http://127.0.0.1:9", "http://nowhere.invalid"])
@over_http
async def test_nobody_there_means_that_nothing_was_bought(desk: Desk, address: str) -> None:
    access = Access(variable="ANTHROPIC_API_KEY", key=Secret("sk-ant-nobody"), base_url=address)
    with pytest.raises(TransientProviderError, match="nothing was charged") as caught:
        await desk.write(access=access)
    assert caught.value.reason == "network"


@over_http
async def test_a_lost_answer_is_asked_for_again_by_whoever_keeps_the_books(desk: Desk) -> None:
    desk.sims.set_faults([Fault(vendor="anthropic", nth=(1,), drop="after")])
    with pytest.raises(OutcomeUnknownError):
        await desk.write()
    assert len(desk.sent) == 1  # neither the SDK nor the line sends it again


@over_http
async def test_the_key_shows_nowhere(desk: Desk) -> None:
    key = "sk-ant-a-key-that-nobody-may-see"
    desk.sims.set_faults([Fault(status=400, body={"type": "error", "error": {"message": f"{key} is bad"}})])
    access = Access(variable="ANTHROPIC_API_KEY", key=Secret(key), base_url=desk.sims.address("anthropic"))
    with pytest.raises(PermanentProviderError) as caught:
        await desk.write(access=access)
    assert key not in f"{caught.value} {caught.value.hint}"
    assert key not in json.dumps([order.request for order in desk.till.bought])


def _kinds(kind: type[BaseException]) -> Iterator[type[BaseException]]:
    for below in kind.__subclasses__():
        yield below
        yield from _kinds(below)


def test_no_status_is_unmapped() -> None:
    for status in (300, 307, *range(400, 600)):
        response = httpx2.Response(status, request=httpx2.Request("POST", "http://x"))
        found = faults.explained(anthropic.APIStatusError("no", response=response, body=None))
        assert found.reason != "unknown", status
        assert found.status_code == status
        assert found.charged == 0


def test_no_error_of_the_sdk_is_unmapped() -> None:
    kinds = set(_kinds(anthropic.AnthropicError))
    assert len(kinds) > 100
    request = httpx2.Request("POST", "http://x")
    for kind in kinds:
        error = kind.__new__(kind)
        if isinstance(error, anthropic.APIStatusError):
            response = httpx2.Response(getattr(kind, "status_code", 418), request=request)
            anthropic.APIStatusError.__init__(error, "no", response=response, body=None)
        assert faults.explained(error).reason != "unknown", kind


def test_no_broken_connection_is_unmapped() -> None:
    before = {"ConnectTimeout", "ConnectError", "PoolTimeout", "ProxyError", "WriteTimeout", "WriteError"}
    never = {"LocalProtocolError", "UnsupportedProtocol", "TooManyRedirects"}
    for kind in _kinds(httpx2.HTTPError):
        error = anthropic.APIConnectionError(request=httpx2.Request("POST", "http://x"))
        error.__cause__ = kind.__new__(kind)
        found = faults.explained(error)
        expected = AGAIN if kind.__name__ in before else FREE if kind.__name__ in never else UNSURE
        assert type(found) is expected, kind
        assert found.reason in {"network", "timeout", "input"}
