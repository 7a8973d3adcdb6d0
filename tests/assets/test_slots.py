"""The places of a process: how many at once, who goes first, who is alone."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest

from badapple.assets.slots import NEED, Slots, process_slots


class Room:
    """Writes down who came and went, and how many were inside."""

    def __init__(self, slots: Slots) -> None:
        self.slots = slots
        self.told: list[str] = []
        self.inside = self.most = 0

    async def visit(self, name: str, *, alone: bool = False, seconds: float = 0.02) -> None:
        async with self.slots.alone() if alone else self.slots.one():
            self.inside += 1
            self.most = max(self.most, self.inside)
            assert not alone or self.inside == 1
            self.told.append(name)
            await asyncio.sleep(seconds)
            self.inside -= 1


async def after(seconds: float, room: Room, name: str, *, alone: bool = False) -> None:
    await asyncio.sleep(seconds)
    await room.visit(name, alone=alone)


async def test_so_many_at_once_and_in_order() -> None:
    room = Room(Slots(3))
    names = [str(number) for number in range(12)]
    await asyncio.gather(*(room.visit(name) for name in names))
    assert room.most == 3
    assert room.told == names


async def test_nobody_begins_while_one_waits_to_be_alone_or_is() -> None:
    room = Room(Slots(2))
    await asyncio.gather(
        room.visit("a", seconds=0.1),
        *(room.visit(name, seconds=0.06) for name in "bcd"),  # c and d wait
        after(0.02, room, "alone", alone=True),
        after(0.04, room, "late"),
        after(0.06, room, "alone too", alone=True),
    )
    assert room.told == ["a", "b", "alone", "alone too", "c", "d", "late"]
    assert room.most == 2


async def test_many_who_want_to_be_alone_all_get_their_turn() -> None:
    room = Room(Slots(4))
    await asyncio.gather(*(room.visit(str(number), alone=number % 2 == 0, seconds=0.005) for number in range(20)))
    assert sorted(room.told, key=int) == [str(number) for number in range(20)]


async def test_who_stops_waiting_holds_nobody_up() -> None:
    room = Room(Slots(1))
    first = asyncio.create_task(room.visit("first", seconds=0.1))
    await asyncio.sleep(0)
    alone = asyncio.create_task(room.visit("alone", alone=True))
    waits = asyncio.create_task(room.visit("waits"))
    last = asyncio.create_task(room.visit("last"))
    await asyncio.sleep(0.02)
    alone.cancel()
    waits.cancel()
    await asyncio.gather(first, last)
    assert room.told == ["first", "last"]


async def test_who_is_cancelled_as_the_place_comes_gives_it_back() -> None:
    slots = Slots(1)
    room = Room(slots)
    first = asyncio.create_task(room.visit("first"))
    await asyncio.sleep(0)
    waits = asyncio.create_task(room.visit("waits"))
    await first
    waits.cancel()  # it was let in, and has not noticed yet
    with pytest.raises(asyncio.CancelledError):
        await waits
    assert room.told == ["first"]
    async with asyncio.timeout(1), slots.alone():
        pass


async def test_what_a_holder_needs_runs_on_its_place() -> None:
    slots = Slots(1)
    async with asyncio.timeout(1):
        async with slots.one():
            assert _holds(slots)
            async with slots.one():
                pass
            with pytest.raises(RuntimeError, match="cannot wait to be alone"):
                async with slots.alone():
                    pass
            child = asyncio.create_task(_later(slots))
        assert not _holds(slots)
        async with slots.alone(), slots.one():
            pass
        assert not await child  # it was started on a place, which is given back


def _holds(slots: Slots) -> bool:
    return slots.held


async def _later(slots: Slots) -> bool:
    await asyncio.sleep(0.02)
    return slots.held


def test_loops_one_after_another_and_at_once_share_the_places() -> None:
    slots = Slots(2)
    inside = most = 0
    lock = threading.Lock()

    async def visit() -> None:
        nonlocal inside, most
        async with slots.one():
            with lock:
                inside += 1
                most = max(most, inside)
            await asyncio.sleep(0.005)
            with lock:
                inside -= 1

    async def visits() -> None:
        await asyncio.gather(*(visit() for _ in range(10)))

    asyncio.run(visits())
    threads = [threading.Thread(target=asyncio.run, args=(visits(),)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(5)
    assert (inside, most) == (0, 2)


def test_a_loop_that_ended_while_it_waited_takes_no_place() -> None:
    slots = Slots(1)
    begun = threading.Event()

    async def hold() -> None:
        async with slots.one():
            begun.set()
            await asyncio.sleep(0.2)

    async def give_up() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05), slots.one():
                pass

    holder = threading.Thread(target=asyncio.run, args=(hold(),))
    holder.start()
    begun.wait()
    asyncio.run(give_up())
    holder.join()
    waited = time.monotonic()
    asyncio.run(hold())
    assert time.monotonic() - waited < 1


@pytest.mark.parametrize(
    ("workers", "memory", "count"), [(4, None, 4), (4, 2 * NEED, 2), (1, 9 * NEED, 1), (4, NEED // 2, 1)]
)
def test_memory_bounds_the_places(workers: int, memory: int | None, count: int) -> None:
    assert process_slots(workers, memory).count == count
    assert process_slots(workers, memory) is process_slots(workers, memory)
