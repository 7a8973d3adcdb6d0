"""Progress as it happens: a job's events replayed from any `seq`, then followed to their end.

The rows are the truth. A hub asks the database for all watched jobs of a process at once, every `poll` seconds; a
doorbell only makes it ask sooner. So nothing is lost or told twice, whatever becomes of the doorbell.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

from sqlalchemy import and_, or_, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from badapple.database import Event, Job
from badapple.jobs.views import unknown
from badapple.models import JobStatus, ProgressEvent
from badapple.process import in_thread

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterator

    from sqlalchemy import Engine

    from badapple.jobs.doorbells import Doorbell

__all__ = ["TERMINAL", "Hub", "follow", "replay"]

TERMINAL = frozenset({"completed", "cancelled", "error"})  #: stages of a last event
_ENDED = frozenset({JobStatus.COMPLETED.value, JobStatus.FAILED.value, JobStatus.CANCELLED.value})
_PAGE = 500  #: rows of one replay
_JOBS = 300  #: jobs of one question to the database
_RECENT = 256  #: events of a job that its followers share
_LEAST = 0.02  #: seconds between two questions, however often it rings
_GRACE = 2.0  #: seconds that an ended job without a last event is waited for
_log = logging.getLogger("badapple.jobs")


async def follow(
    engine: Engine, job_id: str, *, after: int = 0, bell: Doorbell | None = None, poll: float = 0.5
) -> AsyncGenerator[ProgressEvent, None]:
    """Yield a job's events, those of the past first, until the last one of its newest attempt.

    Leaving the loop early stops it (`contextlib.aclosing` does so at once).

    Args:
        engine: the database.
        job_id: the job.
        after: the `seq` that the caller has seen already.
        bell: rings when there may be news, or None.
        poll: seconds after which the rows are looked at in any case.

    Raises:
        InputError: there is no such job.
    """
    hub, last, look = Hub.of(engine), after, 0
    ended_since: float | None = None
    with hub.watching(job_id, bell=bell, poll=poll) as watched:
        while True:
            state, look = await watched.news(last, look)
            if state is None:
                raise unknown(job_id)
            while last < state.seq and (events := await hub.since(watched, last)):
                for event in events:
                    yield event
                    last = event.seq
            if state.status not in _ENDED:
                ended_since = None
                continue
            ended_since = ended_since or time.monotonic()
            if time.monotonic() - ended_since > _GRACE or await in_thread(_has_end, engine, job_id, state.seq):
                return


def replay(engine: Engine, job_id: str, *, after: int = 0, limit: int = _PAGE) -> list[ProgressEvent]:
    """Return a job's events after a `seq`, in order, at most `limit`."""
    wanted = select(Event).where(Event.job_id == job_id, Event.seq > after).order_by(Event.seq).limit(limit)
    with Session(engine) as session:
        return [_event(row) for row in session.scalars(wanted)]


@dataclass(frozen=True, slots=True)
class _State:
    """What a job's row says: the `seq` of its last event, and its status."""

    seq: int
    status: str


@dataclass(eq=False, slots=True)
class _Watched:
    """One job that somebody follows."""

    job_id: str
    followers: int = 0
    looks: int = 0  #: how often its row was looked at
    state: _State | None = None  #: None where there is no such job
    position: int | None = None  #: `recent` goes up to here; None before the first look
    recent: deque[ProgressEvent] = field(default_factory=lambda: deque(maxlen=_RECENT))
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def news(self, last: int, look: int) -> tuple[_State | None, int]:
        """Return the job's state, and the number of this look, as soon as a look after `look` shows something new.

        New is an event after `last`, and that nothing more will come.
        """
        while self.looks <= look or not self._is_news(last):
            await self.changed.wait()
        return self.state, self.looks

    def _is_news(self, last: int) -> bool:
        return self.state is None or self.state.seq > last or self.state.status in _ENDED

    def take(self, state: _State | None, events: list[ProgressEvent]) -> None:
        """Take in what the database says, and wake the followers."""
        self.recent.extend(events)
        if state is not None:
            self.position = max(state.seq, events[-1].seq if events else 0)
        self.state = state
        self.looks += 1
        self.changed.set()  # whoever waits is woken, whoever comes later waits for the next look
        self.changed = asyncio.Event()


class Hub:
    """Asks the database for all jobs that are followed in one event loop, one question for all of them.

    Args:
        engine: the database.
    """

    _all: ClassVar[dict[tuple[int, int], Hub]] = {}

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._loop = asyncio.get_running_loop()
        self._watched: dict[str, _Watched] = {}
        self._polls: list[float] = []
        self._bells: dict[int, asyncio.Task[None]] = {}
        self._kick = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self.looks = 0  #: questions to the database so far

    @classmethod
    def of(cls, engine: Engine) -> Hub:
        """Return the hub of an engine in this event loop."""
        key = (id(asyncio.get_running_loop()), id(engine))
        found = cls._all.get(key)
        if found is None or found._loop is not asyncio.get_running_loop():  # noqa: SLF001 - its own kind
            found = cls._all[key] = cls(engine)
        return found

    @contextlib.contextmanager
    def watching(self, job_id: str, *, bell: Doorbell | None, poll: float) -> Iterator[_Watched]:
        """Look at a job for as long as the block runs."""
        watched = self._watched.setdefault(job_id, _Watched(job_id))
        watched.followers += 1
        self._polls.append(poll)
        if bell is not None and id(bell) not in self._bells:
            self._bells[id(bell)] = asyncio.ensure_future(self._listen(bell))
        if self._task is None:
            self._task = asyncio.ensure_future(self._run())
        self._kick.set()
        try:
            yield watched
        finally:
            watched.followers -= 1
            self._polls.remove(poll)
            if not watched.followers:
                self._watched.pop(job_id, None)
            if not self._watched:
                self._stop()

    async def since(self, watched: _Watched, last: int) -> list[ProgressEvent]:
        """Return a job's events after `last`: those of the last looks where they reach back so far, else the rows."""
        recent = watched.recent
        if recent and recent[0].seq <= last + 1 and recent[-1].seq > last:
            return [event for event in recent if event.seq > last]
        while True:
            try:
                return await in_thread(replay, self._engine, watched.job_id, after=last)
            except SQLAlchemyError as error:
                _log.warning("feed_failed", extra={"error": type(error).__name__})
                await asyncio.sleep(1.0)

    def _stop(self) -> None:
        for task in (self._task, *self._bells.values()):
            if task is not None:
                task.cancel()
        self._task, self._bells = None, {}
        key = (id(self._loop), id(self._engine))
        if self._all.get(key) is self:
            del self._all[key]

    async def _run(self) -> None:
        failed = 0
        while True:
            self._kick.clear()
            try:
                await self._look()
                failed = 0
            except SQLAlchemyError as error:  # the database is away: followers wait until it is back
                failed += 1
                if failed == 1:
                    _log.warning("feed_failed", extra={"error": type(error).__name__})
            await asyncio.sleep(_LEAST if not failed else min(2.0, 0.25 * 2 ** min(failed, 5)))
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(max(0.0, min(self._polls, default=0.5) - _LEAST)):
                    await self._kick.wait()

    async def _look(self) -> None:
        """Ask for the state of every job, and for the events of those where something happened."""
        watched = list(self._watched.values())
        self.looks += 1
        states, events = await in_thread(_ask, self._engine, {job.job_id: job.position for job in watched})
        for job in watched:
            job.take(states.get(job.job_id), events.get(job.job_id, []))

    async def _listen(self, bell: Doorbell) -> None:
        while True:
            await bell.rung()
            self._kick.set()


def _ask(engine: Engine, positions: dict[str, int | None]) -> tuple[dict[str, _State], dict[str, list[ProgressEvent]]]:
    ids, states = list(positions), {}
    events: dict[str, list[ProgressEvent]] = {}
    with Session(engine) as session:
        for start in range(0, len(ids), _JOBS):
            some = ids[start : start + _JOBS]
            rows = session.execute(select(Job.id, Job.seq, Job.status).where(Job.id.in_(some)))
            found = {job_id: _State(seq, status) for job_id, seq, status in rows}
            states.update(found)
            new = [
                and_(Event.job_id == job_id, Event.seq > position)
                for job_id, state in found.items()
                if (position := positions[job_id]) is not None and state.seq > position
            ]
            if new:
                for row in session.scalars(select(Event).where(or_(*new)).order_by(Event.job_id, Event.seq)):
                    events.setdefault(row.job_id, []).append(_event(row))
    return states, events


def _has_end(engine: Engine, job_id: str, seq: int) -> bool:
    """Say whether an ended job's last event says so; where it does not yet, it is about to."""
    with Session(engine) as session:
        row = session.get(Event, (job_id, seq))
        return row is not None and row.stage in TERMINAL


def _event(row: Event) -> ProgressEvent:
    return ProgressEvent(
        job_id=row.job_id, stage=row.stage, progress=row.progress, message=row.message, timestamp=row.timestamp,
        seq=row.seq,
    )  # fmt: skip
