"""A close with many unconfirmed entries: chunks of equal cost, which nobody waits for and which wait for nobody."""

import asyncio
from typing import Any

import pytest

from services.entries.backend import snapshots_store
from services.entries.backend.snapshots_store import SnapshotStore
from services.kit.pg import Database
from tests.unit.entries.draws import close, registered
from tests.unit.entries.registrations import campaign, entries_service, publish, states


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
