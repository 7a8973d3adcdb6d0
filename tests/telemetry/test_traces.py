"""Traces: spans only where they are wanted, without secrets, and no job waits for them."""

from __future__ import annotations

import asyncio
import logging
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Any

import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode

from badapple.telemetry import logs, traces

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def spans() -> InMemorySpanExporter:
    exporter = InMemorySpanExporter()
    assert traces.enable_traces(None, exporter=exporter)
    return exporter


def test_without_an_address_there_is_nothing() -> None:
    assert not traces.enable_traces(None)
    assert not traces.enable_traces("")
    with traces.span("work"):
        assert traces.current() == ""


def test_a_span_knows_its_job_and_what_it_is_inside_of(
    spans: InMemorySpanExporter, written: Callable[[], list[dict[str, Any]]]
) -> None:
    with logs.bound(job_id="j1", stage="voice_gen"), traces.span("stage", seconds=1.5, nothing=None):
        with traces.span("vendor.call", provider="elevenlabs"):
            logging.getLogger("badapple.test").info("inside")
        trace = traces.current()
    inner, outer = spans.get_finished_spans()
    assert (inner.name, outer.name) == ("vendor.call", "stage")
    assert dict(inner.attributes or {}) == {"job_id": "j1", "stage": "voice_gen", "provider": "elevenlabs"}
    assert dict(outer.attributes or {}) == {"job_id": "j1", "stage": "voice_gen", "seconds": 1.5}
    assert inner.parent is not None
    assert inner.parent.span_id == outer.context.span_id
    assert [line["trace_id"] for line in written()] == [trace] == [f"{outer.context.trace_id:032x}"]


def test_an_error_marks_its_span_without_its_secrets(spans: InMemorySpanExporter) -> None:
    with pytest.raises(ValueError, match="sk-ant"), traces.span("work", text="key sk-ant-0123456789abcdef"):
        raise ValueError("sk-ant-0123456789abcdef is wrong")
    (found,) = spans.get_finished_spans()
    assert found.status.status_code is StatusCode.ERROR
    assert "sk-ant" not in found.to_json()
    assert dict(found.events[0].attributes or {}) == {
        "exception.type": "ValueError", "exception.message": "[secret] is wrong",
    }  # fmt: skip


def test_cancelled_work_did_not_fail(spans: InMemorySpanExporter) -> None:
    with pytest.raises(asyncio.CancelledError), traces.span("work"):
        raise asyncio.CancelledError
    (found,) = spans.get_finished_spans()
    assert found.status.status_code is StatusCode.UNSET


def test_without_the_extra_it_is_said_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    assert not traces.enable_traces("http://127.0.0.1:1")
    assert [record.getMessage() for record in caplog.records] == ["traces_not_sent"]
    with traces.span("work"):
        pass


def test_spans_reach_a_collector() -> None:
    got: list[tuple[str, bytes]] = []

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append((self.path, self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *args: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Collector) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            assert traces.enable_traces(f"http://127.0.0.1:{server.server_port}/")
            with traces.span("vendor.call", provider="replicate"):
                pass
            traces.disable_traces()
        finally:
            server.shutdown()
            thread.join()
    ((path, body),) = got
    assert path == "/v1/traces"
    assert b"vendor.call" in body
    assert b"replicate" in body


def test_a_collector_that_is_not_there_keeps_no_process_from_ending() -> None:
    code = (
        "from badapple.telemetry import traces\n"
        "traces.enable_traces('http://127.0.0.1:1')\n"
        "with traces.span('work'): pass\n"
    )
    begun = time.monotonic()
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=40)
    assert done.returncode == 0
    assert time.monotonic() - begun < 15
