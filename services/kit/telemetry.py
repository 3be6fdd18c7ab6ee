"""Structured logs and OpenTelemetry spans, both tied to the request id; next to no cost when a request is
not sampled.
"""

import logging
import re
import secrets
import sys
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from contextvars import Context, ContextVar
from typing import Any

import structlog
from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import (
    BatchSpanProcessor,
    SimpleSpanProcessor,
    SpanExporter,
    SpanExportResult,
)
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from structlog.tracebacks import ExceptionDictTransformer
from structlog.typing import Processor

from services.kit.settings import Settings

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)
_sampled: ContextVar[bool] = ContextVar("sampled", default=False)
_always = False
_propagator = TraceContextTextMapPropagator()
_REQUEST_ID = re.compile(r"[A-Za-z0-9_-]{8,64}")
_TRACEPARENT = re.compile(r"00-[0-9a-f]{32}-[0-9a-f]{16}-([0-9a-f]{2})")

log = structlog.stdlib.get_logger("monoql")


def configure(
    settings: Settings, process: str, take: Callable[[Mapping[str, Any]], None] | None = None
) -> None:
    """Sets up logs (JSON lines on stderr, and handed to `take`) and tracing for this process. Call once."""
    global _always
    level = getattr(logging, settings.log_level.upper())
    logging.basicConfig(level=max(level, logging.WARNING), stream=sys.stderr, format="%(message)s")
    processors: list[Processor] = [
        _add_ids,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        # No local variables: they hold tokens and personal data.
        structlog.processors.ExceptionRenderer(ExceptionDictTransformer(show_locals=False)),
    ]
    if take is not None:
        processors.append(_taken_by(take))
    structlog.configure(
        processors=[*processors, structlog.processors.JSONRenderer()],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    structlog.contextvars.bind_contextvars(process=process)
    provider = TracerProvider(resource=Resource.create({"service.name": f"monoql-{process}"}))
    if settings.otel_exporter_otlp_endpoint:
        # Imported here: most processes have no collector, and it takes a third of a second.
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

        _always = True
        url = settings.otel_exporter_otlp_endpoint.rstrip("/") + "/v1/traces"
        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=url)))
    else:
        provider.add_span_processor(SimpleSpanProcessor(LogExporter(process)))
    trace.set_tracer_provider(provider)


def begin_request(headers: Mapping[bytes, bytes]) -> str:
    """Binds the caller's request id (or a new one) and trace context to this task; returns the request id."""
    given = headers.get(b"x-request-id", b"").decode("latin-1")
    rid = given if _REQUEST_ID.fullmatch(given) else secrets.token_hex(8)
    request_id.set(rid)
    parent = headers.get(b"traceparent", b"").decode("latin-1")
    match = _TRACEPARENT.fullmatch(parent)
    # The router decides for whoever it calls; without it, by whether there is a collector.
    _sampled.set(bool(int(match[1], 16) & 1) if match else _always)
    return rid


@contextmanager
def request_span(name: str, headers: Mapping[bytes, bytes]) -> Iterator[None]:
    """A server span under the caller's trace, when this request is sampled."""
    if not _sampled.get():
        yield
        return
    carrier = {"traceparent": headers.get(b"traceparent", b"").decode("latin-1")}
    parent = _propagator.extract(carrier)
    with _tracer().start_as_current_span(name, context=parent, kind=trace.SpanKind.SERVER) as current:
        current.set_attribute("monoql.request_id", request_id.get() or "")
        yield


@contextmanager
def span(name: str, **attributes: str | int) -> Iterator[None]:
    """A child span when this request is sampled, else nothing. Attributes must never hold personal data."""
    if not _sampled.get():
        yield
        return
    with _tracer().start_as_current_span(name, kind=trace.SpanKind.CLIENT, attributes=attributes):
        yield


def is_traced(context: Context) -> bool:
    """Whether the request that this context belongs to is sampled."""
    return context.get(_sampled, False)


def outgoing_headers() -> dict[str, str]:
    """`x-request-id` and `traceparent` for a call to the next tier."""
    headers: dict[str, str] = {}
    if rid := request_id.get():
        headers["x-request-id"] = rid
    if _sampled.get():
        _propagator.inject(headers)
    return headers


class LogExporter(SpanExporter):
    """Writes finished spans to the log: the default where no collector is configured."""

    def __init__(self, process: str) -> None:
        self._process = process

    def export(self, spans: Any) -> SpanExportResult:
        for finished in spans:
            log.info("span", **_describe(finished), process=self._process)
        return SpanExportResult.SUCCESS


def _describe(finished: ReadableSpan) -> dict[str, Any]:
    context = finished.get_span_context()
    duration = ((finished.end_time or 0) - (finished.start_time or 0)) / 1e6
    return {
        "name": finished.name,
        "trace_id": f"{context.trace_id:032x}" if context else None,
        "span_id": f"{context.span_id:016x}" if context else None,
        "parent_id": f"{finished.parent.span_id:016x}" if finished.parent else None,
        "milliseconds": round(duration, 3),
        **dict(finished.attributes or {}),
    }


def _tracer() -> trace.Tracer:
    return trace.get_tracer("monoql")


def _taken_by(take: Callable[[Mapping[str, Any]], None]) -> Processor:
    def process(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        take(event)
        return event

    return process


def _add_ids(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """What a line belongs to: its request, and the span that it was written in."""
    if rid := request_id.get():
        event.setdefault("request_id", rid)
    context = trace.get_current_span().get_span_context()
    if context.is_valid:
        event.setdefault("trace_id", f"{context.trace_id:032x}")
        event.setdefault("span_id", f"{context.span_id:016x}")
    return {**structlog.contextvars.get_contextvars(), **event}
