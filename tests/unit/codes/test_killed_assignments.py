"""Assigning a wave while sessions, workers and the whole server are killed: as if nothing had happened."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from typing import Any

import asyncpg
import pytest
import uvicorn

from scripts.devtools import databases as service_databases
from scripts.devtools import processes
from scripts.devtools.databases import ServiceDatabase
from scripts.devtools.postgres import EmbeddedPostgres
from scripts.devtools.settings import ROOT
from services.kit.pg import Database
from tests.support.ports import free_port
from tests.support.postgres import migrate
from tests.support.service import SETTINGS
from tests.unit.codes.conftest import Codes, open_codes
from tests.unit.codes.entries_peer import Winner
from tests.unit.codes.ledger import assert_counted
from tests.unit.codes.test_assignment import a_wave, assert_one_code_each, distribute

LOST = (asyncpg.PostgresError, asyncpg.InterfaceError, ConnectionError, TimeoutError)
PER_EVENT, PAGE = 60, 7


async def assert_as_if_nothing_had_happened(codes: Codes, distribution: str, winners: list[Winner]) -> None:
    await assert_one_code_each(codes, winners)
    for event in codes.events[:2]:
        row = await assert_counted(codes, event)
        assert (row["assigned"], row["reserved"], row["available"]) == (PER_EVENT, 0, 5)
    [row] = await codes.sql("SELECT state FROM distribution WHERE id = $1", distribution)
    assert row["state"] == "SUCCEEDED"
    messages = await codes.sql("SELECT code_id, count(*) AS n FROM delivery GROUP BY code_id")
    assert [row["n"] for row in messages] == [1] * len(winners), "each winner is in line for one message"


async def begun(codes: Codes) -> tuple[str, list[Winner]]:
    """A distribution that is about to run in pages of seven."""
    codes.entries.page = PAGE
    wave, winners = await a_wave(codes, per_event=PER_EVENT)
    return (await codes.assign(wave))["distribution"]["id"], winners


async def until_finished(
    codes: Codes, distribution: str, attempt: Callable[[], Awaitable[None]], *, kills: int
) -> int:
    """Makes attempts that are killed, so many of them, then one that is left alone; answers how many were killed."""
    killed = 0
    for _ in range(kills):
        try:
            await attempt()
        except LOST:
            killed += 1
    await distribute(codes, distribution)
    return killed


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_sessions_killed_around_any_statement(
    codes: Codes, monkeypatch: pytest.MonkeyPatch, admin_connection: Any, seed: int
) -> None:
    random = Random(seed)
    distribution, winners = await begun(codes)
    run, statements = Database._run, iter(range(0))

    def kill() -> None:
        admin_connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [codes.database.name]
        )

    async def run_and_die(self: Database, method: str, query: Any, connection: Any, parameters: Any) -> Any:
        left = next(statements, None)
        if left == 0 and random.random() < 0.5:
            kill()
            left = None
        found = await run(self, method, query, connection, parameters)
        if left == 0:
            kill()  # what was written is not committed yet
        return found

    async def attempt() -> None:
        nonlocal statements
        statements = iter(range(random.randint(0, 25), -1, -1))
        await distribute(codes, distribution)

    monkeypatch.setattr(Database, "_run", run_and_die)
    assert await until_finished(codes, distribution, attempt, kills=12) >= 8
    await assert_as_if_nothing_had_happened(codes, distribution, winners)


async def test_workers_killed_anywhere(codes: Codes) -> None:
    """kill -9, three times, in processes of their own that read the winners over HTTP."""
    random = Random(4)
    distribution, winners = await begun(codes)
    async with served(codes.entries.app) as entries_url:
        for _ in range(3):
            async with worker(codes, entries_url):
                await any_moment(codes, random)
            # What the next worker does once the killed one has been silent for long enough.
            await codes.sql(
                "UPDATE procrastinate_jobs SET status = 'todo', worker_id = NULL WHERE status = 'doing'"
            )
    await distribute(codes, distribution)
    await assert_as_if_nothing_had_happened(codes, distribution, winners)


async def any_moment(codes: Codes, random: Random) -> None:
    """Returns some time after a page was asked for, of those that come next: while it is read, written or committed."""
    reached, stop_at = asyncio.Event(), codes.entries.pages_read + random.randint(1, 4)

    async def before_page() -> None:
        if codes.entries.pages_read >= stop_at:
            reached.set()

    codes.entries.before_page = before_page
    async with asyncio.timeout(60):
        await reached.wait()
    await asyncio.sleep(random.random() / 50)


@asynccontextmanager
async def worker(codes: Codes, entries_url: str) -> AsyncIterator[None]:
    """The worker of the Code Service, killed at the end."""
    environment = {
        **os.environ,
        **{name.upper(): ",".join(v) if isinstance(v, list) else v for name, v in SETTINGS.items()},
        "CODES_DATABASE_URL": codes.database.service_dsn,
        "ENTRIES_BACKEND_URL": entries_url,
        "WORKER_PORT": str(free_port()),
        "LOG_LEVEL": "error",
    }
    command = (sys.executable, "-m", "services.worker", "codes")
    process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, env=environment)
    try:
        yield
        assert process.returncode is None
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


@asynccontextmanager
async def served(app: Any) -> AsyncIterator[str]:
    """The app on a free port."""
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(app, port=port, lifespan="off", log_config=None, access_log=False))
    server.install_signal_handlers = lambda: None  # pyright: ignore[reportAttributeAccessIssue]
    running = asyncio.create_task(server._serve())  # not serve(): it would take over the signals
    async with asyncio.timeout(20):
        while not server.started:
            await asyncio.sleep(0.01)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    await running


@pytest.fixture
def server(tmp_path: Path) -> Iterator[EmbeddedPostgres]:
    """A PostgreSQL of this test's own, as durable as that of scripts/up."""
    server = EmbeddedPostgres(tmp_path / "postgres", free_port())
    server.start()
    yield server
    server.stop()
    server.wipe()


def provisioned(server: EmbeddedPostgres) -> ServiceDatabase:
    made = service_databases.provision(server.dsn(), ["codes"], "test-database-password", name="killed_codes")
    migrate("codes", made["codes"])
    return made["codes"]


def kill_all(server: EmbeddedPostgres) -> None:
    """kill -9 of the postmaster and every process of it, all at once."""
    for pid in processes.with_working_directory(server.data_dir):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


async def test_the_whole_server_killed_anywhere(server: EmbeddedPostgres, tmp_path: Path) -> None:
    random = Random(5)
    async with open_codes(provisioned(server), tmp_path / "outbox.ndjson") as codes:
        distribution, winners = await begun(codes)

        async def attempt() -> None:
            running = asyncio.create_task(distribute(codes, distribution))
            await any_moment(codes, random)
            kill_all(server)
            try:
                await running
            finally:
                await asyncio.to_thread(server.stop)
                await asyncio.to_thread(server.start)
                await answered(codes)

        assert await until_finished(codes, distribution, attempt, kills=4) >= 3
        await assert_as_if_nothing_had_happened(codes, distribution, winners)


async def answered(codes: Codes) -> None:
    """Returns once the service has a session again: those of before the kill are found dead one by one."""
    async with asyncio.timeout(30):
        while True:
            try:
                await codes.resources.database.check()
            except LOST:
                await asyncio.sleep(0.01)
            else:
                return
