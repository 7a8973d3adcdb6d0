"""Where the files of an order are kept, so that whichever worker takes the job finds them."""

from __future__ import annotations

import contextlib
import re
import shutil
from typing import TYPE_CHECKING

from badapple.cache import Cache
from badapple.errors import DiskError, InputError
from badapple.product.logo import rewrite_logo
from badapple.storage import shared

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from badapple.cache import Blob
    from badapple.config import Settings
    from badapple.jobs.orders import JobOrder

__all__ = ["fetch", "keep", "open_cache", "open_shelf", "rewrite", "writing_on"]

_SCRIPT_BYTES = 64 * 1024  #: what is larger is no script; who reads it judges it


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

    A photo, and a logo, is decoded in the limited child process and written anew: where it was taken, and by whom, is
    not kept.

    Raises:
        InputError: a file cannot be read, or the photo cannot be used.
        DiskError: the data folder cannot be written.
        StorageError: the storage cannot be reached or written.
    """
    files, shelf = dict(order.files), open_shelf(settings)
    for name, path in order.paths.items():
        if name == "photo":
            files[name] = _take_photo(path, shelf)
        elif name == "logo":
            files[name] = _take_logo(path, shelf)
        elif name == "music":
            files[name] = _take_music(path, shelf, settings)
        else:
            files[name] = _take(path, shelf, what=name, most=_SCRIPT_BYTES)
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


def rewrite(photo: Path, target: Path) -> tuple[int, int]:
    """Write a photo anew as an upright PNG in sRGB of at most 2160 px; return px of what it was, (width, height).

    Raises:
        PhotoError: it cannot be used; says why.
        DiskError: the disk cannot be written.
    """
    from badapple.product.intake import take_in, write_png  # noqa: PLC0415 - heavy: whoever only asks does without

    taken = take_in(photo)
    write_png(taken.pixels, target)
    return taken.source_size


@contextlib.contextmanager
def writing_on(shelf: Cache) -> Iterator[None]:
    """Turn what the system says of a shelf that cannot be written into our error.

    Raises:
        DiskError: it cannot be written.
    """
    try:
        yield
    except OSError as error:
        raise DiskError(
            f"{shelf.root} cannot be written: {error.strerror or error}", hint="free some space, then submit it again"
        ) from error


def _take_photo(path: Path, shelf: Cache) -> Blob:
    with writing_on(shelf), shelf.workplace() as folder:
        rewrite(path, folder / "photo.png")
        return shelf.put(folder / "photo.png")


def _take_logo(path: Path, shelf: Cache) -> Blob:
    with writing_on(shelf), shelf.workplace() as folder:
        rewrite_logo(path, folder / "logo.png")
        return shelf.put(folder / "logo.png")


def _take_music(path: Path, shelf: Cache, settings: Settings) -> Blob:
    from badapple.media import ffmpeg, music  # noqa: PLC0415 - heavy: most orders bring none

    music.check(path, ffmpeg=ffmpeg.locate(settings.ffmpeg))
    return _take(path, shelf, what="music", most=music.MAX_BYTES)


def _take(path: Path, shelf: Cache, *, what: str, most: int) -> Blob:
    from badapple.product.handed import open_handed  # noqa: PLC0415 - as above

    suffix = path.suffix.lower() if re.fullmatch(r"\.[a-z0-9]{1,7}", path.suffix.lower()) else ""
    opened = open_handed(path, what=what, most=most, error=InputError)
    with opened as source, writing_on(shelf), shelf.workplace() as folder:
        copy = folder / f"{what}{suffix}"
        with copy.open("xb") as sink:
            shutil.copyfileobj(source, sink)
        return shelf.put(copy)
