"""What is counted, and what it looks like to whoever reads it."""

import math
from collections.abc import Iterator

import pytest

from services.kit import metrics
from services.kit.metrics import Gauge, Histogram, Registry, outcome_of_status


@pytest.fixture
def registry() -> Registry:
    registry = Registry()
    registry.process = "tests"
    return registry


def samples(registry: Registry) -> dict[str, float]:
    lines = (line for line in registry.text().decode().splitlines() if not line.startswith("#"))
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}


def test_a_duration_is_in_every_bucket_from_its_own_on(registry: Registry) -> None:
    seconds = registry.histogram("seconds", "How long.", ("what",), (0.1, 1.0))
    for took in (0.05, 0.1, 0.5, 7.0):
        seconds.observe(("draw",), took)
    assert samples(registry) == {
        'seconds_bucket{process="tests",what="draw",le="0.1"}': 2,
        'seconds_bucket{process="tests",what="draw",le="1.0"}': 3,
        'seconds_bucket{process="tests",what="draw",le="+Inf"}': 4,
        'seconds_sum{process="tests",what="draw"}': pytest.approx(7.65),
        'seconds_count{process="tests",what="draw"}': 4,
    }


def test_counters_add_up_and_gauges_say_how_it_is_now(registry: Registry) -> None:
    counter, gauge = registry.counter("sent_total", "Sent.", ("to",)), registry.gauge("waiting", "Waiting.")
    for _ in range(3):
        counter.add(("users",))
    gauge.set((), 5)
    gauge.set((), 2)
    assert samples(registry) == {'sent_total{process="tests",to="users"}': 3, 'waiting{process="tests"}': 2}


def test_a_watched_gauge_is_asked_when_somebody_reads() -> None:
    gauge, asked = Gauge("idle", "Idle.", ("pool",)), iter([1.0, 4.0])

    def read(values: Iterator[float] = asked) -> float:
        return next(values)

    with gauge.watching({("entries",): read}):
        assert [gauge.read(), gauge.read()] == [{("entries",): 1.0}, {("entries",): 4.0}]
    assert gauge.read() == {}


def test_a_label_cannot_grow_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics, "MOST_SERIES", 2)
    seconds = Histogram("seconds", "How long.", ("who",))
    for who in ("a", "b", "c", "d", "a"):
        seconds.observe((who,), 0.1)
    assert {who: sum(series.counts) for (who,), series in seconds.series.items()} == {
        "a": 2,
        "b": 1,
        "other": 2,
    }


def test_what_would_end_a_label_is_escaped(registry: Registry) -> None:
    registry.counter("odd_total", "Odd.", ("name",)).add(('a"b\\c\nd',))
    assert 'odd_total{process="tests",name="a\\"b\\\\c\\nd"} 1' in registry.text().decode()


@pytest.mark.parametrize(
    ("status", "outcome"),
    [(200, "ok"), (304, "ok"), (401, "unauthenticated"), (404, "refused"), (409, "refused"), (429, "busy")]
    + [(503, "busy"), (500, "failed"), (504, "failed")],
)
def test_an_outcome_says_whose_doing_it_was(status: int, outcome: str) -> None:
    assert outcome_of_status(status) == outcome


def test_bounds_hold_every_target() -> None:
    """A share above a target can be read exactly only where the target is a bound."""
    assert {0.5} <= set(metrics.SECONDS)
    assert {900.0} <= set(metrics.JOB_SECONDS)
    assert not math.isinf(metrics.SECONDS[-1]), "the last bucket is added"
