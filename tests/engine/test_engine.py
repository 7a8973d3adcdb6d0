"""The engine: queues, waiting, cancelling, taking up what dead processes left. On SQLite and on Postgres."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from dbos._dbos import _get_dbos_instance

from badapple.database import open_database
from badapple.database.holders import Holder
from badapple.engine import Engine, Here, State, Waiter

Start = Callable[..., Engine]


@pytest.fixture
def start(engine_address: str) -> Iterator[Start]:
    """Return what starts an engine; DBOS has one of it in a process."""
    begun: list[Engine] = []

    def launch(work: dict[str, Any], *, executor: str = "me", at_once: int = 4) -> Engine:
        engine = Engine(engine_address, executor=executor, queues={"q": Here(at_once=at_once)})
        for name, function in work.items():
            engine.register(name, function)
        engine.launch()
        begun.append(engine)
        return engine

    yield launch
    for engine in begun:
        engine.close()


def outcome(engine: Engine, *ids: str) -> list[State]:
    async def wait() -> list[State]:
        waiter = Waiter(engine, often=0.05)
        return await asyncio.wait_for(asyncio.gather(*(waiter.wait(name) for name in ids)), 40)

    return asyncio.run(wait())


def until(true: Callable[[], object], patience: float = 30) -> None:
    deadline = time.monotonic() + patience
    while not true():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.05)


def test_work_is_done_once_and_its_outcome_kept(start: Start) -> None:
    ran: list[str] = []

    async def double(name: str, body: dict[str, Any]) -> dict[str, Any]:
        ran.append(name)
        return {"twice": 2 * body["n"], "words": body["words"]}

    engine = start({"double": double})
    for _ in range(3):
        engine.enqueue("double", {"n": 21, "words": ["ü", None]}, id="a:1", queue="q")
    engine.enqueue("double", {"n": 4, "words": []}, id="a:2", queue="q")
    states = outcome(engine, "a:1", "a:2")
    assert [state.output for state in states] == [{"twice": 42, "words": ["ü", None]}, {"twice": 8, "words": []}]
    assert sorted(ran) == ["a:1", "a:2"]
    assert {state.id for state in engine.below("a:", status=("SUCCESS",))} == {"a:1", "a:2"}
    engine.purge("a:")
    assert engine.states(["a:1", "a:2"]) == {}


def test_lower_numbers_go_first(start: Start) -> None:
    ran: list[str] = []
    hold = asyncio.Event()

    async def note(name: str, _body: dict[str, Any]) -> dict[str, Any]:
        ran.append(name)
        if name == "p:first":
            await hold.wait()
        return {}

    engine = start({"note": note}, at_once=1)
    engine.enqueue("note", {}, id="p:first", queue="q")
    until(lambda: ran)
    for place in (30, 10, 20):
        engine.enqueue("note", {}, id=f"p:{place}", queue="q", priority=place)
    assert engine.depths()["q"][0] == 3
    loop = next(iter(engine_loops()))
    loop.call_soon_threadsafe(hold.set)
    outcome(engine, "p:10", "p:20", "p:30")
    assert ran == ["p:first", "p:10", "p:20", "p:30"]


def engine_loops() -> list[asyncio.AbstractEventLoop]:
    loop = _get_dbos_instance()._background_event_loop._loop
    assert loop is not None
    return [loop]


def test_cancelling_stops_what_runs_and_what_waits(start: Start) -> None:
    stopped: list[str] = []
    running: list[str] = []

    async def long(name: str, _body: dict[str, Any]) -> dict[str, Any]:
        running.append(name)
        try:
            await asyncio.sleep(60)
        finally:
            stopped.append(name)
        return {}

    engine = start({"long": long}, at_once=1)
    engine.enqueue("long", {}, id="c:1", queue="q", priority=1)
    engine.enqueue("long", {}, id="c:2", queue="q", priority=2)
    until(lambda: running)
    engine.cancel([state.id for state in engine.below("c:")])
    assert [state.status for state in outcome(engine, "c:1", "c:2")] == ["CANCELLED", "CANCELLED"]
    until(lambda: stopped)
    assert stopped == ["c:1"]


def test_an_engine_that_holds_takes_nothing_new(start: Start) -> None:
    async def quick(_name: str, _body: dict[str, Any]) -> dict[str, Any]:
        return {}

    engine = start({"quick": quick})
    engine.enqueue("quick", {}, id="h:1", queue="q")
    outcome(engine, "h:1")
    engine.hold()
    time.sleep(2)  # a look that was under way ends
    engine.enqueue("quick", {}, id="h:2", queue="q")
    time.sleep(1.5)
    assert engine.states(["h:2"])["h:2"].status == "ENQUEUED"


def test_how_much_is_run_here_is_asked_on_each_look() -> None:
    free = [3, 1, 9]
    here = Here(at_once=4, at_most=lambda: free.pop(0))
    assert [here.now(0.0) for _ in range(3)] == [3, 1, 4]
    assert Here(at_once=4, slow_start=3.0, at_most=lambda: 2).now(0.0) == 1


def test_a_waiter_says_when_work_begins(start: Start) -> None:
    told: list[str] = []

    async def quick(_name: str, _body: dict[str, Any]) -> dict[str, Any]:
        await asyncio.sleep(0.5)
        return {}

    engine = start({"quick": quick})
    engine.enqueue("quick", {}, id="b:1", queue="q")

    async def main() -> None:
        async def begun() -> None:
            told.append(engine.states(["b:1"])["b:1"].status)

        await Waiter(engine, often=0.05).wait("b:1", on_begin=begun)

    asyncio.run(main())
    assert told == ["PENDING"]


_VICTIM = """
    import asyncio, sys, time
    from badapple.engine import Engine, Here

    async def work(name, body):
        print("running", flush=True)
        await asyncio.sleep(60)
        return {}

    engine = Engine(sys.argv[1], executor="victim", queues={"q": Here(at_once=4)})
    engine.register("work", work)
    engine.launch()
    time.sleep(60)
"""


def test_what_a_killed_process_ran_is_taken_up_by_another_of_the_same_version(
    start: Start, engine_address: str
) -> None:
    async def work(name: str, body: dict[str, Any]) -> dict[str, Any]:
        return {"by": "me", "n": body["n"]}

    engine = start({"work": work}, at_once=0)  # it takes nothing yet
    engine.enqueue("work", {"n": 1}, id="k:1", queue="q")
    victim = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(_VICTIM), engine_address], stdout=subprocess.PIPE, text=True
    )
    assert victim.stdout is not None
    assert victim.stdout.readline() == "running\n"
    victim.kill()
    victim.wait()
    victim.stdout.close()
    assert [state.id for state in engine.pending()["victim"]] == ["k:1"]
    assert [(state.id, state.body) for state in engine.run_by("victim")] == [("k:1", {"n": 1})]
    for _ in range(2):  # several processes may do it
        engine.recover(["victim"])
    assert engine.pending() == {}
    state = engine.states(["k:1"])["k:1"]
    assert (state.status, engine.depths()["q"][0]) == ("ENQUEUED", 1)  # in its own queue, not in one of the engine's
    engine.recover(["me"])
    assert engine.states(["k:1"])["k:1"].status == "ENQUEUED"


def test_a_process_s_sign_of_life_can_name_it(tmp_path: Path, start: Start) -> None:
    async def quick(_name: str, _body: dict[str, Any]) -> dict[str, Any]:
        return {}

    with Holder(open_database(f"sqlite:///{tmp_path / 'h.db'}"), tmp_path, role="worker") as holder:
        engine = start({"quick": quick}, executor=holder.id)
        engine.enqueue("quick", {}, id="n:1", queue="q")
        assert outcome(engine, "n:1")[0].executor == holder.id
