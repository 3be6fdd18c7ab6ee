"""Metrics are what counting says at any moment, whatever registers, changes, lapses, is erased, or being added up."""

import asyncio
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scripts.devtools.databases import ServiceDatabase
from services.entries.backend import metrics_store, wire
from services.entries.backend.metrics_store import MetricStore
from services.entries.backend.metrics_wire import Metrics, TimelineRequest
from services.kit.errors import DomainError
from services.kit.pg import Database
from tests.support.service import ServiceUnderTest
from tests.unit.entries.registrations import campaign, entries_service, fan, id_of, publish, tell
from tests.unit.entries.test_personal_data import erase, erasure

FANS = ("ann", "bea", "cyd", "dee")
ACTS = st.tuples(
    st.sampled_from(["submit", "submit", "amend", "withdraw", "confirm", "erase", "add up"]),
    st.sampled_from(FANS),
    st.permutations((0, 1, 2)),
)
ROUNDS = st.lists(st.lists(ACTS, min_size=1, max_size=6), min_size=1, max_size=4)
WITHOUT_NOTES = replace(
    metrics_store.q.metrics, sql=metrics_store.q.metrics.sql.replace("entry_tally_now", "entry_tally")
)


@pytest.fixture
def made(database: Callable[[str], ServiceDatabase]) -> ServiceDatabase:
    return database("entries")


@given(before=ROUNDS, beside=st.lists(ACTS, max_size=6), after=ROUNDS)
@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_metrics_are_what_counting_says(
    made: ServiceDatabase, before: list[list[Any]], beside: list[Any], after: list[list[Any]]
) -> None:
    asyncio.run(_play(made, before, beside, after))


async def test_control_tallies_without_what_is_noted_are_late(
    database: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(metrics_store.q.all, "metrics", WITHOUT_NOTES)
    async with entries_service(database) as service:
        tour = campaign()
        await publish(service, tour)
        await _act(service, tour, ("submit", "ann", (0,)))
        with pytest.raises(AssertionError):
            await compare(service, tour)
        assert await service.resources.metrics.add_up() == 1
        await compare(service, tour)


async def test_control_a_change_that_is_not_noted_shows(database: Any) -> None:
    made = database("entries")
    with psycopg.connect(made.owner_dsn, autocommit=True) as owner:
        owner.execute("DROP TRIGGER entry_moved ON entry")
    async with entries_service(lambda _: made) as service:
        tour = campaign()
        await publish(service, tour)
        await _act(service, tour, ("submit", "ann", (0,)))
        await compare(service, tour)
        await _act(service, tour, ("withdraw", "ann", ()))
        with pytest.raises(AssertionError):
            await compare(service, tour)


async def test_notes_are_added_up_once_however_many_do_it(database: Any) -> None:
    async with entries_service(database) as service:
        tour = campaign()
        await publish(service, tour)
        for number in range(40):
            await _act(service, tour, ("submit", f"fan-{number}", (number % 3, (number + 1) % 3)))
        found = await asyncio.gather(*(service.resources.metrics.add_up() for _ in range(4)))
        assert sum(found) == 40
        pool = service.resources.database.pool
        assert await pool.fetchval("SELECT count(*) FROM entry_change") == 0
        await compare(service, tour)


async def test_what_an_aborted_addition_took_is_still_there(database: Any) -> None:
    async with entries_service(database) as service:
        tour = campaign()
        await publish(service, tour)
        await _act(service, tour, ("submit", "ann", (0, 1)))
        with suppress(ZeroDivisionError):
            async with service.resources.database.transaction() as connection:
                assert await MetricStore(Database(connection)).add_up() == 1
                raise ZeroDivisionError
        await compare(service, tour)
        assert await service.resources.metrics.add_up() == 1
        await compare(service, tour)


async def test_a_change_of_what_is_not_counted_notes_nothing(database: Any) -> None:
    async with entries_service(database) as service:
        tour = campaign()
        await publish(service, tour)
        await _act(service, tour, ("submit", "ann", (0, 1)))
        pool = service.resources.database.pool
        await pool.execute("UPDATE entry SET score = 0.5, version = version + 1")
        assert await pool.fetchval("SELECT count(*) FROM entry_change") == 1


async def compare(service: ServiceUnderTest, tour: dict[str, Any]) -> None:
    """Fails where metrics are not what counting says, both asked at one moment."""
    async with service.resources.database.transaction("repeatable_read") as connection:
        store = MetricStore(Database(connection))
        [metrics] = await store.metrics([tour["id"]])
        [hours] = await store.timelines([TimelineRequest(tour["id"], "HOUR")])
        markets = [market["id"] for market in tour["markets"]]
        wanted = await store.demand(
            [metrics_store.m.MarketInCampaign(market, tour["id"]) for market in markets]
        )
        rows = await connection.fetch("SELECT * FROM entry_now WHERE campaign_id = $1", tour["id"])
    assert _told(metrics) == {
        "registrations": len(rows),
        "state": Counter(row["state"] for row in rows),
        "country": Counter(row["country"] for row in rows),
        "market": Counter((market, n) for row in rows for n, market in enumerate(row["preferences"], 1)),
    }
    assert {point.at: point.count for point in hours} == Counter(
        row["submitted_at"].replace(minute=0, second=0, microsecond=0) for row in rows
    )
    live = [row for row in rows if row["state"] in ("ACCEPTED", "PENDING_PHONE", "UNDER_REVIEW")]
    assert wanted == [sum(market in row["preferences"] for row in live) for market in markets]


def _told(metrics: Metrics) -> dict[str, Any]:
    return {
        "registrations": metrics.registrations,
        "state": {one.key: one.count for one in metrics.by_state},
        "country": {one.key: one.count for one in metrics.by_country},
        "market": {(one.market_id, one.rank): one.count for one in metrics.by_market},
    }


async def _play(
    made: ServiceDatabase, before: list[list[Any]], beside: list[Any], after: list[list[Any]]
) -> None:
    async with entries_service(lambda _: made) as service:
        tour = campaign(phone_required=True)
        fans = {name: f"{name}-{tour['id']}" for name in FANS}
        await publish(service, tour)
        close = publish(service, {**tour, "version": 2, "state": "CLOSED"})
        for acts in before:
            await _round(service, tour, acts, fans)
        await _round(service, tour, beside, fans, close)
        for acts in after:
            await _round(service, tour, acts, fans, service.resources.snapshots.invalidate_unconfirmed())
        await service.resources.metrics.add_up()
        await compare(service, tour)


async def _round(
    service: ServiceUnderTest, tour: dict[str, Any], acts: list[Any], fans: dict[str, str], *others: Any
) -> None:
    """All at once, and comparing meanwhile and afterwards."""
    await asyncio.gather(
        *(_act(service, tour, (act, fans[who], ranking)) for act, who, ranking in acts),
        *(compare(service, tour) for _ in range(3)),
        *others,
    )
    await compare(service, tour)


async def _act(service: ServiceUnderTest, tour: dict[str, Any], act: tuple[str, str, Any]) -> None:
    what, subject, ranking = act
    preferences = [tour["markets"][place]["id"] for place in ranking]
    if what == "submit":
        country = "CA" if len(subject) % 2 else None
        identity = wire.Identity(
            id_of(subject), "http://issuer.test", subject, email=f"{subject}@example.com", country=country
        )
        await service.resources.submissions.submit([wire.Submission(tour["id"], identity, preferences)])
    elif what == "confirm":
        await tell(service, fan(subject, phone_verified=True))
    elif what == "erase":
        await erase(service, erasure(subject))
    elif what == "add up":
        await service.resources.metrics.add_up()
    else:
        for entry in await service.resources.store.entries_of_user(id_of(subject), [tour["id"]]):
            with suppress(DomainError):
                if what == "amend":
                    await service.resources.changes.amend(
                        id_of(subject), wire.Amendment(entry.id, preferences[:2])
                    )
                else:
                    await service.resources.changes.withdraw(id_of(subject), entry.id)
