"""The map of personal data is true: in every table a row about one person is planted, and what becomes of each column
is what the map says, in her archive and when she is erased.
"""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest

from scripts.devtools import personal_data
from scripts.devtools.databases import ServiceDatabase, with_database
from scripts.devtools.personal_data import Group
from services import SERVICES
from services.codes.backend import personal_data_store as codes_store
from services.kit.ids import new_id
from services.kit.privacy import NOBODY, Erasure
from tests.federation.privacy.planting import PLANT, SHE, Garden
from tests.support.postgres import Databases
from tests.support.service import open_service


@asynccontextmanager
async def planted(service: str, database: ServiceDatabase, admin_dsn: str) -> AsyncIterator[Garden]:
    """The service on a database where a row about her is in every table that knows people."""
    dsn = with_database(admin_dsn, database.name)
    async with open_service(service, database.service_dsn) as opened:
        with psycopg.connect(dsn, autocommit=True) as connection:
            connection.execute(
                "SET session_replication_role = replica"
            )  # rows appear that took a journey to make
            garden = Garden(opened, connection)
            garden.everywhere()
            PLANT[service](garden)
            yield garden


def values(garden: Garden, group: Group, column: str) -> list[Any]:
    """What a column holds now, in the rows that its group is about."""
    statement = f"SELECT to_jsonb(t) -> '{column}' FROM {group.table} t WHERE {group.rows or 'true'}"
    return [value for (value,) in garden.connection.execute(statement.encode())]


def hers(garden: Garden, group: Group, column: str) -> list[Any]:
    """What was planted in a column, in the rows that its group is about."""
    there = values(garden, group, column)
    planted = [row[column] for row in garden.planted[group.table] if row[column] in there]
    return [value for value in planted if value is not None]


async def erase(garden: Garden) -> None:
    wanted = Erasure(new_id("prv"), SHE, datetime.now(UTC), 9)
    answer = await garden.service.rest("POST", "/personal-data/erase", wanted)
    assert answer.status_code == 200, answer.text


async def records(garden: Garden) -> dict[str, set[str]]:
    """All values in her archive by kind of record."""
    found: dict[str, set[str]] = {}
    after: str | None = None
    while True:
        body = {"user_id": SHE, "after": after, "limit": 2}
        page = (await garden.service.rest("POST", "/personal-data/collect", body)).json()
        for record in page["records"]:
            found.setdefault(record["kind"], set()).update(scalars([record["id"], record["data"]]))
        after = page["next"]
        if after is None:
            return found


def scalars(value: Any) -> Iterator[str]:
    """Every single value in something made of JSON, times and bytes in one spelling."""
    if isinstance(value, dict):
        yield from (each for part in value.values() for each in scalars(part))
    elif isinstance(value, list):
        yield from (each for part in value for each in scalars(part))
    elif isinstance(value, str):
        text = value.replace("+00:00", "Z").removeprefix("\\x")
        yield text
        if "/" in text:
            yield from text.split("/")
    else:
        yield str(value)


def wrong(group: Group, column: str, before: list[Any], after: list[Any]) -> bool:
    """Whether an erasure left something else in a column than the map says."""
    if group.outcome == "kept":
        return not all(value in after for value in before)
    return any(value in after for value in before) or (group.outcome == "nobody" and NOBODY not in after)


async def misplaced(garden: Garden) -> list[str]:
    """Columns in which an erasure leaves something else than the map says."""
    places = [
        (group, column)
        for group in personal_data.load(garden.service.name).groups
        for column in group.columns
    ]
    before = {place: hers(garden, *place) for place in places}
    await erase(garden)
    return [
        f"{group.table}.{column}: {before[group, column]} became {after}, not {group.erasure}"
        for group, column in places
        if wrong(group, column, before[group, column], after := values(garden, group, column))
    ]


@pytest.mark.parametrize("service", SERVICES)
async def test_something_is_planted_in_every_column(
    database: Callable[[str], ServiceDatabase], databases: Databases, service: str
) -> None:
    async with planted(service, database(service), databases.admin_dsn) as garden:
        bare = [
            f"{group.table}.{column}"
            for group in personal_data.load(service).groups
            for column in group.columns
            if not hers(garden, group, column)
        ]
        assert bare == [], "plant it in planting.py"


@pytest.mark.parametrize("service", SERVICES)
async def test_an_erasure_leaves_of_each_column_what_the_map_says(
    database: Callable[[str], ServiceDatabase], databases: Databases, service: str
) -> None:
    async with planted(service, database(service), databases.admin_dsn) as garden:
        assert await misplaced(garden) == []


@pytest.mark.parametrize("service", SERVICES)
async def test_nothing_of_her_id_is_anywhere_but_where_it_is_kept(
    database: Callable[[str], ServiceDatabase], databases: Databases, service: str
) -> None:
    kept = {
        f"{group.table}.{column}"
        for group in personal_data.load(service).groups
        for column in group.columns
        if group.outcome == "kept"
    }
    async with planted(service, database(service), databases.admin_dsn) as garden:
        await erase(garden)
        tables = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
        found: set[str] = set()
        for (table,) in garden.connection.execute(tables).fetchall():
            for (row,) in garden.connection.execute(f"SELECT to_jsonb(t) FROM {table} t".encode()):
                found |= {f"{table}.{column}" for column, value in row.items() if SHE in str(value)}
        assert found - kept == set()


@pytest.mark.parametrize("service", SERVICES)
async def test_the_archive_has_of_each_column_what_the_map_says(
    database: Callable[[str], ServiceDatabase], databases: Databases, service: str
) -> None:
    async with planted(service, database(service), databases.admin_dsn) as garden:
        archive = await records(garden)
        groups = [group for group in personal_data.load(service).groups if group.record]
        assert archive.keys() == {group.record for group in groups}
        missing = [
            f"{group.record} lacks {group.table}.{column}: {value}"
            for group in groups
            for column in group.columns
            for value in scalars(
                garden.plain.get(f"{group.table}.{column}") or hers(garden, group, column)[0]
            )
            if value not in archive[group.record or ""]
        ]
        assert missing == []


async def test_negative_control_a_table_that_the_erasure_does_not_know(
    database: Callable[[str], ServiceDatabase], databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    forgotten = codes_store.q.erase_imports
    sql = forgotten.sql.replace("RETURNING", "AND false RETURNING")
    monkeypatch.setitem(codes_store.q.all, "erase_imports", replace(forgotten, sql=sql))
    async with planted("codes", database("codes"), databases.admin_dsn) as garden:
        assert [line.partition(":")[0] for line in await misplaced(garden)] == ["code_import.created_by"]
