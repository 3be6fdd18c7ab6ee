"""Every command in the README works, run as it stands there, one after the other, on a system of its own."""

import os
import re
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.devtools.settings import ROOT, find_free_ports

# scripts/check and scripts/test are what runs this; they are not run again inside themselves.
OUTER = re.compile(r"^scripts/(check|test)\b")
PORTS = (
    "ROUTER", "USERS", "CAMPAIGNS", "ENTRIES", "CODES", "WORKER", "IDENTITY", "POSTGRES",
    "USERS_BACKEND", "CAMPAIGNS_BACKEND", "ENTRIES_BACKEND", "CODES_BACKEND",
)  # fmt: skip


def commands() -> list[str]:
    """The commands of the README's `sh` blocks, continued lines joined."""
    blocks = re.findall(r"^```sh\n(.*?)^```", (ROOT / "README.md").read_text(), re.MULTILINE | re.DOTALL)
    return [line for block in blocks for line in block.replace("\\\n", " ").splitlines() if line.strip()]


@pytest.fixture
def environment(tmp_path: Path) -> Iterator[dict[str, str]]:
    ports = {f"{name}_PORT": str(port) for name, port in zip(PORTS, find_free_ports(len(PORTS)), strict=True)}
    variables = {**os.environ, **ports, "MONOQL_DATA_DIR": str(tmp_path / "data")}
    yield variables
    subprocess.run(["scripts/down", "--wipe"], cwd=ROOT, env=variables, check=True, timeout=60)


def test_every_command_of_the_readme_works(environment: dict[str, str]) -> None:
    ran = 0
    for command in commands():
        if OUTER.match(command):
            continue
        here = command.replace(":4000/", f":{environment['ROUTER_PORT']}/")
        result = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", here],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert result.returncode == 0, f"{command}\n{result.stdout[-3000:]}\n{result.stderr[-3000:]}"
        assert '"errors"' not in result.stdout
        ran += 1
    assert ran >= 5


def test_a_port_in_use_is_said_in_one_sentence(environment: dict[str, str]) -> None:
    with subprocess.Popen(
        ["python3", "-m", "http.server", environment["USERS_PORT"], "--bind", "127.0.0.1"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as squatter:
        try:
            subprocess.run(
                [
                    "bash",
                    "-c",
                    f"until echo > /dev/tcp/127.0.0.1/{environment['USERS_PORT']}; do :; done 2>/dev/null",
                ],
                check=True,
                timeout=10,
            )
            result = subprocess.run(
                ["scripts/up", "--detach"],
                cwd=ROOT,
                env=environment,
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )
        finally:
            squatter.send_signal(signal.SIGTERM)
    assert result.returncode != 0
    assert "USERS_PORT" in result.stdout + result.stderr
    assert "Traceback" not in result.stdout + result.stderr
