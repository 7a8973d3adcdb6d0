"""What ElevenLabs and the way there do wrong, as errors of ours."""

from __future__ import annotations

import inspect
import json
import socket
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import elevenlabs.errors
import httpx
import pytest
from elevenlabs.core.api_error import ApiError
from elevenlabs.core.parse_error import ParsingError
from tests.providers.elevenlabs.conftest import Studio, ticket

from badapple.errors import OutcomeUnknownError, PermanentProviderError, ProviderError, TransientProviderError
from badapple.providers.elevenlabs.failures import NoVoiceError, broken, refused, said
from badapple.providers.elevenlabs.wire import open_wire
from badapple.testing.simulators import Fault

_T, _P, _O = TransientProviderError, PermanentProviderError, OutcomeUnknownError
#: status, code, error, reason: every row of the vendor's table, in the words of both its generations.
ROWS = [
    (401, "quota_exceeded", _P, "quota"),
    (402, "quota_exceeded", _P, "quota"),
    (402, "insufficient_credits", _P, "quota"),
    (402, "", _P, "quota"),
    (401, "invalid_api_key", _P, "key"),
    (401, "missing_permissions", _P, "key"),
    (401, "detected_unusual_activity", _P, "key"),
    (401, "", _P, "key"),
    (403, "only_for_creator+", _P, "key"),
    (403, "", _P, "key"),
    (400, "voice_not_found", NoVoiceError, "input"),
    (404, "voice_not_found", NoVoiceError, "input"),
    (400, "max_character_limit_exceeded", _P, "input"),
    (404, "unknown_effect", _P, "input"),
    (400, "model_not_found", _P, "input"),
    (422, "invalid_parameters", _P, "input"),
    (413, "", _P, "input"),
    (451, "", _P, "refused"),
    (409, "", _T, "server"),
    (425, "", _T, "server"),
    (429, "too_many_concurrent_requests", _T, "rate_limit"),
    (429, "concurrent_limit_exceeded", _T, "rate_limit"),
    (429, "rate_limit_exceeded", _T, "rate_limit"),
    (429, "system_busy", _T, "rate_limit"),
    (408, "", _O, "server"),
    (500, "internal_error", _O, "server"),
    (502, "", _O, "server"),
    (503, "system_busy", _O, "server"),
    (504, "", _O, "server"),
    (302, "", _P, "network"),
]


def _bodies(code: str) -> list[dict[str, object]]:
    return [
        {"detail": {"status": code, "message": "It said so."}},
        {"detail": {"type": "some_error", "code": code, "message": "It said so.", "status": "old", "param": None}},
        {"detail": {"type": code, "code": "unheard_of", "message": "It said so."}},
    ]


async def test_every_row_of_the_table_comes_over_the_wire(studio: Studio) -> None:
    for status, code, kind, reason in ROWS:
        body = _bodies(code)[0] if code else {}
        studio.sims.set_faults([Fault(vendor="elevenlabs", route="tts", status=status, body=body)])
        with pytest.raises(kind) as caught:
            await studio.call().submit(ticket(), studio.folder)
        error = caught.value
        assert (error.reason, error.status_code) == (reason, status), (status, code)
        assert (error.provider, error.charged) == ("elevenlabs", 0)
        assert ("nothing was charged" in str(error)) is (kind is not _O)
        assert error.hint
    assert studio.sims.charges == ()
    assert list(studio.folder.iterdir()) == []


def test_every_generation_of_bodies_is_read_alike() -> None:
    for status, code, kind, reason in ROWS:
        for body in _bodies(code) if code else []:
            error = refused(status, {}, json.dumps(body).encode(), buying=True)
            assert isinstance(error, kind), body
            assert error.reason == reason
            assert ("It said so." in str(error)) is (status != 302)


async def test_a_purchase_is_sent_again_by_the_line_alone(studio: Studio) -> None:
    for status, times in ((500, 1), (503, 1), (408, 1), (404, 1), (409, 2), (429, 2)):
        before = len(studio.sent)
        studio.sims.set_faults([Fault(vendor="elevenlabs", route="tts", status=status)])
        with pytest.raises(ProviderError):
            await studio.call().submit(ticket(), studio.folder)
        assert len(studio.sent) - before == times, status


def test_no_status_is_unmapped() -> None:
    for status in {*range(100, 600)} - {*range(200, 300)}:
        assert isinstance(refused(status, {}, b"", buying=True), (_T, _P, _O)), status
        assert isinstance(refused(status, {}, b"no JSON", buying=False), (_T, _P)), status


def test_no_failure_of_the_connection_is_unmapped() -> None:
    # All that the wire catches; for cookies, of which there are none, it does not need to.
    known = (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, httpx.CookieConflict)
    kinds = [kind for _, kind in inspect.getmembers(httpx, inspect.isclass) if issubclass(kind, Exception)]
    assert len(kinds) > 20
    for kind in kinds:
        error = kind.__new__(kind)
        assert issubclass(kind, known), kind
        assert isinstance(broken(error, buying=True), (_T, _P, _O)), kind
        assert isinstance(broken(error, buying=False), (_T, _P)), kind


async def test_no_error_of_the_sdk_gets_out(studio: Studio) -> None:
    kinds = [getattr(elevenlabs.errors, name) for name in elevenlabs.errors.__all__]
    assert all(issubclass(kind, (ApiError, ParsingError)) for kind in kinds)
    statuses = {kind(body=None).status_code for kind in kinds}
    for status in sorted(statuses):
        studio.sims.set_faults([Fault(vendor="elevenlabs", route="history", status=status, body="not JSON")])
        with pytest.raises(ProviderError):
            await studio.call().find(ticket())


@pytest.mark.parametrize(("kind", "expected", "reason"), [
    (httpx.ConnectError, _T, "network"),
    (httpx.ConnectTimeout, _T, "timeout"),
    (httpx.PoolTimeout, _T, "timeout"),
    (httpx.ProxyError, _T, "network"),
    (httpx.UnsupportedProtocol, _P, "network"),
    (httpx.ReadTimeout, _O, "timeout"),
    (httpx.WriteTimeout, _O, "timeout"),
    (httpx.ReadError, _O, "network"),
    (httpx.WriteError, _O, "network"),
    (httpx.RemoteProtocolError, _O, "network"),
    (TimeoutError, _O, "timeout"),
])  # fmt: skip
def test_only_what_was_surely_not_sent_was_surely_not_bought(
    kind: type[Exception], expected: type[ProviderError], reason: str
) -> None:
    error = broken(kind("why"), buying=True)
    assert (type(error), error.reason) == (expected, reason)
    assert ("nothing was charged" in str(error)) is (expected is not _O)


async def test_a_vendor_that_does_not_listen_was_paid_nothing(studio: Studio) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{free.getsockname()[1]}"
    studio.access = replace(studio.access, base_url=address)
    with pytest.raises(TransientProviderError, match="cannot be reached"):
        await studio.call().submit(ticket(), studio.folder)


async def test_a_vendor_that_never_answers_may_have_been_paid(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("badapple.providers.elevenlabs.wire._READ", 0.2)
    studio.sims.set_faults([Fault(vendor="elevenlabs", route="tts", does="hang_after")])
    with pytest.raises(OutcomeUnknownError, match="did not answer in time; it may have been charged"):
        await studio.call().submit(ticket(), studio.folder)
    assert len(studio.sims.charges) == 1


async def test_a_vendor_that_drips_is_not_waited_for_forever(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("badapple.providers.elevenlabs.wire._TOTAL", 0.3)
    studio.sims.set_faults([Fault(vendor="elevenlabs", route="tts", drip=1000)])
    with pytest.raises(OutcomeUnknownError, match="did not answer in time"):
        await studio.call().submit(ticket(), studio.folder)


async def test_an_account_that_cannot_be_read_is_asked_again_later(studio: Studio) -> None:
    studio.sims.set_faults([Fault(vendor="elevenlabs", route="subscription", body={"tier": "free"})])
    wire = await open_wire(studio.access)
    with pytest.raises(TransientProviderError, match="cannot be read"):
        await wire.subscription()


def test_the_wait_that_is_asked_for_is_passed_on() -> None:
    later = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)
    waits = {text: _wait({"retry-after": text}) for text in ("7", "0", "nonsense")}
    assert waits == {"7": 7.0, "0": 0.0, "nonsense": None}
    assert _wait({"retry-after": later}) == pytest.approx(30, abs=2)
    assert _wait({}) is None
    assert _wait({}, code="too_many_concurrent_requests") == 1.0  # for a slot, not for better times


def _wait(headers: dict[str, str], code: str = "system_busy") -> float | None:
    error = refused(429, headers, json.dumps(_bodies(code)[0]).encode(), buying=True)
    assert isinstance(error, TransientProviderError)
    return error.retry_after


def test_the_vendors_own_words_are_read_from_every_body() -> None:
    listed = {"detail": [{"loc": ["body", "seed"], "msg": "Input should be a valid integer", "type": "int_parsing"}]}
    assert said(json.dumps(listed).encode()) == ("validation_error", "body.seed: Input should be a valid integer")
    assert said(b'{"detail": "Not authenticated"}') == ("", "Not authenticated")
    assert said(b'{"detail": {"type": "t", "code": null, "message": null}}') == ("t", "t")
    for body in (b"", b"<html>", b"[]", b'{"detail": null}', b"\xff\xfe"):
        assert said(body) == ("", "")
    assert len(said(json.dumps({"detail": {"message": "long " * 100}}).encode())[1]) == 200


def test_an_error_never_shows_the_key() -> None:
    body = json.dumps({"detail": {"status": "invalid_api_key", "message": "bad key sk_0123456789abcdef0123"}}).encode()
    assert "sk_0123" not in str(refused(401, {}, body, buying=True))
