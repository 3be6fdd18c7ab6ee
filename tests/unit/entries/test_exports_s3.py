"""Exports on S3, over HTTP: written, read by the range, killed, cleared away; and refused with a wrong key."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import obstore
import pytest
from obstore.store import LocalStore, MemoryStore

from services.entries.backend import exports_files_store, exports_parts_store
from services.entries.backend.exports_parts_store import Parts
from tests.support.s3_server import BUCKET, S3Server, s3_server
from tests.unit.entries.draws import Staff, closed_campaign
from tests.unit.entries.exporting import download, files, job, rows_of, start, written
from tests.unit.entries.registrations import entries_service
from tests.unit.entries.test_exports import stop_after

URL = f"s3://{BUCKET}/monoql"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    with s3_server(tmp_path_factory.mktemp("s3")) as running:
        yield running


@pytest.fixture(autouse=True)
def _aws(server: S3Server, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in server.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(exports_parts_store, "PART_BYTES", 1000)
    monkeypatch.setattr(exports_files_store, "_ROWS", 10)


async def test_an_export_is_written_read_and_removed(database: Any) -> None:
    async with entries_service(database, files_url=URL) as service:
        staff = Staff(service)
        tour = await closed_campaign(service, fans=60)
        done, data = await written(service, staff, await start(staff, tour))
        assert len(rows_of(data)) == 60
        assert sum(done["id"] in path for path in await files(service)) == -(-len(data) // 1000) > 5
        answer = await download(service, done["downloadUrl"], headers={"range": "bytes=900-2100"})
        assert (answer.status_code, answer.content) == (206, data[900:2101])
        await service.resources.database.pool.execute("UPDATE export_job SET expires_at = now()")
        assert await service.resources.export_files.expire() == 1
        assert not any(done["id"] in path for path in await files(service))


@pytest.mark.parametrize("reports", [2, 5])
async def test_what_a_killed_writer_left_is_cleared_away(database: Any, reports: int) -> None:
    async with entries_service(database, files_url=URL) as service:
        staff = Staff(service)
        tour = await closed_campaign(service, fans=60)
        export_id = await start(staff, tour)
        await stop_after(service, export_id, reports)
        torn = [path for path in await files(service) if export_id in path]
        assert torn
        done, data = await written(service, staff, export_id)
        ids = [row["entry_id"] for row in rows_of(data)]
        assert len(ids) == len(set(ids)) == done["rowCount"] == 60
        assert not {*torn} & {*await files(service)}


async def test_with_a_wrong_key_nothing_is_published(
    database: Any, server: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "not-the-secret")
    async with entries_service(database, files_url=URL) as service:
        staff = Staff(service)
        tour = await closed_campaign(service, fans=3)
        export_id = await start(staff, tour)
        with pytest.raises(obstore.exceptions.BaseError):
            await service.resources.export_files.write(export_id)
        assert (await job(service, staff, export_id))["downloadUrl"] is None
    assert [
        path for found in obstore.list(server.store(), prefix="monoql/exports/" + export_id) for path in found
    ] == []


@pytest.mark.parametrize("kind", ["memory", "folder"])
async def test_where_the_store_checks_a_part_is_never_replaced(tmp_path: Path, kind: str) -> None:
    store = MemoryStore() if kind == "memory" else LocalStore(tmp_path)
    first, second = (Parts(store, "f", key * 32, part_bytes=10) for key in (b"a", b"b"))
    await first.add(b"0123456789")
    with pytest.raises(obstore.exceptions.AlreadyExistsError):
        await second.add(b"9876543210")


async def test_two_writers_at_once_are_kept_apart_by_their_attempts_alone(database: Any) -> None:
    """On a store that does not check: whoever took over has a folder of its own."""
    async with entries_service(database, files_url=URL) as service:
        staff = Staff(service)
        tour = await closed_campaign(service, fans=60)
        export_id = await start(staff, tour)
        store = service.resources.export_files
        await asyncio.gather(*(store.write(export_id) for _ in range(3)), return_exceptions=True)
        done, data = await written(service, staff, export_id)
        assert done["rowCount"] == len({row["entry_id"] for row in rows_of(data)}) == 60
