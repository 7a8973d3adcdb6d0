"""Errors at the API: each has a code that is documented, and none tells what it should not."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import IntegrityError, OperationalError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from tests.api.calling import ORIGIN, Here, here, refused

from badapple import errors
from badapple.api.problem_table import KINDS, markdown
from badapple.api.problems import ProblemError, kind_of, problem_of, problem_response, validation_problem

ROOT = Path(__file__).resolve().parent.parent.parent
SECRET = "sk-ant-REALLY-SECRET"


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[Here]:
    async with here(tmp_path) as opened:
        yield opened


def examples() -> dict[str, BaseException]:
    """Return one error of every class that badapple has."""
    provider = {"provider": "replicate", "charged": 30_000}
    special: dict[str, BaseException] = {
        "MissingKeyError": errors.MissingKeyError("ELEVENLABS_API_KEY", vendor="ElevenLabs"),
        "UnknownStyleError": errors.UnknownStyleError("x", ("bold",)),
        "MissingFontError": errors.MissingFontError("\u4e00", install="pip install fonts"),
        "IdempotencyError": errors.IdempotencyError("used", mismatch=True),
        "LimitExceededError": errors.LimitExceededError("slow down", code="rate_limited", retry_after=2.2),
        "QualityError": errors.QualityError("black", broken=("black",), path=Path("/srv/x")),
        "BudgetError": errors.BudgetError("too dear", cap=1, held=0, wanted=2),
        "JobTimeoutError": errors.JobTimeoutError(5),
        "JobAwaitsError": errors.JobAwaitsError("j", "approval"),
        "PipelineOrchestrationError": errors.PipelineOrchestrationError("failed", cause=errors.PhotoError("bad")),
        **{
            name: getattr(errors, name)("no", **provider)
            for name in ("ProviderError", "TransientProviderError", "PermanentProviderError", "OutcomeUnknownError")
        },
    }
    kinds = {
        name: kind for name, kind in vars(errors).items()
        if isinstance(kind, type) and issubclass(kind, errors.BadappleError)
    }  # fmt: skip
    return {name: special[name] if name in special else kind("no") for name, kind in kinds.items()}


def body(response: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(response.body)
    return found


def test_every_error_has_a_code_a_status_and_advice() -> None:
    expected = {
        "PhotoError": 422, "TooLargeError": 413, "NotFoundError": 404, "ConflictError": 409, "IdempotencyError": 422,
        "UnauthenticatedError": 401, "ForbiddenError": 403, "LimitExceededError": 429, "BudgetError": 402,
        "MissingKeyError": 409, "StorageError": 503, "DiskError": 507, "OutcomeUnknownError": 409,
        "TransientProviderError": 502, "PipelineOrchestrationError": 422, "ConfigError": 500, "ToolError": 500,
    }  # fmt: skip
    for name, error in examples().items():
        told = body(problem_of(error, instance="/x"))
        assert told["code"] in KINDS
        assert told["hint"], name
        assert told["status"] == expected.get(name, told["status"]), name
    assert body(problem_of(examples()["TransientProviderError"]))["charged_usd"] == 0.03
    assert body(problem_of(examples()["PermanentProviderError"]))["retryable"] is False
    limited = problem_of(examples()["LimitExceededError"])
    assert (limited.status_code, limited.headers["retry-after"]) == (429, "3")
    in_flight = problem_of(errors.IdempotencyError("wait", mismatch=False))
    assert (in_flight.status_code, body(in_flight)["retryable"]) == (409, True)
    assert "www-authenticate" in problem_of(errors.UnauthenticatedError("who")).headers


def test_every_code_is_in_the_documents_and_every_status_is_one() -> None:
    text = (ROOT / "docs" / "errors.md").read_text(encoding="utf-8")
    assert markdown() in text
    for code, kind in KINDS.items():
        assert code == kind.code
        assert 400 <= kind.status < 600
        assert kind.title
        assert kind.means.endswith(".")
        assert kind.remedy.endswith(".")


def test_what_is_wrong_inside_stays_inside(caplog: pytest.LogCaptureFixture) -> None:
    inside = [
        RuntimeError(f"at /srv/app with {SECRET}"),
        errors.ConfigError(f"the database postgres://u:{SECRET}@db cannot be used"),
        errors.DiskError(f"/srv/{SECRET} cannot be written"),
        OperationalError(f"SELECT {SECRET}", {}, Exception(SECRET), connection_invalidated=True),
        IntegrityError(f"INSERT {SECRET}", {}, Exception(SECRET)),
    ]
    statuses = []
    for error in inside:
        response = problem_of(error, request_id="req-1")
        statuses.append(response.status_code)
        assert SECRET.encode() not in response.body
        assert b"/srv" not in response.body
        assert body(response)["request_id"] == "req-1"
    assert statuses == [500, 500, 507, 503, 500]
    away = problem_of(inside[3])
    assert (kind_of(inside[3]).code, away.headers["retry-after"]) == ("database_away", "2")
    assert [record.getMessage() for record in caplog.records] == ["request_failed"] * 6


def test_what_was_sent_is_not_repeated() -> None:
    wrong = [
        {"type": "string_type", "loc": ("body", "a/b~c", 0), "msg": "Input should be a valid string", "input": SECRET},
        {"type": "missing", "loc": ("query", "q"), "msg": "Field required", "input": SECRET, "ctx": {"x": SECRET}},
    ]
    response = validation_problem(RequestValidationError(wrong))
    assert SECRET.encode() not in response.body
    assert [one["pointer"] for one in body(response)["errors"]] == ["/a~1b~0c/0", "#query/q"]


async def test_a_problem_is_an_application_that_middlewares_answer_with() -> None:
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request"}

    async def send(message: Any) -> None:
        sent.append(message)

    answer = problem_response("forbidden", "No.", instance="/x", headers={"X-Why": "because"})
    await answer({"type": "http", "method": "GET", "path": "/x", "headers": []}, receive, send)
    assert sent[0]["status"] == 403
    assert (b"x-why", b"because") in sent[0]["headers"]
    with pytest.raises(KeyError):
        problem_response("no_such_code", "x")
    assert body(problem_of(ProblemError("invalid_cursor", "x", pointer="#query/cursor")))["errors"]
    assert problem_of(HTTPException(418)).status_code == 400


async def test_addresses_that_are_none_and_methods_that_are_not_taken(api: Here) -> None:
    for path in ("/nope", "/api/v1/nope", "/api/v1/jobs/", "/problems/nope", "/api/v1/jobs/a/b/c/d"):
        problem = refused(await api.client.get(path), 404, "not_found")
        assert problem["instance"] == path
    for method, path, allowed in (
        ("PATCH", "/api/v1/jobs/x", "GET, DELETE"), ("PUT", "/api/v1/jobs", "GET"), ("DELETE", "/healthz", "GET, HEAD"),
        ("GET", "/api/v1/videos/generate", "POST"), ("TRACE", "/api/v1/uploads/x", "GET, DELETE"),
    ):  # fmt: skip
        reply = await api.client.request(method, path)
        refused(reply, 405, "method_not_allowed")
        assert reply.headers["allow"] == allowed


async def test_a_mistake_of_ours_is_answered_with_an_id_alone(api: Here, caplog: pytest.LogCaptureFixture) -> None:
    @api.app.get("/broken")
    async def broken(request: Request) -> None:
        raise RuntimeError(f"{SECRET} in {request.url}")

    reply = await api.client.get("/broken", headers={"x-request-id": "mine-12345"})
    problem = refused(reply, 500, "internal_error")
    assert (problem["request_id"], reply.headers["x-request-id"]) == ("mine-12345", "mine-12345")
    assert SECRET not in reply.text
    assert any(record.getMessage() == "request_failed" for record in caplog.records)


async def test_a_code_s_address_explains_it(api: Here) -> None:
    for code, kind in KINDS.items():
        page = await api.client.get(f"/problems/{code}")
        assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
        assert f"<code>{code}</code>" in page.text
        assert "style=" not in page.text
        assert "<script" not in page.text
        assert kind.title.split("'")[0] in page.text
    plain = await api.client.get("/problems/not_found", headers={"accept": "text/markdown"})
    assert plain.text.startswith("### `not_found`")
    every = await api.client.get(f"{ORIGIN}/problems")
    assert all(f'id="{code}"' in every.text for code in KINDS)
