"""kill -9 at every step of the journal: nothing that a vendor can be asked about is paid twice, nothing is lost."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

Trial = dict[str, Any]


@pytest.fixture(scope="module")
def trials() -> list[Trial]:
    script = Path(__file__).with_name("killing.py")
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, check=False, timeout=55)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_every_step_is_tried(trials: list[Trial]) -> None:
    killed = {(trial["what"], trial["step"]) for trial in trials if trial["ended"] == "killed"}
    steps = {"intent", "sending", "sent", "submitted", "goods", "collected"}
    assert {step for what, step in killed if what == "clip"} == steps
    assert {"found", "not found"} <= {step for what, step in killed if what == "clip that shows late"}
    assert {step for what, step in killed if what == "script"} == steps - {"submitted"}
    assert len(killed) >= 25


def test_what_can_be_looked_up_is_charged_once(trials: list[Trial]) -> None:
    for trial in trials:
        if trial["what"] in {"clip", "clip whose reply is lost", "clip that shows late", "voice"}:
            assert (trial["after"], trial["charges"]) == ("bought", 1), trial
            assert [row[0] for row in trial["rows"]] == ["collected"], trial
            assert trial["rows"][0][2:] == [0, 0], trial


def test_what_cannot_be_looked_up_is_repeated_once_at_most_and_booked(trials: list[Trial]) -> None:
    for trial in (trial for trial in trials if trial["what"] == "script"):
        ((state, settled, possibly, reserved),) = trial["rows"]
        assert (trial["after"], state, settled, reserved) == ("bought", "collected", 700, 0), trial
        assert trial["charges"] - 1 <= possibly / 700 <= 1, trial


def test_what_is_dear_and_cannot_be_looked_up_stops_as_unknown(trials: list[Trial]) -> None:
    for trial in (trial for trial in trials if trial["what"] == "dear script"):
        ((state, settled, possibly, _),) = trial["rows"]
        assert trial["charges"] <= 1, trial
        if trial["after"] == "unknown":
            assert (state, possibly) == ("unknown", 50_000), trial
        else:
            assert (state, settled, trial["charges"]) == ("collected", 50_000, 1), trial
    assert {trial["step"] for trial in trials if trial["after"] == "unknown"} == {"sending", "sent", "goods"}
