"""What a process counts: how often, with what outcome, how long. Plain numbers in memory, read as Prometheus text at
`/metrics` of every private port and sent to a collector where there is one (`kit/otlp.py`).

Counting is a look-up and an addition. Labels are names that the code knows (a route, a field, a task), never what a
request says.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

# Outcomes of requests and jobs. What a caller did wrong is refused; what we owed and did not give has failed.
OK, REFUSED, UNAUTHENTICATED, BUSY, FAILED = "ok", "refused", "unauthenticated", "busy", "failed"

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
JOB_SECONDS = (0.01, 0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3600.0)
# A label that takes more values than this is no name that the code knows: its further values count as one.
MOST_SERIES = 1000
OTHER = "other"

Labels = tuple[str, ...]


def outcome_of_status(status: int) -> str:
    """The outcome of an HTTP answer."""
    if status < 400:
        return OK
    if status == 401:
        return UNAUTHENTICATED
    if status in (429, 503):
        return BUSY
    return REFUSED if status < 500 else FAILED


@dataclass(slots=True)
class Durations:
    """One series of a histogram: how many lasted up to each bound, the last longer than any, and their sum."""

    counts: list[int]
    sum: float = 0.0


@dataclass
class Histogram:
    """Durations in fixed buckets, by labels."""

    name: str
    help: str
    labels: Labels
    bounds: tuple[float, ...] = SECONDS
    series: dict[Labels, Durations] = field(default_factory=dict[Labels, Durations])

    def observe(self, values: Labels, seconds: float) -> None:
        """Counts one duration."""
        series = self.series.get(values)
        if series is None:
            series = self.series.setdefault(self._bounded(values), Durations([0] * (len(self.bounds) + 1)))
        series.counts[bisect_left(self.bounds, seconds)] += 1
        series.sum += seconds

    def _bounded(self, values: Labels) -> Labels:
        return values if len(self.series) < MOST_SERIES else (OTHER,) * len(self.labels)


@dataclass
class Counter:
    """Something that only grows, by labels."""

    name: str
    help: str
    labels: Labels
    series: dict[Labels, float] = field(default_factory=dict[Labels, float])

    def add(self, values: Labels, amount: float = 1) -> None:
        """Counts something that happened."""
        self.series[values] = self.series.get(values, 0) + amount


@dataclass
class Gauge:
    """How things stand, by labels: what was `set` last, or what functions answer when somebody reads."""

    name: str
    help: str
    labels: Labels
    series: dict[Labels, float] = field(default_factory=dict[Labels, float])
    watched: dict[Labels, Callable[[], float]] = field(default_factory=dict[Labels, Callable[[], float]])

    def set(self, values: Labels, value: float) -> None:
        """Says how it is now."""
        self.series[values] = value

    @contextmanager
    def watching(self, reads: Mapping[Labels, Callable[[], float]]) -> Iterator[None]:
        """Has these functions asked whenever somebody looks, for the time of the context."""
        self.watched |= reads
        yield
        for values, read in reads.items():
            if self.watched.get(values) is read:
                del self.watched[values]

    def read(self) -> dict[Labels, float]:
        """How it is now."""
        return {**self.series, **{values: ask() for values, ask in list(self.watched.items())}}


Metric = Histogram | Counter | Gauge
M = TypeVar("M", Histogram, Counter, Gauge)


class Registry:
    """All metrics of this process; `process` is its name, as in its logs."""

    def __init__(self) -> None:
        self.process = ""
        self.metrics: list[Metric] = []

    def histogram(
        self, name: str, help: str, labels: Labels, bounds: tuple[float, ...] = SECONDS
    ) -> Histogram:
        return self._add(Histogram(name, help, labels, bounds))

    def counter(self, name: str, help: str, labels: Labels = ()) -> Counter:
        return self._add(Counter(name, help, labels))

    def gauge(self, name: str, help: str, labels: Labels = ()) -> Gauge:
        return self._add(Gauge(name, help, labels))

    def _add(self, metric: M) -> M:
        self.metrics.append(metric)
        return metric

    def text(self) -> bytes:
        """Everything in Prometheus' text format."""
        return "".join(line + "\n" for metric in self.metrics for line in self._lines(metric)).encode()

    def _lines(self, metric: Metric) -> Iterator[str]:
        name = metric.name
        kind = type(metric).__name__.lower()
        yield f"# HELP {name} {metric.help}"
        yield f"# TYPE {name} {kind}"
        names = ("process", *metric.labels)
        if isinstance(metric, Histogram):
            for values, series in list(metric.series.items()):
                labels = _written(names, (self.process, *values))
                total = 0
                for bound, count in zip([*metric.bounds, "+Inf"], list(series.counts), strict=True):
                    total += count
                    yield f'{name}_bucket{{{labels},le="{bound}"}} {total}'
                yield f"{name}_sum{{{labels}}} {series.sum}"
                yield f"{name}_count{{{labels}}} {total}"
            return
        series = metric.read() if isinstance(metric, Gauge) else dict(metric.series)
        for values, value in series.items():
            yield f"{name}{{{_written(names, (self.process, *values))}}} {value}"


def _written(names: Sequence[str], values: Sequence[str]) -> str:
    return ",".join(f'{name}="{_escaped(value)}"' for name, value in zip(names, values, strict=True))


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


registry = Registry()
