"""Entries that people look at: what they decide takes effect on what they saw, and the fan may appeal it once."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import asyncpg
import pytest

from services.entries.backend import changes_store, reviews_store
from services.entries.backend import reviews_wire as w
from services.kit.pg import Query
from tests.support import issuer
from tests.support.service import ServiceUnderTest
from tests.unit.entries.draws import Staff
from tests.unit.entries.registrations import (
    campaign,
    entries_service,
    fan,
    id_of,
    publish,
    states,
    submit,
    tell,
    wishes,
)
from tests.unit.entries.test_entry_races import waits_for_a_lock, without

DECIDE = """
mutation ($input: ReviewEntryInput!) {
  reviewEntry(input: $input) {
    __typename
    ... on EntryReviewed { entry { state version } }
    ... on Conflict { currentVersion }
    ... on IllegalTransition { from to }
    ... on ValidationFailed { issues { path code } }
  }
}
"""
APPEAL = """
mutation ($input: AppealEntryInput!) {
  appealEntry(input: $input) {
    __typename
    ... on EntryAppealed { replayed entry { state mayAppeal } }
    ... on ValidationFailed { issues { path code } }
  }
}
"""
THRESHOLD = """
mutation ($input: SetReviewThresholdInput!) {
  setReviewThreshold(input: $input) {
    __typename ... on ReviewThresholdSet { campaign { reviewThreshold } } ... on ValidationFailed { issues { code } }
  }
}
"""
LOOK = """
query ($id: ID!) {
  entry(id: $id) { state version reviews { decision note decidedBy { id } appeal { note } } }
}
"""
LIST = """
query ($of: [_Any!]!, $filter: EntryFilter) {
  _entities(representations: $of) { ... on Campaign { entries(filter: $filter, first: 1) {
    nodes { id } pageInfo { hasNextPage endCursor }
  } } }
}
"""


class Desk:
    """A reviewer at work."""

    def __init__(self, service: ServiceUnderTest) -> None:
        self.service = service
        self.token = service.grant("reviewer", "ENTRY_REVIEW")
        service.grant("reviewer", "ENTRY_READ")

    async def ask(self, query: str, variables: dict[str, Any], token: str | None = None) -> Any:
        answer = await self.service.graphql(query, variables, token=token or self.token)
        assert "errors" not in answer, answer["errors"]
        [data] = answer["data"].values()
        return data

    async def decide(self, entry_id: str, decision: str, **more: Any) -> dict[str, Any]:
        return await self.ask(DECIDE, {"input": {"id": entry_id, "decision": decision, **more}})

    async def appeal(self, name: str, entry_id: str, note: str, **more: Any) -> dict[str, Any]:
        given = {"entryId": entry_id, "note": note, **more}
        return await self.ask(APPEAL, {"input": given}, issuer.token(name))

    async def look(self, entry_id: str) -> dict[str, Any]:
        return await self.ask(LOOK, {"id": entry_id})


async def entered(service: ServiceUnderTest, tour: dict[str, Any], name: str = "ann") -> str:
    return (await submit(service, name, wishes(tour)))["entry"]["id"]


async def test_a_decision_takes_effect_on_the_version_that_was_seen(database: Any) -> None:
    async with entries_service(database) as service:
        tour, desk = campaign(), Desk(service)
        await publish(service, tour)
        entry_id = await entered(service, tour)
        held = await desk.decide(entry_id, "HOLD", note="Looks odd.", expectedVersion=1)
        assert held == {"__typename": "EntryReviewed", "entry": {"state": "UNDER_REVIEW", "version": 2}}
        assert await desk.decide(entry_id, "ACCEPT", expectedVersion=1) == {
            "__typename": "Conflict",
            "currentVersion": 2,
        }
        assert await desk.decide(entry_id, "HOLD") == {
            "__typename": "IllegalTransition",
            "from": "UNDER_REVIEW",
            "to": "UNDER_REVIEW",
        }
        accepted = await desk.decide(entry_id, "ACCEPT", expectedVersion=2)
        assert accepted["entry"] == {"state": "ACCEPTED", "version": 3}
        assert (await desk.look(entry_id))["reviews"] == [
            {"decision": "ACCEPT", "note": None, "decidedBy": {"id": id_of("reviewer")}, "appeal": None},
            {
                "decision": "HOLD",
                "note": "Looks odd.",
                "decidedBy": {"id": id_of("reviewer")},
                "appeal": None,
            },
        ]
        assert (await desk.decide(entry_id, "REJECT", note="\x1b"))["issues"] == [
            {"path": ["note"], "code": "MALFORMED"}
        ]


async def test_only_reviewers_review_and_the_fan_sees_neither_notes_nor_reviewers(database: Any) -> None:
    async with entries_service(database) as service:
        tour, desk = campaign(), Desk(service)
        await publish(service, tour)
        entry_id = await entered(service, tour)
        reader = service.grant("reader", "ENTRY_READ")
        for token in (reader, issuer.token("ann")):
            given = {"input": {"id": entry_id, "decision": "REJECT"}}
            refused = await service.graphql(DECIDE, given, token=token)
            assert refused["errors"][0]["extensions"]["code"] == "FORBIDDEN"
        await desk.decide(entry_id, "HOLD", note="Her words match a known reseller's.")
        for token in (reader, issuer.token("ann")):
            seen = await service.graphql(LOOK, {"id": entry_id}, token=token)
            assert seen["data"]["entry"]["reviews"] is None
            assert seen["errors"][0]["extensions"]["code"] == "FORBIDDEN"
        stored = await service.resources.database.pool.fetchval("SELECT note_sealed FROM review")
        assert b"reseller" not in stored


async def test_a_fan_appeals_each_decision_once_and_a_person_can_take_a_no_back(database: Any) -> None:
    async with entries_service(database) as service:
        tour, desk = campaign(), Desk(service)
        await publish(service, tour)
        entry_id = await entered(service, tour)
        early = await desk.appeal("ann", entry_id, "Why me?")
        assert early["__typename"] == "NothingToAppeal"
        await desk.decide(entry_id, "REJECT")
        assert (await desk.appeal("bea", entry_id, "Let me."))["__typename"] == "NotFound"
        assert (await desk.appeal("ann", entry_id, "  "))["issues"] == [
            {"path": ["note"], "code": "MALFORMED"}
        ]
        first = await desk.appeal("ann", entry_id, "It is me.\nReally.", idempotencyKey="k")
        assert first == {
            "__typename": "EntryAppealed",
            "replayed": False,
            "entry": {"state": "INVALIDATED", "mayAppeal": False},
        }
        again = await desk.appeal("ann", entry_id, "It is me.\nReally.", idempotencyKey="k")
        assert (again["__typename"], again["replayed"]) == ("EntryAppealed", True)
        other = await desk.appeal("ann", entry_id, "No, really.", idempotencyKey="k")
        assert other["__typename"] == "IdempotencyMismatch"
        assert (await desk.appeal("ann", entry_id, "Hello?"))["__typename"] == "AlreadyAppealed"
        assert (await desk.look(entry_id))["reviews"][0]["appeal"] == {"note": "It is me.\nReally."}
        stored = await service.resources.database.pool.fetchval("SELECT appeal_sealed FROM review")
        assert b"Really" not in stored
        accepted = await desk.decide(entry_id, "ACCEPT")
        assert accepted["entry"]["state"] == "ACCEPTED"
        await desk.decide(entry_id, "HOLD")
        assert (await desk.appeal("ann", entry_id, "Again?"))["entry"] == {
            "state": "UNDER_REVIEW",
            "mayAppeal": False,
        }


async def test_reviewers_find_what_waits_for_them(database: Any) -> None:
    async with entries_service(database) as service:
        tour, desk = campaign(), Desk(service)
        await publish(service, tour)
        ids = [await entered(service, tour, name) for name in ("ann", "bea", "cyd", "dee")]
        for entry_id in ids[1:]:
            await desk.decide(entry_id, "HOLD")
        await desk.appeal("cyd", ids[2], "Please.")

        async def found(filter: dict[str, Any]) -> tuple[list[str], bool]:
            of = [{"__typename": "Campaign", "id": tour["id"]}]
            [entity] = await desk.ask(LIST, {"of": of, "filter": filter})
            page = entity["entries"]
            return [node["id"] for node in page["nodes"]], page["pageInfo"]["hasNextPage"]

        assert await found({"states": ["UNDER_REVIEW"]}) == ([ids[1]], True)
        assert await found({"appealed": True}) == ([ids[2]], False)
        assert await found({"appealed": True, "states": ["INVALIDATED"]}) == ([], False)
        assert await found({"states": ["ACCEPTED"]}) == ([ids[0]], False)


async def test_a_low_score_is_held_back_for_a_person_who_has_the_last_word(database: Any) -> None:
    async with entries_service(database) as service:
        tour, desk = campaign(), Desk(service)
        await publish(service, tour)
        there = await entered(service, tour, "ann")
        fine = (await submit(service, "bea", wishes(tour)))["entry"]["id"]
        await tell(service, fan("bea", phone_verified=True))
        await service.resources.scores.compute()
        given = {"campaignId": tour["id"], "belowScore": 0.55}
        assert await desk.ask(THRESHOLD, {"input": given}) == {
            "__typename": "ReviewThresholdSet",
            "campaign": {"reviewThreshold": 0.55},
        }
        await service.resources.reviews.hold_all_low(tour["id"])
        new = await entered(service, tour, "cyd")
        await service.resources.scores.compute()
        exact = {"campaign_id": tour["id"], "scores": [{"entry_id": fine, "value": 0.55}]}
        assert (await service.rest("PUT", "/scores", exact)).json()["accepted"] == 1
        assert await states(service, tour) == {
            id_of("ann"): "UNDER_REVIEW",
            id_of("bea"): "ACCEPTED",
            id_of("cyd"): "UNDER_REVIEW",
        }
        assert (await desk.look(new))["reviews"] == [
            {"decision": "HOLD", "note": None, "decidedBy": None, "appeal": None}
        ]
        await desk.decide(there, "ACCEPT")
        worse = {"campaign_id": tour["id"], "scores": [{"entry_id": there, "value": 0}]}
        assert (await service.rest("PUT", "/scores", worse)).json()["accepted"] == 1
        await service.resources.reviews.hold_all_low(tour["id"])
        assert (await desk.look(there))["state"] == "ACCEPTED"
        off = await desk.ask(THRESHOLD, {"input": {"campaignId": tour["id"], "belowScore": None}})
        assert off["campaign"] == {"reviewThreshold": None}
        bad = await desk.ask(THRESHOLD, {"input": {"campaignId": tour["id"], "belowScore": 1.5}})
        assert bad["issues"] == [{"code": "OUT_OF_RANGE"}]


@pytest.mark.parametrize("confirmed", ["in time", "too late", "never"])
async def test_an_accepted_entry_still_needs_the_phone_that_the_campaign_asks_for(
    database: Any, confirmed: str
) -> None:
    async with entries_service(database) as service:
        tour, desk = campaign(phone_required=True), Desk(service)
        await publish(service, tour)
        entry_id = await entered(service, tour)
        await desk.decide(entry_id, "HOLD")
        in_time = datetime.now(UTC)
        await publish(service, {**tour, "version": 2, "state": "CLOSED"})
        if confirmed != "never":
            at = in_time if confirmed == "in time" else datetime.now(UTC)
            await tell(service, fan("ann", phone_verified=True, phone_verified_at=at))
        decided = await desk.decide(entry_id, "ACCEPT")
        assert decided["entry"]["state"] == ("ACCEPTED" if confirmed == "in time" else "INVALIDATED")


async def test_only_a_new_decision_leads_back_from_a_rejection(database: Any) -> None:
    async with entries_service(database) as service:
        tour, desk = campaign(), Desk(service)
        await publish(service, tour)
        entry_id = await entered(service, tour)
        await desk.decide(entry_id, "REJECT")
        pool = service.resources.database.pool
        for change in (
            "state = 'ACCEPTED'",
            "state = 'UNDER_REVIEW'",
            "state = 'WITHDRAWN', review_id = 'rev_new'",
        ):
            with pytest.raises(asyncpg.CheckViolationError):
                await pool.execute(f"UPDATE entry SET {change} WHERE id = $1", entry_id)
        assert (await submit(service, "ann", wishes(tour)))["__typename"] == "AlreadyEntered"


async def test_a_frozen_roster_is_not_held_back(database: Any) -> None:
    async with entries_service(database) as service:
        tour, desk, staff = campaign(), Desk(service), Staff(service)
        await publish(service, tour)
        entry_id = await entered(service, tour)
        await publish(service, {**tour, "version": 2, "state": "CLOSED"})
        await staff.commit(await staff.draft(tour))
        await desk.ask(THRESHOLD, {"input": {"campaignId": tour["id"], "belowScore": 1.0}})
        await service.resources.scores.compute()
        await service.resources.reviews.hold_all_low(tour["id"])
        assert (await desk.look(entry_id))["state"] == "ACCEPTED"


UNGUARDED = without(reviews_store.q.decide, "e.version = $2\n    RETURNING", "true\n    RETURNING")


@pytest.mark.parametrize(
    ("decide", "winners"),
    [(reviews_store.q.decide, 1), (UNGUARDED, 2)],
    ids=["as it is", "without the guard"],
)
async def test_of_two_reviewers_one_decides(
    database: Any, monkeypatch: pytest.MonkeyPatch, decide: Query, winners: int
) -> None:
    """Both have looked at the same version, and both decide at once."""
    async with entries_service(database) as service:
        tour, desk = campaign(), Desk(service)
        await publish(service, tour)
        entry_id = await entered(service, tour)
        await desk.decide(entry_id, "HOLD")
        monkeypatch.setitem(reviews_store.q.all, "decide", decide)
        async with service.resources.database.transaction() as holding:
            await holding.execute("SELECT FROM entry WHERE id = $1 FOR UPDATE", entry_id)
            asked = [w.NewDecision(entry_id, "ACCEPT", None, 2), w.NewDecision(entry_id, "REJECT", None, 2)]
            deciding = [
                asyncio.create_task(service.resources.reviews.decide(f"usr_{n}", one))
                for n, one in enumerate(asked)
            ]
            await all_wait(service, 2)
        outcomes = await asyncio.gather(*deciding, return_exceptions=True)
        assert sum(not isinstance(outcome, Exception) for outcome in outcomes) == winners


WITHDRAW_BLINDLY = without(changes_store.q.withdraw, " AND e.state IN ('PENDING_PHONE', 'ACCEPTED')")


@pytest.mark.parametrize(
    ("withdraw", "ends"),
    [(changes_store.q.withdraw, "UNDER_REVIEW"), (WITHDRAW_BLINDLY, "refused by the trigger")],
    ids=["as it is", "without the guard"],
)
async def test_a_withdrawal_does_not_end_a_review_that_began_meanwhile(
    database: Any, monkeypatch: pytest.MonkeyPatch, withdraw: Query, ends: str
) -> None:
    """The fan's withdrawal has read an accepted entry; the decision to hold it comes between reading and writing."""
    async with entries_service(database) as service:
        tour = campaign()
        await publish(service, tour)
        entry_id = await entered(service, tour)
        monkeypatch.setitem(changes_store.q.all, "withdraw", withdraw)
        async with service.resources.database.transaction() as holding:
            await holding.execute(
                "UPDATE entry SET state = 'UNDER_REVIEW', review_id = 'rev_1', version = 2 WHERE id = $1",
                entry_id,
            )
            leaving = asyncio.create_task(service.resources.changes.withdraw(id_of("ann"), entry_id))
            assert await waits_for_a_lock(service, leaving)
        [outcome] = await asyncio.gather(leaving, return_exceptions=True)
        assert isinstance(outcome, Exception)
        if isinstance(outcome, asyncpg.CheckViolationError):
            assert ends == "refused by the trigger"
        else:
            assert await states(service, tour) == {id_of("ann"): ends}


@pytest.mark.parametrize("first", ["appeal", "decision"])
async def test_a_decision_and_an_appeal_at_once(database: Any, first: str) -> None:
    """Whoever decides has read every appeal to what stood: one that comes first makes the decision a conflict, one that
    comes after is told that there is nothing to appeal.
    """
    async with entries_service(database) as service:
        tour, desk = campaign(), Desk(service)
        await publish(service, tour)
        entry_id = await entered(service, tour)
        await desk.decide(entry_id, "HOLD")
        reviews = service.resources.reviews

        async def appeal() -> Any:
            return await reviews.appeal(id_of("ann"), w.NewAppeal(entry_id, "It is me."))

        async def decide() -> Any:
            return await reviews.decide(id_of("reviewer"), w.NewDecision(entry_id, "ACCEPT", None, 2))

        async with service.resources.database.transaction() as holding:
            await holding.execute("SELECT FROM entry WHERE id = $1 FOR UPDATE", entry_id)
            acts = [appeal, decide] if first == "appeal" else [decide, appeal]
            running = []
            for count, act in enumerate(acts, 1):
                running.append(asyncio.create_task(act()))
                await all_wait(service, count)
        leading, following = await asyncio.gather(*running, return_exceptions=True)
        assert not isinstance(leading, Exception)
        assert getattr(following, "code", None) == ("CONFLICT" if first == "appeal" else "NOTHING_TO_APPEAL")


async def all_wait(service: ServiceUnderTest, count: int) -> None:
    """Returns when so many statements wait for a lock."""
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    while await service.resources.database.pool.fetchval(waiting) < count:
        await asyncio.sleep(0.005)
