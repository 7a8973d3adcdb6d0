"""An address on the web, taken apart once: nobody reads it a second time in another way."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from badapple.fetching.addresses import is_number, is_public
from badapple.fetching.rules import FetchError

if TYPE_CHECKING:
    from badapple.fetching.rules import Rules

__all__ = ["Place", "parse"]

_LONGEST = 4096  #: characters of an address
_HTTPS, _HTTP = 443, 80
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
_NUMBER = re.compile(r"\d+|0x[0-9a-f]*")
_HERE = ("localhost", "local", "localdomain", "internal", "intranet", "lan", "home.arpa")  #: names of no public network
_KEPT = "%/:=&?~#+!$,;'@()*[]"  #: what stays as it is in a path or query


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a request goes.

    Attributes:
        url: as it was given.
        scheme: `https` or `http`.
        host: in lower case and ASCII; an IPv6 address without brackets.
        port: always a number.
        target: path and query, ASCII.
        private: whether the rules name it as one that may lie in a private network.
    """

    url: str
    scheme: str
    host: str
    port: int
    target: str
    private: bool

    @property
    def authority(self) -> str:
        """What stands in the header Host."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        usual = _HTTPS if self.scheme == "https" else _HTTP
        return host if self.port == usual else f"{host}:{self.port}"


def parse(url: str, rules: Rules) -> Place:
    """Return where an address leads, if the rules let us go there; names are not looked up yet.

    Raises:
        FetchError: it is no address that is gone to (`url`), or not by this caller (`host`).
    """
    if len(url) > _LONGEST or not url.isprintable() or " " in url or "\\" in url:
        raise _no("the address has characters that none has, or too many")
    try:
        parts = urlsplit(url)
        port, name = parts.port, parts.hostname or ""
    except ValueError as error:
        raise _no("the address cannot be read") from error
    if parts.scheme not in {"https", "http"}:
        raise _no("the address is not one of https")
    if "@" in parts.netloc:
        raise _no("the address names a user")
    host = _host(name)
    if port is None:
        port = _HTTPS if parts.scheme == "https" else _HTTP
    if rules.allow is not None and not rules.allow(url):
        raise FetchError(f"nothing is fetched from {host[:100]}", why="host")
    private = bool({host, f"{host}:{port}", f"[{host}]:{port}"} & set(rules.private_hosts))
    if not private:
        _check_public(parts.scheme, host, port, rules)
    target = quote(parts.path or "/", safe=_KEPT) + (f"?{quote(parts.query, safe=_KEPT)}" if parts.query else "")
    return Place(url=url, scheme=parts.scheme, host=host, port=port, target=target, private=private)


def _check_public(scheme: str, host: str, port: int, rules: Rules) -> None:
    if scheme != "https":
        raise _no("the address is not one of https")
    if port not in rules.ports:
        raise _no(f"the address names port {port}")
    ours = "." not in host or any(f".{host}".endswith(f".{end}") for end in _HERE)
    if not is_public(host) if is_number(host) else ours:
        raise FetchError(f"{host[:100]} is not on the public internet", why="address", hint=_HINT)


def _host(name: str) -> str:
    """Return a host as it is looked up.

    Raises:
        FetchError: there is none, or it is written in a way that others read otherwise.
    """
    host = name.lower()
    try:
        if ":" in host:
            if "%" in host:
                raise _no("the address names a network interface")
            return IPv6Address(host).compressed
        if not host.isascii() or "xn--" in host:
            import idna  # noqa: PLC0415 - an optional package, and large

            host = idna.encode(host, uts46=True).decode("ascii")
        host = host.removesuffix(".")
        labels = host.split(".")
        if len(host) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
            raise _no("the address has no host that exists")
        if _NUMBER.fullmatch(labels[-1]):  # some read 0x7f.1, 0177.0.0.1 and 2130706433 as addresses, too
            return str(IPv4Address(host))
    except (ValueError, UnicodeError) as error:
        raise _no("the address has no host that exists") from error
    return host


_HINT = "use an https address that everybody can reach"


def _no(message: str) -> FetchError:
    return FetchError(message, why="url", hint=_HINT)
