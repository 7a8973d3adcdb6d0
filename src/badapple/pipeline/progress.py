"""What watchers of a job see: events as rows first, then as messages."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from badapple.errors import JobTakenOverError
from badapple.models import ProgressEvent, StageName, StageStatus, stamp
from badapple.pipeline.bell import CHANNEL, bell_for
from badapple.process import Aside
from badapple.telemetry import metrics
from badapple.telemetry.context import bound
from badapple.telemetry.traces import span

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator, Sequence

    from badapple.pipeline.part_rows import PartNews
    from badapple.pipeline.stages import Begun, JobRows
    from badapple.process import P, T

__all__ = ["CHANNEL", "Progress"]

#: Where each phase ends on the job's scale; the assets share theirs by the time they usually take.
_PHASES = {StageName.SCRIPT_GEN: (0, 25), StageName.COMPOSITING: (75, 100)}
_ASSETS = (25, 75)
_SHARES = {StageName.VOICE_GEN: 0.1, StageName.CTA_GEN: 0.1, StageName.VIDEO_GEN: 0.8}

_log = logging.getLogger("badapple.pipeline")


class Progress:
    """Counts finished parts, writes rows, tells watchers.

    Args:
        job_id: the job.
        rows: where events and stages are written.
        redis_client: anything with `publish`, synchronous or not, or None.
        on_progress: called with each event, or None.
        threaded: keep database work off the event loop.
    """

    def __init__(
        self,
        job_id: str,
        rows: JobRows,
        *,
        redis_client: Any = None,
        on_progress: Callable[[ProgressEvent], None] | None = None,
        threaded: bool = True,
    ) -> None:
        self._job_id = job_id
        self._rows = rows
        self._bell = bell_for(redis_client)
        self._on_progress = on_progress
        self._call = Aside(threaded)
        self._lock = asyncio.Lock()
        self._silent = False
        self._percent = 0
        self._began = time.monotonic()
        self._worked = 0.0
        self._parts: dict[StageName, set[str]] = {name: set() for name in StageName}
        self._totals: dict[StageName, int] = dict.fromkeys(StageName, 1)
        self._begun: set[StageName] = set()
        self._ended: set[StageName] = set()
        self._news: list[PartNews] = []  # written with the next event
        self.expected: float | None = None  #: seconds the whole job probably takes
        self.failed: str | None = None  #: the stage that failed first
        self.lost = False  #: another run works on the job, or a person ended it: this one writes nothing more
        self.seconds: dict[str, float] = {}  #: stage -> wall seconds

    def go_on(self, begun: Begun) -> None:
        """Go on where an earlier run of the same attempt stopped."""
        self._percent, self._worked, self._began = begun.percent, begun.worked, time.monotonic()

    @property
    def worked(self) -> float:
        """Seconds of work in this attempt, earlier runs included."""
        return self._worked + time.monotonic() - self._began

    @contextlib.asynccontextmanager
    async def stage(self, stage: StageName, message: str, *, done: str, parts: int = 1) -> AsyncIterator[None]:
        """Write a stage's row around the work on its parts, and remember which stage failed first."""
        begun = time.monotonic()
        self._begun.add(stage)
        self._totals[stage] = parts
        with bound(stage=stage.value):
            await self._write(self._rows.stage, stage, StageStatus.PROCESSING, progress=0)
            await self._tell(stage, message)
            _log.info("stage_started")
            try:
                with span(f"stage.{stage.value}", job_id=self._job_id):
                    yield
            except Exception as error:
                await self.fail(stage, error)
                raise
            self._ended.add(stage)
            seconds = self.seconds[stage.value] = round(time.monotonic() - begun, 2)
            await self._write(self._rows.stage, stage, StageStatus.COMPLETED, progress=100)
            await self._tell(stage, done)
            _log.info("stage_completed", extra={"seconds": seconds})
            metrics.stage_ended(self._job_id, stage.value, seconds)

    async def part(self, stage: StageName, label: str, state: str, *, news: PartNews | None = None) -> None:
        """Tell that a part was `started`, is `done`, or was found finished (`reused`).

        Args:
            stage: it belongs to.
            label: names it.
            state: as above.
            news: the same for its row, or None.
        """
        if state != "started":
            self._parts[stage].add(label)
        if news is not None:
            self._news.append(news)
        verb = {"started": "Making", "done": "Finished", "reused": "Found"}[state]
        await self._tell(stage, f"{verb} {label}", part=label, part_state=state)

    def part_failed(self, news: PartNews) -> None:
        """Remember that a part failed: whatever is told of that next writes it down."""
        self._news.append(news)

    @contextlib.contextmanager
    def silent(self) -> Iterator[None]:
        """Tell nobody of what happens inside the block: it is no part of the job."""
        self._silent = True
        try:
            yield
        finally:
            self._silent = False

    async def note(self, stage: StageName, message: str) -> None:
        """Tell something that is no part's progress."""
        await self._tell(stage, message)

    async def fail(self, stage: StageName, error: Exception) -> None:
        """Write down that a stage failed."""
        self._ended.add(stage)
        self.failed = self.failed or stage.value
        share = self._parts_percent(stage)
        _log.error("stage_failed", extra={"stage": stage.value, "error": str(error)})
        write, told = self._rows.stage, self._take_news()
        await self._write(write, stage, StageStatus.FAILED, progress=share, error=str(error), parts=told)

    @property
    def under_way(self) -> list[StageName]:
        """Stages that have begun and not ended."""
        return [stage for stage in StageName if stage in self._begun - self._ended]

    async def rest(self) -> None:
        """Put stages that were stopped half-way back to pending."""
        for stage in self.under_way:
            await self._write(self._rows.stage, stage, StageStatus.PENDING, progress=0)

    async def wait(self, message: str, write: Callable[[ProgressEvent], int]) -> None:
        """Send the event after which nothing goes on until a person says so.

        Args:
            message: a sentence for people.
            write: writes the event and that the job waits, and returns the event's `seq`.
        """
        self._percent = max(self._percent, self._overall())
        await self._send(ProgressEvent(**self._frame(StageName.SCRIPT_GEN.value, message)), write=write)

    async def end(self, word: str, message: str, write: Callable[[ProgressEvent], int] | None = None) -> None:
        """Send the last event: `completed`, `cancelled` or `error`.

        Args:
            word: which.
            message: a sentence for people.
            write: writes the event and how the job ended, and returns the event's `seq`; None writes the event alone.
        """
        if word == "completed":
            self._percent = 100
        event = ProgressEvent(**self._frame(word, message), stage_progress=100 if word == "completed" else 0)
        await self._send(event, write=write)

    def _stage_percent(self, stage: StageName) -> int:
        return 100 if stage in self._ended else self._parts_percent(stage)

    def _parts_percent(self, stage: StageName) -> int:
        return min(99, round(100 * len(self._parts[stage]) / self._totals[stage]))

    def _overall(self) -> int:
        if StageName.COMPOSITING in self._begun:
            low, high = _PHASES[StageName.COMPOSITING]
            share = self._stage_percent(StageName.COMPOSITING) / 100
        elif self._begun & set(_SHARES):
            low, high = _ASSETS
            share = sum(weight * self._stage_percent(stage) / 100 for stage, weight in _SHARES.items())
        else:
            low, high = _PHASES[StageName.SCRIPT_GEN]
            share = self._stage_percent(StageName.SCRIPT_GEN) / 100
        return int(low + (high - low) * share)

    async def _tell(self, stage: StageName, message: str, *, part: str = "", part_state: str = "") -> None:
        self._percent = max(self._percent, self._overall())
        frame = self._frame(stage.value, message)
        await self._send(
            ProgressEvent(**frame, part=part, part_state=part_state, stage_progress=self._stage_percent(stage))
        )

    def _frame(self, stage: str, message: str) -> dict[str, Any]:
        return {
            "job_id": self._job_id,
            "stage": stage,
            "progress": self._percent,
            "message": message,
            "timestamp": stamp(),
            "seq": 0,
            "expected": self.expected,
        }

    async def _write(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return await self._call(work, *args, **kwargs)
        except JobTakenOverError:
            self.lost = True
            raise asyncio.CancelledError from None  # whatever this run does is no longer wanted

    def _row(self, event: ProgressEvent, *, parts: Sequence[PartNews]) -> int:
        made = sum(len(parts) for parts in self._parts.values())
        return self._rows.event(event, made=made, worked=round(self.worked, 3), parts=parts)

    def _take_news(self) -> tuple[PartNews, ...]:
        news, self._news = tuple(self._news), []
        return news

    async def _send(self, event: ProgressEvent, *, write: Callable[[ProgressEvent], int] | None = None) -> None:
        if self._silent:
            self._news = []
            return
        async with self._lock:  # two parts that end together must be seen in the order of their `seq`
            if write is not None:
                seq = await self._write(write, event)
            else:
                seq = await self._write(self._row, event, parts=self._take_news())
            event = replace(event, seq=seq)
            await self._publish(event)
        if self._on_progress is not None:
            self._on_progress(event)

    async def _publish(self, event: ProgressEvent) -> None:
        if self._bell is not None:
            await self._bell.tell(self._job_id, json.dumps(event.to_message(), ensure_ascii=False))
