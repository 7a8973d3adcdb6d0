"""The gate that every paid sending goes through."""

from __future__ import annotations

import asyncio

import pytest

from badapple.journal.gate import Gate, current, standing


def test_an_order_waits_then_is_sent_then_has_passed() -> None:
    gate = Gate(lambda: False)
    assert (gate.waiting, gate.sending) == (False, False)
    gate.wait()
    assert (gate.waiting, gate.sending) == (True, False)
    with gate.passing():
        assert (gate.waiting, gate.sending) == (False, True)
    assert (gate.waiting, gate.sending) == (False, False)


def test_nothing_passes_a_shut_gate_and_what_stood_there_still_does() -> None:
    gate = Gate(lambda: True)
    gate.wait()
    with pytest.raises(asyncio.CancelledError), gate.passing():
        pytest.fail("it was sent")
    assert (gate.waiting, gate.sending) == (True, False)


def test_a_failed_sending_is_over_too() -> None:
    gate = Gate(lambda: False)
    with pytest.raises(KeyError), gate.passing():
        raise KeyError
    assert not gate.sending


def test_the_gate_is_asked_each_time() -> None:
    answers = [False, True]
    gate = Gate(lambda: answers.pop(0))
    with gate.passing():
        pass
    with pytest.raises(asyncio.CancelledError), gate.passing():
        pass


def test_outside_of_an_order_the_gate_is_open() -> None:
    gate = current()
    with gate.passing():
        assert gate.sending
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
