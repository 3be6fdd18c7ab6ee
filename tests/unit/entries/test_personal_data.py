"""What entries gives back of a fan, and how it lets her go: nothing of her stays, nothing counted changes."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from scripts.devtools.databases import ServiceDatabase
from services.entries.backend.personal_data_store import EntriesPersonalData
from services.kit.ids import new_id
from services.kit.pg import Database
from services.kit.privacy import NOBODY, Erasure, Receipt
from tests.support import issuer
from tests.support.service import ServiceUnderTest
from tests.unit.entries.draws import Staff
from tests.unit.entries.registrations import (
    SUBMIT,
    campaign,
    entries_service,
    fan,
    publish,
    states,
    submit,
    tell,
    wishes,
)
from tests.unit.entries.registrations import id_of as uid

METRICS = """
query ($r: [_Any!]!) { _entities(representations: $r) { ... on Campaign { metrics {
  registrations selected byCountry { country count } byMarket { rank count market { id } }
} } } }
"""


def erasure(subject: str, *, version: int = 7) -> Erasure:
    """As the User Service asks for it now."""
    return Erasure(new_id("prv"), uid(subject), datetime.now(UTC), version)


async def erase(service: ServiceUnderTest, wanted: Erasure) -> Receipt:
    answer = await service.rest("POST", "/personal-data/erase", wanted)
    assert answer.status_code == 200, answer.text
    return Receipt(**answer.json())


async def collect(service: ServiceUnderTest, subject: str, limit: int = 1) -> list[dict[str, Any]]:
    records: list[dict[str, Any]] = []
    after: str | None = None
    while True:
        body = {"user_id": uid(subject), "after": after, "limit": limit}
        page = (await service.rest("POST", "/personal-data/collect", body)).json()
        records += page["records"]
        after = page["next"]
        if after is None:
            return records


async def dump(service: ServiceUnderTest) -> str:
    """Every row of every table, as text, but for the tombstones and the kept version of her facts."""
    pool = service.resources.database.pool
    tables = await pool.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    rows: list[str] = []
    for table in sorted(row[0] for row in tables):
        if table not in ("alembic_version", "erasure", "user_fact"):
            rows += [str(row) for row in await pool.fetch(f"SELECT t::text FROM {table} t")]
    return "\n".join(rows)


async def metrics(service: ServiceUnderTest, staff: Staff, of: dict[str, Any]) -> Any:
    variables = {"r": [{"__typename": "Campaign", "id": of["id"]}]}
    return await service.graphql(METRICS, variables, token=staff.token)


async def test_a_fan_gets_back_what_is_kept_of_her_page_by_page(
    database: Callable[[str], ServiceDatabase],
) -> None:
    async with entries_service(database) as service:
        first, second = campaign(), campaign()
        await publish(service, first, second)
        for each in (first, second):
            assert (await submit(service, "ada", wishes(each)))["__typename"] == "EntrySubmitted"
        await submit(service, "bob", wishes(first))
        records = await collect(service, "ada")
        entries = [record["data"] for record in records if record["kind"] == "entry"]
        assert [entry["campaign_id"] for entry in entries] == [first["id"], second["id"]]
        assert entries[0]["market_names"]
        assert await collect(service, "ada", limit=500) == records
        assert await collect(service, "nobody") == []


async def test_a_cursor_of_nobodys_making_is_refused(database: Callable[[str], ServiceDatabase]) -> None:
    async with entries_service(database) as service:
        body = {"user_id": uid("ada"), "after": "nonsense:1"}
        answer = await service.rest("POST", "/personal-data/collect", body)
        assert (answer.status_code, answer.json()["issues"][0]["code"]) == (422, "BAD_CURSOR")


async def test_an_erased_fan_is_nobody_and_everything_still_adds_up(
    database: Callable[[str], ServiceDatabase],
) -> None:
    async with entries_service(database) as service:
        of = campaign()
        await publish(service, of)
        await submit(service, "ada", wishes(of, idempotencyKey="hers"))
        await submit(service, "bob", wishes(of))
        staff = Staff(service)
        before = await metrics(service, staff, of)
        assert uid("ada") in await dump(service)  # the search below would find her

        wanted = erasure("ada")
        receipt = await erase(service, wanted)
        assert receipt.record_count >= 2  # the entry, and the sighting that waited
        assert uid("ada") not in await dump(service)
        assert [r["data"]["country"] for r in await collect(service, "ada")] == [None]  # the kept version
        assert await metrics(service, staff, of) == before
        row = await service.resources.database.pool.fetchrow(
            "SELECT user_id, idempotency_key FROM entry WHERE state = 'ERASED'"
        )
        assert tuple(row) == (NOBODY, None)
        assert await erase(service, wanted) == receipt, "the same request, the same receipt"


async def test_a_token_from_before_the_erasure_enters_nothing_and_a_later_one_does(
    database: Callable[[str], ServiceDatabase],
) -> None:
    async with entries_service(database) as service:
        of = campaign()
        await publish(service, of)
        old = issuer.token("ada")
        await submit(service, "ada", wishes(of))
        await erase(service, erasure("ada"))
        refused = await service.graphql(SUBMIT, {"input": wishes(of)}, token=old)
        assert refused["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
        later = int((datetime.now(UTC) + timedelta(seconds=2)).timestamp())
        again = await submit(service, "ada", wishes(of), iat=later)
        assert again["__typename"] == "EntrySubmitted"
        assert await states(service, of) == {NOBODY: "ERASED", uid("ada"): "ACCEPTED"}


async def test_a_late_snapshot_does_not_bring_her_facts_back(
    database: Callable[[str], ServiceDatabase],
) -> None:
    async with entries_service(database) as service:
        await tell(service, fan("ada", 5, member_id="m-1"))
        await erase(service, erasure("ada", version=7))
        for version, expected in ((6, None), (7, None), (8, "m-1")):
            await tell(service, fan("ada", version, member_id="m-1"))
            kept = await service.resources.database.pool.fetchval("SELECT member_id FROM user_fact")
            assert kept == expected, version


async def raced(service: ServiceUnderTest, monkeypatch: pytest.MonkeyPatch, of: dict[str, Any]) -> int:
    """A registration that was examined before the erasure and is inserted after it; how many entries she has then."""
    examined, erased = asyncio.Event(), asyncio.Event()
    run = Database._run

    async def run_late(self: Database, method: str, query: Any, *rest: Any) -> Any:
        if query.name == "insert_entries" and not examined.is_set():
            examined.set()
            await erased.wait()
        return await run(self, method, query, *rest)

    monkeypatch.setattr(Database, "_run", run_late)
    late = asyncio.create_task(service.graphql(SUBMIT, {"input": wishes(of)}, token=issuer.token("ada")))
    await examined.wait()
    await erase(service, erasure("ada"))
    erased.set()
    await late
    return await service.resources.database.pool.fetchval(
        "SELECT count(*) FROM entry WHERE user_id = $1", uid("ada")
    )


async def test_a_registration_under_way_does_not_outlive_the_erasure(
    database: Callable[[str], ServiceDatabase], monkeypatch: pytest.MonkeyPatch
) -> None:
    async with entries_service(database) as service:
        of = campaign()
        await publish(service, of)
        assert await raced(service, monkeypatch, of) == 0


async def test_negative_control_without_the_trigger_it_does(
    database: Callable[[str], ServiceDatabase], monkeypatch: pytest.MonkeyPatch
) -> None:
    own = database("entries")
    with psycopg.connect(own.owner_dsn, autocommit=True) as owner:
        owner.execute("DROP TRIGGER entry_not_erased ON entry")
    async with entries_service(lambda _: own) as service:
        of = campaign()
        await publish(service, of)
        assert await raced(service, monkeypatch, of) == 1


async def held_up(service: ServiceUnderTest, of: dict[str, Any]) -> int:
    """An erasure that comes while an inserted registration has not committed yet; how many entries she has then."""
    pool = service.resources.database.pool
    async with pool.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        await connection.execute("SELECT FROM campaign WHERE id = $1 FOR SHARE", of["id"])
        await connection.execute(
            "INSERT INTO entry (id, campaign_id, user_id, identity, state, preferences, ticket_quantity, is_member,"
            " request_digest) VALUES ($1, $2, $3, 'x', 'ACCEPTED', '{m}', 1, false, '')",
            new_id("ent"),
            of["id"],
            uid("ada"),
        )
        erasing = asyncio.create_task(erase(service, erasure("ada")))
        # Of this database alone: other tests' databases are on the same server.
        waiting = """SELECT count(*) FROM pg_stat_activity
            WHERE datname = current_database() AND wait_event_type = 'Lock'"""
        async with asyncio.timeout(20):
            while not erasing.done() and not await pool.fetchval(waiting):
                await asyncio.sleep(0.01)
        await transaction.commit()
        await erasing
    return await pool.fetchval("SELECT count(*) FROM entry WHERE user_id = $1", uid("ada"))


async def test_the_erasure_waits_for_what_it_cannot_see_yet(
    database: Callable[[str], ServiceDatabase],
) -> None:
    async with entries_service(database) as service:
        of = campaign()
        await publish(service, of)
        assert await held_up(service, of) == 0


async def test_negative_control_an_erasure_that_does_not_wait_forgets_it(
    database: Callable[[str], ServiceDatabase], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def at_once(self: EntriesPersonalData) -> None:
        """Waits for nobody."""

    monkeypatch.setattr(EntriesPersonalData, "settle", at_once)
    async with entries_service(database) as service:
        of = campaign()
        await publish(service, of)
        assert await held_up(service, of) == 1
