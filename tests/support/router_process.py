"""The router as a process of its own, on a free port."""

import os
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import httpx

from scripts.devtools import routers
from scripts.devtools.settings import load
from services import SERVICES
from tests.support.ports import free_port
from tests.support.stack import RunningStack

ROOT = Path(__file__).parents[2]
GATEWAY = ROOT / "gateway-config"
SECRET = "a-router-secret-for-tests"


def compose(supergraph_yaml: Path, out_dir: Path, *flags: str) -> subprocess.CompletedProcess[str]:
    """Runs `compose.mjs`; its lines about what is wrong are in `stderr`."""
    command = [
        "node",
        GATEWAY / "compose.mjs",
        "--supergraph-yaml",
        supergraph_yaml,
        "--out-dir",
        out_dir,
        *flags,
    ]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def fans_router(stack: RunningStack, **settings: str) -> "RouterProcess":
    """A second router over a running system, as fans have it in production: registered documents alone."""
    subgraphs = {f"{name.upper()}_SUBGRAPH_URL": f"{stack.url(name)}/graphql" for name in SERVICES}
    fans = {"ROUTER_CONTRACTS": "fan", "ROUTER_PERSISTED_ONLY": "true"}
    secrets = {"ROUTER_SECRETS": load()["ROUTER_SECRETS"]}
    return RouterProcess(GATEWAY / "supergraph.graphql", {**subgraphs, **secrets, **fans, **settings})


@dataclass
class RouterProcess:
    """A router, the one that `ROUTER` names unless told, with `settings` as its environment; answers once the context
    is entered.
    """

    supergraph: Path
    settings: dict[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    router: str = field(default_factory=lambda: routers.chosen(os.environ))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self.start()
        deadline = time.monotonic() + 60
        while not self._answers():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.process.kill()
                raise RuntimeError(f"the router did not start:\n{self.process.communicate()[1]}")
            time.sleep(0.05)
        self.client = httpx.Client(base_url=self.url, timeout=15, trust_env=False)
        return self

    def start(self) -> None:
        environment = {
            "PATH": os.environ["PATH"],
            "ROUTER_PORT": str(self.port),
            "ROUTER_SECRETS": SECRET,
            "SUPERGRAPH": str(self.supergraph),
            **self.settings,
        }
        chosen = {"ROUTER": self.router, "PATH": os.environ["PATH"]}
        self.process = subprocess.Popen(
            routers.command(chosen),
            cwd=ROOT,
            env=routers.environment(chosen, environment),
            stderr=subprocess.PIPE,
            text=True,
        )

    def __exit__(self, *_: object) -> None:
        self.client.close()
        sys.stderr.write(self.stop()[1])

    def log_line(self) -> str:
        """The next line of the log; waits for it."""
        assert self.process.stderr
        return self.process.stderr.readline()

    def stop(self) -> tuple[int, str]:
        """Sends SIGTERM; returns the exit code and everything it logged."""
        self.process.terminate()
        _, log = self.process.communicate(timeout=60)
        return self.process.returncode, log

    def post(self, query: str, variables: dict | None = None, **headers: str) -> httpx.Response:
        """Sends one operation; header names are written with underscores."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.post(
            "/graphql", json={"query": query, "variables": variables or {}}, headers=named
        )

    def _answers(self) -> bool:
        try:
            return httpx.get(f"{self.url}/livez", trust_env=False).status_code == 200
        except httpx.TransportError:
            return False
