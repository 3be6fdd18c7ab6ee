"""Exports of many entries, and metrics over them, timed: on the running PostgreSQL, in a database of its own."""

import resource
import tempfile
import time
from dataclasses import dataclass

import asyncpg
from pydantic import SecretStr
from rich.console import Console
from rich.table import Table

from scripts.devtools.bench.many_entries import CAMPAIGN, fill, open_campaign
from scripts.devtools.bench.scratch import scratch
from scripts.devtools.settings import Settings
from services.entries.backend.exports_files_store import ExportFileStore
from services.entries.backend.metrics_store import MetricStore
from services.kit.files import open_files
from services.kit.ids import new_id
from services.kit.pg import Database, open_database
from services.kit.sealing import Sealer

KINDS = [
    ("ENTRIES", "CSV", "NONE"),
    ("ENTRIES", "CSV", "ZSTD"),
    ("ENTRIES", "NDJSON", "GZIP"),
    ("ENTRIES", "PARQUET", "ZSTD"),
    ("ELIGIBILITY", "CSV", "NONE"),
]
_JOB = """
INSERT INTO export_job (id, campaign_id, kind, format, compression, purpose, requested_by)
VALUES ($1, $2, $3, $4, $5, 'INTERNAL', 'usr_bench')
"""


@dataclass(frozen=True)
class Timing:
    """What was done, in how many seconds, with how many bytes to show for it."""

    what: str
    seconds: float
    size: int | None = None


async def time_exports(admin_dsn: str, settings: Settings, entries: int) -> list[Timing]:
    """Each kind of export once, and reading metrics, over this many entries."""
    with scratch(admin_dsn, settings, "entries") as made, tempfile.TemporaryDirectory() as folder:
        async with open_database(
            made.service_dsn, size=4, statement_timeout_ms=120_000, name="bench"
        ) as database:
            owner = await asyncpg.connect(made.owner_dsn)
            try:
                await open_campaign(owner)
                await fill(owner, entries)
            finally:
                await owner.close()
            metrics = MetricStore(database)
            while await metrics.add_up():
                pass
            sealer = Sealer([SecretStr("bench:" + "QUFB" * 10 + "QUE")])
            store = ExportFileStore(database, open_files(folder), sealer, {}, keep_hours=1)
            began = time.perf_counter()
            await metrics.metrics([CAMPAIGN])
            timings = [Timing("metrics", time.perf_counter() - began)]
            return timings + [await _time(database, store, *kind) for kind in KINDS]


def show(console: Console, timings: list[Timing], entries: int) -> None:
    """The timings as a table."""
    table = Table(f"of {entries:,} entries", "seconds", "MB")
    for one in timings:
        table.add_row(one.what, f"{one.seconds:.2f}", "" if one.size is None else f"{one.size / 1e6:.1f}")
    console.print(table)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    console.print(f"This process took {peak:.0f} MB of memory at most.")


async def _time(
    database: Database, store: ExportFileStore, kind: str, format_: str, compression: str
) -> Timing:
    export_id = new_id("exp")
    await database.pool.execute(_JOB, export_id, CAMPAIGN, kind, format_, compression)
    began = time.perf_counter()
    await store.write(export_id)
    size = await database.pool.fetchval("SELECT byte_size FROM export_job WHERE id = $1", export_id)
    return Timing(f"{kind} as {format_}, {compression}", time.perf_counter() - began, size)
