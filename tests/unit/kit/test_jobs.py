import asyncio
import contextlib

from scripts.devtools.databases import ServiceDatabase
from scripts.devtools.samples import Samples
from services.kit.jobs import Jobs, defer
from services.kit.metrics import registry
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


async def test_runs_are_counted_with_their_outcome(db: Database, service_database: ServiceDatabase) -> None:
    jobs = Jobs(service_database.service_dsn, "test")
    before = Samples.parse(registry.text().decode())
    acted = asyncio.Event()

    @jobs.task("test:counted")
    async def counted(fail: bool) -> None:
        if fail:
            raise ZeroDivisionError

    async def act() -> int:
        acted.set()
        raise ZeroDivisionError

    jobs.every(60.0, "act", act)
    async with db.transaction() as connection:
        for fail in (False, True):
            await defer(connection, "test:counted", queue="test", fail=fail)

    def ran(task: str, outcome: str) -> float:
        after = Samples.parse(registry.text().decode()).since(before)
        return after.total("monoql_job_seconds_count", task=task, outcome=outcome)

    worker = asyncio.create_task(jobs.run())
    async with asyncio.timeout(20):
        await acted.wait()
        while not (ran("test:counted", "ok") and ran("test:counted", "failed")):
            await asyncio.sleep(0.02)
    worker.cancel()
    await asyncio.gather(worker, return_exceptions=True)
    after = Samples.parse(registry.text().decode()).since(before)
    assert after.total("monoql_action_seconds_count", action="test:act", outcome="failed") == 1
