"""A file is handed out only while everybody in it would still be: later opt-outs and erasures withdraw it."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from services.entries.backend import exports_files_store
from services.kit.ids import new_id
from services.kit.pg import Query
from services.kit.privacy import Erasure
from tests.support.service import ServiceUnderTest
from tests.unit.entries.draws import Staff, closed_campaign, registered
from tests.unit.entries.exporting import download, files, job, rows_of, start, written
from tests.unit.entries.registrations import (
    campaign,
    entries_service,
    fan,
    id_of,
    publish,
    submit,
    tell,
    wishes,
)
from tests.unit.entries.test_entry_races import held, waits_for_a_lock, without

BEGIN = exports_files_store.q.begin_export
NO_LOOK_AT_OPEN_TRANSACTIONS = without(BEGIN, "least(now(), min(xact_start))", "min(now())")


async def status(service: ServiceUnderTest, done: dict[str, Any]) -> int:
    return (await download(service, done["downloadUrl"])).status_code


async def test_who_opts_out_takes_the_files_for_sharing_with_her(database: Any) -> None:
    async with entries_service(database) as service:
        staff = Staff(service)
        tour = await closed_campaign(service, fans=3, shares_fan_data=True)
        other = await closed_campaign(service, fans=0, shares_fan_data=True)
        shared, data = await written(service, staff, await start(staff, tour, purpose="SHARING"))
        internal, _ = await written(service, staff, await start(staff, tour))
        elsewhere, _ = await written(service, staff, await start(staff, other, purpose="SHARING"))
        assert id_of("fan-1") in {row["user_id"] for row in rows_of(data)}
        assert await status(service, shared) == 200

        await tell(service, fan("fan-1", do_not_sell=True))
        refused = await download(service, shared["downloadUrl"])
        assert (refused.status_code, "opted out" in refused.json()["detail"]) == (404, True)
        for _ in range(2):  # before the worker has removed the file, and after
            gone = await job(service, staff, shared["id"])
            assert (gone["state"], gone["downloadUrl"]) == ("EXPIRED", None)
            assert "Start a new export" in gone["failure"]
            await service.resources.export_files.expire()
        assert len(await files(service)) == 2
        assert await status(service, internal) == 200
        assert await status(service, elsewhere) == 200

        again, data = await written(service, staff, await start(staff, tour, purpose="SHARING"))
        assert {row["user_id"] for row in rows_of(data)} == {id_of("fan-0"), id_of("fan-2")}
        assert await status(service, again) == 200
        await tell(service, fan("fan-1", 2, do_not_sell=True, country="US"))
        assert await status(service, again) == 200, "she had opted out before it was written"


async def test_who_registers_opted_out_leaves_older_files_alone(database: Any) -> None:
    async with entries_service(database) as service:
        staff = Staff(service)
        tour = campaign(shares_fan_data=True)
        await publish(service, tour)
        await registered(service, tour, fans=2)
        done, _ = await written(service, staff, await start(staff, tour, purpose="SHARING"))
        await submit(service, "late", wishes(tour))
        await tell(service, fan("late", do_not_sell=True))
        assert await status(service, done) == 200


async def test_who_withdrew_before_and_comes_back_after_still_counts(database: Any) -> None:
    async with entries_service(database) as service:
        staff = Staff(service)
        tour = campaign(shares_fan_data=True)
        await publish(service, tour)
        await submit(service, "ann", wishes(tour))
        pool = service.resources.database.pool
        await pool.execute("UPDATE entry SET state = 'WITHDRAWN'")
        done, data = await written(service, staff, await start(staff, tour, purpose="SHARING"))
        assert id_of("ann").encode() in data
        assert (await submit(service, "ann", wishes(tour)))["__typename"] == "EntrySubmitted"
        await tell(service, fan("ann", do_not_sell=True))
        assert await status(service, done) == 404


@pytest.mark.parametrize("purpose", ["INTERNAL", "SHARING"])
async def test_who_is_erased_takes_every_file_with_her(database: Any, purpose: str) -> None:
    async with entries_service(database) as service:
        staff = Staff(service)
        tour = await closed_campaign(service, fans=3, shares_fan_data=True)
        done, _ = await written(service, staff, await start(staff, tour, purpose=purpose))
        erasure = Erasure(new_id("prv"), id_of("fan-1"), datetime.now(UTC), 7)
        assert (await service.rest("POST", "/personal-data/erase", erasure)).status_code == 200
        assert await status(service, done) == 404
        assert await files(service) == []
        again, data = await written(service, staff, await start(staff, tour, purpose=purpose))
        assert id_of("fan-1").encode() not in data
        assert await status(service, again) == 200


@pytest.mark.parametrize("statement", [BEGIN, NO_LOOK_AT_OPEN_TRANSACTIONS], ids=["as it is", "control"])
async def test_an_opt_out_under_way_while_the_file_is_written_counts(
    database: Any, monkeypatch: pytest.MonkeyPatch, statement: Query
) -> None:
    """It began before the file was, and commits after: the file has her, and every clock says that it should not."""
    monkeypatch.setitem(exports_files_store.q.all, "begin_export", statement)
    async with entries_service(database) as service:
        staff = Staff(service)
        tour = await closed_campaign(service, fans=3, shares_fan_data=True)
        await tell(service, fan("fan-1"))
        export_id = await start(staff, tour, purpose="SHARING")
        async with held(service) as transaction:
            await transaction.pool.execute(
                "SELECT FROM user_fact WHERE user_id = $1 FOR UPDATE", id_of("fan-1")
            )
            opting_out = asyncio.create_task(tell(service, fan("fan-1", 2, do_not_sell=True)))
            assert await waits_for_a_lock(service, opting_out)
            done, data = await written(service, staff, export_id)
        await opting_out
        assert id_of("fan-1").encode() in data
        assert (await status(service, done) == 200) is (statement is not BEGIN), (
            "the control must hand it out"
        )
