"""A service's database for the time of a measurement, on the running stack's PostgreSQL."""

import os
import secrets
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field

from scripts.devtools import databases
from scripts.devtools.databases import ServiceDatabase
from scripts.devtools.load import usage
from scripts.devtools.settings import ROOT, Settings
from services.kit.pg import Database


@contextmanager
def scratch(admin_dsn: str, settings: Settings, service: str) -> Iterator[ServiceDatabase]:
    """A migrated database of the service, dropped at the end."""
    name = f"monoql_bench_{secrets.token_hex(4)}"
    made = databases.provision(admin_dsn, [service], settings["DB_PASSWORD"], name=name)[service]
    try:
        environment = {**os.environ, f"{service.upper()}_OWNER_DATABASE_URL": made.owner_dsn}
        command = [sys.executable, "-m", "services.migrate", service]
        subprocess.run(command, cwd=ROOT, env=environment, check=True, stdout=subprocess.DEVNULL)
        yield made
    finally:
        databases.drop(admin_dsn, name)


@dataclass
class Effort:
    """What something took: seconds on the clock, and CPU seconds of this process and of its database sessions."""

    seconds: float = field(init=False)
    ours: float = field(init=False)
    server: float = field(init=False)


@asynccontextmanager
async def measured(database: Database) -> AsyncIterator[Effort]:
    """Fills in the effort when its context ends. Nobody else uses the database meanwhile."""
    effort = Effort()
    before, ours, began = await _sessions(database), time.process_time(), time.perf_counter()
    yield effort
    effort.seconds, effort.ours = time.perf_counter() - began, time.process_time() - ours
    after = await _sessions(database)
    effort.server = sum(cpu - before.get(pid, 0.0) for pid, cpu in after.items())


async def _sessions(database: Database) -> dict[str, float]:
    """CPU seconds of each session of this database, by process id."""
    rows = await database.pool.fetch(
        "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND backend_type = 'client backend'"
    )
    return {
        name: used.cpu for name, used in usage.look({str(row["pid"]): row["pid"] for row in rows}).items()
    }
