"""One router over two stub subgraphs for all tests here. What a stub does follows from the id it is asked for."""

import asyncio
import json
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response, StreamingResponse

from tests.support.ports import free_port
from tests.support.router_process import RouterProcess, compose
from tests.support.subgraph_stub import Received, SubgraphStub, data, errors

LINK = 'extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key", "@tag"])\n'
CAMPAIGNS = (
    LINK
    + """
type Query { campaign(id: ID!): Campaign  slow(seconds: Float!): String  echo(filter: Filter): String }
input Filter { text: String, and: [Filter!] }
type Campaign @key(fields: "id") { id: ID! title: String parent: Campaign notes: String @tag(name: "admin") }
"""
)
ENTRIES = (
    LINK
    + """
type Query { entries(first: Int): [Entry!] }
type Mutation { submitEntry(campaignId: ID!): Entry  submitSlowly(seconds: Float!): Entry }
type Entry @key(fields: "id") { id: ID! state: String }
type Campaign @key(fields: "id") { id: ID! viewerEntry: Entry }
"""
)
INNARDS = "Traceback: asyncpg.PostgresError at 10.0.0.7, SELECT secret FROM campaigns"


@dataclass
class System:
    """The router and what stands behind it."""

    router: RouterProcess
    campaigns: SubgraphStub
    entries: SubgraphStub


def write_graph(folder: Path, **schemas: str) -> Path:
    """A `supergraph.yaml` with these schemas; the routing URLs lead nowhere."""
    lines = ["federation_version: =2.9.0", "subgraphs:"]
    for name, sdl in schemas.items():
        (folder / f"{name}.graphql").write_text(sdl)
        lines += [
            f"  {name}:",
            "    routing_url: http://127.0.0.1:9/graphql",
            f"    schema: {{file: ./{name}.graphql}}",
        ]
    path = folder / "supergraph.yaml"
    path.write_text("\n".join(lines))
    return path


def eventually(holds: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 60
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def put(path: Path, text: str) -> None:
    """Replaces the file at once, as a deployment does: a reader never sees half of it."""
    path.with_suffix(".new").write_text(text)
    path.with_suffix(".new").replace(path)


@pytest.fixture(scope="session")
def supergraph(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("graph")
    done = compose(write_graph(folder, campaigns=CAMPAIGNS, entries=ENTRIES), folder)
    assert done.returncode == 0, done.stderr
    return folder / "supergraph.graphql"


@pytest.fixture(scope="session")
def stubs() -> Iterator[tuple[SubgraphStub, SubgraphStub]]:
    with (
        SubgraphStub(answer_campaigns, files=answer_file) as campaigns,
        SubgraphStub(answer_entries) as entries,
    ):
        yield campaigns, entries


@pytest.fixture(scope="session")
def system(supergraph: Path, stubs: tuple[SubgraphStub, SubgraphStub]) -> Iterator[System]:
    campaigns, entries = stubs
    settings = {
        "CAMPAIGNS_SUBGRAPH_URL": campaigns.url,
        "ENTRIES_PORT": str(entries.port),
        "ROUTER_DEADLINE_MS": "500",
        "ROUTER_ALLOWED_ORIGINS": "https://fans.example",
    }
    with RouterProcess(supergraph, settings) as router:
        yield System(router, campaigns, entries)


@pytest.fixture
def system_without_entries(supergraph: Path, stubs: tuple[SubgraphStub, SubgraphStub]) -> Iterator[System]:
    campaigns, entries = stubs
    settings = {
        "CAMPAIGNS_SUBGRAPH_URL": campaigns.url,
        "ENTRIES_PORT": str(free_port()),
        "MONOQL_ENV": "production",
    }
    with RouterProcess(supergraph, settings) as router:
        yield System(router, campaigns, entries)


async def answer_campaigns(received: Received) -> Response:
    if "slow(" in received.query:
        await asyncio.sleep(float(received.variables.get("seconds") or literal(received.query, "seconds")))
        return data({"slow": "done"})
    if "echo" in received.query:
        return data({"echo": "heard"})
    wanted = received.variables.get("id") or literal(received.query, "id")
    if wanted in FAILURES:
        return FAILURES[wanted]()
    if wanted == "hangs":
        await asyncio.sleep(2)
    title = TITLES.get(wanted, "Tour")
    return data({"campaign": {"__typename": "Campaign", "id": wanted, "title": title}})


async def answer_entries(received: Received) -> Response:
    if "_entities" in received.query:
        representations = next(value for value in received.variables.values() if isinstance(value, list))
        entities = [
            {
                "__typename": "Campaign",
                "viewerEntry": {"__typename": "Entry", "id": "ent_1", "state": "ACCEPTED"},
            }
            for _ in representations
        ]
        name = re.search(r"(?:(\w+)\s*:\s*)?_entities", received.query)
        return data({(name and name[1]) or "_entities": entities})
    if "submitSlowly" in received.query:
        await asyncio.sleep(float(received.variables["seconds"]))
        return data({"submitSlowly": {"__typename": "Entry", "id": "ent_2", "state": "ACCEPTED"}})
    if "submitEntry" not in received.query:
        return data({"entries": [{"__typename": "Entry", "id": "ent_1"}]})
    return data({"submitEntry": {"__typename": "Entry", "id": "ent_1", "state": "ACCEPTED"}})


async def answer_file(received: Received) -> Response:
    if received.path.endswith("/large"):
        return StreamingResponse((b"x" * 65_536 for _ in range(64)), media_type="text/csv")
    if received.path.endswith("/expired"):
        return JSONResponse({"code": "LINK_EXPIRED"}, 410, media_type="application/problem+json")
    if received.path.endswith("/guarded"):
        guards = {"x-content-type-options": "nosniff", "content-security-policy": "sandbox"}
        return PlainTextResponse("x", headers=guards)
    return PlainTextResponse("id\n1\n", headers={"content-disposition": "attachment", "x-inside": "10.0.0.7"})


def literal(query: str, argument: str) -> str:
    found = re.search(rf'{argument}:\s*"?([\w.-]+)', query)
    assert found
    return found[1]


def _graphql_error(code: str | None, message: str = INNARDS, status: int = 200, **headers: str) -> Response:
    extensions = {"code": code, "stacktrace": [INNARDS], "serviceName": "campaigns"}
    return errors(
        {"message": message, "extensions": extensions, "path": ["campaign"]}, status=status, headers=headers
    )


TITLES: dict[str, str] = {}
"""Titles by campaign id, for tests that edit one; every other campaign is called Tour."""

FAILURES = {
    "stack": lambda: _graphql_error(None),
    "unknown-code": lambda: _graphql_error("DATABASE_EXPLODED"),
    "schema-drift": lambda: _graphql_error("GRAPHQL_VALIDATION_FAILED", 'Cannot query field "x" on "Inner".'),
    "http-500": lambda: PlainTextResponse(INNARDS, 500),
    "html": lambda: HTMLResponse(f"<h1>{INNARDS}</h1>", 200),
    "bad-json": lambda: Response('{"data": {"campaign', media_type="application/json"),
    "json-null": lambda: JSONResponse(None),
    "json-array": lambda: JSONResponse([INNARDS]),
    "empty": lambda: Response(""),
    "no-data": lambda: JSONResponse({"data": None}),
    "unauthenticated": lambda: _graphql_error("UNAUTHENTICATED", "The token is expired.", 401),
    "signed-out": lambda: _graphql_error("UNAUTHENTICATED", "Sign in to do this."),
    "forbidden": lambda: _graphql_error("FORBIDDEN", "You may not see this."),
    "busy-problem": lambda: Response(
        json.dumps({"code": "OVERLOADED", "detail": INNARDS}),
        503,
        {"retry-after": "7"},
        "application/problem+json",
    ),
    "busy-graphql": lambda: _graphql_error("UNAVAILABLE", "Busy.", 503, **{"retry-after": "7"}),
}
