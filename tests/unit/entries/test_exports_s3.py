"""Exports on two S3 servers, over HTTP: written, read by the range, killed, cleared away; and refused with a wrong key.

nanio checks signatures, moto refuses to create what is there: each rule is held against the one that knows it.
"""

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import obstore
import pytest
from obstore.store import LocalStore, MemoryStore, ObjectStore

from services.entries.backend import exports_files_store, exports_parts_store
from services.entries.backend.exports_parts_store import Parts, read_parts
from services.kit.files import open_files
from tests.support.s3_servers import BUCKET, S3Server
from tests.unit.entries.draws import Staff, closed_campaign
from tests.unit.entries.exporting import download, files, job, rows_of, start, written
from tests.unit.entries.registrations import entries_service
from tests.unit.entries.test_exports import stop_after

CHECKS_SIGNATURES = pytest.mark.parametrize("s3", ["nanio"], indirect=True)
CHECKS_CONDITIONS = pytest.mark.parametrize("s3", ["moto"], indirect=True)


@pytest.fixture(autouse=True)
def _small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports_parts_store, "PART_BYTES", 1000)
    monkeypatch.setattr(exports_files_store, "_ROWS", 10)


async def test_an_export_is_written_read_and_removed(database: Any, s3_url: str) -> None:
    async with entries_service(database, files_url=s3_url) as service:
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
async def test_what_a_killed_writer_left_is_cleared_away(
    database: Any, s3: S3Server, s3_url: str, reports: int
) -> None:
    async with entries_service(database, files_url=s3_url) as service:
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
    if s3.name == "moto":  # the other one does not list what is left of multipart uploads
        listed = await fetch(f"{s3.url}/{BUCKET}?uploads")
        assert (listed.status_code, "<Upload>" in listed.text) == (200, False)


@CHECKS_SIGNATURES
async def test_with_a_wrong_key_nothing_is_published(
    database: Any, s3: S3Server, s3_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "not-the-secret")
    async with entries_service(database, files_url=s3_url) as service:
        staff = Staff(service)
        tour = await closed_campaign(service, fans=3)
        export_id = await start(staff, tour)
        with pytest.raises(obstore.exceptions.BaseError):
            await service.resources.export_files.write(export_id)
        assert (await job(service, staff, export_id))["downloadUrl"] is None
    prefix = s3_url.removeprefix(f"s3://{BUCKET}/")
    assert [path for found in obstore.list(s3.store(), prefix=prefix) for path in found] == []


@CHECKS_SIGNATURES
async def test_a_stored_part_is_fetched_by_a_good_signature_in_time_alone(
    database: Any, s3: S3Server, s3_url: str
) -> None:
    """We hand out no such link, and whoever makes one with our key gets a sealed part."""
    async with entries_service(database, files_url=s3_url) as service:
        staff = Staff(service)
        tour = await closed_campaign(service, fans=3)
        done, data = await written(service, staff, await start(staff, tour))
        [path] = [each for each in await files(service) if done["id"] in each]
        key = f"{s3_url.removeprefix(f's3://{BUCKET}/')}/{path}"
        link = await obstore.sign_async(s3.store(), "GET", key, timedelta(minutes=1))
        fetched = await fetch(link)
        assert (fetched.status_code, data in fetched.content) == (200, False)
        stale = await obstore.sign_async(s3.store(), "GET", key, timedelta(seconds=0))
        forged = await obstore.sign_async(s3.store(secret="another"), "GET", key, timedelta(minutes=1))
        for bad in (stale, forged, link[:-1] + ("0" if link[-1] != "0" else "1"), f"{s3.url}/{BUCKET}/{key}"):
            assert (await fetch(bad)).status_code in (400, 401, 403), bad


async def refused_second_writer(store: ObjectStore) -> None:
    first, second = (Parts(store, "f", key * 32, part_bytes=10) for key in (b"a", b"b"))
    await first.add(b"0123456789")
    with pytest.raises(obstore.exceptions.AlreadyExistsError):
        await second.add(b"9876543210")
    pieces = read_parts(store, "f", b"a" * 32, 0, 9, part_bytes=10)
    assert b"".join([piece async for piece in pieces]) == b"0123456789"


@pytest.mark.parametrize("kind", ["memory", "folder"])
async def test_where_the_store_checks_a_part_is_never_replaced(tmp_path: Path, kind: str) -> None:
    await refused_second_writer(MemoryStore() if kind == "memory" else LocalStore(tmp_path))


@CHECKS_CONDITIONS
async def test_on_s3_a_part_is_never_replaced(s3_url: str) -> None:
    await refused_second_writer(open_files(s3_url))


async def test_two_writers_at_once_are_kept_apart_by_their_attempts_alone(database: Any, s3_url: str) -> None:
    """Also on a store that does not check: whoever took over has a folder of its own."""
    async with entries_service(database, files_url=s3_url) as service:
        staff = Staff(service)
        tour = await closed_campaign(service, fans=60)
        export_id = await start(staff, tour)
        store = service.resources.export_files
        await asyncio.gather(*(store.write(export_id) for _ in range(3)), return_exceptions=True)
        done, data = await written(service, staff, export_id)
        assert done["rowCount"] == len({row["entry_id"] for row in rows_of(data)}) == 60


async def fetch(url: str) -> httpx.Response:
    async with httpx.AsyncClient(trust_env=False, timeout=20) as client:
        return await client.get(url)
