"""The bare insert of one row that everything is compared with: by pgbench, or by asyncpg where there is none."""

import asyncio
import os
import re
import shutil
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg

from scripts.devtools.bench.layers import BenchError, Done

NAME = "insert"

# A table of the entries' shape, with their indexes and constraints, beside theirs.
_CREATE = """
DROP SCHEMA IF EXISTS bench CASCADE;
CREATE SCHEMA bench;
CREATE TABLE bench.entry (LIKE public.entry INCLUDING ALL);
"""
_DROP = "DROP SCHEMA IF EXISTS bench CASCADE"
_INSERT = """
INSERT INTO bench.entry (id, campaign_id, user_id, identity, state, preferences, ticket_quantity, country, is_member,
                         request_digest)
VALUES ('ent_' || gen_random_uuid(), 'cmp_bench', 'usr_' || gen_random_uuid(), uuid_send(gen_random_uuid()), 'ACCEPTED',
        ARRAY['mkt_a', 'mkt_b', 'mkt_c'], 1, 'US', true, uuid_send(gen_random_uuid()))
ON CONFLICT DO NOTHING
"""


@asynccontextmanager
async def baseline(entries_dsn: str, concurrency: int) -> AsyncIterator["PgBench | SingleRows"]:
    """The layer, with a scratch table for the time of the context. `entries_dsn` is the superuser's or the owner's."""
    connection = await asyncpg.connect(entries_dsn, timeout=10)
    try:
        await connection.execute(_CREATE)
        with tempfile.TemporaryDirectory() as folder:
            script = Path(folder) / "insert.sql"
            script.write_text(_INSERT.strip() + ";\n")
            pgbench = find_pgbench()
            if pgbench is not None:
                yield PgBench(pgbench, entries_dsn, script, concurrency)
            else:
                yield SingleRows(entries_dsn, concurrency)
    finally:
        await connection.execute(_DROP)
        await connection.close()


def find_pgbench() -> str | None:
    """pgbench on PATH, or where Debian keeps it."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/pgbench"))
    return shutil.which("pgbench") or (str(found[-1]) if found else None)


class PgBench:
    """pgbench with prepared statements and as many clients as the other layers have requests in flight."""

    name = NAME

    def __init__(self, program: str, dsn: str, script: Path, clients: int) -> None:
        self.program = "pgbench"
        self._command = [
            program,
            "--no-vacuum",
            "--protocol=prepared",
            f"--file={script}",
            f"--client={clients}",
        ]
        self._dsn = dsn

    async def prepare(self, seconds: float) -> None:
        """Nothing to do."""

    async def run(self, seconds: float) -> Done:
        """One run. Raises BenchError."""
        whole = max(1, round(seconds))
        process = await asyncio.create_subprocess_exec(
            *self._command,
            f"--time={whole}",
            self._dsn,
            env={**os.environ, "PGCONNECT_TIMEOUT": "5"},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            output, errors = await asyncio.wait_for(process.communicate(), whole + 30)
        except BaseException:
            process.kill()
            await process.wait()
            raise
        count = re.search(rb"transactions actually processed: (\d+)", output)
        rate = re.search(rb"tps = ([0-9.]+) \(without", output)
        if process.returncode != 0 or count is None or rate is None:
            raise BenchError(f"pgbench failed: {(errors or output).decode(errors='replace').strip()[-300:]}")
        return Done(int(count[1]), int(count[1]) / float(rate[1]))


class SingleRows:
    """The same statement by asyncpg, over a connection for each client."""

    name = NAME

    def __init__(self, dsn: str, clients: int) -> None:
        self.program = "asyncpg"
        self._dsn = dsn
        self._clients = clients

    async def prepare(self, seconds: float) -> None:
        """Nothing to do."""

    async def run(self, seconds: float) -> Done:
        """One run."""
        connections = [await asyncpg.connect(self._dsn, timeout=10) for _ in range(self._clients)]
        try:
            began = time.monotonic()
            counts = await asyncio.gather(*(_insert_until(each, began + seconds) for each in connections))
            return Done(sum(counts), time.monotonic() - began)
        finally:
            for connection in connections:
                await connection.close()


async def _insert_until(connection: asyncpg.Connection, deadline: float) -> int:
    insert = await connection.prepare(_INSERT)
    count = 0
    while time.monotonic() < deadline:
        await insert.fetch()
        count += 1
    return count
