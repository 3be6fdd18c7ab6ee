"""The same rows in every format and compression; in parts, sealed, whole or by the range."""

import csv
import gzip
import io
import json
from datetime import UTC, datetime
from typing import Any

import obstore
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.entries.backend import exports_rules
from services.entries.backend.exports_parts_store import Parts, read_parts
from services.entries.backend.exports_rules import Column
from tests.unit.entries.draws import Staff, closed_campaign
from tests.unit.entries.exporting import download, files, rows_of, start, written
from tests.unit.entries.registrations import entries_service

KEY = b"k" * 32


def unzstd(data: bytes) -> bytes:
    return pa.CompressedInputStream(pa.BufferReader(data), "zstd").read()


def plain(value: Any) -> Any:
    """A value as CSV shows it."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, list):
        return " | ".join(value)
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)


@pytest.mark.parametrize("kind", ["ENTRIES", "ELIGIBILITY", "SELECTIONS"])
async def test_all_formats_hold_the_same_rows(database: Any, kind: str) -> None:
    async with entries_service(database) as service:
        staff = Staff(service)
        tour = await closed_campaign(service, fans=60)
        await staff.final(tour)
        await service.resources.database.pool.execute(
            "UPDATE entry SET country = NULL WHERE right(user_id, 1) < '8'"
        )

        async def data(**input: Any) -> bytes:
            return (await written(service, staff, await start(staff, tour, kind=kind, **input)))[1]

        wanted = rows_of(await data(format="CSV"))
        assert len(wanted) > 10
        assert rows_of(gzip.decompress(await data(format="CSV", compression="GZIP"))) == wanted
        assert rows_of(unzstd(await data(format="CSV", compression="ZSTD"))) == wanted
        lines = gzip.decompress(await data(format="NDJSON", compression="GZIP")).splitlines()
        assert [{name: plain(v) for name, v in json.loads(line).items()} for line in lines] == wanted
        for compression in ("NONE", "GZIP", "ZSTD", None):
            table = pq.read_table(io.BytesIO(await data(format="PARQUET", compression=compression)))
            assert [{name: plain(v) for name, v in row.items()} for row in table.to_pylist()] == wanted


@pytest.mark.parametrize(
    ("input", "name", "content_type"),
    [
        ({"format": "CSV"}, "csv", "text/csv; charset=utf-8"),
        ({"format": "NDJSON", "compression": "ZSTD"}, "ndjson.zst", "application/zstd"),
        ({"format": "CSV", "compression": "GZIP"}, "csv.gz", "application/gzip"),
        ({"format": "PARQUET"}, "parquet", "application/vnd.apache.parquet"),
    ],
)
async def test_a_file_is_called_what_it_is(
    database: Any, input: dict[str, str], name: str, content_type: str
) -> None:
    async with entries_service(database) as service:
        staff = Staff(service)
        tour = await closed_campaign(service, fans=3)
        done, data = await written(service, staff, await start(staff, tour, **input))
        answer = await download(service, done["downloadUrl"])
        assert answer.content == data
        assert answer.headers["content-type"] == content_type
        assert answer.headers["content-disposition"] == f'attachment; filename="entries-{done["id"]}.{name}"'


async def test_a_file_without_rows_is_a_whole_file(database: Any) -> None:
    async with entries_service(database) as service:
        staff = Staff(service)
        tour = await closed_campaign(service, fans=1)
        nothing: dict[str, Any] = {"filter": {"states": []}}
        for format_ in ("CSV", "NDJSON", "PARQUET"):
            done, data = await written(service, staff, await start(staff, tour, format=format_, **nothing))
            assert done["rowCount"] == 0
            assert (await download(service, done["downloadUrl"])).content == data
        assert pq.read_table(io.BytesIO(data)).num_rows == 0


@pytest.mark.parametrize("split", [False, True], ids=["mounted", "split"])
async def test_ranges(database: Any, split: bool) -> None:
    async with entries_service(database) as service:
        staff = Staff(service)
        tour = await closed_campaign(service, fans=20)
        done, data = await written(service, staff, await start(staff, tour))
        size = len(data)
        for asked, wanted, told in (
            ("bytes=0-9", data[:10], f"bytes 0-9/{size}"),
            ("bytes=100-", data[100:], f"bytes 100-{size - 1}/{size}"),
            ("bytes=-7", data[-7:], f"bytes {size - 7}-{size - 1}/{size}"),
            (f"bytes=5-{size + 50}", data[5:], f"bytes 5-{size - 1}/{size}"),
        ):
            answer = await download(service, done["downloadUrl"], split=split, headers={"range": asked})
            assert (answer.status_code, answer.content) == (206, wanted)
            assert (answer.headers["content-range"], answer.headers["accept-ranges"]) == (told, "bytes")
        for odd in ("bytes=0-1,4-5", "lines=1-2", "bytes=-", "bytes=x-2"):
            whole = await download(service, done["downloadUrl"], split=split, headers={"range": odd})
            assert (whole.status_code, whole.content) == (200, data)
        behind = await download(
            service, done["downloadUrl"], split=split, headers={"range": f"bytes={size}-"}
        )
        assert (behind.status_code, behind.headers["content-range"]) == (416, f"bytes */{size}")


@given(
    data=st.binary(max_size=300),
    cuts=st.lists(st.integers(0, 60), max_size=12),
    at=st.tuples(st.integers(0, 299), st.integers(0, 299)),
)
async def test_parts_are_the_file(data: bytes, cuts: list[int], at: tuple[int, int]) -> None:
    store = obstore.store.MemoryStore()
    parts = Parts(store, "f", KEY, part_bytes=32)
    rest = data
    for cut in cuts:
        await parts.add(rest[:cut])
        rest = rest[cut:]
    await parts.add(rest)
    await parts.finish()
    assert parts.size == len(data)
    first, last = min(at), min(max(at), len(data) - 1)
    read = [piece async for piece in read_parts(store, "f", KEY, first, last, part_bytes=32)]
    assert b"".join(read) == data[first : last + 1]


async def test_what_lies_in_the_store_is_sealed_and_goes_with_its_key(database: Any) -> None:
    async with entries_service(database) as service:
        staff = Staff(service)
        tour = await closed_campaign(service, fans=20)
        export_id = await start(staff, tour)
        await written(service, staff, export_id)
        for path in await files(service):
            stored = bytes(obstore.get(service.resources.files, path).bytes())
            assert b"usr_" not in stored
        pool = service.resources.database.pool
        await pool.execute("UPDATE export_job SET expires_at = now()")
        await service.resources.export_files.expire()
        assert await pool.fetchval("SELECT key_sealed IS NULL FROM export_job")
        assert await files(service) == []


@pytest.mark.parametrize("lead", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"])
def test_no_lead_makes_a_formula(lead: str) -> None:
    header = (Column("text", "text"), Column("list", "list"))
    [_, [text, joined]] = list(
        csv.reader(
            io.StringIO(
                (
                    exports_rules.csv_head(header)
                    + exports_rules.csv_lines(header, [[f"{lead}1+1"], [[f"{lead}a", "b"]]])
                ).decode(),
                newline="",
            )
        )
    )
    assert (text, joined) == (f"'{lead}1+1", f"'{lead}a | b")
