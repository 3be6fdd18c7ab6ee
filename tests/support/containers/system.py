"""The whole system as containers on one machine's own network, over the tests' PostgreSQL."""

import os
import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from scripts.devtools import settings as devsettings
from scripts.devtools.databases import ServiceDatabase
from scripts.devtools.settings import Settings
from scripts.devtools.supervisor import ProcessSpec
from scripts.devtools.topology import Topology
from services import SERVICES
from tests.support.containers.engine import Engine, EngineError

READY_SECONDS = 180
IMAGES = (*SERVICES, "backend", "router", "development")


def tag(image: str) -> str:
    """The name of one of `IMAGES` in the engine."""
    return f"localhost/monoql-test-{image}:latest"


def build(engine: Engine) -> dict[str, float]:
    """Builds every image of the Dockerfile; how many seconds each took. Raises EngineError."""
    seconds: dict[str, float] = {}
    for image in IMAGES:
        began = time.monotonic()
        is_subgraph = image in SERVICES
        engine.build(
            "subgraph" if is_subgraph else image, tag(image), {"SERVICE": image} if is_subgraph else {}
        )
        seconds[image] = time.monotonic() - began
    return seconds


@dataclass
class ContainerSystem:
    """Every process of `scripts/up --split` in a container of its own, told what scripts/up tells it.

    `data_dir` is the one folder that they share: files, text messages, the identity provider's key.
    """

    engine: Engine
    databases: Mapping[str, ServiceDatabase]
    data_dir: Path
    settings: Settings = field(init=False)
    _prefix: str = field(default_factory=lambda: f"monoql-{secrets.token_hex(4)}-")
    _started: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.settings = devsettings.load(free_ports=True, data_dir=self.data_dir)
        # The containers' user is nobody here.
        self.data_dir.chmod(0o755)
        for folder in ("files", "outbox", "identity"):
            (self.data_dir / folder).mkdir()
            (self.data_dir / folder).chmod(0o777)

    @property
    def endpoint(self) -> str:
        """Where GraphQL is served."""
        return f"{self.settings.url('router')}/graphql"

    def container(self, process: str) -> str:
        """The engine's name for the container of a process."""
        return self._prefix + process

    def start(self) -> None:
        """Migrations, demonstration data, everything up and ready. Raises EngineError with the log of what is not."""
        topology = Topology(self.settings, self.databases, split=True)
        for once in (topology.migrate(), topology.seed()):
            self._run(once, tag("backend"), "--rm", detached=False, command=once.argv[1:])
        for spec in topology.processes():
            image = spec.name if spec.name in SERVICES else _IMAGE_OF.get(spec.name, "backend")
            command = ["-m", "services.worker"] if spec.name == "worker" else []
            self._run(spec, tag(image), "--name", self.container(spec.name), command=command)
            self._started.append(self.container(spec.name))
        for spec in topology.processes():
            self._await_ready(spec)

    def stop(self) -> None:
        """Ends and removes all of it."""
        self.engine.remove(self._started)
        self._started.clear()

    def token(self, persona: str) -> str:
        """A token for a persona, as the development provider gives it to anyone who asks."""
        form = {"grant_type": "urn:monoql:params:oauth:grant-type:persona", "persona": persona}
        answer = httpx.post(f"{self.settings.url('identity')}/token", data=form, trust_env=False, timeout=10)
        return answer.raise_for_status().json()["access_token"]

    def _run(
        self, spec: ProcessSpec, image: str, *options: str, command: Sequence[str], detached: bool = True
    ) -> None:
        """One container: no rights, nothing to write to but /tmp and the data."""
        own = {name: value for name, value in spec.env.items() if os.environ.get(name) != value}
        own |= {"BIND_HOST": devsettings.LOOPBACK}
        if spec.name.endswith("-backend"):
            own["SERVICE"] = spec.name.removesuffix("-backend")
        own.pop("PYTHONPATH", None)
        self.engine.run_container(
            *(*(["--detach"] if detached else []), "--network=host", "--read-only", "--tmpfs=/tmp"),
            *("--cap-drop=all", "--security-opt=no-new-privileges", "--volume"),
            f"{self.data_dir}:{self.data_dir}",
            *(f"--env={name}={value}" for name, value in own.items()),
            *(*options, image, *(["python", *command] if command else [])),
            timeout=READY_SECONDS,
        )

    def _await_ready(self, spec: ProcessSpec) -> None:
        deadline = time.monotonic() + READY_SECONDS
        name = self.container(spec.name)
        while not _is_ready(spec):
            if time.monotonic() > deadline or not self.engine.inspect("container", name)["State"]["Running"]:
                raise EngineError(f"{spec.name} is not ready: {self.engine.run('logs', name)[-2000:]}")
            time.sleep(0.2)


_IMAGE_OF = {"router": "router", "identity": "development"}


def _is_ready(spec: ProcessSpec) -> bool:
    try:
        answer = httpx.get(f"http://{devsettings.LOOPBACK}:{spec.port}/readyz", trust_env=False, timeout=5)
    except httpx.TransportError:
        return False
    return answer.is_success
