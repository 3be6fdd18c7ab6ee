"""A stack in a process of its own: start it and go on, find it again, stop it.

`scripts/up --detach`, `scripts/down` and the tests' fixtures use this.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from scripts.devtools import processes, run_state
from scripts.devtools.events import Event, Report
from scripts.devtools.postgres import EmbeddedPostgres
from scripts.devtools.run_state import RunState
from scripts.devtools.settings import ROOT

STOP_TIMEOUT = 75.0


class LaunchError(Exception):
    """The stack did not start; the message is its sentence."""


@dataclass(frozen=True)
class Options:
    """What to launch; `lifeline` is the process with whose end the stack ends too."""

    data_dir: str
    split: bool = False
    durable: bool = True
    only_postgres: bool = False
    free_ports: bool = False
    lifeline: int | None = None
    root: str = str(ROOT)

    def to_json(self) -> str:
        """One line, for the command line of the launched process."""
        return json.dumps(asdict(self))


def launch(
    options: Options, report: Report = lambda _event: None, *, settings: Mapping[str, str] | None = None
) -> RunState:
    """Start a stack and wait until it is ready; `settings` go before those of the environment. Raises LaunchError."""
    data_dir = Path(options.data_dir)
    (data_dir / "logs").mkdir(parents=True, exist_ok=True)
    log = data_dir / "logs" / "supervisor.log"
    read_end, write_end = os.pipe()
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "scripts.devtools.supervise", options.to_json(), str(write_end)],
            cwd=ROOT,
            env={**os.environ, **(settings or {}), "PYTHONPATH": str(ROOT)},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            pass_fds=[write_end],
            start_new_session=True,
        )
    os.close(write_end)
    failure = f"its supervisor ended before it was ready (log: {log})"
    try:
        with os.fdopen(read_end) as events:
            for line in events:
                event = Event.from_json(line)
                if event.kind == "failed":
                    failure = event.text
                    continue
                report(event)
                if event.kind == "ready":
                    state = run_state.read(data_dir)
                    assert state is not None
                    # It lives on without us; say so to subprocess, which would warn of a process still running.
                    process.returncode = 0
                    return state
    except BaseException:
        process.send_signal(signal.SIGTERM)
        process.wait(STOP_TIMEOUT)
        raise
    process.wait(STOP_TIMEOUT)
    raise LaunchError(failure)


def stop(data_dir: Path, tell: Callable[[str], None] = lambda _text: None) -> bool:
    """Stop the stack of a data directory and whatever a killed one left. False when there was nothing to stop."""
    state = run_state.read(data_dir)
    if state is None:
        return False
    if state.alive:
        os.kill(state.pid, signal.SIGTERM)
        if not processes.wait_until(lambda: not state.alive, STOP_TIMEOUT):
            tell(
                f"The supervisor (process {state.pid}) did not stop within {STOP_TIMEOUT:.0f} s and was killed."
            )
            os.kill(state.pid, signal.SIGKILL)
    with contextlib.suppress(ChildProcessError):
        os.waitpid(state.pid, os.WNOHANG)  # it may be a child of ours, as in tests
    _end_orphans(state)
    postgres = state.processes.get("postgres")
    if postgres is not None and postgres.port is not None:
        EmbeddedPostgres(data_dir / "postgres", postgres.port).clear_stale()
    run_state.clear(data_dir)
    return True


def _end_orphans(state: RunState) -> None:
    """The watchdog ends them within seconds; this waits for it, and does the work of a watchdog that was killed."""
    if not processes.wait_until(lambda: not state.orphans(), timeout=0.5):
        for group in state.orphans():
            processes.end_group(group, signal.SIGTERM)
        processes.wait_until(lambda: not state.orphans(), timeout=8)
        for group in state.orphans():
            processes.end_group(group)
        processes.wait_until(lambda: not state.orphans(), timeout=5)
