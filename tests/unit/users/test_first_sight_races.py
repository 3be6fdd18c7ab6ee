"""Several processes that see somebody for the first time at the same moment make one user, and none of them fails."""

import asyncio
from typing import Any

import asyncpg
import pytest

from services.kit.ids import user_id
from services.users.backend.store import q

ISSUER = "http://issuer.test"
PROCESSES, FANS = 8, 1_500


async def see_together(dsn: str) -> int:
    """Each fan is seen by all at once; how often that failed."""
    connections = [await asyncpg.connect(dsn) for _ in range(PROCESSES)]

    async def see(connection: Any, subject: str) -> None:
        given = {
            "ids": [user_id(ISSUER, subject)],
            "issuers": [ISSUER],
            "subjects": [subject],
            "issued_at": [1_700_000_000],
        }
        absent = ("member_ids", "emails_sealed", "emails_lookup", "names_sealed", "locales", "countries")
        arguments = q.sight_users.arguments({**given, **{name: [None] for name in absent}})
        await connection.execute(q.sight_users.sql, *arguments)

    failed = 0
    try:
        for number in range(FANS):
            seen = await asyncio.gather(
                *(see(connection, f"fan-{number}") for connection in connections), return_exceptions=True
            )
            assert all(end is None or isinstance(end, asyncpg.UniqueViolationError) for end in seen), seen
            failed += sum(end is not None for end in seen)
            if failed:
                break
        return failed
    finally:
        for connection in connections:
            await connection.close()


@pytest.mark.parametrize("twice", [False, True], ids=["as built", "negative control"])
async def test_first_sights_at_once_make_one_user(database: Any, twice: bool) -> None:
    made = database("users")
    owner = await asyncpg.connect(made.owner_dsn)
    if twice:
        await owner.execute("ALTER TABLE app_user ADD UNIQUE (issuer, subject)")
    assert (await see_together(made.service_dsn) > 0) == twice
    users = await owner.fetchval("SELECT count(*) FROM app_user WHERE issuer = $1", ISSUER)
    assert twice or users == FANS
    await owner.close()
