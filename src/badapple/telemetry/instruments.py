"""The instruments of Prometheus behind `metrics`, in a registry of their own."""

from __future__ import annotations

from importlib.metadata import version
from typing import get_args

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Info,
    ProcessCollector,
    disable_created_metrics,
)
from prometheus_client.exposition import choose_encoder

from badapple.telemetry.metrics import ErrorType
from badapple.telemetry.standing import StandingCollector

__all__ = ["Instruments"]

_PIPELINE = (5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 300, 600, 1200, 1800, 3600, 7200)
_STAGE = (0.5, 1, 2, 5, 10, 15, 20, 30, 60, 120, 300, 600, 1800, 3600)
_CALL = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120, 300)
_ENDINGS = ("completed", "failed", "cancelled")
_DELIVERIES = ("delivered", "retried", "failed")
_LONGEST = 100  #: characters of a job's id in an exemplar, which may have 128 in all


class Instruments:
    """All of them; each is used by the function of `metrics` that says what it is for."""

    def __init__(self) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # when a counter began is of no use here
        here = self._registry = CollectorRegistry()
        self.last_pipeline = Gauge(
            "pipeline_duration_seconds", "Seconds of the last video that was completed", registry=here
        )
        self.last_stage = Gauge("stage_duration_seconds", "Seconds of the stage's last run", ["stage"], registry=here)
        self.errors = Counter(
            "pipeline_errors_total", "Pipelines that failed, by the part that did", ["error_type"], registry=here
        )
        self.pipelines = Histogram(
            "badapple_pipeline_duration_seconds", "Seconds of completed videos", buckets=_PIPELINE, registry=here
        )
        self.stages = Histogram(
            "badapple_stage_duration_seconds", "Seconds of stages", ["stage"], buckets=_STAGE, registry=here
        )
        self.jobs = Counter("badapple_jobs_total", "Jobs that ended in this process", ["status"], registry=here)
        self.calls = Counter(
            "badapple_provider_calls_total", "Calls of vendors, tries included", ["provider", "outcome"], registry=here
        )
        self.call_seconds = Histogram(
            "badapple_provider_call_seconds", "Seconds of calls that buy", ["provider"], buckets=_CALL, registry=here
        )
        self.cost = Counter("badapple_cost_dollars_total", "Dollars that vendors charged", ["provider"], registry=here)
        self.timeouts = _counter("badapple_job_timeouts_total", "Jobs that worked for longer than they may", here)
        self.recovered = _counter("badapple_jobs_recovered_total", "Jobs taken over from a dead worker", here)
        self.poison = _counter("badapple_poison_jobs_total", "Jobs set aside as workers died over them", here)
        self.out_of_memory = _counter("badapple_ffmpeg_out_of_memory_total", "ffmpeg ended for lack of memory", here)
        self.publish_failures = _counter("badapple_publish_failures_total", "Progress messages not published", here)
        self.deliveries = Counter(
            "badapple_webhook_deliveries_total", "Tries to deliver to webhooks, by outcome", ["outcome"], registry=here
        )
        self.deliveries_waiting = Gauge(
            "badapple_webhook_deliveries_waiting", "Messages to webhooks not yet taken", registry=here
        )
        self.delivery_oldest = Gauge(
            "badapple_webhook_oldest_seconds", "How long the oldest message to a webhook waits", registry=here
        )
        self.lines_dropped = _counter("badapple_log_lines_dropped_total", "Log lines that were not written", here)
        self.standing = StandingCollector()
        here.register(self.standing)
        Info("badapple_build", "The version that runs", registry=here).info({"version": version("badapple")})
        ProcessCollector(registry=here)
        for status in _ENDINGS:  # a rate needs the zero before the first
            self.jobs.labels(status)
        for outcome in _DELIVERIES:
            self.deliveries.labels(outcome)
        for kind in get_args(ErrorType):
            self.errors.labels(kind)

    def exposition(self, accept: str) -> tuple[bytes, str]:
        """Return the text and its content type."""
        encode, kind = choose_encoder(accept)
        return encode(self._registry), kind

    @staticmethod
    def exemplar(job_id: str) -> dict[str, str]:
        """Return what leads from a bucket to a job; empty where the id is too long for that."""
        return {"job_id": job_id} if 0 < len(job_id) <= _LONGEST else {}


def _counter(name: str, text: str, registry: CollectorRegistry) -> Counter:
    return Counter(name, text, registry=registry)
