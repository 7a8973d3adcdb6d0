"""The gate that every paid sending goes through."""

from __future__ import annotations

import asyncio

import pytest

from badapple.journal.gate import Gate, current, standing


class Notes(list[bool]):
    """What a gate writes down."""

    async def __call__(self, *, first: bool) -> None:
        self.append(first)


async def test_an_order_waits_then_is_written_down_then_has_passed() -> None:
    gate, notes = Gate(lambda: False), Notes()
    gate.begin(notes)
    assert (gate.waiting, gate.passed, notes) == (True, False, [])
    async with gate.passing():
        assert (gate.waiting, gate.passed, notes) == (False, True, [True])
    assert (gate.waiting, gate.passed) == (False, True)


async def test_what_bought_nothing_waits_again_and_is_not_counted_twice() -> None:
    gate, notes = Gate(lambda: False), Notes()
    gate.begin(notes)
    async with gate.passing():
        pass
    gate.wait()
    seen = [gate.waiting]
    async with gate.passing():
        seen.append(gate.waiting)
    assert seen == [True, False]
    assert notes == [True, False]
    gate.begin(notes)
    async with gate.passing():
        pass
    assert notes == [True, False, True]


async def test_nothing_passes_a_shut_gate_nor_is_it_written_down() -> None:
    gate, notes = Gate(lambda: True), Notes()
    gate.begin(notes)
    sent = False
    with pytest.raises(asyncio.CancelledError):
        async with gate.passing():
            sent = True
    assert (sent, gate.waiting, gate.passed, notes) == (False, True, False, [])


async def test_what_cannot_be_written_down_is_not_sent() -> None:
    async def note(*, first: bool) -> None:
        raise KeyError(first)

    gate = Gate(lambda: False)
    gate.begin(note)
    sent = False
    with pytest.raises(KeyError):
        async with gate.passing():
            sent = True
    assert (sent, gate.waiting, gate.passed) == (False, True, False)


async def test_the_gate_is_asked_each_time() -> None:
    answers = [False, True]
    gate = Gate(lambda: answers.pop(0))
    async with gate.passing():
        pass
    with pytest.raises(asyncio.CancelledError):
        async with gate.passing():
            pass


async def test_outside_of_an_order_the_gate_is_open() -> None:
    gate = current()
    async with gate.passing():
        assert gate.passed
    assert current() is not gate


def test_inside_a_block_its_gate_stands() -> None:
    outer, inner = Gate(lambda: False), Gate(lambda: False)
    with standing(outer) as yielded:
        assert yielded is outer
        assert current() is outer
        with standing(inner):
            assert current() is inner
        assert current() is outer
    assert current() is not outer
