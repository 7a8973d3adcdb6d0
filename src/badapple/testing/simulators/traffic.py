"""What goes over the wire: calls, replies, and the record of both."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

    from badapple.testing.simulators.faults import Fault

__all__ = ["Call", "Exchange", "Json", "Reply", "Request", "Traffic", "parse"]

Json: TypeAlias = dict[str, Any]

JSON_TYPE = "application/json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request as it came in.

    Attributes:
        vendor: which simulator got it.
        route: the name that faults call it by; empty where there is none.
        method: `GET`, `POST`, ...
        path: without the query.
        query: the last value of each parameter.
        headers: names in lower case.
        body: parsed JSON, or None.
        raw: the body's bytes.
        connection: the client's port; requests over one TCP connection share it.
        at: seconds since 1970 by the simulators' clock.
    """

    vendor: str
    route: str
    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: Any
    raw: bytes
    connection: int
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer; `body` is bytes, or what is sent as JSON."""

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = JSON_TYPE

    def payload(self) -> bytes:
        """Return the body's bytes."""
        if isinstance(self.body, bytes):
            return self.body
        if isinstance(self.body, str) and self.content_type != JSON_TYPE:
            return self.body.encode()
        return json.dumps(self.body).encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """A request and what was answered; status 0 where the connection was closed without an answer.

    Attributes:
        request: as it came in.
        status: of the answer.
        headers: of the answer, names in lower case.
        body: parsed JSON, or None.
        size: bytes of the answer's body.
        fault: what went wrong on purpose, or None.
    """

    request: Request
    status: int
    headers: Mapping[str, str]
    body: Any
    size: int
    fault: Fault | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A request with what its handler needs."""

    request: Request
    words: Mapping[str, str]  #: the path's variable parts
    fault: Fault | None

    @property
    def does(self) -> str | None:
        """The named behaviour asked of the handler, or None."""
        return self.fault.does if self.fault is not None else None

    @property
    def json(self) -> Json:
        """The body where it is a JSON object, else an empty one."""
        return self.request.body if isinstance(self.request.body, dict) else {}


class Traffic:
    """The record of everything; safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._requests: list[Request] = []
        self._exchanges: list[Exchange] = []

    def came(self, request: Request) -> None:
        """Record a request."""
        with self._lock:
            self._requests.append(request)

    def went(self, exchange: Exchange) -> None:
        """Record an answer."""
        with self._lock:
            self._exchanges.append(exchange)

    def requests(self) -> tuple[Request, ...]:
        """Return all requests in the order of their coming."""
        with self._lock:
            return tuple(self._requests)

    def exchanges(self) -> tuple[Exchange, ...]:
        """Return all answers in the order of their going."""
        with self._lock:
            return tuple(self._exchanges)


def parse(raw: bytes, content_type: str) -> Any:
    """Return what JSON says, None where it is none."""
    if "json" not in content_type or not raw:
        return None
    try:
        return json.loads(raw)
    except ValueError:
        return None
