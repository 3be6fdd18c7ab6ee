"""Uploads where the object store is S3: sent to it under a link that it checks, and looked at as everywhere."""

import hashlib
from collections.abc import AsyncIterator, Callable

import httpx
import pytest

from scripts.devtools.databases import ServiceDatabase
from tests.support.s3_servers import S3Server
from tests.support.service import open_service
from tests.unit.campaigns.campaigns import Campaigns
from tests.unit.campaigns.receivers import Receivers
from tests.unit.campaigns.uploading import Uploads, picture


@pytest.fixture
async def uploads(database: Callable[[str], ServiceDatabase], s3_url: str) -> AsyncIterator[Uploads]:
    """The service with its files in a bucket."""
    receivers = Receivers()
    dsn = database("campaigns").service_dsn
    async with open_service("campaigns", dsn, transports=receivers.transports, files_url=s3_url) as service:
        campaigns = Campaigns(service, receivers, dsn)
        campaigns.grant("editor", "CODE_MANAGE")
        yield Uploads(campaigns)


async def put(url: str, data: bytes) -> int:
    async with httpx.AsyncClient(trust_env=False) as client:
        return (await client.put(url, content=data)).status_code


async def checked(uploads: Uploads, upload_id: str) -> dict[str, object]:
    """The upload once the worker has found and looked at what arrived."""
    service = uploads.service.resources.uploads
    assert await service.look_for_arrivals() == 1
    await service.check(upload_id)
    seen = await uploads.see(upload_id)
    assert seen is not None
    return seen


async def test_a_picture_is_sent_to_the_store_and_served_by_us(uploads: Uploads, s3: S3Server) -> None:
    data = picture("PNG")
    upload = await uploads.create(byteSize=len(data))
    assert upload["uploadUrl"].startswith(f"{s3.url}/")
    assert await uploads.service.resources.uploads.look_for_arrivals() == 0
    assert await put(upload["uploadUrl"], data) == 200
    seen = await checked(uploads, upload["id"])
    assert (seen["state"], seen["failure"], seen["contentType"]) == ("READY", None, "image/png")
    shown = await uploads.send("GET", str(seen["url"]))
    assert (shown.status_code, len(shown.content)) == (200, seen["byteSize"])
    # What came from outside is gone, and a link that still works changes nothing.
    assert len(await uploads.stored()) == 1
    assert await put(upload["uploadUrl"], b"<script>") == 200
    again = await uploads.send("GET", str(seen["url"]))
    assert (again.content, again.headers["content-type"]) == (shown.content, "image/png")


async def test_a_table_of_several_parts_is_kept_as_it_came(uploads: Uploads) -> None:
    data = b"".join(b"CODE-%09d\n" % number for number in range(900_000))
    upload = await uploads.create(
        purpose="CODE_IMPORT", contentType="text/csv", filename="codes.csv", byteSize=len(data)
    )
    assert await put(upload["uploadUrl"], data) == 200
    assert (await checked(uploads, upload["id"]))["state"] == "READY"
    told, kept = await uploads.file(upload["id"])
    assert kept == data
    assert told["sha256"] == hashlib.sha256(data).hexdigest()


async def test_what_is_refused_is_gone_from_the_store(uploads: Uploads) -> None:
    data = b'<svg xmlns="http://www.w3.org/2000/svg"/>'
    upload = await uploads.create(byteSize=len(data))
    assert await put(upload["uploadUrl"], data) == 200
    seen = await checked(uploads, upload["id"])
    assert (seen["state"], seen["failureCode"]) == ("REJECTED", "SVG")
    assert await uploads.stored() == []


async def test_a_link_is_for_one_name_and_not_to_be_forged(uploads: Uploads, s3: S3Server) -> None:
    """Only `nanio` checks signatures; that `moto` takes the same requests is the negative control."""
    upload, other = await uploads.create(byteSize=10), await uploads.create(byteSize=10)
    url = upload["uploadUrl"]
    forged = [url.replace(upload["id"], other["id"]), f"{url[:-4]}0000"]
    answers = {await put(one, b"0123456789") for one in forged}
    assert answers == ({403} if s3.name == "nanio" else {200})
    assert await put(url, b"0123456789") == 200
