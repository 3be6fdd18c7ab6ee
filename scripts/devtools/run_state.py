"""`<data dir>/run/stack.json`: what runs now, for the scripts that look at it, stop it, or send it something."""

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path

from scripts.devtools import processes


@dataclass(frozen=True)
class ProcessState:
    """One process: `pid` is None between two lives, `started` tells a reused pid from the same process."""

    pid: int | None
    port: int | None
    ready: bool
    restarts: int
    started: str | None = None


@dataclass(frozen=True)
class RunState:
    """A running stack. `endpoint` is the router's GraphQL URL; `ready` is True once the whole system answers.

    `router_metrics` is the port where the router says what it counted; every other process says it on its own port.
    """

    pid: int
    started: str | None
    endpoint: str
    issuer: str
    split: bool
    ready: bool = False
    admin_dsn: str | None = None
    watchdog: int | None = None
    router_metrics: int | None = None
    processes: dict[str, ProcessState] = field(default_factory=dict[str, ProcessState])

    @property
    def alive(self) -> bool:
        """Whether the supervisor that wrote this still lives."""
        return self.started is not None and processes.started_at(self.pid) == self.started

    def orphans(self) -> list[int]:
        """The process groups that still have members although their supervisor is gone."""
        return [
            state.pid
            for state in self.processes.values()
            if state.pid is not None
            and (processes.started_at(state.pid) == state.started or processes.started_at(state.pid) is None)
            and processes.group_members(state.pid)
        ]


def path(data_dir: Path) -> Path:
    """Where the state of a data directory's stack is kept."""
    return data_dir / "run" / "stack.json"


def write(data_dir: Path, state: RunState) -> None:
    """Replace the state in one step. Readable by its owner only: it holds the database administrator's URL."""
    target = path(data_dir)
    target.parent.mkdir(parents=True, exist_ok=True)
    scratch = target.with_suffix(".new")
    scratch.touch(mode=0o600)
    scratch.write_text(json.dumps(asdict(state), indent=2) + "\n")
    scratch.replace(target)


def read(data_dir: Path) -> RunState | None:
    """The state that was written last, None when nothing was started or it was stopped in order."""
    try:
        fields = json.loads(path(data_dir).read_text())
    except FileNotFoundError:
        return None
    fields["processes"] = {name: ProcessState(**state) for name, state in fields["processes"].items()}
    return RunState(**fields)


def clear(data_dir: Path) -> None:
    """Forget the stack: it was stopped."""
    path(data_dir).unlink(missing_ok=True)


def this_process() -> tuple[int, str | None]:
    """The pid and start time of the caller."""
    return os.getpid(), processes.started_at(os.getpid())
