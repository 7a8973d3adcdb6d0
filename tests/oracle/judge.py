"""The judge of all that went over the wire: our own contracts, and the vendors' documents where they are there."""

from __future__ import annotations

import json
import re
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema

from badapple.testing.simulators import contracts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from badapple.testing.simulators import Exchange, Simulators

SPECS = Path(__file__).resolve().parent.parent.parent.parent / "shared" / "specs"
_FILES = {
    "anthropic": ("anthropic-openapi-2026-08-18.yaml", ""),  # JSON, whatever its name says
    "elevenlabs": ("elevenlabs-trimmed-11-paths.json", ""),
    "replicate": ("replicate-openapi-fixed.json", "/v1"),
}
#: Younger than the documents: fields and words that the vendors' own SDKs know.
_YOUNGER = {"anthropic": {"thinking"}}


def judge(sims: Simulators) -> None:
    """Raise AssertionError where anything recorded is not as the vendor's API has it."""
    contracts.check(sims)
    if SPECS.is_dir():
        flaws = [flaw for exchange in sims.exchanges for flaw in by_documents(exchange)]
        assert flaws == []


def by_documents(exchange: Exchange) -> list[str]:
    """Return what a vendor's document has against a request and its answer, if it knows the route."""
    request = exchange.request
    operation = _operation(request.vendor, request.method, request.path)
    if operation is None:
        return []
    where = f"{request.vendor} {request.method} {request.path}"
    flaws = [f"{where}: {flaw}" for flaw in (*_query_flaws(operation, exchange), *_request_flaws(operation, exchange))]
    return flaws + [f"{where} -> {exchange.status}: {flaw}" for flaw in _reply_flaws(operation, exchange)]


def known(vendor: str, method: str, path: str) -> bool:
    """Say whether a vendor's document has this route."""
    return _operation(vendor, method, path) is not None


def _query_flaws(operation: dict[str, Any], exchange: Exchange) -> Iterator[str]:
    allowed = {item.get("name") for item in operation.get("parameters", []) if item.get("in") == "query"}
    for name in set(exchange.request.query) - allowed - {"cursor"}:
        yield f"no query parameter is called {name}"


def _request_flaws(operation: dict[str, Any], exchange: Exchange) -> Iterator[str]:
    content = operation.get("requestBody", {}).get("content", {}).get("application/json")
    if content is not None:
        yield from _broken(exchange.request.vendor, content["schema"], exchange.request.body)


def _reply_flaws(operation: dict[str, Any], exchange: Exchange) -> Iterator[str]:
    fault, responses = exchange.fault, operation["responses"]
    if not exchange.status or (fault is not None and (fault.body or fault.truncate or fault.content_type)):
        return
    found = responses.get(str(exchange.status)) or responses.get(f"{exchange.status // 100}XX")
    if found is None:
        if exchange.status < 400:
            yield "no such status"
        return
    content = found.get("content", {}).get("application/json")
    if content is not None and exchange.body is not None:
        yield from _broken(exchange.request.vendor, content["schema"], exchange.body)


def _broken(vendor: str, schema: dict[str, Any], value: Any) -> Iterator[str]:
    validator = jsonschema.Draft202012Validator({"components": _document(vendor)["components"], **schema})
    for error in validator.iter_errors(value):
        if not _YOUNGER.get(vendor, set()) & set(map(str, error.absolute_path)):
            yield f"{'.'.join(map(str, error.absolute_path))}: {error.message[:300]}"


@lru_cache(maxsize=3)
def _document(vendor: str) -> dict[str, Any]:
    body: dict[str, Any] = json.loads((SPECS / _FILES[vendor][0]).read_text(encoding="utf-8"))
    return body


def _operation(vendor: str, method: str, path: str) -> dict[str, Any] | None:
    prefix = _FILES[vendor][1]
    if not path.startswith(prefix):
        return None
    found = None
    for template, operations in _document(vendor)["paths"].items():
        pattern = re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(template))
        if method.lower() in operations and re.fullmatch(pattern, path.removeprefix(prefix)):
            found = operations[method.lower()]
            if "{" not in template:
                break
    return found
