"""Spans: only with an exporter, only for a sampled caller, and the parent of what the subgraph records."""

import json
import time
from pathlib import Path
from typing import Any

from tests.support.router_process import RouterProcess
from tests.support.subgraph_stub import SubgraphStub

TRACE = "0af7651916cd43dd8448eb211c80319c"
CALLER = "b7ad6b7169203331"
CAMPAIGN = "query ($id: ID!) { campaign(id: $id) { id } }"


def spans(stub: SubgraphStub) -> list[dict[str, Any]]:
    sent = [json.loads(received.body) for received in stub.received if received.path == "/v1/traces"]
    return [span for batch in sent for span in batch["resourceSpans"][0]["scopeSpans"][0]["spans"]]


def test_a_request_outside_the_share_is_traced_nowhere(
    supergraph: Path, stubs: tuple[SubgraphStub, SubgraphStub]
):
    campaigns, entries = stubs
    settings = {
        "CAMPAIGNS_SUBGRAPH_URL": campaigns.url,
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{entries.port}",
        "ROUTER_TRACE_SHARE": "0",
    }
    with RouterProcess(supergraph, settings) as router:
        router.post(CAMPAIGN, {"id": "cmp_1"})
        assert campaigns.last.headers["traceparent"].endswith("-00")
    assert spans(entries) == []


def test_a_sampled_request_makes_a_span_per_tier(supergraph: Path, stubs: tuple[SubgraphStub, SubgraphStub]):
    campaigns, entries = stubs
    settings = {
        "CAMPAIGNS_SUBGRAPH_URL": campaigns.url,
        "ENTRIES_SUBGRAPH_URL": entries.url,
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{entries.port}",
    }
    with RouterProcess(supergraph, settings) as router:
        router.post(CAMPAIGN, {"id": "cmp_1"}, traceparent=f"00-{TRACE}-{CALLER}-00")
        assert campaigns.last.headers["traceparent"] == f"00-{TRACE}-{CALLER}-00"

        router.post(CAMPAIGN, {"id": "secret-name"}, traceparent=f"00-{TRACE}-{CALLER}-01")
        passed_on = campaigns.last.headers["traceparent"]

        deadline = time.monotonic() + 10
        while len(spans(entries)) < 2 and time.monotonic() < deadline:
            time.sleep(0.05)

    operation, fetch = sorted(spans(entries), key=lambda span: span["name"], reverse=True)
    assert (operation["name"], operation["traceId"], operation["parentSpanId"]) == ("graphql", TRACE, CALLER)
    assert (fetch["name"], fetch["parentSpanId"]) == ("fetch campaigns", operation["spanId"])
    assert passed_on == f"00-{TRACE}-{fetch['spanId']}-01"
    assert (
        int(operation["startTimeUnixNano"])
        <= int(fetch["startTimeUnixNano"])
        <= int(fetch["endTimeUnixNano"])
    )
    assert "secret-name" not in json.dumps(spans(entries))
