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
from badapple.telemetry.context import bound

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from pathlib import Path

    from badapple.assets.made import Recipe
    from badapple.assets.room import Room
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
_NAMED = 24  #: letters of a part's key in the name of its workflow
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
    """Makes assets in this process while there is room, and puts the others into the queue of whoever makes them.

    What a vendor makes always goes through its queue, which counts what all workers send.

    Args:
        attempt: whose assets.
        local: finds what is finished, and makes what is not worth a queue.
        recipes: kind of asset -> how it is made, and by whom.
        room: for parts in this process.
        engine: has the queues.
        waiter: waits.
        settled: awaited by `settle` once nothing more is begun: until what is paid for is collected.
        got_on: called once, when the first asset was made.
        full: told each time a part has to wait for room on a disk, or for the storage; None lets it fail instead.
    """

    def __init__(
        self,
        attempt: Attempt,
        local: LocalRunner,
        *,
        recipes: Mapping[str, Recipe],
        room: Room,
        engine: Engine,
        waiter: Waiter,
        settled: Callable[[], Awaitable[None]],
        got_on: Callable[[], None] = lambda: None,
        full: Callable[[Exception], Awaitable[None]] | None = None,
    ) -> None:
        self._attempt = attempt
        self._local = local
        self._recipes = recipes
        self._engine = engine
        self._waiter = waiter
        self._settled = settled
        self._full = full
        self._got_on: Callable[[], None] | None = got_on
        self._room = room
        self._tries: dict[str, int] = {}
        self._begun: frozenset[str] | None = None
        self._asking = asyncio.Lock()

    async def run(self, request: AssetRequest, *, on_begin: Begun | None = None) -> Asset:
        """Return the asset, found or made by a worker.

        Raises:
            BadappleError: as the making raises, wherever it was.
        """
        queue = self._queue(request)
        if queue is None:
            return await self._local.run(request, on_begin=on_begin)
        while True:
            try:
                asset = await self._made_here(request, on_begin) if queue == FFMPEG else None
                asset = asset or await self._made_anywhere(request, queue, on_begin)
            except (DiskError, StorageError) as error:
                if self._full is None:
                    raise
                _log.warning("part_waits_for_room", extra={"job_id": self._attempt.job, "reason": str(error)})
                await self._full(error)
                await asyncio.sleep(_ROOM_AGAIN)
                continue
            if self._got_on is not None and not asset.reused:
                got_on, self._got_on = self._got_on, None
                got_on()
            return asset

    async def _made_here(self, request: AssetRequest, on_begin: Begun | None) -> Asset | None:
        """Return an asset that was found or made in this process; None where it is not for this process to make."""
        if key_of(request)[:_NAMED] in await self._begun_before():
            return None  # an earlier run of the story handed it out, and somebody may be making it
        if self._room.full and (found := await self._local.find(request)) is not None:
            self._local.knows(found, request)  # what is finished waits for nobody's place
            await in_thread(self._local.share, found)
            return found
        async with self._room.place(self._attempt.priority) as here:
            if not here:
                return None
            with bound(stage=request.stage.value):
                asset = await self._local.run(request, on_begin=on_begin)
                if asset.reused:  # it may have been made here before there was a storage
                    await in_thread(self._local.share, asset)
                else:
                    self._room.took(asset.seconds)
                return asset

    async def _begun_before(self) -> frozenset[str]:
        """Return which parts of this attempt were in queues when its story began here: how their keys begin."""
        async with self._asking:
            if self._begun is None:
                states = await in_thread(self._engine.below, self._attempt.parts)
                self._begun = frozenset(state.id.split(":")[2] for state in states)
        return self._begun

    async def _made_anywhere(self, request: AssetRequest, queue: str, on_begin: Begun | None) -> Asset:
        found, ordered = await self._local.find(request), False
        if found is None:
            ordered = True
            await self._made_elsewhere(request, queue, on_begin)
            found = await self._local.find(request)
        if found is None:  # finished, and its files are gone, or were never shared
            return await self._local.run(request, on_begin=on_begin)
        self._local.knows(found, request)
        if not ordered:
            await in_thread(self._local.share, found)
        return replace(found, reused=not ordered)

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
            name = f"{self._attempt.parts}{key[:_NAMED]}:{self._tries.get(key, 0)}"
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
        known = self._engine.below(f"{self._attempt.parts}{key[:_NAMED]}:", status=ANY)
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
