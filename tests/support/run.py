"""What one run of the tests starts once and shares among its workers, in a folder that the run removes at its end."""

import fcntl
import hashlib
import os
import shutil
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from scripts.devtools import databases, launch, run_state
from scripts.devtools import settings as devsettings
from scripts.devtools.bootstrap import install
from scripts.devtools.run_state import RunState
from scripts.devtools.stack import wipe

_FOLDER = "MONOQL_TEST_RUN"
_CONTROLLER = "MONOQL_TEST_CONTROLLER"


def folder() -> Path:
    """The folder of this run, the same in every worker."""
    return Path(os.environ[_FOLDER])


def database_prefix() -> str:
    """What the names of this run's databases begin with, on a server that others may use too."""
    return f"test_{folder().name.rpartition('-')[2].lower()}_"


@contextmanager
def one_worker_at_a_time(name: str) -> Generator[None]:
    """A lock among the workers of this run."""
    with (folder() / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def install_once(step: str, lock: Path, home: Path, *commands: list[str]) -> None:
    """Run installers in the folder of `lock`, unless `home` holds what this lock says already.

    Raises BootstrapError with one sentence when one fails.
    """
    stamp, digest = home / ".monoql-lock", hashlib.sha256(lock.read_bytes()).hexdigest()
    with one_worker_at_a_time(lock.parent.name):
        if stamp.exists() and stamp.read_text() == digest:
            return
        for command in commands:
            install(
                step,
                command,
                cwd=str(lock.parent),
                log=str(folder() / f"{lock.parent.name}.log"),
                hint="a package could not be fetched, or does not match its hash.",
                attempts=2,
            )
        stamp.write_text(digest)


def start_once(name: str, *, only_postgres: bool = False, split: bool = False) -> RunState:
    """Launch a stack for this run, or find the one that another worker launched. It ends with the run."""
    data_dir = folder() / name
    with one_worker_at_a_time(name):
        state = run_state.read(data_dir)
        if state is not None and state.alive and state.ready:
            return state
        options = launch.Options(
            data_dir=str(data_dir),
            split=split,
            only_postgres=only_postgres,
            durable=False,
            free_ports=True,
            lifeline=int(os.environ[_CONTROLLER]),
        )
        return launch.launch(options)


def pytest_configure(config: pytest.Config) -> None:
    """The controller makes the run's folder; its workers inherit the environment."""
    if not hasattr(config, "workerinput"):
        os.environ[_FOLDER] = tempfile.mkdtemp(prefix="monoql-test-")
        os.environ[_CONTROLLER] = str(os.getpid())


def pytest_unconfigure(config: pytest.Config) -> None:
    """The controller stops what was started and removes it."""
    if hasattr(config, "workerinput") or _FOLDER not in os.environ:
        return
    for data_dir in (path.parents[1] for path in folder().glob("*/run/stack.json")):
        launch.stop(data_dir)
    if server := os.environ.get("DATABASE_URL"):
        _drop_databases(server)
    else:
        for pointer in folder().glob("*/postgres*"):
            wipe(devsettings.load(free_ports=True, data_dir=pointer.parent))
    shutil.rmtree(folder())
    del os.environ[_FOLDER]


def _drop_databases(server: str) -> None:
    with psycopg.connect(server) as connection:
        names = connection.execute(
            "SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [database_prefix()]
        ).fetchall()
    for (name,) in names:
        databases.drop(server, name)
