"""What pages of other origins may do: those that are named, and all the rest."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.federation.router.conftest import System
from tests.support.router_process import RouterProcess
from tests.support.subgraph_stub import SubgraphStub

CAMPAIGN = "query ($id: ID!) { campaign(id: $id) { id title } }"
FANS = "https://fans.example"
OTHERS = [
    "https://evil.example",
    "http://fans.example",
    "https://fans.example:8443",
    "https://fans.example.evil.example",
    "https://www.fans.example",
    "null",
]
SENT = {
    "access-control-request-method": "POST",
    "access-control-request-headers": "authorization,content-type",
}


def of_cors(headers: dict[str, str]) -> set[str]:
    return {name for name in headers if name.startswith("access-control-")}


@pytest.mark.parametrize("path", ["/graphql", "/fan/graphql", "/files/campaigns/any"])
def test_a_preflight_of_an_allowed_origin_says_what_may_be_sent(system: System, path: str) -> None:
    answer = system.router.client.options(path, headers={"origin": FANS, **SENT})
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["access-control-allow-origin"] == FANS
    assert {"GET", "POST", "PUT"} <= set(answer.headers["access-control-allow-methods"].split(", "))
    allowed = set(answer.headers["access-control-allow-headers"].split(", "))
    assert {"authorization", "content-type", "accept-language", "apollo-require-preflight"} <= allowed
    assert answer.headers["vary"] == "origin"


@pytest.mark.parametrize("origin", OTHERS)
def test_another_origin_is_told_nothing(system: System, origin: str) -> None:
    preflight = system.router.client.options("/graphql", headers={"origin": origin, **SENT})
    answer = system.router.post(CAMPAIGN, {"id": "cmp_1"}, origin=origin)
    assert (preflight.status_code, of_cors(dict(preflight.headers))) == (204, set())
    assert of_cors(dict(answer.headers)) == set()


def test_an_allowed_origin_reads_answers_and_their_headers_but_sends_no_cookies(system: System) -> None:
    answer = system.router.post(CAMPAIGN, {"id": "cmp_1"}, origin=FANS)
    assert answer.headers["access-control-allow-origin"] == FANS
    assert answer.headers["access-control-expose-headers"] == "etag, x-request-id, retry-after"
    assert "access-control-allow-credentials" not in answer.headers


def test_an_allowed_origin_reads_refusals_too(system: System) -> None:
    """Or a frontend could not tell why: to it a refusal that it may not read is a broken network."""
    client = system.router.client
    refusals = [
        client.post("/graphql", content=b"{", headers={"origin": FANS, "content-type": "application/json"}),
        client.post("/graphql", content=b"{}", headers={"origin": FANS, "content-type": "text/plain"}),
        client.get("/graphql", headers={"origin": FANS}),
        client.get("/nothing", headers={"origin": FANS}),
    ]
    assert [answer.status_code for answer in refusals] == [400, 415, 400, 404]
    assert {answer.headers.get("access-control-allow-origin") for answer in refusals} == {FANS}


@pytest.fixture
def open_to_all(supergraph: Path, stubs: tuple[SubgraphStub, SubgraphStub]) -> Iterator[RouterProcess]:
    settings = {
        "CAMPAIGNS_SUBGRAPH_URL": stubs[0].url,
        "ENTRIES_SUBGRAPH_URL": stubs[1].url,
        "ROUTER_ALLOWED_ORIGINS": "*",
    }
    with RouterProcess(supergraph, settings) as router:
        yield router


def test_all_origins_are_allowed_by_a_star(open_to_all: RouterProcess) -> None:
    for origin in OTHERS:
        answer = open_to_all.post(CAMPAIGN, {"id": "cmp_1"}, origin=origin)
        assert answer.headers["access-control-allow-origin"] == origin
        assert "access-control-allow-credentials" not in answer.headers
