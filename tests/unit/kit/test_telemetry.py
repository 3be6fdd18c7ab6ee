"""Whether a request is traced is decided before it; what is logged in a span says so."""

import pytest
from opentelemetry import trace
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags

from services.kit import telemetry

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


@pytest.mark.parametrize(
    ("traceparent", "collected", "traced"),
    [
        (f"00-{TRACE}-{SPAN}-01", False, True),
        (f"00-{TRACE}-{SPAN}-00", True, False),
        ("", True, True),
        ("", False, False),
        ("nonsense", False, False),
    ],
)
def test_the_caller_decides_and_else_whether_there_is_a_collector(
    monkeypatch: pytest.MonkeyPatch, traceparent: str, collected: bool, traced: bool
) -> None:
    monkeypatch.setattr(telemetry, "_always", collected)
    telemetry.begin_request({b"traceparent": traceparent.encode()})
    assert telemetry._sampled.get() is traced


def test_a_line_names_the_span_that_it_was_written_in() -> None:
    span = NonRecordingSpan(
        SpanContext(int(TRACE, 16), int(SPAN, 16), is_remote=False, trace_flags=TraceFlags(1))
    )
    with trace.use_span(span):
        inside = telemetry._add_ids(None, "info", {})
    assert (inside["trace_id"], inside["span_id"]) == (TRACE, SPAN)
    assert "trace_id" not in telemetry._add_ids(None, "info", {})
