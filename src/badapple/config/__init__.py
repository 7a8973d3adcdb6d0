"""Settings: the one place that reads the environment."""

from __future__ import annotations

import ipaddress
import os
import re
import tomllib
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import platformdirs

from badapple.config.doors import Doors, read_doors
from badapple.config.keys import KEYS, Access, SecretsFile, Vendors
from badapple.errors import ConfigError
from badapple.secrets import Secret, hide_password, remember

if TYPE_CHECKING:
    from collections.abc import Mapping

    from badapple.config.keys import Source

__all__ = ["Access", "Doors", "SecretsFile", "Settings", "child_environment", "get_settings", "serve", "tell_libraries"]

_ADDRESSES = {  # vendor -> variable of another address than its own
    "anthropic": "ANTHROPIC_BASE_URL",
    "elevenlabs": "ELEVENLABS_BASE_URL",
    "replicate": "REPLICATE_BASE_URL",
}
FILE = "badapple.toml"  #: settings by the names of their variables, in the working directory or in the data folder
_serving = False
_CLOSED = Doors()
#: Secrets that libraries read by themselves: known here so that they show nowhere.
_UNREAD = ("PGPASSWORD", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AZURE_STORAGE_ACCOUNT_KEY")
#: What programs need of the environment that they are started in, `LC_...` besides; no key and no address of ours.
_FOR_CHILDREN = (
    *("PATH", "HOME", "USER", "LANG", "LANGUAGE", "TZ", "TMPDIR", "LD_LIBRARY_PATH"),
    *("FONTCONFIG_FILE", "FONTCONFIG_PATH", "FONTCONFIG_SYSROOT", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"),
)


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
        vendors: vendor -> how it is reached (`ANTHROPIC_API_KEY`, `ELEVENLABS_API_KEY`, `REPLICATE_API_TOKEN`, and
            `..._BASE_URL` of each). A key that is set nowhere else is looked for in `secrets.toml` in the data folder
            each time it is asked for, so that one that was typed in a moment ago counts.
        max_cost: micro-dollars that one job may cost (`BADAPPLE_MAX_COST`, in dollars), or None.
        max_cost_day: micro-dollars that one owner may spend in a day (`BADAPPLE_MAX_COST_DAY`, in dollars), or None.
        webhook_url: where Replicate may call when a prediction is done (`BADAPPLE_WEBHOOK_URL`), or None.
        storage_url: where workers share finished parts and videos (`BADAPPLE_STORAGE`): a folder, or a bucket like
            `s3://bucket/prefix`; None keeps them on this machine.
        log_dir: folder of `pipeline.log` (`LOG_DIR`), or None where nothing was said.
        job_timeout: seconds that one attempt at a video may work (`JOB_TIMEOUT`).
        max_memory: bytes that all ffmpegs of this process may use together (`MAX_MEMORY_MB`), or None.
        redis_max_connections: connections of this process to Redis (`REDIS_MAX_CONNECTIONS`).
        lease: seconds without a sign of life after which a worker is taken for dead (`BADAPPLE_LEASE`).
        traces_url: a collector that takes OTLP over HTTP (`OTEL_EXPORTER_OTLP_ENDPOINT`), or None.
        keep_days: days after which `badapple purge` removes an ended job (`BADAPPLE_KEEP_DAYS`).
        doors: who is let in, and how much each may ask for.
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
    vendors: Mapping[str, Access] = field(
        default_factory=lambda: {name: Access(variable=key) for name, key in KEYS.items()}
    )
    max_cost: int | None = None
    max_cost_day: int | None = None
    webhook_url: str | None = None
    storage_url: str | None = None
    log_dir: Path | None = None
    job_timeout: float = 7200.0
    max_memory: int | None = None
    redis_max_connections: int = 16
    lease: float = 15.0
    traces_url: str | None = None
    keep_days: int = 30
    doors: Doors = _CLOSED

    @property
    def other_hosts(self) -> dict[str, str]:
        """Vendor -> host and port that is asked instead of the vendor's own."""
        places = {name: urlsplit(access.base_url) for name, access in self.vendors.items() if access.base_url}
        return {name: place.netloc.rpartition("@")[2] for name, place in places.items()}


def read_settings(env: Mapping[str, str], *, server: bool = False) -> Settings:
    """Build the settings from an environment, and from `badapple.toml` for what is not set there.

    Args:
        env: variable -> value.
        server: this process serves jobs, so that a plain `DATABASE_URL` is meant for it.

    Raises:
        ConfigError: a variable or the file makes no sense; names it.
    """
    given = {name: value for name, value in env.items() if value}
    env = {**_file(env), **given}
    data = Path(env.get("BADAPPLE_DATA_DIR") or platformdirs.user_data_path("badapple", appauthor=False)).expanduser()
    cache = Path(
        env.get("BADAPPLE_CACHE_DIR") or platformdirs.user_cache_path("badapple", appauthor=False)
    ).expanduser()
    styles = tuple(Path(item).expanduser() for item in env.get("BADAPPLE_STYLES", "").split(os.pathsep) if item)
    fonts = tuple(Path(item).expanduser() for item in env.get("BADAPPLE_FONTS", "").split(os.pathsep) if item)
    ffmpeg = env.get("BADAPPLE_FFMPEG")
    for name in ("BADAPPLE_DATABASE_URL", "DATABASE_URL", "REDIS_URL", "BADAPPLE_STORAGE"):
        hide_password(env.get(name, ""))
    for name in _UNREAD:
        remember(env.get(name, ""))
    database = env.get("BADAPPLE_DATABASE_URL") or (env.get("DATABASE_URL") if server else None)
    logs, memory = env.get("LOG_DIR"), env.get("MAX_MEMORY_MB")
    return Settings(
        data_dir=data,
        cache_dir=cache,
        database_url=database or f"sqlite:///{data / 'badapple.db'}",
        redis_url=env.get("REDIS_URL") or None,
        style_dirs=(*styles, data / "styles"),
        font_dirs=(*fonts, data / "fonts"),
        ffmpeg=Path(ffmpeg).expanduser() if ffmpeg else None,
        workers=_count(env, "BADAPPLE_WORKERS", max(1, min(4, os.cpu_count() or 2))),
        cache_bytes=_count(env, "BADAPPLE_CACHE_BYTES", 10_000_000_000),
        vendors=Vendors({name: _access(env, name, given) for name in KEYS}, SecretsFile(data)),
        max_cost=_dollars(env, "BADAPPLE_MAX_COST"),
        max_cost_day=_dollars(env, "BADAPPLE_MAX_COST_DAY"),
        webhook_url=_url(env, "BADAPPLE_WEBHOOK_URL"),
        storage_url=env.get("BADAPPLE_STORAGE") or None,
        log_dir=Path(logs).expanduser() if logs else None,
        job_timeout=_seconds(env, "JOB_TIMEOUT", 7200.0),
        max_memory=_count(env, "MAX_MEMORY_MB", 1) * 2**20 if memory else None,
        redis_max_connections=_count(env, "REDIS_MAX_CONNECTIONS", 16),
        lease=_seconds(env, "BADAPPLE_LEASE", 15.0),
        traces_url=env.get("OTEL_EXPORTER_OTLP_ENDPOINT") or None,
        keep_days=_count(env, "BADAPPLE_KEEP_DAYS", 30),
        doors=read_doors(env),
    )


@lru_cache(maxsize=1)
def get_settings() -> Settings:
    """Return the settings of this process."""
    return read_settings(os.environ, server=_serving)


def child_environment() -> dict[str, str]:
    """Return the environment for a child process: what any program needs, and no key of anybody's."""
    return {name: value for name, value in os.environ.items() if name in _FOR_CHILDREN or name.startswith("LC_")}


def serve() -> Settings:
    """Make this process one that serves jobs, where `DATABASE_URL` counts too; return its settings."""
    global _serving  # noqa: PLW0603 - what a process is for is a fact of the whole process
    _serving = True
    get_settings.cache_clear()
    return get_settings()


def tell_libraries(**variables: str) -> None:
    """Set variables that libraries read while they are loaded; what the user has set stays."""
    for name, value in variables.items():
        os.environ.setdefault(name, value)


def _file(env: Mapping[str, str]) -> dict[str, str]:
    """Read `badapple.toml`; a key in it is the name of a variable."""
    data = env.get("BADAPPLE_DATA_DIR") or platformdirs.user_data_path("badapple", appauthor=False)
    for path in (Path(FILE), Path(data).expanduser() / FILE):
        try:
            body = tomllib.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            continue
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise ConfigError(f"{path} cannot be read: {error}", hint="write it like JOB_TIMEOUT = 7200") from error
        for name, value in body.items():
            if not re.fullmatch(r"[A-Z][A-Z0-9_]*", name) or isinstance(value, bool | list | dict):
                raise ConfigError(
                    f"{path}: {name} is no setting", hint="every line names a variable: JOB_TIMEOUT = 7200"
                )
        return {name: str(value) for name, value in body.items()}
    return {}


def micro_dollars(text: str, *, name: str) -> int:
    """Read an amount in dollars, exact to a millionth.

    Raises:
        ConfigError: it is no amount; names where it stands.
    """
    try:
        amount = Decimal(text.strip().removeprefix("$")) * 1_000_000
    except InvalidOperation:
        amount = Decimal(-1)
    if not amount.is_finite() or amount < 0 or amount != amount.to_integral_value() or amount > 10**12:
        raise ConfigError(f"{name} must be an amount in dollars like 1.50, not {text!r}")
    return int(amount)


def _dollars(env: Mapping[str, str], name: str) -> int | None:
    text = env.get(name)
    return micro_dollars(text, name=name) if text else None


def _access(env: Mapping[str, str], vendor: str, given: Mapping[str, str]) -> Access:
    variable = KEYS[vendor]
    address, text = _url(env, _ADDRESSES[vendor]), env.get(variable, "").strip()
    if any(not "!" <= letter <= "~" for letter in text):
        raise ConfigError(
            f"{variable} holds characters that no key has", hint="copy the key again, without line breaks"
        )
    if not text:
        return Access(variable=variable, base_url=address)
    source: Source = "environment" if variable in given else "config"
    return Access(variable=variable, key=Secret(text), base_url=address, source=source)


def _url(env: Mapping[str, str], name: str) -> str | None:
    text = env.get(name, "").strip().rstrip("/")
    if text and not re.fullmatch(r"https?://[^\s/?#]+[^\s?#]*", text):
        raise ConfigError(f"{name} is not a web address", hint="write it like https://example.com")
    hide_password(text)
    if text.startswith("http://") and not _is_here(urlsplit(text).hostname or ""):
        raise ConfigError(f"{name} is not encrypted: a key would be read on its way", hint="write it with https://")
    return text or None


def _is_here(host: str) -> bool:
    """Say whether a host is this machine itself."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _seconds(env: Mapping[str, str], name: str, default: float) -> float:
    text = env.get(name)
    if not text:
        return default
    if not re.fullmatch(r"\d{1,9}(\.\d+)?", text) or float(text) <= 0:
        raise ConfigError(f"{name} must be a number of seconds, not {text!r}")
    return float(text)


def _count(env: Mapping[str, str], name: str, default: int) -> int:
    text = env.get(name)
    if not text:
        return default
    if not text.isdecimal() or int(text) < 1:
        raise ConfigError(f"{name} must be a whole number of at least 1, not {text!r}")
    return int(text)
