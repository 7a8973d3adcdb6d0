"""Hundreds and thousands of sockets on a server in a process of its own."""

from __future__ import annotations

import gc
from pathlib import Path

import pytest

from badapple.api.live import Attic


@pytest.mark.parametrize("sockets", [500, pytest.param(2000, marks=pytest.mark.long)])
async def test_a_crowd_hears_every_event_and_costs_little(monkeypatch: pytest.MonkeyPatch, sockets: int) -> None:
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2]))
    from bench.live import measure  # noqa: PLC0415 - it lies beside the tests, not in the package

    found = await measure(sockets=sockets, jobs=20, rounds=5, pause=0.2, without_reading=40, patience=3.0)
    assert found["delivered"] == sockets * 6
    assert found["wrong"] == 0
    assert found["closed"] == sockets
    assert found["dead_left"] == 0
    assert found["kb_each"] < 48
    assert found["grown_mb"] < 40  # most of it is the shared text of what those that never read had coming


def test_the_garbage_collector_is_kept_off_connections_and_told_of_those_that_left() -> None:
    attic, before = Attic(step=10), gc.get_freeze_count()
    try:
        for count in range(1, 10):
            attic.joined(count)
        assert gc.get_freeze_count() == before
        attic.joined(10)
        kept = gc.get_freeze_count()
        assert kept > before
        for _ in range(15):
            attic.left()
        assert gc.get_freeze_count() >= kept - 15
        attic.left()
        assert gc.get_freeze_count() == 0
    finally:
        gc.unfreeze()
