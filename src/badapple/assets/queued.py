"""Makes assets through queues, wherever a worker has room: the runner of jobs that workers make."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import logging
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from badapple.assets.runner import key_of
from badapple.engine.engine import ANY
from badapple.errors import DiskError, StorageError
from badapple.models import AssetRequest, StageName
from badapple.models import failure as failures
from badapple.process import in_thread

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from pathlib import Path

    from badapple.assets.made import Recipe
    from badapple.assets.runner import LocalRunner
    from badapple.engine import Engine, State, Waiter
    from badapple.models import Asset

    Begun = Callable[[AssetRequest], Awaitable[None]]

__all__ = ["FFMPEG", "PART", "QUEUES", "STORIES", "Attempt", "QueuedRunner", "read_request"]

PART, STORIES, FFMPEG = "part", "stories", "ffmpeg"
_VENDORS = {"claude": "anthropic", "elevenlabs": "elevenlabs", "replicate": "replicate"}  # maker -> queue
QUEUES = (STORIES, FFMPEG, *_VENDORS.values())  #: every queue there is
_AT_ONCE = frozenset({"script"})  #: made in the story's own process where no vendor makes it: milliseconds
_TRIES = 5  #: how often a part is put into its queue again when it ended without a word
_ROOM_AGAIN = 5.0  #: seconds between two tries while a disk is full
_log = logging.getLogger("badapple.assets")


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One attempt at a job, as the engine knows it.

    Attributes:
        job: id of the job.
        number: 1, 2, 3 ...
        priority: lower goes first.
    """

    job: str
    number: int
    priority: int = 1

    @property
    def id(self) -> str:
        """The workflow of the story."""
        return f"{self.name(self.job)}:{self.number}"

    @property
    def parts(self) -> str:
        """How the workflows of its parts begin."""
        return f"{self.id}:"

    @staticmethod
    def name(job: str) -> str:
        """Return how all workflows of a job begin: its id may be any string, and none may begin with another's."""
        return hashlib.sha256(job.encode()).hexdigest()[:24]


class QueuedRunner:
    """Puts each asset into the queue of whoever makes it, and waits for it.

    Args:
        attempt: whose assets.
        local: finds what is finished, and makes what is not worth a queue.
        recipes: kind of asset -> how it is made, and by whom.
        engine: has the queues.
        waiter: waits.
        settled: awaited by `settle` once nothing more is begun: until what is paid for is collected.
        room: told each time a part has to wait for room on a disk, or for the storage; None lets it fail instead.
    """

    def __init__(
        self,
        attempt: Attempt,
        local: LocalRunner,
        *,
        recipes: Mapping[str, Recipe],
        engine: Engine,
        waiter: Waiter,
        settled: Callable[[], Awaitable[None]],
        room: Callable[[Exception], Awaitable[None]] | None = None,
    ) -> None:
        self._attempt = attempt
        self._local = local
        self._recipes = recipes
        self._engine = engine
        self._waiter = waiter
        self._settled = settled
        self._room = room
        self._tries: dict[str, int] = {}

    async def run(self, request: AssetRequest, *, on_begin: Begun | None = None) -> Asset:
        """Return the asset, found or made by a worker.

        Raises:
            BadappleError: as the making raises, wherever it was.
        """
        queue = self._queue(request)
        if queue is None:
            return await self._local.run(request, on_begin=on_begin)
        ordered = False
        while True:
            found = await self._local.find(request)
            if found is not None:
                self._local.knows(found, request)
                if not ordered:
                    await in_thread(self._local.share, found)
                return replace(found, reused=not ordered)
            ordered = True
            try:
                await self._made_elsewhere(request, queue, on_begin)
            except (DiskError, StorageError) as error:
                if self._room is None:
                    raise
                _log.warning("part_waits_for_room", extra={"job_id": self._attempt.job, "reason": str(error)})
                await self._room(error)
                await asyncio.sleep(_ROOM_AGAIN)
                continue
            if await self._local.find(request) is None:  # finished, and its files are gone, or were never shared
                return await self._local.run(request, on_begin=on_begin)

    async def find(self, request: AssetRequest) -> Asset | None:
        """Return the asset if it is finished; nothing is made."""
        return await self._local.find(request)

    async def ingest(self, file: Path, *, kind: str, sha256: str) -> Asset:
        """Keep a file that the caller handed in, named by its content."""
        return await self._local.ingest(file, kind=kind, sha256=sha256)

    async def trim(self, *, keep: frozenset[str]) -> None:
        """Bring the cache of this machine under its limit; content with a SHA-256 in `keep` stays."""
        await self._local.trim(keep=keep)

    async def settle(self) -> None:
        """Begin nothing more, and wait until what is paid for is collected."""
        await in_thread(self._stop)
        await self._settled()

    def _stop(self) -> None:
        self._engine.cancel([state.id for state in self._engine.below(self._attempt.parts)])

    async def _made_elsewhere(self, request: AssetRequest, queue: str, on_begin: Begun | None) -> None:
        key = key_of(request)

        async def begun() -> None:
            if on_begin is not None:
                await on_begin(request)

        for _ in range(_TRIES):
            name = f"{self._attempt.parts}{key[:24]}:{self._tries.get(key, 0)}"
            body = {"v": 1, "job": self._attempt.job, "attempt": self._attempt.number, "request": _written(request)}
            await in_thread(self._engine.enqueue, PART, body, id=name, queue=queue, priority=self._attempt.priority)
            try:
                state = await self._waiter.wait(name, on_begin=begun)
            except asyncio.CancelledError:
                with contextlib.suppress(Exception):  # the database is away: whoever recovers the part finds no job
                    await in_thread(self._engine.cancel, [name])
                raise
            done = False
            try:
                done = self._outcome(state)
            finally:
                if not done:
                    self._tries[key] = await in_thread(self._next_try, key)  # the same workflow never runs again
            if done:
                return
        raise RuntimeError(f"{request.label or request.kind} ended {_TRIES} times without an outcome")

    def _next_try(self, key: str) -> int:
        """Return a number that no workflow of this part has, of whichever run of the story."""
        known = self._engine.below(f"{self._attempt.parts}{key[:24]}:", status=ANY)
        return 1 + max((int(state.id.rpartition(":")[2]) for state in known), default=-1)

    def _outcome(self, state: State) -> bool:
        if state.output is not None and "error" in state.output:
            raise failures.load(state.output["error"])
        if state.output is not None:
            return True
        # Cancelled by an earlier run of this attempt, or ended by an error of the engine's.
        _log.warning(
            "part_without_outcome", extra={"job_id": self._attempt.job, "part": state.id, "state": state.status}
        )
        return False

    def _queue(self, request: AssetRequest) -> str | None:
        recipe = self._recipes[request.kind]
        maker = recipe.maker(request) if recipe.maker else None
        if maker is not None and maker.name in _VENDORS:
            return _VENDORS[maker.name]
        return None if request.kind in _AT_ONCE else FFMPEG


def _written(request: AssetRequest) -> dict[str, Any]:
    return {**asdict(request), "stage": request.stage.value}


def read_request(body: Mapping[str, Any]) -> AssetRequest:
    """Return the request in the body of a part's workflow."""
    what = body["request"]
    return AssetRequest(
        kind=what["kind"], params=what["params"], inputs=what["inputs"], stage=StageName(what["stage"]),
        label=what["label"], schema=what["schema"],
    )  # fmt: skip
