"""Scores are computed by the worker, soon after a registration and anew when anything they depend on has changed."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.entries.backend import scores_rules, scores_store, wire
from services.entries.backend.scores_store import ScoreStore
from services.kit.ids import new_id
from services.kit.pg import Query
from tests.support import issuer
from tests.support.service import ServiceUnderTest
from tests.unit.entries.registrations import (
    campaign,
    entries_service,
    fan,
    id_of,
    publish,
    submit,
    tell,
    wishes,
)
from tests.unit.entries.test_entry_races import waits_for_a_lock, without

ASK = "query ($id: ID!) { entry(id: $id) { score { value source computedAt reasons { code message externalCode } } } }"
_AGE_SIGNALS = "UPDATE signal SET hour = hour - interval '40 days'"


async def enter(service: ServiceUnderTest, tour: dict[str, Any], subject: str, **options: Any) -> str:
    return (await submit(service, subject, wishes(tour), **options))["entry"]["id"]


async def scored(service: ServiceUnderTest, *entry_ids: str) -> dict[str, list[str]]:
    """The reasons of each entry's score, once all that is due is computed."""
    while await service.resources.scores.compute():
        pass
    return {score.entry_id: score.reasons for score in await service.resources.scores.scores(entry_ids)}


async def crowd(
    service: ServiceUnderTest, tour: dict[str, Any], count: int, prefix: str = "fan"
) -> list[str]:
    """So many registrations by one browser on one network; their entries."""
    outcomes = await service.resources.submissions.submit(
        [
            wire.Submission(
                tour["id"],
                wire.Identity(
                    id_of(f"{prefix}{n}"), issuer.ISSUER, f"{prefix}{n}", email=f"{prefix}{n}@x.example"
                ),
                [tour["markets"][0]["id"]],
                network="cb0071/24",
                device="d1ce",
            )
            for n in range(count)
        ]
    )
    return [outcome.entry.id for outcome in outcomes]


async def test_staff_sees_what_an_entry_scores_and_the_fan_does_not(database: Any) -> None:
    async with entries_service(database) as service:
        tour = campaign()
        await publish(service, tour)
        await tell(service, fan("ann", phone_verified=True, phone_key="aa"))
        entry_id = await enter(service, tour, "ann", email="ann@mailinator.com")
        staff = service.grant("staff", "ENTRY_READ")
        early = await service.graphql(ASK, {"id": entry_id}, token=staff)
        assert early == {"data": {"entry": {"score": None}}}
        assert await scored(service, entry_id) == {entry_id: ["PHONE_CONFIRMED", "EMAIL_DISPOSABLE"]}
        score = (await service.graphql(ASK, {"id": entry_id}, token=staff))["data"]["entry"]["score"]
        assert (score["value"], score["source"]) == (0.4, "BUILT_IN")
        assert [(r["code"], r["externalCode"]) for r in score["reasons"]] == [
            ("PHONE_CONFIRMED", None),
            ("EMAIL_DISPOSABLE", None),
        ]
        own = await service.graphql(ASK, {"id": entry_id}, token=issuer.token("ann"))
        assert own["data"]["entry"]["score"] is None
        assert own["errors"][0]["extensions"]["code"] == "FORBIDDEN"


async def test_fifty_scores_are_one_request_and_one_statement(database: Any) -> None:
    async with entries_service(database) as service:
        tour = campaign()
        await publish(service, tour)
        ids = await crowd(service, tour, 50)
        await scored(service)
        staff = service.grant("staff", "ENTRY_READ")
        service.requests.clear()
        before = service.resources.database.statements
        found = await service.entities(
            "... on Entry { score { value } }",
            [{"__typename": "Entry", "id": id_} for id_ in ids],
            token=staff,
        )
        assert all(entity["score"] for entity in found)
        assert service.requests == ["POST /entries/batch", "POST /entries/scores"]
        assert service.resources.database.statements == before + 2


async def test_a_crowd_is_told_when_it_is_one_and_those_who_came_first_are_scored_anew(database: Any) -> None:
    async with entries_service(database) as service:
        tour, other = campaign(), campaign()
        await publish(service, tour, other)
        first = await crowd(service, tour, scores_rules.DEVICE_BUSY)
        assert set(map(tuple, (await scored(service, *first)).values())) == {()}
        last = await crowd(service, tour, 1, "more")
        assert set(map(tuple, (await scored(service, *first, *last)).values())) == {("DEVICE_BUSY",)}
        elsewhere = await crowd(service, other, 1, "else")
        assert await scored(service, *elsewhere) == {elsewhere[0]: []}


async def test_two_accounts_with_one_phone_in_one_campaign(database: Any) -> None:
    async with entries_service(database) as service:
        tour, other = campaign(), campaign()
        await publish(service, tour, other)
        await tell(service, fan("ann", phone_verified=True, phone_key="aa"))
        await tell(service, fan("bea", phone_verified=True, phone_key="aa"))
        ann = await enter(service, tour, "ann")
        assert await scored(service, ann) == {ann: ["PHONE_CONFIRMED"]}
        apart = await enter(service, other, "bea")
        assert await scored(service, ann, apart) == {ann: ["PHONE_CONFIRMED"], apart: ["PHONE_CONFIRMED"]}
        bea = await enter(service, tour, "bea")
        both = ["PHONE_CONFIRMED", "PHONE_SHARED"]
        assert await scored(service, ann, bea) == {ann: both, bea: both}


async def test_new_facts_change_a_score(database: Any) -> None:
    async with entries_service(database) as service:
        tour = campaign()
        await publish(service, tour)
        entry_id = await enter(service, tour, "ann")
        assert await scored(service, entry_id) == {entry_id: []}
        known_since = datetime.now(UTC) - timedelta(days=400)
        await tell(service, fan("ann", version=2, known_since=known_since))
        assert await scored(service, entry_id) == {entry_id: ["ACCOUNT_ESTABLISHED"]}
        assert await service.resources.scores.compute() == 0
        stored = "SELECT score FROM entry WHERE id = $1"
        assert await service.resources.database.pool.fetchval(stored, entry_id) == 0.65


async def test_no_address_is_kept_and_what_is_kept_is_forgotten_in_time(database: Any) -> None:
    async with entries_service(database) as service:
        tour = campaign()
        await publish(service, tour)
        headers = {"x-client-ip": "203.0.113.77", "user-agent": "Mozilla/5.0 (Odd)"}
        entry_id = await enter(service, tour, "ann", headers=headers)
        pool = service.resources.database.pool
        row = await pool.fetchrow("SELECT * FROM entry WHERE id = $1", entry_id)
        assert len(row["network"]) == len(row["device"]) == 8
        assert not any(trace in repr(row) for trace in ("203.0", "cb0071", "Odd"))
        crowded = await crowd(service, tour, scores_rules.DEVICE_BUSY + 1)
        await scored(service)
        row = await pool.fetchrow("SELECT network, device FROM entry WHERE id = $1", entry_id)
        assert tuple(row) == (None, None)
        assert await service.resources.scores.forget_signals() == 0
        await pool.execute(_AGE_SIGNALS)
        assert await service.resources.scores.forget_signals() == len(crowded) + 1
        assert await pool.fetchval("SELECT count(*) FROM signal") == 0
        await tell(service, fan("fan0", version=2, phone_verified=True))
        assert await scored(service, crowded[0]) == {crowded[0]: ["PHONE_CONFIRMED", "DEVICE_BUSY"]}


async def test_a_purchase_with_an_earlier_code_counts(database: Any) -> None:
    async with entries_service(database) as service:
        before, tour = campaign(), campaign()
        await publish(service, before, tour)
        won, entry_id = await enter(service, before, "ann"), await enter(service, tour, "ann")
        pool, selection = service.resources.database.pool, new_id("sel")
        # A win, without the draw that makes one.
        await pool.execute(
            "INSERT INTO wave (id, campaign_id, name, strategy, reassignment)"
            " VALUES ('w', $1, 'w', 'FIRST_COME', 'ALLOW_MULTIPLE')",
            before["id"],
        )
        await pool.execute("INSERT INTO wave_capacity VALUES ('w', 'e', 'm', 9, 4)")
        await pool.execute(
            "UPDATE wave SET state = 'COMMITTED', seed_sealed = '', seed_commitment = $1", bytes(32)
        )
        await pool.execute(
            "INSERT INTO wave_entry VALUES ('w', $1, $2, '{m}', '{}', 1, NULL, 0, '', 0)", won, id_of("ann")
        )
        await pool.execute(
            "INSERT INTO selection VALUES ($1, 'w', $2, $3, $4, 'e', 'm', 1, 1)",
            selection,
            before["id"],
            won,
            id_of("ann"),
        )
        assert await scored(service, entry_id) == {entry_id: []}
        bought = {"redemptions": [{"selection_id": selection, "quantity": 2, "version": 1}]}
        assert (await service.rest("PUT", "/snapshots/redemptions", bought)).status_code == 200
        assert await scored(service, entry_id, won) == {entry_id: ["CODE_REDEEMED_BEFORE"], won: []}


NO_LOCK = without(scores_store.q.take_due, "FOR UPDATE SKIP LOCKED")


@pytest.mark.parametrize(
    ("take", "lost"),
    [(scores_store.q.take_due, False), (NO_LOCK, True)],
    ids=["as it is", "without the lock"],
)
async def test_facts_that_arrive_while_a_score_is_computed_are_not_lost(
    database: Any, monkeypatch: pytest.MonkeyPatch, take: Query, lost: bool
) -> None:
    async with entries_service(database) as service:
        tour = campaign()
        await publish(service, tour)
        entry_id = await enter(service, tour, "ann")
        arriving: list[asyncio.Task[None]] = []

        class Interrupted(ScoreStore):
            async def _judge(self, connection: Any, ids: Any) -> Any:
                judged = await super()._judge(connection, ids)
                arriving.append(asyncio.create_task(tell(service, fan("ann", phone_verified=True))))
                await waits_for_a_lock(service, arriving[0])
                return judged

        monkeypatch.setitem(scores_store.q.all, "take_due", take)
        await Interrupted(service.resources.database, signal_days=30).compute()
        await asyncio.gather(*arriving)
        assert await scored(service, entry_id) == {entry_id: [] if lost else ["PHONE_CONFIRMED"]}
