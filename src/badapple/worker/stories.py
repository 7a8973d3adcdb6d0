"""What a worker does with the workflows it takes: the story of a job, and the making of a part."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import time
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select, update

from badapple.assets.queued import STORIES, Attempt, QueuedRunner, read_request
from badapple.database import Call, Job, again, once
from badapple.database.away import is_away
from badapple.errors import (
    BadappleError,
    DiskError,
    JobAwaitsError,
    JobTakenOverError,
    PipelineOrchestrationError,
    StorageError,
)
from badapple.journal.rows import OPEN
from badapple.models import JobStatus, StageName
from badapple.models import failure as failures
from badapple.pipeline.endings import end_job
from badapple.pipeline.orchestrator import create_pipeline_orchestrator
from badapple.process import in_thread
from badapple.telemetry.context import bound
from badapple.worker.crowd import Crowd
from badapple.worker.steward import ALONE_AFTER

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from typing import TypeVar

    from sqlalchemy.orm import Session

    from badapple.assets.room import Room
    from badapple.config import Settings
    from badapple.database.holders import Holder
    from badapple.engine import Engine, Waiter
    from badapple.journal import Claims
    from badapple.models import Asset, AssetRequest
    from badapple.pipeline.orchestrator import PipelineOrchestrator
    from badapple.pipeline.workshop import House
    from badapple.worker.workshops import Workshops

    T = TypeVar("T")

__all__ = ["Stories"]

_AWAY, _LONGEST = 1.0, 10.0  #: seconds between two tries while something is away, at first and at last
_SAY_AGAIN = 60.0  #: seconds after which watchers are told the same again
_LOOK = 0.5  #: seconds between two looks at calls that are on their way
_log = logging.getLogger("badapple.worker")


class Stories:
    """The functions that the engine runs here.

    Args:
        settings: where things lie.
        house: what all jobs of this process share.
        workshops: of the jobs.
        room: for parts beside the stories.
        engine: has the queues.
        waiter: waits for parts; made in the engine's event loop when first needed.
        holder: this process' sign of life.
        claims: tells which calls somebody works on.
        redis: publishes progress, or None.
        draining: tells whether this process is about to end.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        house: House,
        workshops: Workshops,
        room: Room,
        engine: Engine,
        waiter: Callable[[], Waiter],
        holder: Holder,
        claims: Claims,
        redis: Any = None,
        draining: Callable[[], bool] = lambda: False,
    ) -> None:
        self._settings = settings
        self._house = house
        self._workshops = workshops
        self._room = room
        self._engine = engine
        self._waiter = waiter
        self._holder = holder
        self._claims = claims
        self._redis = redis
        self._draining = draining
        self._crowd = Crowd()
        self._lone = 0  # stories that run alone here, or wait for it
        self._said: dict[str, tuple[str, float]] = {}

    async def part(self, id: str, body: dict[str, Any]) -> dict[str, Any]:  # noqa: A002 - what it is called
        """Make one asset; returns `{"key"}`, or `{"error"}` for whoever ordered it."""
        request, waiter = read_request(body), self._waiter()
        with bound(job_id=body["job"], stage=request.stage.value):
            try:
                async with self._crowd.part():
                    waiter.begun(id)
                    asset = await _patiently(lambda: self._make(body["job"], body["attempt"], request))
                waiter.made(id, {"key": asset.key})
            except Exception as error:  # noqa: BLE001 - whoever ordered the part raises it again
                if not isinstance(error, BadappleError):
                    _log.exception("part_failed", extra={"part": request.label or request.kind})
                return {"error": failures.dump(error)}
            finally:
                waiter.left(id)
        return {"key": asset.key}

    async def _make(self, job: str, attempt: int, request: AssetRequest) -> Asset:
        _, workshop = await in_thread(self._workshops.get, job, attempt)
        async with workshop.purchasing.open() if workshop.purchasing is not None else contextlib.nullcontext():
            asset = await workshop.runner.run(request)
        if asset.reused:  # it may have been made here before there was a storage
            await in_thread(workshop.runner.share, asset)
        return asset

    async def story(self, _id: str, body: dict[str, Any]) -> dict[str, Any]:
        """Tell the story of one job, from the top; returns how it ended."""
        job, attempt = body["job"], body["attempt"]
        with bound(job_id=job):
            try:
                bill, _ = await _patiently(
                    lambda: in_thread(self._workshops.get, job, attempt), patience=self._settings.job_timeout
                )
                alone, place = bill.crashes >= ALONE_AFTER, body.get("priority", 1)
                async with self._alone(job) if alone else self._crowd.story():
                    video = await _patiently(
                        lambda: self._told(job, attempt, alone=alone, priority=place),
                        patience=self._settings.job_timeout,
                    )
            except (PipelineOrchestrationError, JobTakenOverError, JobAwaitsError) as error:
                return {"ended": type(error).__name__}
            except Exception as error:  # noqa: BLE001 - a bug too ends the job with a word
                _log.exception("job_processing_failed", extra={"attempt": attempt})
                failed = error
                await _patiently(lambda: in_thread(self._fail, job, attempt, failed))
                return {"ended": type(error).__name__}
            finally:
                self._workshops.forget(job, attempt)
                self._said.pop(job, None)
        return {"video": video}

    async def _told(self, job: str, number: int, *, alone: bool, priority: int) -> str:
        bill, workshop = await in_thread(self._workshops.get, job, number)
        order, attempt = bill.order, Attempt(job=job, number=number, priority=priority)
        spoken: list[PipelineOrchestrator] = []

        async def full(error: Exception) -> None:
            await self._say(job, spoken[0], error)

        queued = QueuedRunner(
            attempt, workshop.runner, recipes=workshop.recipes, room=self._room, engine=self._engine,
            waiter=self._waiter(), settled=lambda: self._settled(job), full=full,
            got_on=lambda: self._engine.earn(STORIES),
        )  # fmt: skip
        orchestrator = create_pipeline_orchestrator(
            job, self._redis, None, options=order.options, settings=self._settings, workshop=workshop,
            runner=workshop.runner if alone else queued, attempt=number,
        )  # fmt: skip
        spoken.append(orchestrator)
        photo = str(order.photo) if order.photo is not None else None
        try:
            return await orchestrator.execute_pipeline(order.product_name, order.style, order.cta_text, photo)
        except (DiskError, StorageError) as error:
            await self._say(job, orchestrator, error)
            raise

    async def _say(self, job: str, orchestrator: PipelineOrchestrator, error: Exception) -> None:
        """Tell watchers what a job waits for; not again and again."""
        words, at = self._said.get(job, ("", 0.0))
        if str(error) != words or time.monotonic() - at > _SAY_AGAIN:
            self._said[job] = str(error), time.monotonic()
            with contextlib.suppress(Exception):  # the rows tell it later
                await orchestrator.tell(f"Waiting: {error}")

    async def _settled(self, job: str) -> None:
        """Wait until nobody works on a call of the job any more."""
        while await in_thread(self._at_work, job):  # noqa: ASYNC110 - other processes work on them
            await asyncio.sleep(_LOOK)

    def _at_work(self, job: str) -> bool:
        query = select(Call.holder).where(Call.job == job, Call.state.in_(OPEN))
        holders = again(self._house.engine, lambda session: session.scalars(query).all())
        return any(self._claims.alive(holder) for holder in holders)

    @contextlib.asynccontextmanager
    async def _alone(self, job: str) -> AsyncIterator[None]:
        """Take nothing else while a job runs that may have killed workers, and write down that it does."""
        self._lone += 1
        self._engine.hold(STORIES)  # no more stories that would wait here behind it
        try:
            # What is taken from now on would wait here for its end, where other workers could do it.
            async with self._crowd.story(alone=True, on_alone=self._engine.hold):
                _log.warning("job_runs_alone", extra={"job_id": job})
                await _patiently(lambda: in_thread(self._mark_alone, job))
                yield
        finally:
            self._lone -= 1
            if not self._draining() and not self._crowd.alone:
                self._engine.release()
                if self._lone:
                    self._engine.hold(STORIES)

    def _mark_alone(self, job: str) -> None:
        def mark(session: Session) -> None:
            session.execute(update(Job).where(Job.id == job).values(alone_with=self._holder.id))

        once(self._house.engine, mark)

    def _fail(self, job: str, attempt: int, error: Exception) -> None:
        """End a job that failed before its story began, or in a way that the story knows nothing of."""
        message = str(error) or type(error).__name__
        facts = {
            "stage": StageName.SCRIPT_GEN.value, "charged": self._charged(job),
            "retryable": isinstance(error, DiskError | StorageError),
            "possibly_charged": 0, "hint": getattr(error, "hint", ""), "cause": failures.dump(error),
        }  # fmt: skip
        end_job(self._house.engine, job, JobStatus.FAILED, message, attempt=attempt, error=message, failure=facts)

    def _charged(self, job: str) -> int:
        query = select(func.coalesce(func.sum(Call.settled), 0)).where(Call.job == job)
        return again(self._house.engine, lambda session: session.scalar(query)) or 0


async def _patiently(work: Callable[[], Awaitable[T]], *, patience: float = math.inf) -> T:
    """Return what the work returns; where database, storage or room on the disk is missing, begin it again.

    Args:
        work: may be begun any number of times.
        patience: seconds for which storage and disk are waited for; the database is waited for as long as it takes.

    Raises:
        DiskError, StorageError: they were missing for too long.
    """
    pause, began = _AWAY, time.monotonic()
    while True:
        try:
            return await work()
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            # Nobody cancelled this: the job buys nothing more, or this process does; soon its row says why.
        except Exception as error:
            waiting = isinstance(error, DiskError | StorageError) and time.monotonic() - began < patience
            if not waiting and not is_away(error):
                raise
            _log.warning("work_waits", extra={"reason": str(getattr(error, "orig", error))})
        await asyncio.sleep(pause)
        pause = min(pause * 1.5, _LONGEST)
