"""An erasure and a confirmation of the same fan at the same moment: one after the other, and neither is thrown out."""

import asyncio
from typing import Any

import asyncpg
import pytest

from services.entries.backend import snapshots_store
from tests.unit.entries.registrations import campaign, entries_service, id_of, publish, states, submit, wishes
from tests.unit.entries.test_entry_races import waits_for_a_lock
from tests.unit.entries.test_personal_data import erasure

q = snapshots_store.q


@pytest.mark.parametrize("safe", [True, False], ids=["as it is", "control"])
async def test_an_erasure_that_meets_a_confirmation_waits_for_it(database: Any, safe: bool) -> None:
    async with entries_service(database) as service:
        tour = campaign(phone_required=True)
        await publish(service, tour)
        await submit(service, "ann", wishes(tour))
        data, who = service.resources.database, [id_of("ann")]
        erasing: asyncio.Task[Any] | None = None
        try:
            async with data.transaction() as connection:
                if safe:
                    await data.execute(q.hold_awaiting, connection, user_ids=who)
                await connection.execute(
                    "INSERT INTO user_fact (user_id, version, phone_verified) VALUES ($1, 1, true)"
                    " ON CONFLICT (user_id) DO UPDATE SET version = 1, phone_verified = true",
                    *who,
                )
                wanted = erasure("ann")
                erasing = asyncio.create_task(service.rest("POST", "/personal-data/erase", wanted))
                assert await waits_for_a_lock(service, erasing)
                await data.execute(q.accept_confirmed, connection, user_ids=who)
            thrown_out = False
        except asyncpg.DeadlockDetectedError:
            thrown_out = True
        assert erasing is not None
        thrown_out |= (await erasing).status_code != 200
        assert thrown_out is not safe
        if safe:
            assert set((await states(service, tour)).values()) == {"ERASED"}
