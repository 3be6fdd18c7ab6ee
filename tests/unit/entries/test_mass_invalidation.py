"""A close with many unconfirmed entries: chunks of equal cost, which nobody waits for and which wait for nobody."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import asyncpg
import pytest

from services.entries.backend import snapshots_store
from services.entries.backend.snapshots_store import SnapshotStore
from services.kit.pg import Database
from tests.unit.entries.draws import close, registered
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
from tests.unit.entries.test_entry_races import waits_for_a_lock


async def unconfirmed(service: Any, fans: int) -> dict[str, Any]:
    tour = campaign(phone_required=True)
    await publish(service, tour)
    await registered(service, tour, fans)
    return tour


async def test_readers_see_the_deadline_and_wait_for_no_chunk(database: Any) -> None:
    async with entries_service(database) as service:
        tour = await unconfirmed(service, 20)
        await close(service, tour)
        async with service.resources.database.transaction() as connection:
            assert await SnapshotStore(Database(connection)).invalidate_unconfirmed() == 20
            async with asyncio.timeout(20):  # whoever waited would wait until the chunk is done: for ever
                [metrics] = await service.resources.metrics.metrics([tour["id"]])
                assert set((await states(service, tour)).values()) == {"PENDING_PHONE"}
            assert [(one.key, one.count) for one in metrics.by_state] == [("INVALIDATED", 20)]
        [metrics] = await service.resources.metrics.metrics([tour["id"]])
        assert [(one.key, one.count) for one in metrics.by_state] == [("INVALIDATED", 20)]


async def test_a_chunk_leaves_out_what_somebody_holds(database: Any) -> None:
    async with entries_service(database) as service:
        tour = await unconfirmed(service, 20)
        await close(service, tour)
        async with service.resources.database.transaction() as connection:
            await connection.execute("SELECT FROM entry ORDER BY id LIMIT 5 FOR UPDATE")
            async with asyncio.timeout(20):
                assert await service.resources.snapshots.invalidate_unconfirmed() == 15
        assert await service.resources.snapshots.invalidate_unconfirmed() == 5
        assert await service.resources.snapshots.invalidate_unconfirmed() == 0


async def test_campaigns_are_invalidated_one_after_the_other_by_the_chunk(
    database: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshots_store, "_CHUNK", 8)
    async with entries_service(database) as service:
        tours = [await unconfirmed(service, 10) for _ in range(3)]
        for tour in tours[:2]:
            await close(service, tour)
        chunks = [await service.resources.snapshots.invalidate_unconfirmed() for _ in range(4)]
        assert chunks == [8, 8, 4, 0]
        assert set((await states(service, tours[2])).values()) == {"PENDING_PHONE"}


async def test_a_chunk_looks_at_nothing_that_earlier_ones_did(database: Any) -> None:
    """The statistics are those of an open campaign: a planner that follows them may prefer any index."""
    made = database("entries")
    async with entries_service(lambda _: made) as service:
        tour = await unconfirmed(service, 1500)
        owner = await asyncpg.connect(made.owner_dsn)
        await owner.execute("ANALYZE entry")
        await close(service, tour)
        sql = snapshots_store.q.invalidate_unconfirmed.sql
        assert [await owner.fetchval(sql, 500) for _ in range(2)] == [500, 500]
        [row] = await owner.fetch(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", 100)
        await owner.close()
        scanned = [
            node for node in nodes(json.loads(row[0])[0]["Plan"]) if node.get("Relation Name") == "entry"
        ]
        assert {node.get("Index Name") for node in scanned} >= {"entry_pending"}, scanned
        assert sum(node.get("Rows Removed by Filter", 0) for node in scanned) == 0, scanned


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", []):
        yield from nodes(child)


@pytest.mark.parametrize("careless", [False, True])
async def test_others_register_and_confirm_while_a_chunk_is_written(database: Any, careless: bool) -> None:
    """With its negative control: a chunk that kept writers off the table would make them wait."""
    async with entries_service(database) as service:
        tour, other = await unconfirmed(service, 20), campaign(phone_required=True)
        await close(service, tour)
        await publish(service, other)

        async def take_part() -> dict[str, str]:
            for subject in ("ann", "bob"):
                answer = await submit(service, subject, wishes(other))
                assert answer["__typename"] == "EntrySubmitted", answer
            await tell(service, fan("ann", phone_verified=True))
            return await states(service, other)

        async with service.resources.database.transaction() as connection:
            if careless:
                await connection.execute("LOCK TABLE entry IN SHARE ROW EXCLUSIVE MODE")
            assert await SnapshotStore(Database(connection)).invalidate_unconfirmed() == 20
            others = asyncio.create_task(take_part())
            assert await waits_for_a_lock(service, others) is careless
        assert await others == {id_of("ann"): "ACCEPTED", id_of("bob"): "PENDING_PHONE"}
        assert set((await states(service, tour)).values()) == {"INVALIDATED"}
