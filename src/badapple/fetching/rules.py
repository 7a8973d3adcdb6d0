"""What may be fetched, and what comes of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from badapple.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

__all__ = ["FetchError", "Fetched", "Reply", "Rules", "Why"]

#: Why something was not fetched, in one word.
Why = Literal[
    "url",  # it is no address that is gone to
    "host",  # it lies where this caller does not go
    "address",  # its name leads into a network that is not public
    "redirect",  # it was sent on too often, or to nowhere
    "status",  # the answer is no success
    "type",  # it is of another kind, or packed
    "network",  # it could not be reached, or broke off
    "timeout",  # it took too long
]
_LATER = frozenset({408, 425, 429, 500, 502, 503, 504})


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What is gone to, and how much is taken from there.

    Attributes:
        most: bytes that are taken at most.
        types: content types that are taken, like `image/png`, or `image/` for all of a kind; empty takes any.
        private_hosts: `host` or `host:port` that may be plain http, at any port (or that one), in a private network.
        ports: of all others.
        redirects: how often it may be sent on; each new address is checked as the first was.
        allow: says of each address whether this caller goes there at all; None goes everywhere.
        seconds: all the time it may take.
        connect: seconds until there is a connection.
        read: seconds between two pieces of an answer.
        proxy: the proxy that leads out of this network, or None. It looks up the names in our place, so that
            where they lead is not checked: only for addresses that `allow` knows.
    """

    most: int = 25 * 2**20
    types: tuple[str, ...] = ()
    private_hosts: tuple[str, ...] = ()
    ports: tuple[int, ...] = (443,)
    redirects: int = 3
    allow: Callable[[str], bool] | None = None
    seconds: float = 30.0
    connect: float = 5.0
    read: float = 10.0
    proxy: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """A file that was fetched.

    Attributes:
        path: where it is.
        url: the address it came from in the end.
        size: bytes.
        sha256: of its bytes, hex.
        content_type: as the server calls it, without parameters; may be empty or wrong.
    """

    path: Path
    url: str
    size: int
    sha256: str
    content_type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer.

    Attributes:
        status: of HTTP.
        headers: names in lower case.
        body: its first bytes.
    """

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


class FetchError(InputError):
    """An address was not gone to, or did not give what was wanted.

    Attributes:
        why: in one word.
        reply: the answer that was no success, or None.
    """

    def __init__(self, message: str, *, why: Why, reply: Reply | None = None, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.why: Why = why
        self.reply = reply

    @property
    def transient(self) -> bool:
        """Whether it may work later."""
        return self.why in {"network", "timeout"} or (self.reply is not None and self.reply.status in _LATER)
