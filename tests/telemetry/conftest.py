"""Logs and metrics that are switched off again after a test."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from badapple.telemetry import logs, metrics, traces

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

Lines = list[dict[str, Any]]


def _strict(word: str) -> None:
    raise ValueError(f"{word} is no JSON")


def parsed(text: str) -> Lines:
    """Read a log: whole lines, each a strict JSON object."""
    assert text == "" or text.endswith("\n")
    found = [json.loads(line, parse_constant=_strict) for line in text.split("\n")[:-1]]
    assert all(isinstance(line, dict) for line in found)
    return found


@pytest.fixture
def written(tmp_path: Path) -> Iterator[Callable[[], Lines]]:
    """Logs that go to a file; returns what reads it."""
    undo = logs.set_up(folder=tmp_path / "logs", stderr=False)
    yield lambda: parsed((tmp_path / "logs" / logs.FILE).read_text(encoding="utf-8"))
    undo()


@pytest.fixture
def read_lines() -> Callable[[str], Lines]:
    """Read a log strictly."""
    return parsed


@pytest.fixture
def counting() -> Iterator[None]:
    """Metrics that count from nothing."""
    metrics.disable()
    metrics.enable()
    yield
    metrics.disable()


@pytest.fixture(autouse=True)
def _no_traces_left() -> Iterator[None]:
    yield
    traces.disable_traces()
