"""What dashboard, rules and `scripts/status` ask for is what the running system says of itself."""

import json
import os
import re
import secrets
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from scripts.devtools import figures, looks
from scripts.devtools.campaign_setup import open_campaign
from scripts.devtools.graphql_client import GraphQLClient
from scripts.devtools.load.requests import SUBMIT
from scripts.devtools.samples import Samples
from tests.support.stack import RunningStack

ROOT = Path(__file__).parents[3]
TELEMETRY = ROOT / "gateway-config" / "telemetry"
RULES = TELEMETRY / "prometheus" / "rules.yaml"
GROUPS: list[dict[str, Any]] = yaml.safe_load(RULES.read_text())["groups"]
_SELECTOR = re.compile(r"\b(monoql_\w+?)(?:_bucket|_count|_sum)?\b(?:\{([^}]*)\})?(?![\w])")


def expressions() -> Iterator[str]:
    """Everything that is asked of Prometheus."""
    yield from (rule["expr"] for group in GROUPS for rule in group["rules"])
    dashboard = json.loads((TELEMETRY / "grafana" / "dashboard.json").read_text())
    yield from (target["expr"] for panel in dashboard["panels"] for target in panel["targets"])


def promtool() -> str:
    found = shutil.which("promtool")
    if found is None:
        pytest.skip("promtool is not there (Debian's package prometheus has it): the rules were not tried")
    return found


@pytest.fixture
async def samples(stack: RunningStack, client: GraphQLClient) -> Samples:
    """What all processes say once somebody has registered."""
    campaign = await open_campaign(client, stack.token("editor"))
    wanted = {"campaignId": campaign.id, "preferences": [{"marketId": campaign.market_ids[0]}]}
    token = stack.token(f"fan:{1_000_000 + secrets.randbelow(8_000_000)}")
    await client.query(SUBMIT, {"input": wanted}, token=token)
    looked = await looks.look(stack.state)
    assert looked.silent == ()
    return looked.samples


async def test_every_metric_and_label_that_is_asked_for_is_exported(samples: Samples) -> None:
    exported: dict[str, set[str]] = {}
    for name, labels in samples.values:
        family = re.sub(r"_(bucket|count|sum)$", "", name)
        exported.setdefault(family, set()).update(label for label, _ in labels)
    # Jobs run seldom: that these are counted is for tests/unit/kit/test_jobs.py.
    exported.setdefault("monoql_job_seconds", {"process", "task", "outcome", "le"})
    recorded = {rule["record"] for group in GROUPS for rule in group["rules"] if "record" in rule}
    for expression in expressions():
        asked = [(match[1], match[2] or "") for match in _SELECTOR.finditer(expression)]
        assert {name for name, _ in asked} <= exported.keys(), expression
        for name, selector in asked:
            assert set(re.findall(r"(\w+)\s*[=!]", selector)) <= exported[name], expression
        grouped = {label for by in re.findall(r"by \(([^)]*)\)", expression) for label in by.split(", ")}
        assert grouped <= set[str]().union(*(exported[name] for name, _ in asked)), expression
        assert set(re.findall(r"monoql:[a-z0-9_:]+", expression)) <= recorded, expression


async def test_a_registration_is_seen_in_every_tier(samples: Samples) -> None:
    found = {(row.tier, row.name) for row in figures.rows(samples, most=1000) if row.count}
    assert found >= {
        ("router", "SubmitEntry"),
        ("fetches", "entries"),
        ("subgraphs", "submitEntry"),
        ("backends", "POST /entries/submissions"),
    }
    measured = {one.name: one for one in figures.measures(samples, samples)}
    assert measured["registrations taken"].good
    assert measured["duplicate codes"].value == 0


async def test_labels_say_nothing_of_people_or_of_the_inside(samples: Samples, stack: RunningStack) -> None:
    values = {value for _, labels in samples.values for _, value in labels}
    secret = re.compile(r"usr_|ent_|cmp_|@|eyJ|\+1\d|127\.0\.0\.1|postgres(ql)?://")
    assert [value for value in values if secret.search(value)] == []


def test_the_public_port_says_nothing(stack: RunningStack) -> None:
    base = stack.endpoint.removesuffix("/graphql")
    for path in ("/metrics", "/users/metrics", "/files/../metrics"):
        assert httpx.get(base + path, trust_env=False).status_code == 404


def test_the_rules_are_rules_and_tell_what_they_should() -> None:
    tool = promtool()
    for command in (["check", "rules", RULES], ["test", "rules", RULES.with_name("rules_test.yaml")]):
        done = subprocess.run([tool, *command], capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def test_prometheus_understands_its_settings() -> None:
    settings = TELEMETRY / "prometheus" / "prometheus.yaml"
    command = [promtool(), "check", "config", "--syntax-only", settings]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_status_as_json_has_the_measures_and_keeps_the_look(stack: RunningStack) -> None:
    def status() -> dict[str, Any]:
        done = subprocess.run(
            [ROOT / "scripts" / "status", "--json"],
            env={**os.environ, "MONOQL_DATA_DIR": str(stack.data_dir)},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, "")
        return json.loads(done.stdout)

    first, second = status(), status()
    assert second["ready"] is True
    assert second["seconds"] > 0
    assert len(second["measures"]) == len(first["measures"]) == 7
    assert {row["tier"] for row in first["requests"]} >= {"router", "subgraphs", "backends"}
    assert {one["service"] for one in second["waiting"]} == {"users", "campaigns", "entries", "codes"}
