"""From an address to a storage."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from badapple.errors import ConfigError
from badapple.storage.folder import FolderStorage

if TYPE_CHECKING:
    from badapple.config import Settings
    from badapple.ports import Storage

__all__ = ["open_storage", "shared"]

_BUCKETS = ("s3", "gs", "az")
_HINT = "write it like /srv/badapple, s3://bucket/prefix, gs://bucket/prefix or az://container/prefix"


def shared(settings: Settings) -> Storage | None:
    """Return the storage that workers share, or None where there is one machine only.

    Raises:
        ConfigError, StorageError: as `open_storage`.
    """
    return open_storage(settings.storage_url) if settings.storage_url is not None else None


def open_storage(url: str) -> Storage:
    """Return the storage at an address; a bucket is not asked before it is used.

    Args:
        url: a folder (`/srv/badapple`, `file:///srv/badapple`), or a bucket (`s3://bucket/prefix`, `gs://...`,
            `az://container/...`). Keys and endpoint of a bucket are read from the environment by the library that
            talks to it (`AWS_ACCESS_KEY_ID`, `AWS_ENDPOINT_URL`, ...).

    Raises:
        ConfigError: the address makes no sense, or the extra `storage` is not installed.
        StorageError: the folder cannot be made.
    """
    if "://" not in url:
        return FolderStorage(Path(url).expanduser().absolute())
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise ConfigError(f"the storage has no proper address: {error}", hint=_HINT) from error
    if "@" in parts.netloc:
        raise ConfigError(
            "the address of the storage holds a user or a key", hint="set AWS_ACCESS_KEY_ID and the like instead"
        )
    if parts.query or parts.fragment:
        raise ConfigError(f"the storage {url!r} is no place for objects", hint=_HINT)
    if parts.scheme == "file" and parts.netloc in ("", "localhost") and parts.path.startswith("/"):
        return FolderStorage(Path(unquote(parts.path)))
    if parts.scheme not in _BUCKETS or not parts.netloc:
        raise ConfigError(f"the storage {url!r} is no place for objects", hint=_HINT)
    try:
        from badapple.storage.bucket import BucketStorage  # noqa: PLC0415 - loads the library that talks to buckets
    except ImportError as error:
        raise ConfigError(
            f"{url} is set as the storage, but what talks to buckets is not installed",
            hint="pip install 'badapple[storage]'",
        ) from error
    return BucketStorage(url.rstrip("/"))
