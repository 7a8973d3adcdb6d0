"""The Redis client of this process."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from badapple.config import get_settings
from badapple.errors import ConfigError

if TYPE_CHECKING:
    from redis import Redis

__all__ = ["get_redis"]


def get_redis() -> Redis | None:
    """Return the one pooled client, or None without `REDIS_URL`.

    Raises:
        ConfigError: `REDIS_URL` is set, but the extra is not installed or the URL is none.
    """
    url = get_settings().redis_url
    return _connect(url) if url else None


@lru_cache(maxsize=1)
def _connect(url: str) -> Redis:
    try:
        from redis import Redis  # noqa: PLC0415
    except ImportError as error:
        raise ConfigError(
            "REDIS_URL is set, but redis-py is not installed", hint="pip install 'badapple[redis]'"
        ) from error
    try:
        return Redis.from_url(url, socket_timeout=2, socket_connect_timeout=2)
    except ValueError as error:
        raise ConfigError(
            f"REDIS_URL is not a Redis URL: {error}", hint="write it like redis://127.0.0.1:6379/0"
        ) from error
