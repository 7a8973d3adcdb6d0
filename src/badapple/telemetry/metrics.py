"""Metrics: what the rooms count and time. Every function does nothing until `enable` was called."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Literal

from badapple.errors import OutcomeUnknownError, PermanentProviderError, ProviderError, TransientProviderError

if TYPE_CHECKING:
    from collections.abc import Callable

    from badapple.telemetry.instruments import Instruments
    from badapple.telemetry.standing import Standing

__all__ = [
    "ErrorType",
    "Outcome",
    "call_ended",
    "charged",
    "deliveries_wait",
    "delivery_ended",
    "disable",
    "enable",
    "enabled",
    "exposition",
    "ffmpeg_out_of_memory",
    "job_recovered",
    "job_timed_out",
    "line_dropped",
    "outcome_of",
    "pipeline_ended",
    "poison_job",
    "publish_failed",
    "stage_ended",
    "watch",
]

#: Which part of the pipeline failed.
ErrorType = Literal["script_generation", "asset_generation", "video_composition"]
#: How a call of a vendor ended.
Outcome = Literal["ok", "rate_limit", "timeout", "transient", "permanent", "unknown", "cancelled", "error"]

_on: Instruments | None = None


def enable() -> None:
    """Begin to count.

    Raises:
        ImportError: the extra `serve` is not installed.
    """
    global _on  # noqa: PLW0603 - whether this process counts is a fact of the whole process
    from badapple.telemetry.instruments import Instruments  # noqa: PLC0415 - loads prometheus_client

    if _on is None:
        _on = Instruments()


def disable() -> None:
    """Stop counting, and forget all counts."""
    global _on  # noqa: PLW0603 - as above
    _on = None


def enabled() -> bool:
    """Say whether this process counts."""
    return _on is not None


def watch(read: Callable[[], Standing]) -> None:
    """Show what the database says on every scrape, at most 5 s old; takes the place of the last `read`.

    Args:
        read: asks the database; called in a thread of its own, and never twice at once.
    """
    if _on is not None:
        _on.standing.read = read


def exposition(accept: str = "") -> tuple[bytes, str]:
    """Return all metrics as text, and its content type; empty before `enable`.

    Blocks for up to 50 ms while the database is asked.

    Args:
        accept: what the client takes; OpenMetrics is given where it asks for that, and only that holds exemplars.
    """
    return _on.exposition(accept) if _on is not None else (b"", "text/plain; charset=utf-8")


def pipeline_ended(job_id: str, status: str, seconds: float, error_type: ErrorType | None = None) -> None:
    """Count a run of the pipeline that ended.

    Args:
        job_id: shown as an exemplar only.
        status: `completed`, `failed` or `cancelled`.
        seconds: how long it took; times of runs that did not complete are not shown.
        error_type: the part that failed, or None.
    """
    if _on is None:
        return
    _on.jobs.labels(status).inc()
    if status == "completed":
        _on.last_pipeline.set(seconds)
        _on.pipelines.observe(seconds, _on.exemplar(job_id))
    if error_type is not None:
        _on.errors.labels(error_type).inc()


def stage_ended(job_id: str, stage: str, seconds: float) -> None:
    """Time a stage that completed."""
    if _on is not None:
        _on.last_stage.labels(stage).set(seconds)
        _on.stages.labels(stage).observe(seconds, _on.exemplar(job_id))


def call_ended(provider: str, outcome: Outcome, seconds: float, *, paid: bool = True) -> None:
    """Count a call of a vendor; time it where it was to buy something."""
    if _on is not None:
        _on.calls.labels(provider, outcome).inc()
        if paid:
            _on.call_seconds.labels(provider).observe(seconds)


def outcome_of(error: BaseException | None) -> Outcome:
    """Return how a call ended, by the error it raised or None."""
    if error is None:
        return "ok"
    if isinstance(error, asyncio.CancelledError):
        return "cancelled"
    if isinstance(error, ProviderError) and error.reason == "timeout":
        return "timeout"
    if isinstance(error, OutcomeUnknownError):
        return "unknown"
    if isinstance(error, TransientProviderError):
        return "rate_limit" if error.reason == "rate_limit" else "transient"
    return "permanent" if isinstance(error, PermanentProviderError) else "error"


def charged(provider: str, micro_dollars: int) -> None:
    """Count what a vendor charged."""
    if _on is not None:
        _on.cost.labels(provider).inc(micro_dollars / 1_000_000)


def job_timed_out() -> None:
    """Count a job that worked for longer than it may."""
    if _on is not None:
        _on.timeouts.inc()


def job_recovered() -> None:
    """Count a job that another worker went on with."""
    if _on is not None:
        _on.recovered.inc()


def poison_job() -> None:
    """Count a job that was set aside because worker after worker died over it."""
    if _on is not None:
        _on.poison.inc()


def ffmpeg_out_of_memory() -> None:
    """Count an ffmpeg that the system ended because there was no memory left."""
    if _on is not None:
        _on.out_of_memory.inc()


def delivery_ended(outcome: str) -> None:
    """Count a try to deliver a message to a webhook: `delivered`, `retried` later, or `failed` for good."""
    if _on is not None:
        _on.deliveries.labels(outcome).inc()


def deliveries_wait(count: int, oldest: float) -> None:
    """Show how many messages to webhooks wait, and for how many seconds the oldest does."""
    if _on is not None:
        _on.deliveries_waiting.set(count)
        _on.delivery_oldest.set(oldest)


def publish_failed() -> None:
    """Count a progress message that could not be published; its row is there."""
    if _on is not None:
        _on.publish_failures.inc()


def line_dropped() -> None:
    """Count a log line that could not be written."""
    if _on is not None:
        _on.lines_dropped.inc()
