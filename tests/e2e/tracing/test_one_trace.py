"""A sampled request can be followed from the router to the SQL statement; its request id goes through all tiers."""

import asyncio
import json
import secrets
from pathlib import Path
from typing import Any

from scripts.devtools.graphql_client import GraphQLClient
from tests.support.routers import needs
from tests.support.stack import RunningStack

QUERY = b'{"query":"{ viewer { id } campaigns(first: 1) { nodes { id } } }"}'


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


@needs("spans in the log")
async def test_a_sampled_request_is_one_trace_from_the_router_to_the_statement(
    stack: RunningStack, client: GraphQLClient
) -> None:
    trace_id, parent = secrets.token_hex(16), secrets.token_hex(8)
    headers = {"traceparent": f"00-{trace_id}-{parent}-01", "x-request-id": f"trace-{trace_id[:8]}"}
    answer = await client.post_raw(QUERY, token=stack.token("fan"), headers=headers)
    assert "errors" not in answer.json()
    from_router = {span["span_id"]: span for span in await spans(stack, trace_id, "router", 3)}
    for process in ("users", "campaigns"):
        of_process = await spans(stack, trace_id, process, 5)
        by_id = {span["span_id"]: span for span in of_process}
        statement = next(span for span in of_process if span["name"].startswith("sql "))
        chain = [statement["name"]]
        while statement["parent_id"] in by_id:
            statement = by_id[statement["parent_id"]]
            chain.append(statement["name"])
        assert chain[-1] == "POST /graphql"
        assert "graphql execute" in chain
        assert len(chain) >= 5, chain
        fetch = from_router[statement["parent_id"]]
        assert fetch["name"] == f"fetch {process}"
        assert from_router[fetch["parent_id"]]["parent_id"] == parent, "the caller's own span"
        assert {span["monoql.request_id"] for span in of_process if "monoql.request_id" in span} == {
            headers["x-request-id"]
        }


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
