"""Waits for a slot and for a place in the rate."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import time
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol
from weakref import WeakKeyDictionary

from sqlalchemy import delete, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from badapple.database import again, once
from badapple.database.money import Limit, Slot
from badapple.database.rows import ensure
from badapple.limits import rules
from badapple.process import Aside

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping

    from sqlalchemy import Engine

    from badapple.errors import ProviderError
    from badapple.limits.rules import Allowance

__all__ = ["Limiter"]

_FASTER, _SLOWEST = 0.05, 1.0  #: seconds between two looks, at first and at most
_SLOWER = 1.6
_log = logging.getLogger("badapple.limits")


class _Named(Protocol):
    @property
    def id(self) -> str: ...


class _Watching(Protocol):
    def alive(self, holder_id: str) -> bool: ...


@dataclass(slots=True)
class _Queue:
    """Those in one event loop who wait for one vendor: the first looks, the others wait for the first."""

    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    freed: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    """Whether a slot was taken; if not, seconds after which it makes sense to ask again, and who has the slots."""

    taken: bool
    wait: float = 0.0
    holders: frozenset[str] = frozenset()


class Limiter:
    """Lets calls to a vendor through, a few at once and not too fast, counted over all who share the database.

    Nothing is reserved ahead: a caller takes slot and place in one transaction when both are free, so one that is
    cancelled or killed leaves no hole. Slots of dead processes are taken back.

    Args:
        engine: the database.
        holder: this process.
        watcher: tells whether another process lives.
        allowances: vendor -> what it allows.
        threaded: keep database work off the event loop; False where the database lives in this thread's memory.
        clock: seconds since 1970.
        looks: seconds between two looks at first, and at most.
    """

    def __init__(
        self,
        engine: Engine,
        holder: _Named,
        watcher: _Watching,
        *,
        allowances: Mapping[str, Allowance] = rules.ALLOWANCES,
        threaded: bool = True,
        clock: Callable[[], float] = time.time,
        looks: tuple[float, float] = (_FASTER, _SLOWEST),
    ) -> None:
        self._engine = engine
        self._holder = holder.id
        self._watcher = watcher
        self._allowances = allowances
        self._db = Aside(threaded)
        self._clock = clock
        self._looks = looks
        self._left: set[str] = set()  # slots that could not be given back
        self._queues: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[tuple[str, str], _Queue]] = WeakKeyDictionary()

    @contextlib.asynccontextmanager
    async def slot(self, vendor: str, *, key: str = "") -> AsyncIterator[None]:
        """Wait until a call may go, and count it as under way until the block ends.

        Args:
            vendor: who is called.
            key: tells several accounts with one vendor apart.
        """
        queue, slot = self._queue(vendor, key), uuid.uuid4().hex
        try:
            async with queue.turn:
                await self._enter(queue, slot, vendor, key)
            yield
        finally:
            # Also where the wait was cancelled: the slot may have been taken just then.
            await self._db(self._give_back, slot)
            queue.freed.set()

    async def learn(self, vendor: str, error: ProviderError, *, key: str = "") -> None:
        """Take in what a vendor's refusal of a call teaches; it holds for everybody at once."""
        if await self._db(self._learn, vendor, key, error):
            _log.warning("vendor_limit_learned", extra={"vendor": vendor, "reason": str(error)})

    async def _enter(self, queue: _Queue, slot: str, vendor: str, key: str) -> None:
        first, slowest = self._looks
        pace = first
        while True:
            queue.freed.clear()
            answer = await self._db(self._try, slot, vendor, key)
            if answer.taken:
                return
            # Jitter, so that processes do not look in step and the same one is not always late.
            rest = answer.wait + first * random.random() if answer.wait else pace * random.uniform(0.5, 1.0)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(min(rest, slowest)):
                    await queue.freed.wait()
            if not answer.wait:
                pace = min(pace * _SLOWER, slowest)

    def _try(self, slot: str, vendor: str, key: str) -> _Answer:
        answer = self._take(slot, vendor, key)
        dead = {holder for holder in answer.holders if holder != self._holder and not self._watcher.alive(holder)}
        if not dead:
            return answer
        gone = delete(Slot).where(Slot.holder.in_(dead)).execution_options(synchronize_session=False)
        again(self._engine, lambda session: session.execute(gone))
        _log.info("vendor_slots_freed", extra={"vendor": vendor, "holders": sorted(dead)})
        return self._take(slot, vendor, key)

    def _take(self, slot: str, vendor: str, key: str) -> _Answer:
        usual = self._allowances.get(vendor, rules.UNLISTED)

        def work(session: Session) -> _Answer:
            limit = self._locked(session, vendor, key)
            self._clear_away(session)
            if session.get(Slot, slot) is not None:  # taken before, by a try whose answer was lost
                return _Answer(taken=True)
            now = self._now()
            may = rules.allowed(limit, usual, now)
            wait = rules.wait(limit, may, now)
            if wait > 0:
                return _Answer(taken=False, wait=wait / rules.SECOND)
            others = session.scalars(select(Slot.holder).where(Slot.vendor == vendor, Slot.key == key)).all()
            if len(others) >= may.concurrency:
                return _Answer(taken=False, holders=frozenset(others))
            rules.book(limit, may, now)
            session.add(Slot(id=slot, vendor=vendor, key=key, holder=self._holder))
            return _Answer(taken=True)

        return again(self._engine, work)

    def _learn(self, vendor: str, key: str, error: ProviderError) -> bool:
        def work(session: Session) -> bool:
            limit = self._locked(session, vendor, key)
            return rules.learn(limit, self._allowances.get(vendor, rules.UNLISTED), self._now(), error)

        return once(self._engine, work)

    def _locked(self, session: Session, vendor: str, key: str) -> Limit:
        """Return the vendor's row, which nobody else changes or reads for a change until the transaction ends."""
        ensure(session, Limit, vendor=vendor, key=key, next_at=0, paused_until=0, paused_for=0, learned_at=0)
        return session.get_one(Limit, (vendor, key), with_for_update=True)

    def _give_back(self, slot: str) -> None:
        self._left.add(slot)
        try:
            with Session(self._engine) as session, session.begin():
                gone = self._clear_away(session)
            self._left -= gone
        except SQLAlchemyError as error:  # the next who looks clears it away
            _log.warning("vendor_slot_not_freed", extra={"slot": slot, "reason": str(error)})

    def _clear_away(self, session: Session) -> frozenset[str]:
        """Remove the slots that are done with; returns which."""
        left = frozenset(self._left)
        if left:
            session.execute(delete(Slot).where(Slot.id.in_(left)).execution_options(synchronize_session=False))
        return left

    def _queue(self, vendor: str, key: str) -> _Queue:
        queues = self._queues.setdefault(asyncio.get_running_loop(), {})
        return queues.setdefault((vendor, key), _Queue())

    def _now(self) -> int:
        return int(self._clock() * rules.SECOND)
