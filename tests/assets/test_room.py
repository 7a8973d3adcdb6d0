"""Room for parts beside their stories: in the order of priority, and for everybody where it takes long."""

from __future__ import annotations

import asyncio
import time

import pytest

from badapple.assets import room as rooms
from badapple.assets.room import Room


async def hold(room: Room, priority: int, log: list[int], until: asyncio.Event) -> bool:
    async with room.place(priority) as here:
        if here:
            log.append(priority)
            await until.wait()
        return here


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_places_are_given_by_priority_and_then_in_the_order_of_coming() -> None:
    room, log, done = Room(1, lone=True), list[int](), asyncio.Event()
    tasks = [asyncio.create_task(hold(room, priority, log, done)) for priority in (5, 9, 3, 7)]
    await settle()
    assert (log, room.taken) == ([5], 1)
    done.set()
    assert all(await asyncio.gather(*tasks))
    assert (log, room.taken) == ([5, 3, 7, 9], 0)


async def test_who_waits_for_long_work_goes_to_the_queue_soon() -> None:
    room, log, done = Room(1), list[int](), asyncio.Event()
    for _ in range(5):  # it learns that parts take long
        room.took(5.0)
    first = asyncio.create_task(hold(room, 1, log, done))
    await settle()
    began = time.monotonic()
    assert not await hold(room, 2, log, done)
    assert 0.4 < time.monotonic() - began < 3
    done.set()
    assert await first
    assert room.taken == 0


async def test_who_waits_for_quick_work_stays() -> None:
    room, log, done = Room(1), list[int](), asyncio.Event()
    for seconds in (5.0, 5.0, 0.1, 0.1, 0.1, 0.1, 0.1):  # it learns that parts are quick after all
        room.took(seconds)
    first = asyncio.create_task(hold(room, 1, log, done))
    await settle()
    second = asyncio.create_task(hold(room, 2, log, done))
    await asyncio.sleep(2 * rooms._SOON)
    assert not second.done()
    done.set()
    assert all(await asyncio.gather(first, second))


@pytest.mark.parametrize("late", [False, True])
async def test_nothing_begins_in_a_room_that_is_closed(*, late: bool) -> None:
    closed = False
    room, log, done = Room(1, lone=True, closed=lambda: closed), list[int](), asyncio.Event()
    first = asyncio.create_task(hold(room, 1, log, done))
    await settle()
    waiting = asyncio.create_task(hold(room, 2, log, done)) if late else None
    await settle()
    closed = True
    done.set()
    assert await first
    assert not await (waiting or hold(room, 2, log, done))
    assert (log, room.taken) == ([1], 0)


async def test_without_places_all_goes_to_the_queues() -> None:
    assert not await hold(Room(0, lone=True), 1, [], asyncio.Event())


async def test_who_is_cancelled_gives_back_what_it_waits_for() -> None:
    room, log, done = Room(1, lone=True), list[int](), asyncio.Event()
    first, second, third = (asyncio.create_task(hold(room, number, log, done)) for number in (1, 2, 3))
    await settle()
    second.cancel()
    with pytest.raises(asyncio.CancelledError):
        await second
    done.set()
    assert all(await asyncio.gather(first, third))
    assert (log, room.taken) == ([1, 3], 0)


async def test_a_full_room_takes_back_one_part_of_the_queue_and_an_empty_one_twice_its_places() -> None:
    room, log, done = Room(2), list[int](), asyncio.Event()
    assert (room.leaves, room.full) == (4, False)
    tasks = [asyncio.create_task(hold(room, 1, log, done))]
    await settle()
    assert (room.leaves, room.full) == (2, False)
    tasks.append(asyncio.create_task(hold(room, 2, log, done)))
    await settle()
    assert (room.leaves, room.full) == (1, True)
    done.set()
    await asyncio.gather(*tasks)
    assert (room.leaves, room.full) == (4, False)
    assert not Room(0).full
    assert Room(0).leaves > 1000  # a worker without room makes what the queue allows
