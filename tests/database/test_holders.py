"""Who is alive."""

from __future__ import annotations

import asyncio
import fcntl
import logging
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import delete, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from badapple.database import open_database
from badapple.database.holders import LEASE, Holder, Watcher, _Locks
from badapple.database.money import Stake

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Engine

_PROCESS = """
import os, subprocess, sys, time
from pathlib import Path
from badapple.database import open_database
from badapple.database.holders import Holder

holder = Holder(open_database(sys.argv[1]), Path(sys.argv[2]))
what = sys.argv[3]
child = ended = 0
if what == "spawns":
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], stdout=subprocess.DEVNULL).pid
if what == "forks":
    child = os.fork()
    if child == 0:
        os.close(1)
        time.sleep(60)
        os._exit(0)
if what == "asks its fork":
    asked = os.fork()
    if asked == 0:
        holder.close()
        try:
            holder.beat()
        except RuntimeError as error:
            os._exit(7 if "belongs to another process" in str(error) else 1)
        os._exit(1)
    ended = os.waitstatus_to_exitcode(os.waitpid(asked, 0)[1])
print(holder.id, child, ended, flush=True)
time.sleep(60)
"""


@dataclass(slots=True)
class Clock:
    """Seconds that grow when a test says so."""

    seconds: float = 1000.0

    def __call__(self) -> float:
        return self.seconds


@dataclass(slots=True)
class Elsewhere:
    """A watcher on another machine, as far as it can tell: it shares the database and not the folder."""

    watcher: Watcher
    clock: Clock = field(default_factory=Clock)

    def after(self, seconds: float, holder: str) -> bool:
        self.clock.seconds += seconds
        return self.watcher.alive(holder)


@dataclass(slots=True, kw_only=True)
class Started:
    """A process with a holder, and a child of it."""

    holder: str
    child: int
    ended: int
    process: subprocess.Popen[str]

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        if self.process.stdout is not None:
            self.process.stdout.close()


Start = Callable[[str], Started]


@pytest.fixture
def url(database_url: str) -> str:
    return database_url


@pytest.fixture
def engine(url: str) -> Engine:
    return open_database(url)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def holder(engine: Engine, folder: Path) -> Iterator[Holder]:
    with Holder(engine, folder) as holder:
        yield holder


@pytest.fixture
def watcher(engine: Engine, folder: Path) -> Watcher:
    return Watcher(engine, folder)


@pytest.fixture
def elsewhere(engine: Engine, tmp_path: Path) -> Elsewhere:
    clock = Clock()
    return Elsewhere(Watcher(engine, tmp_path / "another machine", clock=clock), clock)


@pytest.fixture
def start(engine: Engine, url: str, folder: Path) -> Iterator[Start]:
    begun: list[Started] = []

    def run(what: str) -> Started:
        words = [sys.executable, "-c", _PROCESS, url, str(folder), what]
        process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        name, child, ended = process.stdout.readline().split()
        begun.append(Started(holder=name, child=int(child), ended=int(ended), process=process))
        return begun[-1]

    yield run
    for started in begun:
        started.kill()
        if started.child:
            os.kill(started.child, signal.SIGKILL)


def rows(engine: Engine) -> dict[str, int]:
    with Session(engine) as session:
        return {row.id: row.beat for row in session.scalars(select(Stake))}


def files(folder: Path) -> set[str]:
    return {path.stem for path in (folder / "holders").iterdir()}


def test_a_process_lives_as_long_as_its_holder(engine: Engine, folder: Path, watcher: Watcher) -> None:
    with Holder(engine, folder) as holder:
        assert re.fullmatch("[0-9a-f]{32}", holder.id)
        assert watcher.alive(holder.id)
        assert (set(rows(engine)), files(folder)) == ({holder.id}, {holder.id})
    assert not watcher.alive(holder.id)
    assert (rows(engine), files(folder)) == ({}, set())
    holder.close()


def test_a_closed_holder_leaves_no_file_open(engine: Engine, folder: Path) -> None:
    def is_open(name: str) -> bool:
        files = Path("/proc/self/fd")
        return any(name in str(file.readlink()) for file in files.iterdir() if file.is_symlink())

    with Holder(engine, folder) as mine:
        assert is_open(mine.id)
    assert not is_open(mine.id)


def test_two_holders_of_one_process_live_and_end_apart(engine: Engine, folder: Path, watcher: Watcher) -> None:
    with Holder(engine, folder) as first:
        with Holder(engine, folder) as second:
            assert first.id != second.id
            assert watcher.alive(first.id)
            assert watcher.alive(second.id)
        assert watcher.alive(first.id)
        assert not watcher.alive(second.id)


def test_nobody_of_an_unknown_name_is_alive(watcher: Watcher, folder: Path) -> None:
    (folder / "holders" / "x.lock").write_text("")
    for name in ("f" * 32, "x", "../holders/x", ""):
        assert watcher.alive(name) is False


def test_a_lock_file_that_is_gone_means_dead(holder: Holder, folder: Path, watcher: Watcher) -> None:
    (folder / "holders" / f"{holder.id}.lock").unlink()
    assert not watcher.alive(holder.id)


def test_a_killed_process_is_dead_at_once(start: Start, engine: Engine, folder: Path, watcher: Watcher) -> None:
    started = start("waits")
    assert watcher.alive(started.holder)
    started.kill()
    assert not watcher.alive(started.holder)
    assert started.holder in rows(engine)
    with Holder(engine, folder) as holder:  # the next process clears away
        assert (set(rows(engine)), files(folder)) == ({holder.id}, {holder.id})


@pytest.mark.parametrize("what", ["spawns", "forks"])
def test_a_child_does_not_keep_its_dead_parent_alive(start: Start, watcher: Watcher, what: str) -> None:
    started = start(what)
    assert watcher.alive(started.holder)
    started.kill()
    deadline = time.monotonic() + 10  # a fork lets go with its first breath
    while watcher.alive(started.holder) and time.monotonic() < deadline:
        time.sleep(0.005)
    os.kill(started.child, 0)  # the child lives
    assert not watcher.alive(started.holder)


def test_a_forked_child_is_not_the_holder_and_cannot_end_it(start: Start, watcher: Watcher, engine: Engine) -> None:
    started = start("asks its fork")
    assert started.ended == 7
    assert watcher.alive(started.holder)
    assert started.holder in rows(engine)


def test_elsewhere_a_process_lives_while_it_beats(holder: Holder, elsewhere: Elsewhere) -> None:
    for _ in range(20):
        assert elsewhere.after(LEASE / 2, holder.id)
        assert holder.beat()


def test_elsewhere_a_process_is_dead_when_its_beat_stood_still_for_a_lease(
    holder: Holder, elsewhere: Elsewhere
) -> None:
    assert LEASE == 15
    assert elsewhere.after(100, holder.id)  # seen for the first time
    assert elsewhere.after(7.5, holder.id)
    assert elsewhere.after(7.25, holder.id)
    assert not elsewhere.after(0.25, holder.id)
    assert not elsewhere.after(0, holder.id)
    holder.beat()
    assert elsewhere.after(0, holder.id)
    assert elsewhere.after(7, holder.id)
    assert elsewhere.after(7, holder.id)
    assert not elsewhere.after(1, holder.id)


def test_of_a_time_without_looks_half_a_lease_counts(holder: Holder, elsewhere: Elsewhere) -> None:
    assert elsewhere.after(0, holder.id)
    assert elsewhere.after(3600, holder.id)  # the database was away, so nobody could beat
    assert elsewhere.after(7.25, holder.id)
    assert not elsewhere.after(0.25, holder.id)


def test_elsewhere_a_holder_without_a_row_is_dead(engine: Engine, folder: Path, elsewhere: Elsewhere) -> None:
    with Holder(engine, folder) as holder:
        assert elsewhere.after(0, holder.id)
    assert not elsewhere.after(0, holder.id)


def test_a_row_that_comes_back_is_watched_anew(holder: Holder, engine: Engine, elsewhere: Elsewhere) -> None:
    elsewhere.after(0, holder.id)
    assert elsewhere.after(7.5, holder.id)
    with Session(engine) as session, session.begin():
        session.execute(delete(Stake))
    assert not elsewhere.after(0, holder.id)
    assert not holder.beat()
    with Session(engine) as session, session.begin():
        session.execute(update(Stake).values(beat=0))
    assert elsewhere.after(7.5, holder.id)
    assert elsewhere.after(7.5, holder.id)
    assert not elsewhere.after(7.5, holder.id)


def test_no_wall_clock_is_compared(holder: Holder, engine: Engine, elsewhere: Elsewhere, watcher: Watcher) -> None:
    with Session(engine) as session, session.begin():
        session.execute(update(Stake).values(seen_at=datetime(1990, 1, 1, tzinfo=UTC)))
    assert watcher.alive(holder.id)
    assert elsewhere.after(0, holder.id)


def test_a_holder_that_was_forgotten_is_told_and_known_again(holder: Holder, engine: Engine) -> None:
    assert holder.beat()
    assert rows(engine) == {holder.id: 1}
    with Session(engine) as session, session.begin():
        session.execute(delete(Stake))
    assert not holder.beat()
    assert rows(engine) == {holder.id: 0}
    assert holder.beat()
    assert holder.beat()
    assert rows(engine) == {holder.id: 2}


def test_a_closed_holder_does_not_beat(engine: Engine, folder: Path) -> None:
    holder = Holder(engine, folder)
    holder.close()
    with pytest.raises(RuntimeError, match="closed"):
        holder.beat()
    assert rows(engine) == {}


def test_what_dead_processes_of_this_machine_left_is_swept(
    engine: Engine, folder: Path, holder: Holder, watcher: Watcher
) -> None:
    with Session(engine) as session, session.begin():
        session.add(Stake(id="a" * 32, host=watcher._locks.host, beat=3))
        session.add(Stake(id="b" * 32, host="another", beat=3))
    (folder / "holders" / f"{'c' * 32}.lock").write_text("")
    watcher.sweep()
    assert set(rows(engine)) == {holder.id, "b" * 32}
    assert files(folder) == {holder.id}


def test_the_row_of_a_process_elsewhere_is_swept_after_eight_leases(
    holder: Holder, engine: Engine, elsewhere: Elsewhere
) -> None:
    elsewhere.watcher.sweep()
    for still in (*[LEASE / 2] * 15, LEASE / 2 - 0.25):
        elsewhere.clock.seconds += still
        elsewhere.watcher.sweep()
    assert rows(engine) == {holder.id: 0}
    assert not elsewhere.after(0, holder.id)
    elsewhere.clock.seconds += 0.25
    elsewhere.watcher.sweep()
    assert rows(engine) == {}


def test_a_file_that_is_swept_before_it_is_locked_is_made_again(
    engine: Engine, folder: Path, monkeypatch: pytest.MonkeyPatch, watcher: Watcher
) -> None:
    real, calls = fcntl.flock, 0

    def flock(file: int, how: int) -> None:
        nonlocal calls
        calls += 1
        if calls == 1:
            next((folder / "holders").iterdir()).unlink()
        if calls == 2:
            taken = next((folder / "holders").iterdir())
            taken.rename(taken.with_suffix(".old"))
            taken.write_text("somebody else's")
        real(file, how)

    monkeypatch.setattr(fcntl, "flock", flock)
    with Holder(engine, folder) as holder:
        assert watcher.alive(holder.id)


def test_only_who_shares_the_folder_shares_the_host(tmp_path: Path) -> None:
    first, again, other = _Locks(tmp_path / "a"), _Locks(tmp_path / "a"), _Locks(tmp_path / "b")
    assert first.host == again.host != other.host
    assert re.fullmatch("[0-9a-f]{32}", first.host)


async def test_it_beats_four_times_in_a_lease_until_it_is_cancelled(engine: Engine, folder: Path) -> None:
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 4:
            await asyncio.sleep(60)

    with Holder(engine, folder, lease=8, sleep=sleep) as holder:
        (folder / "holders" / f"{'c' * 32}.lock").write_text("")
        beating = asyncio.create_task(holder.beating())
        while len(waits) < 4:
            await asyncio.sleep(0.01)
        beating.cancel()
        with pytest.raises(asyncio.CancelledError):
            await beating
        assert waits == [2, 2, 2, 2]
        assert rows(engine) == {holder.id: 3}
        assert files(folder) == {holder.id}


async def test_beating_outlasts_a_database_that_is_away(
    engine: Engine, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    gone = asyncio.Event()
    rounds = 0

    async def sleep(_: float) -> None:
        nonlocal rounds
        rounds += 1
        if rounds == 2:
            Stake.__table__.drop(engine)  # type: ignore[attr-defined]  # a table has it
        if rounds == 3:
            Stake.__table__.create(engine)  # type: ignore[attr-defined]  # a table has it
        if rounds == 4:
            gone.set()
            await asyncio.sleep(60)

    caplog.set_level(logging.WARNING, "badapple.database")
    with Holder(engine, folder, sleep=sleep) as holder:
        beating = asyncio.create_task(holder.beating())
        await gone.wait()
        beating.cancel()
        assert rows(engine) == {holder.id: 0}
    assert [record.message for record in caplog.records] == ["holder_beat_failed", "holder_was_forgotten"]
    assert {record.__dict__["holder"] for record in caplog.records} == {holder.id}
    assert re.search("no such table|does not exist", caplog.records[0].__dict__["reason"])


def test_closing_without_a_database_still_lets_go(engine: Engine, folder: Path, watcher: Watcher) -> None:
    holder = Holder(engine, folder)
    Stake.__table__.drop(engine)  # type: ignore[attr-defined]  # a table has it
    holder.close()
    assert files(folder) == set()


def test_many_threads_may_ask_at_once(engine: Engine, folder: Path, watcher: Watcher) -> None:
    with Holder(engine, folder) as holder:
        answers: list[bool] = []
        ask = lambda: answers.extend(watcher.alive(holder.id) for _ in range(50))  # noqa: E731
        threads = [threading.Thread(target=ask) for _ in range(4)]
        began = time.monotonic()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert answers == [True] * 200
        assert time.monotonic() - began < 5


def test_a_process_that_is_stopped_is_dead_where_its_lock_alone_is_not_trusted(
    start: Start, engine: Engine, folder: Path
) -> None:
    clock = Clock()
    strict = Watcher(engine, folder, clock=clock, trust_lock=False)
    started = start("waits")
    assert strict.alive(started.holder)
    for still in (7.5, 7.25):
        clock.seconds += still
        assert strict.alive(started.holder)
    clock.seconds += 0.25
    assert not strict.alive(started.holder)  # it holds its lock, and does not beat
    assert Watcher(engine, folder).alive(started.holder)
    with Session(engine) as session, session.begin():
        session.execute(update(Stake).values(beat=Stake.beat + 1))
    assert strict.alive(started.holder)
    started.kill()
    assert not strict.alive(started.holder)  # at once


def test_it_says_what_it_is_for_and_who_of_its_kind_lives(
    engine: Engine, folder: Path, watcher: Watcher, start: Start
) -> None:
    about = {"machine": "a", "queues": ["stories"]}
    with Holder(engine, folder, role="worker", about=about) as mine, Holder(engine, folder) as other:
        with Session(engine) as session:
            row = session.get_one(Stake, mine.id)
            assert (row.role, row.about) == ("worker", about)
            assert (session.get_one(Stake, other.id).role, session.get_one(Stake, other.id).about) == ("", {})
        killed = start("waits")
        with Session(engine) as session, session.begin():
            session.execute(update(Stake).where(Stake.id == killed.holder).values(role="worker"))
        assert sorted(watcher.living("worker")) == sorted([mine.id, killed.holder])
        killed.kill()
        assert watcher.living("worker") == [mine.id]
        assert watcher.living("cook") == []


def test_a_beat_is_fresh_for_half_a_lease_of_time_that_counts_sleep(
    engine: Engine, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seconds = 1000.0

    def uptime(clock: int) -> float:
        assert clock == time.CLOCK_BOOTTIME
        return seconds

    monkeypatch.setattr(time, "clock_gettime", uptime)
    with Holder(engine, folder, lease=8) as holder:
        assert holder.fresh()
        seconds += 3.9
        assert holder.fresh()
        assert not holder.fresh(3)
        seconds += 0.1
        assert not holder.fresh()
        assert holder.fresh(5)
        holder.beat()
        assert holder.fresh()
        seconds += 4
        Stake.__table__.drop(engine)  # type: ignore[attr-defined]  # a table has it
        with pytest.raises(SQLAlchemyError):
            holder.beat()
        assert not holder.fresh()  # what did not reach the database does not count
        monkeypatch.setattr(time, "time", lambda: 0.0)
        monkeypatch.setattr(time, "monotonic", lambda: 0.0)
        seconds -= 3.5
        assert holder.fresh()  # no other clock is read
