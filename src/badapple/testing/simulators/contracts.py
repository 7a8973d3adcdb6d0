"""What must hold for every request to a vendor and for every answer, as small JSON schemas of our own."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from badapple.testing.simulators import hosted, shapes
from badapple.testing.simulators.catalogue import HOSTED
from badapple.testing.simulators.schemas import broken

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from badapple.testing.simulators.rig import Simulators
    from badapple.testing.simulators.traffic import Exchange, Request

__all__ = ["ContractError", "check", "check_reply", "check_request"]

_UNCHECKED = {"wrong_media", "hang", "hang_after"}


class ContractError(AssertionError):
    """A request or an answer is not as the vendor's API has it; says where."""


def check(sims: Simulators) -> None:
    """Check everything that went to the simulators and came back.

    Raises:
        ContractError: something is not as it must be.
    """
    for request in sims.requests:
        check_request(request)
    for exchange in sims.exchanges:
        check_reply(exchange)


def check_request(request: Request) -> None:
    """Check one request.

    Raises:
        ContractError: it is not as it must be.
    """
    flaws = [*_header_flaws(request), *_body_flaws(request)]
    if not request.route:
        flaws.append("there is no such route")
    if flaws:
        raise ContractError(f"{request.vendor}: {request.method} {request.path}: {'; '.join(flaws)}")


def check_reply(exchange: Exchange) -> None:
    """Check one answer; those that a fault made other than the vendor's are passed over.

    Raises:
        ContractError: it is not as it must be.
    """
    request, fault = exchange.request, exchange.fault
    if not exchange.status or (fault is not None and (_spoils(fault) or fault.does in _UNCHECKED)):
        return
    flaws = [
        *broken(_reply_shape(exchange), exchange.body),
        *(f"{name}: missing" for name in _headers_due(exchange) if name not in exchange.headers),
    ]
    if flaws:
        raise ContractError(f"{request.vendor}: {exchange.status} to {request.path}: {'; '.join(flaws)}")


def _spoils(fault: Any) -> bool:
    return any(part is not None for part in (fault.truncate, fault.content_type, fault.drop)) or (
        fault.body is not None and fault.does not in {"failed", "nsfw"}
    )


def _header_flaws(request: Request) -> Iterator[str]:
    headers = request.headers
    if request.vendor == "anthropic":
        if not (headers.get("x-api-key") or headers.get("authorization", "").startswith("Bearer ")):
            yield "no key"
        if not re.fullmatch(r"\d{4}-\d\d-\d\d", headers.get("anthropic-version", "")):
            yield "no anthropic-version"
    elif request.vendor == "elevenlabs":
        if not headers.get("xi-api-key"):
            yield "no xi-api-key"
    elif request.route == "file":
        if "authorization" in headers:
            yield "the key is sent to the host of the files"
    elif not headers.get("authorization", "").startswith("Bearer "):
        yield "no bearer token"
    if request.method == "POST" and request.raw and "content-type" not in headers:
        yield "no content-type"


def _body_flaws(request: Request) -> Iterator[str]:
    shape = shapes.REQUESTS.get((request.vendor, request.route))
    if shape is None or request.method != "POST":
        return
    yield from broken(shape, request.body)
    if (request.vendor, request.route) == ("replicate", "create"):
        yield from _input_flaws(request)


def _input_flaws(request: Request) -> Iterator[str]:
    parts = request.path.split("/")
    body: Mapping[str, Any] = request.body if isinstance(request.body, dict) else {}
    name = "/".join(parts[3:5]) if "models" in parts else str(body.get("version", "")).partition(":")[0]
    if name not in HOSTED:
        yield f"no model {name!r}"
    elif isinstance(body.get("input"), dict):
        yield from (f"input: {flaw}" for flaw in hosted.invalid(HOSTED[name], body["input"]))
    said = request.headers.get("cancel-after")
    if said is not None and not re.fullmatch(r"\d+(\.\d+)?[smh]?", said):
        yield f"cancel-after: {said!r} is no duration"
    wait = re.search(r"wait=(\d+)", request.headers.get("prefer", ""))
    if wait and not 1 <= int(wait[1]) <= 60:
        yield "prefer: wait must be 1 to 60 s"


def _reply_shape(exchange: Exchange) -> Mapping[str, Any]:
    vendor, route = exchange.request.vendor, exchange.request.route
    if exchange.status >= 400:
        return shapes.ERRORS[vendor]
    if exchange.headers["content-type"] != "application/json":
        return {}
    if (vendor, route) == ("replicate", "files"):
        return shapes.FILE if exchange.request.method == "POST" else {"type": "object"}
    return shapes.REPLIES[vendor, route]


def _headers_due(exchange: Exchange) -> tuple[str, ...]:
    if exchange.request.vendor == "anthropic":
        return ("request-id",)
    if exchange.request.route == "tts" and exchange.status == 200:
        return ("request-id", "character-cost", "history-item-id")
    return ()
