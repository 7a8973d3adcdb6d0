"""How many requests a minute: of each address, and of each key."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from limits.aio.storage import MemoryStorage, RedisStorage
from limits.aio.strategies import FixedWindowRateLimiter
from limits.errors import ConfigurationError, StorageError
from starlette.datastructures import MutableHeaders

from badapple.api.guards.callers import HEALTH, READING, address, refuse
from badapple.errors import ConfigError, LimitExceededError
from limits import RateLimitItemPerMinute

if TYPE_CHECKING:
    from redis.asyncio import ConnectionPool
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from limits import RateLimitItem

__all__ = ["Level", "Rated", "Rates"]

_WINDOW = 60  #: seconds
_WRONG = 20  #: credentials a minute that one address may send which are none
_PATIENCE = 0.5  #: seconds for an answer of Redis
_PAUSE = 10.0  #: seconds for which a Redis that does not answer is left alone
_PREFIX = "badapple:rate"
_log = logging.getLogger("badapple.api")


@dataclass(frozen=True, slots=True)
class Level:
    """How far a limit is used.

    Attributes:
        policy: `requests` or `writes`.
        quota: requests in a window.
        remaining: of them.
        reset: seconds until the window ends.
    """

    policy: str
    quota: int
    remaining: int
    reset: int


class Rates:
    """Counts, in Redis where there is one, so that all processes count together; else in memory.

    While Redis is away each process counts for itself.

    Args:
        redis_url: the Redis, or None.
        rate: requests a minute.
        write_rate: of those, requests that change something.

    Raises:
        ConfigError: the Redis URL is none, or the extra is missing.
    """

    def __init__(self, redis_url: str | None, *, rate: int, write_rate: int) -> None:
        self._requests = RateLimitItemPerMinute(rate, namespace="requests")
        self._writes = RateLimitItemPerMinute(write_rate, namespace="writes")
        self._wrong = RateLimitItemPerMinute(_WRONG, namespace="wrong")
        self._memory = FixedWindowRateLimiter(MemoryStorage())
        self._pool: ConnectionPool | None = None
        self._shared: FixedWindowRateLimiter | None = None
        if redis_url:
            self._pool, self._shared = _redis(redis_url)
        self._away_until = 0.0

    async def count(self, who: str, *, writes: bool) -> list[Level]:
        """Count a request of an address or a key.

        Raises:
            LimitExceededError: there were too many in this minute; `levels` says how far each limit is used.
        """
        items = (self._requests, self._writes) if writes else (self._requests,)
        levels = []
        for item in items:
            fits, level = await self._hit(item, who)
            levels.append(level)
            if not fits:
                raise RatedError(levels)
        return levels

    async def wrong(self, who: str) -> None:
        """Count a credential that was none.

        Raises:
            LimitExceededError: there were too many of this address in this minute.
        """
        fits, level = await self._hit(self._wrong, who)
        if not fits:
            raise RatedError([level])

    async def close(self) -> None:
        """Close the connections."""
        if self._pool is not None:
            await self._pool.disconnect()

    async def _hit(self, item: RateLimitItem, who: str) -> tuple[bool, Level]:
        if self._shared is not None and time.monotonic() >= self._away_until:
            try:
                return await _hit(self._shared, item, who)
            except StorageError as error:
                self._away_until = time.monotonic() + _PAUSE
                _log.warning("rates_counted_here", extra={"reason": str(error)})
        return await _hit(self._memory, item, who)


class RatedError(LimitExceededError):
    """Too many requests; `levels` says how far each limit is used."""

    def __init__(self, levels: list[Level]) -> None:
        last = levels[-1]
        super().__init__(
            f"more than {last.quota} {_WORDS[last.policy]} came in a minute",
            code="rate_limited",
            retry_after=float(last.reset),
            hint=f"wait {last.reset} s",
        )
        self.levels = levels


_WORDS = {"requests": "requests", "writes": "requests that change something", "wrong": "wrong keys"}


class Rated:
    """Counts the requests of each address, and says in each answer how far the limits are used.

    `scope["badapple.levels"]` holds policy -> the level that leaves least, which the gate adds a key's to. The fields
    are those of draft-ietf-httpapi-ratelimit-headers.
    """

    def __init__(self, app: ASGIApp, *, rates: Rates) -> None:
        self._app = app
        self._rates = rates

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, or refuse with 429."""
        if scope["type"] == "lifespan" or scope["path"] in HEALTH:
            await self._app(scope, receive, send)
            return

        async def answer(message: Message) -> None:
            if message["type"] in {"http.response.start", "websocket.http.response.start"}:
                _tell(message, list(scope["badapple.levels"].values()))
            await send(message)

        scope["badapple.levels"] = {}
        try:
            put(scope, await self._rates.count(address(scope), writes=is_write(scope)))
        except RatedError as error:
            put(scope, error.levels)
            wait = {"retry-after": str(error.levels[-1].reset)}
            await refuse(scope, receive, answer, error.code, str(error), hint=error.hint, headers=wait)
        else:
            await self._app(scope, receive, answer)


def is_write(scope: Scope) -> bool:
    """Say whether a request changes something."""
    return scope["type"] == "http" and scope["method"] not in READING


def put(scope: Scope, levels: list[Level]) -> None:
    """Let the answer tell of levels, of two of one policy that which leaves less."""
    held: dict[str, Level] = scope.setdefault("badapple.levels", {})
    for level in levels:
        known = held.get(level.policy)
        if known is None or level.remaining <= known.remaining:
            held[level.policy] = level


def _tell(message: Message, levels: list[Level]) -> None:
    headers = MutableHeaders(scope=message)
    headers["ratelimit-policy"] = ", ".join(f'"{level.policy}";q={level.quota};w={_WINDOW}' for level in levels)
    headers["ratelimit"] = ", ".join(f'"{level.policy}";r={level.remaining};t={level.reset}' for level in levels)


async def _hit(limiter: FixedWindowRateLimiter, item: RateLimitItem, who: str) -> tuple[bool, Level]:
    fits = await limiter.hit(item, who)
    stats = await limiter.get_window_stats(item, who)
    reset = min(_WINDOW, max(1, round(stats.reset_time - time.time() + 0.5)))
    return fits, Level(str(item.namespace), item.amount, stats.remaining if fits else 0, reset)


def _redis(url: str) -> tuple[ConnectionPool, FixedWindowRateLimiter]:
    try:
        from redis.asyncio import ConnectionPool  # noqa: PLC0415 - an extra

        pool = ConnectionPool.from_url(url, socket_timeout=_PATIENCE, socket_connect_timeout=_PATIENCE)
        storage = RedisStorage(
            "async+redis://",
            implementation="redispy",
            wrap_exceptions=True,
            key_prefix=_PREFIX,
            connection_pool=cast("str", pool),  # annotated for strings only
        )
    except (ImportError, ConfigurationError) as error:
        raise ConfigError(
            "REDIS_URL is set, but redis-py is not installed", hint="pip install 'badapple[redis]'"
        ) from error
    except ValueError as error:
        raise ConfigError(
            f"REDIS_URL is not a Redis URL: {error}", hint="write it like redis://127.0.0.1:6379/0"
        ) from error
    return pool, FixedWindowRateLimiter(storage)
