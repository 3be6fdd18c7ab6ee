"""A changed supergraph file is taken up; a corrupt one is refused while the old graph serves on."""

import json
import time
from pathlib import Path

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
