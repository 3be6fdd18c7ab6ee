"""A wrong setting stops the router with one sentence that names it."""

from pathlib import Path

import pytest

from tests.support.router_process import RouterProcess


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"ROUTER_SECRETS": ""}, "ROUTER_SECRETS is not set"),
        (
            {"ROUTER_SECRETS": "fresh,development-router-secret", "MONOQL_ENV": "production"},
            "ROUTER_SECRETS holds a development secret",
        ),
        ({"MONOQL_ENV": "staging"}, 'MONOQL_ENV is "staging"'),
        ({"ROUTER_CONTRACTS": "fans"}, 'ROUTER_CONTRACTS is "fans"'),
        (
            {"ROUTER_PERSISTED_DOCUMENTS": "/nowhere.json"},
            "The registered documents at /nowhere.json cannot be loaded",
        ),
        ({"ROUTER_PORT": "port"}, 'ROUTER_PORT is "port"'),
        ({"ROUTER_MAX_IN_FLIGHT": "0"}, 'ROUTER_MAX_IN_FLIGHT is "0"'),
        ({"CAMPAIGNS_SUBGRAPH_URL": "nowhere"}, "CAMPAIGNS_SUBGRAPH_URL is not an http(s) URL"),
    ],
)
def test_wrong_setting(supergraph: Path, settings: dict[str, str], sentence: str):
    router = RouterProcess(supergraph, settings)
    router.start()
    _, log = router.process.communicate(timeout=20)
    assert router.process.returncode == 1
    assert sentence in log
    assert len(log.splitlines()) == 1
