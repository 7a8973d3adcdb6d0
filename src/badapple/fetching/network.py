"""Connections that go where a name led when it was checked, and nowhere else."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

import httpcore

from badapple.fetching.addresses import is_number, is_public
from badapple.fetching.rules import FetchError, Reply

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence

    from badapple.fetching.places import Place
    from badapple.fetching.rules import Rules

__all__ = ["asked", "reply_of", "resolve"]

_TRIED = 4  #: addresses of one name that are connected to in turn
#: Threads of their own: a lookup cannot be ended, and whoever names a host may have a name server that never answers.
_LOOKUPS = ThreadPoolExecutor(64, thread_name_prefix="lookup")


async def resolve(host: str, port: int) -> Sequence[str]:
    """Return the addresses of a host as the system knows them.

    Raises:
        OSError: it knows none.
    """
    lookup = partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
    found = await asyncio.get_running_loop().run_in_executor(_LOOKUPS, lookup)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


class _Guarded(httpcore.AsyncNetworkBackend):
    """Connects to the one place that it was made for."""

    def __init__(self, place: Place, lookup: Callable[[str, int], Awaitable[Sequence[str]]]) -> None:
        self._place = place
        self._resolve = lookup
        self._real = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - its face is given
        local_address: str | None = None,  # noqa: ARG002 - as above
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Look the host up, once, check every address, and connect to one of these very addresses."""
        try:
            async with asyncio.timeout(timeout):
                addresses = await self._addresses(host, port)
                each = None if timeout is None else timeout / max(1, len(addresses))
                return await self._connect(addresses, port, each, socket_options)
        except TimeoutError as error:
            raise httpcore.ConnectTimeout from error

    async def _addresses(self, host: str, port: int) -> Sequence[str]:
        try:
            addresses = [host] if is_number(host) else await self._resolve(host, port)
        except (OSError, UnicodeError) as error:
            raise httpcore.ConnectError(f"{host} is not known") from error
        # One that is not public among those that are: somebody tries which one we take.
        if not self._place.private and not all(is_public(address) for address in addresses):
            raise FetchError(
                f"{host[:100]} leads to an address that is not public", why="address",
                hint="use an https address that everybody can reach; BADAPPLE_PRIVATE_HOSTS names exceptions",
            )  # fmt: skip
        return addresses[:_TRIED]

    async def _connect(
        self, addresses: Sequence[str], port: int, seconds: float | None, options: Iterable[Any] | None
    ) -> httpcore.AsyncNetworkStream:
        trouble: Exception = httpcore.ConnectError("it has no address")
        for address in addresses:
            try:
                return await self._real.connect_tcp(address, port, timeout=seconds, socket_options=options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                trouble = error
        raise trouble

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)


@contextlib.asynccontextmanager
async def asked(
    place: Place,
    rules: Rules,
    *,
    method: str = "GET",
    headers: Mapping[str, str],
    body: bytes | None = None,
    lookup: Callable[[str, int], Awaitable[Sequence[str]]] | None = None,
    trust: ssl.SSLContext | None = None,
) -> AsyncIterator[httpcore.Response]:
    """Make one request over a connection of its own, and yield the answer; its body is not read yet.

    The name is what the certificate is checked for. Proxies of the environment are not used.

    Args:
        place: where it goes.
        rules: time limits and the proxy.
        method: of HTTP.
        headers: besides Host.
        body: what is sent, or None.
        lookup: returns a host's addresses; None asks the system.
        trust: whose certificates are believed; None believes the usual authorities.

    Raises:
        FetchError: see there.
    """
    url = httpcore.URL(
        scheme=place.scheme.encode(), host=place.host.encode(), port=place.port, target=place.target.encode()
    )
    waits = {"connect": rules.connect, "read": rules.read, "write": rules.read, "pool": rules.connect}
    sent = [(name.encode(), value.encode()) for name, value in {"Host": place.authority, **headers}.items()]
    try:
        async with (
            asyncio.timeout(rules.seconds),
            _pool(place, rules, lookup or resolve, trust or _trusted()) as pool,
            pool.stream(method, url, headers=sent, content=body, extensions={"timeout": waits}) as reply,
        ):
            yield reply
    except (TimeoutError, httpcore.TimeoutException) as error:
        raise FetchError(f"{place.host[:100]} took too long to answer", why="timeout") from error
    except (
        httpcore.NetworkError, httpcore.ProtocolError, httpcore.ProxyError, httpcore.UnsupportedProtocol, ssl.SSLError,
    ) as error:  # fmt: skip
        what = "shows a certificate that is not valid" if _is_certificate(error) else "cannot be reached, or broke off"
        raise FetchError(f"{place.host[:100]} {what}", why="network") from error


def reply_of(reply: httpcore.Response, body: bytes = b"") -> Reply:
    """Return an answer as a plain value; of headers that come several times the last counts."""
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in reply.headers}
    return Reply(status=reply.status, headers=headers, body=body)


def _pool(
    place: Place,
    rules: Rules,
    lookup: Callable[[str, int], Awaitable[Sequence[str]]],
    trust: ssl.SSLContext,
) -> httpcore.AsyncConnectionPool:
    if rules.proxy is not None and not place.private:
        return _behind(rules.proxy, trust)
    return httpcore.AsyncConnectionPool(
        ssl_context=trust, max_connections=1, network_backend=_Guarded(place, lookup), http1=True, http2=False
    )


def _behind(proxy: str, trust: ssl.SSLContext) -> httpcore.AsyncConnectionPool:
    import httpx  # noqa: PLC0415 - it can tell name and password from the rest of the address

    told = httpx.Proxy(proxy)
    kind = httpcore.AsyncSOCKSProxy if told.url.scheme.startswith("socks5") else httpcore.AsyncHTTPProxy
    address = httpcore.URL(
        scheme=told.url.raw_scheme, host=told.url.raw_host, port=told.url.port, target=told.url.raw_path
    )
    return kind(address, proxy_auth=told.raw_auth, ssl_context=trust, max_connections=1)


@lru_cache(maxsize=1)
def _trusted() -> ssl.SSLContext:
    """Return whom we trust; reading all authorities takes a tenth of a second, so once must do."""
    import httpx  # noqa: PLC0415 - it knows where the authorities are listed

    return httpx.create_ssl_context()


def _is_certificate(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return True
        error = error.__cause__ or error.__context__
    return False
