"""Where the files of an order are kept, so that whichever worker takes the job finds them."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING

from badapple.cache import Cache
from badapple.errors import DiskError, InputError
from badapple.storage import shared

if TYPE_CHECKING:
    from pathlib import Path

    from badapple.cache import Blob
    from badapple.config import Settings
    from badapple.jobs.orders import JobOrder

__all__ = ["fetch", "keep", "open_cache", "open_shelf"]


def open_cache(settings: Settings) -> Cache:
    """Return the cache of finished parts, with the storage that workers share behind it where one is set.

    Raises:
        ConfigError: as `shared`.
    """
    return Cache(settings.cache_dir, max_bytes=settings.cache_bytes, storage=shared(settings))


def open_shelf(settings: Settings) -> Cache:
    """Return where files of orders are kept.

    Without a storage that is the data folder, not the cache: a job may wait long, and the cache forgets.

    Raises:
        ConfigError: as `shared`.
    """
    return open_cache(settings) if settings.storage_url is not None else Cache(settings.data_dir / "orders")


def keep(order: JobOrder, settings: Settings) -> JobOrder:
    """Take the files of an order in, and return the order with their content instead of their paths.

    Raises:
        InputError: a file cannot be read.
        DiskError: the data folder cannot be written.
        StorageError: the storage cannot be reached or written.
    """
    files, shelf = dict(order.files), open_shelf(settings)
    for name, path in order.paths.items():
        files[name] = _take(path, shelf, what=name)
    return order.kept(files)


def fetch(order: JobOrder, settings: Settings) -> JobOrder:
    """Return the order with its kept files on this machine.

    Raises:
        InputError: a file is gone.
        StorageError: the storage cannot be reached.
    """
    shelf, paths = open_shelf(settings), {}
    for name, blob in order.files.items():
        path = shelf.get(blob)
        if path is None:
            where = settings.storage_url or shelf.root
            raise InputError(f"the {name} of this job is gone from {where}", hint="submit it again with its files")
        paths[name] = path
    return order.at(paths)


def _take(path: Path, shelf: Cache, *, what: str) -> Blob:
    suffix = path.suffix.lower() if re.fullmatch(r"\.[a-z0-9]{1,7}", path.suffix.lower()) else ""
    try:
        path.open("rb").close()
    except OSError as error:
        raise InputError(f"the {what} {path} cannot be read: {error.strerror or error}") from error
    try:
        with shelf.workplace() as folder:
            copy = folder / f"{what}{suffix}"
            shutil.copyfile(path, copy)
            return shelf.put(copy)
    except OSError as error:
        raise DiskError(
            f"{shelf.root} cannot be written: {error.strerror or error}", hint="free some space, then submit it again"
        ) from error
