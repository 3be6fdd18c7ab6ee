"""Files of codes: every bad line is told, every good one kept, nothing is there twice, whoever imports at once."""

import asyncio
from typing import Any

import asyncpg
import pytest

from services.codes.backend import imports_jobs
from services.codes.backend.imports_store import Chunk, ImportStore
from tests.unit.codes.conftest import Codes

CSV = '\ufeffcode\r\nALPHA-0001\r\n"ALPHA-0002"\r\n\r\nx\r\nALPHA-0001\r\nBAD CODE\r\nALPHA-0003\r\n'


async def test_good_lines_are_kept_and_bad_ones_told_by_number_and_reason(codes: Codes) -> None:
    pool = await codes.pool(codes.events[0])
    assert await codes.import_csv(pool, CSV) == {
        "state": "SUCCEEDED",
        "progress": 1.0,
        "accepted": 3,
        "duplicates": 1,
        "malformed": 3,
        "failure": None,
        "errors": [
            {"line": 4, "code": "EMPTY", "message": "There is no code on this line."},
            {"line": 5, "code": "TOO_SHORT", "message": "A code has 6 characters at least."},
            {
                "line": 6,
                "code": "DUPLICATE_IN_FILE",
                "message": "An earlier line of this file has the same code.",
            },
            {
                "line": 7,
                "code": "BAD_CHARACTER",
                "message": "A code is made of the letters A to Z, digits, and - _ . only.",
            },
        ],
    }
    counts = await codes.counts(codes.events[0])
    assert (counts["total"], counts["imported"], counts["available"]) == (3, 3, 3)


async def test_the_same_file_again_changes_nothing(codes: Codes) -> None:
    pool = await codes.pool(codes.events[0])
    await codes.import_csv(pool, CSV)
    before = await codes.sql("SELECT * FROM code ORDER BY id")
    again = await codes.import_csv(pool, CSV)
    assert (again["accepted"], again["duplicates"], again["malformed"]) == (0, 4, 3)
    assert [e["code"] for e in again["errors"] if e["line"] == 2] == ["ALREADY_KNOWN"]
    other = await codes.import_csv(await codes.pool(codes.events[1]), "alpha0002\nBETA-0001\n")
    assert (other["accepted"], other["duplicates"]) == (1, 1)
    assert before == await codes.sql("SELECT * FROM code WHERE pool_id = $1 ORDER BY id", pool)


async def test_codes_leave_the_pool_in_the_order_of_the_file(codes: Codes) -> None:
    pool = await codes.pool(codes.events[0], 2)
    await codes.import_csv(pool, "ALPHA-0003\nALPHA-0001\nALPHA-0002\n")
    rows = await codes.sql("SELECT position, sealed FROM code WHERE import_id IS NOT NULL ORDER BY position")
    values = [codes.resources.sealer.open(row["sealed"], "code.value") for row in rows]
    assert [row["position"] for row in rows] == [3, 4, 5]
    assert values == [b"ALPHA-0003", b"ALPHA-0001", b"ALPHA-0002"]


async def test_what_is_no_text_is_refused_whole(codes: Codes) -> None:
    pool = await codes.pool(codes.events[0])
    fields = "... on ValidationFailed { issues { path code } }"
    for csv, code in {
        "ALPHA\0-1": "NUL_CHARACTER",
        "PK\x03\x04\x14": "NOT_TEXT",
        "": "EMPTY",
        "\r\n": "EMPTY",
    }.items():
        refused = await codes.mutate("importCodes", fields, poolId=pool, csv=csv)
        assert refused == {"__typename": "ValidationFailed", "issues": [{"path": ["csv"], "code": code}]}
    assert not await codes.sql("SELECT FROM code_import")


async def test_a_key_replays_and_refuses_another_file(codes: Codes) -> None:
    pool = await codes.pool(codes.events[0])
    fields = "... on CodeImportStarted { replayed import { id state } }"

    async def start(csv: str) -> dict[str, Any]:
        return await codes.mutate("importCodes", fields, poolId=pool, csv=csv, idempotencyKey="key")

    first, second = await start(CSV), await start(CSV)
    assert (first["replayed"], second["replayed"]) == (False, True)
    assert first["import"] == second["import"]
    assert (await start("OTHER-0001"))["__typename"] == "IdempotencyMismatch"
    assert len(await codes.sql("SELECT FROM code_import")) == 1


async def test_a_file_is_sealed_while_it_waits_and_gone_afterwards(codes: Codes) -> None:
    pool = await codes.pool(codes.events[0])
    await codes.mutate("importCodes", "", poolId=pool, csv="SECRET-0001\n")
    [waiting] = await codes.sql("SELECT sealed FROM code_import")
    assert b"SECRET" not in waiting["sealed"]
    await codes.work()
    assert [row["sealed"] for row in await codes.sql("SELECT sealed FROM code_import")] == [None]
    assert all(b"SECRET" not in row["sealed"] for row in await codes.sql("SELECT sealed FROM code"))


async def test_errors_are_shown_up_to_first(codes: Codes) -> None:
    pool = await codes.pool(codes.events[0])
    ids: list[str] = []
    for _ in range(2):
        fields = "... on CodeImportStarted { import { id } }"
        started = await codes.mutate("importCodes", fields, poolId=pool, csv="x\n" * 150)
        ids.append(started["import"]["id"])
    await codes.work()
    query = """query ($a: ID!, $b: ID!) {
        a: codeImport(id: $a) { errors { line } one: errors(first: 1) { line } }
        b: codeImport(id: $b) { errors(first: 1000) { line } } }"""
    found = await codes.ask(query, a=ids[0], b=ids[1])
    assert [len(found["a"]["errors"]), len(found["a"]["one"]), len(found["b"]["errors"])] == [100, 1, 150]
    query = "query ($a: ID!) { codeImport(id: $a) { errors(first: 1001) { line } } }"
    answer = await codes.service.graphql(query, {"a": ids[0]}, token=codes.manager)
    assert answer["errors"][0]["extensions"]["code"] == "BAD_REQUEST"


async def test_an_import_killed_between_chunks_goes_on(codes: Codes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imports_jobs, "CHUNK", 3)
    pool = await codes.pool(codes.events[0])
    lines = [f"ALPHA-{n:04}" for n in range(20)] + ["x", "ALPHA-0001"]
    fields = "... on CodeImportStarted { import { id } }"
    started = await codes.mutate("importCodes", fields, poolId=pool, csv="\n".join(lines))
    import_id = started["import"]["id"]
    for _ in range(3):
        task = asyncio.ensure_future(
            imports_jobs.read(Dying(codes.resources.imports, 2), codes.resources.files, import_id)
        )
        with pytest.raises(asyncio.CancelledError):
            await task
    query = "query ($id: ID!) { codeImport(id: $id) { state accepted duplicates malformed progress } }"
    found = (await codes.ask(query, id=import_id))["codeImport"]
    assert (found["state"], found["accepted"]) == ("RUNNING", 18)
    assert 0 < found["progress"] < 1
    await codes.work()
    found = (await codes.ask(query, id=import_id))["codeImport"]
    assert (found["state"], found["accepted"], found["duplicates"], found["malformed"]) == (
        "SUCCEEDED",
        20,
        1,
        1,
    )
    assert (await codes.counts(codes.events[0]))["imported"] == 20


class Dying(ImportStore):
    """An import store whose worker is killed after so many chunks."""

    def __init__(self, store: ImportStore, chunks: int) -> None:
        vars(self).update(vars(store))
        self._chunks = chunks

    async def take(self, import_id: str, pool_id: str, after: int, chunk: Chunk) -> bool:
        if self._chunks == 0:
            raise asyncio.CancelledError
        self._chunks -= 1
        return await super().take(import_id, pool_id, after, chunk)


async def test_eight_workers_on_one_import_are_one(codes: Codes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imports_jobs, "CHUNK", 3)
    pool = await codes.pool(codes.events[0])
    csv = "\n".join([f"ALPHA-{n:04}" for n in range(20)] + ["x"])
    started = await codes.mutate(
        "importCodes", "... on CodeImportStarted { import { id } }", poolId=pool, csv=csv
    )
    import_id = started["import"]["id"]
    await asyncio.gather(
        *(imports_jobs.read(codes.resources.imports, codes.resources.files, import_id) for _ in range(8))
    )
    query = "query ($id: ID!) { codeImport(id: $id) { state accepted duplicates malformed } }"
    assert (await codes.ask(query, id=import_id))["codeImport"] == {
        "state": "SUCCEEDED",
        "accepted": 20,
        "duplicates": 0,
        "malformed": 1,
    }


async def test_three_pools_that_import_the_same_codes_at_once_share_them_out(codes: Codes) -> None:
    ids: list[str] = []
    numbers = range(3000)
    for event, step in zip(codes.events, (1, -1, 7), strict=True):
        csv = "\n".join(f"ALPHA-{n * step % 3001:04}" for n in numbers)
        pool = await codes.pool(event)
        fields = "... on CodeImportStarted { import { id } }"
        ids.append((await codes.mutate("importCodes", fields, poolId=pool, csv=csv))["import"]["id"])
    await asyncio.gather(
        *(imports_jobs.read(codes.resources.imports, codes.resources.files, each) for each in ids)
    )
    rows = await codes.sql("SELECT state, accepted, duplicates FROM code_import")
    assert {row["state"] for row in rows} == {"SUCCEEDED"}
    assert all(row["accepted"] + row["duplicates"] == 3000 for row in rows)
    [stored] = await codes.sql("SELECT count(*) AS n, count(DISTINCT lookup) AS distinct FROM code")
    assert stored["n"] == stored["distinct"] == sum(row["accepted"] for row in rows)
    for event in codes.events:
        await codes.counts(event)
        await assert_positions_are_contiguous(codes)


async def assert_positions_are_contiguous(codes: Codes) -> None:
    rows = await codes.sql(
        "SELECT p.imported + p.generated AS size, count(c.id) AS n, coalesce(max(c.position), 0) AS last "
        "FROM code_pool p LEFT JOIN code c ON c.pool_id = p.id GROUP BY p.id"
    )
    assert all(row["size"] == row["n"] == row["last"] for row in rows)


async def test_without_the_constraint_the_same_code_would_be_in_several_pools(codes: Codes) -> None:
    """The negative control: look first, insert then."""
    owner = await asyncpg.connect(codes.database.owner_dsn)
    await owner.execute("ALTER TABLE code DROP CONSTRAINT code_lookup_key")
    await owner.close()
    everybody_has_looked = asyncio.Barrier(3)
    store = codes.resources.store
    sealed = store.seal(["ALPHA-0001"], ["ALPHA0001"])

    async def look_then_insert(pool: str) -> None:
        async with codes.resources.database.transaction() as connection:
            known = await store.known(connection, sealed)
            await everybody_has_looked.wait()
            if not known:
                await store.add(connection, pool, sealed)

    pools = [await codes.pool(event) for event in codes.events]
    await asyncio.gather(*(look_then_insert(pool) for pool in pools))
    [stored] = await codes.sql("SELECT count(*) AS n, count(DISTINCT lookup) AS distinct FROM code")
    assert (stored["n"], stored["distinct"]) == (3, 1)


async def test_an_import_that_is_given_up_says_so(codes: Codes) -> None:
    pool = await codes.pool(codes.events[0])
    started = await codes.mutate(
        "importCodes", "... on CodeImportStarted { import { id } }", poolId=pool, csv=CSV
    )
    await codes.resources.imports.finish(started["import"]["id"], "Tried several times.")
    query = "query ($id: ID!) { codeImport(id: $id) { state failure finishedAt } }"
    found = (await codes.ask(query, id=started["import"]["id"]))["codeImport"]
    assert (found["state"], found["failure"]) == ("FAILED", "Tried several times.")
    assert found["finishedAt"]
