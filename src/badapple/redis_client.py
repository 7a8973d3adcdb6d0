"""The Redis client of this process."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from badapple.config import get_settings
from badapple.errors import ConfigError

if TYPE_CHECKING:
    from redis import Redis

__all__ = ["get_redis"]

_PATIENCE = 1.0  #: seconds for connecting, and for an answer; what Redis carries here may be late, but not in the way
_QUEUE = 10.0  #: seconds that a caller waits for one of the connections
_HEALTH = 15  #: seconds after which a connection that did nothing is tried before it is used


def get_redis() -> Redis | None:
    """Return the one pooled client, or None without `REDIS_URL`; it connects when it is first used.

    It has at most `REDIS_MAX_CONNECTIONS` connections: in a burst callers wait for one. A call whose connection is
    closed is made once more on a new one; a server that keeps silent is given up after a second.

    Raises:
        ConfigError: `REDIS_URL` is set, but the extra is not installed or the URL is none.
    """
    settings = get_settings()
    return _connect(settings.redis_url, settings.redis_max_connections) if settings.redis_url else None


@lru_cache(maxsize=1)
def _connect(url: str, most: int) -> Redis:
    try:
        from redis import BlockingConnectionPool, Redis  # noqa: PLC0415
        from redis.backoff import NoBackoff  # noqa: PLC0415
        from redis.exceptions import ConnectionError  # noqa: A004, PLC0415
        from redis.retry import Retry  # noqa: PLC0415
    except ImportError as error:
        raise ConfigError(
            "REDIS_URL is set, but redis-py is not installed", hint="pip install 'badapple[redis]'"
        ) from error
    try:
        pool = BlockingConnectionPool.from_url(
            url,
            max_connections=most,
            timeout=_QUEUE,
            socket_connect_timeout=_PATIENCE,
            socket_timeout=_PATIENCE,
            health_check_interval=_HEALTH,
            retry=Retry(NoBackoff(), 1, supported_errors=(ConnectionError,)),
        )
    except ValueError as error:
        raise ConfigError(
            f"REDIS_URL is not a Redis URL: {error}", hint="write it like redis://127.0.0.1:6379/0"
        ) from error
    return Redis.from_pool(pool)
