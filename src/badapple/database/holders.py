"""Who is alive: every process holds a lock on a file, and beats in the database for other machines.

On the same machine the lock is asked: the kernel lets go of it when a process ends in whatever way. From elsewhere a
process is dead when its beat stood still for a lease, measured by the onlooker's own monotonic clock. No two clocks are
ever compared, and no process number is looked at.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import hashlib
import logging
import math
import os
import re
import threading
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self
from weakref import WeakSet

from sqlalchemy import delete, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from badapple.database.money import Stake
from badapple.database.rows import ensure
from badapple.database.tables import now
from badapple.database.transactions import again, forget_marks
from badapple.process import in_thread

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Mapping

    from sqlalchemy import Engine

__all__ = ["LEASE", "Holder", "Watcher", "boot"]

LEASE = 15.0  #: seconds without a beat after which other machines take a process for dead
_FORGET = 8  #: leases without a beat after which a row is removed
_ID = re.compile(r"[0-9a-f]{32}")
_log = logging.getLogger("badapple.database")

# A fork copies open files, and a lock lives as long as any copy: the child closes its copies first of all. Files are
# opened under this lock, so that no fork comes between the opening and its being known.
_opening = threading.Lock()
_open: WeakSet[Holder] = WeakSet()


class Holder:
    """This process' stake: as long as the process lives, others see that it does.

    Args:
        engine: the database.
        folder: the data folder; the lock lies below it.
        lease: seconds without a beat after which other machines take the process for dead.
        sleep: waits between beats; tests pass a quicker one.
        role: `worker` where the process takes jobs from the queue.
        about: what people may want to know of it.
    """

    def __init__(
        self,
        engine: Engine,
        folder: Path,
        *,
        lease: float = LEASE,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        role: str = "",
        about: Mapping[str, Any] | None = None,
    ) -> None:
        self.id = uuid.uuid4().hex
        self._role, self._about = role, dict(about or {})
        self._beaten = -math.inf
        self._engine = engine
        self._locks = _Locks(folder)
        self._watcher = Watcher(engine, folder, lease=lease)
        self._lease = lease
        self._sleep = sleep
        self._file: int | None = None
        with _opening:
            self._file = self._locks.take(self.id)
            _open.add(self)
        self.beat()
        self._watcher.sweep()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def beat(self) -> bool:
        """Show other machines that the process lives; False where they had forgotten it, or never knew it.

        Raises:
            RuntimeError: the holder is closed, or belongs to the process that this one was forked from.
        """
        if self._file is None:
            raise RuntimeError("this holder is closed, or belongs to another process")

        def work(session: Session) -> tuple[float, bool]:
            began = _uptime()
            known = session.execute(
                update(Stake)
                .where(Stake.id == self.id)
                .values(beat=Stake.beat + 1, seen_at=now())
                .returning(Stake.id)
                .execution_options(synchronize_session=False)
            ).first()
            if known is None:
                ensure(
                    session, Stake, id=self.id, host=self._locks.host, beat=0, seen_at=now(), role=self._role,
                    about=self._about,
                )  # fmt: skip
            return began, known is not None

        self._beaten, known = again(self._engine, work, patience=self._lease / 4)
        return known

    def fresh(self, within: float | None = None) -> bool:
        """Say whether the last beat that surely reached the database is younger than half a lease, or `within` seconds.

        Time for which the process or the machine was suspended counts. Nobody takes the process for dead before.
        """
        return _uptime() - self._beaten < (self._lease / 2 if within is None else within)

    async def beating(self) -> None:
        """Beat four times in a lease, until cancelled, and remove what dead processes left."""
        while True:
            await self._sleep(self._lease / 4)
            try:
                if not await in_thread(self.beat):
                    _log.warning("holder_was_forgotten", extra={"holder": self.id})
                await in_thread(self._watcher.sweep)
            except SQLAlchemyError as error:
                _log.warning("holder_beat_failed", extra={"holder": self.id, "reason": str(error)})

    def close(self) -> None:
        """End the stake; may be done twice."""
        with _opening:
            file, self._file = self._file, None
            _open.discard(self)
        if file is None:
            return
        try:
            with contextlib.suppress(SQLAlchemyError), Session(self._engine) as session, session.begin():
                session.execute(delete(Stake).where(Stake.id == self.id))
        finally:
            self._locks.remove(self.id)
            os.close(file)

    def forget_file(self) -> None:
        """Close the copy of the lock that a fork made; called in the child."""
        file, self._file = self._file, None
        if file is not None:
            os.close(file)


@dataclass(slots=True)
class _Look:
    """What a watcher saw of a process on another machine."""

    beat: int
    at: float  #: when it looked last
    still: float = 0.0  #: seconds for which the beat stood still


class Watcher:
    """Tells of any holder whether its process lives; safe to use from several threads.

    Args:
        engine: the database.
        folder: the data folder.
        lease: seconds without a beat after which a process on another machine is dead.
        clock: seconds that only ever grow.
        trust_lock: a process on this machine that holds its lock lives, even where it is stopped or hangs; False asks
            for its beats too.
    """

    def __init__(
        self,
        engine: Engine,
        folder: Path,
        *,
        lease: float = LEASE,
        clock: Callable[[], float] = time.monotonic,
        trust_lock: bool = True,
    ) -> None:
        self._engine = engine
        self._locks = _Locks(folder)
        self._trust_lock = trust_lock
        self._lease = lease
        self._clock = clock
        self._looks: dict[str, _Look] = {}
        self._looking = threading.Lock()

    def alive(self, holder_id: str) -> bool:
        """Say whether the process of a holder lives.

        A process on another machine lives until its beat stood still for a lease. Of the time between two looks at most
        half a lease counts: where the database was away for all, nobody is dead because nobody could beat.
        """
        if not _ID.fullmatch(holder_id):
            return False
        taken = self._locks.is_taken(holder_id)
        if taken and self._trust_lock:
            return True
        its = select(Stake.host, Stake.beat).where(Stake.id == holder_id)
        row = again(self._engine, lambda session: session.execute(its).first())
        if taken and row is None:
            return True  # it is about to beat for the first time, or was forgotten and will beat again
        if row is None or (row.host == self._locks.host and not taken):
            with self._looking:
                self._looks.pop(holder_id, None)
            return False
        return self._look(holder_id, row.beat).still < self._lease

    def living(self, role: str) -> list[str]:
        """Return the ids of the processes with a role that live."""
        having = select(Stake.id).where(Stake.role == role)
        ids = again(self._engine, lambda session: session.scalars(having).all())
        return [holder for holder in ids if self.alive(holder)]

    def sweep(self) -> None:
        """Remove the rows and files of processes that are surely dead."""
        with Session(self._engine) as session:
            rows = session.execute(select(Stake.id, Stake.host, Stake.beat)).all()
        for row in rows:
            if row.host == self._locks.host:
                gone = not self._locks.is_taken(row.id)
            else:
                gone = self._look(row.id, row.beat).still >= _FORGET * self._lease
            if gone:
                self._forget(row.id, row.beat)
        self._locks.sweep()
        forget_marks(self._engine)

    def _look(self, holder_id: str, beat: int) -> _Look:
        with self._looking:
            moment = self._clock()
            look = self._looks.get(holder_id)
            if look is None or look.beat != beat:
                look = self._looks[holder_id] = _Look(beat, moment)
            look.still += min(moment - look.at, self._lease / 2)
            look.at = moment
            return look

    def _forget(self, holder_id: str, beat: int) -> None:
        with Session(self._engine) as session, session.begin():
            session.execute(delete(Stake).where(Stake.id == holder_id, Stake.beat == beat))
        with self._looking:
            self._looks.pop(holder_id, None)


class _Locks:
    """The locks in one folder.

    Attributes:
        host: the same for all processes that can ask each other's locks: one boot of one machine, and one folder.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "holders"
        self._folder.mkdir(parents=True, exist_ok=True)
        place = self._folder.stat()
        text = f"{boot()}|{os.uname().nodename}|{place.st_dev}|{place.st_ino}"
        self.host = hashlib.sha256(text.encode()).hexdigest()[:32]

    def take(self, holder_id: str) -> int:
        """Lock a file of our own; returns it open."""
        while True:
            file = os.open(self._path(holder_id), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
            fcntl.flock(file, fcntl.LOCK_EX)
            if self._is(file, holder_id):
                return file
            os.close(file)  # somebody who swept took it for a dead one's before it was locked

    def is_taken(self, holder_id: str) -> bool:
        """Say whether a living process has the lock."""
        with self._opened(holder_id) as file:
            return file is not None and not _locked(file, fcntl.LOCK_SH)

    def remove(self, holder_id: str) -> None:
        """Remove the file."""
        self._path(holder_id).unlink(missing_ok=True)

    def sweep(self) -> None:
        """Remove the files that no process has locked."""
        for path in self._folder.glob("*.lock"):
            with self._opened(path.stem) as file:
                if file is not None and _locked(file, fcntl.LOCK_EX):
                    path.unlink(missing_ok=True)

    def _path(self, holder_id: str) -> Path:
        return self._folder / f"{holder_id}.lock"

    @contextlib.contextmanager
    def _opened(self, holder_id: str) -> Iterator[int | None]:
        with _opening:
            try:
                file = os.open(self._path(holder_id), os.O_RDONLY | os.O_CLOEXEC)
            except FileNotFoundError:
                yield None
                return
            try:
                yield file
            finally:
                os.close(file)

    def _is(self, file: int, holder_id: str) -> bool:
        try:
            named = self._path(holder_id).stat()
        except FileNotFoundError:
            return False
        return os.path.samestat(named, os.fstat(file))


def _locked(file: int, how: int) -> bool:
    try:
        fcntl.flock(file, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def boot() -> str:
    """Return the name of this boot of this machine, empty where the system has none."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return ""  # without it the machine's name and the folder tell


def _uptime() -> float:
    """Return seconds since the machine's start, those included for which it was suspended."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


def _in_child() -> None:
    for holder in list(_open):
        holder.forget_file()
    _open.clear()
    _opening.release()


os.register_at_fork(before=_opening.acquire, after_in_parent=_opening.release, after_in_child=_in_child)
