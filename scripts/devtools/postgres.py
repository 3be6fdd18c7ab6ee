"""A PostgreSQL server of one's own, from a wheel: made in a moment, killed without harm.

>>> with EmbeddedPostgres(Path(".data/postgres"), port=4032) as postgres:
...     psycopg.connect(postgres.dsn())

It listens on 127.0.0.1 only, with passwords (scram-sha-256) and no Unix socket.
"""

import contextlib
import os
import re
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

import psycopg

from scripts.devtools import postgres_binaries, postgres_location, processes
from scripts.devtools.lifeline import tied_to_parent
from scripts.devtools.postgres_binaries import Account, Binaries, PostgresError
from scripts.devtools.settings import LOOPBACK

__all__ = ["SUPERUSER", "EmbeddedPostgres", "PostgresError"]

SUPERUSER = "postgres"
_PASSWORD_FILE = "monoql-superuser"  # noqa: S105 - a file name

_SETTINGS = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "random_page_cost": "1.1",
    "jit": "off",
    "max_parallel_workers_per_gather": "1",
    "synchronous_commit": "on",
    "wal_buffers": "16MB",
    "wal_compression": "on",
    "min_wal_size": "256MB",
    "max_wal_size": "4GB",
    "checkpoint_timeout": "15min",
    "max_wal_senders": "0",
    "autovacuum_naptime": "15s",
    "idle_in_transaction_session_timeout": "60s",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
    "log_line_prefix": "%m [%p] %q%u@%d ",
    "shared_preload_libraries": "pg_stat_statements",
}
_NOT_DURABLE = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}


class EmbeddedPostgres:
    """One server over one data directory. Start it from the main thread: it ends with the thread that started it.

    With `durable=False` a crash of the machine may lose data, in return for speed; for tests.
    """

    def __init__(
        self, data_dir: Path, port: int, *, durable: bool = True, settings: Mapping[str, str] | None = None
    ) -> None:
        self.port = port
        self._location = postgres_location.find(data_dir)
        self.data_dir = self._location.folder
        self._binaries: Binaries = postgres_binaries.locate()
        self._settings = {
            **_SETTINGS,
            **({} if durable else _NOT_DURABLE),
            **(settings or {}),
            "port": str(port),
        }
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def account(self) -> Account:
        """The user that the server runs as."""
        return postgres_binaries.account()

    @property
    def command(self) -> list[str]:
        """The postmaster's command line."""
        options = [f"--{name}={value}" for name, value in self._settings.items()]
        return [self._binaries.program("postgres"), "-D", str(self.data_dir), *options]

    @property
    def environment(self) -> dict[str, str]:
        """The postmaster's environment: none of the developer's `PG*` variables."""
        return {"LANG": "C", "PATH": os.environ.get("PATH", "")}

    def dsn(self, database: str = "postgres", *, user: str | None = None, password: str | None = None) -> str:
        """A connection URL: as the superuser, unless a `user` and `password` are given."""
        if user is None:
            user, password = SUPERUSER, (self.data_dir / _PASSWORD_FILE).read_text()
        return f"postgresql://{user}:{quote(password or '', safe='')}@{LOOPBACK}:{self.port}/{database}"

    def prepare(self) -> None:
        """Make the data directory if there is none, and clear what a killed server left. Raises PostgresError."""
        if not (self.data_dir / "PG_VERSION").exists():
            self._create_cluster()
        held = (self.data_dir / "PG_VERSION").read_text().strip()
        if held != str(self._binaries.major):
            raise PostgresError(
                f"{self.data_dir} was made by PostgreSQL {held} and this is {self._binaries.major}: "
                "start with --fresh to make it anew, or use that version by EMBEDDED_POSTGRES_BIN."
            )
        _clear_stale_server(self.data_dir)

    def start(self, *, log: Path | None = None, timeout: float = 60) -> None:
        """Start the server and wait until it answers. Raises PostgresError."""
        self.prepare()
        log = log or self._location.log
        user = self.account
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                self.command,
                cwd="/",
                env=self.environment,
                user=user.uid,
                group=user.gid,
                extra_groups=None if user.uid is None else [],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                process_group=0,
                preexec_fn=tied_to_parent(signal.SIGINT),
            )
        deadline = time.monotonic() + timeout
        while not self.answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise PostgresError(f"PostgreSQL did not start: {_last_words(log)} (log: {log})")
            time.sleep(0.02)

    def answers(self) -> bool:
        """Whether this very server, not another one on its port, takes a connection now."""
        try:
            with psycopg.connect(self.dsn(), connect_timeout=2) as connection:
                row = connection.execute("SHOW data_directory").fetchone()
        except (psycopg.OperationalError, OSError):
            return False
        return row == (str(self.data_dir),)

    @property
    def pid(self) -> int | None:
        """The postmaster's process id while it runs under this object."""
        return None if self._process is None or self._process.poll() is not None else self._process.pid

    def stop(self, timeout: float = 30) -> None:
        """End all sessions and shut down; kill what does not obey within `timeout` seconds."""
        process, self._process = self._process, None
        if process is None:
            return
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        try:
            process.wait(timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        self.clear_stale()

    def clear_stale(self) -> None:
        """End what is left of a server over this data, and remove its pid file."""
        _clear_stale_server(self.data_dir)

    def wipe(self) -> None:
        """Remove the data. The server must be stopped."""
        self.clear_stale()
        self._location.remove()

    def _create_cluster(self) -> None:
        """Copy a fresh data directory from the cache: 0.1 s in place of initdb's 2."""
        template = _template(self._binaries, self.account)
        self.data_dir.parent.mkdir(parents=True, exist_ok=True)
        # Made beside its place and renamed, so that an interrupted copy is never taken for a data directory.
        scratch = Path(tempfile.mkdtemp(dir=self.data_dir.parent, prefix="initdb-"))
        try:
            shutil.copytree(template, scratch / "data", symlinks=True)
            _give_away(scratch / "data", self.account)
            if self.data_dir.exists() and any(self.data_dir.iterdir()):
                raise PostgresError(
                    f"{self.data_dir} holds something that is not a PostgreSQL data directory."
                )
            (scratch / "data").rename(self.data_dir)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)


def _template(binaries: Binaries, user: Account) -> Path:
    """A data directory as initdb leaves it, with a random superuser password, made once for each build."""
    template = postgres_binaries.cache_folder() / f"initdb-{binaries.key}-{user.name}"
    if template.exists():
        return template
    scratch = Path(tempfile.mkdtemp(dir=template.parent, prefix="initdb-"))
    try:
        _give_away(scratch, user)
        password = scratch / "password"
        password.write_text(secrets.token_urlsafe(24))
        _give_away(password, user)
        locale = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"] if binaries.major >= 17 else []
        result = subprocess.run(
            [binaries.program("initdb"), "-D", str(scratch / "data"), "-U", SUPERUSER, "--auth=scram-sha-256"]
            + [f"--pwfile={password}", "--encoding=UTF8", "--locale=C.UTF-8", *locale, "--no-sync"],
            cwd="/",
            env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C"},
            user=user.uid,
            group=user.gid,
            extra_groups=None if user.uid is None else [],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        if result.returncode != 0:
            raise PostgresError(f"initdb failed: {(result.stderr or result.stdout).strip()[-400:]}")
        password.rename(scratch / "data" / _PASSWORD_FILE)
        with contextlib.suppress(OSError):  # another process was quicker
            (scratch / "data").rename(template)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return template


def _clear_stale_server(data_dir: Path) -> None:
    """After a kill -9 of the postmaster: wait for its backends to go, and remove its pid file.

    A postmaster that still lives (its supervisor was killed) is shut down first.
    """
    pid_file = data_dir / "postmaster.pid"
    if not pid_file.exists():
        return
    first_line = pid_file.read_text().partition("\n")[0].strip()
    live = processes.with_working_directory(data_dir)
    if first_line.isdigit() and int(first_line) in live:
        os.kill(int(first_line), signal.SIGINT)

    def gone() -> bool:
        return not processes.with_working_directory(data_dir)

    if not processes.wait_until(gone, timeout=15):
        for pid in processes.with_working_directory(data_dir):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        processes.wait_until(gone, timeout=5)
    pid_file.unlink(missing_ok=True)


def _give_away(path: Path, user: Account) -> None:
    if user.uid is None or user.gid is None:
        return
    for each in (path, *(path.rglob("*") if path.is_dir() else ())):
        os.chown(each, user.uid, user.gid, follow_symlinks=False)


def _last_words(log: Path) -> str:
    lines = [line.strip() for line in log.read_text(errors="replace").splitlines()[-30:] if line.strip()]
    telling = [line for line in lines if re.search(r"FATAL|PANIC|could not", line)]
    return (telling or lines or ["it said nothing"])[0 if telling else -1]
