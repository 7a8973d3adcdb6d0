"""Calls of vendors: counted, timed, in a span, and named on every line."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from badapple.errors import TransientProviderError
from badapple.providers.line import Line
from badapple.telemetry import metrics, traces

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.usefixtures("counting")


class Vendor:
    """Is busy once, then answers."""

    def __init__(self) -> None:
        self.calls = 0

    async def send(self) -> str:
        self.calls += 1
        logging.getLogger("badapple.test").info("sending")
        if self.calls == 1:
            raise TransientProviderError("busy", provider="acme", reason="rate_limit")
        return "done"


async def _no_wait(_seconds: float) -> None:
    pass


async def test_each_try_of_a_call_is_told(written: Callable[[], list[dict[str, Any]]]) -> None:
    spans = InMemorySpanExporter()
    traces.enable_traces(None, exporter=spans)
    line = Line("acme", sleep=_no_wait)
    assert await line.call(Vendor().send) == "done"
    assert await line.ask(Vendor().send) == "done"
    text = metrics.exposition()[0].decode()
    for expected in (
        'badapple_provider_calls_total{outcome="rate_limit",provider="acme"} 2.0',
        'badapple_provider_calls_total{outcome="ok",provider="acme"} 2.0',
        'badapple_provider_call_seconds_count{provider="acme"} 2.0',  # asking is not timed
    ):
        assert expected in text
    assert [span.name for span in spans.get_finished_spans()] == ["vendor.call"] * 2 + ["vendor.ask"] * 2
    assert all(dict(span.attributes or {}) == {"provider": "acme"} for span in spans.get_finished_spans())
    assert [(found["event"], found["provider"]) for found in written()] == [
        (event, "acme") for event in ("sending", "vendor_call_retried", "sending") * 2
    ]
