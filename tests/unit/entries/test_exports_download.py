"""Downloads: by an expiring link, in both topologies, as long as the requester may run exports."""

from typing import Any

import pytest

from tests.unit.entries.draws import Staff, closed_campaign
from tests.unit.entries.exporting import download, files, job, start, written
from tests.unit.entries.registrations import entries_service, id_of


async def test_a_file_expires_at_once_and_is_removed_later(database: Any) -> None:
    async with entries_service(database) as service:
        staff = Staff(service)
        tour = await closed_campaign(service, fans=3)
        export_id = await start(staff, tour)
        done, _ = await written(service, staff, export_id)
        assert await service.resources.export_files.expire() == 0
        await service.resources.database.pool.execute("UPDATE export_job SET expires_at = now()")
        assert (await download(service, done["downloadUrl"])).status_code == 404
        assert (await job(service, staff, export_id))["state"] == "EXPIRED"
        assert await service.resources.export_files.expire() == 1
        assert await files(service) == []
        assert (await job(service, staff, export_id))["state"] == "EXPIRED"


@pytest.mark.parametrize("split", [False, True], ids=["mounted", "split"])
async def test_download(database: Any, split: bool) -> None:
    async with entries_service(database) as service:
        staff = Staff(service)
        tour = await closed_campaign(service, fans=20)
        done, data = await written(service, staff, await start(staff, tour))
        assert done["downloadUrl"].startswith("http://127.0.0.1:4000/files/entries/")
        answer = await download(service, done["downloadUrl"], split=split)
        assert (answer.status_code, answer.content) == (200, data)
        assert answer.headers["content-type"] == "text/csv; charset=utf-8"
        assert answer.headers["content-length"] == str(len(data))
        assert answer.headers["content-disposition"] == f'attachment; filename="entries-{done["id"]}.csv"'
        assert answer.headers["cache-control"] == "private, no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"
        head = await download(service, done["downloadUrl"], split=split, method="HEAD")
        assert (head.status_code, head.content, head.headers["content-length"]) == (200, b"", str(len(data)))
        assert (await download(service, done["downloadUrl"], split=split, method="DELETE")).status_code in (
            404,
            405,
        )
        for forged in (done["downloadUrl"][:-2] + "AA", "x", "a.b", "%00", "ünsinn"):
            assert (await download(service, forged, split=split)).status_code == 404


async def test_a_link_dies_with_the_permission_of_who_asked_for_the_export(database: Any) -> None:
    async with entries_service(database) as service:
        staff = Staff(service)
        tour = await closed_campaign(service, fans=3)
        done, _ = await written(service, staff, await start(staff, tour))
        assert (await download(service, done["downloadUrl"])).status_code == 200
        service.granted.discard((id_of("manager"), "EXPORT_RUN", None))
        refused = await download(service, done["downloadUrl"])
        assert (refused.status_code, refused.json()["code"]) == (403, "FORBIDDEN")
