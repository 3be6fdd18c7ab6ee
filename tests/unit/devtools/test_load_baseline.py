"""The bare insert on a table like the entries', by pgbench and without it, and nothing left behind."""

from collections.abc import Callable

import psycopg
import pytest

from scripts.devtools.bench import baseline as subject
from scripts.devtools.bench.baseline import PgBench, SingleRows, baseline, find_pgbench
from scripts.devtools.databases import ServiceDatabase


@pytest.fixture
def dsn(database: Callable[[str], ServiceDatabase]) -> str:
    return database("entries").owner_dsn


def rows(dsn: str) -> int | None:
    """How many rows the scratch table has, None when it is not there."""
    with psycopg.connect(dsn) as connection:
        there = connection.execute("SELECT to_regclass('bench.entry') IS NOT NULL").fetchone()
        if there != (True,):
            return None
        counted = connection.execute("SELECT count(*) FROM bench.entry").fetchone()
        return None if counted is None else counted[0]


async def test_single_rows_are_counted_and_the_table_goes(dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subject, "find_pgbench", lambda: None)
    async with baseline(dsn, 2) as layer:
        assert isinstance(layer, SingleRows)
        done = await layer.run(0.1)
        assert rows(dsn) == done.count > 0

    assert rows(dsn) is None


@pytest.mark.skipif(find_pgbench() is None, reason="there is no pgbench here")
async def test_pgbench_says_how_many_rows_it_wrote(dsn: str) -> None:
    async with baseline(dsn, 2) as layer:
        assert isinstance(layer, PgBench)
        done = await layer.run(1)
        assert rows(dsn) == done.count > 0
