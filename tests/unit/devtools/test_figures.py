"""What processes say they counted, read back and judged."""

import pytest

from scripts.devtools import figures
from scripts.devtools.figures import Measure
from scripts.devtools.samples import Samples
from services.kit.metrics import Registry


def read(registry: Registry) -> Samples:
    return Samples.parse(registry.text().decode())


@pytest.fixture
def router() -> Registry:
    registry = Registry()
    registry.process = "router"
    requests = registry.histogram(
        "monoql_router_request_seconds", "Requests.", ("operation", "kind", "outcome")
    )
    for _ in range(96):
        requests.observe(("CampaignPage", "query", "ok"), 0.03)
    requests.observe(("CampaignPage", "query", "failed"), 2.0)
    requests.observe(("SubmitEntry", "mutation", "failed"), 0.1)
    requests.observe(("unread", "none", "busy"), 0.001)
    requests.observe(("other", "query", "unauthenticated"), 0.01)
    registry.counter("monoql_registrations_total", "Registrations.", ("outcome",)).add(("ok",), 98)
    return registry


def measured(counted: Samples, now: Samples) -> dict[str, Measure]:
    return {measure.name: measure for measure in figures.measures(counted, now)}


def test_measures_are_shares_of_what_was_asked(router: Registry) -> None:
    found = measured(read(router), read(router))
    assert found["registrations taken"].value == pytest.approx(98 / 100)
    assert found["errors"].value == pytest.approx(3 / 100)
    assert found["sign-ins refused"].value == pytest.approx(1 / 100)
    assert [found[name].good for name in ("registrations taken", "errors", "sign-ins refused")] == [False] * 3
    p95 = found["queries, p95"]
    assert p95.value is not None
    assert 0.025 < p95.value <= 0.05
    assert p95.good


def test_nothing_counted_is_neither_good_nor_bad() -> None:
    assert {measure.good for measure in figures.measures(Samples(), Samples())} == {None}


@pytest.mark.parametrize(("duplicates", "good"), [(0, True), (1, False)])
def test_one_duplicate_code_is_one_too_many(duplicates: int, good: bool) -> None:
    registry = Registry()
    registry.gauge("monoql_duplicate_codes", "Duplicates.").set((), duplicates)
    assert measured(Samples(), read(registry))["duplicate codes"].good is good


def test_the_operations_that_failed_come_first(router: Registry) -> None:
    rows = list(figures.rows(read(router), most=2))
    assert [(row.name, row.count, row.failed) for row in rows] == [
        ("CampaignPage", 97, 1),
        ("SubmitEntry", 1, 1),
    ]


def test_between_two_looks_only_what_came_meanwhile_counts(router: Registry) -> None:
    before = read(router)
    router.metrics[0].observe(("CampaignPage", "query", "ok"), 0.2)  # pyright: ignore[reportAttributeAccessIssue]
    [row] = figures.rows(read(router).since(before), most=5)
    assert (row.name, row.count, row.failed) == ("CampaignPage", 1, 0)
    assert row.p95 is not None
    assert 0.1 < row.p95 <= 0.25


def test_a_process_that_began_anew_counts_from_nothing() -> None:
    before, after = Samples.parse('n{process="a"} 100'), Samples.parse('n{process="a"} 7')
    assert after.since(before).total("n") == 7


def test_what_waits_is_told_service_by_service() -> None:
    text = """monoql_jobs{process="worker",service="codes",state="waiting"} 3
monoql_jobs{process="worker",service="codes",state="failed"} 1
monoql_outbox_messages{process="worker",service="codes"} 2
monoql_outbox_oldest_seconds{process="worker",service="codes"} 90
monoql_database_connections{process="codes",database="codes",state="busy"} 4
monoql_database_connections{process="worker",database="codes",state="idle"} 6"""
    assert figures.waiting(Samples.parse(text)) == [figures.Waiting("codes", 3, 1, 2, 90, 4, 6)]


def test_labels_come_back_as_they_were() -> None:
    registry = Registry()
    registry.process = "p"
    registry.counter("odd", "Odd.", ("name",)).add(('a"b\\n\n{c}, d="e"',))
    assert read(registry).label_values("odd", "name") == ['a"b\\n\n{c}, d="e"']
