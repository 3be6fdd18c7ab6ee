"""The choice of a router, and that Hive Router's file says what settings.mjs says."""

import os
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from scripts.devtools import routers, settings
from scripts.devtools.settings import ROOT, SettingsError
from tests.support.routers import DIFFERENCES

CONFIG: dict[str, Any] = yaml.safe_load(routers.CONFIG.read_text())
PLUGIN: dict[str, Any] = CONFIG["plugins"]["monoql"]["config"]
OURS = (ROOT / "gateway-config" / "settings.mjs").read_text()
NUMBERS = {
    name: int(value.replace("_", "")) for name, value in re.findall(r"integer\(env, '(\w+)', ([\d_]+)", OURS)
}
UNITS = {"1MiB": 1_048_576, "5s": 5_000, "12s": 12_000, "10s": 10_000}


def from_environment(node: object) -> dict[str, object]:
    """Every setting that the file reads, with its default."""
    if isinstance(node, list):
        return {name: default for item in node for name, default in from_environment(item).items()}
    if not isinstance(node, dict):
        return {}
    if "from_env" in node:
        return {node["from_env"]: node.get("default")}
    return {name: default for item in node.values() for name, default in from_environment(item).items()}


def test_our_own_router_serves_unless_another_is_named() -> None:
    assert routers.command({}) == ["node", "gateway-config/start.mjs"]
    assert routers.command({"ROUTER": "hive-gateway"}) == ["node", "gateway-config/start.mjs"]
    assert routers.environment({}, {"USERS_PORT": "1", "PORT": "2"}) == {"USERS_PORT": "1", "PORT": "2"}


def test_an_unknown_router_is_refused() -> None:
    with pytest.raises(SettingsError, match="ROUTER must be hive-gateway or hive-router, not 'apollo'"):
        routers.command({"ROUTER": "apollo"})


def test_a_hive_router_that_is_not_there_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="no hive-router is on PATH"):
        routers.command({"ROUTER": "hive-router", "PATH": str(tmp_path)})


def test_hive_router_is_found_and_told_where_everything_is(tmp_path: Path) -> None:
    program = tmp_path / "hive-router"
    program.touch(mode=0o755)
    values = {"ROUTER": "hive-router", "PATH": str(tmp_path)}
    assert routers.command(values) == [str(program)]
    common = {"USERS_PORT": "41", "CODES_PORT": "44", "CODES_SUBGRAPH_URL": "http://codes/graphql"}
    assert routers.environment(values, {**common, "PORT": "1", "HOST": "x", "LOG_LEVEL": "warning"}) == {
        **common,
        "USERS_SUBGRAPH_URL": "http://127.0.0.1:41/graphql",
        "ROUTER_CONFIG_FILE_PATH": str(ROOT / "gateway-config" / "router.config.yaml"),
    }


def test_numbers_have_the_names_and_defaults_of_the_first_router() -> None:
    read = {name: default for name, default in from_environment(CONFIG).items() if isinstance(default, int)}
    assert {name: NUMBERS[name] for name in read} == read
    written = {
        "ROUTER_MAX_BODY_BYTES": [CONFIG["limits"]["max_request_body_size"], PLUGIN["max_body_bytes"]],
        "ROUTER_SUPERGRAPH_POLL_MS": [CONFIG["supergraph"]["poll_interval"]],
        "ROUTER_DRAIN_MS": [CONFIG["http"]["shutdown_timeout"]],
        "ROUTER_DEADLINE_MS": [CONFIG["traffic_shaping"]["router"]["request_timeout"]],
        "ROUTER_UPSTREAM_CONNECTIONS": [CONFIG["traffic_shaping"]["max_connections_per_host"]],
    }
    for name, values in written.items():
        assert {UNITS.get(value, value) for value in values} == {NUMBERS[name]}, name
    assert NUMBERS["ROUTER_PATIENCE_MS"] == 2_000
    patience = CONFIG["traffic_shaping"]["all"]["request_timeout"]["expression"]
    assert re.findall(r'"(\d+)s"', patience) == ["10", "2"]
    not_read = {"ROUTER_METRICS_PORT", "ROUTER_PATIENCE_MS", "ROUTER_UPLOAD_MS"}
    assert set(NUMBERS) - set(read) - set(written) == not_read


def test_subgraphs_are_where_the_graph_says_unless_told() -> None:
    composed = yaml.safe_load((ROOT / "supergraph.yaml").read_text())["subgraphs"]
    told = CONFIG["override_subgraph_urls"]["subgraphs"]
    assert {name: subgraph["url"]["default"] for name, subgraph in told.items()} == {
        name: subgraph["routing_url"] for name, subgraph in composed.items()
    }


def test_the_file_holds_no_secret() -> None:
    assert PLUGIN["secrets"] == {"from_env": "ROUTER_SECRETS", "default": []}
    values = settings.load(environ={name: os.environ[name] for name in ("PATH",)}).values
    secrets = [values[name] for name in ("ROUTER_SECRETS", "BACKEND_KEYS", "DATA_KEYS", "LOOKUP_KEY")]
    assert not [secret for secret in secrets if secret in routers.CONFIG.read_text()]


def test_a_subgraph_hears_the_same_headers_of_the_client_and_no_two_fans_share_an_answer() -> None:
    ours = (ROOT / "gateway-config" / "upstream" / "headers.mjs").read_text()
    [rule] = CONFIG["headers"]["all"]["request"]
    by_plugin = {"content-type", "accept", "x-router-proof"}
    sent = set(re.findall(r"'([a-z-]+)', ", ours)) | set(re.findall(r"sent\.push\('([a-z-]+)'", ours))
    assert set(rule["propagate"]["named"]) == sent - by_plugin
    shaping = CONFIG["traffic_shaping"]
    assert shaping["all"]["dedupe_enabled"] is shaping["router"]["dedupe"]["enabled"] is False


def test_what_hive_router_does_not_do_is_in_the_readme() -> None:
    readme = " ".join((ROOT / "gateway-config" / "README.md").read_text().split())
    assert [sentence for sentence in DIFFERENCES.values() if sentence not in readme] == []
