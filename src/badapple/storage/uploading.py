"""Puts a file of the caller's where every worker can read it."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from badapple.cache import sha256_of
from badapple.config import get_settings
from badapple.errors import InputError
from badapple.media.whole import whole
from badapple.process import in_thread
from badapple.storage.opening import open_storage

__all__ = ["upload_to_storage"]


async def upload_to_storage(path: str | Path) -> str:
    """Keep a file under `videos/` by its content and its name, and return where it is.

    Args:
        path: the file.

    Returns:
        The URI in the configured storage (a folder: the absolute path); without a storage the absolute path of a copy
        in the data folder.

    Raises:
        InputError: there is no such file.
        ConfigError: the storage has no proper address.
        StorageError: it cannot be stored now; trying again may help.
        DiskError: the data folder cannot be written.
    """
    return await in_thread(_upload, Path(path))


def _upload(file: Path) -> str:
    settings = get_settings()
    try:
        name = f"videos/{sha256_of(file)[:24]}/{_plain(file.name)}"
    except OSError as error:
        raise InputError(f"{file} cannot be read: {error.strerror or error}") from error
    if settings.storage_url is not None:
        return open_storage(settings.storage_url).put(file, name)
    target = (settings.data_dir / name).absolute()
    with whole(target) as part:
        shutil.copyfile(file, part)
    return str(target)


def _plain(name: str) -> str:
    """Return a file name that may be part of a key."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name).lstrip("._-")[-120:].lstrip("._-") or "file"
