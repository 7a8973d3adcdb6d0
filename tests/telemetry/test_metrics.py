"""Metrics: the promised names, no unbounded label, and a scrape that nothing holds up."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, get_args

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_plain

from badapple.errors import OutcomeUnknownError, PermanentProviderError, TransientProviderError
from badapple.telemetry import metrics

if TYPE_CHECKING:
    from collections.abc import Callable

    from prometheus_client.metrics_core import Metric

    from badapple.telemetry.standing import Standing

OPENMETRICS = "application/openmetrics-text; version=1.0.0"
NOW: Standing = {
    "jobs": {"pending": 2, "processing": 1},
    "queue_oldest_seconds": {"stories": 12.5},
    "queue_depth": {"stories": 2, "ffmpeg": 0},
    "workers_alive": 3,
    "calls_unknown": 1,
}
pytestmark = pytest.mark.usefixtures("counting")


def samples() -> dict[str, float]:
    """Return `name{label=value}` -> value, as the plain text gives them."""
    text, _ = metrics.exposition()
    found = {}
    for family in parse_plain(text.decode()):
        for name, labels, number, *_ in family.samples:
            shown = ",".join(f"{key}={value}" for key, value in sorted(labels.items()))
            found[f"{name}{{{shown}}}" if labels else name] = number
    return found


def openmetrics() -> dict[str, Metric]:
    text, kind = metrics.exposition(OPENMETRICS)
    assert kind.startswith("application/openmetrics-text")
    families = parse_openmetrics(text.decode())  # type: ignore[no-untyped-call]  # it has no types
    return {family.name: family for family in families}


def everything() -> None:
    metrics.watch(lambda: NOW)
    metrics.pipeline_ended("job-1", "completed", 21.0)
    metrics.pipeline_ended("job-2", "failed", 3.0, "asset_generation")
    metrics.stage_ended("job-1", "voice_gen", 4.0)
    metrics.call_ended("anthropic", "ok", 2.0)
    metrics.charged("anthropic", 12_345)
    metrics.job_timed_out()
    metrics.job_recovered()
    metrics.poison_job()
    metrics.ffmpeg_out_of_memory()
    metrics.publish_failed()
    metrics.line_dropped()


def test_nothing_is_loaded_or_counted_before_it_is_switched_on() -> None:
    code = (
        "import sys; from badapple.telemetry import metrics, traces, calls\n"
        "metrics.pipeline_ended('j', 'completed', 1.0); metrics.watch(dict); metrics.charged('x', 1)\n"
        "with calls.vendor_call('x', paid=True): pass\n"
        "print(metrics.enabled(), metrics.exposition()[0], {'prometheus_client', 'opentelemetry'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False b'' set()\n"


def test_every_promised_name_is_there_with_its_value() -> None:
    everything()
    found = samples()
    expected = {
        "pipeline_duration_seconds": 21.0,
        "stage_duration_seconds{stage=voice_gen}": 4.0,
        "pipeline_errors_total{error_type=asset_generation}": 1.0,
        "pipeline_errors_total{error_type=script_generation}": 0.0,
        "badapple_pipeline_duration_seconds_sum": 21.0,
        "badapple_pipeline_duration_seconds_bucket{le=20.0}": 0.0,
        "badapple_pipeline_duration_seconds_bucket{le=30.0}": 1.0,
        "badapple_stage_duration_seconds_count{stage=voice_gen}": 1.0,
        "badapple_jobs_total{status=completed}": 1.0,
        "badapple_jobs_total{status=failed}": 1.0,
        "badapple_jobs_total{status=cancelled}": 0.0,
        "badapple_provider_calls_total{outcome=ok,provider=anthropic}": 1.0,
        "badapple_provider_call_seconds_sum{provider=anthropic}": 2.0,
        "badapple_cost_dollars_total{provider=anthropic}": 0.012345,
        "badapple_jobs_now{status=pending}": 2.0,
        "badapple_queue_oldest_seconds{queue=stories}": 12.5,
        "badapple_queue_depth{queue=stories}": 2.0,
        "badapple_workers_alive": 3.0,
        "badapple_calls_unknown": 1.0,
        **{
            f"badapple_{name}_total": 1.0
            for name in (
                "job_timeouts", "jobs_recovered", "poison_jobs", "ffmpeg_out_of_memory", "publish_failures",
                "log_lines_dropped",
            )
        },
    }  # fmt: skip
    assert {name: found.get(name) for name in expected} == expected
    assert any(name.startswith("badapple_build_info{version=") for name in found)
    assert found["process_resident_memory_bytes"] > 1e6


def test_every_error_type_begins_at_zero() -> None:
    found = samples()
    assert [found[f"pipeline_errors_total{{error_type={kind}}}"] for kind in get_args(metrics.ErrorType)] == [0, 0, 0]


def test_jobs_are_exemplars_and_never_labels() -> None:
    everything()
    found = openmetrics()  # a strict reader: two families of one name would fail here
    for name in ("badapple_pipeline_duration_seconds", "badapple_stage_duration_seconds"):
        assert [s.exemplar.labels for s in found[name].samples if s.exemplar] == [{"job_id": "job-1"}]
    assert b"job-1" not in metrics.exposition()[0]
    assert {key for family in found.values() for sample in family.samples for key in sample.labels} == {
        "stage", "error_type", "le", "status", "provider", "outcome", "queue", "version",
    }  # fmt: skip


def test_a_long_id_is_no_exemplar_and_no_error() -> None:
    metrics.pipeline_ended("x" * 500, "completed", 1.0)
    metrics.pipeline_ended("", "completed", 1.0)
    assert samples()["badapple_jobs_total{status=completed}"] == 2
    assert not any(sample.exemplar for sample in openmetrics()["badapple_pipeline_duration_seconds"].samples)


def test_only_completed_runs_are_timed() -> None:
    metrics.pipeline_ended("j", "cancelled", 500.0)
    found = samples()
    assert found["badapple_pipeline_duration_seconds_count"] == 0
    assert found["pipeline_duration_seconds"] == 0


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (None, "ok"),
        (TransientProviderError("x", provider="v", reason="rate_limit"), "rate_limit"),
        (TransientProviderError("x", provider="v", reason="server"), "transient"),
        (PermanentProviderError("x", provider="v"), "permanent"),
        (OutcomeUnknownError("x", provider="v"), "unknown"),
        (OutcomeUnknownError("x", provider="v", reason="timeout"), "timeout"),
        (asyncio.CancelledError(), "cancelled"),
        (ValueError("x"), "error"),
    ],
)
def test_outcomes(error: BaseException | None, outcome: str) -> None:
    assert metrics.outcome_of(error) == outcome


def test_the_database_is_asked_once_for_scrapes_close_together() -> None:
    asked = []

    def read() -> Standing:
        asked.append(1)
        return NOW

    metrics.watch(read)
    for _ in range(3):
        assert samples()["badapple_workers_alive"] == 3
    assert len(asked) == 1


def test_a_database_that_hangs_holds_no_scrape_up_and_is_not_asked_again() -> None:
    asked, free = [], threading.Event()

    def read() -> Standing:
        asked.append(1)
        free.wait(20)
        return NOW

    metrics.watch(read)
    metrics.job_timed_out()
    for _ in range(3):
        begun = time.monotonic()
        found = samples()
        assert time.monotonic() - begun < 1
        assert found["badapple_job_timeouts_total"] == 1
        assert "badapple_workers_alive" not in found
    assert len(asked) == 1
    free.set()
    until(lambda: "badapple_workers_alive" in samples())
    assert len(asked) == 1


def test_a_database_that_fails_leaves_the_rest(caplog: pytest.LogCaptureFixture) -> None:
    answers: list[Standing] = []
    metrics.watch(lambda: answers[0])
    for _ in range(3):
        assert "badapple_workers_alive" not in samples()
    until(lambda: len(caplog.records) > 0)
    assert [record.getMessage() for record in caplog.records] == ["standing_not_read"]
    answers.append({"workers_alive": 0})
    until(lambda: samples().get("badapple_workers_alive") == 0)
    assert "badapple_queue_depth" not in samples()


def until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.01)
