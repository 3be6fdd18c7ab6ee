"""The fan contract at /fan/graphql: nothing of staff exists in it, and where it is so told it serves registered
documents alone.
"""

import json
import time
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.federation.router.conftest import System, eventually, put
from tests.support.router_process import RouterProcess
from tests.support.subgraph_stub import SubgraphStub

PAGE = "query Page($id: ID!) { campaign(id: $id) { id title } }"
PAGE_ID = sha256(PAGE.encode()).hexdigest()
REGISTERED = {"operations": [{"id": PAGE_ID, "name": "Page", "type": "query", "body": PAGE}]}
ANSWER = {"data": {"campaign": {"id": "cmp_1", "title": "Tour"}}}


@pytest.fixture(scope="module")
def registered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("registered") / "persisted.json"
    put(path, json.dumps(REGISTERED))
    return path


@pytest.fixture(scope="module")
def strict(
    supergraph: Path, stubs: tuple[SubgraphStub, SubgraphStub], registered: Path
) -> Iterator[RouterProcess]:
    settings = {
        "CAMPAIGNS_SUBGRAPH_URL": stubs[0].url,
        "ENTRIES_SUBGRAPH_URL": stubs[1].url,
        "MONOQL_ENV": "production",
        "ROUTER_CONTRACTS": "fan",
        "ROUTER_PERSISTED_DOCUMENTS": str(registered),
        "ROUTER_SUPERGRAPH_POLL_MS": "100",
    }
    with RouterProcess(supergraph, settings) as router:
        yield router


def ask(router: RouterProcess, body: dict[str, Any]) -> httpx.Response:
    return router.client.post("/fan/graphql", json={"variables": {"id": "cmp_1"}, **body})


def code(response: httpx.Response) -> str:
    return response.json()["errors"][0]["extensions"]["code"]


def test_fans_are_answered_what_is_theirs(system: System) -> None:
    assert ask(system.router, {"query": PAGE}).json() == ANSWER
    entry = '{ campaign(id: "cmp_1") { viewerEntry { state } } }'
    assert ask(system.router, {"query": entry}).json()["data"]["campaign"]["viewerEntry"] == {
        "state": "ACCEPTED"
    }


def test_what_staff_may_see_does_not_exist_for_fans_whoever_asks(system: System) -> None:
    query = '{ campaign(id: "cmp_1") { notes } }'
    known = system.router.client.post(
        "/graphql", json={"query": query}, headers={"authorization": "Bearer x"}
    )
    system.campaigns.received.clear()

    refused = ask(system.router, {"query": query})

    assert "errors" not in known.json()
    assert code(refused) == "GRAPHQL_VALIDATION_FAILED"
    assert system.campaigns.received == []


def test_the_order_of_asking_at_both_endpoints_changes_nothing(system: System) -> None:
    """Parsed documents and plans are kept: those of one contract must not serve the other."""
    query = '{ campaign(id: "cmp_1") { id title notes } }'
    for _ in range(2):
        assert "errors" not in system.router.post(query).json()
        assert code(ask(system.router, {"query": query})) == "GRAPHQL_VALIDATION_FAILED"


def test_what_staff_may_see_is_in_no_introspection(system: System) -> None:
    query = '{ __schema { types { name } } __type(name: "Campaign") { fields { name } } }'

    fields = {
        path: system.router.client.post(path, json={"query": query}).json()
        for path in ("/graphql", "/fan/graphql")
    }

    told = {
        path: {field["name"] for field in answer["data"]["__type"]["fields"]}
        for path, answer in fields.items()
    }
    assert told["/graphql"] - told["/fan/graphql"] == {"notes"}


@pytest.mark.parametrize(
    "body",
    [
        {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": PAGE_ID}}},
        {"documentId": PAGE_ID},
        {"documentId": f"sha256:{PAGE_ID}"},
        {"documentId": PAGE_ID, "query": "{ __typename }"},
    ],
)
def test_a_registered_document_is_served_by_its_id(strict: RouterProcess, body: dict[str, Any]) -> None:
    assert ask(strict, body).json() == ANSWER


def test_a_registered_document_is_cacheable_by_get(strict: RouterProcess) -> None:
    asked = {"documentId": PAGE_ID, "variables": '{"id": "cmp_1"}'}

    response = strict.client.get("/fan/graphql", params=asked, headers={"apollo-require-preflight": "1"})

    assert response.json() == ANSWER
    assert "etag" in response.headers


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"query": PAGE}, "PERSISTED_QUERY_ID_REQUIRED"),
        ({}, "PERSISTED_QUERY_ID_REQUIRED"),
        ({"query": "{ __typename }", "extensions": {"persistedQuery": {}}}, "PERSISTED_QUERY_ID_REQUIRED"),
        ({"documentId": 7}, "PERSISTED_QUERY_ID_REQUIRED"),
        ({"documentId": "constructor"}, "PERSISTED_QUERY_NOT_IN_LIST"),
        ({"documentId": "0" * 64}, "PERSISTED_QUERY_NOT_IN_LIST"),
        ({"documentId": "0" * 64, "query": PAGE}, "PERSISTED_QUERY_NOT_IN_LIST"),
    ],
)
def test_any_other_document_is_refused_by_name(
    strict: RouterProcess, stubs: tuple[SubgraphStub, SubgraphStub], body: dict[str, Any], expected: str
) -> None:
    stubs[0].received.clear()

    response = ask(strict, body)

    assert (response.status_code, code(response)) == (400, expected)
    assert stubs[0].received == []


@pytest.mark.parametrize("body", [b"null", b"[]", b"7", b'"x"'])
def test_what_is_no_request_is_refused(strict: RouterProcess, body: bytes) -> None:
    response = strict.client.post("/fan/graphql", content=body, headers={"content-type": "application/json"})

    assert response.status_code == 400


def test_an_endpoint_that_is_not_to_be_served_is_not_there(strict: RouterProcess) -> None:
    assert strict.client.post("/graphql", json={"query": "{ __typename }"}).status_code == 404


def test_documents_are_registered_while_it_runs_and_a_torn_manifest_changes_nothing(
    strict: RouterProcess, registered: Path
) -> None:
    title = "query Title($id: ID!) { campaign(id: $id) { title } }"
    more = {"id": sha256(title.encode()).hexdigest(), "name": "Title", "type": "query", "body": title}
    put(registered, json.dumps({"operations": [*REGISTERED["operations"], more]})[:-9])
    time.sleep(0.3)  # three polls: what must not happen cannot be awaited
    assert ask(strict, {"documentId": PAGE_ID}).json() == ANSWER

    put(registered, json.dumps({"operations": [*REGISTERED["operations"], more]}))

    assert eventually(
        lambda: ask(strict, {"documentId": more["id"]}).json() == {"data": {"campaign": {"title": "Tour"}}}
    )


def test_where_it_is_not_strict_a_text_goes_beside_an_unknown_id(system: System) -> None:
    """What Apollo's and urql's clients do in development, where nothing is registered yet."""
    assert ask(system.router, {"documentId": "0" * 64, "query": PAGE}).json() == ANSWER
    alone = ask(system.router, {"documentId": "0" * 64})
    assert (alone.status_code, code(alone)) == (400, "PERSISTED_QUERY_NOT_IN_LIST")
