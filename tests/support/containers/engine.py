"""The container engine of this machine, whichever it is: podman, or docker with its daemon."""

import json
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[3]
_LIMIT = 4096
"""Open files and processes. podman would else ask for more than a virtual machine's own limits."""


class NoEngineError(Exception):
    """A sentence: which engines were looked for, and what each lacks."""


class EngineError(Exception):
    """What the engine said when a command failed."""


@dataclass(frozen=True)
class Engine:
    """Runs `podman` or `docker`; both understand what is asked here."""

    program: str
    own: Sequence[str] = ()
    """What this machine's engine is told before each command."""

    @classmethod
    def find(cls) -> "Engine":
        """The first engine that answers. Raises NoEngineError."""
        lacks: list[str] = []
        for program in ("podman", "docker"):
            if shutil.which(program) is None:
                lacks.append(f"{program} is not installed")
                continue
            asked = subprocess.run([program, "ps"], capture_output=True, text=True, timeout=60, check=False)
            if asked.returncode == 0:
                # Of the two runtimes that podman finds by itself, runc is the one that knows both kinds of cgroups.
                return cls(
                    program, ["--runtime=runc"] if program == "podman" and shutil.which("runc") else []
                )
            words = asked.stderr.strip().splitlines() or ["it did not say why"]
            lacks.append(f"{program} does not answer ({words[-1]})")
        raise NoEngineError(f"no container engine: {'; '.join(lacks)}")

    def run(self, *arguments: str | Path, timeout: float = 120) -> str:
        """One command; what it wrote to standard output. Raises EngineError with its last words."""
        command = [self.program, *self.own, *map(str, arguments)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=timeout, check=False)
        if done.returncode != 0:
            raise EngineError(f"{' '.join(command[:5])} …: {(done.stderr or done.stdout).strip()[-3000:]}")
        return done.stdout

    def has_image(self, name: str) -> bool:
        """Whether the image is here, without asking a registry."""
        try:
            self.run("image", "inspect", "--format", "{{.Id}}", name)
        except EngineError:
            return False
        return True

    def build(self, target: str, tag: str, arguments: Mapping[str, str]) -> None:
        """One stage of the Dockerfile as an image. Raises EngineError."""
        # podman writes OCI images unless told otherwise, and those have no HEALTHCHECK.
        own = ["--format=docker", "--isolation=chroot"] if self.program == "podman" else []
        given = [f"--build-arg={name}={value}" for name, value in arguments.items()]
        self.run(
            *("build", *own, "--network=host", "--pull=never" if own else "--pull=false"),
            *(*given, "--target", target, "--tag", tag, "."),
            timeout=1200,
        )

    def inspect(self, kind: str, name: str) -> dict[str, Any]:
        """What the engine knows of an image or a container."""
        return json.loads(self.run(kind, "inspect", name))[0]

    def run_container(self, *arguments: str | Path, timeout: float = 120) -> str:
        """`run`, within limits that a machine which is one itself may set; as `run` otherwise."""
        limits = [f"--ulimit={name}={_LIMIT}:{_LIMIT}" for name in ("nofile", "nproc")]
        return self.run("run", *limits, *arguments, timeout=timeout)

    def is_healthy(self, container: str) -> bool:
        """What the image's own HEALTHCHECK says."""
        if self.program == "docker":
            return self.inspect("container", container)["State"]["Health"]["Status"] == "healthy"
        try:
            self.run("healthcheck", "run", container)
        except EngineError:
            return False
        return True

    def remove(self, names: Sequence[str]) -> None:
        """Ends and removes containers; those that are gone already are fine."""
        if names:
            self.run("rm", "--force", "--ignore" if self.program == "podman" else "--volumes", *names)
