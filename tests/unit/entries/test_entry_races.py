"""What must hold whoever comes first. Each race is played on code without its safeguard too, where it must be lost."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import psycopg
import pytest

from services.entries.backend import snapshots_store, submissions_store, wire
from services.entries.backend.submissions_store import SubmissionStore
from services.kit.pg import Database, Query
from tests.support.service import ServiceUnderTest
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

INSERT = submissions_store.q.insert_entries
ACCEPT = snapshots_store.q.accept_confirmed


def without(query: Query, safeguard: str, instead: str = "") -> Query:
    """The statement as it would be had nobody thought of the race."""
    assert safeguard in query.sql
    return replace(query, sql=query.sql.replace(safeguard, instead))


NO_CAMPAIGN_LOCK = without(INSERT, "FOR SHARE")
NO_FACTS_LOCK = without(
    INSERT,
    INSERT.sql[INSERT.sql.index("INSERT INTO user_fact") : INSERT.sql.index("), kept")],
    "SELECT user_id, phone_verified FROM user_fact\n",
).sql.replace("NOT w.phone_verified", "NOT coalesce(w.phone_verified, false)")
ACCEPT_WITHOUT_LOCK = without(ACCEPT, "FOR SHARE")


@asynccontextmanager
async def held(service: ServiceUnderTest) -> AsyncIterator[Database]:
    """A database whose statements are all in one transaction, which commits at the end."""
    async with service.resources.database.transaction() as connection:
        yield Database(connection)


async def waits_for_a_lock(service: ServiceUnderTest, task: asyncio.Task[Any]) -> bool:
    """Whether the task comes to wait for a lock before it is done."""
    while not task.done():
        if await service.resources.database.pool.fetchval(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        ):
            return True
        await asyncio.sleep(0.005)
    return False


def submission(tour: dict[str, Any], subject: str) -> wire.Submission:
    identity = wire.Identity(id_of(subject), "http://issuer.test", subject, email=f"{subject}@example.com")
    return wire.Submission(tour["id"], identity, [tour["markets"][0]["id"]])


def store_on(service: ServiceUnderTest, database: Database) -> SubmissionStore:
    return SubmissionStore(database, service.resources.lookup, service.resources.outbox)


@pytest.mark.parametrize("statement", [INSERT, NO_CAMPAIGN_LOCK], ids=["as it is", "control"])
async def test_when_a_close_is_answered_no_entry_follows(
    database: Any, monkeypatch: pytest.MonkeyPatch, statement: Query
) -> None:
    monkeypatch.setitem(submissions_store.q.all, "insert_entries", statement)
    async with entries_service(database) as service:
        tour = campaign()
        await publish(service, tour)
        async with held(service) as transaction:
            [outcome] = await store_on(service, transaction).submit([submission(tour, "ann")])
            assert isinstance(outcome, wire.Submitted)
            close = asyncio.create_task(publish(service, {**tour, "version": 2, "state": "CLOSED"}))
            waited = await waits_for_a_lock(service, close)
            roster_at_close = await states(service, tour) if close.done() else None
        await close
        entered = await states(service, tour)
        if statement is INSERT:
            assert waited
            assert entered == {id_of("ann"): "ACCEPTED"}
        else:
            assert roster_at_close == {}
            assert entered != roster_at_close, "the control must lose the race"


async def test_a_submit_that_meets_a_close_is_refused(database: Any) -> None:
    async with entries_service(database) as service:
        tour = campaign()
        await publish(service, tour)
        await submit(service, "zoe", wishes(tour))
        async with held(service) as transaction:
            await transaction.pool.execute(
                "UPDATE campaign SET state = 'CLOSED', version = 2 WHERE id = $1", tour["id"]
            )
            late = asyncio.create_task(submit(service, "ann", wishes(tour)))
            assert await waits_for_a_lock(service, late)
        assert (await late)["__typename"] == "CampaignNotOpen"
        assert id_of("ann") not in await states(service, tour)


@pytest.mark.parametrize("safe", [True, False], ids=["as it is", "control"])
async def test_a_confirmation_during_the_submit_is_not_missed(
    database: Any, monkeypatch: pytest.MonkeyPatch, safe: bool
) -> None:
    if not safe:
        monkeypatch.setitem(submissions_store.q.all, "insert_entries", replace(INSERT, sql=NO_FACTS_LOCK))
    async with entries_service(database) as service:
        tour = campaign(phone_required=True)
        await publish(service, tour)
        async with held(service) as transaction:
            [outcome] = await store_on(service, transaction).submit([submission(tour, "ann")])
            assert isinstance(outcome, wire.Submitted)
            assert outcome.entry.state == "PENDING_PHONE"
            confirm = asyncio.create_task(tell(service, fan("ann", phone_verified=True)))
            assert await waits_for_a_lock(service, confirm) is safe
        await confirm
        assert await states(service, tour) == {id_of("ann"): "ACCEPTED" if safe else "PENDING_PHONE"}


async def test_a_submit_during_the_confirmation_sees_it(database: Any) -> None:
    async with entries_service(database) as service:
        tour = campaign(phone_required=True)
        await publish(service, tour)
        async with held(service) as transaction:
            await transaction.pool.execute(
                "INSERT INTO user_fact (user_id, version, phone_verified) VALUES ($1, 1, true)", id_of("ann")
            )
            entering = asyncio.create_task(submit(service, "ann", wishes(tour)))
            assert await waits_for_a_lock(service, entering)
        assert (await entering)["entry"]["state"] == "ACCEPTED"


@pytest.mark.parametrize("statement", [ACCEPT, ACCEPT_WITHOUT_LOCK], ids=["as it is", "control"])
async def test_when_a_close_is_answered_no_confirmation_follows(database: Any, statement: Query) -> None:
    async with entries_service(database) as service:
        tour = campaign(phone_required=True)
        await publish(service, tour)
        entry_id = (await submit(service, "ann", wishes(tour)))["entry"]["id"]
        async with held(service) as transaction:
            await transaction.pool.execute("UPDATE user_fact SET version = 1, phone_verified = true")
            await transaction.execute(statement, user_ids=[id_of("ann")])
            close = asyncio.create_task(publish(service, {**tour, "version": 2, "state": "CLOSED"}))
            waited = await waits_for_a_lock(service, close)
            [at_close] = await service.resources.store.entries([entry_id])
        await close
        [after] = await service.resources.store.entries([entry_id])
        assert after.state == "ACCEPTED"
        assert waited is (statement is ACCEPT)
        if statement is ACCEPT_WITHOUT_LOCK:
            assert at_close.state == "INVALIDATED", (
                "the control must lose the race: it revives an invalid entry"
            )


async def test_a_confirmation_that_meets_a_close_comes_too_late(database: Any) -> None:
    async with entries_service(database) as service:
        tour = campaign(phone_required=True)
        await publish(service, tour)
        await submit(service, "ann", wishes(tour))
        async with held(service) as transaction:
            await transaction.pool.execute(
                "UPDATE campaign SET state = 'CLOSED', version = 2 WHERE id = $1", tour["id"]
            )
            confirm = asyncio.create_task(tell(service, fan("ann", phone_verified=True)))
            assert await waits_for_a_lock(service, confirm)
        await confirm
        assert await states(service, tour) == {id_of("ann"): "PENDING_PHONE"}
        assert await service.resources.snapshots.invalidate_unconfirmed() == 1
        assert await states(service, tour) == {id_of("ann"): "INVALIDATED"}


async def test_many_submits_of_one_person_make_one_entry(database: Any) -> None:
    async with entries_service(database) as service:
        tour = campaign()
        await publish(service, tour)
        stores = [store_on(service, service.resources.database) for _ in range(20)]
        outcomes = await asyncio.gather(*(store.submit([submission(tour, "ann")] * 3) for store in stores))
        flat = [outcome for each in outcomes for outcome in each]
        assert sum(isinstance(outcome, wire.Submitted) for outcome in flat) == 1
        assert {
            outcome.entry.id for outcome in flat if isinstance(outcome, wire.Submitted | wire.AlreadyEntered)
        } == {next(outcome.entry.id for outcome in flat if isinstance(outcome, wire.Submitted))}
        assert len(flat) == 60
        assert sum(isinstance(outcome, wire.AlreadyEntered) for outcome in flat) == 59


async def test_control_look_first_then_insert_makes_two(database: Any) -> None:
    """The same race on code that looks before it inserts, on a table that does not mind."""
    made = database("entries")
    with psycopg.connect(made.owner_dsn, autocommit=True) as owner:
        owner.execute("ALTER TABLE entry DROP CONSTRAINT entry_campaign_id_identity_key")
    lines = INSERT.sql.splitlines()
    start, end = (
        next(n for n, line in enumerate(lines) if mark in line)
        for mark in ("ON CONFLICT (campaign", "RETURNING e.id")
    )
    look_first = "WHERE NOT EXISTS (SELECT FROM entry x WHERE x.identity = i.identity)"
    order = next(n for n, line in enumerate(lines) if "ORDER BY i.campaign_id, i.identity" in line)
    naive = replace(INSERT, sql="\n".join([*lines[:order], look_first, *lines[order:start], *lines[end:]]))
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(submissions_store.q.all, "insert_entries", naive)
        async with entries_service(lambda _: made) as service:
            tour = campaign()
            await publish(service, tour)
            async with held(service) as one, held(service) as other:
                await store_on(service, one).submit([submission(tour, "ann")])
                await store_on(service, other).submit([submission(tour, "ann")])
            count = await service.resources.database.pool.fetchval("SELECT count(*) FROM entry")
            assert count == 2, "the control must lose the race"


async def test_a_late_old_request_does_not_revive_a_withdrawn_entry(database: Any) -> None:
    async with entries_service(database) as service:
        tour = campaign()
        await publish(service, tour)
        first = await submit(service, "ann", wishes(tour, idempotencyKey="try-1"))
        await service.resources.changes.withdraw(id_of("ann"), first["entry"]["id"])
        late = await submit(service, "ann", wishes(tour, idempotencyKey="try-1"))
        assert (late["replayed"], late["entry"]["state"]) == (True, "WITHDRAWN")
        anew = await submit(service, "ann", wishes(tour, idempotencyKey="try-2"))
        assert (anew["replayed"], anew["entry"]["state"]) == (False, "ACCEPTED")
        assert anew["entry"]["id"] == first["entry"]["id"]
