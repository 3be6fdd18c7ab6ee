"""What happens at the same moment, or is killed midway; each race with a control that fails without its guard."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import asyncpg
import pytest

from services.entries.backend import rosters_store, selections_store, waves_store
from services.kit.ids import new_id, new_ids
from services.kit.pg import Queries
from tests.support.service import ServiceUnderTest, open_service
from tests.unit.entries.draws import Staff, closed_campaign, outcome, registered
from tests.unit.entries.registrations import campaign, entries_service, publish


@contextmanager
def without(queries: Queries, name: str, guard: str) -> Iterator[None]:
    """The same statement with its guard taken out."""
    query = queries.all[name]
    assert guard in query.sql
    queries.all[name] = replace(query, sql=query.sql.replace(guard, ""))
    try:
        yield
    finally:
        queries.all[name] = query


# ── runSelection many times at once ──


async def run_at_once(database: Any) -> None:
    async with entries_service(database) as service:
        staff = Staff(service)
        tour = await closed_campaign(service, fans=20)
        wave_id = await staff.draft(tour)
        await staff.commit(wave_id)
        answers = await asyncio.gather(*(staff.run(wave_id) for _ in range(6)))
        assert sorted(answer["replayed"] for answer in answers) == [False, *[True] * 5]
        assert len({answer["job"]["id"] for answer in answers}) == 1
        queued = "SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'entries:select'"
        assert await service.resources.database.pool.fetchval(queued) == 1


async def test_a_wave_is_handed_to_the_worker_once(database: Any) -> None:
    await run_at_once(database)


async def test_without_the_guard_it_is_handed_over_again(database: Any) -> None:
    with without(waves_store.q, "start_run", "AND w.state = 'COMMITTED'"), pytest.raises(AssertionError):
        await run_at_once(database)


async def test_the_same_key_replays_and_another_wave_under_it_is_refused(database: Any) -> None:
    async with entries_service(database) as service:
        staff = Staff(service)
        tour = await closed_campaign(service, fans=5)
        first, second = await staff.draft(tour), await staff.draft(tour)
        await staff.commit(first)
        answers = await asyncio.gather(*(staff.run(first, idempotencyKey="k") for _ in range(4)))
        assert sorted(answer["replayed"] for answer in answers) == [False, True, True, True]
        assert (await staff.run(second, idempotencyKey="k"))["__typename"] == "IdempotencyMismatch"


# ── two waves committed at once ──


@asynccontextmanager
async def two_drafts(
    database: Any, *, broken: str | None = None
) -> AsyncIterator[tuple[ServiceUnderTest, Staff, str, str]]:
    made = database("entries")
    if broken:
        connection = await asyncpg.connect(made.owner_dsn)
        await connection.execute(broken)
        await connection.close()
    async with open_service("entries", made.service_dsn) as service:
        staff = Staff(service)
        tour = await closed_campaign(service, fans=20)
        yield service, staff, await staff.draft(tour), await staff.draft(tour)


async def commit_at_once(database: Any, broken: str | None = None) -> None:
    async with two_drafts(database, broken=broken) as (_, staff, first, second):
        answers = await asyncio.gather(staff.commit(first), staff.commit(second))
        assert sorted(answer["__typename"] for answer in answers) == ["SelectionInProgress", "WaveCommitted"]


async def test_one_of_two_waves_is_committed(database: Any) -> None:
    await commit_at_once(database)


async def test_without_the_index_both_would_be(database: Any) -> None:
    with pytest.raises(AssertionError):
        await commit_at_once(database, "DROP INDEX wave_under_way")


# ── a submission that is still under way when its window closes and the wave is committed ──


async def commit_beside_a_submission(database: Any) -> None:
    async with entries_service(database) as service:
        staff = Staff(service)
        tour = campaign()
        await publish(service, tour)
        await registered(service, tour, 5)
        wave_id = await staff.draft(tour)
        pool = service.resources.database.pool
        async with pool.acquire() as late, pool.acquire() as watching:
            await publish(
                service,
                {
                    **tour,
                    "version": 2,
                    "closes_at": await late.fetchval("SELECT now()") + timedelta(seconds=1),
                },
            )
            submission = late.transaction()
            await submission.start()
            entry_id = await late.fetchval(_SUBMIT_LATE, new_id("ent"))
            while not await watching.fetchval("SELECT clock_timestamp() >= closes_at FROM campaign"):
                await asyncio.sleep(0.02)
            committing = asyncio.create_task(staff.commit(wave_id))
            while not committing.done() and not await watching.fetchval(_WAITING):
                await asyncio.sleep(0.01)
            await submission.commit()
            assert (await committing)["__typename"] == "WaveCommitted"
        on_roster = await pool.fetchval("SELECT count(*) FROM wave_entry WHERE entry_id = $1", entry_id)
        assert on_roster == 1, "acknowledged, but not on the roster"


_SUBMIT_LATE = """
WITH open AS (SELECT id FROM campaign WHERE now() < closes_at FOR SHARE)
INSERT INTO entry (id, campaign_id, user_id, identity, state, preferences, ticket_quantity, is_member, request_digest)
SELECT $1, e.campaign_id, 'usr_late', '\\x01', e.state, e.preferences, 1, e.is_member, e.request_digest
FROM entry e JOIN open ON open.id = e.campaign_id LIMIT 1
RETURNING id
"""
_WAITING = """
SELECT count(*) > 0 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
"""


async def test_who_was_acknowledged_is_on_the_roster(database: Any) -> None:
    await commit_beside_a_submission(database)


async def test_without_the_lock_she_would_not_be(database: Any) -> None:
    with (
        without(rosters_store.q, "lock_campaign", "FOR NO KEY UPDATE OF c, w"),
        pytest.raises(AssertionError),
    ):
        await commit_beside_a_submission(database)


# ── two workers on one wave ──


async def draw_at_once(database: Any, broken: str | None = None) -> None:
    made = database("entries")
    if broken:
        connection = await asyncpg.connect(made.owner_dsn)
        await connection.execute(broken)
        await connection.close()
    async with open_service("entries", made.service_dsn) as service:
        staff = Staff(service)
        tour = await closed_campaign(service, fans=150)
        wave_id = await staff.draft(tour)
        await staff.commit(wave_id)
        await staff.run(wave_id)
        await asyncio.gather(*(service.resources.selections.draw(wave_id) for _ in range(4)))
        await _demand_one_whole_outcome(service, wave_id)


async def test_several_workers_equal_one(database: Any) -> None:
    await draw_at_once(database)


async def test_without_the_constraint_fans_would_win_again(
    database: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fresh(_wave_id: str, _committed_at: datetime, count: int) -> list[str]:
        return new_ids("sel", count)

    monkeypatch.setattr(selections_store.waves_rules, "selection_ids", fresh)
    with (
        without(selections_store.q, "conclude_run", "AND state = 'RUNNING' AND job_state = 'RUNNING'"),
        pytest.raises((AssertionError, asyncpg.CheckViolationError)),
    ):
        await draw_at_once(database, "ALTER TABLE selection DROP CONSTRAINT selection_once_a_wave")


# ── a worker killed ──


@pytest.mark.parametrize("moment", ["loaded", "first chunk", "all written", "concluded but not committed"])
async def test_killed_anywhere_and_run_again_there_is_one_whole_outcome(
    database: Any, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    monkeypatch.setattr(selections_store, "_CHUNK", 10)
    async with entries_service(database) as service:
        staff = Staff(service)
        tour = await closed_campaign(service, fans=100)
        wave_id = await staff.draft(tour)
        await staff.commit(wave_id)
        await staff.run(wave_id)
        store = service.resources.selections
        method, after = {
            "loaded": ("_insert", False),
            "first chunk": ("_insert", True),
            "all written": ("_conclude", False),
            "concluded but not committed": ("_conclude", True),
        }[moment]
        await _kill_at(store, method, after=after, run=lambda: store.draw(wave_id))
        assert await outcome(service, wave_id) == []
        assert (await staff.finalize(wave_id))["__typename"] == "SelectionNotFinished"
        await store.draw(wave_id)
        await _demand_one_whole_outcome(service, wave_id)
        before = await outcome(service, wave_id)
        await store.draw(wave_id)
        assert await outcome(service, wave_id) == before


async def _kill_at(store: Any, method: str, *, after: bool, run: Callable[[], Any]) -> None:
    """Runs, and cancels when `method` is about to be called, or has been."""
    original, reached = getattr(store, method), asyncio.Event()

    async def stop(*arguments: Any) -> None:
        if after:
            await original(*arguments)
        reached.set()
        await asyncio.Event().wait()

    setattr(store, method, stop)
    task = asyncio.create_task(run())
    await asyncio.wait_for(reached.wait(), 20)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    setattr(store, method, original)


async def test_a_wave_called_off_while_it_is_drawn_has_no_winners(database: Any) -> None:
    async with entries_service(database) as service:
        staff = Staff(service)
        tour = await closed_campaign(service, fans=50)
        wave_id = await staff.draft(tour)
        await staff.commit(wave_id)
        await staff.run(wave_id)
        store = service.resources.selections
        conclude = store._conclude

        async def cancel_first(*arguments: Any) -> None:
            answer = await staff.cancel(wave_id)
            assert answer["wave"]["job"]["state"] == "CANCELLED"
            await conclude(*arguments)

        store._conclude = cancel_first
        await store.draw(wave_id)
        assert await outcome(service, wave_id) == []
        assert (await staff.finalize(wave_id))["from"] == "CANCELLED"


async def test_a_run_that_was_given_up_starts_again(database: Any) -> None:
    async with entries_service(database) as service:
        staff = Staff(service)
        tour = await closed_campaign(service, fans=10)
        wave_id = await staff.draft(tour)
        await staff.commit(wave_id)
        first = await staff.run(wave_id)
        await service.resources.selections.fail(wave_id)
        await service.resources.selections.draw(wave_id)
        assert await outcome(service, wave_id) == [], "given up is given up"
        again = await staff.run(wave_id)
        assert (again["replayed"], again["job"]["id"], again["job"]["state"]) == (
            False,
            first["job"]["id"],
            "QUEUED",
        )
        await service.resources.selections.draw(wave_id)
        assert (await staff.finalize(wave_id))["__typename"] == "WaveFinalized"


async def test_the_database_itself_refuses_more_than_there_is(database: Any) -> None:
    async with entries_service(database) as service:
        staff = Staff(service)
        tour = await closed_campaign(service, fans=100, allocation=10)
        wave_id = await staff.drawn(tour)
        loser = """
            INSERT INTO selection (id, wave_id, campaign_id, entry_id, user_id, event_id, market_id, preference_rank,
                                   ticket_quantity)
            SELECT 'sel_' || r.entry_id, r.wave_id, $2, r.entry_id, r.user_id, k.event_id, k.market_id, 1, 4
            FROM wave_entry r
            JOIN wave_capacity k ON k.wave_id = r.wave_id
            WHERE r.wave_id = $1
              AND NOT EXISTS (SELECT 1 FROM selection s WHERE s.wave_id = $1 AND s.entry_id = r.entry_id)
            LIMIT 1
        """
        with pytest.raises(asyncpg.CheckViolationError):
            await service.resources.database.pool.execute(loser, wave_id, tour["id"])


async def _demand_one_whole_outcome(service: ServiceUnderTest, wave_id: str) -> None:
    """All winners, each once; the counters say the same; and the proof holds."""
    winners = await outcome(service, wave_id)
    assert len({entry for _, entry, _ in winners}) == len(winners) > 0
    pool = service.resources.database.pool
    counted = await pool.fetchrow(
        "SELECT sum(winners), sum(selected) FROM wave_capacity WHERE wave_id = $1", wave_id
    )
    stored = await pool.fetchrow(
        "SELECT count(*), sum(ticket_quantity) FROM selection WHERE wave_id = $1", wave_id
    )
    assert tuple(counted) == tuple(stored)
    wave = await pool.fetchrow("SELECT job_state, selected FROM wave WHERE id = $1", wave_id)
    assert tuple(wave) == ("SUCCEEDED", len(winners))
    assert (await service.resources.proofs.verify(wave_id)).valid
