"""Hive Router with our plugin before the same stubs, where it was built: what no subgraph serves a router without.

`ROUTER=hive-router` runs the other tests here against it, and those of tests/e2e.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.devtools.routers import HIVE_ROUTER
from tests.federation.router.conftest import System
from tests.federation.router.test_headers import CAMPAIGN, assert_proven
from tests.support.router_process import RouterProcess
from tests.support.subgraph_stub import SubgraphStub

pytestmark = pytest.mark.skipif(
    shutil.which(HIVE_ROUTER) is None,
    reason="no hive-router on PATH: gateway-config/README.md says how to build it",
)


@pytest.fixture(scope="module")
def hive(supergraph: Path, stubs: tuple[SubgraphStub, SubgraphStub]) -> Iterator[System]:
    campaigns, entries = stubs
    settings = {"CAMPAIGNS_PORT": str(campaigns.port), "ENTRIES_PORT": str(entries.port)}
    with RouterProcess(supergraph, settings, router=HIVE_ROUTER) as router:
        yield System(router, campaigns, entries)


@pytest.mark.parametrize("authorization", [None, "Bearer a.b.c", "Bearer é"])
def test_router_proof_covers_time_body_and_token(hive: System, authorization: str | None) -> None:
    headers = {b"authorization": authorization.encode("latin-1")} if authorization else {}
    body = {"query": CAMPAIGN, "variables": {"id": "Beyoncé 🎤"}}
    answer = hive.router.client.post("/graphql", json=body, headers=headers)
    assert answer.json() == {"data": {"campaign": {"id": "Beyoncé 🎤", "title": "Tour"}}}
    assert_proven(hive.campaigns.last)


def test_what_a_client_says_of_itself_stays_outside(hive: System) -> None:
    given = {
        "x_client_ip": "6.6.6.6",
        "x_router_proof": "v1;1;00",
        "x_actor": "usr_1",
        "x_request_id": "short",
    }
    answer = hive.router.post(CAMPAIGN, {"id": "cmp_1"}, **given)
    received = hive.campaigns.last.headers
    assert_proven(hive.campaigns.last)
    assert received["x-client-ip"] == "127.0.0.1"
    assert received["x-request-id"] == answer.headers["x-request-id"] != "short"
    assert "x-actor" not in received
