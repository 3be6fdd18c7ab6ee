"""Changes of one campaign that all wait for its row at once, and the code that loses such a race."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import asyncpg

from services.campaigns.backend.changes_store import Change, Changes, q
from services.kit.errors import Conflict
from services.kit.pg import Connection, Query
from tests.unit.campaigns.campaigns import Campaigns

Step = Callable[[int], Coroutine[Any, Any, dict[str, Any]]]
"""A change of the campaign, decided on a version of it."""


class CheckThenWrite(Changes):
    """The negative control: reads whether the change is allowed, then makes it."""

    async def _claim(self, connection: Connection, change: Change) -> None:
        standing = await self._database.fetchrow(q.standing, connection, id=change.campaign_id)
        assert standing is not None
        if change.expected_version not in (None, standing["version"]):
            raise Conflict(standing["version"])
        unchecked = "UPDATE campaign SET version = version + 1 WHERE id = $1"
        await self._database.execute(
            Query("claim", "", unchecked, ("id",)), connection, id=change.campaign_id
        )


def checked_then_written(campaigns: Campaigns) -> None:
    """Puts the negative control in the place of the real thing."""
    resources = campaigns.resources
    control = CheckThenWrite(resources.database, resources.outbox, resources.upload_files.public_url)
    resources.store._changes = resources.markets._changes = control


async def race(campaigns: Campaigns, id_: str, *steps: Step) -> list[str]:
    """What became of steps decided on the same version, all held back until the last one waits for the row."""
    version = await campaigns.version(id_)
    connection = await asyncpg.connect(campaigns.dsn)
    transaction = connection.transaction()
    await transaction.start()
    await connection.execute("SELECT FROM campaign WHERE id = $1 FOR UPDATE", id_)
    tasks = [asyncio.create_task(step(version)) for step in steps]
    await wait_for_locks(connection, len(tasks))
    await transaction.rollback()
    await connection.close()
    return [result["__typename"] for result in await asyncio.gather(*tasks)]


async def wait_for_locks(connection: Any, number: int) -> None:
    """Until so many sessions of this database wait for a lock."""
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    while await connection.fetchval(waiting) < number:
        await connection.execute("SELECT pg_stat_clear_snapshot()")
        await asyncio.sleep(0)
