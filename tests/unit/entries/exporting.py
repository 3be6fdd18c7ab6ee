"""Exports, asked for, written and downloaded, for the tests of this folder."""

import csv
import hashlib
import io
from typing import Any

import httpx
import obstore
from starlette.applications import Starlette
from starlette.routing import Mount

from services.entries.backend.exports_parts_store import read_parts
from services.entries.backend.exports_store import KEY
from tests.support.service import ServiceUnderTest
from tests.unit.entries.draws import FAILURE, Staff

JOB = """
fragment job on ExportJob {
  id state progress failure kind format compression purpose personalData
  rowCount byteSize sha256 downloadUrl expiresAt finishedAt
}
"""
START = f"""
mutation ($input: StartExportInput!) {{
  startExport(input: $input) {{ __typename ... on ExportStarted {{ replayed job {{ ...job }} }} {FAILURE} }}
}}
{JOB}
"""
CANCEL = f"""
mutation ($input: CancelExportInput!) {{
  cancelExport(input: $input) {{
    __typename ... on ExportCancelled {{ job {{ ...job }} }}
    ... on IllegalTransition {{ from to }} ... on Error {{ code message }}
  }}
}}
{JOB}
"""


async def start(staff: Staff, of: dict[str, Any], **input: Any) -> str:
    """The id of a new export of entries as CSV, unless told otherwise."""
    asked = {"campaignId": of["id"], "kind": "ENTRIES", "format": "CSV", "purpose": "INTERNAL", **input}
    answer = await staff.ask(START, asked)
    assert answer["__typename"] == "ExportStarted", answer
    assert answer["job"]["state"] == "QUEUED"
    return answer["job"]["id"]


async def job(service: ServiceUnderTest, staff: Staff, export_id: str) -> dict[str, Any]:
    query = f"query ($id: ID!) {{ exportJob(id: $id) {{ ...job }} }} {JOB}"
    answer = await service.graphql(query, {"id": export_id}, token=staff.token)
    assert "errors" not in answer, answer["errors"]
    return answer["data"]["exportJob"]


async def written(service: ServiceUnderTest, staff: Staff, export_id: str) -> tuple[dict[str, Any], bytes]:
    """Runs the job; the export and the bytes of its file, whose description must fit."""
    await service.resources.export_files.write(export_id)
    done = await job(service, staff, export_id)
    assert (done["state"], done["progress"]) == ("SUCCEEDED", 1.0)
    row = await service.resources.exports.downloadable(export_id)
    key = service.resources.sealer.open(row["key_sealed"], KEY)
    pieces = read_parts(service.resources.files, row["file"], key, 0, row["byte_size"] - 1)
    data = b"".join([piece async for piece in pieces])
    assert (done["byteSize"], done["sha256"]) == (len(data), hashlib.sha256(data).hexdigest())
    return done, data


def rows_of(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode(), newline="")))


async def files(service: ServiceUnderTest) -> list[str]:
    return [
        one["path"]
        async for found in obstore.list(service.resources.files, prefix="exports")
        for one in found
    ]


def mounted(service: ServiceUnderTest) -> Any:
    """The files of the service as its subgraph's process mounts them."""
    return Starlette(routes=[Mount("/files", service.backend.files)])


async def download(
    service: ServiceUnderTest, url: str, *, split: bool = False, method: str = "GET", **options: Any
) -> httpx.Response:
    app = service.backend if split else mounted(service)
    token = url.rpartition("/")[2]
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://files") as client:
        return await client.request(method, f"/files/{token}", **options)
