import asyncio
from collections.abc import Awaitable, Callable

import asyncpg
import pytest

from scripts.devtools.databases import ServiceDatabase
from services.kit.errors import IdempotencyMismatch
from services.kit.idempotency import once
from services.kit.pg import Database


@pytest.fixture(autouse=True)
async def _table(service_database: ServiceDatabase) -> None:
    owner = await asyncpg.connect(service_database.owner_dsn)
    await owner.execute("CREATE TABLE thing (name text)")
    await owner.execute("GRANT ALL ON thing TO users_service")
    await owner.close()


async def make_thing(db: Database, key: str | None, payload: str) -> tuple[str, bool]:
    async with db.transaction() as connection:

        async def action() -> str:
            await connection.execute("INSERT INTO thing VALUES ($1)", payload)
            return f"made {payload}"

        return await once(
            db,
            connection,
            actor="ann",
            operation="make",
            key=key,
            payload=payload,
            returns=str,
            action=action,
        )


async def things(db: Database) -> int:
    return await db.pool.fetchval("SELECT count(*) FROM thing")


async def test_the_same_key_and_input_replays_the_first_answer(db: Database) -> None:
    assert await make_thing(db, "k", "a") == ("made a", False)
    assert await make_thing(db, "k", "a") == ("made a", True)
    assert await things(db) == 1


async def test_the_same_key_with_another_input_is_refused(db: Database) -> None:
    await make_thing(db, "k", "a")
    with pytest.raises(IdempotencyMismatch):
        await make_thing(db, "k", "b")
    assert await things(db) == 1


async def test_without_a_key_every_call_acts(db: Database) -> None:
    assert [await make_thing(db, None, "a"), await make_thing(db, None, "a")] == [("made a", False)] * 2


async def test_a_failed_call_leaves_the_key_free(db: Database) -> None:
    with pytest.raises(ZeroDivisionError):
        async with db.transaction() as connection:
            await once(
                db,
                connection,
                actor="ann",
                operation="make",
                key="k",
                payload="a",
                returns=str,
                action=_fail,
            )
    assert await make_thing(db, "k", "a") == ("made a", False)


async def _fail() -> str:
    raise ZeroDivisionError


async def check_then_act(db: Database, key: str, payload: str) -> None:
    """How it must not be done: look first, act after."""
    if not await db.pool.fetchval("SELECT count(*) FROM idempotency WHERE key = $1", key):
        await asyncio.sleep(0.05)  # the window that a real network gives to a race
        await db.pool.execute("INSERT INTO thing VALUES ($1)", payload)
        await db.pool.execute(
            "INSERT INTO idempotency (actor, operation, key, digest) VALUES ('ann', 'make', $1, '')"
            " ON CONFLICT DO NOTHING",
            key,
        )


Act = Callable[[Database, str, str], Awaitable[object]]


@pytest.mark.parametrize(
    ("act", "made"), [(make_thing, 1), pytest.param(check_then_act, 8, id="negative control")]
)
async def test_eight_calls_at_once_act_once(db: Database, act: Act, made: int) -> None:
    await asyncio.gather(*(act(db, "k", "a") for _ in range(8)))
    assert await things(db) == made
