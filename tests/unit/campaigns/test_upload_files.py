"""The way of a file: sent once under its link, checked, published or refused, and gone when nothing uses it."""

import asyncio
import contextlib
import hashlib
import os
import random
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from scripts.devtools.databases import ServiceDatabase
from services.kit.errors import NotFound
from tests.support.ports import free_port
from tests.support.service import SETTINGS, open_service
from tests.unit.campaigns.campaigns import Campaigns
from tests.unit.campaigns.receivers import Receivers
from tests.unit.campaigns.uploading import Uploads, content, picture

TABLE = {"purpose": "CODE_IMPORT", "contentType": "text/csv", "filename": "codes.csv"}


@pytest.fixture
def uploads(campaigns: Campaigns) -> Uploads:
    campaigns.grant("editor", "CODE_MANAGE")
    return Uploads(campaigns)


@pytest.mark.parametrize("split", [False, True], ids=["mounted", "split"])
async def test_a_picture_from_its_link_to_its_url(uploads: Uploads, split: bool) -> None:
    data = picture("PNG")
    upload = await uploads.create(byteSize=len(data))
    assert (await uploads.send("PUT", upload["uploadUrl"], data, split=split)).status_code == 204
    seen = await uploads.see(upload["id"])
    assert seen is not None
    assert (seen["state"], seen["url"], seen["contentType"]) == ("PROCESSING", None, None)
    await uploads.service.resources.uploads.check(upload["id"])
    seen = await uploads.see(upload["id"])
    assert seen is not None
    assert (seen["state"], seen["contentType"], seen["failure"]) == ("READY", "image/png", None)
    shown = await uploads.send("GET", seen["url"], split=split)
    assert (shown.status_code, len(shown.content)) == (200, seen["byteSize"])
    assert {
        name: shown.headers[name] for name in ("content-type", "cache-control", "x-content-type-options")
    } == {
        "content-type": "image/png",
        "cache-control": "public, max-age=31536000, immutable",
        "x-content-type-options": "nosniff",
    }
    assert shown.headers["content-security-policy"] == "default-src 'none'; sandbox"
    again = await uploads.send("GET", seen["url"], split=split, if_none_match=shown.headers["etag"])
    assert (again.status_code, again.content) == (304, b"")
    head = await uploads.send("HEAD", seen["url"], split=split)
    assert (head.status_code, head.headers["content-length"]) == (200, str(seen["byteSize"]))
    assert len(await uploads.stored()) == 1


@pytest.mark.parametrize(
    "name", ["upl_x-y.png", "..", "a.b", "%2e%2e%2fquarantine", "upl_" + "0" * 26 + "-" + "0" * 32 + ".png"]
)
async def test_nothing_else_is_served(uploads: Uploads, name: str) -> None:
    await uploads.sent(picture())
    assert (await uploads.send("GET", name)).status_code == 404
    assert (await uploads.send("POST", name)).status_code in (404, 405)


async def test_what_arrived_is_never_served_unchecked(uploads: Uploads) -> None:
    await uploads.sent(picture())
    [key] = await uploads.stored()
    assert key.startswith("quarantine/")
    assert (await uploads.send("GET", key)).status_code == 404


async def test_a_table_is_kept_as_it_came(uploads: Uploads) -> None:
    data = b"code\n" + b"".join(b"CODE-%06d\n" % number for number in range(50_000))
    upload = await uploads.checked(data, **TABLE)
    assert (upload["state"], upload["contentType"], upload["url"]) == ("READY", "text/csv", None)
    told, kept = await uploads.file(upload["id"])
    assert kept == data
    assert told["sha256"] == hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize(
    ("data", "given", "code"),
    [
        (b"<svg onload='alert(1)'/>", {}, "SVG"),
        (b"GIF89a", {"filename": "a.jpg"}, "NOT_AN_IMAGE"),
        (picture() + b"<script>", {}, "TRAILING_DATA"),
        (picture(), TABLE, "NOT_TEXT"),
        (b"code\nca\xdf\n", TABLE, "NOT_UTF8"),
    ],
)
async def test_what_is_refused_is_gone(
    uploads: Uploads, data: bytes, given: dict[str, Any], code: str
) -> None:
    upload = await uploads.checked(data, **given)
    assert (upload["state"], upload["failureCode"]) == ("REJECTED", code)
    assert upload["failure"]
    assert await uploads.stored() == []


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize("by", [-1, 1, 200_000])
async def test_another_size_is_refused_and_the_link_still_works(
    uploads: Uploads, by: int, chunked: bool
) -> None:
    data = picture()
    upload = await uploads.create(byteSize=len(data))
    wrong = (data + bytes(200_000))[: len(data) + by]
    refused = await uploads.send("PUT", upload["uploadUrl"], content(wrong) if chunked else wrong)
    assert (refused.status_code, refused.json()["issues"][0]["code"]) == (422, "SIZE_MISMATCH")
    assert await uploads.stored() == []
    assert (await uploads.send("PUT", upload["uploadUrl"], data)).status_code == 204


async def test_a_link_works_once(uploads: Uploads) -> None:
    data = picture()
    upload = await uploads.create(byteSize=len(data))
    assert (await uploads.send("PUT", upload["uploadUrl"], data)).status_code == 204
    assert (await uploads.send("PUT", upload["uploadUrl"], data)).status_code == 404
    await uploads.service.resources.uploads.check(upload["id"])
    assert (await uploads.send("PUT", upload["uploadUrl"], data)).status_code == 404
    assert len(await uploads.stored()) == 1


async def test_of_two_files_at_once_one_is_taken(uploads: Uploads) -> None:
    data = picture()
    upload = await uploads.create(byteSize=len(data))
    files, both = uploads.service.resources.upload_files, asyncio.Barrier(8)

    async def send() -> bool:
        key = await files.quarantine(upload["id"], content(data))
        await both.wait()
        try:
            await uploads.service.resources.uploads.receive(upload["id"], key)
        except NotFound:
            return False
        return True

    assert sum(await asyncio.gather(*(send() for _ in range(8)))) == 1
    assert len(await uploads.stored()) == 1
    jobs = await uploads.service.resources.database.pool.fetchval("SELECT count(*) FROM procrastinate_jobs")
    assert jobs == 1


async def test_looking_before_taking_takes_more_than_one(uploads: Uploads) -> None:
    """The negative control: with a look and then a write, the race above has several winners."""
    upload = await uploads.create()
    pool, both = uploads.service.resources.database.pool, asyncio.Barrier(4)

    async def take(key: str) -> bool:
        pending = await pool.fetchval("SELECT state FROM upload WHERE id = $1", upload["id"]) == "PENDING"
        await both.wait()
        if pending:
            sql = "UPDATE upload SET state = 'PROCESSING', received = $2 WHERE id = $1"
            await pool.execute(sql, upload["id"], key)
        return pending

    assert sum(await asyncio.gather(*(take(str(number)) for number in range(4)))) > 1


async def test_two_checks_at_once_publish_one_file(uploads: Uploads) -> None:
    upload_id = await uploads.sent(b"code\n" * 100_000, **TABLE)
    store = uploads.service.resources.uploads
    await asyncio.gather(*(store.check(upload_id) for _ in range(4)))
    told, data = await uploads.file(upload_id)
    assert (told["state"], data) == ("READY", b"code\n" * 100_000)
    assert await uploads.stored() == [told["file"]]


@pytest.mark.parametrize("token", ["x", "a.b", "%00", "ünsinn", ""])
async def test_a_forged_link_takes_nothing(uploads: Uploads, token: str) -> None:
    assert (await uploads.send("PUT", token, picture())).status_code in (404, 405)
    assert await uploads.stored() == []


async def test_a_link_that_was_not_used_in_time_is_over(uploads: Uploads) -> None:
    data = picture()
    upload = await uploads.create(byteSize=len(data))
    pool, store = uploads.service.resources.database.pool, uploads.service.resources.uploads
    await pool.execute("UPDATE upload SET link_expires_at = now()")
    for _ in range(2):  # whether or not the worker has noted it
        seen = await uploads.see(upload["id"])
        assert seen is not None
        assert seen["state"] == "EXPIRED"
        assert (await uploads.send("PUT", upload["uploadUrl"], data)).status_code == 404
        await store.expire()
    assert await store.expire() == 0
    assert await pool.fetchval("SELECT state FROM upload") == "EXPIRED"
    assert await uploads.stored() == []


async def test_what_nothing_uses_is_thrown_away_in_the_end(uploads: Uploads) -> None:
    upload = await uploads.checked(picture())
    pool, store = uploads.service.resources.database.pool, uploads.service.resources.uploads
    await pool.execute("UPDATE upload SET link_expires_at = now() - interval '1 minute'")
    assert await store.expire() == 1
    assert await store.expire() == 0
    assert (await uploads.send("GET", upload["url"])).status_code == 200
    await pool.execute("UPDATE upload SET expires_at = now()")
    assert await store.expire() > 0
    assert await store.expire() == 0
    assert (await uploads.send("GET", upload["url"])).status_code == 404
    assert await uploads.stored() == []


async def test_what_is_left_of_a_refused_file_is_cleared_away_later(uploads: Uploads) -> None:
    """A presigned link can be used again until it expires, and so leave something behind a verdict."""
    upload = await uploads.checked(b"no picture")
    await uploads.service.resources.upload_files.quarantine(upload["id"], content(b"again"))
    await uploads.service.resources.database.pool.execute("UPDATE upload SET link_expires_at = now()")
    await uploads.service.resources.uploads.expire()
    assert await uploads.stored() == []


@contextlib.asynccontextmanager
async def on_disk(dsn: str, folder: Path) -> AsyncIterator[Uploads]:
    receivers = Receivers()
    async with open_service(
        "campaigns", dsn, transports=receivers.transports, files_url=str(folder)
    ) as service:
        campaigns = Campaigns(service, receivers, dsn)
        campaigns.grant("editor", "CODE_MANAGE")
        yield Uploads(campaigns)


def start_worker(dsn: str, folder: Path) -> subprocess.Popen[bytes]:
    settings = {
        name.upper(): ",".join(value) if isinstance(value, list) else value
        for name, value in SETTINGS.items()
    }
    env = {**os.environ, **settings, "FILES_URL": str(folder), "CAMPAIGNS_DATABASE_URL": dsn}
    env |= {"WORKER_PORT": str(free_port()), "LOG_LEVEL": "error"}
    return subprocess.Popen([sys.executable, "-m", "services.worker", "campaigns"], env=env)


async def test_a_worker_killed_in_the_middle_leaves_a_check_that_can_be_repeated(
    database: Callable[[str], ServiceDatabase], tmp_path: Path
) -> None:
    dsn = database("campaigns").service_dsn
    data = random.Random(1).randbytes(1000).hex().encode() * 20_000
    async with on_disk(dsn, tmp_path) as uploads:
        upload_id = await uploads.sent(data, **TABLE)
        pool = uploads.service.resources.database.pool
        worker = start_worker(dsn, tmp_path)
        try:
            async with asyncio.timeout(60):
                while not (tmp_path / "uploads" / upload_id).exists():
                    await asyncio.sleep(0.001)
        finally:
            os.kill(worker.pid, signal.SIGKILL)
            worker.wait()
        assert await pool.fetchval("SELECT state FROM upload") == "PROCESSING"
        assert await pool.fetchval("SELECT status::text FROM procrastinate_jobs") == "doing"
        await uploads.service.resources.uploads.check(upload_id)
        told, kept = await uploads.file(upload_id)
        assert (told["state"], kept == data) == ("READY", True)
        assert on_disk_in(tmp_path) == [told["file"]], "not even what the dead one had begun"


def on_disk_in(folder: Path) -> list[str]:
    return [str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()]
