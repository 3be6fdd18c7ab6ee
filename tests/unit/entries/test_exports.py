"""Exports: exact, safe, resumable, cancellable."""

import asyncio
import json
from collections import Counter
from typing import Any

import pytest

from services.entries.backend import exports_files_store
from tests.support.service import ServiceUnderTest
from tests.unit.entries.draws import Staff, closed_campaign
from tests.unit.entries.exporting import CANCEL, START, files, job, rows_of, start, written
from tests.unit.entries.registrations import campaign, entries_service, fan, id_of, publish, tell


async def metrics_of(service: ServiceUnderTest, staff: Staff, of: dict[str, Any]) -> dict[str, Any]:
    query = "metrics { registrations selected byState { state count } }"
    reference = {"__typename": "Campaign", "id": of["id"]}
    [answer] = await service.entities(f"... on Campaign {{ {query} }}", [reference], token=staff.token)
    return answer["metrics"]


async def test_entries_as_csv_are_exactly_what_the_counts_say(database: Any) -> None:
    async with entries_service(database) as service:
        staff = Staff(service)
        tour = await closed_campaign(service, fans=70)
        pool = service.resources.database.pool
        await pool.execute("UPDATE entry SET state = 'WITHDRAWN' WHERE right(user_id, 1) < '8'")
        done, data = await written(service, staff, await start(staff, tour))
        rows = rows_of(data)
        counted = await metrics_of(service, staff, tour)
        assert len(rows) == done["rowCount"] == counted["registrations"] == 70
        assert Counter(row["state"] for row in rows) == {
            one["state"]: one["count"] for one in counted["byState"]
        }
        names = {market["id"]: market["name"] for market in tour["markets"]}
        stored = {row["id"]: row for row in await pool.fetch("SELECT * FROM entry")}
        for row in rows:
            assert row["market_ids"].split(" | ") == stored[row["entry_id"]]["preferences"]
            assert row["market_names"].split(" | ") == [names[id_] for id_ in row["market_ids"].split(" | ")]
        assert "@" not in data.decode()


async def test_a_filter_keeps_the_rows_of_its_states(database: Any) -> None:
    async with entries_service(database) as service:
        staff = Staff(service)
        tour = await closed_campaign(service, fans=40)
        await service.resources.database.pool.execute(
            "UPDATE entry SET state = 'WITHDRAWN' WHERE right(user_id, 1) < '8'"
        )
        counted = {one["state"]: one["count"] for one in (await metrics_of(service, staff, tour))["byState"]}
        for states in (["WITHDRAWN"], ["ACCEPTED", "WITHDRAWN"], ["ERASED"], []):
            done, data = await written(service, staff, await start(staff, tour, filter={"states": states}))
            assert done["rowCount"] == len(rows_of(data)) == sum(counted.get(state, 0) for state in states)


async def test_selections_as_ndjson(database: Any) -> None:
    async with entries_service(database) as service:
        staff = Staff(service)
        tour = await closed_campaign(service, fans=60)
        wave_id = await staff.drawn(tour)
        early, _ = await written(service, staff, await start(staff, tour, kind="SELECTIONS", format="NDJSON"))
        assert early["rowCount"] == 0, "a draw that is not final is nobody's business"
        await staff.finalize(wave_id)
        done, data = await written(
            service, staff, await start(staff, tour, kind="SELECTIONS", format="NDJSON")
        )
        records = [json.loads(line) for line in data.splitlines()]
        assert len(records) == done["rowCount"] == (await metrics_of(service, staff, tour))["selected"] > 0
        assert {record["wave_name"] for record in records} == {"First wave"}


async def test_eligibility_names_what_keeps_an_entry_out(database: Any) -> None:
    async with entries_service(database) as service:
        staff = Staff(service)
        tour = await closed_campaign(service, fans=20)
        await publish(
            service, {**tour, "version": 9, "state": "CLOSED", "gate": {"card": {"brands": ["VISA"]}}}
        )
        await tell(service, fan("fan-1", cards=["VISA"]))
        _, data = await written(service, staff, await start(staff, tour, kind="ELIGIBILITY"))
        found = {row["user_id"]: (row["eligible"], row["reasons"]) for row in rows_of(data)}
        assert found.pop(id_of("fan-1")) == ("true", "")
        assert set(found.values()) == {("false", "CARD_REQUIRED")}


async def test_who_opted_out_is_not_shared_even_by_a_job_started_before(database: Any) -> None:
    async with entries_service(database) as service:
        staff = Staff(service)
        tour = await closed_campaign(service, fans=10, shares_fan_data=True)
        shared = await start(staff, tour, purpose="SHARING")
        internal = await start(staff, tour)
        await tell(service, fan("fan-3", do_not_sell=True))
        _, data = await written(service, staff, shared)
        assert len(rows_of(data)) == 9
        assert id_of("fan-3") not in {row["user_id"] for row in rows_of(data)}
        assert (await written(service, staff, internal))[0]["rowCount"] == 10


async def test_a_spreadsheet_takes_nothing_for_a_formula(database: Any) -> None:
    async with entries_service(database) as service:
        staff = Staff(service)
        tour = campaign()
        for market, name in zip(tour["markets"], ["=1+1", '@SUM("x"), a', "-2\nb"], strict=True):
            market["name"] = name
        await publish(service, tour)
        identity = {
            "user_id": "usr_a",
            "issuer": "i",
            "subject": "a",
            "email": "a@example.com",
            "country": "US",
        }
        submission = {
            "campaign_id": tour["id"],
            "identity": identity,
            "preferences": [m["id"] for m in tour["markets"]],
        }
        await service.rest("POST", "/entries/submissions", {"submissions": [submission]})
        _, data = await written(service, staff, await start(staff, tour))
        [row] = rows_of(data)
        assert row["market_names"] == '\'=1+1 | @SUM("x"), a | -2\nb'
        assert data.startswith(b"entry_id,user_id,state,")
        assert data.count(b"\r\n") == 2


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports_files_store, "_ROWS", 10)


async def stop_after(service: ServiceUnderTest, export_id: str, reports: int) -> None:
    """Runs the job and kills it when it has reported its progress this often."""
    store = service.resources.export_files
    report, seen, reached = store._report, 0, asyncio.Event()

    async def counted(*arguments: Any) -> None:
        nonlocal seen
        await report(*arguments)
        seen += 1
        if seen == reports:
            reached.set()
            await asyncio.Event().wait()

    store._report = counted
    task = asyncio.create_task(store.write(export_id))
    await asyncio.wait_for(reached.wait(), 20)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    store._report = report


@pytest.mark.usefixtures("small_chunks")
@pytest.mark.parametrize("reports", [1, 4, 7])
async def test_killed_anywhere_and_run_again_there_is_one_whole_file(database: Any, reports: int) -> None:
    async with entries_service(database) as service:
        staff = Staff(service)
        tour = await closed_campaign(service, fans=60)
        export_id = await start(staff, tour)
        await stop_after(service, export_id, reports)
        stopped = await job(service, staff, export_id)
        assert (stopped["state"], stopped["downloadUrl"], stopped["rowCount"]) == ("RUNNING", None, None)
        assert stopped["progress"] > 0
        done, data = await written(service, staff, export_id)
        ids = [row["entry_id"] for row in rows_of(data)]
        assert len(ids) == len(set(ids)) == done["rowCount"] == 60
        assert len(await files(service)) == 1
        await service.resources.export_files.write(export_id)
        assert len(await files(service)) == 1, "running a done job once more changes nothing"


@pytest.mark.usefixtures("small_chunks")
async def test_an_attempt_that_was_thought_dead_publishes_nothing(database: Any) -> None:
    async with entries_service(database) as service:
        staff = Staff(service)
        tour = await closed_campaign(service, fans=60)
        export_id = await start(staff, tour)
        store = service.resources.export_files
        begun = await service.resources.database.fetchrow(
            exports_files_store.q.begin_export, id=export_id, key_sealed=b""
        )
        done, _ = await written(service, staff, export_id)
        with pytest.raises(exports_files_store._Stopped):
            await store._report(export_id, begun["attempt"], 1.0)
        late = {"file": "late", "row_count": 0, "byte_size": 0, "sha256": b"", "hours": 1}
        assert not await service.resources.database.fetchval(
            exports_files_store.q.publish_export, id=export_id, attempt=begun["attempt"], **late
        )
        assert await job(service, staff, export_id) | {"downloadUrl": None} == done | {"downloadUrl": None}


@pytest.mark.usefixtures("small_chunks")
async def test_cancelling_stops_a_worker_and_leaves_no_file(database: Any) -> None:
    async with entries_service(database) as service:
        staff = Staff(service)
        tour = await closed_campaign(service, fans=60)
        export_id = await start(staff, tour)
        store = service.resources.export_files
        report = store._report

        async def cancel_then_report(*arguments: Any) -> None:
            if arguments[2] > 0.4:
                assert (await staff.ask(CANCEL, {"id": export_id}))["__typename"] == "ExportCancelled"
            await report(*arguments)

        store._report = cancel_then_report
        await store.write(export_id)
        cancelled = await job(service, staff, export_id)
        assert (cancelled["state"], cancelled["downloadUrl"]) == ("CANCELLED", None)
        assert await files(service) == []
        assert (await staff.ask(CANCEL, {"id": export_id}))["__typename"] == "ExportCancelled"


async def test_a_done_export_cannot_be_cancelled(database: Any) -> None:
    async with entries_service(database) as service:
        staff = Staff(service)
        tour = await closed_campaign(service, fans=3)
        export_id = await start(staff, tour)
        await written(service, staff, export_id)
        answer = await staff.ask(CANCEL, {"id": export_id})
        assert (answer["__typename"], answer["from"], answer["to"]) == (
            "IllegalTransition",
            "SUCCEEDED",
            "CANCELLED",
        )


async def test_an_export_that_is_given_up_says_so(database: Any) -> None:
    async with entries_service(database) as service:
        staff = Staff(service)
        tour = await closed_campaign(service, fans=3)
        export_id = await start(staff, tour)
        await service.resources.export_files.fail(export_id)
        failed = await job(service, staff, export_id)
        assert failed["state"] == "FAILED"
        assert "Start a new export" in failed["failure"]


async def test_exports_are_for_who_may_run_them(database: Any) -> None:
    async with entries_service(database) as service:
        staff = Staff(service)
        tour = await closed_campaign(service, fans=3)
        export_id = await start(staff, tour)
        reader = Staff(service, "reader", ("ENTRY_READ", "SELECTION_READ", "METRICS_READ"))
        asked = {"campaignId": tour["id"], "kind": "ENTRIES"}
        for query, given in ((START, asked), (CANCEL, {"id": export_id})):
            answer = await service.graphql(query, {"input": given}, token=reader.token)
            assert answer["errors"][0]["extensions"]["code"] == "FORBIDDEN"
        assert await job(service, reader, export_id) is None
        references = [{"__typename": "ExportJob", "id": id_} for id_ in (export_id, "exp_unknown", "\0")]
        assert await service.entities("... on ExportJob { id }", references, token=reader.token) == [None] * 3
        [seen, *unknown] = await service.entities(
            "... on ExportJob { id state }", references, token=staff.token
        )
        assert (seen, unknown) == ({"id": export_id, "state": "QUEUED"}, [None, None])


async def test_fifty_references_are_one_request_and_one_statement(database: Any) -> None:
    async with entries_service(database) as service:
        staff = Staff(service)
        tour = await closed_campaign(service, fans=1)
        ids = [await start(staff, tour) for _ in range(50)]
        before = service.resources.database.statements
        references = [{"__typename": "ExportJob", "id": id_} for id_ in ids]
        found = await service.entities(
            "... on ExportJob { id state downloadUrl }", references, token=staff.token
        )
        assert [one["id"] for one in found] == ids
        assert service.resources.database.statements - before == 1


async def test_an_idempotency_key_starts_one_export(database: Any) -> None:
    async with entries_service(database) as service:
        staff = Staff(service)
        tour = await closed_campaign(service, fans=1)
        asked = {"campaignId": tour["id"], "kind": "ENTRIES", "format": "CSV", "idempotencyKey": "k"}
        first, again = await staff.ask(START, asked), await staff.ask(START, asked)
        assert (first["replayed"], again["replayed"]) == (False, True)
        assert first["job"]["id"] == again["job"]["id"]
        assert (await staff.ask(START, {**asked, "format": "NDJSON"}))["__typename"] == "IdempotencyMismatch"


async def test_how_long_exports_take_is_known_from_the_request_to_the_file(database: Any) -> None:
    async with entries_service(database) as service:
        staff = Staff(service)
        tour = await closed_campaign(service, fans=3)
        exports, pool = service.resources.exports, service.resources.database.pool
        assert await exports.times() == (0, 0, 0)
        for seconds, rows in ((40, 200_000), (30, 50_000), (10, 3)):
            await written(service, staff, await start(staff, tour))
            await pool.execute(
                "UPDATE export_job SET created_at = finished_at - make_interval(secs => $1), row_count = $2 "
                "WHERE id = (SELECT max(id) FROM export_job)",
                seconds,
                rows,
            )
        assert await exports.times() == (10, 40, 60), "few rows have no pace"
        await pool.execute("UPDATE export_job SET created_at = created_at - interval '2 days'")
        assert await exports.times() == (0, 0, 0)
        await start(staff, tour)
        await pool.execute(
            "UPDATE export_job SET created_at = now() - interval '1 hour' WHERE state = 'QUEUED'"
        )
        times = await exports.times()
        assert times.newest == 0
        assert times.longest >= 3600, "one that does not come to an end is seen"
