"""One more process of a running system: like one that runs, but of another source tree, or told other settings."""

import os
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx

from scripts.devtools.settings import port_setting
from tests.support.ports import free_port
from tests.support.stack import RunningStack

READY_SECONDS = 60


@dataclass(frozen=True)
class Deployed:
    """A process that was started beside the stack's own; it logs to `log`."""

    process: subprocess.Popen[bytes]
    port: int
    log: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def wait_until_ready(self) -> None:
        ends = time.monotonic() + READY_SECONDS
        while True:
            try:
                if httpx.get(f"{self.url}/readyz", trust_env=False).status_code == 200:
                    return
            except httpx.TransportError:
                pass
            if self.process.poll() is not None or time.monotonic() > ends:
                raise RuntimeError(f"{self.log.stem} did not become ready:\n{self.log.read_text()[-3000:]}")
            time.sleep(0.05)

    def stop(self) -> None:
        """SIGTERM, and the wait for what is in flight."""
        self.process.terminate()
        self.process.wait(timeout=30)


def deploy(
    stack: RunningStack, process: str, source: Path, settings: Mapping[str, str], label: str
) -> Deployed:
    """Starts `process` (`users`, `users-backend`, …) from `source`, with the environment of the running one."""
    running = stack.state.processes[process]
    environment = dict(
        line.split("=", 1)
        for line in Path(f"/proc/{running.pid}/environ").read_text().split("\0")
        if "=" in line
    )
    port = free_port()
    environment |= {port_setting(process): str(port), "PYTHONPATH": str(source), **settings}
    service, _, backend = process.partition("-")
    log = stack.data_dir / "logs" / f"{process}-{label}.log"
    with log.open("wb") as output:
        started = subprocess.Popen(
            [sys.executable, "-m", "services.serve", service, *(["--backend"] if backend else [])],
            cwd=source,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    return Deployed(started, port, log)


def unpack(commit: str, folder: Path, root: Path) -> Path:
    """The source tree of a commit, in `folder`."""
    archive = subprocess.run(["git", "archive", commit], cwd=root, capture_output=True, check=True)
    folder.mkdir(parents=True)
    subprocess.run(["tar", "-x", "-C", folder], input=archive.stdout, check=True)
    return folder


def last_commit_of(path: str, root: Path) -> str:
    """The commit that last changed a path."""
    found = subprocess.run(
        ["git", "log", "-1", "--format=%H", "--", path],
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "GIT_OPTIONAL_LOCKS": "0"},
    )
    return found.stdout.strip()
