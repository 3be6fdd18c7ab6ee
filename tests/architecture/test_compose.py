"""compose.yaml and the code agree: every container gets the settings that its process demands."""

import json
import os
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import yaml

from services import SERVICES
from services.kit.locales import LOCALES

ROOT = Path(__file__).parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
DOCKERFILE = (ROOT / "Dockerfile").read_text()
STAGES = dict(re.findall(r"^FROM \S+ AS (\S+)\n(.*?)(?=^FROM |\Z)", DOCKERFILE, re.MULTILINE | re.DOTALL))
HEALTH = {name: text for name, text in STAGES.items() if "HEALTHCHECK" in text}


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


def test_every_image_is_pinned_to_a_version() -> None:
    images = [service["image"] for service in COMPOSE["services"].values() if "image" in service]
    images += re.findall(r"^FROM (\S+:\S+)", DOCKERFILE, re.MULTILINE)
    assert [image for image in images if not re.search(r":v?\d+(\.\d+)+(-[\w-]+)?$", image)] == []


def test_the_router_is_published_and_what_people_look_at_on_loopback_alone() -> None:
    published = {
        name: service["ports"] for name, service in COMPOSE["services"].items() if "ports" in service
    }
    assert set(published) == {"router", "storage", "mail", "jaeger", "grafana"}
    assert all(port.startswith("127.0.0.1:") for ports in published.values() for port in ports)


@pytest.mark.parametrize("container", [name for name, s in COMPOSE["services"].items() if "build" in s])
def test_our_containers_can_do_nothing_but_their_work(container: str) -> None:
    service = COMPOSE["services"][container]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]


def test_no_file_is_put_into_what_is_read_only() -> None:
    """`docker compose` copies the files of `configs` into a container before it starts, which Docker refuses there."""
    services = COMPOSE["services"]
    assert [name for name, s in services.items() if s.get("read_only") and "configs" in s] == []


def test_every_container_has_a_limit_and_waits_for_what_it_needs() -> None:
    services = COMPOSE["services"]
    assert [name for name, s in services.items() if not s["deploy"]["resources"]["limits"]] == []
    for name, service in services.items():
        needed = service.get("depends_on", {})
        unhealthy = (
            [n for n in needed if "condition" not in needed[n]] if isinstance(needed, dict) else needed
        )
        assert unhealthy == (["jaeger"] if name == "collector" else []), name
        for other in needed if isinstance(needed, dict) else ():
            ready = services[other].get("healthcheck") or HEALTH.get(
                services[other].get("build", {}).get("target")
            )
            assert needed[other]["condition"] == "service_completed_successfully" or ready, (name, other)


def test_no_container_is_given_a_secret_of_production() -> None:
    given = {
        (container, name): value
        for container, service in COMPOSE["services"].items()
        for name, value in service.get("environment", {}).items()
        if re.search(r"SECRET|PASSWORD|_KEY(_ID)?$", name)
    }
    assert [k for k, v in given.items() if not re.fullmatch(r"\$\{\w+\}|development(-[\w-]+)?", str(v))] == []


def test_compose_understands_the_file() -> None:
    command = [
        Path(sys.executable).with_name("podman-compose"),
        "--file",
        "compose.yaml",
        "config",
        "--quiet",
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_every_build_target_exists() -> None:
    used = {s["build"]["target"] for s in COMPOSE["services"].values() if "build" in s}
    assert used <= set(STAGES)


def test_a_container_has_the_program_that_it_runs() -> None:
    run = [
        (container, service["build"]["target"], program)
        for container, service in COMPOSE["services"].items()
        for program in re.findall(r"python -m ([\w.]+)", " ".join(service.get("command", [])))
    ]
    assert ("storage", "development", "nanio") in run
    for container, target, program in run:
        (lock,) = re.findall(r"^COPY (requirements/\w+\.txt)", STAGES[f"{target}-packages"], re.MULTILINE)
        ours = (ROOT / program.replace(".", "/")).with_suffix(".py").exists()
        assert ours or f"\n{program}==" in (ROOT / lock).read_text(), container


@pytest.mark.parametrize("stage", ["subgraph", "backend", "router"])
def test_an_image_runs_without_rights_and_takes_signals_itself(stage: str) -> None:
    text = STAGES[stage]
    assert re.findall(r"^USER (?!root|0)(\w+)", text, re.MULTILINE)
    assert stage in HEALTH
    command = json.loads(re.findall(r"^CMD (\[.*\])", text, re.MULTILINE)[-1])
    assert command[0] != "sh" or command[2].startswith("exec "), "a shell would keep SIGTERM to itself"


def test_a_subgraph_image_keeps_the_languages_that_are_served() -> None:
    kept = re.findall(r"! -name '(\w\w)\*'", STAGES["subgraph-packages"])
    assert set(kept) == {locale.partition("-")[0] for locale in LOCALES}


def test_nothing_secret_gets_into_an_image() -> None:
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    assert lines[1] == "*", "what is not named stays outside"
    assert {line for line in lines if line.startswith("!")} == {
        f"!{name}" for name in (".env", "requirements", "services", "scripts", "gateway-config")
    }
    assert [name for name, text in STAGES.items() if re.search(r"^COPY .*\.env", text, re.MULTILINE)] == [
        "development"
    ]


def test_the_subgraph_image_holds_no_database_driver() -> None:
    lock = (ROOT / "requirements/subgraph.txt").read_text()
    assert (
        re.findall(r"^(asyncpg|psycopg\S*|sqlalchemy|procrastinate|alembic|obstore)==", lock, re.MULTILINE)
        == []
    )
