"""A sampled request can be followed from the router to the SQL statement; its request id goes through all tiers."""

import asyncio
import json
import re
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from scripts.devtools.campaign_setup import Campaign, open_campaign
from scripts.devtools.graphql_client import GraphQLClient
from scripts.devtools.load.requests import SUBMIT
from services import SERVICES
from tests.support.routers import needs
from tests.support.stack import RunningStack

pytestmark = needs("spans in the log")

QUERY = b'{"query":"{ viewer { id } campaigns(first: 1) { nodes { id } } }"}'
# All four subgraphs, under the name of a registered operation.
PAGE = (
    b'{"query":"query CampaignPage { viewer { id } campaigns(first: 1) { nodes { id viewerEntry { id } } } '
    b'accessCode(id: \\"cod_1\\") { id } }"}'
)


@pytest.fixture
async def campaign(stack: RunningStack, client: GraphQLClient) -> Campaign:
    """An open campaign, so that there is one on the page."""
    return await open_campaign(client, stack.token("editor"))


def events(data_dir: Path, process: str) -> list[dict[str, Any]]:
    """The structured lines of a process's log."""
    found: list[dict[str, Any]] = []
    for line in (data_dir / "logs" / f"{process}.log").read_text(errors="replace").splitlines():
        start = line.find("{")
        try:
            found.append(json.loads(line[start:]) if start >= 0 else {})
        except ValueError:
            continue
    return found


async def spans(stack: RunningStack, trace_id: str, process: str, least: int) -> list[dict[str, Any]]:
    """The spans of one trace that a process logged, once there are as many as expected."""
    async with asyncio.timeout(10):
        while True:
            of_trace = [e for e in events(stack.data_dir, process) if e.get("trace_id") == trace_id]
            if len(of_trace) >= least:
                return of_trace
            await asyncio.sleep(0.05)


async def chains(stack: RunningStack, trace_id: str, services: Sequence[str]) -> set[tuple[str, ...]]:
    """For every statement of a trace, the names of the spans from the router's down to it."""

    of_these = [
        name for name in stack.state.processes if name.removesuffix("-backend") in {"router", *services}
    ]
    deadline = asyncio.get_running_loop().time() + 30
    while True:
        logged = [e for process in of_these for e in events(stack.data_dir, process)]
        found = {e["span_id"]: e for e in logged if e.get("trace_id") == trace_id and e["event"] == "span"}
        lines = [_line(span, found) for span in found.values() if span["name"].startswith("sql ")]
        # A span is written when it ends, the router's last of all.
        if len({line[1] for line in lines if line[0] == "graphql"}) == len(services):
            return set(lines)
        assert asyncio.get_running_loop().time() < deadline, (
            f"only {[span['name'] for span in found.values()]}"
        )
        await asyncio.sleep(0.05)


def _line(span: dict[str, Any], found: dict[str, dict[str, Any]]) -> tuple[str, ...]:
    above = found.get(span["parent_id"])
    return (*(_line(above, found) if above else ()), span["name"])


def traced(trace_id: str) -> dict[str, str]:
    return {
        "traceparent": f"00-{trace_id}-{secrets.token_hex(8)}-01",
        "x-request-id": f"trace-{trace_id[:8]}",
    }


@pytest.mark.usefixtures("campaign")
async def test_a_sampled_page_is_one_trace_from_the_router_through_all_tiers_to_the_statements(
    stack: RunningStack, client: GraphQLClient
) -> None:
    trace_id = secrets.token_hex(16)
    answer = await client.post_raw(PAGE, token=stack.token("fan"), headers=traced(trace_id))
    assert "errors" not in answer.json()
    lines = await chains(stack, trace_id, SERVICES)
    for service in SERVICES:
        of_service = [line for line in lines if line[1] == f"fetch {service}"]
        assert of_service
        for line in of_service:
            assert line[:4] == ("graphql", f"fetch {service}", "POST /graphql", "graphql execute")
            called, served, statement = line[4:]
            assert called == served, "the subgraph's call and the backend's request are one route"
            assert re.fullmatch(r"(GET|POST) /\S+", called)
            assert re.fullmatch(r"sql \w+", statement)


async def test_a_registration_is_one_trace_although_it_travels_in_a_batch(
    stack: RunningStack, client: GraphQLClient, campaign: Campaign
) -> None:
    trace_id = secrets.token_hex(16)
    wanted = {"campaignId": campaign.id, "preferences": [{"marketId": campaign.market_ids[0]}]}
    body = json.dumps({"query": SUBMIT, "variables": {"input": wanted}}).encode()
    answers = await asyncio.gather(
        client.post_raw(body, token=stack.token("fan:801"), headers=traced(trace_id)),
        *(client.post_raw(body, token=stack.token(f"fan:{n}")) for n in range(802, 812)),
    )
    assert {answer.json()["data"]["submitEntry"]["__typename"] for answer in answers} == {"EntrySubmitted"}
    above = ("graphql", "fetch entries", "POST /graphql", "graphql execute")
    call = "POST /entries/submissions"
    assert (*above, call, call, "sql insert_entries") in await chains(stack, trace_id, ["entries"])


@pytest.mark.usefixtures("campaign")
async def test_all_spans_of_a_trace_name_the_request_and_hang_below_the_caller(
    stack: RunningStack, client: GraphQLClient
) -> None:
    trace_id = secrets.token_hex(16)
    headers = traced(trace_id)
    await client.post_raw(PAGE, token=stack.token("fan"), headers=headers)
    await chains(stack, trace_id, SERVICES)
    for process in ("router", *SERVICES):
        spans = [e for e in events(stack.data_dir, process) if e.get("trace_id") == trace_id]
        named = {span["monoql.request_id"] for span in spans if "monoql.request_id" in span}
        assert named == {headers["x-request-id"]}, process
    [root] = [
        e
        for e in events(stack.data_dir, "router")
        if e.get("trace_id") == trace_id and e.get("name") == "graphql"
    ]
    assert root["parent_id"] == headers["traceparent"].split("-")[2]
    assert root["graphql.operation.name"] == "CampaignPage"


async def test_an_unsampled_request_leaves_no_span(stack: RunningStack, client: GraphQLClient) -> None:
    trace_id = secrets.token_hex(16)
    headers = {"traceparent": f"00-{trace_id}-{secrets.token_hex(8)}-00"}
    await client.post_raw(QUERY, token=stack.token("fan"), headers=headers)
    assert [e for e in events(stack.data_dir, "users") if e.get("trace_id") == trace_id] == []


async def test_the_answer_names_its_request_id(client: GraphQLClient) -> None:
    given = await client.post_raw(QUERY, headers={"x-request-id": "from-a-frontend"})
    made = await client.post_raw(QUERY, headers={"x-request-id": "not ok!"})
    lower = {name.lower(): value for name, value in given.headers.items()}
    assert lower["x-request-id"] == "from-a-frontend"
    assert {n.lower(): v for n, v in made.headers.items()}["x-request-id"] != "not ok!"
