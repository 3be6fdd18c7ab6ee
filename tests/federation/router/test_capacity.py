"""Shedding, deadlines and stopping."""

import asyncio
import time
from pathlib import Path

import httpx
import pytest

from tests.federation.router.conftest import System
from tests.support.router_process import RouterProcess
from tests.support.subgraph_stub import SubgraphStub

SLOW = {"query": "query ($seconds: Float!) { slow(seconds: $seconds) }", "variables": {"seconds": 0.6}}


@pytest.mark.asyncio
async def test_past_the_cap_a_request_is_shed_at_once(
    supergraph: Path, stubs: tuple[SubgraphStub, SubgraphStub]
):
    settings = {
        "CAMPAIGNS_SUBGRAPH_URL": stubs[0].url,
        "ENTRIES_SUBGRAPH_URL": stubs[1].url,
        "ROUTER_MAX_IN_FLIGHT": "2",
    }
    with RouterProcess(supergraph, settings) as router:
        async with httpx.AsyncClient(base_url=router.url, trust_env=False) as client:
            before = len(stubs[0].received)
            held = [asyncio.create_task(client.post("/graphql", json=SLOW)) for _ in range(2)]
            while len(stubs[0].received) < before + 2:
                await asyncio.sleep(0.01)
            started = time.monotonic()
            shed = await client.post("/graphql", json=SLOW)
            took = time.monotonic() - started
            assert (shed.status_code, shed.headers["retry-after"]) == (503, "1")
            assert shed.json()["errors"][0]["extensions"]["code"] == "UNAVAILABLE"
            assert took < 0.3
            assert [answer.json() for answer in await asyncio.gather(*held)] == [
                {"data": {"slow": "done"}}
            ] * 2
            assert (await client.post("/graphql", json=SLOW)).status_code == 200


@pytest.mark.asyncio
async def test_sigterm_lets_a_request_in_flight_finish(
    supergraph: Path, stubs: tuple[SubgraphStub, SubgraphStub]
):
    router = RouterProcess(
        supergraph, {"CAMPAIGNS_SUBGRAPH_URL": stubs[0].url, "ENTRIES_SUBGRAPH_URL": stubs[1].url}
    )
    with router:
        async with httpx.AsyncClient(base_url=router.url, trust_env=False) as client:
            before = len(stubs[0].received)
            held = asyncio.create_task(client.post("/graphql", json=SLOW))
            while len(stubs[0].received) == before:
                await asyncio.sleep(0.01)
            stopped = asyncio.create_task(asyncio.to_thread(router.stop))
            assert (await held).json() == {"data": {"slow": "done"}}
        code, log = await stopped
        assert code == 0
        assert "stopping" in log


def test_deadline_ends_a_hanging_request(system: System):
    started = time.monotonic()
    answer = system.router.post("query ($seconds: Float!) { slow(seconds: $seconds) }", {"seconds": 1.5})
    assert answer.status_code == 503
    assert 0.4 < time.monotonic() - started < 1.2


def test_a_mutation_is_sent_once(system: System):
    before = len(system.entries.received)
    answer = system.router.post(
        "mutation ($seconds: Float!) { submitSlowly(seconds: $seconds) { id } }", {"seconds": 1.0}
    )
    assert answer.status_code == 503
    assert len(system.entries.received) == before + 1
