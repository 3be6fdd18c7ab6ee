"""Waves that are too large to be worked on while a caller waits: the worker freezes, previews and verifies them."""

import asyncio
from typing import Any

import pytest

from services.entries.backend.rosters_store import RosterStore
from tests.unit.entries.draws import PREVIEW, Staff, closed_campaign, outcome
from tests.unit.entries.registrations import entries_service
from tests.unit.entries.test_draw_proof import VERIFY

LARGE = {"ENTRIES_LIVE_ROSTER": 0}
LATER = """
query ($id: ID!) {
  wave(id: $id) {
    draw { rosterRoot } job { step state failure } preview { eligible selected } previewJob { step state }
  }
}
"""


async def look(service: Any, staff: Staff, wave_id: str) -> dict[str, Any]:
    answer = await service.graphql(LATER, {"id": wave_id}, token=staff.token)
    assert "errors" not in answer, answer["errors"]
    return answer["data"]["wave"]


async def test_a_large_roster_is_frozen_by_the_worker_before_it_is_drawn(database: Any) -> None:
    async with entries_service(database, **LARGE) as service:
        staff = Staff(service)
        tour = await closed_campaign(service, fans=50)
        wave_id = await staff.draft(tour)
        committed = await staff.commit(wave_id)
        assert (committed["wave"]["state"], committed["wave"]["draw"]) == ("COMMITTED", None)
        assert (await look(service, staff, wave_id))["job"] == {
            "step": "ROSTER",
            "state": "QUEUED",
            "failure": None,
        }
        assert (await staff.run(wave_id))["__typename"] == "RosterNotFrozen"
        await service.resources.rosters.freeze(wave_id)
        frozen = await look(service, staff, wave_id)
        assert frozen["job"]["state"] == "SUCCEEDED"
        assert len(frozen["draw"]["rosterRoot"]) == 64
        assert (await staff.run(wave_id))["__typename"] == "SelectionStarted"
        await service.resources.selections.draw(wave_id)
        assert (await staff.finalize(wave_id))["__typename"] == "WaveFinalized"
        assert await outcome(service, wave_id)


async def test_a_large_draw_is_verified_by_the_worker(database: Any) -> None:
    async with entries_service(database, **LARGE) as service:
        staff = Staff(service)
        tour = await closed_campaign(service, fans=30)
        wave_id = await staff.draft(tour)
        await staff.commit(wave_id)
        await service.resources.rosters.freeze(wave_id)
        await staff.run(wave_id)
        await service.resources.selections.draw(wave_id)
        early = await service.graphql(VERIFY, {"id": wave_id}, token=staff.token)
        assert early["errors"][0]["extensions"]["code"] == "UNAVAILABLE"
        await service.resources.proofs.publish(wave_id)
        answer = await service.graphql(VERIFY, {"id": wave_id}, token=staff.token)
        assert answer["data"]["verifyDraw"]["valid"] is True


async def test_a_large_preview_is_computed_by_the_worker_once(database: Any) -> None:
    async with entries_service(database, **LARGE) as service:
        staff = Staff(service)
        tour = await closed_campaign(service, fans=30)
        wave_id = await staff.draft(tour)
        answers = await asyncio.gather(*(staff.ask(PREVIEW, {"waveId": wave_id}) for _ in range(4)))
        assert {answer["__typename"] for answer in answers} == {"SelectionPreviewStarted"}
        queued = "SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'entries:preview'"
        assert await service.resources.database.pool.fetchval(queued) == 1
        assert (await look(service, staff, wave_id))["preview"] is None
        await service.resources.previews.run(wave_id)
        found = await look(service, staff, wave_id)
        assert found["preview"]["eligible"] == 30
        assert found["previewJob"] == {"step": "PREVIEW", "state": "SUCCEEDED"}


@pytest.mark.parametrize("moment", ["before anything", "before the root"])
async def test_killed_while_freezing_and_run_again(
    database: Any, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    async with entries_service(database, **LARGE) as service:
        staff = Staff(service)
        tour = await closed_campaign(service, fans=30)
        wave_id = await staff.draft(tour)
        await staff.commit(wave_id)
        store = service.resources.rosters
        reached = asyncio.Event()

        async def stop(*_: Any, **__: Any) -> None:
            if moment == "before the root":
                await original(store, *_, **__)
            reached.set()
            await asyncio.Event().wait()

        original = RosterStore._freeze
        monkeypatch.setattr(store, "_freeze", stop)
        task = asyncio.create_task(store.freeze(wave_id))
        await asyncio.wait_for(reached.wait(), 20)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        monkeypatch.undo()
        pool = service.resources.database.pool
        assert await pool.fetchval("SELECT count(*) FROM wave_entry") == 0
        await asyncio.gather(*(store.freeze(wave_id) for _ in range(3)))
        assert await pool.fetchval("SELECT count(*) FROM wave_entry") == 30
        assert (await look(service, staff, wave_id))["job"]["state"] == "SUCCEEDED"


async def test_a_roster_that_was_given_up_is_asked_for_again(database: Any) -> None:
    async with entries_service(database, **LARGE) as service:
        staff = Staff(service)
        tour = await closed_campaign(service, fans=5)
        wave_id = await staff.draft(tour)
        await staff.commit(wave_id)
        await service.resources.rosters.give_up(wave_id)
        assert (await look(service, staff, wave_id))["job"]["state"] == "FAILED"
        assert (await staff.commit(wave_id))["__typename"] == "WaveCommitted"
        await service.resources.rosters.freeze(wave_id)
        assert (await look(service, staff, wave_id))["draw"] is not None


async def test_a_wave_called_off_while_it_is_frozen_has_no_roster(database: Any) -> None:
    async with entries_service(database, **LARGE) as service:
        staff = Staff(service)
        tour = await closed_campaign(service, fans=5)
        wave_id = await staff.draft(tour)
        await staff.commit(wave_id)
        await staff.cancel(wave_id)
        await service.resources.rosters.freeze(wave_id)
        assert await service.resources.database.pool.fetchval("SELECT count(*) FROM wave_entry") == 0


async def test_the_database_refuses_a_roster_that_grows_after_its_root(database: Any) -> None:
    async with entries_service(database) as service:
        staff = Staff(service)
        tour = await closed_campaign(service, fans=5)
        await staff.commit(await staff.draft(tour))
        grow = """
        INSERT INTO wave_entry (wave_id, entry_id, user_id, preferences, barred, quantity, submitted, salt, position)
        SELECT wave_id, 'ent_smuggled', user_id, preferences, barred, quantity, submitted, salt, 99
        FROM wave_entry LIMIT 1
        """
        with pytest.raises(Exception, match="can only grow between"):
            await service.resources.database.pool.execute(grow)
