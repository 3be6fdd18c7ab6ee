"""PENDING_PHONE: accepted by a confirmation before the deadline, invalid from the deadline on, once and for good."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from services.entries.backend.wire import PageRequest
from tests.support import issuer
from tests.unit.entries.registrations import (
    campaign,
    entries_service,
    fan,
    id_of,
    publish,
    states,
    submit,
    tell,
    wishes,
)

MINUTE = timedelta(minutes=1)


async def test_an_entry_waits_for_the_phone_and_is_accepted_by_it(database: Any) -> None:
    async with entries_service(database) as service:
        tour, other = campaign(phone_required=True), campaign(phone_required=True)
        await publish(service, tour, other)
        for each in (tour, other):
            assert (await submit(service, "ann", wishes(each)))["entry"]["state"] == "PENDING_PHONE"
        await submit(service, "bea", wishes(tour))
        await tell(service, fan("ann", phone_verified=True))
        assert await states(service, tour) == {id_of("ann"): "ACCEPTED", id_of("bea"): "PENDING_PHONE"}
        assert await states(service, other) == {id_of("ann"): "ACCEPTED"}


async def test_a_confirmed_fan_need_not_wait(database: Any) -> None:
    async with entries_service(database) as service:
        tour = campaign(phone_required=True)
        await publish(service, tour)
        await tell(service, fan("ann", phone_verified=True))
        assert (await submit(service, "ann", wishes(tour)))["entry"]["state"] == "ACCEPTED"


@pytest.mark.parametrize(
    ("change", "accepted"),
    [
        ({"state": "PAUSED"}, True),
        ({"state": "CLOSED"}, False),
        ({"state": "CANCELLED"}, False),
        ({"closes_at": datetime.now(UTC) - MINUTE}, False),
        ({"state": "PAUSED", "closes_at": datetime.now(UTC) - MINUTE}, False),
    ],
    ids=["paused", "closed", "cancelled", "time is up", "time is up while paused"],
)
async def test_the_deadline_decides_what_a_confirmation_does(
    database: Any, change: dict[str, Any], accepted: bool
) -> None:
    async with entries_service(database) as service:
        tour = campaign(phone_required=True)
        await publish(service, tour)
        entry_id = (await submit(service, "ann", wishes(tour)))["entry"]["id"]
        await publish(service, {**tour, "version": 2, **change})
        await tell(service, fan("ann", phone_verified=True))
        [entry] = await service.resources.store.entries([entry_id])
        assert entry.state == ("ACCEPTED" if accepted else "INVALIDATED")


async def test_reads_say_invalidated_before_the_job_has_run_and_the_job_runs_once(database: Any) -> None:
    async with entries_service(database) as service:
        tour = campaign(phone_required=True)
        await publish(service, tour)
        entry_id = (await submit(service, "ann", wishes(tour)))["entry"]["id"]
        await publish(service, {**tour, "version": 2, "state": "CLOSED"})
        assert await states(service, tour) == {id_of("ann"): "PENDING_PHONE"}
        answer = await service.graphql(
            f'{{ entry(id: "{entry_id}") {{ state }} }}', token=issuer.token("ann")
        )
        assert answer["data"]["entry"]["state"] == "INVALIDATED"
        runs = await asyncio.gather(*(service.resources.snapshots.invalidate_unconfirmed() for _ in range(5)))
        assert sum(runs) == 1
        assert await states(service, tour) == {id_of("ann"): "INVALIDATED"}
        row = await service.resources.database.pool.fetchrow("SELECT version FROM entry")
        assert row["version"] == 2, "invalidated exactly once"


async def test_a_close_defers_the_job_and_other_news_do_not(database: Any) -> None:
    async with entries_service(database) as service:
        jobs = "SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'entries:invalidate'"
        tour = campaign(phone_required=True)
        await publish(service, tour)
        await publish(service, {**tour, "version": 2, "slug": "renamed"})
        assert await service.resources.database.pool.fetchval(jobs) == 0
        await publish(service, {**tour, "version": 3, "state": "CLOSED"})
        assert await service.resources.database.pool.fetchval(jobs) == 1
        await publish(service, {**tour, "version": 3, "state": "CLOSED"})
        assert await service.resources.database.pool.fetchval(jobs) == 1


async def test_news_that_are_not_newer_change_nothing(database: Any) -> None:
    async with entries_service(database) as service:
        tour = campaign(version=5, state="CLOSED")
        await publish(service, tour)
        await publish(
            service, {**tour, "version": 5, "state": "OPEN"}, {**tour, "version": 4, "state": "OPEN"}
        )
        assert (await submit(service, "ann", wishes(tour)))["__typename"] == "CampaignNotOpen"
        gated = campaign(gate={"card": {"brands": ["VISA"]}})
        await publish(service, gated)
        await tell(service, fan("bea", version=2, cards=["VISA"]), fan("bea", version=1))
        await tell(service, fan("bea", version=2))
        assert (await submit(service, "bea", wishes(gated)))["__typename"] == "EntrySubmitted"


async def test_many_unconfirmed_entries_are_invalidated_by_chunks(database: Any) -> None:
    async with entries_service(database) as service:
        tour = campaign(phone_required=True)
        await publish(service, tour)
        await service.resources.database.pool.execute(
            """
            INSERT INTO entry (id, campaign_id, user_id, identity, state, preferences, ticket_quantity, is_member,
                               request_digest)
            SELECT 'ent_' || n, $1, 'usr_' || n, int4send(n), 'PENDING_PHONE', '{mkt_1}', 1, false, ''
            FROM generate_series(1, 2500) n
            """,
            tour["id"],
        )
        await publish(service, {**tour, "version": 2, "state": "CLOSED"})
        [page] = await service.resources.store.pages_of_campaigns(
            [PageRequest(tour["id"], 10, None, ["PENDING_PHONE"])]
        )
        assert page.items == [], "as soon as it is closed, nobody reads an unconfirmed entry"
        chunks = [await service.resources.snapshots.invalidate_unconfirmed() for _ in range(4)]
        assert chunks == [1000, 1000, 500, 0]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("INVALIDATED", "ACCEPTED"),
        ("INVALIDATED", "PENDING_PHONE"),
        ("INVALIDATED", "WITHDRAWN"),
        ("WITHDRAWN", "UNDER_REVIEW"),
        ("ACCEPTED", "PENDING_PHONE"),
        ("ERASED", "ACCEPTED"),
        ("ERASED", "WITHDRAWN"),
    ],
)
async def test_the_database_refuses_transitions_that_nobody_should_make(
    database: Any, before: str, after: str
) -> None:
    async with entries_service(database) as service:
        tour = campaign()
        await publish(service, tour)
        await service.resources.database.pool.execute(
            "INSERT INTO entry (id, campaign_id, user_id, identity, state, preferences, ticket_quantity, is_member,"
            " request_digest) VALUES ('ent_1', $1, 'usr_1', '', $2, '{mkt_1}', 1, false, '')",
            tour["id"],
            before,
        )
        with pytest.raises(asyncpg.CheckViolationError, match=f"{after} cannot follow {before}"):
            await service.resources.database.pool.execute("UPDATE entry SET state = $1", after)
