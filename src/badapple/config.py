"""Settings: the one place that reads the environment."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import platformdirs

from badapple.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Settings", "get_settings"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Where things lie and how much may be used.

    Attributes:
        data_dir: database and lasting files (`BADAPPLE_DATA_DIR`).
        cache_dir: finished assets by content (`BADAPPLE_CACHE_DIR`).
        database_url: SQLAlchemy URL (`BADAPPLE_DATABASE_URL`); a SQLite file in `data_dir` by default.
        redis_url: for live progress (`REDIS_URL`), or None.
        style_dirs: folders with styles of the user's own (`BADAPPLE_STYLES`, separated like `PATH`).
        font_dirs: folders with further fonts (`BADAPPLE_FONTS`).
        ffmpeg: an ffmpeg to use instead of the bundled one (`BADAPPLE_FFMPEG`), or None.
        workers: how many parts are drawn and encoded at once (`BADAPPLE_WORKERS`).
        cache_bytes: size the cache is kept under (`BADAPPLE_CACHE_BYTES`).
    """

    data_dir: Path
    cache_dir: Path
    database_url: str
    redis_url: str | None = None
    style_dirs: tuple[Path, ...] = ()
    font_dirs: tuple[Path, ...] = ()
    ffmpeg: Path | None = None
    workers: int = 2
    cache_bytes: int = 10_000_000_000


def read_settings(env: Mapping[str, str]) -> Settings:
    """Build the settings from an environment.

    Raises:
        ConfigError: a variable makes no sense; names it.
    """
    data = Path(env.get("BADAPPLE_DATA_DIR") or platformdirs.user_data_path("badapple", appauthor=False)).expanduser()
    cache = Path(
        env.get("BADAPPLE_CACHE_DIR") or platformdirs.user_cache_path("badapple", appauthor=False)
    ).expanduser()
    styles = tuple(Path(item).expanduser() for item in env.get("BADAPPLE_STYLES", "").split(os.pathsep) if item)
    fonts = tuple(Path(item).expanduser() for item in env.get("BADAPPLE_FONTS", "").split(os.pathsep) if item)
    ffmpeg = env.get("BADAPPLE_FFMPEG")
    return Settings(
        data_dir=data,
        cache_dir=cache,
        database_url=env.get("BADAPPLE_DATABASE_URL") or f"sqlite:///{data / 'badapple.db'}",
        redis_url=env.get("REDIS_URL") or None,
        style_dirs=(*styles, data / "styles"),
        font_dirs=(*fonts, data / "fonts"),
        ffmpeg=Path(ffmpeg).expanduser() if ffmpeg else None,
        workers=_count(env, "BADAPPLE_WORKERS", max(1, min(4, os.cpu_count() or 2))),
        cache_bytes=_count(env, "BADAPPLE_CACHE_BYTES", 10_000_000_000),
    )


@lru_cache(maxsize=1)
def get_settings() -> Settings:
    """Return the settings of this process."""
    return read_settings(os.environ)


def _count(env: Mapping[str, str], name: str, default: int) -> int:
    text = env.get(name)
    if not text:
        return default
    if not text.isdecimal() or int(text) < 1:
        raise ConfigError(f"{name} must be a whole number of at least 1, not {text!r}")
    return int(text)
