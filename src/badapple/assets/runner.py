"""Runs requests in this process: finds, makes, keeps."""

from __future__ import annotations

import contextlib
import hashlib
import logging
import re
import shutil
import time
from typing import TYPE_CHECKING

from filelock import AsyncFileLock

from badapple import __version__
from badapple.assets.slots import Slots
from badapple.cache import Blob
from badapple.errors import DiskError, MediaError, OutOfMemoryError
from badapple.models import AssetRequest, Maker
from badapple.process import Aside, in_thread, is_full
from badapple.telemetry import metrics

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Mapping
    from pathlib import Path

    from badapple.assets.made import Made, Recipe
    from badapple.cache import Cache
    from badapple.journal import Journal
    from badapple.models import Asset

    Begun = Callable[[AssetRequest], Awaitable[None]]

__all__ = ["LocalRunner", "ingest_key", "key_of"]

_log = logging.getLogger("badapple.assets")
_OURS = Maker(name="badapple", model=__version__, generated=False)


class LocalRunner:
    """Makes assets in process, as many at once as there are slots; asking again for a finished one is free.

    A part that memory ran out for is made once more, alone in its process.

    Args:
        journal: what is finished.
        cache: where files are kept.
        recipes: kind of asset -> how it is made.
        workers: how many are made at once, where no slots are given.
        slots: shared with the other runners of this process, or None for some of its own.
        fresh: make each asset anew, once.
        threaded: keep database and hashing off the event loop; False for a database that lives in one thread.
    """

    def __init__(
        self,
        journal: Journal,
        cache: Cache,
        *,
        recipes: Mapping[str, Recipe],
        workers: int = 2,
        slots: Slots | None = None,
        fresh: bool = False,
        threaded: bool = True,
    ) -> None:
        self._journal = journal
        self._cache = cache
        self._recipes = recipes
        self._slots = slots or Slots(workers)
        self._fresh = fresh
        self._quick = Aside(threaded)
        self._seen: dict[str, AssetRequest] = {}  # digest -> the request that made it, to make it again
        self._made: set[str] = set()

    async def run(self, request: AssetRequest, *, on_begin: Begun | None = None) -> Asset:
        """Return the asset, found or made now.

        Args:
            request: what is wanted.
            on_begin: awaited with the request when its making really begins.

        Raises:
            BadappleError: as the making raises.
            DiskError: the cache cannot be written.
        """
        key = key_of(request)
        with _kept_in(self._cache.root):
            asset = None if self._stale(key) else await self._quick(self._journal.find, key)
            if asset is None:
                asset = await self._make(key, request, on_begin)
        self._seen[asset.digest] = request
        return asset

    async def find(self, request: AssetRequest) -> Asset | None:
        """Return the asset if it is finished; nothing is made.

        Raises:
            DiskError: its files lie elsewhere, and cannot be kept here.
            StorageError: its files lie elsewhere, and cannot be asked for.
        """
        key = key_of(request)
        with _kept_in(self._cache.root):
            return None if self._stale(key) else await self._quick(self._journal.find, key)

    def knows(self, asset: Asset, request: AssetRequest) -> None:
        """Remember how an asset was ordered that was made elsewhere, to make it again where its files are gone."""
        self._seen[asset.digest] = request

    def share(self, asset: Asset) -> None:
        """Make sure that every worker can get the files of an asset that is here; blocks.

        Raises:
            DiskError: they cannot be read.
            StorageError: the storage cannot be reached or written.
        """
        with _kept_in(self._cache.root):
            for path in asset.files.values():
                self._cache.share(Blob(sha256=path.stem, size=path.stat().st_size, suffix=path.suffix))

    async def settle(self) -> None:
        """Begin nothing more, and wait until what is paid for is collected: here the till sees to that."""

    async def ingest(self, file: Path, *, kind: str, sha256: str) -> Asset:
        """Keep a file that the caller handed in, named by its content."""
        key = ingest_key(kind, sha256)
        with _kept_in(self._cache.root):
            return await self._quick(self._take, file, key=key, kind=kind)

    async def trim(self, *, keep: frozenset[str]) -> None:
        """Bring the cache under its limit; content with a SHA-256 in `keep` stays."""
        await in_thread(self._cache.keep_under_limit, keep=keep)

    def _take(self, file: Path, *, key: str, kind: str) -> Asset:
        found = self._journal.find(key)
        if found is not None:
            return found
        with self._cache.workplace() as folder:
            suffix = file.suffix.lower() if re.fullmatch(r"\.[a-z0-9]{1,7}", file.suffix.lower()) else ""
            copy = folder / f"{kind}{suffix}"
            shutil.copyfile(file, copy)
            maker = Maker(name="user", model="file", generated=False)
            # Jobs that begin in the same moment with the same photo take it in at once.
            self._journal.begin(key, AssetRequest(kind=kind, params={}), maker, anew=False)
            return self._journal.collect(key, {kind: copy}, facts={}, seconds=0)

    async def _make(self, key: str, request: AssetRequest, on_begin: Begun | None) -> Asset:
        inputs = {name: await self._input(digest) for name, digest in request.inputs.items()}
        recipe = self._recipes[request.kind]
        maker = (recipe.maker(request) if recipe.maker else None) or _OURS

        async def make(begin: Begun | None) -> Asset:
            return await self._work(key, request, inputs, maker=maker, on_begin=begin)

        try:
            if maker.hosted:
                # It waits for a vendor: it takes no slot from what needs a processor, and whoever wants the same thing
                # must be known to the till, which buys it once.
                return await make(on_begin)
            async with self._slots.one():
                return await self._once(key, lambda: make(on_begin))
        except (OutOfMemoryError, MemoryError) as error:
            metrics.ffmpeg_out_of_memory()
            _log.warning("ffmpeg_out_of_memory", extra=_story(request, error, alone=False))
            if self._slots.held:
                raise  # a part that another one needs: whoever has the slot is made again, and this with it
        # Its slot and its lock are given back: others may need them to end, and it waits for all of them.
        try:
            async with self._slots.alone():
                # What a vendor was paid for is not bought again: the till hands it out.
                return await (make(None) if maker.hosted else self._once(key, lambda: make(None)))
        except (OutOfMemoryError, MemoryError) as error:
            metrics.ffmpeg_out_of_memory()
            _log.error("ffmpeg_out_of_memory", extra=_story(request, error, alone=True))
            raise _memory_error(request, error) from error

    async def _once(self, key: str, make: Callable[[], Awaitable[Asset]]) -> Asset:
        """Make an asset that no other process makes at the same time, or find it."""
        async with AsyncFileLock(self._lock_path(key), run_in_executor=False, poll_interval=0.1):
            # Another process may have made it while this one waited.
            if not self._stale(key) and (found := await self._quick(self._journal.find, key)) is not None:
                return found
            return await make()

    async def _work(
        self,
        key: str,
        request: AssetRequest,
        inputs: Mapping[str, Asset],
        *,
        maker: Maker,
        on_begin: Begun | None,
    ) -> Asset:
        await self._quick(self._journal.begin, key, request, maker)
        if on_begin is not None:
            await on_begin(request)
        begun = time.monotonic()
        with self._cache.workplace() as folder:
            made = await self._recipes[request.kind].make(request, inputs, folder)
            asset = await self._quick(self._collect, key, made, time.monotonic() - begun)
        self._made.add(key)
        return asset

    def _collect(self, key: str, made: Made, seconds: float) -> Asset:
        return self._journal.collect(key, made.files, facts=made.facts, seconds=round(seconds, 3), cost=made.cost)

    async def _input(self, digest: str) -> Asset:
        """Find an input by its content; where a file of it is gone, make it again."""
        found = await self._quick(self._journal.find_digest, digest)
        if found is not None:
            return found
        request = self._seen.get(digest)
        if request is None:
            raise MediaError("a finished part is gone from the cache", hint="run the same command again")
        made = await self.run(request)
        if made.digest != digest:
            raise MediaError(
                f"{request.label or request.kind} came out different when it was made again",
                hint="run the same command again",
            )
        return made

    def _stale(self, key: str) -> bool:
        return self._fresh and key not in self._made

    def _lock_path(self, key: str) -> str:
        folder = self._cache.root / "locks"
        folder.mkdir(parents=True, exist_ok=True)
        return str(folder / f"{key[:3]}.lock")  # a shared prefix costs a short wait; a lock file a key would pile up


def key_of(request: AssetRequest) -> str:
    """Return the name of what a request asks for, hex."""
    # The release enters every key: drawing code changes with it, and what is made here costs nothing to make again.
    return hashlib.sha256(f"{__version__}\n{request.identity()}".encode()).hexdigest()


def ingest_key(kind: str, sha256: str) -> str:
    """Return the name of a file that a caller handed in, hex."""
    return hashlib.sha256(f"{kind}:{sha256}".encode()).hexdigest()


@contextlib.contextmanager
def _kept_in(root: Path) -> Iterator[None]:
    """Say of a cache that cannot be read or written what stands in the way."""
    try:
        yield
    except OSError as error:
        if is_full(error):
            raise DiskError(
                f"the disk of the cache {root} is full",
                hint="free some space or set BADAPPLE_CACHE_DIR, then run the same command again: finished parts are "
                "kept",
            ) from error
        raise DiskError(
            f"the cache {root} cannot be used: {error.strerror or error}",
            hint="set BADAPPLE_CACHE_DIR to a folder that can be written",
        ) from error


def _story(request: AssetRequest, error: BaseException, *, alone: bool) -> dict[str, object]:
    return {"part": request.label or request.kind, "kind": request.kind, "alone": alone, "reason": str(error)}


def _memory_error(request: AssetRequest, error: BaseException) -> OutOfMemoryError:
    if isinstance(error, OutOfMemoryError):
        return error
    return OutOfMemoryError(
        f"memory ran out while {request.label or request.kind} was made",
        hint="give it more memory; then run the same command again: finished parts are kept",
    )
