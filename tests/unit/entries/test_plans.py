"""A plan that PostgreSQL made while the tables were empty is kept through a launch: it must use the indexes already."""

from typing import Any

import pytest

from services.entries.backend import changes_store, scores_store, snapshots_store, store, submissions_store
from services.kit.pg import Query
from tests.unit.entries.registrations import entries_service

LARGE = ["entry", "user_fact", "signal"]
HOT: list[Query] = [
    *submissions_store.q.all.values(),
    *changes_store.q.all.values(),
    *store.q.all.values(),
    snapshots_store.q.accept_confirmed,
    scores_store.q.take_due,
    scores_store.q.signals,
    scores_store.q.crowds,
    scores_store.q.keep_scores,
]


@pytest.mark.parametrize("query", HOT, ids=lambda query: query.name)
async def test_no_statement_of_the_hot_path_reads_a_whole_table(shared_database: Any, query: Query) -> None:
    async with (
        entries_service(shared_database) as service,
        service.resources.database.pool.acquire() as connection,
    ):
        await connection.execute("SET plan_cache_mode = force_generic_plan")
        await connection.execute(f"PREPARE probe AS {query.sql}")
        nulls = ", ".join("NULL" for _ in query.parameters)
        lines = [row[0] for row in await connection.fetch(f"EXPLAIN EXECUTE probe ({nulls})")]
        await connection.execute("DEALLOCATE probe")
        await connection.execute("RESET plan_cache_mode")
        whole = [
            line for line in lines if "Seq Scan" in line and any(f" on {table}" in line for table in LARGE)
        ]
        assert whole == [], "\n".join(lines)
