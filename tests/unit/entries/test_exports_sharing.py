"""Exports for sharing: only while the promoter gets fan data, judged at the start, at writing and at download."""

from typing import Any

from tests.unit.entries.draws import Staff, closed_campaign
from tests.unit.entries.exporting import START, download, files, job, start, written
from tests.unit.entries.registrations import entries_service, publish


async def stop_sharing(service: Any, tour: dict[str, Any]) -> None:
    await publish(service, {**tour, "version": 9, "state": "CLOSED", "shares_fan_data": False})


async def test_without_a_promoter_that_gets_data_nothing_is_started(database: Any) -> None:
    async with entries_service(database) as service:
        staff = Staff(service)
        tour = await closed_campaign(service, fans=3)
        asked = {"campaignId": tour["id"], "kind": "ENTRIES", "purpose": "SHARING"}
        refused = await staff.ask(START, asked)
        assert (refused["__typename"], refused["code"]) == ("SharingNotAllowed", "SHARING_NOT_ALLOWED")
        await start(staff, tour)
        assert await service.resources.database.pool.fetchval("SELECT count(*) FROM export_job") == 1


async def test_what_was_started_before_is_not_written(database: Any) -> None:
    async with entries_service(database) as service:
        staff = Staff(service)
        tour = await closed_campaign(service, fans=3, shares_fan_data=True)
        shared, internal = await start(staff, tour, purpose="SHARING"), await start(staff, tour)
        await stop_sharing(service, tour)
        await service.resources.export_files.write(shared)
        failed = await job(service, staff, shared)
        assert (failed["state"], failed["downloadUrl"]) == ("FAILED", None)
        assert "promoter" in failed["failure"]
        assert await files(service) == []
        await written(service, staff, internal)


async def test_what_is_being_written_is_not_published(database: Any) -> None:
    async with entries_service(database) as service:
        staff = Staff(service)
        tour = await closed_campaign(service, fans=3, shares_fan_data=True)
        shared = await start(staff, tour, purpose="SHARING")
        written_whole = service.resources.export_files._write

        async def write(*args: Any) -> Any:
            result = await written_whole(*args)
            await stop_sharing(service, tour)
            return result

        service.resources.export_files._write = write
        await service.resources.export_files.write(shared)
        assert (await job(service, staff, shared))["state"] == "FAILED"
        assert await files(service) == []


async def test_what_was_written_before_is_not_handed_out(database: Any) -> None:
    async with entries_service(database) as service:
        staff = Staff(service)
        tour = await closed_campaign(service, fans=3, shares_fan_data=True)
        done, _ = await written(service, staff, await start(staff, tour, purpose="SHARING"))
        assert (await download(service, done["downloadUrl"])).status_code == 200
        await stop_sharing(service, tour)
        assert (await download(service, done["downloadUrl"])).status_code == 404
        assert (await job(service, staff, done["id"]))["downloadUrl"] is None
