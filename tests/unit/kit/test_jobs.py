import asyncio
import contextlib

from scripts.devtools.databases import ServiceDatabase
from services.kit.jobs import Jobs, defer
from services.kit.pg import Database


async def until_empty(db: Database) -> None:
    async with asyncio.timeout(20):
        while await db.pool.fetchval("SELECT count(*) FROM procrastinate_jobs"):
            await asyncio.sleep(0.05)


async def test_a_job_runs_exactly_if_its_transaction_commits(
    db: Database, service_database: ServiceDatabase
) -> None:
    ran: list[str] = []
    jobs = Jobs(service_database.service_dsn, "test")

    @jobs.task("test:note")
    async def note(name: str) -> None:
        ran.append(name)

    async with db.transaction() as connection:
        await defer(connection, "test:note", queue="test", name="committed")
    with contextlib.suppress(ZeroDivisionError):
        async with db.transaction() as connection:
            await defer(connection, "test:note", queue="test", name="rolled back")
            raise ZeroDivisionError
    worker = asyncio.create_task(jobs.run())
    await until_empty(db)
    worker.cancel()
    await asyncio.gather(worker, return_exceptions=True)
    assert ran == ["committed"]


async def test_jobs_of_one_lock_run_one_at_a_time(db: Database, service_database: ServiceDatabase) -> None:
    running = 0
    most = 0
    jobs = Jobs(service_database.service_dsn, "test")

    @jobs.task("test:overlap")
    async def overlap() -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.02)
        running -= 1

    async with db.transaction() as connection:
        for _ in range(4):
            await defer(connection, "test:overlap", queue="test", lock="one")
    worker = asyncio.create_task(jobs.run(concurrency=4))
    await until_empty(db)
    worker.cancel()
    await asyncio.gather(worker, return_exceptions=True)
    assert most == 1


async def test_an_action_that_finds_work_is_repeated_at_once(service_database: ServiceDatabase) -> None:
    left = [3, 2, 1, 0]
    jobs = Jobs(service_database.service_dsn, "test")
    done = asyncio.Event()

    async def action() -> int:
        found = left.pop(0)
        if not left:
            done.set()
            await asyncio.Event().wait()
        return found

    jobs.every(60, "action", action)
    worker = asyncio.create_task(jobs.run())
    async with asyncio.timeout(10):
        await done.wait()
    worker.cancel()
    await asyncio.gather(worker, return_exceptions=True)
    assert left == []
