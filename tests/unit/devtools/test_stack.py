"""The whole start and stop, on a stand-in system that is up in a moment."""

import dataclasses
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import psycopg
import pytest

from scripts.devtools import launch, processes, run_state, settings
from scripts.devtools.events import Event
from scripts.devtools.launch import LaunchError, Options
from scripts.devtools.postgres import EmbeddedPostgres
from scripts.devtools.run_state import RunState
from scripts.devtools.stack import wipe
from tests.support.ports import free_port
from tests.unit.devtools import stand_in

pytestmark = pytest.mark.skipif(shutil.which("node") is None, reason="the router needs Node")


@pytest.fixture
def options(tmp_path: Path) -> Iterator[Options]:
    root = stand_in.build(tmp_path / "root")
    data_dir = tmp_path / "data"
    yield Options(
        data_dir=str(data_dir), root=str(root), free_ports=True, durable=False, lifeline=os.getpid()
    )
    launch.stop(data_dir)
    wipe(settings.load(free_ports=True, data_dir=data_dir))


def everyone(state: RunState) -> list[int]:
    pids = [process.pid for process in state.processes.values()] + [state.pid, state.watchdog]
    return [pid for pid in pids if pid is not None]


def all_gone(pids: list[int], timeout: float) -> bool:
    return processes.wait_until(lambda: all(processes.started_at(pid) is None for pid in pids), timeout)


def test_up_answers_and_down_leaves_nothing_behind(options: Options):
    events: list[Event] = []
    state = launch.launch(options, events.append)
    assert events[-1] == Event("ready", state.endpoint)
    assert sorted(state.processes) == sorted(
        ["postgres", "identity", "users", "campaigns", "entries", "codes", "worker", "router"]
    )
    assert all(process.ready for process in state.processes.values())
    answer = httpx.post(state.endpoint, json={"query": "{ viewer { id } }"}, trust_env=False)
    assert answer.json()["data"] == {"viewer": None}
    pids = everyone(state)
    assert launch.stop(Path(options.data_dir))
    assert all_gone(pids, timeout=5)
    assert not run_state.path(Path(options.data_dir)).exists()
    assert not launch.stop(Path(options.data_dir))


def test_nothing_outlives_a_killed_supervisor_and_the_next_start_works(options: Options):
    state = launch.launch(options)
    os.kill(state.pid, signal.SIGKILL)
    assert all_gone(everyone(state), timeout=15)
    again = launch.launch(options)
    assert again.pid != state.pid
    killed = again.processes["postgres"].pid
    assert killed is not None
    os.kill(killed, signal.SIGKILL)

    def postgres_is_back() -> bool:
        now = run_state.read(Path(options.data_dir))
        return now is not None and now.processes["postgres"].ready and now.processes["postgres"].pid != killed

    assert processes.wait_until(postgres_is_back, timeout=15)


def test_a_step_that_fails_is_one_sentence_and_stops_everything(options: Options):
    seed = Path(options.root) / "services" / "seed.py"
    seed.write_text("raise SystemExit('the venues are missing')")
    with pytest.raises(
        LaunchError, match=r"^seed ended with status 1: the venues are missing \(log: .*seed\.log\)$"
    ):
        launch.launch(options)
    assert run_state.read(Path(options.data_dir)) is None


def test_it_ends_with_the_process_it_was_started_for(options: Options):
    starter = subprocess.Popen([sys.executable, "-S", "-c", "input()"], stdin=subprocess.PIPE)
    state = launch.launch(dataclasses.replace(options, lifeline=starter.pid))
    starter.communicate(b"\n")
    assert all_gone(everyone(state), timeout=20)


def test_ctrl_c_leaves_no_orphan_and_a_second_up_is_refused(
    options: Options, monkeypatch: pytest.MonkeyPatch
):
    state = launch.launch(options)
    environment = {**os.environ, "MONOQL_DATA_DIR": options.data_dir}
    up = [settings.ROOT / "scripts" / "up"]
    second = subprocess.run(up, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert second.returncode == 1
    assert f"It runs already, at {state.endpoint}" in " ".join(second.stdout.split())
    os.kill(state.pid, signal.SIGINT)
    assert all_gone(everyone(state), timeout=15)


def test_another_server_is_used_when_database_url_says_so(
    options: Options, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    with EmbeddedPostgres(tmp_path / "other", free_port(), durable=False) as other:
        monkeypatch.setenv("DATABASE_URL", other.dsn())
        state = launch.launch(options)
        assert "postgres" not in state.processes
        with psycopg.connect(other.dsn("monoql_codes")) as connection:
            connection.execute("SELECT FROM migrated")
        launch.stop(Path(options.data_dir))
        wipe(settings.load(free_ports=True, data_dir=Path(options.data_dir)))
        with psycopg.connect(other.dsn()) as connection:
            left = connection.execute("SELECT 1 FROM pg_database WHERE datname LIKE 'monoql%'").fetchall()
        monkeypatch.delenv("DATABASE_URL")
    other.wipe()
    assert left == []


def test_a_port_in_use_is_one_sentence(options: Options, monkeypatch: pytest.MonkeyPatch):
    for name, port in settings.load(free_ports=True).ports.items():
        monkeypatch.setenv(settings.port_setting(name), str(port))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        monkeypatch.setenv("CODES_PORT", str(taken.getsockname()[1]))
        with pytest.raises(
            LaunchError, match=r"^Port \d+ for codes is in use by process \d+ .*set CODES_PORT"
        ):
            launch.launch(dataclasses.replace(options, free_ports=False))
