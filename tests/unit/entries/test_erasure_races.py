"""An erasure and a confirmation of the same fan at the same moment: one after the other, and neither is thrown out."""

import asyncio
from collections.abc import Callable
from typing import Any

import asyncpg
import psycopg
import pytest

from scripts.devtools.databases import ServiceDatabase
from services.entries.backend import snapshots_store, wire
from tests.unit.entries.registrations import campaign, entries_service, id_of, publish, states, submit, wishes
from tests.unit.entries.test_entry_races import store_on, submission, waits_for_a_lock
from tests.unit.entries.test_personal_data import erasure

q = snapshots_store.q


@pytest.mark.parametrize("safe", [True, False], ids=["as it is", "control"])
async def test_an_erased_account_takes_over_no_entry_of_its_persons_other_account(
    database: Callable[[str], ServiceDatabase], safe: bool
) -> None:
    """Its registration was judged before it was erased, and comes to be written after."""
    made = database("entries")
    if not safe:
        with psycopg.connect(made.owner_dsn, autocommit=True) as owner:
            owner.execute("DROP TRIGGER entry_not_erased_again ON entry")
    async with entries_service(lambda _: made) as service:
        tour = campaign()
        await publish(service, tour)
        first = (await submit(service, "ann-2", wishes(tour), email="ann@example.com"))["entry"]
        await service.resources.changes.withdraw(id_of("ann-2"), first["id"])
        store = store_on(service, service.resources.database)
        examine = store._examine

        async def judged_before_the_erasure(submissions: Any) -> Any:
            examined = await examine(submissions)
            answer = await service.rest("POST", "/personal-data/erase", erasure("ann"))
            assert answer.status_code == 200
            return examined

        store._examine = judged_before_the_erasure
        [outcome] = await store.submit([submission(tour, "ann")])
        assert isinstance(outcome, wire.Submitted) is not safe
        assert await states(service, tour) == (
            {id_of("ann-2"): "WITHDRAWN"} if safe else {id_of("ann"): "ACCEPTED"}
        )


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
