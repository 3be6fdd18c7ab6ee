"""Exports of many entries, and metrics over them, timed: on the running PostgreSQL, in a database of its own."""

import json
import resource
import tempfile
import time
from dataclasses import dataclass
from typing import Any

import asyncpg
from pydantic import SecretStr
from rich.console import Console
from rich.table import Table

from scripts.devtools.bench.scratch import scratch
from scripts.devtools.databases import ServiceDatabase
from scripts.devtools.settings import Settings
from services.entries.backend.exports_files_store import ExportFileStore
from services.entries.backend.metrics_store import MetricStore
from services.kit.files import open_files
from services.kit.ids import new_id
from services.kit.pg import Database, open_database
from services.kit.sealing import Sealer

CAMPAIGN = "cmp_bench"
KINDS = [
    ("ENTRIES", "CSV", "NONE"),
    ("ENTRIES", "CSV", "ZSTD"),
    ("ENTRIES", "NDJSON", "GZIP"),
    ("ENTRIES", "PARQUET", "ZSTD"),
    ("ELIGIBILITY", "CSV", "NONE"),
]
_MARKETS = [{"id": f"mkt_{n:026}", "name": f"Market {n}", "country": "US"} for n in range(50)]
_CHUNK = 50_000

_CAMPAIGN = """
INSERT INTO campaign (id, version, team_id, state, opens_at, closes_at, phone_required, identity_key, document)
VALUES ($1, 1, 'tea_bench', 'OPEN', now() - interval '7 days', now() + interval '7 days', false, 'EMAIL', $2)
"""
_ENTRIES = """
INSERT INTO entry (id, campaign_id, user_id, identity, state, preferences, ticket_quantity, country, is_member,
                   request_digest, score_due, submitted_at)
SELECT 'ent_' || lpad(g::text, 26, '0'), $1, 'usr_' || md5(g::text), uuid_send(gen_random_uuid()),
       CASE WHEN g % 17 = 0 THEN 'WITHDRAWN' ELSE 'ACCEPTED' END,
       ARRAY['mkt_' || lpad((g % 50)::text, 26, '0'), 'mkt_' || lpad(((g % 50 + 1 + g % 7) % 50)::text, 26, '0')],
       1 + g % 4, (ARRAY['US', 'CA', 'GB', 'IE', 'MX'])[1 + g % 5], true, '', false,
       now() - make_interval(secs => g % 604800)
FROM generate_series($2::int, $3::int) AS g
ON CONFLICT DO NOTHING
"""
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
            await _fill(made, entries)
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


async def _fill(made: ServiceDatabase, entries: int) -> None:
    document: dict[str, Any] = {
        "id": CAMPAIGN, "slug": "bench", "version": 1, "team_id": "tea_bench", "state": "OPEN",
        "default_locale": "en-US", "countries": ["US"], "opens_at": "2026-01-01T00:00:00Z",
        "closes_at": "2099-01-01T00:00:00Z",
        "phone_required": False, "identity_key": "EMAIL", "gate": None, "score_min": None, "score_max": None,
        "titles": {}, "markets": _MARKETS, "events": [],
    }  # fmt: skip
    owner = await asyncpg.connect(made.owner_dsn)
    try:
        await owner.execute(_CAMPAIGN, CAMPAIGN, json.dumps(document))
        for start in range(0, entries, _CHUNK):
            await owner.execute(_ENTRIES, CAMPAIGN, start, min(start + _CHUNK, entries) - 1)
        await owner.execute("VACUUM ANALYZE entry")
    finally:
        await owner.close()
