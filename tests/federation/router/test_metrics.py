"""What the router counts: under names that it knows, with whose doing the outcome was, on a port of its own."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from scripts.devtools.samples import Samples
from tests.federation.router.conftest import answer_entries, eventually
from tests.support.ports import free_port
from tests.support.router_process import RouterProcess
from tests.support.subgraph_stub import SubgraphStub

COUNT = "monoql_router_request_seconds_count"


class Counting(RouterProcess):
    """A router that says what it counted."""

    def samples(self) -> Samples:
        port = self.settings["ROUTER_METRICS_PORT"]
        return Samples.parse(httpx.get(f"http://127.0.0.1:{port}/metrics", trust_env=False).text)

    def counted(self, since: Samples) -> dict[tuple[str, str, str], float]:
        counts = self.samples().since(since).select(COUNT)
        named = ((dict(labels), count) for labels, count in counts.items() if count)
        return {(one["operation"], one["kind"], one["outcome"]): count for one, count in named}


@pytest.fixture(scope="module")
def router(
    supergraph: Path, stubs: tuple[SubgraphStub, SubgraphStub], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Counting]:
    campaigns, entries = stubs
    registered = tmp_path_factory.mktemp("documents") / "persisted.json"
    operations: list[dict[str, Any]] = [
        {"id": "a" * 64, "name": "Tour", "type": "query", "body": "query Tour { campaign(id: 1) { id } }"},
        {"id": "b" * 64, "name": "Submit", "type": "mutation", "body": "mutation Submit { __typename }"},
    ]
    registered.write_text(json.dumps({"operations": operations}))
    settings = {
        "CAMPAIGNS_SUBGRAPH_URL": campaigns.url,
        "ENTRIES_SUBGRAPH_URL": entries.url,
        "ROUTER_PERSISTED_DOCUMENTS": str(registered),
        "ROUTER_METRICS_PORT": str(free_port()),
        "ROUTER_MAX_IN_FLIGHT": "1",
        "ROUTER_DEADLINE_MS": "3000",
        "BIND_HOST": "0.0.0.0",  # noqa: S104
    }
    with Counting(supergraph, settings) as process:
        yield process


def test_operations_are_counted_under_registered_names_alone(router: Counting) -> None:
    before = router.samples()
    router.client.post("/fan/graphql", json={"documentId": "a" * 64})
    router.post("# A comment,\n query Tour($id: ID!) { campaign(id: $id) { id } }", {"id": "cmp_1"})
    router.client.post("/graphql", json={"query": "{ __typename }", "operationName": None})
    router.post("query MadeUpJustNow { __typename }")
    router.post("mutation AnotherOne($id: ID!) { submitEntry(campaignId: $id) { id } }", {"id": "cmp_1"})
    router.client.post("/graphql", content="{", headers={"content-type": "application/json"})
    assert router.counted(before) == {
        ("Tour", "query", "ok"): 2,
        ("other", "query", "ok"): 2,
        ("other", "mutation", "ok"): 1,
        ("unread", "none", "refused"): 1,
    }


@pytest.mark.parametrize(
    ("campaign", "outcome"),
    [
        ("cmp_1", "ok"),
        ("forbidden", "refused"),
        ("unauthenticated", "unauthenticated"),
        ("signed-out", "refused"),
        ("stack", "failed"),
        ("http-500", "failed"),
        ("busy-problem", "failed"),
    ],
)
def test_an_outcome_says_whose_doing_it_was(router: Counting, campaign: str, outcome: str) -> None:
    before = router.samples()
    router.post("query Tour($id: ID!) { campaign(id: $id) { id } }", {"id": campaign})
    assert router.counted(before) == {("Tour", "query", outcome): 1}
    fetches = router.samples().since(before).total("monoql_router_fetch_seconds_count", subgraph="campaigns")
    assert fetches == 1


def test_whoever_leaves_and_whoever_wants_a_file_are_told_apart(router: Counting) -> None:
    before = router.samples()
    with pytest.raises(httpx.ReadTimeout):
        httpx.post(
            f"{router.url}/graphql", json={"query": "{ slow(seconds: 30) }"}, timeout=0.3, trust_env=False
        )
    assert eventually(lambda: router.counted(before) == {("other", "query", "gone"): 1})

    before = router.samples()
    router.client.get("/files/campaigns/expired")
    router.client.get("/files/campaigns/x")
    router.client.get("/nothing-here")
    assert router.counted(before) == {
        ("files", "none", "refused"): 1,
        ("files", "none", "ok"): 1,
        ("unread", "none", "refused"): 1,
    }


def test_past_the_cap_is_busy(router: Counting) -> None:
    before = router.samples()
    first = threading.Thread(target=router.post, args=("{ slow(seconds: 1) }",))
    first.start()
    assert eventually(lambda: router.samples().total("monoql_router_in_flight") == 1)
    assert router.post("{ __typename }").status_code == 503
    first.join()
    assert router.counted(before) == {("unread", "none", "busy"): 1, ("other", "query", "ok"): 1}


def test_nobody_outside_reads_it(router: Counting) -> None:
    assert router.client.get("/metrics").status_code == 404
    port = router.settings["ROUTER_METRICS_PORT"]
    assert httpx.get(f"http://127.0.0.1:{port}/graphql", trust_env=False).status_code == 404
    listening = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    hosts = {
        local for _, local, _, state, *_ in listening if state == "0A" and local.endswith(f":{int(port):04X}")
    }
    assert hosts == {f"0100007F:{int(port):04X}"}, "loopback, although BIND_HOST is every address"


def test_metrics_and_log_lines_go_to_a_collector(
    supergraph: Path, stubs: tuple[SubgraphStub, SubgraphStub]
) -> None:
    trace, parent = "1af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
    with SubgraphStub(answer_entries) as collector:
        settings = {
            "CAMPAIGNS_SUBGRAPH_URL": stubs[0].url,
            "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{collector.port}",
        }
        with RouterProcess(supergraph, settings) as router:
            router.post('{ campaign(id: "stack") { id } }', traceparent=f"00-{trace}-{parent}-01")

    def sent(path: str) -> list[dict[str, Any]]:
        return [json.loads(received.body) for received in collector.received if received.path == path]

    metrics = sent("/v1/metrics")[-1]["resourceMetrics"][0]["scopeMetrics"][0]["metrics"]
    requests = next(metric for metric in metrics if metric["name"] == "monoql_router_request_seconds")
    [point] = requests["histogram"]["dataPoints"]
    assert {"key": "outcome", "value": {"stringValue": "failed"}} in point["attributes"]
    assert (point["count"], sum(map(int, point["bucketCounts"]))) == ("1", 1)
    assert len(point["bucketCounts"]) == len(point["explicitBounds"]) + 1
    lines = [
        line
        for batch in sent("/v1/logs")
        for line in batch["resourceLogs"][0]["scopeLogs"][0]["logRecords"]
        if line.get("traceId") == trace
    ]
    assert {line["body"]["stringValue"] for line in lines} == {"subgraph failed", "errors masked"}
