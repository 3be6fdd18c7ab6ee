"""What a collector is told, and that one that is away costs nothing."""

import json
from typing import Any

from services.kit.metrics import Registry
from services.kit.otlp import Collector
from tests.support.ports import free_port
from tests.support.subgraph_stub import SubgraphStub, data

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


def a_registry() -> Registry:
    registry = Registry()
    registry.process = "tests"
    registry.histogram("seconds", "How long.", ("what",), (0.1, 1.0)).observe(("draw",), 0.5)
    registry.counter("sent_total", "Sent.").add(())
    registry.gauge("waiting", "Waiting.").set((), 4)
    return registry


async def nobody(_: object) -> Any:
    return data({})


def test_counts_and_lines_reach_it_before_the_process_ends() -> None:
    with SubgraphStub(nobody) as stub:
        collector = Collector(f"http://127.0.0.1:{stub.port}", a_registry())
        collector.start()
        collector.take(
            {
                "event": "job failed",
                "level": "error",
                "timestamp": "2026-01-01T00:00:00Z",
                "trace_id": TRACE,
                "span_id": SPAN,
                "attempts": 3,
                "exception": [{"exc_type": "OSError"}],
            }
        )
        collector.close()
        sent = {received.path: json.loads(received.body) for received in stub.received}
    [resource] = sent["/v1/logs"]["resourceLogs"]
    assert resource["resource"]["attributes"] == [
        {"key": "service.name", "value": {"stringValue": "monoql-tests"}}
    ]
    assert resource["scopeLogs"][0]["logRecords"] == [
        {
            "timeUnixNano": "1767225600000000000",
            "severityNumber": 17,
            "severityText": "error",
            "body": {"stringValue": "job failed"},
            "traceId": TRACE,
            "spanId": SPAN,
            "attributes": [
                {"key": "attempts", "value": {"intValue": "3"}},
                {"key": "exception", "value": {"stringValue": '[{"exc_type": "OSError"}]'}},
            ],
        }
    ]
    metrics = {m["name"]: m for m in sent["/v1/metrics"]["resourceMetrics"][0]["scopeMetrics"][0]["metrics"]}
    assert set(metrics) == {"seconds", "sent_total", "waiting"}
    [point] = metrics["seconds"]["histogram"]["dataPoints"]
    assert (point["count"], point["sum"], point["bucketCounts"]) == ("1", 0.5, ["0", "1", "0"])
    assert point["explicitBounds"] == [0.1, 1.0]
    assert {"key": "what", "value": {"stringValue": "draw"}} in point["attributes"]
    assert metrics["sent_total"]["sum"]["isMonotonic"] is True
    assert metrics["waiting"]["gauge"]["dataPoints"][0]["asDouble"] == 4


def test_one_that_is_away_costs_nothing() -> None:
    collector = Collector(f"http://127.0.0.1:{free_port()}", a_registry())
    collector.start()
    collector.take({"event": "x", "level": "info", "timestamp": "2026-01-01T00:00:00Z"})
    collector.close()
    assert not collector._thread.is_alive()
