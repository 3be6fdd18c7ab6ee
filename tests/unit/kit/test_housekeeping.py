"""What the worker clears away, and what it leaves."""

import asyncio
from typing import Any

import pytest

from scripts.devtools.databases import ServiceDatabase
from services.kit import idempotency
from services.kit.housekeeping import keep_house
from services.kit.jobs import Jobs, defer
from services.kit.pg import Database
from services.users.backend.settings import Settings
from tests.support.service import SETTINGS


async def keep(db: Database, key: str) -> tuple[str, bool]:
    """What an action under this key answers, and whether it is a replay."""

    async def action() -> str:
        return "done"

    async with db.transaction() as connection:
        return await idempotency.once(
            db, connection, actor="usr_x", operation="act", key=key, payload=key, returns=str, action=action
        )


async def age(db: Database, key: str, days: str) -> None:
    await db.pool.execute(
        f"UPDATE idempotency SET created_at = now() - interval '{days}' WHERE key = $1", key
    )


async def keys(db: Database) -> set[str]:
    return {row["key"] for row in await db.pool.fetch("SELECT key FROM idempotency")}


async def test_a_key_replays_for_its_period_and_is_new_after_it(db: Database) -> None:
    for key in ("old", "young"):
        await keep(db, key)
    await age(db, "old", "7 days 1 second")
    await age(db, "young", "6 days 23 hours")
    assert await idempotency.expire(db, days=7) == 1
    assert await idempotency.expire(db, days=7) == 0
    assert (await keep(db, "young"))[1]
    assert not (await keep(db, "old"))[1]


async def test_a_key_that_a_request_holds_is_left_alone(db: Database) -> None:
    await keep(db, "held")
    await age(db, "held", "8 days")
    async with db.transaction() as connection:
        await connection.execute("SELECT FROM idempotency FOR UPDATE")
        assert await idempotency.expire(db, days=7) == 0
    assert await idempotency.expire(db, days=7) == 1


async def test_the_worker_clears_up_in_pieces(
    db: Database, service_database: ServiceDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(idempotency, "_EXPIRED_AT_ONCE", 2)
    for number in range(5):
        await keep(db, f"old{number}")
    await db.pool.execute("UPDATE idempotency SET created_at = now() - interval '8 days'")
    await keep(db, "new")
    jobs = Jobs(service_database.service_dsn, "test")

    @jobs.task("test:fail")
    async def fail() -> None: ...

    async with db.transaction() as connection:
        for _ in range(2):
            await defer(connection, "test:fail", queue="elsewhere")
    [old, young] = await db.pool.fetch("SELECT id FROM procrastinate_jobs ORDER BY id")
    await _fail(db, old["id"], "31 days")
    await _fail(db, young["id"], "29 days")
    settings: Any = Settings.load(**SETTINGS, USERS_DATABASE_URL=service_database.service_dsn)
    keep_house(jobs, db, settings)
    worker = asyncio.create_task(jobs.run())
    async with asyncio.timeout(20):
        while await keys(db) != {"new"} or await _jobs(db) != {young["id"]}:
            await asyncio.sleep(0.05)
    worker.cancel()
    await asyncio.gather(worker, return_exceptions=True)


async def _fail(db: Database, job: int, ago: str) -> None:
    """As procrastinate leaves a job that failed that long ago."""
    await db.pool.execute("UPDATE procrastinate_jobs SET status = 'failed' WHERE id = $1", job)
    await db.pool.execute(
        f"UPDATE procrastinate_events SET at = now() - interval '{ago}' WHERE job_id = $1", job
    )


async def _jobs(db: Database) -> set[int]:
    return {row["id"] for row in await db.pool.fetch("SELECT id FROM procrastinate_jobs")}
