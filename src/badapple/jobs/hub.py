"""One question to the database for all jobs that somebody follows."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import time
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

from sqlalchemy import and_, or_, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from badapple.database import Event, Job
from badapple.models import JobStatus, ProgressEvent
from badapple.process import in_thread

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import Engine

    from badapple.jobs.doorbells import Doorbell

__all__ = ["TERMINAL", "Hub", "Line", "State", "replay", "standing"]

TERMINAL = frozenset({"completed", "cancelled", "error"})  #: stages of a last event
_ENDED = frozenset({JobStatus.COMPLETED.value, JobStatus.FAILED.value, JobStatus.CANCELLED.value})
_PAGE = 500  #: rows of one replay
_SOME = 64  #: lines that a follower takes at once; of a job, so many are kept for all who follow it
_PAGES = 8  #: answers to "what came after" that are kept for the next who asks the same
_JOBS = 300  #: jobs of one question to the database
_LEAST = 0.02  #: seconds between two questions, however often it rings
_WAKE = 500  #: followers that are woken before the event loop may look at something else
_log = logging.getLogger("badapple.jobs")


@dataclass(frozen=True, slots=True)
class Line:
    """One event, with the JSON text of its public shape, which all followers share."""

    event: ProgressEvent
    text: str

    @property
    def job_id(self) -> str:
        """Whose it is."""
        return self.event.job_id

    @property
    def seq(self) -> int:
        """Its number within the job."""
        return self.event.seq


def replay(engine: Engine, job_id: str, *, after: int = 0, limit: int = _PAGE) -> list[ProgressEvent]:
    """Return a job's events after a `seq`, in order, at most `limit`."""
    return [line.event for line in _replay(engine, job_id, after, limit)]


def standing(engine: Engine, job_ids: Sequence[str]) -> dict[str, State]:
    """Return how jobs stand now; those that do not exist are missing."""
    return _ask(engine, dict.fromkeys(job_ids))[0]


@dataclass(frozen=True, slots=True)
class State:
    """What a job's row says.

    Attributes:
        seq: of its last event.
        status: of the job.
        owner: whose it is.
        told: whether the last event is one that ends an attempt.
    """

    seq: int
    status: str
    owner: str
    told: bool

    @property
    def ended(self) -> bool:
        """Whether the job has ended."""
        return self.status in _ENDED


@dataclass(eq=False, slots=True)
class Watched:
    """One job that somebody follows; `state` is None where there is no such job."""

    job_id: str
    followers: set[Follower] = field(default_factory=set)
    look: int = 0  #: number of the last look at it
    state: State | None = None
    position: int | None = None  #: `recent` goes up to here; None before the first look
    recent: deque[Line] = field(default_factory=lambda: deque(maxlen=_SOME))
    pages: dict[int, Sequence[Line]] = field(default_factory=dict)  #: `seq` -> what comes after it
    reads: dict[int, asyncio.Task[Sequence[Line]]] = field(default_factory=dict)  #: pages that are being read

    def take(self, look: int, state: State | None, events: Sequence[Line]) -> list[Follower]:
        """Take in what the database says; return the followers for whom that is news."""
        news = state != self.state or (state is not None and state.ended and not state.told)
        woken = [follower for follower in self.followers if news or follower.since >= self.look]
        self.recent.extend(events)
        if state is not None:
            self.position = max(state.seq, events[-1].seq if events else 0)
        if len(self.followers) == 1:  # nobody else will ask the same
            self.pages.clear()
        self.state, self.look = state, look
        return woken

    def remember(self, last: int, some: Sequence[Line]) -> None:
        """Keep an answer for the next who asks the same: what came after a `seq` never changes."""
        while len(self.pages) >= _PAGES:
            del self.pages[next(iter(self.pages))]
        self.pages[last] = some


class Follower:
    """Somebody who follows some jobs.

    Args:
        watched: the jobs.
        since: the number of the last look that began before; what it finds may be older than the follower.
    """

    __slots__ = ("_news", "_waiting", "_watched", "since")

    def __init__(self, watched: tuple[Watched, ...], since: int) -> None:
        self._watched = watched
        self._news = False
        self._waiting: asyncio.Future[None] | None = None  # an asyncio.Event is large, and followers are many
        self.since = since

    def wake(self) -> None:
        """Say that there is news."""
        self._news = True
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)

    async def woken(self) -> None:
        """Return when there is news."""
        if not self._news:
            self._waiting = asyncio.get_running_loop().create_future()
            await self._waiting
            self._waiting = None
        self._news = False

    def seen(self) -> list[Watched]:
        """Return the jobs that were looked at since this follower came."""
        return [watched for watched in self._watched if watched.look > self.since]


class Hub:
    """Asks the database for all jobs that are followed in one event loop, one question for all of them.

    Args:
        engine: the database.
    """

    _all: ClassVar[dict[tuple[int, int], Hub]] = {}

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._loop = asyncio.get_running_loop()
        self._watched: dict[str, Watched] = {}
        self._polls: Counter[float] = Counter()
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
    def watching(self, job_ids: tuple[str, ...], *, bell: Doorbell | None, poll: float) -> Iterator[Follower]:
        """Look at some jobs for as long as the block runs."""
        watched = tuple(self._watched.setdefault(job_id, Watched(job_id)) for job_id in job_ids)
        follower = Follower(watched, self.looks)
        for one in watched:
            one.followers.add(follower)
        self._polls[poll] += 1
        if bell is not None and id(bell) not in self._bells:
            self._bells[id(bell)] = asyncio.ensure_future(self._listen(bell))
        if self._task is None:
            self._task = asyncio.ensure_future(self._run())
        self._kick.set()
        try:
            yield follower
        finally:
            for one in watched:
                one.followers.discard(follower)
                if not one.followers:
                    self._forget(one)
            self._polls[poll] -= 1
            self._polls += Counter()  # drops what nobody wants any more
            if not self._watched:
                self._stop()

    async def since(self, watched: Watched, last: int) -> Sequence[Line]:
        """Return a job's next lines after `last`, at most 64: those of the last looks, else those of the rows."""
        if (known := watched.pages.get(last)) is not None:
            return known
        recent = watched.recent
        if recent and recent[0].seq <= last + 1 and recent[-1].seq > last:
            some = tuple(line for line in recent if line.seq > last)
            watched.remember(last, some)
            return some
        read = watched.reads.get(last)
        if read is None:
            read = watched.reads[last] = asyncio.ensure_future(self._read(watched, last))
        return await asyncio.shield(read)

    async def _read(self, watched: Watched, last: int) -> Sequence[Line]:
        try:
            while True:
                try:
                    some = await in_thread(_replay, self._engine, watched.job_id, last, _SOME)
                except SQLAlchemyError as error:
                    _log.warning("feed_failed", extra={"error": type(error).__name__})
                    await asyncio.sleep(1.0)
                else:
                    if some and len(watched.followers) > 1:
                        watched.remember(last, some)
                    return some
        finally:
            watched.reads.pop(last, None)

    def _forget(self, watched: Watched) -> None:
        self._watched.pop(watched.job_id, None)
        for read in watched.reads.values():
            read.cancel()

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
            began = time.monotonic()
            try:
                await self._look()
                failed = 0
            except SQLAlchemyError as error:  # the database is away: followers wait until it is back
                failed += 1
                if failed == 1:
                    _log.warning("feed_failed", extra={"error": type(error).__name__})
            # Where looking takes long, others get as much time.
            pause = max(_LEAST, time.monotonic() - began)
            await asyncio.sleep(pause if not failed else min(2.0, 0.25 * 2 ** min(failed, 5)))
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(max(0.0, min(self._polls, default=0.5) - pause)):
                    await self._kick.wait()

    async def _look(self) -> None:
        """Ask for the state of every job, and for the events of those where something happened."""
        watched = list(self._watched.values())
        self.looks += 1
        look = self.looks
        states, events = await in_thread(_ask, self._engine, {job.job_id: job.position for job in watched})
        woken = [
            follower
            for job in watched
            for follower in job.take(look, states.get(job.job_id), events.get(job.job_id, ()))
        ]
        for number, follower in enumerate(woken, start=1):
            follower.wake()
            if number % _WAKE == 0:
                await asyncio.sleep(0)

    async def _listen(self, bell: Doorbell) -> None:
        while True:
            await bell.rung()
            self._kick.set()


def _ask(engine: Engine, positions: dict[str, int | None]) -> tuple[dict[str, State], dict[str, list[Line]]]:
    ids, states = list(positions), {}
    events: dict[str, list[Line]] = {}
    with Session(engine) as session:
        for start in range(0, len(ids), _JOBS):
            some = ids[start : start + _JOBS]
            last = and_(Event.job_id == Job.id, Event.seq == Job.seq)
            asked = select(Job.id, Job.seq, Job.status, Job.owner, Event.stage).outerjoin(Event, last)
            rows = session.execute(asked.where(Job.id.in_(some)))
            found = {job_id: State(seq, status, owner, stage in TERMINAL) for job_id, seq, status, owner, stage in rows}
            states.update(found)
            new = [
                and_(Event.job_id == job_id, Event.seq > position)
                for job_id, state in found.items()
                if (position := positions[job_id]) is not None and state.seq > position
            ]
            if new:
                for row in session.scalars(select(Event).where(or_(*new)).order_by(Event.job_id, Event.seq)):
                    events.setdefault(row.job_id, []).append(_line(row))
    return states, events


def _replay(engine: Engine, job_id: str, after: int, limit: int) -> list[Line]:
    wanted = select(Event).where(Event.job_id == job_id, Event.seq > after).order_by(Event.seq).limit(limit)
    with Session(engine) as session:
        return [_line(row) for row in session.scalars(wanted)]


def _line(row: Event) -> Line:
    event = ProgressEvent(
        job_id=row.job_id, stage=row.stage, progress=row.progress, message=row.message, timestamp=row.timestamp,
        seq=row.seq,
    )  # fmt: skip
    return Line(event, json.dumps(event.to_message(), ensure_ascii=False, separators=(",", ":")))
