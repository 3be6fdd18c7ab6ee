"""compose.yaml and the code agree: every container gets the settings that its process demands."""

import os
import re
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
SERVICES = ("users", "campaigns", "entries", "codes")
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())


def env_file() -> dict[str, str]:
    lines = (ROOT / ".env").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def environment_of(container: str) -> dict[str, str]:
    """What the container's process finds: `.env`, and the compose file's own with its variables put in."""
    values = env_file()
    own = COMPOSE["services"][container].get("environment", {})
    return {
        **values,
        **{name: re.sub(r"\$\{(\w+)\}", lambda m: values[m[1]], str(text)) for name, text in own.items()},
    }


@pytest.mark.parametrize("tier", ["subgraph", "backend"])
@pytest.mark.parametrize("service", SERVICES)
def test_a_container_gets_every_setting_that_its_process_demands(
    service: str, tier: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in list(os.environ):
        if name.endswith(("_URL", "_PORT", "_KEY", "_KEYS", "_SECRETS")):
            monkeypatch.delenv(name)
    container = service if tier == "subgraph" else f"{service}-backend"
    for name, value in environment_of(container).items():
        monkeypatch.setenv(name, value)
    settings = import_module(f"services.{service}.{tier}.settings").Settings.load()
    port = env_file()[f"{service.upper()}_BACKEND_PORT" if tier == "backend" else f"{service.upper()}_PORT"]
    others = environment_of("router" if tier == "subgraph" else "codes")
    reached_by = f"{service.upper()}_SUBGRAPH_URL" if tier == "subgraph" else f"{service.upper()}_BACKEND_URL"
    assert others[reached_by].startswith(f"http://{container}:{port}")
    assert settings.bind_host != "127.0.0.1", "nobody could reach it"


def test_every_image_is_pinned_and_only_the_router_is_published() -> None:
    images = [service["image"] for service in COMPOSE["services"].values() if "image" in service]
    assert all(re.search(r":[\d.]+(-\w+)?$", image) for image in images)
    assert [name for name, service in COMPOSE["services"].items() if "ports" in service] == ["router"]


def test_every_build_target_exists() -> None:
    targets = set(re.findall(r"^FROM .* AS (\w+)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE))
    used = {s["build"]["target"] for s in COMPOSE["services"].values() if "build" in s}
    assert used <= targets


def test_the_subgraph_image_holds_no_database_driver() -> None:
    lock = (ROOT / "requirements/subgraph.txt").read_text()
    assert (
        re.findall(r"^(asyncpg|psycopg\S*|sqlalchemy|procrastinate|alembic|obstore)==", lock, re.MULTILINE)
        == []
    )
