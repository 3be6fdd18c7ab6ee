"""A changed supergraph file is taken up; a corrupt one is refused while the old graph serves on, and nobody notices."""

import asyncio
import json
import time
from collections import Counter
from functools import partial
from pathlib import Path

import pytest

from scripts.devtools.load.arrivals import intended_times
from scripts.devtools.load.generator import Generator
from scripts.devtools.load.loopback import loopback_target
from scripts.devtools.load.pages import Page, readings
from tests.federation.router.conftest import CAMPAIGNS, ENTRIES, eventually, put, write_graph
from tests.support.router_process import RouterProcess, compose
from tests.support.subgraph_stub import SubgraphStub


def test_reload(tmp_path: Path, supergraph: Path, stubs: tuple[SubgraphStub, SubgraphStub]):
    served = tmp_path / "served.graphql"
    put(served, supergraph.read_text())
    settings = {
        "CAMPAIGNS_SUBGRAPH_URL": stubs[0].url,
        "ENTRIES_SUBGRAPH_URL": stubs[1].url,
        "ROUTER_SUPERGRAPH_POLL_MS": "100",
    }
    grown = CAMPAIGNS.replace("type Query {", "type Query { echoes: String")
    assert compose(write_graph(tmp_path, campaigns=grown, entries=ENTRIES), tmp_path).returncode == 0

    with RouterProcess(served, settings) as router:
        assert "errors" in router.post("{ echoes }").json()
        for corrupt in (
            "type Query {",
            "",
            "type Query { a: Int }",
            (tmp_path / "supergraph.graphql").read_text()[:900],
        ):
            put(served, corrupt)
            time.sleep(0.3)  # three polls: what must not happen cannot be awaited
            assert router.post('{ campaign(id: "cmp_1") { id } }').json() == {
                "data": {"campaign": {"id": "cmp_1"}}
            }
        put(served, (tmp_path / "supergraph.graphql").read_text())
        assert eventually(lambda: "errors" not in router.post("{ echoes }").json())
        code, log = router.stop()

    lines = [json.loads(line) for line in log.splitlines()]
    refused = [line for line in lines if line["event"].startswith("supergraph not reloaded")]
    assert code == 0
    assert len(refused) == 4
    assert all(line["reason"] for line in refused)


def test_a_corrupt_file_at_the_start_is_one_sentence(tmp_path: Path):
    broken = tmp_path / "broken.graphql"
    broken.write_text("type Query {")
    router = RouterProcess(broken)
    router.start()
    _, log = router.process.communicate(timeout=20)
    assert router.process.returncode == 1
    assert log.startswith(f"The supergraph at {broken} cannot be loaded: Syntax Error")
    assert len(log.splitlines()) == 1


RATE, RELOADS = 100, 12


@pytest.fixture
def growing(tmp_path: Path) -> str:
    """A supergraph with a field of its own, `echo0`."""
    grown = CAMPAIGNS.replace("type Query {", "type Query { echo0: String")
    assert compose(write_graph(tmp_path, campaigns=grown, entries=ENTRIES), tmp_path).returncode == 0
    return (tmp_path / "supergraph.graphql").read_text()


async def test_no_request_fails_while_graphs_come_and_go(
    tmp_path: Path, growing: str, stubs: tuple[SubgraphStub, SubgraphStub]
):
    """100 requests a second over both subgraphs, through twelve graphs, each followed by a corrupt file."""
    served = tmp_path / "served.graphql"
    put(served, growing.replace("echo0", "echoes"))
    settings = {
        "CAMPAIGNS_SUBGRAPH_URL": stubs[0].url,
        "ENTRIES_SUBGRAPH_URL": stubs[1].url,
        "ROUTER_SUPERGRAPH_POLL_MS": "100",
        "LOG_LEVEL": "error",
    }
    with RouterProcess(served, settings) as router:
        over = asyncio.Event()
        load = asyncio.create_task(_load(f"{router.url}/graphql", over))
        for turn in range(RELOADS):
            put(served, growing.replace("echo0", f"echo{turn}"))
            assert await asyncio.to_thread(eventually, partial(_knows, router, f"echo{turn}"))
            put(served, growing[: 900 + turn])
            async with asyncio.timeout(60):
                said = json.loads(await asyncio.to_thread(router.log_line))
            assert said["event"].startswith("supergraph not reloaded"), said
        over.set()
        answered = await load
    assert answered.keys() == {"whole page"}
    print(f"{answered.total()} requests over {RELOADS} reloads")


async def _load(url: str, over: asyncio.Event) -> Counter[str]:
    """Pages of both subgraphs, `RATE` times a second whatever the answers take, second by second until it is over."""
    target = loopback_target(url)
    page = Page('{ campaign(id: "cmp_1") { title viewerEntry { state } } }', (b'"Tour"', b'"ACCEPTED"'))
    parts = readings(page, target, [b"nobody"], "").parts
    answered: Counter[str] = Counter()
    while not over.is_set():
        sent = await Generator(target, intended_times(RATE, 1, "fixed"), parts, goal=page.goal).run()
        answered += sent.tally.kinds
    return answered


def _knows(router: RouterProcess, field: str) -> bool:
    return "errors" not in router.post(f"{{ {field} }}").json()
