"""What waits is seen by the worker that looks after it."""

import asyncio
from datetime import UTC, datetime, timedelta

from scripts.devtools.databases import ServiceDatabase
from scripts.devtools.samples import Samples
from services.kit.gauges import look_after
from services.kit.jobs import Jobs, defer
from services.kit.metrics import registry
from services.kit.pg import Database


async def test_jobs_and_messages_that_wait_are_counted(
    db: Database, service_database: ServiceDatabase
) -> None:
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    async with db.transaction() as connection:
        for at in (None, None, None, tomorrow):
            await defer(connection, "elsewhere:act", queue="elsewhere", at=at)
        await connection.execute(
            "INSERT INTO outbox (id, topic, target, body, created_at, next_attempt_at) "
            "VALUES ('out_1', 'audit', 'users', '', now() - interval '90 seconds', now() + interval '1 day')"
        )
    jobs = Jobs(service_database.service_dsn, "gauged")
    look_after(jobs, db)
    worker = asyncio.create_task(jobs.run())
    async with asyncio.timeout(20):
        while not (read := Samples.parse(registry.text().decode())).select(
            "monoql_outbox_messages", service="gauged"
        ):
            await asyncio.sleep(0.02)
    worker.cancel()
    await asyncio.gather(worker, return_exceptions=True)
    states = ("waiting", "later", "running", "failed")
    assert [read.total("monoql_jobs", service="gauged", state=state) for state in states] == [3, 1, 0, 0]
    assert read.total("monoql_outbox_messages", service="gauged") == 1
    assert 90 <= read.total("monoql_outbox_oldest_seconds", service="gauged") < 1000
    assert read.total("monoql_database_connections", database="test", state="idle") >= 1
