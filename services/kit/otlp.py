"""Sends what this process counted and logged to a collector, as OTLP/HTTP JSON, from a thread of its own: no request
waits for it. A collector that is away costs lines and counts, nothing else.
"""

import atexit
import json
import threading
import time
from collections import deque
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import httpx

from services.kit import telemetry
from services.kit.metrics import Gauge, Histogram, Metric, Registry, registry
from services.kit.settings import Settings

_LINES_SECONDS = 1.0
_METRICS_SECONDS = 10.0
_MOST_LINES = 4096
_PATIENCE_SECONDS = 2.0
_CUMULATIVE = 2
_SEVERITY = {"debug": 5, "info": 9, "warning": 13, "error": 17, "critical": 21}


def set_up(settings: Settings, process: str) -> None:
    """Sets up logs, traces and metrics of this process, and its collector, if any. For composition roots, once."""
    registry.process = process
    if not settings.otel_exporter_otlp_endpoint:
        telemetry.configure(settings, process)
        return
    collector = Collector(settings.otel_exporter_otlp_endpoint, registry)
    telemetry.configure(settings, process, collector.take)
    collector.start()


class Collector:
    """A collector at `endpoint`, told about this process until it ends."""

    def __init__(self, endpoint: str, registry: Registry) -> None:
        self._endpoint = endpoint.rstrip("/")
        self._registry = registry
        self._resource = {"attributes": _attributes({"service.name": f"monoql-{registry.process}"})}
        self._began = time.time_ns()
        self._lines: deque[dict[str, Any]] = deque(maxlen=_MOST_LINES)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="otlp", daemon=True)

    def start(self) -> None:
        """Sends from now on, and what is left when the process ends."""
        self._thread.start()
        atexit.register(self.close)

    def close(self) -> None:
        """Sends what is left. Safe to call twice."""
        self._ended.set()
        self._thread.join(3 * _PATIENCE_SECONDS)

    def take(self, line: Mapping[str, Any]) -> None:
        """Takes a line of the log."""
        self._lines.append(dict(line))

    def _run(self) -> None:
        with httpx.Client(timeout=_PATIENCE_SECONDS, trust_env=False) as client:
            due, ended = time.monotonic() + _METRICS_SECONDS, False
            while not ended:
                ended = self._ended.wait(_LINES_SECONDS)
                self._send_lines(client)
                if ended or time.monotonic() >= due:
                    due = time.monotonic() + _METRICS_SECONDS
                    self._send_metrics(client)

    def _send_lines(self, client: httpx.Client) -> None:
        lines = [self._lines.popleft() for _ in range(len(self._lines))]
        if lines:
            scope = {"scope": {"name": "monoql"}, "logRecords": [_record(line) for line in lines]}
            self._post(client, "logs", {"resourceLogs": [{"resource": self._resource, "scopeLogs": [scope]}]})

    def _send_metrics(self, client: httpx.Client) -> None:
        times = {"startTimeUnixNano": str(self._began), "timeUnixNano": str(time.time_ns())}
        metrics = [self._described(metric, times) for metric in self._registry.metrics]
        scope = {"scope": {"name": "monoql"}, "metrics": metrics}
        body = {"resourceMetrics": [{"resource": self._resource, "scopeMetrics": [scope]}]}
        self._post(client, "metrics", body)

    def _post(self, client: httpx.Client, signal: str, body: dict[str, Any]) -> None:
        try:
            client.post(f"{self._endpoint}/v1/{signal}", json=body)
        except httpx.HTTPError:
            return  # the next one tells as much: counts are sums, and whoever reads lines has them on stderr too

    def _described(self, metric: Metric, times: dict[str, str]) -> dict[str, Any]:
        described = {"name": metric.name, "description": metric.help}
        if isinstance(metric, Histogram):
            points = [
                {
                    **self._point(metric, values, times),
                    "count": str(sum(series.counts)),
                    "sum": series.sum,
                    "bucketCounts": [str(count) for count in series.counts],
                    "explicitBounds": metric.bounds,
                }
                for values, series in list(metric.series.items())
            ]
            return {**described, "histogram": {"dataPoints": points, "aggregationTemporality": _CUMULATIVE}}
        series = metric.read() if isinstance(metric, Gauge) else dict(metric.series)
        points = [{**self._point(metric, values, times), "asDouble": v} for values, v in series.items()]
        if isinstance(metric, Gauge):
            return {**described, "gauge": {"dataPoints": points}}
        sums = {"dataPoints": points, "aggregationTemporality": _CUMULATIVE, "isMonotonic": True}
        return {**described, "sum": sums}

    def _point(self, metric: Metric, values: tuple[str, ...], times: dict[str, str]) -> dict[str, Any]:
        labels = dict(zip(metric.labels, values, strict=True))
        return {**times, "attributes": _attributes({"process": self._registry.process, **labels})}


def _record(line: dict[str, Any]) -> dict[str, Any]:
    at = datetime.fromisoformat(line.pop("timestamp"))
    level = line.pop("level")
    record = {
        "timeUnixNano": str(int(at.timestamp() * 1e6) * 1000),
        "severityNumber": _SEVERITY.get(level, 0),
        "severityText": level,
        "body": {"stringValue": str(line.pop("event"))},
    }
    for name, field in (("trace_id", "traceId"), ("span_id", "spanId")):
        if name in line:
            record[field] = line.pop(name)
    return {**record, "attributes": _attributes(line)}


def _attributes(values: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{"key": key, "value": _value(value)} for key, value in values.items() if value is not None]


def _value(value: Any) -> dict[str, Any]:
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)}
    if isinstance(value, float):
        return {"doubleValue": value}
    return {"stringValue": value if isinstance(value, str) else json.dumps(value, default=str)}
