"""Settings of the doors that are open to others: who is let in, how much each may ask for."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from badapple.errors import ConfigError
from badapple.secrets import Secret

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Doors", "read_doors"]

_SECRET_LENGTH = 32  #: characters; less is not worth signing with


@dataclass(frozen=True, slots=True, kw_only=True)
class Doors:
    """What the API's doors let through.

    Attributes:
        auth: `on`; `off`; or `auto`, which is off where only this machine is listened to (`BADAPPLE_AUTH`).
        secret_key: signs links, cursors and webhooks (`BADAPPLE_SECRET_KEY`); None uses one kept in the data folder.
            Where several machines serve, all need the same.
        public_url: how others reach this server (`BADAPPLE_PUBLIC_URL`), without a slash at its end, or None.
        hosts: names in the Host header that are answered besides those of the address that is listened on
            (`BADAPPLE_HOSTS`).
        allowed_origins: pages of other origins that may use the API (`ALLOWED_ORIGINS`), like `http://localhost:3000`.
        proxies: networks whose `X-Forwarded-For` and `-Proto` are believed (`BADAPPLE_PROXIES`).
        rate: requests a minute of one key or address (`BADAPPLE_RATE`).
        write_rate: the same of those that change something (`BADAPPLE_WRITE_RATE`).
        max_jobs: jobs of one owner that may wait or run at once (`BADAPPLE_MAX_JOBS`).
        sockets: live connections of one owner at once (`BADAPPLE_SOCKETS`).
        upload_quota: bytes that one owner's uploads may have together (`BADAPPLE_UPLOAD_QUOTA_MB`).
        upload_days: days that an upload is kept which no job uses (`BADAPPLE_UPLOAD_DAYS`).
        image_urls: whether a photo may be named by its address on the web (`BADAPPLE_IMAGE_URLS`).
        private_hosts: `host` or `host:port` that may be fetched although their address is a private one
            (`BADAPPLE_PRIVATE_HOSTS`).
        sandbox: whether programs that read others' files are locked in with bubblewrap: `on`, `off`, or `auto` where it
            works (`BADAPPLE_SANDBOX`).
    """

    auth: Literal["auto", "on", "off"] = "auto"
    secret_key: Secret | None = None
    public_url: str | None = None
    hosts: tuple[str, ...] = ()
    allowed_origins: tuple[str, ...] = ()
    proxies: tuple[str, ...] = ()
    rate: int = 600
    write_rate: int = 120
    max_jobs: int = 50
    sockets: int = 20_000
    upload_quota: int = 1_000_000_000
    upload_days: int = 7
    image_urls: bool = False
    private_hosts: tuple[str, ...] = ()
    sandbox: Literal["auto", "on", "off"] = "auto"


def read_doors(env: Mapping[str, str]) -> Doors:
    """Read them from an environment.

    Raises:
        ConfigError: a variable makes no sense; names it.
    """
    return Doors(
        auth=_switch(env, "BADAPPLE_AUTH"),
        secret_key=_secret(env),
        public_url=_public_url(env),
        hosts=tuple(host.lower() for host in _list(env, "BADAPPLE_HOSTS")),
        allowed_origins=tuple(_origin(text) for text in _list(env, "ALLOWED_ORIGINS")),
        proxies=tuple(_network(text) for text in _list(env, "BADAPPLE_PROXIES")),
        rate=_count(env, "BADAPPLE_RATE", 600),
        write_rate=_count(env, "BADAPPLE_WRITE_RATE", 120),
        max_jobs=_count(env, "BADAPPLE_MAX_JOBS", 50),
        sockets=_count(env, "BADAPPLE_SOCKETS", 20_000),
        upload_quota=_count(env, "BADAPPLE_UPLOAD_QUOTA_MB", 1000) * 1_000_000,
        upload_days=_count(env, "BADAPPLE_UPLOAD_DAYS", 7),
        image_urls=_yes(env, "BADAPPLE_IMAGE_URLS"),
        private_hosts=tuple(host.lower() for host in _list(env, "BADAPPLE_PRIVATE_HOSTS")),
        sandbox=_switch(env, "BADAPPLE_SANDBOX"),
    )


def _list(env: Mapping[str, str], name: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(item.strip() for item in env.get(name, "").split(",") if item.strip()))


def _switch(env: Mapping[str, str], name: str) -> Literal["auto", "on", "off"]:
    text = env.get(name, "auto").strip().lower()
    for word in ("auto", "on", "off"):
        if text == word:
            return word
    raise ConfigError(f"{name} is auto, on or off, not {text!r}")


def _yes(env: Mapping[str, str], name: str) -> bool:
    text = env.get(name, "off").strip().lower()
    if text not in {"on", "off", "1", "0", "true", "false", "yes", "no"}:
        raise ConfigError(f"{name} is on or off, not {text!r}")
    return text in {"on", "1", "true", "yes"}


def _count(env: Mapping[str, str], name: str, default: int) -> int:
    text = env.get(name) or str(default)
    if not re.fullmatch(r"\d{1,12}", text) or int(text) < 1:
        raise ConfigError(f"{name} must be a whole number of at least 1, not {text!r}")
    return int(text)


def _secret(env: Mapping[str, str]) -> Secret | None:
    text = env.get("BADAPPLE_SECRET_KEY", "").strip()
    if text and len(text) < _SECRET_LENGTH:
        raise ConfigError(
            f"BADAPPLE_SECRET_KEY has fewer than {_SECRET_LENGTH} characters",
            hint='make one: python3 -c "import secrets; print(secrets.token_urlsafe(32))"',
        )
    return Secret(text) if text else None


def _public_url(env: Mapping[str, str]) -> str | None:
    text = env.get("BADAPPLE_PUBLIC_URL", "").strip().rstrip("/")
    if text and not re.fullmatch(r"https?://[^\s/?#@]+(/[^\s?#]*)?", text):
        raise ConfigError("BADAPPLE_PUBLIC_URL is not a web address", hint="write it like https://ads.example.com")
    return text or None


def _origin(text: str) -> str:
    if not re.fullmatch(r"https?://[^\s/?#@]+", text.rstrip("/")):
        raise ConfigError(
            f"ALLOWED_ORIGINS names {text!r}, which is no origin", hint="write it like http://localhost:3000"
        )
    return text.rstrip("/").lower()


def _network(text: str) -> str:
    try:
        return str(ipaddress.ip_network(text, strict=False))
    except ValueError as error:
        raise ConfigError(f"BADAPPLE_PROXIES names {text!r}, which is no network", hint="like 10.0.0.0/8") from error
