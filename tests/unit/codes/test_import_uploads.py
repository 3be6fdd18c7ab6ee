"""Files of codes that were uploaded: read in pieces, unpacked within bounds, each bad line told, whatever dies."""

import asyncio
import gzip
import os
import sys
import zipfile
from io import BytesIO
from pathlib import Path
from typing import Any

import obstore
import pytest
import zstandard

from scripts.devtools.settings import ROOT
from services.codes.backend import imports_files_store, imports_jobs, imports_rules
from services.kit.ids import new_id
from tests.support.ports import free_port
from tests.support.service import SETTINGS
from tests.unit.codes.conftest import Codes
from tests.unit.codes.ledger import assert_counted

STARTED = "... on CodeImportStarted { replayed import { id } } ... on ValidationFailed { issues { path code message } }"
FIELDS = "state progress accepted duplicates malformed failure"


def upload(codes: Codes, content: bytes, **changes: Any) -> str:
    """An upload that campaigns knows of; answers its id."""
    id_ = new_id("upl")
    obstore.put(codes.resources.files, f"uploads/{id_}", content)
    codes.uploads[id_] = {
        "id": id_,
        "purpose": "CODE_IMPORT",
        "state": "READY",
        "team_id": codes.team,
        "campaign_id": codes.campaign,
        "file": f"uploads/{id_}",
        "byte_size": len(content),
    } | changes
    return id_


async def start(codes: Codes, content: bytes, pool: str | None = None) -> str:
    """The id of the import of a file."""
    pool = pool or await codes.pool(codes.events[0])
    started = await codes.mutate("importCodes", STARTED, poolId=pool, uploadId=upload(codes, content))
    assert started["__typename"] == "CodeImportStarted", started
    return started["import"]["id"]


async def look(codes: Codes, import_id: str, errors: str = "errors { line code }") -> dict[str, Any]:
    query = f"query ($id: ID!) {{ codeImport(id: $id) {{ {FIELDS} {errors} }} }}"
    return (await codes.ask(query, id=import_id))["codeImport"]


async def imported(codes: Codes, content: bytes) -> dict[str, Any]:
    """The finished import of a file."""
    import_id = await start(codes, content)
    await codes.work()
    return await look(codes, import_id)


LINES = "\r\n".join(["code", *(f"ALPHA-{n:05}" for n in range(400)), "", "bad line", "ALPHA-00007", "x", ""])


@pytest.mark.parametrize("pack", ["plain", "gzip", "two gzips", "zstd", "two zstds"])
@pytest.mark.parametrize("piece", [1, 7, 4096])
async def test_every_packing_is_read_however_it_is_cut(
    codes: Codes, monkeypatch: pytest.MonkeyPatch, pack: str, piece: int
) -> None:
    monkeypatch.setattr(imports_files_store, "_PIECE", piece)
    data, half = ("\ufeff" + LINES).encode(), 1000
    content = {
        "plain": data,
        "gzip": gzip.compress(data),
        "two gzips": gzip.compress(data[:half]) + gzip.compress(data[half:]),
        "zstd": zstandard.compress(data),
        "two zstds": zstandard.compress(data[:half]) + zstandard.compress(data[half:]),
    }[pack]
    found = await imported(codes, content)
    assert (found["state"], found["progress"], found["failure"]) == ("SUCCEEDED", 1.0, None)
    assert (found["accepted"], found["duplicates"], found["malformed"]) == (400, 1, 3)
    assert found["errors"] == [
        {"line": 402, "code": "EMPTY"},
        {"line": 403, "code": "BAD_CHARACTER"},
        {"line": 404, "code": "DUPLICATE_IN_FILE"},
        {"line": 405, "code": "TOO_SHORT"},
    ]
    again = await imported(codes, content)
    assert (again["accepted"], again["duplicates"], again["malformed"]) == (0, 401, 3)
    assert (await assert_counted(codes, codes.events[0]))["total"] == 400


async def test_odd_lines_are_told_one_by_one_and_the_rest_is_kept(codes: Codes) -> None:
    odd = [
        b"ALPHA-0001", b'"ALPHA-0002"', b"ALPHA-0003,seat 4", b'"ALPHA-0004', b"A" * 1_000_000, b"ALPHA\xff0005",
        b"ALPHA\x000006", "ALPH\u00c4-0007".encode(), b"=ALPHA-0008", b"ALPHA-0009",
    ]  # fmt: skip
    head = b"\n".join(b"FIRST-%05d" % n for n in range(400))  # what a file begins with says what it is
    found = await imported(codes, gzip.compress(head + b"\n" + b"\r".join(odd)))
    assert (found["state"], found["accepted"], found["malformed"]) == ("SUCCEEDED", 403, 7)
    assert [(each["line"] - 400, each["code"]) for each in found["errors"]] == [
        (3, "EXTRA_COLUMN"),
        (4, "BAD_QUOTES"),
        (5, "TOO_LONG"),
        (6, "BAD_CHARACTER"),
        (7, "BAD_CHARACTER"),
        (8, "BAD_CHARACTER"),
        (9, "BAD_CHARACTER"),
    ]


def a_zip() -> bytes:
    file = BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("codes.csv", "ALPHA-0001\n")
    return file.getvalue()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (a_zip(), "zip archive"),
        (gzip.compress(a_zip()), "zip archive"),
        (gzip.compress(b"GIF89a\x00\x00\x01"), "not a text file"),
        ("code\nALPHA-0001".encode("utf-16"), "not a text file"),
        (gzip.compress(b"ALPHA-0001\n" * 9)[:-9], "damaged"),
        (zstandard.compress(b"ALPHA-0001\n" * 9)[:-3] + b"xyz", "damaged"),
        (b"\x1f\x8bno gzip at all", "damaged"),
    ],
    ids=["zip", "zip in gzip", "picture", "UTF-16", "cut gzip", "odd zstd", "no gzip"],  # gzip notes the time
)
async def test_what_is_no_table_fails_with_a_reason(codes: Codes, content: bytes, says: str) -> None:
    found = await imported(codes, content)
    assert found["state"] == "FAILED"
    assert says in found["failure"]


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress])
async def test_a_bomb_is_given_up_within_bounds(
    codes: Codes, monkeypatch: pytest.MonkeyPatch, pack: Any
) -> None:
    monkeypatch.setattr(imports_files_store, "_MOST_UNPACKED", 4 * 1024 * 1024)
    found = await imported(codes, pack(b"ALPHA-0001\n" + b"0" * 64 * 1024 * 1024))
    assert found["state"] == "FAILED"
    assert "unpacks to more than 4 MiB" in found["failure"]
    monkeypatch.setattr(imports_rules, "MOST_LINES", 1000)
    found = await imported(codes, pack(b"ALPHA-0001\n" + b"\n" * 9000 + b"ALPHA-0002\n"))
    assert "more than 1,000 lines" in found["failure"]


async def test_all_errors_count_the_first_are_kept_and_read_in_pages(
    codes: Codes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imports_jobs, "CHUNK", 7)
    monkeypatch.setattr("services.codes.backend.imports_store.MOST_NOTED", 25)
    import_id = await start(codes, b"x\n" * 40 + b"ALPHA-0001\n")
    await codes.work()
    seen: list[int] = []
    for _ in range(4):
        after = seen[-1] if seen else 0
        found = await look(codes, import_id, f"errors(first: 10, after: {after}) {{ line }}")
        assert (found["accepted"], found["malformed"]) == (1, 40)
        seen += [each["line"] for each in found["errors"]]
    assert seen == list(range(1, 26))


async def test_only_a_ready_upload_of_codes_for_this_campaign_is_imported(codes: Codes) -> None:
    pool = await codes.pool(codes.events[0])
    for changes, code in (
        ({"purpose": "HERO_IMAGE"}, "WRONG_PURPOSE"),
        ({"state": "PROCESSING", "file": None}, "NOT_READY"),
        ({"campaign_id": new_id("cmp")}, "NOT_FOUND"),
        ({"team_id": new_id("tea"), "campaign_id": None}, "NOT_FOUND"),
    ):
        given = upload(codes, b"ALPHA-0001", **changes)
        refused = await codes.mutate("importCodes", STARTED, poolId=pool, uploadId=given)
        assert [(i["path"], i["code"]) for i in refused["issues"]] == [(["uploadId"], code)]
    of_team = upload(codes, b"ALPHA-0001", campaign_id=None)
    for given, code in (({"uploadId": new_id("upl")}, "NOT_FOUND"), ({}, "NOT_ONE"),
                        ({"uploadId": of_team, "csv": "ALPHA-0002"}, "NOT_ONE")):  # fmt: skip
        refused = await codes.mutate("importCodes", STARTED, poolId=pool, **given)
        assert [(i["path"], i["code"]) for i in refused["issues"]] == [(["uploadId"], code)]
    for replayed in (False, True):
        started = await codes.mutate(
            "importCodes", STARTED, poolId=pool, uploadId=of_team, idempotencyKey="key"
        )
        assert started["replayed"] is replayed


async def test_a_worker_killed_in_the_middle_is_made_up_for(codes: Codes, tmp_path: Path) -> None:
    """kill -9, in a process of its own."""
    lines = [f"ALPHA-{n:06}" if n % 1000 else "bad" for n in range(60_000)]
    import_id = await start(codes, gzip.compress("\n".join([*lines, lines[1]]).encode()))
    environment = {
        **os.environ,
        **{name.upper(): ",".join(v) if isinstance(v, list) else v for name, v in SETTINGS.items()},
        "FILES_URL": f"file://{tmp_path}/files",
        "CODES_DATABASE_URL": codes.database.service_dsn,
        "WORKER_PORT": str(free_port()),
        "LOG_LEVEL": "error",
    }
    worker = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "services.worker", "codes", cwd=ROOT, env=environment
    )
    try:
        async with asyncio.timeout(60):
            while not (await codes.sql("SELECT line FROM code_import"))[0]["line"]:
                assert worker.returncode is None
                await asyncio.sleep(0.005)
    finally:
        worker.kill()
        await worker.wait()
    half = await look(codes, import_id)
    assert (half["state"], half["accepted"] > 0) == ("RUNNING", True)
    await imports_jobs.read(codes.resources.imports, codes.resources.files, import_id)
    found = await look(codes, import_id)
    assert (found["state"], found["accepted"]) == ("SUCCEEDED", 59_940)
    assert (found["duplicates"], found["malformed"]) == (1, 60)
    assert (await assert_counted(codes, codes.events[0]))["available"] == 59_940
