"""Traces: a span around each stage and each call of a vendor, sent by OTLP where that is wanted."""

from __future__ import annotations

import contextlib
import logging
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from badapple.secrets import scrub
from badapple.telemetry.context import keys

if TYPE_CHECKING:
    from collections.abc import Iterator

    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SpanExporter
    from opentelemetry.trace import Span, Tracer

__all__ = ["current", "disable_traces", "enable_traces", "span"]

_log = logging.getLogger("badapple.telemetry")
_provider: TracerProvider | None = None
_tracer: Tracer | None = None


def enable_traces(endpoint: str | None, *, exporter: SpanExporter | None = None) -> bool:
    """Begin to send spans; say whether that is so.

    Nothing happens without an address, and without the extra `otel` a warning is logged. Spans go out in the
    background; a collector that does not answer costs spans, never a job.

    Args:
        endpoint: where a collector takes OTLP over HTTP, as `OTEL_EXPORTER_OTLP_ENDPOINT` gives it, or None.
        exporter: takes the spans at once in place of a collector.
    """
    global _provider, _tracer  # noqa: PLW0603 - whether this process sends spans is a fact of the whole process
    if not endpoint and exporter is None:
        return False
    try:
        _provider = _started(endpoint or "", exporter)
    except ImportError as error:
        _log.warning("traces_not_sent", extra={"reason": str(error), "hint": "pip install 'badapple[otel]'"})
        return False
    _tracer = _provider.get_tracer("badapple", version("badapple"))
    return True


def disable_traces() -> None:
    """Send what is still waiting, and no more."""
    global _provider, _tracer
    provider, _provider, _tracer = _provider, None, None
    if provider is not None:
        provider.shutdown()


@contextlib.contextmanager
def span(name: str, **attributes: str | float | bool | None) -> Iterator[None]:
    """Enclose work in a span with these attributes and the bound `job_id`, `stage` and `provider`.

    An error inside marks it as failed, with the error's scrubbed message. Without `enable_traces` nothing happens.
    """
    if _tracer is None:
        yield
        return
    found: dict[str, Any] = {**keys(), **attributes}
    clean = {
        name: value if isinstance(value, bool | int | float) else scrub(str(value))
        for name, value in found.items()
        if value is not None
    }
    with _tracer.start_as_current_span(
        name, attributes=clean, record_exception=False, set_status_on_exception=False
    ) as begun:
        try:
            yield
        except BaseException as error:
            _failed(begun, error)
            raise


def current() -> str:
    """Return the id of the trace that this code runs in, 32 hex digits; empty where there is none."""
    if _tracer is None:
        return ""
    from opentelemetry import trace  # noqa: PLC0415 - loaded where traces are sent

    context = trace.get_current_span().get_span_context()
    return f"{context.trace_id:032x}" if context.is_valid else ""


def _failed(begun: Span, error: BaseException) -> None:
    from opentelemetry.trace import Status, StatusCode  # noqa: PLC0415 - loaded where traces are sent

    said = scrub(str(error))
    begun.add_event("exception", {"exception.type": type(error).__qualname__, "exception.message": said})
    if isinstance(error, Exception):  # a cancelled call did not fail
        begun.set_status(Status(StatusCode.ERROR, type(error).__name__))


def _started(endpoint: str, exporter: SpanExporter | None) -> TracerProvider:
    from opentelemetry.sdk.resources import Resource  # noqa: PLC0415 - comes with the extra
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415 - comes with the extra
    from opentelemetry.sdk.trace.export import BatchSpanProcessor, SimpleSpanProcessor  # noqa: PLC0415 - the same

    provider = TracerProvider(
        resource=Resource.create({"service.name": "badapple", "service.version": version("badapple")})
    )
    if exporter is not None:
        provider.add_span_processor(SimpleSpanProcessor(exporter))
        return provider
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415 - the same

    address = endpoint.rstrip("/")
    address = address if address.endswith("/v1/traces") else f"{address}/v1/traces"
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=address, timeout=5)))
    return provider
