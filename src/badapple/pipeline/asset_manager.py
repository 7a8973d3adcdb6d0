"""The assets of one job: orders them, remembers them, cleans up after them."""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from badapple.cache import sha256_of
from badapple.errors import InputError, ProviderError
from badapple.pipeline.part_rows import PartNews
from badapple.pipeline.plan import StoodIn
from badapple.pipeline.stages import finish_together
from badapple.process import in_thread

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from badapple.models import Asset, AssetRequest
    from badapple.pipeline.progress import Progress
    from badapple.ports import AssetRunner

__all__ = ["AssetManager", "Choices"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """Parts that belong together, and the same parts by another maker.

    Attributes:
        wanted: what is ordered.
        otherwise: what is ordered instead, all of it, where one of the wanted cannot be had; may be empty.
        check: raises a ProviderError where it is known beforehand that the wanted cannot be had, or None.
    """

    wanted: tuple[AssetRequest, ...]
    otherwise: tuple[AssetRequest, ...] = ()
    check: Callable[[], Awaitable[None]] | None = None


class AssetManager:
    """Makes the assets of one job and knows which it has.

    Args:
        job_id: any string; a hash of it names the temporary folder.
        runner: makes assets or finds them.
        progress: is told of every part.
        temp_root: the job's temporary folder is made below it.

    Attributes:
        name: names the job's folders, whatever string its id is.
        parts: label -> asset, in the order in which they were finished.
        stood_in: what another maker made than was wanted.
    """

    def __init__(self, job_id: str, runner: AssetRunner, progress: Progress, *, temp_root: Path) -> None:
        self._runner = runner
        self._progress = progress
        self.name = hashlib.sha256(job_id.encode()).hexdigest()[:24]
        self._folder = temp_root / self.name
        self.parts: dict[str, Asset] = {}
        self.stood_in: list[StoodIn] = []

    @property
    def folder(self) -> Path:
        """The job's temporary folder, made when asked for."""
        self._folder.mkdir(parents=True, exist_ok=True)
        return self._folder

    async def make(self, request: AssetRequest) -> Asset:
        """Return the asset, made now or found, and tell watchers."""
        try:
            asset = await self._runner.run(request, on_begin=self._begun)
        except Exception:
            self._progress.part_failed(PartNews.of_request(request, "failed"))
            raise
        # A part that is asked for again, to be sure of it before assembly, is no news unless it had to be made again.
        if request.label not in self.parts or not asset.reused:
            news = PartNews.of_asset(request, asset)
            await self._progress.part(request.stage, request.label, news.state, news=news)
            self.parts[request.label] = asset
        return asset

    async def checked(self, choices: Choices) -> Choices:
        """Return the choices, or those that stand in where the wanted cannot be had."""
        try:
            if choices.check is not None:
                await choices.check()
        except ProviderError as error:
            if not choices.otherwise:
                raise
            for request in choices.wanted:
                await self._stand_in(request, error)
            return Choices(wanted=choices.otherwise)
        return choices

    async def make_all(self, choices: Choices) -> tuple[Asset, ...]:
        """Make parts that belong together at once.

        Where a vendor fails for good and others stand by, all of the parts are made by those.
        """
        try:
            return tuple(await finish_together([self.make(request) for request in choices.wanted]))
        except ProviderError as error:
            if not choices.otherwise:
                raise
            for request in choices.wanted:
                await self._stand_in(request, error)
            return tuple(await finish_together([self.make(request) for request in choices.otherwise]))

    async def try_to_make(self, request: AssetRequest, *, stood_in: bool) -> Asset | None:
        """Return the asset; None where its vendor fails for good and somebody else stands in for it."""
        try:
            return await self.make(request)
        except ProviderError as error:
            if not stood_in:
                raise
            await self._stand_in(request, error)
            return None

    async def find(self, request: AssetRequest) -> Asset | None:
        """Return the asset if it is finished; nothing is made, nobody is told."""
        return await self._runner.find(request)

    async def ingest(self, file: Path, *, kind: str, sha256: str) -> Asset:
        """Keep a file that the caller handed in."""
        return await self._runner.ingest(file, kind=kind, sha256=sha256)

    async def ingest_file(self, file: Path, *, kind: str) -> Asset:
        """Keep a file that the caller handed in.

        Raises:
            InputError: there is no such file.
        """
        try:
            sha256 = await in_thread(sha256_of, file)
        except OSError as error:
            raise InputError(f"{file} cannot be read: {error.strerror or error}") from error
        return await self.ingest(file, kind=kind, sha256=sha256)

    async def settle(self) -> None:
        """Begin nothing more, and wait until what is paid for is collected."""
        await self._runner.settle()

    async def trim(self) -> None:
        """Keep the cache under its limit, without the parts of this job."""
        paths = (path for part in self.parts.values() for path in part.files.values())
        await self._runner.trim(keep=frozenset(path.stem for path in paths))

    async def cleanup(self) -> None:
        """Remove the job's temporary folder; the result is never in it. May run twice."""
        await in_thread(shutil.rmtree, self._folder, ignore_errors=True)

    async def _stand_in(self, request: AssetRequest, error: ProviderError) -> None:
        self.parts.pop(request.label, None)
        self.stood_in.append(StoodIn(part=request.label, wanted=request.params["by"], because=str(error)))
        await self._progress.note(request.stage, f"{request.label} is made offline: {error}")

    async def _begun(self, request: AssetRequest) -> None:
        news = PartNews.of_request(request, "started")
        await self._progress.part(request.stage, request.label, news.state, news=news)
