"""compose.yaml as `docker compose` runs it, with the images of this checkout."""

import json
import secrets
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from scripts.devtools.settings import LOOPBACK, find_free_ports
from services import SERVICES
from tests.support.containers import bases, system
from tests.support.containers.engine import ROOT, Engine, EngineError, NoEngineError

COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
# `router` takes in all that it waits for; nothing waits for the worker, nor for what shows mail and traces.
STARTED = ("router", "worker")
OURS = (*SERVICES, *(f"{service}-backend" for service in SERVICES), *STARTED)
OTHERS = ("postgres", "volumes")
_READY_SECONDS = 240


def find_docker() -> Engine:
    """Docker, with its compose. Raises NoEngineError: podman-compose knows neither files in line nor, before
    podman 4.6, what is healthy.
    """
    docker = Engine("docker")
    try:
        docker.run("ps")
        docker.run("compose", "version")
    except (EngineError, FileNotFoundError) as error:
        raise NoEngineError(f"docker compose does not answer ({error})") from None
    return docker


def bring_images(built_by: Engine, docker: Engine, folder: Path) -> None:
    """Gives Docker what the compose file needs: ours from the engine that built them, those of others from a registry
    or as stand-ins. Raises EngineError.
    """
    brought = [] if built_by.program == docker.program else [system.tag(image) for image in system.IMAGES]
    for name in (COMPOSE["services"][other]["image"] for other in OTHERS):
        if docker.has_image(name):
            continue
        try:
            docker.run("pull", name)
        except EngineError:
            bases.make_stand_in(built_by, name)
            brought += [] if built_by.program == docker.program else [f"docker.io/library/{name}"]
    if brought:
        archive = folder / "images.tar"
        built_by.run("save", "--multi-image-archive", "--output", archive, *brought, timeout=600)
        docker.run("load", "--input", archive, timeout=600)
        archive.unlink()


@dataclass
class ComposedSystem:
    """One project of its own; what it publishes is on free ports."""

    docker: Engine
    folder: Path
    _project: str = field(default_factory=lambda: f"monoql-{secrets.token_hex(4)}")
    _router_port: int = field(init=False)

    def __post_init__(self) -> None:
        router, storage = find_free_ports(2)
        self._router_port = router
        (self.folder / "ports.env").write_text(f"ROUTER_PORT={router}\nSTORAGE_PORT={storage}\n")
        images = {name: {"image": _image_of(name)} for name, s in COMPOSE["services"].items() if "build" in s}
        (self.folder / "images.yaml").write_text(json.dumps({"services": images}))

    @property
    def endpoint(self) -> str:
        """Where GraphQL is served."""
        return f"http://{LOOPBACK}:{self._router_port}/graphql"

    def start(self) -> None:
        """Everything up and healthy. Raises EngineError with the log of what is not."""
        try:
            self.compose(
                *("up", "--no-build", "--wait", "--wait-timeout", str(_READY_SECONDS), *STARTED),
                timeout=2 * _READY_SECONDS,
            )
        except EngineError as error:
            raise EngineError(f"{error}\n{self.compose('logs', '--tail=15')[-6000:]}") from None

    def stop(self) -> None:
        """Ends and removes all of it, data too."""
        self.compose("down", "--volumes", "--remove-orphans")

    def token(self, persona: str) -> str:
        """A token for a persona, as the identity provider's container prints it."""
        command = ("python", "-m", "scripts.devtools.run", "scripts.devtools.commands.token", persona)
        return self.compose("exec", "-T", "identity", *command).strip()

    def states(self) -> dict[str, dict[str, Any]]:
        """What Docker knows of each container, by the compose file's name for it."""
        listed = self.compose("ps", "--all", "--format", "json").splitlines()
        return {container["Service"]: container for container in map(json.loads, listed)}

    def compose(self, *arguments: str, timeout: float = 120) -> str:
        """One command of `docker compose` for this project. Raises EngineError."""
        files = ("--file", "compose.yaml", "--file", str(self.folder / "images.yaml"))
        settings = ("--env-file", ".env", "--env-file", str(self.folder / "ports.env"))
        own = ("--project-name", self._project, "--progress", "quiet")
        try:
            return self.docker.run("compose", *own, *files, *settings, *arguments, timeout=timeout)
        except subprocess.TimeoutExpired as error:
            raise EngineError(
                f"docker compose {arguments[0]} took longer than {error.timeout:.0f} s"
            ) from None


def _image_of(name: str) -> str:
    build = COMPOSE["services"][name]["build"]
    return system.tag(build["args"]["SERVICE"] if build["target"] == "subgraph" else build["target"])
