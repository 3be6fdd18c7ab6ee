"""requestPersonalData: one archive of all four services, readable by its owner alone, whoever is killed on the way."""

import asyncio
import hashlib
import io
import json
import os
import sys
import zipfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import httpx
import obstore
import pytest

from scripts.devtools.settings import ROOT
from services.kit.privacy import Collect, Collected, Record
from services.users.backend.archives_store import Archive, ArchiveFiles
from tests.federation.privacy.conftest import System, uid
from tests.federation.privacy.test_erasure import ask as ask_for_erasure
from tests.federation.privacy.test_erasure import run as run_erasures
from tests.support import issuer
from tests.support.ports import free_port
from tests.support.service import SETTINGS

REQUEST = """
mutation ($input: RequestPersonalDataInput!) { requestPersonalData(input: $input) {
  __typename ... on PersonalDataRequested { replayed request { id state } } ... on Error { code message }
} }
"""
POLL = """
query ($id: ID!) { privacyRequest(id: $id) {
  id kind state progress failure downloadUrl byteSize sha256 expiresAt receipts { service state recordCount digest }
} }
"""
NAME = "<script>alert('x')</script>\"&'"


async def ask(system: System, subject: str, **input: Any) -> str:
    """The id of her request."""
    answer = await system.users.graphql(REQUEST, {"input": input}, token=issuer.token(subject))
    assert "errors" not in answer, answer["errors"]
    return answer["data"]["requestPersonalData"]["request"]["id"]


async def poll(system: System, subject: str, request_id: str) -> Any:
    answer = await system.users.graphql(POLL, {"id": request_id}, token=issuer.token(subject))
    return answer["data"]["privacyRequest"]


async def work(system: System) -> None:
    """The worker, until no archive is left to write; leases and pauses are over at once."""
    for _ in range(20):
        await sql(system, "UPDATE privacy_request SET next_attempt_at = now()")
        if not await system.users.resources.privacy_jobs.archive_next():
            return


async def archived(system: System, subject: str, **input: Any) -> dict[str, Any]:
    """Her request, once its archive is there."""
    request_id = await ask(system, subject, **input)
    await work(system)
    done = await poll(system, subject, request_id)
    assert done["state"] == "SUCCEEDED", done
    return done


async def download(system: System, url: str, method: str = "GET") -> httpx.Response:
    transport = httpx.ASGITransport(system.users.backend)
    async with httpx.AsyncClient(transport=transport, base_url="http://files") as client:
        return await client.request(method, f"/files/{url.rpartition('/')[2]}")


async def opened(system: System, done: dict[str, Any]) -> dict[str, bytes]:
    """The files of an archive, by name."""
    answer = await download(system, done["downloadUrl"])
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/zip")
    data = answer.content
    assert (len(data), hashlib.sha256(data).hexdigest()) == (done["byteSize"], done["sha256"])
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


async def sql(system: System, query: str, *arguments: Any) -> list[Any]:
    return await system.users.resources.database.pool.fetch(query, *arguments)


def stored(system: System) -> dict[str, bytes]:
    """What lies in the folder of files, also what no list shows."""
    folder = Path(system.users.resources.settings.files_url)
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


class Page(HTMLParser):
    """What a browser makes of a page: its elements, their attributes, its text."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.elements: set[str] = set()
        self.attributes: set[tuple[str, str | None]] = set()
        self.text = ""
        self.feed(page.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.add(tag)
        self.attributes.update(attrs)

    def handle_data(self, data: str) -> None:
        self.text += data


async def test_all_four_services_are_in_it_for_programs_and_for_people(system: System) -> None:
    await system.register("ada", name=NAME)
    await system.register("bob")
    await system.win("ada")
    done = await archived(system, "ada", locale="fr-CA")
    files = await opened(system, done)
    assert sorted(files) == ["campaigns.json", "codes.json", "entries.json", "index.html", "users.json"]
    read = {name.removesuffix(".json"): json.loads(data) for name, data in files.items() if "json" in name}
    kinds = {service: {r["kind"] for r in part["records"]} for service, part in read.items()}
    assert {"profile", "entered_campaign", "privacy_request"} <= kinds["users"]
    assert "entry" in kinds["entries"]
    assert (kinds["codes"], kinds["campaigns"]) == ({"code"}, set())
    [profile] = [r["data"] for r in read["users"]["records"] if r["kind"] == "profile"]
    assert (profile["email"], profile["name"]) == ("ada@example.com", NAME)
    [code] = read["codes"]["records"]
    assert code["data"]["value"] == "CANARY-CODE-1"
    assert uid("bob") not in str(read)
    for receipt in done["receipts"]:
        part = files[f"{receipt['service']}.json"]
        records = read[receipt["service"]]["records"]
        assert (receipt["recordCount"], receipt["digest"]) == (len(records), hashlib.sha256(part).hexdigest())

    page = Page(files["index.html"])
    assert page.elements.isdisjoint({"script", "img", "iframe", "object", "link", "form", "base"})
    assert ("lang", "fr-CA") in page.attributes
    assert ("content", "default-src 'none'; style-src 'unsafe-inline'") in page.attributes
    assert not [name for name, _ in page.attributes if name.startswith("on")]
    for said in ("Vos données personnelles", NAME, "ada@example.com", "CANARY-CODE-1", *files):
        assert said in page.text or said == "index.html"


async def test_nothing_of_it_lies_in_clear_anywhere(system: System) -> None:
    await system.register("ada", name="Ada Canary")
    await system.win("ada")
    done = await archived(system, "ada")
    [[path, data]] = stored(system).items()
    assert path.startswith(f"privacy/{done['id']}/")
    for clear in (
        b"PK\x03\x04",
        b"index.html",
        b"ada@example.com",
        b"Canary",
        b"CANARY",
        uid("ada").encode(),
    ):
        assert clear not in data
    [row] = await sql(system, "SELECT file_key_sealed FROM privacy_request")
    key = system.users.resources.sealer.open(row["file_key_sealed"], "archive.key")
    assert key not in data
    tampered = data[:200] + bytes([data[200] ^ 1]) + data[201:]
    await obstore.put_async(system.users.resources.files, path, tampered)
    with pytest.raises(Exception, match="does not open"):
        await download(system, done["downloadUrl"])


async def test_only_its_owner_gets_to_it(system: System) -> None:
    await system.register("ada")
    await system.register("bob")
    done, other = await archived(system, "ada"), await archived(system, "bob")
    for subject in ("bob", "admin"):
        assert await poll(system, subject, done["id"]) is None
    anonymous = await system.users.graphql(POLL, {"id": done["id"]})
    assert anonymous["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    listed = await system.users.graphql("{ viewer { privacyRequests { id } } }", token=issuer.token("bob"))
    assert listed["data"]["viewer"]["privacyRequests"] == [{"id": other["id"]}]
    for made_up in (done["id"], done["downloadUrl"][:-9] + "AAAAAAAAA", "x"):
        assert (await download(system, made_up)).status_code == 404
    own = uid("ada").encode()
    assert all(own not in data for data in (await opened(system, other)).values())
    assert all(own in data for name, data in (await opened(system, done)).items() if name == "users.json")


async def test_it_expires(system: System) -> None:
    await system.register("ada")
    done = await archived(system, "ada")
    await sql(system, "UPDATE privacy_request SET expires_at = now()")
    assert (await download(system, done["downloadUrl"])).status_code == 404
    for _ in range(2):  # before and after the worker has cleared it away
        gone = await poll(system, "ada", done["id"])
        assert (gone["state"], gone["downloadUrl"]) == ("EXPIRED", None)
        await system.users.resources.privacy_jobs.clear_stale()
    assert stored(system) == {}
    assert not await sql(system, "SELECT FROM privacy_request WHERE file_key_sealed IS NOT NULL")


async def test_a_new_one_takes_the_place_of_the_one_before(system: System) -> None:
    await system.register("ada")
    first = await archived(system, "ada")
    second = await archived(system, "ada")
    assert first["id"] != second["id"]
    await system.users.resources.privacy_jobs.clear_stale()
    assert (await poll(system, "ada", first["id"]))["state"] == "EXPIRED"
    assert (await download(system, first["downloadUrl"])).status_code == 404
    assert [path.split("/")[1] for path in stored(system)] == [second["id"]]
    assert await opened(system, second)


async def test_it_goes_with_her(system: System) -> None:
    await system.register("ada")
    done = await archived(system, "ada")
    [data] = stored(system).values()
    await ask_for_erasure(system, issuer.token("ada"))
    assert (await download(system, done["downloadUrl"])).status_code == 404, "from the request on"
    await run_erasures(system)
    assert stored(system) == {}
    assert (await download(system, done["downloadUrl"])).status_code == 404
    [row] = await sql(system, "SELECT state, file_key_sealed FROM privacy_request WHERE kind = 'ACCESS'")
    assert tuple(row) == ("EXPIRED", None)
    assert data, "and a copy of the file that somebody kept is noise without its key"


@asynccontextmanager
async def worker(system: System, entries_port: int) -> AsyncIterator[asyncio.subprocess.Process]:
    """The worker of users as a process of its own, with entries at that port; killed at the end."""
    given = {k.upper(): ",".join(v) if isinstance(v, list) else v for k, v in SETTINGS.items()}
    environment = {
        **os.environ,
        **given,
        "WORKER_PORT": str(free_port()),
        "USERS_DATABASE_URL": system.databases["users"].service_dsn,
        "FILES_URL": system.users.resources.settings.files_url,
        "ENTRIES_BACKEND_URL": f"http://127.0.0.1:{entries_port}",
        "CAMPAIGNS_BACKEND_URL": "",
        "CODES_BACKEND_URL": "",
        "USERS_BACKEND_URL": "",
        "LOG_LEVEL": "error",
    }
    running = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "services.worker", "users", cwd=ROOT, env=environment
    )
    try:
        yield running
    finally:
        running.kill()
        await running.wait()


def plant(path: str) -> None:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_bytes(b"what the killed one had written")


async def test_a_worker_killed_in_the_middle_leaves_one_whole_archive_to_the_next(system: System) -> None:
    await system.register("ada")
    request_id = await ask(system, "ada")
    reached = asyncio.Event()

    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        reached.set()
        while await reader.read(1000):
            continue
        writer.close()

    server = await asyncio.start_server(hang, "127.0.0.1", free_port())
    async with server:
        port = server.sockets[0].getsockname()[1]
        async with worker(system, port), asyncio.timeout(60):
            await reached.wait()  # its own part is written, and entries is asked
        state = await poll(system, "ada", request_id)
        assert (state["state"], state["downloadUrl"]) == ("RUNNING", None)
        [row] = await sql(system, "SELECT attempt, has_files FROM privacy_request")
        assert tuple(row) == (1, True)
    torn = f"{system.users.resources.settings.files_url}/privacy/{request_id}/1.zip.sealed#1"
    await asyncio.to_thread(plant, torn)  # as the store leaves it once it has begun to flush

    await work(system)
    done = await poll(system, "ada", request_id)
    assert done["state"] == "SUCCEEDED"
    assert len(await opened(system, done)) == 5
    assert [*stored(system)] == [f"privacy/{request_id}/2.zip.sealed"]
    assert [r["state"] for r in done["receipts"]] == ["SUCCEEDED"] * 4


async def test_a_service_that_is_down_delays_it_and_gives_up_in_the_end(system: System) -> None:
    await system.register("ada")
    request_id = await ask(system, "ada")
    system.wires["codes"].down = True
    await sql(system, "UPDATE privacy_request SET next_attempt_at = now()")
    assert await system.users.resources.privacy_jobs.archive_next() == 1
    assert (await poll(system, "ada", request_id))["state"] == "RUNNING"
    await work(system)
    failed = await poll(system, "ada", request_id)
    assert (failed["state"], failed["downloadUrl"]) == ("FAILED", None)
    assert "Ask again" in failed["failure"]
    await system.users.resources.privacy_jobs.clear_stale()
    assert stored(system) == {}
    system.wires["codes"].down = False
    assert (await archived(system, "ada"))["id"] != request_id


async def test_memory_does_not_grow_with_what_is_kept_of_her(system: System) -> None:
    """30,000 records: the page shows some, the file has all, and no more than a few are ever held."""
    held: list[int] = []
    total, size = 30_000, 500
    text = "x" * 400

    async def pages(wanted: Collect) -> Collected:
        first = int(wanted.after or 0)
        held.append(sum(map(len, archive._drain._pieces)))
        records = [
            Record("thing", f"{n:06}", {"n": n, "text": f"{n}{text}"}) for n in range(first, first + size)
        ]
        return Collected(records, str(first + size) if first + size < total else None)

    async def still() -> None:
        """Nobody called it off."""

    files = ArchiveFiles(system.users.resources.files)
    archive: Archive = files.begin("prv_big", 1, datetime.now(UTC))
    await archive.add("entries", pages, "usr_x", still)
    await archive.finish(None)
    assert (archive.parts[0].count, len(archive.parts[0].shown)) == (total, 200)
    assert max(held) < 1000, "at each page everything before it has left for the file"
    data = b"".join([piece async for piece in files.read(archive.file, archive.key)])
    with zipfile.ZipFile(io.BytesIO(data)) as opened_:
        assert len(json.loads(opened_.read("entries.json"))["records"]) == total
        page = opened_.read("index.html")
    assert len(page) < 200_000
    assert b"Only the first 200 records are shown here" in page
