"""The state of a job as its events tell it, for the live display."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from badapple.models import StageName

if TYPE_CHECKING:
    from badapple.models import ProgressEvent


@dataclass(slots=True)
class Lane:
    """One stage: `pending`, `processing`, `completed`, `failed` or `stopped`, and its parts in order of appearance."""

    state: str = "pending"
    percent: int = 0
    began: float = 0.0
    ended: float = 0.0
    parts: dict[str, str] = field(default_factory=dict)

    def seconds(self, now: float) -> float:
        """Return how long it has been or was at work."""
        if self.state == "pending":
            return 0.0
        return (now if self.state == "processing" else self.ended) - self.began


@dataclass(slots=True)
class Board:
    """All stages of one job; times are seconds since it began."""

    lanes: dict[str, Lane] = field(default_factory=lambda: {name.value: Lane() for name in StageName})
    progress: int = 0
    message: str = ""
    expected: float | None = None

    def take(self, event: ProgressEvent, *, now: float) -> None:
        """Take in one event."""
        self.progress = max(self.progress, event.progress)
        self.message = event.message
        self.expected = event.expected if event.expected is not None else self.expected
        if event.stage in self.lanes:
            _advance(self.lanes[event.stage], event, now=now)
        elif event.stage == "completed":
            self._end("completed", now=now)
        else:
            self._end("failed" if event.stage == "error" else "stopped", now=now)

    def _end(self, state: str, *, now: float) -> None:
        for lane in self.lanes.values():
            if lane.state == "processing" or (state == "completed" and lane.state == "pending"):
                lane.began = lane.began if lane.state == "processing" else now
                lane.state, lane.ended = state, now


def _advance(lane: Lane, event: ProgressEvent, *, now: float) -> None:
    if lane.state == "pending":
        lane.state, lane.began = "processing", now
    if event.part:
        lane.parts[event.part] = event.part_state
    lane.percent = max(lane.percent, event.stage_progress)
    if lane.percent >= 100 and lane.state == "processing":
        lane.state, lane.ended = "completed", now
