"""Seats whose codes were not used: given again, and to whom."""

import asyncio
from random import Random
from typing import Any

import asyncpg
import pytest

from tests.support.service import ServiceUnderTest, open_service
from tests.unit.entries.draws import Staff, closed_campaign, outcome
from tests.unit.entries.registrations import entries_service

UNUSED = ("EXPIRED", "VOIDED")


async def tell(service: ServiceUnderTest, *told: tuple[str, str, int]) -> None:
    """What became of codes, by selection: an outcome and its version."""
    body = {
        "redemptions": [
            {"selection_id": id_, "quantity": int(of == "REDEEMED"), "version": version, "outcome": of}
            for id_, of, version in told
        ]
    }
    assert (await service.rest("PUT", "/snapshots/redemptions", body)).status_code == 200


async def released(service: ServiceUnderTest) -> int:
    return await service.resources.database.pool.fetchval("SELECT sum(released) FROM wave_capacity")


async def counted(service: ServiceUnderTest) -> int:
    """The same, counted."""
    return await service.resources.database.pool.fetchval(
        """SELECT coalesce(sum(s.ticket_quantity), 0) FROM selection s
           JOIN redemption r ON r.selection_id = s.id WHERE r.outcome IN ('EXPIRED', 'VOIDED')"""
    )


async def test_who_let_her_code_lapse_takes_part_again_and_her_seats_are_there(database: Any) -> None:
    async with entries_service(database) as service:
        staff = Staff(service)
        tour = await closed_campaign(service, fans=200, allocation=20)
        first = await outcome(service, await staff.final(tour))
        fates = ["REDEEMED", "ASSIGNED", "EXPIRED", "VOIDED", None]
        fate = {row[0]: fates[place % len(fates)] for place, row in enumerate(first)}
        await tell(service, *((id_, of, 1) for id_, of in fate.items() if of))
        entry_fate = {entry: fate[id_] for id_, entry, _ in first}
        second = await staff.drawn(tour, reassignment="EXCLUDE_REDEEMED", name="Second wave")
        pool = service.resources.database.pool
        on_roster = {
            row["entry_id"]
            for row in await pool.fetch("SELECT entry_id FROM wave_entry WHERE wave_id = $1", second)
        }
        again = {of for entry, of in entry_fate.items() if entry in on_roster}
        assert again == set(UNUSED)
        assert all(entry in on_roster for entry, of in entry_fate.items() if of in UNUSED)
        capacity = await pool.fetchval("SELECT sum(capacity) FROM wave_capacity WHERE wave_id = $1", second)
        taken = await pool.fetchval("SELECT sum(ticket_quantity) FROM selection WHERE wave_id <> $1", second)
        assert capacity == 3 * 20 - taken + await released(service)
        # Nothing is given twice: what both waves hold, less what was let go, fits.
        held = await pool.fetch(
            "SELECT event_id, sum(selected - released) AS held FROM wave_capacity GROUP BY event_id"
        )
        assert all(row["held"] <= 20 for row in held)


async def test_other_policies_still_leave_every_winner_out(database: Any) -> None:
    async with entries_service(database) as service:
        staff = Staff(service)
        tour = await closed_campaign(service, fans=100, allocation=10)
        first = await outcome(service, await staff.final(tour))
        await tell(service, *((id_, "EXPIRED", 1) for id_, _, _ in first))
        second = await staff.final(tour, reassignment="EXCLUDE_SELECTED", name="Second wave")
        winners = {entry for _, entry, _ in first}
        assert await outcome(service, second)
        assert not winners & {entry for _, entry, _ in await outcome(service, second)}


async def test_a_code_that_is_good_again_takes_its_seats_back(database: Any) -> None:
    async with entries_service(database) as service:
        staff = Staff(service)
        tour = await closed_campaign(service, fans=50)
        [(id_, _, _), *_] = await outcome(service, await staff.final(tour))
        tickets = await service.resources.database.pool.fetchval(
            "SELECT ticket_quantity FROM selection WHERE id = $1", id_
        )
        for of, version, expected in (
            ("EXPIRED", 1, tickets),
            ("VOIDED", 2, tickets),
            ("EXPIRED", 1, tickets),
            ("ASSIGNED", 3, 0),
            ("EXPIRED", 4, tickets),
            ("REDEEMED", 5, 0),
        ):
            await tell(service, (id_, of, version))
            assert await released(service) == expected


async def news_at_once(database: Any, broken: str | None = None) -> None:
    made = database("entries")
    if broken:
        connection = await asyncpg.connect(made.owner_dsn)
        await connection.execute(broken)
        await connection.close()
    async with open_service("entries", made.service_dsn) as service:
        staff = Staff(service)
        tour = await closed_campaign(service, fans=120)
        ids = [id_ for id_, _, _ in await outcome(service, await staff.final(tour))]
        random = Random(7)
        news = [
            [
                (id_, random.choice([*UNUSED, "ASSIGNED", "REDEEMED"]), random.randint(1, 20))
                for id_ in random.sample(ids, len(ids) // 2)
            ]
            for _ in range(12)
        ]
        await asyncio.gather(*(tell(service, *some) for some in news))
        assert await released(service) == await counted(service)
        await tell(service, *((id_, "REDEEMED", 21) for id_ in ids))
        assert await released(service) == 0 == await counted(service)


async def test_news_in_any_order_leave_the_count_that_counting_gives(database: Any) -> None:
    await news_at_once(database)


async def test_without_the_trigger_on_changes_they_would_not(database: Any) -> None:
    with pytest.raises((AssertionError, asyncpg.CheckViolationError)):
        await news_at_once(database, "DROP TRIGGER outcome_moved ON redemption")
